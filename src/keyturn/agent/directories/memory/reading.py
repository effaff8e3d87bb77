"""The port's `Source` on a pretend domain.

It tells what changed by comparing with what it has shown before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from keyturn.agent.directories.memory.accounts import CONTROL, LAST_SET, LOCKED, Held
from keyturn.agent.directories.memory.controllers import MemoryController
from keyturn.agent.directories.memory.domain import MemoryDomain
from keyturn.agent.ports import CursorLost, ScopeGone
from keyturn.rules.directories.entries import PAGE, Changes, Entry, Roll, Scope

#: 2000-01-01, when accounts that have expired did so
_LONG_PAST = 946_684_800_000


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a cursor stands for: everybody then, whatever the scope, with all their groups."""

    entries: Mapping[str, Entry]
    shape: int


class MemorySource:
    """Everybody in a `MemoryDomain`. Cursors are good at each of its controllers, and for every
    source on it.
    """

    def __init__(self, domain: MemoryDomain) -> None:
        self._domain = domain
        self._shown: dict[bytes, _Shown] = domain.tree.shown
        self._noticed: dict[str, int] = {}

    async def roll(self, server: str, scope: Scope) -> Roll:
        held = await self._reach(server, "roll")
        self._refuse_gone(scope)
        entries = self._entries(held)
        cursor = self._remember(_Shown(entries, self._domain.tree.shape))
        return Roll(tuple(map(bytes.fromhex, _kept(entries, entries, scope))), cursor)

    async def read(self, server: str, ids: Sequence[str], scope: Scope) -> Sequence[Entry]:
        held = await self._reach(server, "read")
        self._refuse_gone(scope)
        return tuple(_kept(self._entries(held), ids, scope).values())

    async def changes(self, server: str, cursor: bytes, scope: Scope) -> Changes:
        held = await self._reach(server, "changes")
        if cursor not in self._shown:
            raise CursorLost
        self._refuse_gone(scope)
        before, now = self._shown[cursor], self._entries(held)
        ids = before.entries.keys() | now.keys()
        differ = sorted(id_ for id_ in ids if before.entries.get(id_) != now.get(id_))
        some = differ[:PAGE]
        rest = {id_: before.entries[id_] for id_ in differ[PAGE:] if id_ in before.entries}
        told = {id_: now[id_] for id_ in now if id_ not in differ[PAGE:]} | rest
        kept = _kept(now, some, scope)
        return Changes(
            entries=tuple(kept.values()),
            gone=tuple(id_ for id_ in some if id_ not in kept),
            cursor=self._remember(_Shown(told, self._domain.tree.shape)),
            more=len(differ) > PAGE,
            whole=self._domain.tree.shape != before.shape,
        )

    async def noticed(self, server: str) -> None:
        await self._reach(server, "noticed")
        tree = self._domain.tree
        self._noticed[server] = await tree.written(self._noticed.get(server))

    async def _reach(self, host: str, call: str) -> MemoryController:
        """The controller, as it is once the call gets there."""
        self._domain.controller(host)
        await self._domain.held_up(host, call)
        return self._domain.controller(host)

    def _refuse_gone(self, scope: Scope) -> None:
        tree = self._domain.tree
        for names, known in ((scope.units, tree.units), (scope.groups, tree.groups)):
            for name in names:
                if name.casefold() not in map(str.casefold, known):
                    raise ScopeGone(name)

    def _remember(self, shown: _Shown) -> bytes:
        cursor = str(len(self._shown)).encode()
        self._shown[cursor] = shown
        return cursor

    def _entries(self, controller: MemoryController) -> dict[str, Entry]:
        return {guid: self._entry(held) for guid, held in controller.held.items()}

    def _entry(self, held: Held) -> Entry:
        values, policy = held.values, held.policy
        set_at, locked_at = values[LAST_SET], values[LOCKED] or None
        lasting = policy.lockout_ms if policy else 0
        ages = policy and policy.max_age_ms and held.must_change_binds == ""
        return Entry(
            id=held.guid,
            name=held.name,
            upn=held.upn,
            display=held.display,
            mail=held.mail,
            phone=held.phone,
            unit=held.dn.partition(",")[2],
            disabled="disabled" in values[CONTROL],
            must_change=set_at == 0 and held.must_change_binds != "never_expires",
            locked_at=locked_at,
            locked_until=(locked_at + lasting if lasting else 0) if locked_at else None,
            password_set_at=set_at or None,
            password_expires_at=set_at + policy.max_age_ms if policy and ages and set_at else None,
            expires_at=_LONG_PAST if "expired" in values[CONTROL] else None,
            groups=tuple(sorted(self._domain.tree.memberships(held.guid))),
        )


def _kept(entries: Mapping[str, Entry], ids: Collection[str], scope: Scope) -> dict[str, Entry]:
    """Those that exist and are in scope, ascending, each with the chosen groups it is in."""
    found = {}
    for id_ in sorted(set(ids) & entries.keys()):
        within = _within(entries[id_].groups, scope.groups)
        if _below(entries[id_].unit, scope.units) and (within or not scope.groups):
            found[id_] = replace(entries[id_], groups=within)
    return found


def _below(unit: str, units: Collection[str]) -> bool:
    path = f",{unit.casefold()}"
    return not units or any(path.endswith(f",{each.casefold()}") for each in units)


def _within(groups: Collection[str], chosen: Collection[str]) -> tuple[str, ...]:
    known = set(map(str.casefold, groups))
    return tuple(sorted(name for name in chosen if name.casefold() in known))
