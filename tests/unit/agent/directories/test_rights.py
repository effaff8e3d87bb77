"""What an OU's access control list lets our account do to people's accounts in it."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest

from keyturn.agent.directories.active_directory.rights import Delegated, delegated

RESET, LOCKOUT, LAST_SET, RESTRICTIONS, USER, COMPUTER = (
    UUID(name).bytes_le
    for name in (
        "00299570-246d-11d0-a768-00aa006e0529", "28630ebf-41d5-11d1-a9c1-0000f80367c1",
        "bf967a0a-0de6-11d0-a285-00aa003049e2", "4c164200-20c0-11d0-a768-00aa006e0529",
        "bf967aba-0de6-11d0-a285-00aa003049e2", "bf967a86-0de6-11d0-a285-00aa003049e2",
    )
)  # fmt: skip
CI, ONLY = 0x02, 0x0A  # what is in it inherits; and it is not about the OU itself
WRITE, CONTROL, FULL = 0x20, 0x100, 0xF01FF
ALLOW, DENY, ALLOW_OBJECT, DENY_OBJECT, AUDIT = 0, 1, 5, 6, 2


def sid(*numbers: int) -> bytes:
    held = struct.pack("<BB", 1, len(numbers)) + (5).to_bytes(6, "big")
    return held + b"".join(struct.pack("<I", number) for number in numbers)


ME, GROUP, OTHER = sid(21, 1, 2, 3, 1104), sid(21, 1, 2, 3, 1200), sid(21, 1, 2, 3, 1300)
TOKEN = (ME, GROUP)


def ace(
    kind: int, mask: int, who: bytes = ME, *, of: bytes = b"", to: bytes = USER, flags: int = ONLY
) -> bytes:
    body = who
    if kind in {ALLOW_OBJECT, DENY_OBJECT}:
        body = struct.pack("<I", bool(of) | bool(to) << 1) + of + to + who
    return struct.pack("<BBHI", kind, flags, 8 + len(body), mask) + body


def descriptor(*aces: bytes) -> bytes:
    body = b"".join(aces)
    held = struct.pack("<BBHHH", 4, 0, 8 + len(body), len(aces), 0) + body
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + held


def may(*aces: bytes, token: tuple[bytes, ...] = TOKEN) -> tuple[bool, bool, bool] | None:
    found: Delegated | None = delegated(descriptor(*aces), token)
    return None if found is None else (found.reset, found.lockout, found.last_set)


NONE, ALL = (False, False, False), (True, True, True)
DELEGATED = (
    ace(ALLOW_OBJECT, CONTROL, of=RESET), ace(ALLOW_OBJECT, WRITE, of=LOCKOUT),
    ace(ALLOW_OBJECT, WRITE, of=LAST_SET),
)  # fmt: skip


def test_the_three_rights_as_they_are_delegated() -> None:
    assert may(*DELEGATED) == ALL
    assert may() == NONE
    for left, _ in enumerate(DELEGATED):
        held = tuple(n != left for n in range(3))
        assert may(*(a for n, a in enumerate(DELEGATED) if n != left)) == held


@pytest.mark.parametrize(
    "aces",
    [
        [ace(ALLOW, FULL)],
        [ace(ALLOW, FULL, GROUP, flags=CI)],
        [ace(ALLOW_OBJECT, CONTROL | WRITE)],  # names nothing: all of it
        [ace(ALLOW_OBJECT, CONTROL | WRITE, to=b"")],
        [ace(AUDIT, FULL), ace(ALLOW, FULL)],
        [ace(DENY, FULL, OTHER), ace(ALLOW, FULL)],
        [ace(ALLOW, FULL), ace(DENY, FULL)],  # what comes first decides
    ],
)
def test_what_gives_all_of_it(aces: list[bytes]) -> None:
    assert may(*aces) == ALL


@pytest.mark.parametrize(
    "aces",
    [
        [ace(ALLOW, FULL, OTHER)],
        [ace(ALLOW, FULL, flags=0)],  # about the OU itself
        [ace(ALLOW_OBJECT, CONTROL | WRITE, to=COMPUTER)],
        [ace(DENY, FULL, GROUP), ace(ALLOW, FULL)],
        [ace(AUDIT, FULL)],
        [ace(ALLOW, 0x10)],  # reading
    ],
)
def test_what_gives_none_of_it(aces: list[bytes]) -> None:
    assert may(*aces) == NONE


def test_a_property_set_gives_what_is_in_it() -> None:
    assert may(ace(ALLOW_OBJECT, WRITE, of=RESTRICTIONS)) == (False, False, True)
    assert may(ace(DENY_OBJECT, WRITE, of=RESTRICTIONS), ace(ALLOW, FULL)) == (True, True, False)


@pytest.mark.parametrize("who", [sid(18), sid(32, 548), sid(21, 1, 2, 3, 512)])
def test_to_whom_the_class_itself_gives_all(who: bytes) -> None:
    assert may(token=(ME, who)) == ALL


def test_a_list_that_cannot_be_read_is_not_known() -> None:
    assert delegated(b"", TOKEN) is None
    assert delegated(descriptor(*DELEGATED)[:-40], TOKEN) is None


def test_of_somebody_unknown_nothing_is_known() -> None:
    assert may(*DELEGATED, token=()) is None
    assert may(*DELEGATED, token=(b"?",)) is None
