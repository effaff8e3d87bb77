"""What is made of DirSync's answers: parts, as Windows gives them and Samba never does; names that
only look alike; cursors that are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from ldap.controls import DecodeControlTuples
from pyasn1.codec.ber import decoder

from keyturn.agent.directories.active_directory.connection import Root
from keyturn.agent.directories.active_directory.reading import changes, dirsync
from keyturn.agent.directories.active_directory.reading.cursor import OLDEST_MS, Cursor
from keyturn.agent.directories.active_directory.reading.deleted import EVERY_MS, Known
from keyturn.agent.directories.active_directory.reading.scope import above, parts
from keyturn.agent.directories.active_directory.reading.source import Reading
from keyturn.agent.directories.ldap.connection import Part, Said
from keyturn.agent.directories.ldap.values import Entry
from keyturn.agent.ports import CursorLost, Unreachable
from keyturn.rules.directories.entries import PAGE, Scope

BASE = "DC=corp,DC=test"
DOMAIN = b"\xdd" * 16
NOW = 1_700_000_000_000


def guid(number: int) -> bytes:
    """The id of somebody."""
    return number.to_bytes(16, "big")


def told(number: int, **values: list[bytes]) -> Entry:
    """An entry of DirSync."""
    return {"objectGUID": [guid(number)], **values}


def link(number: int) -> bytes:
    """A link's value with LDAP_SERVER_EXTENDED_DN."""
    return f"<GUID={UUID(bytes_le=guid(number))}>;<SID=S-1-5-21-1>;CN=x,{BASE}".encode()


def person(number: int) -> tuple[str, Entry]:
    """An account as a search gives it."""
    return f"CN={number},OU=Desk,{BASE}", {
        "objectGUID": [guid(number)],
        "sAMAccountName": [str(number).encode()],
        "userAccountControl": [b"512"],
    }


class Response:
    """The control at the end of an answer."""

    controlType = dirsync.OID  # noqa: N815  python-ldap's name

    def __init__(self, cookie: bytes, *, more: bool) -> None:
        self.cookie, self.more = cookie, more


class Windows:
    """A connection to a controller that answers DirSync part by part.

    Attributes:
        steps: by cookie: entries, in several messages; the next cookie; whether there is more.
        people: who is found by id. kinds: ids of what is found by id and class.
        asked: cookies, in the order in which they came.
    """

    host = "dc1.corp.test"
    root = Root(BASE, f"CN=Configuration,{BASE}", frozenset(), "", frozenset())

    def __init__(
        self,
        steps: Mapping[bytes, tuple[Sequence[Sequence[Entry]], bytes, bool]],
        people: Sequence[int] = (),
        kinds: Mapping[str, Sequence[int]] | None = None,
        says: Said | None = None,
    ) -> None:
        self.steps, self.people, self.kinds, self.says = steps, people, kinds or {}, says
        self.asked: list[bytes] = []
        self._answers: list[list[Part]] = []

    async def read(self, _name: str, _attributes: Sequence[str]) -> tuple[str, Entry]:
        return BASE, {"objectGUID": [DOMAIN], "objectClass": [b"domainDNS"]}

    async def ask(
        self,
        _base: str,
        _scope: int,
        text: str,
        _attributes: Sequence[str],
        controls: Sequence[Any] = (),
    ) -> int:
        if controls and controls[0].controlType == dirsync.OID:
            value, _rest = decoder.decode(controls[0].encodedControlValue)
            self._answers.append(self._step(bytes(value[2])))
        else:
            self._answers.append([Part(self._found(text), [])])
        return len(self._answers) - 1

    def _step(self, cookie: bytes) -> list[Part]:
        self.asked.append(cookie)
        if self.says:
            raise self.says
        messages, following, more = self.steps[cookie]
        parts_ = [Part([("", entry) for entry in message], None) for message in messages]
        return [*parts_, Part([], [Response(following, more=more)])]

    def _found(self, text: str) -> list[tuple[str, Entry]]:
        kind = next((kind for kind in self.kinds if kind in text), None)
        wanted = self.kinds[kind] if kind else self.people if "sAMAccountType" in text else ()
        named = "".join(text.split("\\"))
        return [person(number) for number in wanted if guid(number).hex() in named]

    async def answers(self, number: int, *_known: object) -> AsyncIterator[Part]:
        for part in self._answers[number]:
            yield part


class Samba(Windows):
    """One on which this account may not see what was deleted."""

    root = Root(BASE, "", frozenset(), "Samba Team", frozenset())

    async def read(
        self, name: str, attributes: Sequence[str], controls: Sequence[object] = ()
    ) -> tuple[str, Entry]:
        if controls:
            raise Said(32, "")
        return await super().read(name, attributes)

    def _found(self, text: str) -> list[tuple[str, Entry]]:
        if "objectGUID" not in text:
            return [person(number) for number in self.people]
        return super()._found(text)


class Lines:
    """A service with one connection."""

    def __init__(self, connection: Windows) -> None:
        self.connection = connection

    async def using(self, _host: str, work: Any) -> Any:
        return await work(self.connection)


def reading(connection: Windows) -> Reading:
    return Reading(Lines(connection), 1000, lambda: NOW)  # type: ignore[arg-type]  # a twin


def since(*entries: Entry, **found: Any) -> changes.Told:
    """What one answer tells."""
    connection = Windows({b"a": ([entries], b"b", False)}, **found)
    return asyncio.run(changes.since(connection, b"a"))  # type: ignore[arg-type]  # a twin


# --- what an answer says


@pytest.mark.parametrize(
    ("entry", "ids", "whole"),
    [
        (told(1, mail=[b"x"]), [1], False),
        (told(1, mail=[]), [1], False),  # removed
        (told(1, isDeleted=[b"TRUE"], name=[b"x"]), [1], False),
        (told(1, name=[b"x"]), [1], False),  # renamed: somebody
        (told(5, name=[b"x"]), [5], True),  # renamed: an OU
        (told(5, name=[b"x"], whenCreated=[b"-"]), [5], False),  # a new one
        (told(5, name=[b"x"], isDeleted=[b"TRUE"]), [5], False),
        (told(5, name=[b"x"], isDeleted=[]), [5], True),  # brought back
        (told(9, **{"member;range=1-1": [link(1)]}), [1], False),
        (told(9, **{"member;range=0-0": [link(1), link(2)]}), [1, 2], False),
        (told(9, **{"member;range=1-1": [link(7)]}), [7], True),  # a group
        (told(9, member=[b"CN=x"]), [], True),  # nobody knows whom
        (told(9, maxPwdAge=[b"-1"]), [], True),
        (told(9, **{"msDS-PSOAppliesTo;range=1-1": [link(1)]}), [], True),
        (told(9, instanceType=[b"4"]), [9], False),  # deleted, and may not be read
        (told(9), [9], False),
    ],
)
def test_what_an_entry_says(entry: Entry, ids: list[int], whole: bool) -> None:
    kinds = {"organizationalUnit": [5], "(objectClass=group)": [7]}
    found = since(entry, kinds=kinds)
    assert found.ids == tuple(map(guid, ids))
    assert found.whole is whole
    assert (found.since, found.until, found.more) == (b"a", b"b", False)


def test_ids_are_told_once_and_ascending() -> None:
    found = since(told(3, mail=[b"x"]), told(1, mail=[b"x"]), told(3, name=[b"x"]))
    assert found.ids == (guid(1), guid(3))


def test_the_present_cookie_is_the_last_of_all_parts() -> None:
    connection = Windows({b"": ([], b"a", True), b"a": ([], b"b", True), b"b": ([], b"c", False)})
    assert asyncio.run(changes.present(connection)) == b"c"  # type: ignore[arg-type]  # a twin


def test_the_control_is_written_and_read_as_the_protocol_has_it() -> None:
    request = dirsync._Request(b"\x01\x02")
    assert request.encodedControlValue.hex() == "300f020480000001020310000004020102"
    value = bytes.fromhex("300a0201010201000402abcd")
    (control,) = DecodeControlTuples([(dirsync.OID, 1, value)], {dirsync.OID: dirsync._Response})
    assert (control.more, control.cookie) == (True, b"\xab\xcd")


# --- parts


def start(cookie: bytes) -> bytes:
    return Cursor(DOMAIN.hex(), NOW, parts_digest(), cookie.hex()).encoded()


def parts_digest() -> str:
    """Of no groups."""
    return "e3b0c44298fc1c14"


def test_a_controllers_parts_are_followed_by_its_cookies() -> None:
    steps = {
        b"a": ([[told(1, mail=[b"x"])], [told(2, mail=[b"x"])]], b"b", True),
        b"b": ([[told(3, isDeleted=[b"TRUE"])]], b"c", False),
    }
    source = reading(Windows(steps, people=[1, 2]))

    async def story() -> None:
        first = await source.changes("dc1", start(b"a"), Scope())
        assert [entry.name for entry in first.entries] == ["1", "2"]
        assert (first.gone, first.more, first.whole) == ((), True, False)
        second = await source.changes("dc1", first.cursor, Scope())
        assert (second.entries, second.gone, second.more) == ((), (guid(3).hex(),), False)
        assert second.cursor == start(b"c")

    asyncio.run(story())


def test_what_is_too_much_for_a_page_is_asked_for_once_and_again_after_a_crash() -> None:
    many = range(1, 2 * PAGE + 11)
    steps = {b"a": ([[told(number, mail=[b"x"]) for number in many]], b"b", False)}
    connection = Windows(steps, people=many)

    async def story() -> None:
        source, cursor, seen, sizes = reading(connection), start(b"a"), [], []
        for step in range(3):
            if step == 2:  # a crash: another process goes on, later in the directory's life
                connection.steps = {b"a": (steps[b"a"][0], b"later", False)}
                source = reading(connection)
            told_ = await source.changes("dc1", cursor, Scope())
            assert told_.more is (step < 2)
            seen += [entry.id for entry in told_.entries]
            sizes.append(len(told_.entries))
            cursor = told_.cursor
        assert seen == [guid(number).hex() for number in many]
        assert sizes == [PAGE, PAGE, 10]
        assert connection.asked == [b"a", b"a"]
        assert cursor == start(b"b")  # what came between is told again, not left out

    asyncio.run(story())


@pytest.mark.parametrize("result", [12, 2, 53])
def test_a_refused_cookie_is_lost(result: int) -> None:
    source = reading(Windows({}, says=Said(result, "no")))
    with pytest.raises(CursorLost):
        asyncio.run(source.changes("dc1", start(b"a"), Scope()))


@pytest.mark.parametrize(
    ("result", "cause"), [(51, "timeout"), (50, "credentials"), (32, "credentials")]
)
def test_a_busy_or_forbidden_directory_is_unreachable(result: int, cause: str) -> None:
    source = reading(Windows({}, says=Said(result, "no")))
    with pytest.raises(Unreachable) as why:
        asyncio.run(source.changes("dc1", start(b"a"), Scope()))
    assert why.value.cause == cause


# --- who is gone where nobody says so


def test_who_is_missing_is_told_until_the_reader_comes_back_with_the_cursor() -> None:
    known = Known({guid(1), guid(2)}, NOW)
    assert known.missing([guid(2), guid(3)]) == {guid(1)}
    known.tell(frozenset({guid(1)}), b"next", NOW + EVERY_MS)
    known.heard(b"before")  # the answer was lost
    assert (known.at, known.missing([guid(2), guid(3)])) == (NOW, frozenset({guid(1)}))
    known.heard(b"next")
    assert (known.at, known.missing([guid(2), guid(3)])) == (NOW + EVERY_MS, frozenset())
    assert known.missing([guid(2)]) == {guid(3)}


@pytest.mark.parametrize(("gone", "whole"), [(1, False), (PAGE, False), (PAGE + 1, True)])
def test_samba_hides_deletions_and_too_many_ask_for_a_full_read(gone: int, whole: bool) -> None:
    time_ = NOW
    connection = Samba({b"": ([], b"a", False), b"a": ([], b"a", False)}, people=range(1, gone + 2))
    source = Reading(Lines(connection), 1000, lambda: time_)  # type: ignore[arg-type]  # a twin

    async def story() -> None:
        nonlocal time_
        cursor = (await source.roll("dc1", Scope())).cursor
        connection.people = [1]
        assert (await source.changes("dc1", cursor, Scope())).gone == ()
        time_ += EVERY_MS
        told_ = await source.changes("dc1", cursor, Scope())
        assert told_.whole is whole
        assert len(told_.gone) == (0 if whole else gone)

    asyncio.run(story())


# --- cursors


def test_a_cursor_is_what_it_was() -> None:
    cursor = Cursor("ab", NOW, "cd", "01", "02", "03")
    assert Cursor.decoded(cursor.encoded(), "ab", NOW) == cursor
    for at in (NOW + OLDEST_MS - 1, NOW - 5000):  # another agent's clock is a little off
        assert Cursor.decoded(cursor.encoded(), "ab", at) == cursor


@pytest.mark.parametrize(
    ("encoded", "domain", "now"),
    [
        (Cursor("ab", NOW, "cd", "01").encoded(), "ac", NOW),
        (Cursor("ab", NOW, "cd", "01").encoded(), "ab", NOW + OLDEST_MS),
        (Cursor("ab", NOW, "cd", "01").encoded(), "ab", NOW - OLDEST_MS),
        (Cursor("ab", NOW, "cd", "0").encoded(), "ab", NOW),
        (Cursor("ab", NOW, "cd", "xy").encoded(), "ab", NOW),
        (Cursor("ab", NOW, "cd", 1).encoded(), "ab", NOW),  # type: ignore[arg-type]  # hostile
        (Cursor("ab", "x", "cd", "").encoded(), "ab", NOW),  # type: ignore[arg-type]  # hostile
        (b"[" * 100_000, "ab", NOW),
        (b"", "ab", NOW),
        (b"\xff\xfe", "ab", NOW),
        (b"null", "ab", NOW),
        (b'{"domain": "ab"}', "ab", NOW),
    ],
)
def test_what_is_no_cursor_of_here_and_now_is_lost(encoded: bytes, domain: str, now: int) -> None:
    with pytest.raises(CursorLost):
        Cursor.decoded(encoded, domain, now)


# --- names


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("OU=Sales,DC=a", "ou=sales, dc=A", True),
        (r"OU=a\,b,DC=a", r"OU=A\2Cb,DC=a", True),
        ("OU=\u00c9t\u00e9,DC=a", "OU=\u00e9T\u00c9,DC=a", True),
        ("OU=Stra\u00dfe,DC=a", "OU=STRASSE,DC=a", True),
        ("OU=a+CN=b,DC=a", "CN=b+OU=a,DC=a", True),
        ("OU=Sales,DC=a", "CN=Sales,DC=a", False),
        ("OU=Sales,DC=a", "OU=Sales Ops,DC=a", False),
        (r"OU=a\,OU=b,DC=a", "OU=a,OU=b,DC=a", False),
    ],
)
def test_names_are_compared_as_the_directory_does(one: str, other: str, same: bool) -> None:
    assert (parts(one) == parts(other)) is same


def test_what_holds_an_entry() -> None:
    assert above(r"CN=Lovelace\, Ada,OU=R\,D,DC=a") == r"OU=R\,D,DC=a"
