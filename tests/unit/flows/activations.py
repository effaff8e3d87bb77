"""People who were sent an activation link, and phones that scan what their pages show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.flows import activating
from keyturn.flows.activating import Scan
from keyturn.ports.store import Tx
from keyturn.rules import binding, enrolment, phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import ScanCode
from keyturn.steps import invitations
from keyturn.steps.acts import begin
from keyturn.steps.showing import Shown
from tests.unit.flows.house import Browser, House, Letter, run

KEY = "the key that the app has made"
#: more digits than a number has: never the right one
WRONG = "000"


def invited(house: House, **fields: Any) -> User:
    """Somebody who was invited and has not come yet."""
    return house.user(**{"password": None, "state": UserState.INVITED, **fields})


def rows_of(tx: Tx, user: User, now: int) -> Rows:
    """All that hangs on a user, held."""
    rows = tx.phones.held(user.tenant_id, user.id, now)
    assert rows is not None
    return rows


def newest(house: House, user: User, kind: str) -> Letter:
    """The newest message of this kind to a user; other tests may use the same database."""
    return [one for one in house.outbox(kind) if one.message.user_id == user.id][-1]


def link_for(house: House, user: User) -> str:
    """Mail a link; its token."""
    act = begin(house.parts, house.browser().caller)
    answer = house.write(lambda tx: invitations.invite(tx, act, rows_of(tx, user, act.now)))
    assert isinstance(answer, invitations.Sent), answer
    return newest(house, user, "activation").token


def reset(house: House, user: User) -> str:
    """Reset User; the new link's token."""
    act = begin(house.parts, house.browser().caller)
    answer = house.write(lambda tx: invitations.reset(tx, act, rows_of(tx, user, act.now)))
    assert isinstance(answer, invitations.Sent), answer
    return newest(house, user, "activation_reset").token


def look(browser: Browser, token: str) -> Any:
    return run(activating.look(browser.house.parts, browser.caller, token))


def go_on(browser: Browser, token: str) -> Any:
    return run(activating.go_on(browser.house.parts, browser.caller, token))


def current(browser: Browser) -> Any:
    return run(activating.current(browser.house.parts, browser.caller))


def shown(browser: Browser) -> Shown:
    """The code on the page."""
    state = current(browser)
    assert isinstance(state, Scan), state
    assert state.shown is not None
    return state.shown


def _change(house: House, code: ScanCode, fn: Any) -> Any:
    def step(tx: Tx) -> Any:
        now = house.clock.now()
        before = tx.phones.held(code.tenant_id, code.user_id, now)
        found = tx.phones.code(code.tenant_id, code.id)
        assert before is not None
        assert found is not None
        if all(one.id != code.id for one in before.codes):  # over already
            before = replace(before, codes=(*before.codes, found))
        after, why = fn(before, now)
        tx.phones.save(before, after)
        return why

    return house.write(step)


def scan(house: House, code: ScanCode, key: str = KEY) -> Any:
    """A phone scans it; why it was refused, or None."""

    def fn(rows: Rows, now: int) -> Any:
        found = next(one for one in rows.codes if one.id == code.id)
        after, why = enrolment.scan(found, key, now)
        codes = tuple(after if one.id == code.id else one for one in rows.codes)
        return replace(rows, codes=codes), why

    return _change(house, code, fn)


def say(house: House, code: ScanCode, number: str, key: str = KEY) -> Any:
    """The phone says a number; why nothing was bound, or None."""
    phone_id = house.random.id(house.clock.now())

    def fn(rows: Rows, now: int) -> Any:
        phone = phone_app.bound(
            phone_id, code.tenant_id, code.user_id, key, "Chrome on Android", now
        )
        return binding.bind(rows, code.id, number, phone, now)

    return _change(house, code, fn)


def bind(house: House, code: ScanCode) -> None:
    """A phone scans it and says the right number."""
    assert scan(house, code) is None
    assert say(house, code, code.number) is None


def spoil(house: House, code: ScanCode) -> None:
    """A phone scans it and says wrong numbers until the code is over."""
    scan(house, code)
    for _ in range(3):
        say(house, code, WRONG)
