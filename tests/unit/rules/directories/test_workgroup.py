"""What a machine without a domain answers, and what it means."""

from __future__ import annotations

import pytest

from keyturn.rules.directories import protected as accounts
from keyturn.rules.directories.answers import BIND_REASONS, REASONS, Refusal
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Bind, Stamp, Verdict, follows, settle, settle_flag
from keyturn.rules.directories.protected import protected
from keyturn.rules.directories.workgroup import (
    _REFUSED,
    _TRIED,
    LIMITS,
    NEVER,
    NORMAL,
    binds,
    flag_stamp,
    judged,
    lasting,
    micros,
    millis,
    refusal,
    set_stamp,
    standing,
    tried,
)

SID = "S-1-5-21-1-2-3-1001"
POLICY = Policy("domain", 10, True, 5, False, 0, 0, 5, 600_000, 600_000)


@pytest.mark.parametrize(
    ("status", "bind", "reason"),
    [
        (0xC0000064, Bind.WRONG, "no_such_user"),
        (0xC000006A, Bind.WRONG, "wrong"),
        (0xC000006D, Bind.WRONG, "wrong"),
        (0xC000006F, Bind.RIGHT, "hours"),
        (0xC0000070, Bind.RIGHT, "workstation"),
        (0xC0000071, Bind.RIGHT, "password_expired"),
        (0xC0000072, Bind.RIGHT, "disabled"),
        (0xC000015B, Bind.RIGHT, "logon_type"),
        (0xC0000193, Bind.RIGHT, "account_expired"),
        (0xC0000224, Bind.RIGHT, "must_change"),
        (0xC0000234, Bind.SILENT, "locked"),
        (0xC000006E, Bind.SILENT, "unsaid"),  # restriction: a blank password, say
        (0xC0000022, Bind.SILENT, "unsaid"),
        (0, Bind.SILENT, "unsaid"),  # success is not for this function to call
    ],
)
def test_a_refused_logon_says_what_it_says(status: int, bind: Bind, reason: str) -> None:
    found = tried(status)
    assert (found.bind, found.reason) == (bind, reason)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0xC0000022, "no_right"),
        (0xC000006C, "policy"),
        (0xC000006A, "malformed"),
        (0xC0000064, "gone"),
        (0xC0000080, "busy"),
        (0xC0000001, "unwilling"),
    ],
)
def test_a_refused_change_has_a_reason_and_its_number(status: int, reason: str) -> None:
    assert refusal(status) == Refusal(reason, {}, f"NTSTATUS 0x{status:08X}")


def test_every_word_is_one_that_is_known() -> None:
    assert {one.reason for one in _TRIED.values()} <= BIND_REASONS.keys()
    assert {*_REFUSED.values(), "unwilling"} <= REASONS.keys()
    assert all(text.endswith(".") for text in LIMITS.values())


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("Quiet-River-1", None),
        ("aB1-x", Refusal("too_short", {"minimum": 10})),
        ("quietriverquiet", Refusal("too_simple")),
        ("Quiet-Alice-River-1", Refusal("too_simple")),
        ("Q1-" + "x" * 254, Refusal("malformed")),
        ("Quiet\0River-1", Refusal("malformed")),
        ("", Refusal("malformed")),
    ],
)
def test_what_the_machine_would_not_hold_it_to_is_held_here(
    password: str, refused: Refusal | None
) -> None:
    assert judged(POLICY, password, "alice", "") == refused


def test_times() -> None:
    assert millis(134398290631173410) == 1795355463117
    assert micros(134398290631173410) == 1795355463117341
    assert [millis(0), millis(NEVER), millis(-1), micros(0)] == [None] * 4
    assert [lasting(-6_000_000_000), lasting(0), lasting(-NEVER), lasting(-NEVER - 1)] == [
        600_000, 0, 0, 0,
    ]  # fmt: skip


# --- stamps


def test_the_stamp_is_the_moment_of_the_last_set() -> None:
    assert set_stamp(134398290631173410) == Stamp(1795355463117341, "", 1795355463117, 0)
    assert set_stamp(0) == Stamp(0, "", 0, 0)


T0, T1, FORGOTTEN = Stamp(1_000, "", 1, 0), Stamp(2_000, "", 2, 0), Stamp(0, "", 0, 0)


@pytest.mark.parametrize(
    ("before", "now", "bind", "answer"),
    [
        (T0, T0, None, Verdict.NOT_DONE),
        (T0, T1, None, Verdict.TRY),
        (FORGOTTEN, T0, Bind.RIGHT, Verdict.DONE),  # it had to be changed, and was set
        (T0, FORGOTTEN, None, Verdict.TRY),  # set so that it must be changed
        (T0, FORGOTTEN, Bind.RIGHT, Verdict.DONE),
        (T0, FORGOTTEN, Bind.WRONG, Verdict.CHANGED),
        (FORGOTTEN, FORGOTTEN, None, Verdict.TRY),
        (FORGOTTEN, FORGOTTEN, Bind.RIGHT, Verdict.DONE),
        (FORGOTTEN, FORGOTTEN, Bind.WRONG, Verdict.NOT_DONE),
        (FORGOTTEN, FORGOTTEN, Bind.SILENT, None),
        (T1, T0, Bind.RIGHT, Verdict.CHANGED),  # its clock stepped back
    ],
)
def test_where_the_moment_is_forgotten_the_password_alone_decides(
    before: Stamp, now: Stamp, bind: Bind | None, answer: Verdict | None
) -> None:
    assert settle(before, now, "", bind) is answer


def test_a_stamp_that_names_where_it_began_is_never_taken_for_a_moment() -> None:
    assert not follows(T0, Stamp(0, "aa", 0, 0), "")
    assert settle(FORGOTTEN, FORGOTTEN, "aa", None) is Verdict.NOT_DONE


@pytest.mark.parametrize(
    ("before", "now", "answer"),
    [
        (False, True, Verdict.DONE),
        (True, True, Verdict.ALREADY),
        (False, False, Verdict.NOT_DONE),
        (True, False, Verdict.CHANGED),
    ],
)
def test_a_flag_is_its_own_stamp(before: bool, now: bool, answer: Verdict) -> None:
    assert settle_flag(flag_stamp(before), flag_stamp(now), "", still=now) is answer


# --- who is protected


@pytest.mark.parametrize(
    ("sid", "flags", "groups", "own", "why"),
    [
        (SID, NORMAL, frozenset({"S-1-5-32-545"}), False, ""),
        (SID, NORMAL, frozenset({"S-1-5-32-544"}), False, "administrators"),
        (SID, NORMAL, frozenset({"S-1-5-32-551"}), False, "backup_operators"),
        (SID, NORMAL, None, False, "unreadable"),
        (SID, NORMAL, frozenset(), True, "service"),
        (SID, 0x80, frozenset(), False, "computer"),
        (SID, 0x100, frozenset(), False, "computer"),
        (SID, 0x40, frozenset(), False, "trust"),
        (SID, 0, frozenset(), False, "not_a_user"),
        ("S-1-5-21-1-2-3-500", NORMAL, frozenset(), False, "administrator"),
        ("S-1-5-21-1-2-3-501", NORMAL, frozenset(), False, "guest"),
        ("S-1-5-21-1-2-3-504", NORMAL, frozenset(), False, "not_a_user"),
    ],
)
def test_who_is_never_set(
    sid: str, flags: int, groups: frozenset[str] | None, own: bool, why: str
) -> None:
    found = standing(sid, "somebody", flags, groups, own=own)
    assert protected(found) == why
    assert bool(found.control & accounts.NORMAL_ACCOUNT) == bool(flags & NORMAL)


def test_where_a_required_change_would_not_bind() -> None:
    assert binds(NORMAL, 0) == ""
    assert binds(NORMAL | 0x200, NEVER) == "never_expires"
    assert binds(NORMAL | 0x1000, 0) == "smart_card"
    assert binds(NORMAL, NEVER) == "cannot_change"
