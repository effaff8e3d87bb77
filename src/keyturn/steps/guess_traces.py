"""What a try of a directory password leaves behind when it is answered.

Whoever tries need not ask for the answer, so it is written when the agent speaks, with where the
try came from (the flow of the browser, which has the try's id):

    a row of the audit trail            for each that was answered; of those that the budget
                                        does not bear only so many an hour
    a failure of the network's          unless it was right, or nothing could be asked
    a mail to the owner, and a row      when the last that the budget bears was wrong; once a
                                        window therefore, and three times a day at most

A name that nobody has leaves the same, for the tenant's decoy: its mail goes nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.budgets import SPENT_NOTICES, SPENT_ROWS
from keyturn.rules.callers import Caller
from keyturn.rules.directories.signins.answers import Way, way
from keyturn.rules.directories.signins.tries import Try, TryState, spent_until
from keyturn.rules.events import Event
from keyturn.steps import lanes
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import mail_notice

#: the kind of the browser's flow; its id is the try's
KIND: Final = "work-signin"
_PAID: Final = frozenset({Way.REFUSED, Way.CHANGE, Way.BARRED})


def told(tx: Tx, act: Act, before: Try, after: Try) -> None:
    """Write it, if this is the moment at which the try was answered.

    Args:
        act: the agent's.
    """
    if before.state is TryState.ANSWERED or after.state is not TryState.ANSWERED:
        return
    flow = tx.flows.get(after.tenant_id, after.id)
    nobody = tx.users.get(after.tenant_id, after.tenant_id)
    user = tx.users.get(after.tenant_id, after.user_id) if after.user_id else nobody
    if flow is None or user is None:  # both are gone with their tenant, or their owner
        return
    theirs = _theirs(act, flow)
    _row(tx, theirs, after, user)
    if way(after.bind, after.reason) in _PAID and not flow.data["known"]:
        lanes.spend_network(tx, theirs)
    until = spent_until(after)
    if until is not None:
        _spent(tx, theirs, after, user, until)


def _theirs(act: Act, flow: Flow) -> Act:
    """Whoever handed the try in, as far as it was kept."""
    caller = Caller(
        tenant=act.tenant, browser=flow.browser, offers=(), ip=str(flow.data["ip"]),
        client_name=str(flow.data["name"]),
    )  # fmt: skip
    return replace(act, caller=caller, actor=None)


def _row(tx: Tx, act: Act, one: Try, user: User) -> None:
    if one.reason == "spent":
        paid = tx.budgets.spend(one.tenant_id, _key(one), act.now, SPENT_ROWS)
        if not SPENT_ROWS.allows(paid):
            return
    facts = {"directory": one.directory_id, "bind": str(one.bind or ""), "reason": one.reason}
    record(tx, act, Event.SIGNIN_DIRECTORY, user, facts)


def _spent(tx: Tx, act: Act, one: Try, user: User, until: int) -> None:
    record(tx, act, Event.SIGNIN_SPENT, user, {"directory": one.directory_id, "until": until})
    paid = tx.budgets.spend(one.tenant_id, _key(one), act.now, SPENT_NOTICES)
    if SPENT_NOTICES.allows(paid):
        directory = tx.directories.get(one.tenant_id, one.directory_id)
        values = {
            "until": until, "client": act.caller.client_name, "ip": act.caller.ip,
            "directory": directory.name if directory else "",
        }  # fmt: skip
        mail_notice(tx, act, "directory_spent", user, values)


def _key(one: Try) -> str:
    return f"{one.directory_id}|{one.lane}"
