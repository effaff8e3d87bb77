"""Tries of directory passwords to play with: handed in, asked for, answered."""

from __future__ import annotations

from typing import Any

from keyturn.flows import guessing
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.budget import Streak
from keyturn.rules.directories.signins.tries import Try
from keyturn.rules.directories.things import LinkedAccount
from keyturn.steps import guesses
from keyturn.steps.acts import Act, begin
from keyturn.wire.messages import AskTry, Denied, Guessed, Permitted, Taken
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.house import run

WINDOW_MS, NEEDS_MS = 30 * 60_000, 11_000


def sealed_to(machine: Machine) -> Envelope:
    """Of the right size; nobody opens it here."""
    return Envelope(machine.id, bytes(32), bytes(272))


class Guessers:
    """Whoever tries passwords at a directory, and the agent that has them."""

    def __init__(self, agency: Agency) -> None:
        self.agency, self.house = agency, agency.house
        self.agent = agency.first()
        self.browser = self.house.browser(tenant=agency.tenant)

    def act(self) -> Act:
        """Somebody's, now."""
        return begin(self.agency.parts, self.browser.caller)

    def account(self, name: str = "ada") -> LinkedAccount:
        """Somebody's directory account."""
        now = self.house.clock.now()
        guid = f"{self.house.random.id(now).lower():0>32}"
        there = self.agency.directory
        linked = LinkedAccount(
            there.tenant_id, there.id, self.house.random.id(now), guid, name, "", now
        )
        self.house.write(lambda tx: tx.directories.link(linked))
        return linked

    def begun(self) -> Try:
        """A page has asked what to seal to."""
        act = self.act()
        return self.house.write(lambda tx: guesses.begin(tx, act, self.agency.directory.id))

    def submit(
        self, one: Try, account: LinkedAccount | None, name: str = "ada",
        envelopes: tuple[Envelope, ...] | None = None,
    ) -> str:  # fmt: skip
        """Hand it in."""
        act = self.act()
        sealed = (sealed_to(self.agent),) if envelopes is None else envelopes

        def step(tx: Any) -> str:
            held = tx.signins.lock(one.tenant_id, one.id)
            return guesses.submit(tx, act, held, account, name, sealed)

        return self.house.write(step)

    def queued(self, account: LinkedAccount | None, name: str = "ada") -> Try:
        """One that waits for an agent."""
        one = self.begun()
        assert self.submit(one, account, name) == ""
        return self.again(one)

    def again(self, one: Try) -> Try:
        """As it is stored."""
        found = self.house.write(lambda tx: tx.signins.get(one.tenant_id, one.id))
        assert found is not None
        return found

    def streak(self, one: Try) -> Streak:
        """That of its lane."""
        lane = self.again(one).lane
        return self.house.write(lambda tx: tx.signins.streak(one.tenant_id, one.directory_id, lane))

    async def asks(
        self, one: Try, agent: Machine | None = None, lane: str = "work", **fields: Any
    ) -> Permitted | Denied:
        """The agent asks for leave; its directory locks after five."""
        who = agent or self.agent
        plain = {"try_id": one.id, "run_id": who.run_id, "threshold": 5, "window_ms": WINDOW_MS,
                 "readable": True, "needs_ms": NEEDS_MS}  # fmt: skip
        return await guessing.permit(
            self.agency.parts, who.said(lane), AskTry(**{**plain, **fields})
        )

    async def says(
        self, one: Try, bind: str, reason: str = "", agent: Machine | None = None,
        lane: str = "work",
    ) -> Taken | Denied:  # fmt: skip
        """The agent says what came of it."""
        who = agent or self.agent
        said = Guessed(one.id, who.run_id, bind, reason)
        return await guessing.guessed(self.agency.parts, who.said(lane), said)

    def asked(self, one: Try, agent: Machine | None = None, **fields: Any) -> Permitted | Denied:
        """`asks`, waited for."""
        return run(self.asks(one, agent, **fields))

    def said(
        self, one: Try, bind: str, reason: str = "", agent: Machine | None = None
    ) -> Taken | Denied:
        """`says`, waited for."""
        return run(self.says(one, bind, reason, agent))
