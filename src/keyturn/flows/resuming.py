"""What staff had asked for when they were first to show that it is still they.

A form that was sent too long after the last proof is kept as it was, for this browser and this
person, and given back to them once they have shown their second step: nobody types it again. It
is kept as something to look at and send, and opens nothing: what it asks for is judged when it is
sent, like any other form.  What was typed is sealed: nobody says here what a form may hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import User
from keyturn.steps import openings
from keyturn.steps.acts import begin
from keyturn.steps.naming import is_id
from keyturn.steps.stepup import FRESH_MS

KIND = "resume"


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as it was sent.

    Attributes:
        path: where to, within the tenant.
        fields: what was in it.
        subject: the user of this tenant whom it is about, or None.
    """

    path: str
    fields: Mapping[str, str]
    subject: User | None


async def keep(
    parts: Parts, staff: Staff, path: str, fields: Mapping[str, str], subject: str
) -> None:
    """Keep a form for ten minutes, in place of one that this browser left before.

    Args:
        subject: the id of the user whom it is about; "" for none.
    """
    whose = staff.user.id if staff.user else None
    sealed = parts.sealer.seal(json.dumps(dict(fields)).encode(), _context(staff))
    data = {"path": path, "fields": sealed, "subject": subject}

    def step(tx: Tx) -> None:
        act = begin(parts, staff.caller, staff.user)
        openings.start(tx, act, KIND, "proof", whose, data, FRESH_MS)

    await parts.store.write(step)


async def kept(parts: Parts, staff: Staff) -> Asked | None:
    """What this person left in this browser within the last minutes."""

    def step(tx: Tx) -> Asked | None:
        act = begin(parts, staff.caller, staff.user)
        flow = openings.of(tx, act, KIND, staff.user.id if staff.user else "")
        if flow is None:
            return None
        subject = str(flow.data["subject"])
        known = is_id(subject) and subject != act.tenant.id
        return Asked(
            path=str(flow.data["path"]),
            fields=json.loads(parts.sealer.open(str(flow.data["fields"]), _context(staff))),
            subject=tx.users.get(act.tenant.id, subject) if known else None,
        )

    return await parts.store.read(step)


def _context(staff: Staff) -> str:
    return f"resume|{staff.caller.tenant.id}|{staff.user.id if staff.user else ''}"
