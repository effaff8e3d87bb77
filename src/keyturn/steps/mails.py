"""Whether one more mail may go to whom a stranger names: caps against flooding, and their alarm.

Mails are counted for the name that was *typed*, never for the account behind it: whether
somebody has that name must not show in when the next mail is withheld.  A known client, who
once signed in in full, is not counted: a stranger must not use up its owner's recovery.
"""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.budgets import MAILBOX, Budget
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import HOUR
from keyturn.steps import alarms
from keyturn.steps.acts import Act, record

KNOWN_CLIENT = "c:"
WHOLE_TENANT = "all"


def withheld_until(tx: Tx, act: Act, lane: str, typed: str) -> int | None:
    """Spend one mail; None if it may be sent, else the moment from which one may again.

    Args:
        lane: whose budget of codes pays besides; a known client's is let pass here.
        typed: the name or address that the mail was asked for.
    """
    if lane.startswith(KNOWN_CLIENT):
        return None
    per_tenant = Budget("mails-tenant", act.parts.limits.mails_per_hour, HOUR)
    for cause, subject, budget in (
        ("mailbox", _key(act, typed), MAILBOX), ("tenant", WHOLE_TENANT, per_tenant),
    ):  # fmt: skip
        spent = tx.budgets.spend(act.tenant.id, subject, act.now, budget)
        if not budget.allows(spent):
            until = spent.start + budget.window_ms
            if spent.count == budget.limit + 1:
                _reached(tx, act, cause, budget, until)
            return until
    return None


def _key(act: Act, typed: str) -> str:
    name = canonical(typed) or typed
    return "m:" + act.parts.sealer.digest("lane", f"{act.tenant.id}|{name}")


def _reached(tx: Tx, act: Act, cause: str, budget: Budget, until: int) -> None:
    """The first refusal of a window. It names nobody: the name may be nobody's."""
    record(tx, act, Event.MAIL_CAPPED, None, {"cause": cause, "until": until})
    if cause == "tenant":
        facts = {"subject": WHOLE_TENANT, "limit": budget.limit, "until": until}
        alarms.sound(tx, act, Alarm.MAIL_TENANT, facts)
