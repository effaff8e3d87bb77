"""How Active Directory writes times, SIDs, metadata and rights."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest

from keyturn.agent.directories.active_directory import metadata
from keyturn.agent.directories.active_directory.rights import cannot_change
from keyturn.agent.directories.active_directory.values import NEVER, by_guid, duration, moment, sid
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.directories.ldap.values import number, text
from keyturn.rules.directories.proofs import Stamp

EVERYONE = bytes.fromhex("010100000000000100000000")
SELF = bytes.fromhex("01010000000000050a000000")
ADMINS = bytes.fromhex("01020000000000052000000020020000")
CHANGE = UUID("ab721a53-1e2f-11d0-9819-00aa0040529b").bytes_le
RESET = UUID("00299570-246d-11d0-a768-00aa006e0529").bytes_le


def test_times() -> None:
    assert moment(116444736000000000) == 0
    assert moment(134398290631173410) == 1795355463117
    assert [moment(None), moment(0), moment(NEVER)] == [None, None, None]
    assert duration(-6_000_000_000) == 600_000
    assert [duration(None), duration(0), duration(-NEVER - 1), duration(-NEVER)] == [0, 0, 0, 0]


def test_a_sid_as_people_write_it() -> None:
    assert sid(ADMINS) == "S-1-5-32-544"
    assert sid(EVERYONE) == "S-1-1-0"
    assert [sid(b""), sid(ADMINS[:-1]), sid(ADMINS + b"\0")] == ["", "", ""]


def test_an_entry_by_its_guid_and_by_nothing_else() -> None:
    assert by_guid("7e3d10298c7e0242b8bc88a3e68f7d33") == "<GUID=7e3d10298c7e0242b8bc88a3e68f7d33>"
    for other in ("", "CN=Alice", "7E" * 16, "00" * 15, "00" * 16 + "\n"):
        with pytest.raises(ValueError, match=r"^$"):
            by_guid(other)


def test_what_is_not_there_has_no_value() -> None:
    assert (text({}, "cn"), number({}, "cn")) == ("", None)
    assert (text({"cn": [b"a", b"b"]}, "cn"), number({"n": [b"-5"]}, "n")) == ("a", -5)


# --- stamps


def row(attribute: int, version: int, at: int, origin: bytes, usn: int) -> bytes:
    return struct.pack("<IIQ16sQQ", attribute, version, at, origin, usn, 99)


def blob(*rows: bytes, version: int = 1, count: int | None = None) -> bytes:
    head = struct.pack("<IIII", version, 0, len(rows) if count is None else count, 0)
    return head + b"".join(rows)


ORIGIN = UUID("e39fdadc-2c60-4794-b375-efc9c37f50e8").bytes_le
PASSWORD = Stamp(3, ORIGIN.hex(), 1_795_355_512_000, 4127)


def test_stamps_from_the_binary_form() -> None:
    rows = (row(3, 9, 1, ORIGIN, 1), row(0x9005A, 3, 13_439_829_112, ORIGIN, 4127))
    assert metadata.stamps({"replPropertyMetaData": [blob(*rows)]}) == {"unicodePwd": PASSWORD}


def test_stamps_from_xml() -> None:
    xml = (
        "<DS_REPL_ATTR_META_DATA>\n\t<pszAttributeName>unicodePwd</pszAttributeName>\n"
        "\t<dwVersion>3</dwVersion>\n"
        "\t<ftimeLastOriginatingChange>2026-11-22T13:51:52Z</ftimeLastOriginatingChange>\n"
        "\t<uuidLastOriginatingDsaInvocationID>e39fdadc-2c60-4794-b375-efc9c37f50e8"
        "</uuidLastOriginatingDsaInvocationID>\n"
        "\t<usnOriginatingChange>4127</usnOriginatingChange>\n"
        "\t<usnLocalChange>99</usnLocalChange>\n"
        "\t<pszLastOriginatingDsaDN></pszLastOriginatingDsaDN>\n</DS_REPL_ATTR_META_DATA>\n"
    )
    found = metadata.stamps({"msDS-ReplAttributeMetaData": [xml.encode() + b"\0"]})
    assert found == {"unicodePwd": PASSWORD}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"replPropertyMetaData": [b""]},
        {"replPropertyMetaData": [blob(count=1)]},
        {"replPropertyMetaData": [blob(version=2)]},
        {"msDS-ReplAttributeMetaData": [b"<x>"]},
        {"msDS-ReplAttributeMetaData": [b"<dwVersion>x</dwVersion>"]},
    ],
)
def test_anything_else_is_unreadable(entry: dict[str, list[bytes]]) -> None:
    with pytest.raises(metadata.Unreadable):
        metadata.stamps(entry)


# --- rights


def entry(kind: int, mask: int, body: bytes) -> bytes:
    return struct.pack("<BBHI", kind, 0, 8 + len(body), mask) + body


def on(kind: bytes, who: bytes, inherited: bytes = b"") -> bytes:
    return struct.pack("<I", 3 if inherited else 1) + kind + inherited + who


def descriptor(*entries: bytes) -> bytes:
    body = b"".join(entries)
    held = struct.pack("<BBHHH", 4, 0, 8 + len(body), len(entries), 0) + body
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + held


ALLOWED = entry(0, 0xF01FF, ADMINS)


@pytest.mark.parametrize(
    ("held", "denied"),
    [
        (descriptor(entry(6, 0x100, on(CHANGE, EVERYONE))), True),
        (descriptor(ALLOWED, entry(6, 0x100, on(CHANGE, SELF))), True),
        (descriptor(entry(6, 0x100, on(CHANGE, SELF, RESET))), True),
        (descriptor(entry(6, 0x100, on(CHANGE, ADMINS))), False),
        (descriptor(entry(6, 0x100, on(RESET, SELF))), False),
        (descriptor(entry(6, 0x10, on(CHANGE, SELF))), False),
        (descriptor(entry(5, 0x100, on(CHANGE, SELF))), False),  # allowed, not denied
        (descriptor(entry(6, 0x100, struct.pack("<I", 0) + SELF)), False),
        (descriptor(), False),
        (struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0), False),
        (struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 999), False),
        (b"", False),
    ],
)
def test_cannot_change_the_password(held: bytes, denied: bool) -> None:
    assert cannot_change(held) is denied


def test_settings_do_not_show_the_password(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings("svc", "S3cret-Word", tmp_path_factory.mktemp("ca"))
    assert "S3cret" not in repr(settings)
