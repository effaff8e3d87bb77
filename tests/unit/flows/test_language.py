"""The language in which somebody is written to."""

from __future__ import annotations

from keyturn.flows import language
from keyturn.rules.accounts import User
from tests.unit.flows.house import Browser, House, run


def test_a_choice_is_stored_for_whoever_made_it_and_nobody_else(
    house: House, browser: Browser
) -> None:
    ada, bob = house.user(), house.user(email="bob@example.com")
    run(language.choose(house.parts, browser.caller, house.signed(browser, ada), "de"))
    assert stored(house, ada) == "de"
    assert stored(house, bob) == ""


def stored(house: House, user: User) -> str | None:
    """The language that the store has for somebody."""
    found = house.write(lambda tx: tx.users.get(user.tenant_id, user.id))
    return found.language if found else None
