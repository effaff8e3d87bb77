"""Keys of a tenant's programs: made, listed, revoked, and shown.

Whoever shows one that was revoked hears what whoever shows one that never was hears, after the
same statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules import api_keys as rules
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.api_keys import ApiKey, Scope
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.steps import api_keys as steps
from keyturn.steps.acts import begin, record


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Owners alone make, see and revoke keys."""

    why: Why


@dataclass(frozen=True, slots=True)
class BadName:
    """No key can be called like that."""


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Another key is called like that."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such key in this tenant, or it was revoked before."""


@dataclass(frozen=True, slots=True)
class Made:
    """The key. `key`: shown now and never again; stored nowhere but as a digest."""

    stored: ApiKey
    key: str = field(repr=False)


async def everyone(parts: Parts, staff: Staff) -> Sequence[ApiKey] | NotAllowed:
    """The tenant's keys that open something, by name."""
    if (why := lacking(staff, Action.API_KEYS, None, 0)) is not None:
        return NotAllowed(why)
    return await parts.store.read(lambda tx: tx.api_keys.all(staff.caller.tenant.id))


async def add(
    parts: Parts, staff: Staff, typed: str, scope: Scope = Scope.VERIFY
) -> Made | BadName | NameTaken | NotAllowed:
    """A new key for the system that is called so. `scope`: what it opens."""
    if (why := hindrance(staff, Action.API_KEYS, None, 0)) is not None:
        return NotAllowed(why)
    name, key = rules.name(typed), steps.fresh(parts, scope)
    if name is None:
        return BadName()

    def step(tx: Tx) -> Made:
        act = begin(parts, staff.caller, staff.user)
        made = ApiKey(
            id=act.id(), tenant_id=act.tenant.id, name=name, hint=rules.hint(key),
            digest=steps.digest(parts, key), made_at=act.now,
        )  # fmt: skip
        tx.api_keys.add(made)
        record(tx, act, Event.KEY_MADE, None, {"key": name, "begins": made.hint})
        return Made(made, key)

    try:
        return await parts.store.write(step)
    except Taken:
        return NameTaken()


async def revoke(parts: Parts, staff: Staff, key_id: str) -> ApiKey | NotFound | NotAllowed:
    """The key opens nothing from this moment on."""
    if (why := hindrance(staff, Action.API_KEYS, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> ApiKey | NotFound:
        act = begin(parts, staff.caller, staff.user)
        gone = tx.api_keys.revoke(act.tenant.id, key_id, act.now)
        if gone is None:
            return NotFound()
        record(tx, act, Event.KEY_REVOKED, None, {"key": gone.name, "begins": gone.hint})
        return gone

    return await parts.store.write(step)


async def authenticate(
    parts: Parts, caller: Caller, shown: str, scope: Scope = Scope.VERIFY
) -> ApiKey | None:
    """Whose key it is; None: nobody's in this tenant, or it opens something else. Nothing is
    stored: what the request asks for may not even be readable.
    """
    if not rules.is_key(shown) or not shown.startswith(scope):
        return None
    digest = steps.digest(parts, shown)
    return await parts.store.read(lambda tx: tx.api_keys.find(caller.tenant.id, digest))
