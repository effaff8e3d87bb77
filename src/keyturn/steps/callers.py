"""Verifications of callers: asked, and ended once, whoever sees the end first.

What ends a question (an answer, the clock, a newer one, Reset User, whoever asked) may happen in
any transaction and process; that a verification has ended is one conditional statement.  The
audit trail, the tenant's address (steps/webhooks.py) and the case in which it was asked hear of it
in the same transaction.
"""

from __future__ import annotations

from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import approvals
from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, NotAsked, State
from keyturn.rules.events import Event
from keyturn.rules.matching import Ended
from keyturn.rules.verifications import Outcome, Verification, ending
from keyturn.steps import casework, questions, webhooks
from keyturn.steps.acts import Act, record
from keyturn.steps.questions import NoPhone, Wanted

#: kind of the message to a tenant's address
MESSAGE: Final = "verification"


def ask(
    tx: Tx, act: Act, user_id: str, wanted: Wanted, ticket: str, *,
    key_id: str | None = None, request: str | None = None,
) -> Approval | NotAsked | NoPhone:  # fmt: skip
    """Ask a caller's phone (questions.ask); see rules.verifications.Verification."""
    asked = questions.ask(tx, act, user_id, wanted)
    if isinstance(asked, Approval):
        tx.verifications.add(Verification(
            id=asked.id, tenant_id=act.tenant.id, user_id=user_id, key_id=key_id, request=request,
            ticket=ticket, asker=wanted.asker, made_at=act.now,
        ))  # fmt: skip
    return asked


def settle(tx: Tx, act: Act, user: User, one: Approval) -> bool:
    """Write down how a verification has ended, and tell it; whether it ended now.

    Args:
        user: whose row is held. one: their question, as stored.
    """
    end = ending(one)
    if end is None:
        return False
    after = tx.verifications.settle(act.tenant.id, one.id, end)
    if after is None:
        return False
    good = end.outcome is Outcome.VERIFIED
    facts: dict[str, object] = {"kind": str(one.kind), "approval": one.id, "by": one.subject}
    if not good:
        facts["why"] = str(one.ended or one.state)
    record(tx, act, Event.CALLER_VERIFIED if good else Event.CALLER_UNVERIFIED, user, facts)
    casework.answered(tx, act, user, one)
    webhooks.tell(tx, act, MESSAGE, {"at": end.at, **told(after)})
    return True


def told(one: Verification) -> dict[str, object]:
    """What a tenant's address hears of a verification that has ended."""
    return {
        "verification": one.id, "outcome": one.outcome and str(one.outcome),
        "reason": one.reason and str(one.reason), "user": one.user_id, "ticket": one.ticket,
        "asker": one.asker, "started_by": "console" if one.key_id is None else "api",
    }  # fmt: skip


def lapse(tx: Tx, act: Act, one: Verification, reason: Ended | None = None) -> bool:
    """Store what the clock, or `reason`, has made of a verification's question; as `settle`."""
    rows = tx.phones.held(act.tenant.id, one.user_id, act.now)
    asked = tx.phones.approval(act.tenant.id, one.id)
    if rows is None or asked is None:
        return False
    after = approvals.shown(asked, act.now)
    if reason is not None and after.state is State.WAITING:
        after = approvals.ended(after, reason, act.now)
    if after != asked:
        questions.changed(tx, rows, after)
    return settle(tx, act, rows.user, after)
