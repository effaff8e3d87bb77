"""What a report makes of the accounts that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from keyturn.rules.directories.comings import DAY_MS, Happened
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.known import (
    LATEST,
    MOMENTS,
    Known,
    Owing,
    Turn,
    sound_page,
    turned,
)

ADA = Entry(
    id="0a", name="ada", upn="", display="", mail="", phone="", unit="", disabled=False,
    must_change=False, locked_at=None, locked_until=None, password_set_at=5,
    password_expires_at=None, expires_at=None, groups=(),
)  # fmt: skip
BEN = replace(ADA, id="0b", name="ben")


def test_who_comes_is_kept_with_the_moment_and_in_order() -> None:
    came = (Happened.CAME,)
    assert turned((), (BEN, ADA), (), 7) == (Turn(Known(ADA, 7), came), Turn(Known(BEN, 7), came))


def test_what_came_again_is_kept_and_nothing_has_happened() -> None:
    assert turned((Known(ADA, 3),), (ADA,), (), 7) == (Turn(Known(ADA, 7), ()),)


def test_what_is_another_now_says_what_happened() -> None:
    locked = replace(ADA, locked_at=6, locked_until=9)
    assert turned((Known(ADA, 3),), (locked,), (), 7) == (
        Turn(Known(locked, 7), (Happened.LOCKED,)),
    )


def test_who_is_gone_stays_as_last_seen() -> None:
    (turn,) = turned((Known(ADA, 3),), (), {"0a"}, 7)
    assert turn == Turn(Known(ADA, 3, 7), (Happened.GONE,))


def test_who_was_gone_or_never_there_is_no_news() -> None:
    assert turned((Known(ADA, 3, 4),), (), {"0a", "0c"}, 7) == ()
    assert turned((Known(ADA, 3),), (), {"0c"}, 7) == ()


def test_who_comes_back_has_come_however_they_were_before() -> None:
    assert turned((Known(ADA, 3, 4),), (ADA,), (), 7) == (Turn(Known(ADA, 7), (Happened.CAME,)),)


def test_who_is_told_to_be_there_and_gone_is_there() -> None:
    assert turned((Known(ADA, 3),), (ADA,), {"0a"}, 7) == (Turn(Known(ADA, 7), ()),)


def test_who_was_reminded_of_this_very_end_stays_so() -> None:
    ends = replace(ADA, password_expires_at=10**12)
    told = Known(ends, 3, None, (14, 7))
    (turn,) = turned((told,), (ends,), (), 7)
    assert turn.known.told == (14, 7)
    (turn,) = turned((told,), (replace(ends, password_expires_at=10**12 + 1),), (), 7)
    assert turn.known.told == ()
    (turn,) = turned((replace(told, gone_at=4),), (ends,), (), 7)
    assert turn.known.told == ()


@pytest.mark.parametrize(
    ("after", "owing"),
    [
        (ADA, Owing.NOTHING),
        (replace(ADA, locked_at=6, locked_until=9, password_set_at=8), Owing.NOTHING),
        (replace(ADA, disabled=True), Owing.DUE),
        (replace(ADA, mail="a@x.test"), Owing.DUE),
        (replace(ADA, display="Ada"), Owing.DUE),
    ],
)
def test_what_matters_to_whose_it_is_is_settled_anew(after: Entry, owing: Owing) -> None:
    before = Known(ADA, 3, owing=Owing.NOTHING, unclear="left")
    (turn,) = turned((before,), (after,), (), 7)
    assert (turn.known.owing, turn.known.unclear) == (owing, "left")


@pytest.mark.parametrize("owing", [Owing.NOTHING, Owing.HELD, Owing.DECIDED])
def test_who_goes_or_comes_back_is_settled_anew(owing: Owing) -> None:
    (gone,) = turned((Known(ADA, 3, owing=owing),), (), {"0a"}, 7)
    assert gone.known.owing is Owing.DUE
    (back,) = turned((Known(ADA, 3, 4, owing=owing),), (ADA,), (), 7)
    assert (back.known.owing, back.known.gone_at) == (Owing.DUE, None)


def test_nobody_is_reminded_of_an_account_that_is_gone() -> None:
    ends = replace(ADA, password_expires_at=10**12)
    assert Known(ends, 3).remind_at == 10**12 - 14 * DAY_MS
    assert Known(ends, 3, 4).remind_at is None


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(
    ("told", "kept"),
    [(None, None), (0, 0), (-5, 0), (LATEST, LATEST), (LATEST + 1, LATEST), (2**63 - 1, LATEST)],
)
def test_moments_that_nobody_can_show_are_kept_as_the_nearest_that_can(
    name: str, told: int | None, kept: int | None
) -> None:
    entry: dict[str, Any] = {name: told}
    (turn,) = turned((), (replace(ADA, **entry),), (), 7)
    assert getattr(turn.known.entry, name) == kept
    assert datetime.fromtimestamp(LATEST / 1000, UTC).year == 9999


@pytest.mark.parametrize(
    ("after", "upto", "ids", "sound"),
    [
        ("", None, (), True),
        ("", "0c", ("0a", "0b"), True),
        ("", "0b", ("0a", "0b"), True),
        ("0a", None, ("0b",), True),
        ("0a", None, ("0a",), False),  # told already
        ("", "0a", ("0a", "0b"), False),  # beyond what the page speaks of
        ("", None, ("0b", "0a"), False),
        ("", None, ("0a", "0a"), False),
        ("", None, ("0A",), False),
        ("", None, ("0g",), False),
        ("", None, ("a",), False),
        ("", None, ("abc",), False),
        ("", None, ("a" * 136,), True),
        ("", None, ("a" * 137,), False),
        ("", "", (), False),
        ("", "x\0", (), False),
        ("", None, ("0a", "0b", "0c", "0d"), False),
    ],
)
def test_a_page_is_sound_if_its_ids_can_be_one(
    after: str, upto: str | None, ids: tuple[str, ...], sound: bool
) -> None:
    assert sound_page(after, upto, ids, 3) is sound
