"""OUs and groups of a pretend domain, and what happens to accounts as a whole.

All of it is so at every controller at once: what arrives late is the business of passwords.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from keyturn.agent.directories.memory.controllers import MemoryController


class Tree:
    """Where accounts are and what they belong to.

    Attributes:
        units: distinguished names of OUs.
        groups: members by the group's distinguished name: guids, and names of further groups.
        shape: counts what concerns accounts that are not written themselves: OUs that were renamed,
            groups within groups.
        version: counts every write.
        shown: what sources have told, by cursor (reading.py).
    """

    def __init__(self, base: str, controllers: Mapping[str, MemoryController]) -> None:
        self.units = {base, f"OU=Staff,{base}"}
        self.groups: dict[str, set[str]] = {}
        self.shape = 0
        self.version = 0
        self.shown: dict[bytes, Any] = {}
        self._base = base
        self._controllers = controllers
        self._wrote = asyncio.Event()
        for each in controllers.values():
            each.wrote = self._ring

    # --- by hand

    def unit(self, name: str) -> str:
        """A new OU below the domain; its distinguished name."""
        dn = f"OU={name},{self._base}"
        self.units.add(dn)
        return dn

    def rename_unit(self, dn: str, name: str) -> str:
        """Give an OU without others in it another name; its distinguished name."""
        self.units.remove(dn)
        new = self.unit(name)
        for each in self._controllers.values():
            for guid, held in each.held.items():
                if held.dn.endswith(f",{dn}"):
                    each.held[guid] = replace(held, dn=held.dn.removesuffix(dn) + new)
        self.shape += 1
        self._ring()
        return new

    def group(self, name: str) -> str:
        """A new group without members; its distinguished name."""
        dn = f"CN={name},{self._base}"
        self.groups[dn] = set()
        return dn

    def join(self, group: str, member: str) -> None:
        """Put somebody (guid), or another group, into a group."""
        self.groups[group].add(member)
        self._regrouped(member)

    def leave(self, group: str, member: str) -> None:
        """Take a member out."""
        self.groups[group].discard(member)
        self._regrouped(member)

    def _regrouped(self, member: str) -> None:
        self.shape += member in self.groups
        self._ring()

    def delete(self, guid: str) -> None:
        """An account, for good."""
        for each in self._controllers.values():
            each.held.pop(guid, None)
        self._ring()

    def move(self, guid: str, unit: str) -> None:
        """An account to another OU."""
        for each in self._controllers.values():
            held = each.get(guid)
            each.held[guid] = replace(held, dn=f"{held.dn.partition(',')[0]},{unit}")
        self._ring()

    def describe(self, guid: str, **what: Any) -> None:
        """Write what people know of an account: `display`, `mail`, `phone`, `upn`."""
        for each in self._controllers.values():
            each.held[guid] = replace(each.get(guid), **what)
        self._ring()

    # --- read

    def memberships(self, guid: str) -> frozenset[str]:
        """The groups somebody is in, through groups within groups."""
        found: set[str] = set()
        ahead = [guid]
        while ahead:
            for group in self._holding(ahead.pop()):
                if group not in found:
                    found.add(group)
                    ahead.append(group)
        return frozenset(found)

    def _holding(self, member: str) -> Iterator[str]:
        return (group for group, members in self.groups.items() if member in members)

    async def written(self, since: int | None) -> int:
        """Wait for a write after version `since`; the version now. None: at once."""
        while self.version == since:
            await self._wrote.wait()
        return self.version

    def _ring(self) -> None:
        self.version += 1
        self._wrote.set()
        self._wrote = asyncio.Event()
