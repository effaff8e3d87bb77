"""One change: one modify, sent once."""

from __future__ import annotations

import ldap
from ldap.controls import LDAPControl

from keyturn.agent.directories.active_directory.accounts import STANDING, entry_of, standing
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.policies import hints
from keyturn.agent.directories.active_directory.values import by_guid
from keyturn.agent.directories.ldap.connection import Broken, Modification, Said
from keyturn.agent.ports import Change, NotFound, Refused, Uncertain
from keyturn.rules.directories.answers import Refusal, refusal
from keyturn.rules.directories.policies import typable
from keyturn.rules.directories.protected import protected

_BIND_TO_POLICY = b"\x30\x03\x02\x01\x01"  # SEQUENCE { INTEGER 1 }


async def allow(connection: Connection, guid: str, change: Change) -> None:
    """Read, just before, whether it may be set at all; what the look showed may be old.

    It also shows that the connection lives.  Raises Refused, NotFound, Unreachable, Broken.
    """
    if change == Change() or (change.password is not None and not typable(change.password)):
        raise Refused(Refusal("malformed"))
    _dn, entry = await entry_of(connection, guid, STANDING)
    if why := protected(standing(connection, entry)):
        raise Refused(Refusal("protected", {"why": why}))


async def send(connection: Connection, guid: str, change: Change) -> None:
    """Raises Refused, NotFound; Uncertain when the answer is missing."""
    try:
        await connection.modify(
            by_guid(guid), _modifications(change), _controls(connection, change)
        )
    except Broken as error:
        raise Uncertain(str(error)) from None
    except Said as said:
        refused = refusal(said.result, said.diagnostic)
        raise NotFound(guid) if refused.reason == "gone" else Refused(refused) from None


def _modifications(change: Change) -> list[Modification]:
    found: list[Modification] = []
    if change.password is not None:
        found.append((ldap.MOD_REPLACE, "unicodePwd", [_quoted(change.password)]))
    if change.unlock:
        found.append((ldap.MOD_REPLACE, "lockoutTime", [b"0"]))
    if change.must_change:
        found.append((ldap.MOD_REPLACE, "pwdLastSet", [b"0"]))
    return found


def _quoted(password: str) -> bytes:
    """As unicodePwd wants it: in quotes, UTF-16LE (MS-ADTS 3.1.1.3.1.5.1)."""
    return f'"{password}"'.encode("utf-16-le")


def _controls(connection: Connection, change: Change) -> list[LDAPControl]:
    """Where it is supported, a reset is held to the history as a change is."""
    oid = hints(connection)
    if oid is None or change.password is None:
        return []
    return [LDAPControl(oid, True, encodedControlValue=_BIND_TO_POLICY)]
