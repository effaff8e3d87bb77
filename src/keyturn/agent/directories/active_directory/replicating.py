"""Whom a controller takes changes from, how that goes, and what of theirs it lacks, as the
controllers themselves keep it; nothing is written to find out.

`repsFrom` of the domain's head holds, for each partner, when its changes were last taken, how often
that failed since, and why (REPS_FROM, MS-DRSR 5.169; MS-ADTS 3.1.1.1.13).  `replUpToDateVector`
holds up to which number of each controller's own writes everything is there (MS-DRSR 5.165).  Both
are not replicated: each controller answers for itself.  Reading them takes the right to read the
domain object.

A partner has something new if its highest number is beyond what was taken from it.  That may be
nothing that is ever handed on (each failed logon takes a number), so what was written since is
looked at, and counts if the vector does not have it: its age is the delay.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import ldap

from keyturn.agent.directories.active_directory import metadata
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import SUBTREE, Said
from keyturn.agent.directories.ldap.values import Entry, number, text
from keyturn.rules.directories.health.facts import Partner

#: dwVersion, dwReserved0, cb, cConsecutiveFailures, timeLastSuccess, timeLastAttempt (s since
#: 1601), ulResultLastAttempt; further on usnvec.usnHighPropUpdate, uuidDsaObj: the same places in
#: versions 1 and 2
_HEAD: Final = struct.Struct("<IIIIqqI")
_TAKEN: Final = struct.Struct("<Q")
_TAKEN_AT: Final = 152
_SOURCE: Final = slice(160, 176)
_VERSIONS: Final = {1, 2}
#: dwVersion, dwReserved1, cNumCursors, dwReserved2; the size of a cursor by version
_VECTOR: Final = struct.Struct("<IIII")
_CURSOR: Final = struct.Struct("<16sQ")
_CURSOR_SIZE: Final = {1: 24, 2: 32}
_EPOCH_S: Final = 11_644_473_600
_SETTINGS: Final = "(objectClass=nTDSDSA)"
#: entries of a partner that are looked at: the oldest of very many that wait may be older still
_MOST: Final = 200


class Unreadable(ValueError):
    """No REPS_FROM, no vector, that anybody has described."""


@dataclass(frozen=True, slots=True)
class Source:
    """One value of repsFrom.

    Attributes:
        settings: objectGUID of the partner's NTDS settings.
        success_ms: of the last success, ms since the epoch by the controller's clock; None: there
            never was one. failures: since then. error: Windows error code of the last try.
        taken: the partner's number up to which all that it had was taken.
    """

    settings: bytes
    success_ms: int | None
    failures: int
    error: int
    taken: int


@dataclass(frozen=True, slots=True)
class State:
    """How one controller replicates.

    Attributes:
        sources: by the partner's DNS name.
        vector: by invocationId, up to which number of its own writes everything is there.
    """

    sources: Mapping[str, Source]
    vector: Mapping[bytes, int]


def source(value: bytes) -> Source:
    """Raises Unreadable."""
    if len(value) < _SOURCE.stop:
        raise Unreadable
    version, _zero, _size, failures, success, _tried, error = _HEAD.unpack_from(value)
    if version not in _VERSIONS:
        raise Unreadable
    (taken,) = _TAKEN.unpack_from(value, _TAKEN_AT)
    success_ms = (success - _EPOCH_S) * 1000 if success > 0 else None
    # an error is kept after a success, until the next try: it is told of what fails only
    return Source(value[_SOURCE], success_ms, failures, error if failures else 0, taken)


def vector(value: bytes) -> Mapping[bytes, int]:
    """Raises Unreadable."""
    try:
        version, _zero, count, _zero = _VECTOR.unpack_from(value)
        size = _CURSOR_SIZE[version]
        places = range(_VECTOR.size, _VECTOR.size + count * size, size)
        return dict(_CURSOR.unpack_from(value, at) for at in places)
    except (struct.error, KeyError) as error:
        raise Unreadable from error


async def state(connection: Connection) -> State | None:
    """Of the controller at the other end of this connection; None: it does not tell.

    Raises Broken.
    """
    try:
        _name, head = await connection.read(
            connection.root.base, ("repsFrom", "replUpToDateVector")
        )
        known = await _controllers(connection)
        found = [source(value) for value in head.get("repsFrom", ())]
        known_of = vector(next(iter(head.get("replUpToDateVector", ())), _NO_VECTOR))
    except (Said, Unreadable):
        return None
    if not found and len(known) > 1:  # others are there: it has partners, and they are not shown
        return None
    return State({known[one.settings]: one for one in found if one.settings in known}, known_of)


_NO_VECTOR: Final = _VECTOR.pack(2, 0, 0, 0)


def partner(host: str, one: Source, now: int, lag_ms: int | None) -> Partner:
    """A partner as it is told.

    Args:
        now: by the controller's clock, ms since the epoch. lag_ms: of `lag`.
    """
    silent = None if one.success_ms is None else max(0, now - one.success_ms)
    return Partner(host, silent, one.failures, one.error, lag_ms)


async def lag(
    connection: Connection, taken: int, there: Mapping[bytes, int], own: bytes, now: int
) -> int | None:
    """How old the oldest is that a controller lacks of a partner, ms; 0: it lacks nothing; None:
    the partner does not tell.

    Args:
        connection: to the partner. taken, there: of the controller (Source.taken, State.vector).
        own: the controller's invocationId: what began there it has.
        now: ms since the epoch, as `partner` has it.

    Raises Broken.
    """
    try:
        _name, root = await connection.read("", ("highestCommittedUSN",))
        highest = number(root, "highestCommittedUSN")
        if highest is None or highest <= taken:
            return None if highest is None else 0
        since = f"(uSNChanged>={taken + 1})"
        entries = await connection.search(
            connection.root.base, SUBTREE, since, ["replPropertyMetaData"], most=_MOST
        )
        writes = [write for _dn, entry in entries for write in metadata.writes(entry)]
    except (Said, metadata.Unreadable):
        return None
    lacking = [at for origin, usn, at in writes if origin != own and usn > there.get(origin, 0)]
    return max(0, now - min(lacking)) if lacking else 0


async def invocation(connection: Connection) -> bytes:
    """The invocationId of the controller at the other end; b"" if it does not tell.

    Raises Broken.
    """
    try:
        _name, root = await connection.read("", ("dsServiceName",))
        _name, settings = await connection.read(text(root, "dsServiceName"), ("invocationId",))
    except Said:
        return b""
    return next(iter(settings.get("invocationId", ())), b"")


async def _controllers(connection: Connection) -> Mapping[bytes, str]:
    """DNS names of all that have NTDS settings, by the settings' objectGUID."""
    sites = f"CN=Sites,{connection.root.configuration}"
    settings = await connection.search(sites, SUBTREE, _SETTINGS, ["objectGUID"])
    servers = await connection.search(sites, SUBTREE, "(objectClass=server)", ["dNSHostName"])
    names = {dn.lower(): _host(dn, entry) for dn, entry in servers}
    owned = ((entry.get("objectGUID", [b""])[0], _above(dn).lower()) for dn, entry in settings)
    return {guid: names[server] for guid, server in owned if server in names}


def _above(dn: str) -> str:
    """The distinguished name above."""
    above: str = ldap.dn.dn2str(ldap.dn.str2dn(dn)[1:])
    return above


def _host(dn: str, server: Entry) -> str:
    """As topology.py names it."""
    return (text(server, "dNSHostName") or ldap.dn.str2dn(dn)[0][0][1]).lower()
