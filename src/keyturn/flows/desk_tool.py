"""Who works on cases through a help desk's own tool: one of the tenant's technicians, whom the
tool names, by a key of the tenant that opens cases.

The tool answers for who sits before it, as the tenant's owner has said by making the key.  Whoever
it names has to be of staff here, in use, and may do what a technician may, whatever their role: so
nobody of a higher role is worked on by it.  A colleague's word is not given by it, but on their own
page: else whoever has the key could give every word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.callers import Caller
from keyturn.steps.naming import name_of


@dataclass(frozen=True, slots=True)
class NoTechnician:
    """Nobody of that name may work on cases here."""


async def technician(
    parts: Parts, caller: Caller, key: ApiKey, typed: str
) -> Staff | NoTechnician:  # fmt: skip
    """Whoever is at the tool, with a technician's rights. Nothing is stored: what is asked for may
    not even be readable.

    Args:
        key: as authenticated. typed: the technician's user name.
    """
    name = name_of(parts, caller.tenant, typed)
    through = replace(caller, client_name=key.name)

    def step(tx: Tx) -> Staff | NoTechnician:
        user = tx.users.named(key.tenant_id, name) if name else None
        if user is None or not _works(tx, user):
            return NoTechnician()
        return Staff(caller=through, user=user, role=Role.TECHNICIAN, level=2)

    return await parts.store.read(step)


async def enter(parts: Parts, key: ApiKey) -> bool:
    """The key is used now; whether it still opens anything."""
    now = parts.clock.now()
    return await parts.store.write(lambda tx: tx.api_keys.used(key.tenant_id, key.id, now))


def _works(tx: Tx, user: User) -> bool:
    """Whether somebody may work on cases now."""
    role = tx.roles.of_user(user.id).get(user.tenant_id)
    alive = user.state is UserState.ACTIVE and user.frozen_at is None
    return alive and role is not None and Action.VERIFY in ALLOWED[role]
