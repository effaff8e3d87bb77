"""SAMR as it stands on the wire: byte for byte as Samba's own code writes it (vectors from
samba.dcerpc.samr 4.17, `ndr_pack_in` and `ndr_pack_out`).
"""

from __future__ import annotations

import hashlib
import struct

import pytest

from keyturn.agent.directories.workgroup import rpc, samr, sealing
from keyturn.agent.directories.workgroup.ndr import Malformed, Reader, Writer
from keyturn.agent.directories.workgroup.records import (
    LockoutPolicy,
    PasswordPolicy,
    Setting,
    User,
)
from keyturn.agent.directories.workgroup.samr import Said, Sam
from keyturn.agent.directories.workgroup.values import below, rid_of, sid, text

HANDLE = bytes.fromhex("000000000403020106050807090a0b0c0d0e0f10")
DOMAIN = sid("S-1-5-21-1-2-3")
CONNECTED = "01000000010000000300000010000000" + HANDLE.hex() + "00000000"
ALICE = (
    "00000200150000000100000000000000020000000000000080bd6b83887add01ffffffffffffff7f80bd6b83"
    "887add01807dd5ad517bdd010a000a00040002001600160008000200000000000c0002000000000010000200"
    "00000000140002000000000018000200020002001c0002000000000020000200000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000e903000001020000"
    "10040000ffffff00a80000002400020003000900000000000000000005000000000000000500000061006c00"
    "69006300650000000b000000000000000b00000041006c006900630065002000c4007200640065006e000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000001000000000000000100000078000000000000000000000000000000ec0400000000000015000000"
    "ffffffffffffffffffffffffffffffffffffffffff00000000000000"
)
USERS = (
    "0700000000000200020000000400020002000000e90300000a000a0008000200ea030000060006000c0002000500"
    "0000000000000500000061006c00690063006500000003000000000000000300000062006f006200000002000000"
)


class Wire:
    """Answers calls with what it was told, and keeps what was asked."""

    def __init__(self, *answers: str) -> None:
        self.asked: list[tuple[int, bytes]] = []
        self._answers = [bytes.fromhex(answer) for answer in (CONNECTED, *answers)]

    def call(self, operation: int, stub: bytes) -> bytes:
        self.asked.append((operation, stub))
        return self._answers.pop(0)


def sam(*answers: str) -> tuple[Sam, Wire]:
    wire = Wire(*answers)
    return Sam(wire, b"k" * 16, "files1"), wire


def test_the_way_in() -> None:
    _opened, wire = sam()
    assert wire.asked == [
        (64, bytes.fromhex(
            "000002000900000000000000090000005c005c00660069006c0065007300310000000000310000000100"
            "0000010000000300000010000000"
        ))
    ]  # fmt: skip


def test_a_domain_is_looked_up_and_opened() -> None:
    opened, wire = sam(
        "000002000400000001040000000000051500000001000000020000000300000000000000",
        HANDLE.hex() + "00000000",
    )
    assert opened.lookup_domain("FILES1") == DOMAIN
    assert opened.open_domain(DOMAIN) == HANDLE
    assert wire.asked[1] == (5, HANDLE + bytes.fromhex(
        "0c000c0000000200060000000000000006000000460049004c00450053003100"
    ))  # fmt: skip
    assert wire.asked[2] == (7, HANDLE + bytes.fromhex(
        "8503000004000000010400000000000515000000010000000200000003000000"
    ))  # fmt: skip


def test_an_account_is_read() -> None:
    opened, wire = sam(ALICE)
    assert opened.user(HANDLE) == User(
        rid=1001, name="alice", display="Alice \u00c4rden", flags=0x410,
        last_set=134398290630000000, expires=0x7FFFFFFFFFFFFFFF, can_change=134398290630000000,
        must_change=134399154630000000, bad_count=3,
    )  # fmt: skip
    assert wire.asked[1] == (47, HANDLE + b"\x15\0")


def test_a_name_is_looked_up() -> None:
    opened, wire = sam(
        "010000000000020001000000e90300000100000004000200010000000100000000000000",
        "000000000000000000000000000000007300" + "00c0",
        "010000000000020001000000e90300000100000004000200010000000400000000000000",
    )
    assert opened.lookup_user(HANDLE, "alice") == 1001
    assert opened.lookup_user(HANDLE, "nobody") is None
    assert opened.lookup_user(HANDLE, "Administrators") is None  # an alias, not a user
    assert wire.asked[1] == (17, HANDLE + bytes.fromhex(
        "01000000e803000000000000010000000a000a000000020005000000000000000500000061006c00690063"
        "006500"
    ))  # fmt: skip


def test_everybody_is_listed_part_by_part() -> None:
    opened, wire = sam(USERS + "05010000", USERS + "00000000")
    assert opened.users(HANDLE, 0x10) == [1001, 1002, 1001, 1002]
    assert wire.asked[1] == (13, HANDLE + struct.pack("<III", 0, 0x10, 0x10000))
    assert wire.asked[2] == (13, HANDLE + struct.pack("<III", 7, 0x10, 0x10000))


def test_groups_and_aliases() -> None:
    opened, wire = sam(
        "0000020002000000040002000200000001020000070000004c0400000700000000000000",
        "020000000000020002000000200200002102000000000000",
        "000000000000000000000000",
        "0000000000000000",
    )
    assert opened.groups_of(HANDLE) == [513, 1100]
    members = [below(DOMAIN, 1001), sid("S-1-1-0")]
    assert opened.aliases_of(HANDLE, members) == (544, 545)
    assert wire.asked[2] == (16, HANDLE + bytes.fromhex(
        "020000000000020002000000040002000800020005000000010500000000000515000000010000000200"
        "000003000000e903000001000000010100000000000100000000"
    ))  # fmt: skip
    assert opened.aliases_of(HANDLE, []) == ()
    assert opened.groups_of(HANDLE) == []


def test_policies() -> None:
    opened, _wire = sam(
        "00000200010000000a000500010000000080d21647b9ffff004096d536ffffff00000000",
        "000002000c00000000445f9afeffffff00445f9afeffffff0500000000000000",
    )
    assert opened.password_policy(HANDLE) == PasswordPolicy(
        10, 5, True, -77_760_000_000_000, -864_000_000_000
    )
    assert opened.lockout_policy(HANDLE) == LockoutPolicy(-6_000_000_000, -6_000_000_000, 5)


SET = bytes(48 + 80 + 16 + 8 + 8 + 8)


def test_flags_and_a_required_change_are_set_together() -> None:
    opened, wire = sam("00000000")
    opened.set_user(HANDLE, Setting(None, 0x10, expired=True))
    stub = HANDLE + b"\x15\0\x15\0" + SET + struct.pack("<II", 0x10, 0x0810_0000)
    assert wire.asked[1] == (58, stub + bytes(16 + 2) + b"\1\0")


def head(level: bytes) -> bytes:
    return HANDLE + 2 * level + SET + struct.pack("<II", 0, 0x0900_0000) + bytes(17) + b"\1\0\0"


def test_a_password_is_never_on_the_wire_as_it_is() -> None:
    opened, wire = sam("030000c0", "00000000")  # it does not know the first way
    opened.set_user(HANDLE, Setting("Quiet-River-1", None, expired=False))
    (_, aes), (_, rc4) = wire.asked[1:]
    assert aes.startswith(head(b"\x20\0"))
    assert rc4.startswith(head(b"\x19\0"))
    assert (len(aes), len(rc4)) == (852, 752)  # as Samba's
    assert aes[304:324] == struct.pack("<IIQI", 528, 0x20000, 0, 528)
    for stub in (aes, rc4):
        assert "Quiet".encode("utf-16-le") not in stub


def test_whoever_knows_the_best_way_is_told_once() -> None:
    opened, wire = sam("00000000")
    opened.set_user(HANDLE, Setting("Quiet-River-1", None, expired=False))
    assert len(wire.asked) == 2


@pytest.mark.parametrize(("status", "asked"), [(0x6F7, 2), (0x1C000006, 2), (0x5, 1)])
def test_only_what_was_not_understood_is_said_again(status: int, asked: int) -> None:
    opened, wire = sam()
    calls: list[bytes] = []

    def faulty(_operation: int, stub: bytes) -> bytes:
        calls.append(stub)
        raise rpc.Fault(status)

    wire.call = faulty  # type: ignore[method-assign, assignment]
    with pytest.raises(rpc.Fault):
        opened.set_user(HANDLE, Setting("Quiet-River-1", None, expired=False))
    assert len(calls) == asked


def test_a_password_is_sealed_as_samba_seals_it() -> None:
    """Vectors from samba.crypto: aead_aes_256_cbc_hmac_sha512_blob, arcfour_crypt_blob."""
    word, key, salt, filling = "\u00dcn\u00ef-1x", b"k" * 16, bytes(range(16)), b"\xaa" * 512
    sealed = sealing.aes(word, key, salt, filling)
    assert hashlib.sha256(sealed.cipher).hexdigest() == (
        "1d496c50d99078cf3f8fc17719c863229cea95f409c01e08c701f4fb5a714b14"
    )
    assert hashlib.sha256(sealed.tag).hexdigest() == (
        "6dc31c43120c831867d2fd6491e31142b9a571880e1b765313ff925fb61e1f1c"
    )
    blob = sealing.rc4(word, key, salt, filling)
    assert blob[-16:] == salt
    assert hashlib.sha256(blob[:-16]).hexdigest() == (
        "3ec2ffd5d2a51e55d387c64029b365a96c79e36e9158bc9d426c5cd0b5607afc"
    )


def test_a_refusal_is_said_with_its_number() -> None:
    opened, _wire = sam("6c0000c0", "6c0000c0", "220000c0", "640000c0", "220000c0", "220000c0")
    for password in (None, "Quiet-River-1"):
        with pytest.raises(Said) as told:
            opened.set_user(HANDLE, Setting(password, 0x10, expired=False))
        assert told.value.status == 0xC000006C
    with pytest.raises(Said):
        opened.open_user(HANDLE, 1001, samr.USER_READ)
    assert opened.open_user(HANDLE, 1001, samr.USER_READ) is None
    with pytest.raises(Said):
        opened.lookup_user(HANDLE, "alice")
    with pytest.raises(Said):
        opened.users(HANDLE, 0x10)


@pytest.mark.parametrize("answer", ["", "0000", "00000200", "0000020016000000", ALICE[:200]])
def test_what_is_cut_off_is_no_account(answer: str) -> None:
    opened, _wire = sam(answer + "00000000" * bool(answer))
    with pytest.raises((Malformed, Said)):
        opened.user(HANDLE)


def test_structures_that_contradict_themselves_are_none() -> None:
    with pytest.raises(Malformed):
        Reader(Writer().u32(5).raw(DOMAIN).done()).sid()
    with pytest.raises(Malformed):
        Reader(struct.pack("<III", 1, 1, 1) + b"a\0").text()


# --- SIDs


def test_sids() -> None:
    assert text(DOMAIN) == "S-1-5-21-1-2-3"
    assert text(sid("S-1-1-0")) == "S-1-1-0"
    alice = below(DOMAIN, 1001)
    assert text(alice) == "S-1-5-21-1-2-3-1001"
    assert rid_of(DOMAIN, alice.hex()) == 1001
    for other in ("", "zz", "00" * 16, "*", below(sid("S-1-5-21-1-2-4"), 1001).hex(),
                  DOMAIN.hex(), alice.hex() + "00"):  # fmt: skip
        assert rid_of(DOMAIN, other) is None


# --- RPC


def pdu(kind: int, flags: int, call: int, body: bytes) -> bytes:
    return struct.pack("<BBBBIHHI", 5, 0, kind, flags, 0x10, 16 + len(body), 0, call) + body


ACCEPTED = struct.pack("<HHIH", 4280, 4280, 1, 10) + b"\\PIPE\\sam\0" + struct.pack("<IHH", 1, 0, 0)
ACCEPTED += bytes(20)
ACK = pdu(12, 3, 1, ACCEPTED)


class Tape:
    """A pipe that says what is on it."""

    def __init__(self, *said: bytes) -> None:
        self.written: list[bytes] = []
        self._said = list(said)

    def write(self, message: bytes) -> None:
        self.written.append(message)

    def read(self) -> bytes:
        return self._said.pop(0)


def test_a_call_and_its_answer_may_come_in_pieces() -> None:
    first = pdu(2, 1, 2, bytes(8) + b"one ")
    last = pdu(2, 2, 2, bytes(8) + b"two")
    tape = Tape(ACK, first[:5], first[5:], last)
    client = rpc.Client(tape)
    client.bind()
    stub = bytes(range(256)) * 32
    assert client.call(58, stub) == b"one two"
    assert [(m[2], m[3]) for m in tape.written] == [(11, 3), (0, 1), (0, 2)]
    assert b"".join(m[24:] for m in tape.written[1:]) == stub
    assert all(len(m) <= 4280 for m in tape.written)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (pdu(3, 3, 2, bytes(8) + struct.pack("<I", 0x1C010002)), 0x1C010002),
        (pdu(3, 3, 2, bytes(8)), -1),
        (pdu(2, 3, 3, bytes(8)), -1),  # another call's
        (pdu(2, 3, 2, bytes(4)), -1),
        (pdu(12, 3, 2, bytes(8)), -1),
        (b"HTTP/1.1 400 Bad Request", -1),
    ],
)
def test_anything_but_an_answer_is_a_fault(said: bytes, status: int) -> None:
    client = rpc.Client(Tape(ACK, said))
    client.bind()
    with pytest.raises(rpc.Fault) as told:
        client.call(64, b"")
    assert told.value.status == status


@pytest.mark.parametrize(
    "said",
    [
        pdu(13, 3, 1, bytes(10)),
        pdu(12, 3, 1, b""),
        pdu(12, 3, 1, ACCEPTED[:24] + b"\2\0" + bytes(22)),
    ],
)
def test_a_machine_that_does_not_speak_samr_is_told_as_such(said: bytes) -> None:
    with pytest.raises(rpc.Fault):
        rpc.Client(Tape(said)).bind()
