"""What happened to an account, whose it is, and when its owner is reminded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.comings import (
    DAY_MS,
    Belongs,
    Happened,
    Newcomer,
    Unclear,
    belongs,
    happened,
    reminder,
)
from keyturn.rules.directories.entries import Entry

END = 100 * DAY_MS
ADA = Entry(
    id="00", name="ada", upn="ada@corp.example.test", display="Ada", mail="ada@example.test",
    phone="", unit="OU=Staff", disabled=False, must_change=False, locked_at=None,
    locked_until=None, password_set_at=5, password_expires_at=END, expires_at=None, groups=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        (None, None, ()),
        (ADA, ADA, ()),
        (None, ADA, (Happened.CAME,)),
        (ADA, None, (Happened.GONE,)),
        (ADA, replace(ADA, password_set_at=6), (Happened.PASSWORD,)),
        (ADA, replace(ADA, password_set_at=None, must_change=True), (Happened.MUST_CHANGE,)),
        (ADA, replace(ADA, locked_at=9), (Happened.LOCKED,)),
        (replace(ADA, locked_at=9), replace(ADA, locked_at=12), (Happened.LOCKED,)),
        (replace(ADA, locked_at=9), replace(ADA, locked_at=9), ()),
        (replace(ADA, locked_at=0), ADA, (Happened.UNLOCKED,)),
        (ADA, replace(ADA, disabled=True), (Happened.DISABLED,)),
        (replace(ADA, disabled=True), ADA, (Happened.ENABLED,)),
        (ADA, replace(ADA, expires_at=7), (Happened.EXPIRY,)),
        (ADA, replace(ADA, name="ada.l"), (Happened.RENAMED,)),
        (ADA, replace(ADA, mail="a@example.test", unit="OU=Old"),
         (Happened.CONTACT, Happened.MOVED)),
        (ADA, replace(ADA, groups=("CN=A",)), (Happened.GROUPS,)),
    ],
)  # fmt: skip
def test_two_looks_show_what_happened(
    before: Entry | None, after: Entry | None, seen: tuple[Happened, ...]
) -> None:
    assert happened(before, after) == seen


@pytest.mark.parametrize(
    ("left", "told", "day"),
    [
        (15, (), None), (14, (), 14), (10, (), 14), (10, (14,), None), (7, (14,), 7),
        (2, (14, 7), 3), (1, (14, 7, 3), 1), (1, (1,), None), (0, (), None), (2, (), 3),
    ],
)  # fmt: skip
def test_owners_are_reminded_once_for_each_day(
    left: int, told: tuple[int, ...], day: int | None
) -> None:
    assert reminder(ADA, told, END - left * DAY_MS) == day


@pytest.mark.parametrize(
    "entry",
    [
        replace(ADA, password_expires_at=None), replace(ADA, disabled=True),
        replace(ADA, must_change=True), replace(ADA, expires_at=END),
    ],
)  # fmt: skip
def test_nobody_is_reminded_who_could_not_use_it(entry: Entry) -> None:
    assert reminder(entry, (), END - DAY_MS) is None


def test_an_end_of_the_account_after_the_passwords_does_not_matter() -> None:
    assert reminder(replace(ADA, expires_at=END + 1), (), END - DAY_MS) == 1


@pytest.mark.parametrize(
    ("linked", "proved", "holding", "shared", "answer"),
    [
        ("u1", ["u2"], [], True, Belongs("u1")),
        (None, [], [], False, Newcomer()),
        (None, ["u1"], [], False, Belongs("u1")),
        (None, ["u1"], ["u1"], False, Unclear("taken", ("u1",))),
        (None, ["u1", "u2"], [], False, Unclear("several", ("u1", "u2"))),
        (None, ["u1"], [], True, Unclear("shared", ("u1",))),
        (None, [], [], True, Unclear("shared", ())),
    ],
)
def test_an_account_is_whose_it_surely_is(
    linked: str | None, proved: list[str], holding: list[str], answer: object, *, shared: bool
) -> None:
    assert belongs(linked, proved, holding, shared=shared) == answer


@pytest.mark.parametrize(
    ("holding", "barred", "answer"),
    [
        ([], {"u1": ""}, Belongs("u1")),
        ([], {"u1": "staff"}, Unclear("staff", ("u1",))),
        (["u1"], {"u1": "staff"}, Unclear("taken", ("u1",))),
    ],
)
def test_who_is_not_to_be_linked_by_an_address_alone_is_not(
    holding: list[str], barred: dict[str, str], answer: object
) -> None:
    assert belongs(None, ["u1"], holding, barred, shared=False) == answer
