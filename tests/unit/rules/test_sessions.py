"""Sessions: every way to end, at the very moment it is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.accounts import Session, User, UserState
from keyturn.rules.sessions import (
    CONSOLE_IDLE_MS,
    CONSOLE_MS,
    TOUCH_MS,
    USER_IDLE_MS,
    USER_MS,
    alive,
    ends_at,
    needs_touch,
)

BORN = 1_000_000
ABSOLUTE, IDLE = 1_000, 100
USER = User(
    id="ada", tenant_id="t", state=UserState.ACTIVE, name="Ada", username=None,
    email="ada@b.test", phone=None, phone_verified_at=None, password_hash=None,
    password_set_at=None, epoch=3, frozen_at=None, timezone=None, created_at=1,
)  # fmt: skip
SESSION = Session(
    digest="d", tenant_id="t", user_id="ada", client_id=None, level=1, epoch=3, ip="",
    client_name="", created_at=BORN, seen_at=BORN, expires_at=BORN + ABSOLUTE,
)  # fmt: skip


def lives(session: Session, user: User, now: int) -> bool:
    return alive(session, user, now, ABSOLUTE, IDLE)


def test_the_consoles_limits_are_the_shorter_ones() -> None:
    assert CONSOLE_MS < USER_MS
    assert TOUCH_MS < CONSOLE_IDLE_MS < USER_IDLE_MS


@pytest.mark.parametrize(("moment", "expected"), [(-1, True), (0, False), (1, False)])
def test_it_ends_when_idle(moment: int, expected: bool) -> None:
    assert lives(SESSION, USER, BORN + IDLE + moment) is expected


@pytest.mark.parametrize(("moment", "expected"), [(-1, True), (0, False), (1, False)])
def test_it_ends_at_its_absolute_end_however_busy(moment: int, expected: bool) -> None:
    busy = replace(SESSION, seen_at=BORN + ABSOLUTE - 1)
    assert lives(busy, USER, BORN + ABSOLUTE + moment) is expected


def test_a_shorter_limit_holds_for_sessions_that_were_begun_under_a_longer_one() -> None:
    long = replace(SESSION, expires_at=BORN + 10 * ABSOLUTE, seen_at=BORN + ABSOLUTE)
    assert ends_at(long, ABSOLUTE, IDLE) == BORN + ABSOLUTE


def test_its_own_end_holds_even_if_the_limit_grew() -> None:
    assert ends_at(SESSION, 10 * ABSOLUTE, 10 * ABSOLUTE) == SESSION.expires_at


@pytest.mark.parametrize("epoch", [2, 4])
def test_another_epoch_ends_it(epoch: int) -> None:
    assert not lives(SESSION, replace(USER, epoch=epoch), BORN)


@pytest.mark.parametrize("state", [state for state in UserState if state != UserState.ACTIVE])
def test_only_an_active_user_has_sessions(state: UserState) -> None:
    assert not lives(SESSION, replace(USER, state=state), BORN)


@pytest.mark.parametrize("other", [replace(USER, id="eve"), replace(USER, tenant_id="u")])
def test_it_is_nobody_elses(other: User) -> None:
    assert not lives(SESSION, other, BORN)


@pytest.mark.parametrize(("moment", "expected"), [(-1, False), (0, True), (1, True)])
def test_its_use_is_written_down_every_five_minutes(moment: int, expected: bool) -> None:
    assert needs_touch(SESSION, BORN + TOUCH_MS + moment) is expected
