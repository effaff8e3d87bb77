"""An owner at a real browser, the page “Health” before them, and the real doctor behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from keyturn.rules.accounts import Role
from tests.lab.looking import Eye, Person, opened, unharmed
from tests.lab.served import PASSWORD, Served

PLACE = "/console/health"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("installation")) as running:
        yield running


@pytest.fixture(scope="module")
def eye(served: Served) -> Iterator[Eye]:
    """One browser; in the end nothing on any page may have been wrong."""
    with opened(served.origin) as looking, unharmed(looking):
        yield looking


def desk(served: Served, eye: Eye, role: Role, *, script: bool = True) -> Person:
    """Somebody of the staff, in the console."""
    email = f"{role}{'' if script else '-plain'}@northwind.test"
    user = served.user(f"{role.title()} Okafor", email, role=role)
    secret = served.authenticator(user)
    person = eye.person(script=script).sign_in(email, PASSWORD)
    return person.type(code=served.shown(secret)).press("Go on")


def test_a_look_is_begun_waited_for_and_shown(served: Served, eye: Eye) -> None:
    olga = desk(served, eye, Role.OWNER)
    olga.page.get_by_role("link", name="Health").click()
    olga.see("health-first")
    assert olga.heading == "Nobody has looked at the health of this installation yet."
    olga.press("Look now")
    assert olga.heading == "The first look is under way."
    # the page opens by itself when the look is over
    expect(olga.page.get_by_role("button", name="Look again")).to_be_visible(timeout=40_000)
    olga.see("health")
    assert olga.heading.startswith(("Everything works", "Nothing is wrong"))
    assert olga.reads("SQLite")
    assert olga.reads("127.0.0.1 leads to 127.0.0.1.")
    assert olga.page.get_by_role("button", name="Copy").count() >= 1
    olga.leave()


def test_without_a_script_the_page_is_opened_again(served: Served, eye: Eye) -> None:
    plain = desk(served, eye, Role.MANAGER, script=False)
    served.clock.move(20_000)
    plain.go(PLACE).press("Look")
    for _ in range(200):
        if plain.page.get_by_role("button", name="Look again").count():
            break
        plain.page.wait_for_timeout(200)
        plain.press("Show what is there")
    assert plain.reads("Last look")
    plain.leave()


def test_a_technician_has_no_such_tab(served: Served, eye: Eye) -> None:
    person = desk(served, eye, Role.TECHNICIAN)
    assert not person.page.get_by_role("link", name="Health").count()
    person.leave()
