"""The house that flows are tried in works itself."""

from __future__ import annotations

from keyturn.flows.signin import SignedIn, Wrong
from tests.unit.flows.house import Browser, House


def test_a_user_signs_in_and_the_browser_is_known_afterwards(
    house: House, browser: Browser
) -> None:
    house.user()
    assert isinstance(browser.sign_in(), SignedIn)
    assert browser.session
    assert len(browser.clients) == 1


def test_a_wrong_password_is_answered_neutrally(house: House, browser: Browser) -> None:
    house.user()
    assert browser.fail(1) == Wrong()
