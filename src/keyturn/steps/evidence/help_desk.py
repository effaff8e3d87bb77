"""What the help desk has begun for somebody, and what it could not prove."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.events import Event
from keyturn.rules.proofs import Method, Outcome
from keyturn.steps import lost_phones
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page


def help_desk(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The last of each; the same statements whether or not there is any."""
    one = lost_phones.newest(tx, act, user)
    page.note(
        "lost.", state=str(one.state) if one else None, case=one.ref if one else None,
        due_at=one.due_at if one else None, ended_at=one.ended_at if one else None,
    )  # fmt: skip
    told = (Event.CASE_PROVED, Event.CASE_UNPROVED)
    found = tx.audit.search(act.tenant.id, told, user.id, None, 1)
    last = found[0] if found and found[0].event is Event.CASE_UNPROVED else None
    method, why = (last.facts.get(n) if last else None for n in ("method", "outcome"))
    page.note(
        "case.", unproved=str(method) if method in set(Method) else None,
        unproved_why=str(why) if why in set(Outcome) else None,
        unproved_at=last.at if last else None,
    )  # fmt: skip
