"""Somebody who was invited to set up a phone, and the desk at which they do it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from playwright.sync_api import expect

from keyturn.flows import binding
from keyturn.flows.binding import Offer
from keyturn.rules import enrolment_address
from keyturn.rules.accounts import User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.enrolment_address import Content
from keyturn.steps import invitations
from keyturn.steps.acts import begin
from tests.lab.looking import Person
from tests.lab.served import Served

NAME = "Chrome on Android (Pixel 8)"
_numbers = count(1)


def done(flow: Coroutine[Any, Any, Any]) -> Any:
    """The answer of a flow; beside this thread, in which the driver's own loop runs."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, flow).result()


class Guest:
    """Somebody who was invited, and the mail that says so.

    Args:
        known: they have signed in before, with PASSWORD.
    """

    def __init__(self, served: Served, *, known: bool = False) -> None:
        self.served = served
        email = f"guest{next(_numbers)}@people.test"
        fields: dict[str, Any] = {"state": UserState.INVITED, "password_hash": None}
        new = {} if known else {**fields, "password_set_at": None}
        self.user: User = served.user("Gwen Guest", email, **new)
        self.caller = Caller(
            tenant=served.tenant, browser="", offers=(), ip="203.0.113.9", client_name=NAME
        )
        self.link = self.invited()

    def invited(self, mails: int = 0) -> str:
        """The link of a new mail. `mails`: how many with a link came before."""
        act = begin(self.served.house.parts, self.caller)

        def invite(tx: Any) -> Any:
            rows = tx.phones.held(self.user.tenant_id, self.user.id, act.now)
            return invitations.invite(tx, act, rows)

        assert isinstance(self.served.write(invite), invitations.Sent)
        mail = self.served.mailed(self.user.email or "", "set up your phone", after=mails)
        return mail.link("/activate/")

    def opens(self, person: Person) -> Person:
        """Follow the link as far as the number, which is left out."""
        person.go(self.link).press("Go on")
        return person.press("Go on without a number")

    def scans(self, person: Person) -> str:
        """A phone reads what the page shows; the code's id."""
        address = person.seek("Open the app on this phone").get_attribute("href") or ""
        content = enrolment_address.read(address.partition("#")[2])
        assert isinstance(content, Content)
        parts, code_id = self.served.house.parts, content.code_id.lower()
        offer = done(binding.scan(parts, self.caller, "a key", code_id, content.secret))
        assert isinstance(offer, Offer)
        return code_id

    def says(self, code_id: str, number: str) -> Any:
        """The phone's owner types a number there."""
        parts = self.served.house.parts
        return done(binding.number(parts, self.caller, "a key", code_id, number, NAME))


def number_on(person: Person) -> str:
    """The two digits on the page."""
    expect(person.page.locator("h1")).to_contain_text("on your phone")
    found = re.search(r"\d\d", person.heading)
    assert found
    return found[0]
