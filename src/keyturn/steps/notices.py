"""Mails that tell an owner of a change, each with "this wasn't me"."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.identifiers import masked_email
from keyturn.rules.messages import NOTICE_LIFE_MS
from keyturn.steps.acts import Act
from keyturn.steps.objections import objection
from keyturn.steps.outbox import enqueue, mail_notice


def tell(tx: Tx, act: Act, kind: str, user: User, **values: object) -> None:
    """Queue the notice `kind`: what happened, when, from where, and how to object."""
    mail_notice(tx, act, kind, user, {**_origin(act), "notme": objection(tx, act, user), **values})


def tell_old_address(tx: Tx, act: Act, before: User, after: User) -> None:
    """Queue the notice to the address that an account had until now. Whoever confirms its
    link had that mailbox, so the account gets the address back.
    """
    notme = objection(tx, act, after, email=before.email)
    values = {**_origin(act), "notme": notme, "address": masked_email(after.email), "old": True}
    enqueue(
        tx, act, "mail", "email_changed", user=after, address=before.email, values=values,
        life_ms=NOTICE_LIFE_MS,
    )  # fmt: skip


def _origin(act: Act) -> dict[str, object]:
    return {"at": act.now, "client": act.caller.client_name, "ip": act.caller.ip}
