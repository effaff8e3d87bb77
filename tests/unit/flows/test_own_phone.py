"""One's own phone, signed in: adding, replacing, removing."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import own_phone
from keyturn.flows.own_phone import (
    Bound,
    Capped,
    Frozen,
    NothingOpen,
    ProofNeeded,
    Removed,
    Shown,
    SignedOut,
)
from keyturn.rules.accounts import User
from keyturn.rules.binding import No
from keyturn.rules.enrolment import CODES
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState
from keyturn.steps import showing
from keyturn.steps.stepup import Signed
from tests.unit.flows.activations import bind, scan
from tests.unit.flows.house import Browser, House, run


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def signed(house: House, browser: Browser, ada: User) -> Signed:
    return house.signed(browser, ada)


def show(browser: Browser, signed: Signed) -> Any:
    return run(own_phone.show(browser.house.parts, browser.caller, signed))


def current(browser: Browser, signed: Signed) -> Any:
    return run(own_phone.current(browser.house.parts, browser.caller, signed))


def overview(browser: Browser, signed: Signed) -> Any:
    return run(own_phone.overview(browser.house.parts, browser.caller, signed))


def remove(browser: Browser, signed: Signed) -> Any:
    return run(own_phone.remove(browser.house.parts, browser.caller, signed))


def phones(house: House, user: User) -> list[PhoneState]:
    return [p.state for p in house.write(lambda tx: tx.phones.of_user(user.tenant_id, user.id))]


def test_a_phone_is_added_and_replaced(
    house: House, browser: Browser, ada: User, signed: Signed
) -> None:
    assert overview(browser, signed).phone is None
    assert current(browser, signed) == NothingOpen()
    first = show(browser, signed)
    assert isinstance(first, Shown)
    assert current(browser, signed) == first
    assert first.code.link == 0
    bind(house, first.code)
    assert current(browser, signed) == Bound()
    assert overview(browser, signed).phone.name == "Chrome on Android"
    assert overview(browser, signed).seen_at is None
    house.clock.move(1)
    bind(house, show(browser, signed).code)
    assert sorted(phones(house, ada)) == [PhoneState.ACTIVE, PhoneState.STALE]


def test_a_newer_code_ends_the_one_before(house: House, browser: Browser, signed: Signed) -> None:
    old = show(browser, signed).code
    assert show(browser, signed).code.id != old.id
    assert scan(house, old) is Ended.NEWER


def test_a_session_that_proved_itself_long_ago_does_so_again(
    house: House, browser: Browser, signed: Signed
) -> None:
    bind(house, show(browser, signed).code)
    house.clock.move(10 * MINUTE)
    assert isinstance(show(browser, signed), ProofNeeded)
    assert isinstance(remove(browser, signed), ProofNeeded)
    assert overview(browser, signed).phone is not None


def test_nothing_changes_while_changes_are_frozen(
    house: House, browser: Browser, ada: User, signed: Signed
) -> None:
    house.change(ada, frozen_at=1)
    assert isinstance(show(browser, signed), Frozen)
    assert isinstance(remove(browser, signed), Frozen)


def test_the_page_ends_with_its_session(house: House, browser: Browser, signed: Signed) -> None:
    show(browser, signed)
    house.write(lambda tx: tx.sessions.end(signed.user.tenant_id, signed.user.id, None))
    assert current(browser, signed) == NothingOpen()
    assert show(browser, signed) == SignedOut()


def test_an_hour_has_so_many_codes_and_the_last_one_stays(
    house: House, browser: Browser, signed: Signed
) -> None:
    for _ in range(CODES.limit):
        assert isinstance(show(browser, signed), Shown)
    last = current(browser, signed)
    assert show(browser, signed) == Capped(house.clock.now() + HOUR, numbers=False)
    assert current(browser, signed) == last


def test_a_page_that_a_reset_has_overtaken_begins_anew(
    house: House, browser: Browser, ada: User, signed: Signed
) -> None:
    old = show(browser, signed).code
    later = house.signed(browser, house.change(ada, epoch=ada.epoch + 1))
    fresh = show(browser, later)
    assert isinstance(fresh, Shown)
    assert fresh.code.flow_id != old.flow_id
    bind(house, fresh.code)


def test_a_code_that_nothing_is_made_of_shows_nothing(
    browser: Browser, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "show", lambda *_: No.USER)
    assert show(browser, signed) == SignedOut()


def test_a_phone_is_taken_away_and_its_owner_hears_of_it(
    house: House, browser: Browser, ada: User, signed: Signed
) -> None:
    bind(house, show(browser, signed).code)
    house.clock.move(1)
    bind(house, show(browser, signed).code)
    assert remove(browser, signed) == Removed()
    assert sorted(phones(house, ada)) == [PhoneState.REVOKED, PhoneState.STALE]
    assert overview(browser, signed).phone is None
    told = house.last("app_changed").values
    assert (told["what"], told["phone"]) == ("unbound", "Chrome on Android")
    assert "app.unbound" in house.events(ada)
    assert remove(browser, signed) == Removed()
    assert len(house.outbox("app_changed")) == 1
