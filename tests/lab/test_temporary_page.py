"""A temporary directory password in a real Chromium: made and sealed in the technician's browser,
shown once it works, copied without a space, and in nothing that left the page.

The agents' part is played here, with real keys (tests/unit/web/corp.py).
"""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from keyturn.rules.accounts import Role
from keyturn.rules.callers import Caller
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import Method
from keyturn.steps import casework
from keyturn.steps.acts import begin
from tests.lab.looking import Eye
from tests.lab.served import PASSWORD, Served
from tests.lab.test_directory_page import leaks
from tests.unit.web.corp import Corp

MADE = re.compile(r"[A-Z][a-z]+(-[a-z]+){4,}-[0-9]")


class Counter:
    """Tom at his desk with a case of Ada's; she is proved by two."""

    def __init__(self, eye: Eye, served: Served, mark: str) -> None:
        self.served = served
        ada = served.user("Ada Byron", f"ada.{mark}@people.test", created_at=1)
        self.tom = served.user("Tom Brandt", f"tom.{mark}@people.test", role=Role.TECHNICIAN)
        secret = served.authenticator(self.tom)
        self.corp = Corp(served.write, served.house.parts, served.tenant, domain=f"{mark}.test")
        self.corp.link(ada, "ada")
        self.person = eye.person()
        self.page = self.person.page
        self.sent: list[Any] = []
        self.page.on("request", lambda request: self.sent.append(request))  # noqa: PLW0108
        self.person.sign_in(self.tom.email, PASSWORD)
        self.person.type(code=served.shown(secret)).press("Go on")
        self.page.wait_for_url("**/console/users")
        self.person.go("/console/cases")
        self.page.get_by_text("Somebody calls: open a case").click()
        self.person.type(name=ada.email).press("Open a case")
        self.page.wait_for_url("**/console/cases/KT-*")
        self.ref = self.page.url.rpartition("/")[2]
        served.clock.move(1)
        served.write(self._prove)

    def _prove(self, tx: Any) -> None:
        act = begin(self.served.house.parts, Caller(self.served.tenant, "", (), "", ""), self.tom)
        held = casework.hold(tx, act, self.ref)
        assert held is not None
        for method in (Method.PRESENCE, Method.TEXT):
            held = casework.proved(tx, act, held, method, 0, turn=held.standing.turn)

    def opens(self) -> None:
        """From the case to the page, and the agents live."""
        self.corp.beat()
        self.person.go(f"/console/cases/{self.ref}")
        row = self.page.locator("li", has_text="A temporary password in a directory")
        row.get_by_role("link").click()
        expect(self.page.locator("h1")).to_contain_text("gets a temporary password")

    def presses(self) -> None:
        """One is made, sealed and handed in."""
        with self.page.expect_response("**/submit"):
            self.person.press("Make and set it")


def test_made_sealed_set_read_out_and_gone(eye: Eye, served: Served) -> None:
    at = Counter(eye, served, "north")
    at.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at.opens()
    at.person.see("temporary-before")
    word = at.page.locator("[data-word]")
    at.presses()
    expect(at.page.get_by_text("The directory is setting it…")).to_be_visible()
    expect(word).to_be_hidden()
    job = at.corp.take()
    made = at.corp.opened(job)
    assert MADE.fullmatch(made)
    assert job.must_change
    at.corp.done(job)
    expect(word).to_have_text(made)
    at.person.see("temporary-shown")
    at.person.press("Copy")
    expect(at.page.get_by_text("Copied, without a space.")).to_be_visible()
    assert at.page.evaluate("navigator.clipboard.readText()") == made
    at.person.press("I have read it out")
    expect(word).to_be_hidden()
    assert made not in at.page.content()
    assert leaks(at, made) == []  # type: ignore[arg-type]
    at.person.press("How the job stands")
    expect(at.page.locator("h1")).to_contain_text("done")
    assert made not in at.page.content()
    at.person.leave()


def test_what_the_directory_refuses_is_never_shown(eye: Eye, served: Served) -> None:
    at = Counter(eye, served, "south")
    at.opens()
    at.presses()
    job = at.corp.take()
    made = at.corp.opened(job)
    at.corp.report(job, "not_done", "never_expires")
    expect(at.page.get_by_text("The directory did not take it.")).to_be_visible()
    assert made not in at.page.content()
    at.person.see("temporary-refused")
    served.clock.move(DAY)
    at.person.leave()
