"""One change.

A new password is one Password Modify operation (RFC 3062): slapd hashes it, and slapd's policy
ends a lock, the failures and "must change" with it, all in one write.  An unlock or a required
change alone is one modify.  A *temporary* password is neither: "must change" has to be written
after the password, or the password's own write takes it away.  So it is three writes, in the
order in which nobody gets in before the last:

    close    pwdStartTime = CLOSED: nobody signs in, whatever the password
    set      the password
    open     pwdReset = TRUE and no pwdStartTime, in one write

Whatever is cut off in between leaves the account closed, and the directory itself says so: its
stamp follows no other (stamps.py), so that an `Uncertain` change is settled as "changed", never
as "done"; a look shows it as locked, and an unlock, or the next reset, opens it.  An unlock of such
an account requires a change: it may hold a temporary password.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import ldap

from keyturn.agent.directories.ldap.connection import SUBTREE, Broken, Modification, Said
from keyturn.agent.directories.ldap.values import Entry, text
from keyturn.agent.directories.openldap import stamps
from keyturn.agent.directories.openldap.accounts import STANDING, entry_of, guard, not_read
from keyturn.agent.directories.openldap.connection import PPOLICY, Connection, answer
from keyturn.agent.directories.openldap.policies import Binding
from keyturn.agent.directories.openldap.values import micros
from keyturn.agent.ports import Change, NotFound, Refused, Uncertain
from keyturn.rules.directories.answers import Refusal
from keyturn.rules.directories.policies import typable
from keyturn.rules.directories.ppolicy import Rule, must_change_binds, refusal

#: a second, and what the clock that slapd reads (a coarse one) may be behind
_SECOND_MS = 1000 + 50

#: what was there is not there any more; what was not is there
_QUICKER = {ldap.NO_SUCH_ATTRIBUTE.errnum, ldap.TYPE_OR_VALUE_EXISTS.errnum}

_LOCK, _START, _RESET = "pwdAccountLockedTime", "pwdStartTime", "pwdReset"
_MUST_CHANGE: Modification = (ldap.MOD_REPLACE, _RESET, [b"TRUE"])
_CLOSE: Modification = (ldap.MOD_ADD, _START, [stamps.CLOSED.encode()])
_OPEN: Modification = (ldap.MOD_DELETE, _START, [stamps.CLOSED.encode()])


@dataclass(frozen=True, slots=True)
class Target:
    """The account as it was just before. rule: what binds it, None if that cannot be read."""

    dn: str
    entry: Entry
    rule: Rule | None


async def allow(
    connection: Connection, guid: str, change: Change, now: Callable[[], int]
) -> Target:
    """Read, just before, whether it may be set at all; what the look showed may be old.

    It also shows that the connection lives.  Raises Refused, NotFound, Unreachable, Broken.
    """
    if change == Change() or (change.password is not None and not typable(change.password)):
        raise Refused(Refusal("malformed"))
    dn, entry = await _in_another_second(connection, guid, change, now)
    if why := await guard(connection, dn, entry):
        raise Refused(Refusal("protected", {"why": why}))
    rule = await Binding(connection).rule(entry)
    opens = change.unlock and change.password is None and stamps.unfinished(entry)
    if (change.must_change or opens) and (why := must_change_binds(rule)):
        raise Refused(Refusal("unwilling", {"why": why}, "a required change would not bind"))
    if change.password is not None:
        await _provable(connection, entry)
        if change.must_change and text(entry, _START) not in {"", stamps.CLOSED}:
            raise Refused(Refusal("unwilling", {}, "pwdStartTime is set by somebody else"))
    return Target(dn, entry, rule)


async def _in_another_second(
    connection: Connection, guid: str, change: Change, now: Callable[[], int]
) -> tuple[str, Entry]:
    """The entry, once the second of its last change is over: two changes in one would be one stamp.

    slapd's clock had come to that second when the entry was read, so that one second is enough,
    however far its clock is from ours. Then it is read anew, because much may happen in one.
    Raises NotFound, Unreachable, Broken.
    """
    waited: int | None = None
    while True:
        dn, entry = await entry_of(connection, guid, STANDING)
        changed = micros(text(entry, "pwdChangedTime"))
        if change.password is None or changed is None or changed == waited:
            return dn, entry
        surely = now() - connection.settings.skew_ms  # slapd's clock has passed that
        left = min(changed // 1000 + _SECOND_MS - surely, _SECOND_MS)
        if left <= 0:
            return dn, entry
        await asyncio.sleep(left / 1000)
        waited = changed


async def _provable(connection: Connection, entry: Entry) -> None:
    """Without the policy overlay, or where we may not see when a password was changed, what became
    of a change could never be told.  Raises Refused, Unreachable, Broken.
    """
    if PPOLICY not in connection.root.controls:
        raise Refused(Refusal("unwilling", {}, "slapo-ppolicy is not there"))
    if text(entry, "pwdChangedTime"):
        return
    try:
        seen = await connection.search(
            connection.settings.base, SUBTREE, "(pwdChangedTime=*)", ["pwdChangedTime"], most=1
        )
    except Said as said:
        raise not_read(connection, said) from None
    if not any(text(other, "pwdChangedTime") for _dn, other in seen):
        raise Refused(Refusal("no_right", {}, "pwdChangedTime is not shown"))


async def send(connection: Connection, guid: str, change: Change, target: Target) -> None:
    """Raises Refused, NotFound (nothing was changed); Uncertain when an answer is missing, or what
    was begun could not be taken back.
    """
    sending = _Sending(connection, guid, target)
    try:
        await sending.make(change)
    except Broken as error:
        raise Uncertain(str(error)) from None


class _Sending:
    """The writes of one change."""

    def __init__(self, connection: Connection, guid: str, target: Target) -> None:
        self._connection, self._guid, self._target = connection, guid, target
        self._closed = stamps.unfinished(target.entry)

    async def make(self, change: Change) -> None:
        """Raises Refused, NotFound, Uncertain, Broken."""
        if change.password is None:
            await self._flags(change)
        elif change.must_change:
            await self._temporary(change.password)
        else:
            await self._lasting(change.password)

    async def _flags(self, change: Change) -> None:
        """Unlock, require a change, or both."""
        changes: list[Modification] = []
        if change.unlock and text(self._target.entry, _LOCK):
            changes.append((ldap.MOD_DELETE, _LOCK, None))
        if change.unlock and self._closed:
            changes.append(_OPEN)
        if change.must_change or (change.unlock and self._closed):
            changes.append(_MUST_CHANGE)
        if changes:  # or it is so already
            await self._modify(*changes)

    async def _lasting(self, password: str) -> None:
        """One write, but for an account that somebody left closed."""
        await self._set(password)
        if self._closed:
            await self._surely(_OPEN)

    async def _temporary(self, password: str) -> None:
        if not self._closed:
            await self._modify(_CLOSE)
        try:
            await self._set(password)
        except (Refused, NotFound):
            if not self._closed:
                await self._surely(_OPEN)  # nothing else was changed
            raise
        await self._surely(_OPEN, _MUST_CHANGE)

    async def _set(self, password: str) -> None:
        try:
            await self._connection.set_password(self._target.dn, password)
        except Said as said:
            raise self._refused(said) from None

    async def _modify(self, *changes: Modification) -> None:
        try:
            await self._connection.change(self._target.dn, changes)
        except Said as said:
            raise self._refused(said) from None

    async def _surely(self, *changes: Modification) -> None:
        """What must follow: a refusal of it leaves the account closed, and half of it done."""
        try:
            await self._modify(*changes)
        except (Refused, NotFound) as half:
            raise Uncertain(str(half)) from None

    def _refused(self, said: Said) -> Refused | NotFound:
        if said.result == ldap.NO_SUCH_OBJECT.errnum:
            return NotFound(self._guid)
        if said.result in _QUICKER:  # somebody was quicker: look again
            return Refused(Refusal("busy", {}, said.diagnostic))
        told = answer(said)
        return Refused(refusal(told.result, told.diagnostic, told.error, self._target.rule))
