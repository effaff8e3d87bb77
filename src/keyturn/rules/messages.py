"""What becomes of a mail or a text: states, retries, what may follow what.

    state       event                     next
    ----------  ------------------------  -----------
    queued      a worker takes it         sending
    sending     accepted by the gateway   sent
    sending     refused for good          rejected
    sending     refused for now           queued      (later, see `retry_at`)
    sending     the worker's lease ends   queued
    sending     too old                   expired
    sending     any report                as for sent (it overtook our own note of sending)
    queued      nobody to send it to      dropped     (an absent name; nobody sees it)
    sent        report: delivered         delivered
    sent        report: not deliverable   bounced
    sent        report: refused           rejected
    sent        report: gave up           expired
    delivered, bounced, rejected, expired, dropped: final.

"sent" without a report stays "sent": nothing is known of it, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.lockout import HOUR, MINUTE, SECOND


class MessageState(StrEnum):
    """See the table above."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DROPPED = "dropped"


NEXT: dict[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset({MessageState.SENDING, MessageState.DROPPED}),
    MessageState.SENDING: frozenset(
        {
            MessageState.SENT,
            MessageState.REJECTED,
            MessageState.QUEUED,
            MessageState.EXPIRED,
            MessageState.DROPPED,
            MessageState.DELIVERED,
            MessageState.BOUNCED,
        }
    ),
    MessageState.SENT: frozenset(
        {MessageState.DELIVERED, MessageState.BOUNCED, MessageState.REJECTED, MessageState.EXPIRED}
    ),
}

LEASE_MS = 60 * SECOND
#: waits between tries; the last is repeated until the message is too old
BACKOFF_MS = (5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE)
#: a notice is worth reading for three days
NOTICE_LIFE_MS = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or text in the outbox.

    Attributes:
        user_id: whom it concerns, or None (an absent name).
        channel: "mail" or "sms".
        kind: name of the template.
        address: where it goes, or None: then the worker drops it.
        sealed: the template's values, sealed; emptied once the message is final or sent.
        attempt: how often a worker took it; the number fences late workers off.
        reference: the gateway's id, or the mail's Message-ID.
        detail: the far side's last words.
        expires_at: after this it is not sent any more.
    """

    id: str
    tenant_id: str
    user_id: str | None
    channel: str
    kind: str
    address: str | None
    sealed: str
    state: MessageState
    attempt: int
    run_at: int
    expires_at: int
    reference: str | None
    detail: str
    created_at: int
    updated_at: int


def may_become(state: MessageState, new: MessageState) -> bool:
    """Whether a message in `state` may become `new`; a late or doubled report may not."""
    return new in NEXT.get(state, frozenset())


def retry_at(now: int, attempt: int) -> int:
    """When to try again after the `attempt`-th failure (from 1)."""
    return now + BACKOFF_MS[min(attempt, len(BACKOFF_MS)) - 1]
