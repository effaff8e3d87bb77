"""Whether a directory's passwords sign people in: staff switch it on and off.

Off unless somebody has switched it on, because from then on anybody may have passwords tried at
the directory. Rights as in `rules.access`: owners and managers, who have shown just now that it
is they; a command on the host acts as an owner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.directories.things import Directory
from keyturn.rules.events import Event
from keyturn.steps import tenants
from keyturn.steps.acts import Act, begin, record

__all__ = ["NotAllowed", "NotFound", "Switched", "look", "switch"]


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such directory in this tenant."""


@dataclass(frozen=True, slots=True)
class Switched:
    """How it stands now."""

    directory: Directory
    on: bool


async def look(parts: Parts, staff: Staff, directory_id: str) -> Switched | NotFound:
    """Whether it is on, as stored now."""

    def step(tx: Tx) -> Switched | NotFound:
        tenant_id = staff.caller.tenant.id
        tenant = tx.tenants.get(tenant_id)
        directory = tx.directories.get(tenant_id, directory_id)
        if tenant is None or directory is None:
            return NotFound()
        return Switched(directory, directory.id in tenant.policy.directory_signin)

    return await parts.store.read(step)


async def switch(
    parts: Parts, staff: Staff, directory_id: str, *, on: bool
) -> Switched | NotAllowed | NotFound:
    """Switch it; doing so twice is doing it once."""
    if (why := hindrance(staff, Action.DIRECTORIES, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Switched | NotFound:
        act = begin(parts, staff.caller, staff.user)
        directory = tx.directories.get(act.tenant.id, directory_id)
        return _switched(tx, act, directory, on=on) if directory else NotFound()

    return await parts.store.write(step)


def _switched(tx: Tx, act: Act, directory: Directory, *, on: bool) -> Switched:
    """The tenant is read anew: other servers' commands may have changed it since."""
    tenant = tenants.held(tx, act)
    was = tenant.policy.directory_signin
    others = tuple(one for one in was if one != directory.id)
    after = (*others, directory.id) if on else others
    if set(after) != set(was):
        policy = replace(tenant.policy, directory_signin=after)
        tx.tenants.update(replace(tenant, policy=policy))
        facts = {"directory": directory.name, "on": on}
        record(tx, act, Event.DIRECTORY_SIGNIN, None, facts)
    return Switched(directory, on)
