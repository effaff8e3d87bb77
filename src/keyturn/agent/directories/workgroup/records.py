"""What SAMR's calls carry, as it stands on the wire (MS-SAMR 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.agent.directories.workgroup.ndr import Malformed, Reader, Writer

#: USER_ALL_USERACCOUNTCONTROL, _NTPASSWORDPRESENT, _PASSWORDEXPIRED (2.2.1.8)
_CONTROL: Final = 0x0010_0000
_PASSWORD: Final = 0x0100_0000
_EXPIRED: Final = 0x0800_0000


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """DOMAIN_PASSWORD_INFORMATION (2.2.3.5); ages as negative 100 ns."""

    min_length: int
    history: int
    complexity: bool
    max_age: int
    min_age: int


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """SAMPR_DOMAIN_LOCKOUT_INFORMATION (2.2.3.16); times as negative 100 ns."""

    duration: int
    window: int
    threshold: int


@dataclass(frozen=True, slots=True)
class User:
    """SAMPR_USER_ALL_INFORMATION (2.2.6.6), as far as it is of use; times as FILETIME."""

    rid: int
    name: str
    display: str
    flags: int
    last_set: int
    expires: int
    can_change: int
    must_change: int
    bad_count: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What is set in one call, all of it or nothing.

    Attributes:
        flags: all USER_ACCOUNT codes, or None to leave them.
        expired: the password must be changed at next logon; only with a password, or alone.
    """

    password: str | None
    flags: int | None
    expired: bool


def union(answer: Reader, level: int) -> Reader:
    """A pointer to a union of information levels: up to the chosen arm."""
    if not answer.u32() or answer.u16() != level:
        raise Malformed
    return answer


def entries(answer: Reader) -> list[tuple[int, str]]:
    """SAMPR_ENUMERATION_BUFFER (2.2.7.10), through its pointer."""
    if not answer.u32():
        return []
    count = answer.u32()
    if not answer.u32():
        return []
    if answer.u32() != count:
        raise Malformed
    heads = [(answer.u32(), answer.unicode()) for _ in range(count)]
    return [(rid, answer.text(there)) for rid, there in heads]


def user(answer: Reader) -> User:
    """The fields stand in this order; texts beyond the first two are left where they are."""
    _logon, _logoff, last_set, expires, can_change, must_change = (
        answer.i64() for _ in range(6)
    )  # fmt: skip
    name, display = answer.unicode(), answer.unicode()
    answer.skip(8 * (8 + 2 + 1 + 1))  # texts, two hashes, private data, descriptor
    rid, _group, flags, _which = (answer.u32() for _ in range(4))
    answer.skip(8)  # logon hours
    bad_count = answer.u16()
    answer.skip(3 * 2 + 4)
    return User(
        rid, answer.text(name), answer.text(display), flags, last_set, expires, can_change,
        must_change, bad_count,
    )  # fmt: skip


def all_information(stub: Writer, setting: Setting) -> None:
    """SAMPR_USER_ALL_INFORMATION, of which `WhichFields` says what counts."""
    which = 0
    if setting.flags is not None:
        which |= _CONTROL
    if setting.password is not None:
        which |= _PASSWORD | _EXPIRED
    if setting.expired:
        which |= _EXPIRED
    stub.raw(bytes(6 * 8))
    for _ in range(10):
        stub.unicode(None)
    stub.raw(bytes(2 * 8)).unicode(None).raw(bytes(8))
    stub.u32(0, 0, setting.flags or 0, which)
    stub.raw(bytes(8 + 4 * 2))
    stub.u8(0, setting.password is not None, setting.expired, 0)
