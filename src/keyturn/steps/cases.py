"""Opening a case: a reference nobody else has, and a row in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Case, User
from keyturn.rules.cases import LENGTH, reference
from keyturn.rules.events import Event
from keyturn.steps.acts import Act, record

OPEN = "open"


def open_case(
    tx: Tx,
    act: Act,
    user: User | None,
    *,
    identifier: str,
    contact: str,
    note: str,
    facts: Mapping[str, object],
) -> Case:
    """A new case.

    Args:
        user: whom it concerns; None for a name that nobody has.
        identifier, contact, note: as typed, bounded by the door.
        facts: what the diagnosis knew at this moment.
    """
    ref = reference(act.parts.random.letters(LENGTH))
    while tx.cases.get(act.tenant.id, ref) is not None:
        ref = reference(act.parts.random.letters(LENGTH))
    case = Case(
        id=act.id(),
        ref=ref,
        tenant_id=act.tenant.id,
        user_id=user.id if user is not None and user.id != act.tenant.id else None,
        identifier=identifier,
        state=OPEN,
        contact=contact,
        note=note,
        facts=facts,
        created_at=act.now,
    )
    tx.cases.add(case)
    record(tx, act, Event.CASE_OPENED, user, {"ref": ref})
    return case
