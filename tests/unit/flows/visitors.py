r"""Browsers that sign in with a directory password, and the agent that tries it.

visitors = Visitors(house)
ada = visitors.person()                           linked as CORP\ada
attempt = visitors.tried(browser, EMAIL, "right") handed in, tried, said; not shown yet
visitors.answer(browser, attempt)                 two seconds later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keyturn.flows import directory_signin as flow
from keyturn.flows.directory_signin import Answer, Asked, Begun
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.rules.directories.signins.tries import Try
from keyturn.rules.directories.things import Directory, LinkedAccount
from tests.unit.flows.agency import Agency
from tests.unit.flows.guessers import Guessers, sealed_to
from tests.unit.flows.house import EMAIL, Browser, House, run


class Visitors:
    """See the module. The directory's passwords sign people in."""

    def __init__(self, house: House, name: str = "corp.example.test") -> None:
        self.house = house
        self.agency = Agency(house, name)
        self.guessers = Guessers(self.agency)
        self.switch(self.agency.directory.id)

    @property
    def directory(self) -> Directory:
        """As stored."""
        return self.agency.again()

    def switch(self, *directories: str) -> None:
        """Which directories sign people in; the house's own tenant stays as servers read it."""

        def step(tx: Tx) -> None:
            tenant = tx.tenants.get(self.house.tenant.id)
            assert tenant is not None
            policy = replace(tenant.policy, directory_signin=directories)
            tx.tenants.update(replace(tenant, policy=policy))

        self.house.write(step)

    def person(self, email: str = EMAIL, name: str = "ada", upn: str = "", **fields: Any) -> User:
        """Somebody with an account here and there."""
        user = self.house.user(email, **fields)
        self.link(user, name, upn)
        return user

    def link(self, user: User, name: str = "ada", upn: str = "") -> LinkedAccount:
        """Their account there."""
        there = self.directory
        account = LinkedAccount(
            there.tenant_id, there.id, user.id, f"{user.id.lower():0>32}", name, upn,
            self.house.clock.now(),
        )  # fmt: skip
        self.house.write(lambda tx: tx.directories.link(account))
        return account

    def begun(self, browser: Browser) -> str:
        """The page knows what to seal to; the attempt's id."""
        found = run(flow.begin(self.house.parts, browser.caller, self.agency.directory.id))
        assert isinstance(found, Begun), found
        return found.try_id

    def submit(
        self, browser: Browser, attempt: str, typed: str,
        envelopes: Sequence[Envelope] | None = None,
    ) -> object:  # fmt: skip
        """Hand it in."""
        sealed = (sealed_to(self.guessers.agent),) if envelopes is None else envelopes
        return run(flow.submit(self.house.parts, browser.caller, attempt, typed, sealed))

    def asked(self, browser: Browser, typed: str) -> str:
        """Begun and handed in."""
        attempt = self.begun(browser)
        assert self.submit(browser, attempt, typed) == Asked()
        return attempt

    def stored(self, attempt: str) -> Try:
        """As it is stored."""
        found = self.house.write(lambda tx: tx.signins.get(self.house.tenant.id, attempt))
        assert found is not None
        return found

    def tried(self, browser: Browser, typed: str, bind: str, reason: str = "") -> str:
        """Begun, handed in, tried, and said."""
        attempt = self.asked(browser, typed)
        one = self.stored(attempt)
        self.guessers.asked(one)
        self.guessers.said(one, bind, reason)
        return attempt

    def now(self, browser: Browser, attempt: str) -> Answer:
        """What is told at this moment."""
        return browser.keep(run(flow.answer(self.house.parts, browser.caller, attempt)))

    def answer(self, browser: Browser, attempt: str) -> Answer:
        """What is told two seconds later."""
        self.house.clock.move(STEP_MS)
        self.agency.beat(self.guessers.agent)
        return self.now(browser, attempt)

    def signs_in(
        self, browser: Browser, typed: str = EMAIL, bind: str = "right", reason: str = ""
    ) -> Answer:
        """All of it."""
        return self.answer(browser, self.tried(browser, typed, bind, reason))
