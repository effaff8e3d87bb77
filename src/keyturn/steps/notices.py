"""Mails that tell an owner of a change, each with "this wasn't me"."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.steps.acts import Act
from keyturn.steps.objections import objection
from keyturn.steps.outbox import mail_notice


def tell(tx: Tx, act: Act, kind: str, user: User, **values: object) -> None:
    """Queue the notice `kind`: what happened, when, from where, and how to object."""
    origin = {"at": act.now, "client": act.caller.client_name, "ip": act.caller.ip}
    mail_notice(tx, act, kind, user, {**origin, "notme": objection(tx, act, user), **values})
