"""What is sent: the modify, and the control that holds a reset to the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import ldap
import pytest
from ldap.controls import LDAPControl

from keyturn.agent.directories.active_directory import policies, writing
from keyturn.agent.directories.active_directory.connection import Root
from keyturn.agent.directories.ldap.connection import Broken, Modification, Said
from keyturn.agent.directories.ldap.values import Entry
from keyturn.agent.ports import Change, NotFound, Refused, Uncertain

GUID = "7e3d10298c7e0242b8bc88a3e68f7d33"
SID = bytes.fromhex("010500000000000515000000010000000200000003000000") + b"\x50\x04\0\0"
OWN = bytes.fromhex("010500000000000515000000010000000200000003000000") + b"\x51\x04\0\0"
USERS = bytes.fromhex("01020000000000052000000021020000")
PERSON: Entry = {
    "objectSid": [SID],
    "sAMAccountName": [b"alice"],
    "objectClass": [b"top", b"person", b"organizationalPerson", b"user"],
    "userAccountControl": [b"512"],
    "tokenGroups": [USERS],
}
HINTS = "1.2.840.113556.1.4.2239"


class Recorder:
    """A connection that says what it is told to, and keeps what it was asked."""

    host = "dc1.corp.example.test"

    def __init__(
        self,
        *,
        entry: Entry = PERSON,
        controls: frozenset[str] = frozenset(),
        token: frozenset[bytes] = frozenset({OWN}),
        says: Exception | None = None,
    ) -> None:
        self.root = Root("DC=corp,DC=test", "", controls, "", token)
        self.sent: list[tuple[str, list[Modification], list[LDAPControl]]] = []
        self._entry = entry
        self._says = says

    async def read(
        self, _name: str, _attributes: Sequence[str], _controls: Sequence[LDAPControl] = ()
    ) -> tuple[str, Entry]:
        return "CN=Alice,DC=corp,DC=test", self._entry

    async def modify(
        self, name: str, changes: list[Modification], controls: list[LDAPControl]
    ) -> None:
        self.sent.append((name, changes, controls))
        if self._says:
            raise self._says


def send(connection: Recorder, change: Change) -> None:
    asyncio.run(writing.send(connection, GUID, change))  # type: ignore[arg-type]  # a twin


def allow(connection: Recorder, change: Change) -> None:
    asyncio.run(writing.allow(connection, GUID, change))  # type: ignore[arg-type]  # a twin


def test_all_parts_are_in_one_modify() -> None:
    connection = Recorder()
    send(connection, Change("A\u00e9-1", unlock=True, must_change=True))
    assert connection.sent == [
        (
            f"<GUID={GUID}>",
            [
                (ldap.MOD_REPLACE, "unicodePwd", [b'"\0A\0\xe9\0-\x001\0"\0']),
                (ldap.MOD_REPLACE, "lockoutTime", [b"0"]),
                (ldap.MOD_REPLACE, "pwdLastSet", [b"0"]),
            ],
            [],
        )
    ]


@pytest.mark.parametrize("oid", policies.POLICY_HINTS)
def test_a_reset_is_held_to_the_history_where_that_is_supported(oid: str) -> None:
    connection = Recorder(controls=frozenset({oid}))
    send(connection, Change("Quiet-River-1"))
    (control,) = connection.sent[0][2]
    assert (control.controlType, control.criticality) == (oid, True)
    assert control.encodedControlValue == b"\x30\x03\x02\x01\x01"
    send(connection, Change(unlock=True))
    assert connection.sent[1][2] == []


def test_a_policy_says_whether_a_reset_is_held_to_the_history() -> None:
    domain: Entry = {"minPwdLength": [b"8"], "pwdProperties": [b"0"]}
    for controls in (frozenset[str](), frozenset({HINTS})):
        connection = Recorder(entry=domain, controls=controls)
        found = asyncio.run(policies.effective(connection, ""))  # type: ignore[arg-type]  # a twin
        assert found is not None
        assert found.history_on_reset is bool(controls)
        assert (found.min_length, found.complexity) == (8, False)
    hidden = Recorder(entry={})
    for fine in ("", "CN=Strict"):
        assert asyncio.run(policies.effective(hidden, fine)) is None  # type: ignore[arg-type]


def test_what_the_controller_says_and_what_it_does_not() -> None:
    with pytest.raises(Uncertain):
        send(Recorder(says=Broken("gone")), Change("Quiet-River-1"))
    with pytest.raises(NotFound):
        send(Recorder(says=Said(32, "")), Change("Quiet-River-1"))
    with pytest.raises(Refused) as told:
        send(Recorder(says=Said(10, "0000202B: RefErr")), Change("Quiet-River-1"))
    assert told.value.refusal.reason == "read_only"


def test_an_ordinary_account_is_let_through() -> None:
    allow(Recorder(), Change("Quiet-River-1"))


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        (Recorder(token=frozenset({SID})), "service"),
        (Recorder(token=frozenset()), "service"),  # nobody says who we are: then nobody is set
        (Recorder(entry={**PERSON, "tokenGroups": []}), "unreadable"),
        (Recorder(entry={k: v for k, v in PERSON.items() if k != "tokenGroups"}), "unreadable"),
        (Recorder(entry={**PERSON, "adminCount": [b"1"]}), "admin_count"),
        (Recorder(entry={}), "not_a_user"),
    ],
)
def test_a_protected_one_is_not_and_what_cannot_be_read_counts_as_protected(
    connection: Recorder, why: str
) -> None:
    with pytest.raises(Refused) as told:
        allow(connection, Change("Quiet-River-1"))
    assert told.value.refusal.data == {"why": why}
    assert connection.sent == []
