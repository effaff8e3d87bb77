"""What changed since a place: by syncrepl (RFC 4533), or by comparing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ldap
from ldap.ldapobject import SimpleLDAPObject
from ldap.syncrepl import SyncreplConsumer, SyncRequestControl

from keyturn.agent.directories.ldap.connection import SUBTREE, Said
from keyturn.agent.directories.ldap.values import Entry, text, texts
from keyturn.agent.directories.openldap.accounts import PEOPLE
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.reading.cursor import Cursor, digest
from keyturn.agent.directories.openldap.values import csn_micros, hex_of, key, micros, within
from keyturn.agent.ports import CursorLost

SYNC = SyncRequestControl.controlType
_UNIT = "organizationalunit"
_WATCHED = f"(|{PEOPLE}(objectClass=organizationalUnit))"
_ATTRIBUTES = ("createTimestamp", "objectClass")
_SECOND = 1_000_000
#: e-syncRefreshRequired (RFC 4533 §2.6); a consumer newer than its provider; a cookie that is none
_LOST = {4096, ldap.UNWILLING_TO_PERFORM.errnum, ldap.PROTOCOL_ERROR.errnum}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told since a place.

    Attributes:
        ids: of accounts that were written, or are gone; hex, ascending.
        place: where to go on. digest: of all ids there, "" if nobody counted.
        whole: what is told is not enough: a full read is due.
    """

    ids: tuple[str, ...]
    place: str
    digest: str
    whole: bool


@dataclass(slots=True)
class _Seen:
    """What came. By id in hex.

    Attributes:
        written: their attributes. gone: who is told to be. there: all who are; None: not told.
    """

    written: dict[str, Entry] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    there: set[str] | None = None


async def place(connection: Connection) -> str:
    """Where the directory is now. Raises Said, Broken."""
    if provides(connection):
        for context in _contexts(connection):
            _dn, entry = await connection.read(context, ["contextCSN"])
            if numbers := texts(entry, "contextCSN"):
                return ";".join(sorted(numbers))
    return max((csn for _id, csn, _entry in await _all(connection, _WATCHED)), default="0")


def provides(connection: Connection) -> bool:
    """Whether slapo-syncprov is there."""
    return SYNC in connection.root.controls


def _contexts(connection: Connection) -> list[str]:
    """The database that the base is in, which has the numbers."""
    base = key(connection.settings.base)
    return [name for name in connection.root.contexts if within(base, key(name))]


async def since(connection: Connection, cursor: Cursor) -> Told:
    """All that was written since a cursor's place. Raises CursorLost, Said, Broken."""
    now, provided = await place(connection), provides(connection)
    if provided:
        if now == cursor.place:
            return Told((), now, cursor.ids, whole=False)
        _not_back(cursor.place, now)
    seen = await (_synced if provided else _compared)(connection, cursor.place)
    born = _second(cursor.place)
    people = {id_: _made(e) for id_, e in seen.written.items() if not _is_unit(e)}
    moved = any(_is_unit(e) and _made(e) <= born for e in seen.written.values())
    ids = tuple(sorted(people.keys() | seen.gone))
    if seen.there is None:
        return Told(ids, now, "", whole=moved)
    whole = moved or not _all_there(cursor.ids, seen.there, people, born)
    return Told(ids, now, digest(seen.there), whole)


def _all_there(known: str, there: set[str], written: Mapping[str, int], born: int) -> bool:
    """Whether those who were there are there still: whoever is and was not must be new.

    Args:
        known: digest of who was there. there: who is.
        written: when those were made who were written since, microseconds.
        born: the second of the place. Of that very second nobody knows which side it is on.
    """
    return any(
        digest(there - {id_ for id_, made in written.items() if made >= least}) == known
        for least in (born, born + _SECOND)
    )


def _not_back(was: str, now: str) -> None:
    """A directory put back to yesterday cannot tell. Raises CursorLost."""
    then, today = _by_server(was), _by_server(now)
    if any(number > today.get(server, "") for server, number in then.items()):
        raise CursorLost


def _by_server(numbers: str) -> dict[str, str]:
    """Change numbers by who gave them (time#count#server#count)."""
    parts = (number.split("#") for number in numbers.split(";"))
    return {part[2] if len(part) > 2 else "": "#".join(part[:2]) for part in parts}  # noqa: PLR2004


def _second(numbers: str) -> int:
    """The second, in microseconds, of the earliest of these numbers. Whatever was made in that
    very second costs a full read at worst, and is never missed.
    """
    moments = [csn_micros(number) or 0 for number in numbers.split(";")]
    return min(moments) // _SECOND * _SECOND


def _is_unit(entry: Entry) -> bool:
    return _UNIT in {name.lower() for name in texts(entry, "objectClass")}


def _made(entry: Entry) -> int:
    """When it was made, in microseconds; slapd tells whole seconds."""
    return micros(text(entry, "createTimestamp")) or 0


# --- syncrepl


class _Consumer(SyncreplConsumer):  # type: ignore[misc]  # python-ldap carries no types
    """Takes down what a provider says, over a connection that is not its own."""

    def __init__(self, link: SimpleLDAPObject) -> None:
        self.search_ext, self.result4 = link.search_ext, link.result4
        self.seen = _Seen()
        self._present: set[str] = set()

    def syncrepl_get_cookie(self) -> None:
        """It is given with the search."""

    def syncrepl_set_cookie(self, cookie: str) -> None:
        """The place was read before, so that nothing of what comes meanwhile is missed."""

    def syncrepl_entry(self, _dn: str, entry: Mapping[str, list[bytes]], uuid: str) -> None:
        self.seen.written[hex_of(uuid)] = entry

    def syncrepl_delete(self, uuids: Iterable[str]) -> None:
        self.seen.gone |= {hex_of(uuid) for uuid in uuids}

    def syncrepl_present(self, uuids: Iterable[str] | None, refreshDeletes: Any = False) -> None:  # noqa: N803
        if uuids is not None:
            self._present |= {hex_of(uuid) for uuid in uuids}
        elif not refreshDeletes:
            self.seen.there = self._present

    def syncrepl_refreshdone(self) -> None:
        """Only said to whoever persists."""


async def _synced(connection: Connection, place_: str) -> _Seen:
    """Ask a provider. Raises CursorLost, Said, Broken."""

    def work(link: SimpleLDAPObject) -> _Seen:
        consumer = _Consumer(link)
        asked = consumer.syncrepl_search(
            connection.settings.base,
            SUBTREE,
            cookie=cookie(place_),
            filterstr=_WATCHED,
            attrlist=list(_ATTRIBUTES),
        )
        consumer.syncrepl_poll(asked, timeout=link.timeout, all=1)
        return consumer.seen

    try:
        seen = await connection.call(work)
    except Said as said:
        raise (CursorLost() if said.result in _LOST else said) from None
    if seen.there is not None:
        seen.there = {id_ for id_, _csn, _entry in await _all(connection)}
    return seen


def cookie(numbers: str) -> str:
    """As slapd reads it."""
    return f"rid=000,csn={numbers}"


# --- comparing


async def _compared(connection: Connection, place_: str) -> _Seen:
    """Everybody's number against the place's: the latest number of all. Raises Said, Broken."""
    latest = max(place_.split(";"))
    rows = await _all(connection, _WATCHED)
    there = {id_ for id_, _csn, entry in rows if not _is_unit(entry)}
    return _Seen({id_: entry for id_, csn, entry in rows if csn > latest}, set(), there)


async def _all(connection: Connection, text_: str = PEOPLE) -> list[tuple[str, str, Entry]]:
    """Id, change number and what else is wanted of everybody."""
    wanted = ("entryUUID", "entryCSN", *_ATTRIBUTES)
    found = await connection.search(connection.settings.base, SUBTREE, text_, wanted)
    return [
        (hex_of(text(entry, "entryUUID")), text(entry, "entryCSN"), entry) for _dn, entry in found
    ]
