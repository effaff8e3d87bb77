"""Whom a controller takes changes from, and what of theirs it lacks."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from keyturn.agent.directories.active_directory import replicating
from keyturn.agent.directories.active_directory.connection import Root
from keyturn.agent.directories.active_directory.replicating import (
    Source,
    State,
    Unreadable,
    partner,
    source,
    vector,
)
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import Entry
from keyturn.rules.directories.health.facts import Partner

NOW = 1_700_000_000_000
SINCE_1601 = 11_644_473_600
BASE = "DC=corp,DC=test"
GUID2, GUID3, GONE = b"\x02" * 16, b"\x03" * 16, b"\x09" * 16
OWN, PARTNER, THIRD = b"\xa1" * 16, b"\xa2" * 16, b"\xa3" * 16


def value(
    guid: bytes, *, ago: int | None = 30, failures: int = 0, error: int = 0, taken: int = 70
) -> bytes:
    """One partner; ago: seconds since the last success."""
    success = 0 if ago is None else NOW // 1000 - ago + SINCE_1601
    head = struct.pack("<IIIIqqI", 1, 0, 256, failures, success, success, error)
    return head.ljust(152, b"\0") + struct.pack("<Q", taken) + guid + bytes(80)


def cursors(known: Mapping[bytes, int], version: int = 2) -> bytes:
    """An up-to-date vector."""
    rows = (guid + struct.pack("<Q", usn) + bytes(8 * (version - 1)) for guid, usn in known.items())
    return struct.pack("<IIII", version, 0, len(known), 0) + b"".join(rows)


def test_one_value() -> None:
    assert source(value(GUID2, ago=30)) == Source(GUID2, NOW - 30_000, 0, 0, 70)
    never = source(value(GUID2, ago=None, failures=3, error=8457, taken=9))
    assert never == Source(GUID2, None, 3, 8457, 9)


@pytest.mark.parametrize("held", [b"", value(GUID2)[:170], b"\x07" + value(GUID2)[1:]])
def test_anything_else_is_unreadable(held: bytes) -> None:
    with pytest.raises(Unreadable):
        source(held)


@pytest.mark.parametrize("version", [1, 2])
def test_a_vector(version: int) -> None:
    assert vector(cursors({PARTNER: 5, THIRD: 7}, version)) == {PARTNER: 5, THIRD: 7}
    assert vector(cursors({}, version)) == {}


@pytest.mark.parametrize(
    "held", [b"", cursors({PARTNER: 5})[:-9], b"\x03" + cursors({PARTNER: 5})[1:]]
)
def test_anything_else_is_no_vector(held: bytes) -> None:
    with pytest.raises(Unreadable):
        vector(held)


@dataclass
class Directory:
    """Answers what is asked of it: its head, and the server objects with and without settings."""

    reps: list[bytes]
    vectors: list[bytes] = field(default_factory=list)
    refuses: bool = False
    root: Root = field(default_factory=lambda: Root(
        BASE, f"CN=Configuration,{BASE}", frozenset(), "", frozenset()))  # fmt: skip

    async def read(self, name: str, attributes: Sequence[str]) -> tuple[str, Entry]:
        assert (name, *attributes) == (BASE, "repsFrom", "replUpToDateVector")
        if self.refuses:
            raise Said(50, "")
        held = {"repsFrom": self.reps, "replUpToDateVector": self.vectors}
        return name, {known: values for known, values in held.items() if values}

    async def search(
        self, base: str, _scope: int, text: str, _attributes: Sequence[str]
    ) -> list[tuple[str, Entry]]:
        servers = f"CN=Servers,CN=Main,{base}"
        if "nTDSDSA" in text:
            settings = {"DC1": b"\x01" * 16, "DC2": GUID2, "dc3": GUID3}
            return [
                (f"CN=NTDS Settings,CN={name},{servers}", {"objectGUID": [guid]})
                for name, guid in settings.items()
            ]
        names: dict[str, Entry] = {
            "DC1": {"dNSHostName": [b"dc1.corp.test"]}, "DC2": {"dNSHostName": [b"DC2.corp.test"]},
            "DC3": {}, "OLD": {},
        }  # fmt: skip
        return [(f"CN={name},{servers}", entry) for name, entry in names.items()]


def asked(directory: Any) -> State | None:
    return asyncio.run(replicating.state(directory))


def test_partners_are_known_by_their_names() -> None:
    held = [value(GUID3, ago=4000, failures=5, error=8457), value(GUID2, error=8418), value(GONE)]
    found = asked(Directory(held, [cursors({PARTNER: 5})]))
    assert found is not None
    assert found.sources.keys() == {"dc2.corp.test", "dc3"}
    assert (found.sources["dc3"].failures, found.sources["dc3"].error) == (5, 8457)
    assert found.sources["dc2.corp.test"].error == 0  # of before its last success
    assert found.vector == {PARTNER: 5}


def test_what_is_not_shown_is_not_known() -> None:
    assert asked(Directory([value(GUID2)], refuses=True)) is None
    assert asked(Directory([b"?"])) is None
    assert asked(Directory([value(GUID2)], [b"?"])) is None
    assert asked(Directory([])) is None
    assert asked(Directory([value(GUID2)])) is not None


def test_a_partner_as_it_is_told() -> None:
    taken = source(value(GUID2, ago=30))
    assert partner("dc2", taken, NOW, 0) == Partner("dc2", 30_000, 0, 0, 0)
    never = source(value(GUID2, ago=None, failures=3, error=8457))
    assert partner("dc2", never, NOW, None) == Partner("dc2", None, 3, 8457, None)
    assert partner("dc2", source(value(GUID2, ago=-90)), NOW, 0).silent_ms == 0


def written(*writes: tuple[bytes, int, int]) -> Entry:
    """An entry; of each of its attributes origin, number, and how many seconds ago."""
    rows = b"".join(
        struct.pack("<IIQ16sQQ", 3, 1, NOW // 1000 - ago + SINCE_1601, origin, usn, 1)
        for origin, usn, ago in writes
    )
    return {"replPropertyMetaData": [struct.pack("<IIII", 1, 0, len(writes), 0) + rows]}


@dataclass
class Ahead:
    """A partner that has come so far, and what was written there since."""

    highest: str
    entries: list[Entry]
    wanted: str = ""
    root: Root = field(default_factory=lambda: Root(BASE, "", frozenset(), "", frozenset()))

    async def read(self, name: str, _attributes: Sequence[str]) -> tuple[str, Entry]:
        if self.highest == "refuses":
            raise Said(50, "")
        return name, {"highestCommittedUSN": [self.highest.encode()]} if self.highest else {}

    async def search(
        self, base: str, _scope: int, text: str, _attributes: Sequence[str], *, most: int
    ) -> list[tuple[str, Entry]]:
        assert most > 0
        self.wanted = text
        return [(f"CN={n},{base}", entry) for n, entry in enumerate(self.entries)]


def lag(partner: Any, taken: int = 70) -> int | None:
    there = {PARTNER: 60, THIRD: 40}
    return asyncio.run(replicating.lag(partner, taken, there, OWN, NOW))


def test_a_partner_that_has_nothing_new_is_not_searched() -> None:
    still = Ahead("70", [])
    assert lag(still) == 0
    assert still.wanted == ""


def test_the_age_of_the_oldest_that_is_missing() -> None:
    far = Ahead("90", [written((PARTNER, 61, 20), (PARTNER, 59, 9000)), written((THIRD, 41, 400))])
    assert lag(far) == 400_000
    assert far.wanted == "(uSNChanged>=71)"


def test_what_came_another_way_or_began_here_is_not_missing() -> None:
    known = written((PARTNER, 60, 500), (THIRD, 40, 500), (OWN, 9999, 500))
    assert lag(Ahead("90", [known])) == 0
    assert lag(Ahead("90", [])) == 0
    assert lag(Ahead("90", [written((b"\xff" * 16, 1, 5))])) == 5_000  # of one it never heard of


def test_a_write_from_the_future_is_not_late() -> None:
    assert lag(Ahead("90", [written((PARTNER, 99, -60))])) == 0


@pytest.mark.parametrize("partner", [Ahead("refuses", []), Ahead("", []), Ahead("90", [{}])])
def test_a_partner_that_does_not_tell(partner: Ahead) -> None:
    assert lag(partner) is None


def test_whose_writes_began_here() -> None:
    class Itself:
        async def read(self, name: str, attributes: Sequence[str]) -> tuple[str, Entry]:
            held: Entry = {"dsServiceName": [b"CN=NTDS Settings"]}
            if attributes == ("invocationId",):
                assert name == "CN=NTDS Settings"
                held = {"invocationId": [OWN]}
            return name, held

    class Silent:
        async def read(self, _name: str, _attributes: Sequence[str]) -> tuple[str, Entry]:
            raise Said(32, "")

    found: list[Any] = [Itself(), Silent()]
    assert [asyncio.run(replicating.invocation(one)) for one in found] == [OWN, b""]
