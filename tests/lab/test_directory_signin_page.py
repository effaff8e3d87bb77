"""Signing in with a directory password in a real Chromium: sealed in the page, answered there, and
never sent in clear. The agent's part is played here, with real keys (tests/unit/web/corp.py).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, Request, expect

from keyturn.ports.store import Tx
from tests.lab.looking import PHONE, Eye
from tests.lab.served import Served, eventually
from tests.lab.test_directory_page import clues
from tests.unit.web.corp import DOMAIN, Corp

WORK = "Amber-Kettle-19 läuft!"
EMAIL = "ada@people.test"


@pytest.fixture(scope="module")
def corp(served: Served) -> Corp:
    """A directory whose passwords sign people in, and Ada's account there."""
    corp = Corp(served.write, served.house.parts, served.tenant)
    corp.link(served.user("Ada Byron", EMAIL), "ada")
    tenant_id = served.tenant.id

    def step(tx: Tx) -> None:
        tenant = next(one for one in tx.tenants.all() if one.id == tenant_id)
        policy = replace(tenant.policy, directory_signin=(corp.directory.id,))
        tx.tenants.update(replace(tenant, policy=policy))

    served.write(step)
    return corp


@pytest.fixture
def page(eye: Eye, corp: Corp) -> Page:
    """The page, open."""
    corp.beat()
    person = eye.person(size=PHONE)
    person.go("/signin/directory")
    return person.page


def gives(page: Page, corp: Corp, bind: str, reason: str = "", name: str = "CORP\\Ada") -> None:
    """Type name and password; the agent tries it."""
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password at work").fill(WORK)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Asking your company’s directory.")).to_be_visible()

    def tried() -> bool | None:
        corp.beat()
        try:
            return corp.tried(bind, reason) == WORK
        except IndexError:  # not handed in yet
            return None

    assert eventually(tried)


def test_a_right_password_signs_in_and_is_never_sent_in_clear(page: Page, corp: Corp) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  as in test_directory_page
    gives(page, corp, "right")
    page.wait_for_url("**/account")
    bodies = [(each.url.encode(), each.post_data_buffer or b"") for each in sent]
    assert any(b"envelopes" in body for _, body in bodies)
    for name, clue in clues(WORK).items():
        assert not any(clue in url or clue in body for url, body in bodies), name


REST: list[tuple[str, str, str]] = [
    ("wrong", "wrong", "do not match an account"),
    ("right", "must_change", "wants a new one first"),
    ("right", "hours", "at certain hours only"),
    ("", "unreachable", "did not answer in time"),
]


@pytest.mark.parametrize(("bind", "reason", "words"), REST)
def test_everything_else_is_told_on_the_page(
    page: Page, corp: Corp, bind: str, reason: str, words: str
) -> None:
    gives(page, corp, bind, reason)
    expect(page.get_by_text(words)).to_be_visible()
    tried = reason != "unreachable"
    expect(page.get_by_label("Password at work")).to_have_value("" if tried else WORK)
    expect(page.get_by_label("User name")).to_have_value("CORP\\Ada")


def test_nothing_is_asked_without_name_and_password(page: Page) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Type name and password.")).to_be_visible()


def test_another_identity_than_last_time_is_refused(page: Page, corp: Corp) -> None:
    gives(page, corp, "wrong", "wrong")
    expect(page.get_by_text("do not match an account")).to_be_visible()
    page.evaluate("for (const key in localStorage) localStorage.setItem(key, 'A'.repeat(43))")
    page.get_by_label("Password at work").fill(WORK)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("this is not the directory that this browser knows")).to_be_visible()
    expect(page.get_by_text(f"The key of {DOMAIN}")).to_be_visible()


@pytest.mark.usefixtures("corp")
def test_without_script_the_page_says_what_it_needs(eye: Eye) -> None:
    person = eye.person(script=False, size=PHONE)
    person.go("/signin/directory")
    assert person.reads("This page needs JavaScript")
    expect(person.page.get_by_label("Password at work")).to_be_hidden()
