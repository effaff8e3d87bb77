"""Putting mails and texts into the outbox, within the transaction they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.messages import NOTICE_LIFE_MS, Message, MessageState
from keyturn.steps.acts import Act


def enqueue(
    tx: Tx,
    act: Act,
    channel: str,
    kind: str,
    *,
    user: User | None,
    address: str | None,
    values: Mapping[str, object],
    life_ms: int,
    run_at: int | None = None,
) -> str:
    """Queue one message; returns its id.

    Args:
        channel: "mail", "sms" or "hook".
        kind: the template's name.
        user: whom it concerns; None or the tenant's decoy for an absent name.
        address: where to; None for an absent name: the same row, which the worker drops.
        values: what the template needs; stored sealed, because it may hold a code.
        life_ms: how long it is worth sending.
        run_at: not before this moment.
    """
    message_id = act.id()
    real = user is not None and user.id != act.tenant.id
    tx.messages.add(
        Message(
            id=message_id,
            tenant_id=act.tenant.id,
            user_id=user.id if user is not None and real else None,
            channel=channel,
            kind=kind,
            address=address if real or user is None else None,
            sealed=act.parts.sealer.seal(
                json.dumps(dict(values)).encode(), f"message|{message_id}"
            ),
            state=MessageState.QUEUED,
            attempt=0,
            run_at=run_at if run_at is not None else act.now,
            expires_at=(run_at or act.now) + life_ms,
            reference=None,
            detail="",
            created_at=act.now,
            updated_at=act.now,
        )
    )
    return message_id


def mail_notice(
    tx: Tx, act: Act, kind: str, user: User, values: Mapping[str, object], run_at: int | None = None
) -> str:
    """Queue a mail to a user's address of record that is still worth reading tomorrow. Whoever
    came with a directory account may have none.
    """
    return enqueue(
        tx, act, "mail", kind, user=user, address=user.email or None, values=values,
        life_ms=NOTICE_LIFE_MS, run_at=run_at,
    )  # fmt: skip
