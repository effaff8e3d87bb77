"""What every step needs: the parts, who is asking, and the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import Entry, Event


@dataclass(frozen=True, slots=True)
class Act:
    """One caller doing one thing at one moment.

    Attributes:
        now: the moment, read once, so that everything a transaction stores agrees.
        actor: the staff member who does it, or None for the person themselves.
    """

    parts: Parts
    caller: Caller
    now: int
    actor: User | None = None

    @property
    def tenant(self) -> Tenant:
        """Whose wall this is inside of."""
        return self.caller.tenant

    def id(self) -> str:
        """A fresh row id."""
        return self.parts.random.id(self.now)


def begin(parts: Parts, caller: Caller, actor: User | None = None) -> Act:
    """An act that happens now."""
    return Act(parts=parts, caller=caller, now=parts.clock.now(), actor=actor)


def across(act: Act, tenant: Tenant) -> Act:
    """The same moment in another tenant, whose trail is not told by whom nor from where."""
    return Act(act.parts, Caller(tenant, "", (), "", ""), act.now)


def record(
    tx: Tx, act: Act, event: Event, user: User | None, facts: Mapping[str, object] | None = None
) -> None:
    """Write one row of the audit trail. The decoy of an absent name is nobody."""
    tx.audit.add(row(act, event, user, facts))


def row(
    act: Act, event: Event, user: User | None, facts: Mapping[str, object] | None = None
) -> Entry:
    """A row of the audit trail, for whoever writes many at once."""
    known = user is not None and user.id != act.tenant.id
    whose = {"provider": act.caller.provider} if act.actor and act.caller.provider else {}
    return Entry(
        id=act.id(),
        tenant_id=act.tenant.id,
        at=act.now,
        event=event,
        user_id=user.id if user is not None and known else None,
        actor_id=act.actor.id if act.actor else None,
        ip=act.caller.ip,
        client=act.caller.client_name,
        facts={**(facts or {}), **whose},
    )
