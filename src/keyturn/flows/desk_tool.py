"""Who works on cases through a help desk's own tool: one of the tenant's technicians, whom the
tool names, by a key of the tenant that opens cases.

The tool answers for who sits before it, as the tenant's owner has said by making the key.  Whoever
it names has to be of staff here, in use, and may do what a technician may, whatever their role: so
nobody of a higher role is worked on by it.  A colleague's word is not given by it, but on their own
page: else whoever has the key could give every word.

What is dangerous (a new phone, taking a number off) needs the technician's second step, shown with
that very request: a code, which is used up by it.  A key shows none, and no session of theirs is
given into the tool's hands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import Locked
from keyturn.steps import second
from keyturn.steps.acts import begin, record
from keyturn.steps.naming import name_of


@dataclass(frozen=True, slots=True)
class NoTechnician:
    """Nobody of that name may work on cases here."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """That was no second step of theirs. `until`: before then no code of theirs is looked at."""

    until: int | None = None


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


async def prove(parts: Parts, staff: Staff, code: str) -> Staff | Unproved | NoTechnician:
    """The technician shows that it is they: an authenticator's code, one that their phone shows, or
    a saved one. Wrong ones count as at every sign-in.

    Returns: the same staff, who have shown their second step just now.
    """

    def step(tx: Tx) -> Staff | Unproved | NoTechnician:
        act = begin(parts, staff.caller)
        user = tx.users.lock(act.tenant.id, staff.user.id) if staff.user else None
        if user is None or not _works(tx, user):
            return NoTechnician()
        found = second.attempt(tx, act, user, code)
        if isinstance(found, Locked):
            return Unproved(found.until)
        if not found:
            return Unproved()
        record(tx, act, Event.SECOND_PASSED, user, {"by": "code", "key": act.caller.client_name})
        return replace(staff, user=user, fresh=True)

    return await parts.store.write(step)


async def enter(parts: Parts, key: ApiKey) -> bool:
    """The key is used now; whether it still opens anything."""
    now = parts.clock.now()
    return await parts.store.write(lambda tx: tx.api_keys.used(key.tenant_id, key.id, now))


def _works(tx: Tx, user: User) -> bool:
    """Whether somebody may work on cases now."""
    role = tx.roles.of_user(user.id).get(user.tenant_id)
    alive = user.state is UserState.ACTIVE and user.frozen_at is None
    return alive and role is not None and Action.VERIFY in ALLOWED[role]
