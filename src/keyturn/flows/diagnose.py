"""Diagnosis on demand: why somebody cannot get in, for staff and for the command line."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import Diagnosis, Facts, Symptom, diagnose
from keyturn.rules.events import Event
from keyturn.steps import lanes
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.naming import is_id, name_of

__all__ = ["Diagnosed", "Subject", "collect", "diagnose_user"]


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """The answer: speak it with `rules.diagnosis.words`.

    Attributes:
        user: whose name it is; None for a name that nobody has, which is an answer too.
        facts: all that was looked at; `diagnosis` says what it means.
        at: the moment it holds for.
    """

    user: User | None
    facts: Facts
    diagnosis: Diagnosis
    at: int


async def diagnose_user(
    parts: Parts, staff: Staff, typed: str, symptom: Symptom | None = None
) -> Diagnosed:
    """Why the person who types this name cannot get in. That somebody asked is recorded.

    Args:
        typed: any of the person's names as they type it, or a user's id.
        symptom: what the person runs into; None considers everything.
    """
    return await parts.store.write(
        lambda tx: _diagnose(tx, begin(parts, staff.caller, staff.user), typed, symptom)
    )


def _diagnose(tx: Tx, act: Act, typed: str, symptom: Symptom | None) -> Diagnosed:
    tenant_id = act.tenant.id
    by_id = tx.users.get(tenant_id, typed) if is_id(typed) and typed != tenant_id else None
    name = name_of(act.parts, act.tenant, typed) or ""
    user = by_id or lanes.look(tx, act, name)[0].user
    facts = collect(tx, act, Subject(user=user, typed="" if by_id else typed))
    record(tx, act, Event.DIAGNOSED, user)
    known = user if user.id != tenant_id else None
    return Diagnosed(known, facts, diagnose(facts, act.now, symptom), act.now)
