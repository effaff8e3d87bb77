"""Activation in a real Chromium: the mailed link, the number, the code to scan as it happens.

The phone's part is played here, through the flows that its signed door calls.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from keyturn.flows import binding
from keyturn.flows.binding import Bound, Offer
from keyturn.rules import enrolment_address
from keyturn.rules.accounts import User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.enrolment_address import Content
from keyturn.rules.lockout import MINUTE
from keyturn.steps import invitations
from keyturn.steps.acts import begin
from tests.lab.looking import CHROMIUM, PHONE, Eye, Person
from tests.lab.served import Served

SHOTS = Path(os.environ.get("KEYTURN_SCREENSHOTS", "screenshots"))
NAME = "Chrome on Android (Pixel 8)"
_numbers = iter(range(1, 100))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, on loopback."""
    with Served(tmp_path_factory.mktemp("installation"), host="localhost") as running:
        yield running


@pytest.fixture(scope="module")
def seeing(served: Served) -> Iterator[Eye]:
    """One browser for all tests."""
    if not Path(CHROMIUM).exists():
        pytest.fail("failed to run: Chromium is not installed", pytrace=False)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    with sync_playwright() as driver:
        eye = Eye(driver, served.origin, SHOTS, axe)
        yield eye
        eye.close()


@pytest.fixture
def eye(seeing: Eye) -> Iterator[Eye]:
    """The same; when the test is over, nothing may have been wrong."""
    before = len(seeing.findings)
    yield seeing
    assert seeing.findings[before:] == []


def done(flow: Coroutine[Any, Any, Any]) -> Any:
    """The answer of a flow; beside this thread, in which the driver's own loop runs."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, flow).result()


class Guest:
    """Somebody who was invited, and the mail that says so."""

    def __init__(self, served: Served) -> None:
        self.served = served
        email = f"guest{next(_numbers)}@people.test"
        self.user: User = served.user(
            "Gwen Guest", email, state=UserState.INVITED, password_hash=None, password_set_at=None
        )
        self.caller = Caller(
            tenant=served.tenant, browser="", offers=(), ip="203.0.113.9", client_name=NAME
        )
        act = begin(served.house.parts, self.caller)

        def invite(tx: Any) -> Any:
            rows = tx.phones.held(self.user.tenant_id, self.user.id, act.now)
            return invitations.invite(tx, act, rows)

        assert isinstance(served.write(invite), invitations.Sent)
        self.link = served.mailed(email, "set up your phone").link("/activate/")

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


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_from_the_mailed_link_to_a_phone_with_the_page_telling_as_it_happens(
    eye: Eye, served: Served, *, script: bool
) -> None:
    guest, person = Guest(served), eye.person(script=script, size=PHONE)
    end = "" if script else "-plain"
    person.go(guest.link)
    person.see(f"activation-link{end}")
    person.press("Go on")
    person.see(f"activation-number{end}")
    person.type(number="+44 7400 123456" if script else "+44 7400 123457").press("Send the text")
    text = served.texted("+447400123456" if script else "+447400123457")
    person.type(code=text.code).press("Go on")
    expect(person.page.locator("h1")).to_contain_text("Scan this")
    person.see(f"activation-code{end}")
    code_id = guest.scans(person)
    number = number_on(person)
    assert not person.seek("Open the app on this phone").count()
    person.see(f"activation-match{end}")
    assert isinstance(guest.says(code_id, number), Bound)
    expect(person.page.locator("h1")).to_contain_text(f"{NAME} is yours here now.")
    person.see(f"activation-done{end}")
    person.go(guest.link)
    assert person.heading.startswith("Your phone was added with this link at")
    person.leave()


def test_three_wrong_numbers_are_told_at_once_and_a_new_code_is_a_button_away(
    eye: Eye, served: Served
) -> None:
    guest, person = Guest(served), eye.person()
    guest.opens(person)
    code_id = guest.scans(person)
    right = number_on(person)
    for _ in range(3):
        guest.says(code_id, "10" if right != "10" else "11")
    expect(person.page.locator("h1")).to_contain_text("Three wrong numbers were typed")
    person.see("activation-stopped")
    person.press("Show a new code")
    expect(person.page.locator("h1")).to_contain_text("Scan this")
    person.leave()


def test_a_code_that_ends_while_somebody_looks_says_so(eye: Eye, served: Served) -> None:
    guest, person = Guest(served), eye.person()
    guest.opens(person)
    served.clock.move(10 * MINUTE)
    expect(person.page.locator("h1")).to_contain_text("That code ended at")
    person.leave()


def test_who_goes_on_in_another_browser_leaves_nothing_open_in_the_first(
    eye: Eye, served: Served
) -> None:
    guest, first, second = Guest(served), eye.person(), eye.person()
    guest.opens(first)
    guest.opens(second)
    expect(first.page.locator("h1")).to_contain_text("Nothing is open in this browser.")
    expect(second.page.locator("h1")).to_contain_text("Scan this")
    first.leave()
    second.leave()
