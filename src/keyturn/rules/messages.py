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
    sent        report: put off           deferred
    sent        report: handed on         relayed     (to a system that sends no receipts)
    sent        report: delivered         delivered
    sent        report: not deliverable   bounced
    sent        report: refused           rejected
    sent        report: gave up           expired
    deferred    a later report            relayed, delivered, bounced, rejected, expired
    relayed     a later report            delivered, bounced, rejected, expired
    delivered, bounced, rejected, expired, dropped: final.

"sent" without a report stays "sent": nothing is known of it, and that is said.  No report
turns back what a later stage has told: a mail that was handed on is put off no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.lockout import HOUR, MINUTE, SECOND


class MessageState(StrEnum):
    """See the table above."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DROPPED = "dropped"


_FATES = frozenset(
    {MessageState.DELIVERED, MessageState.BOUNCED, MessageState.REJECTED, MessageState.EXPIRED}
)
_ON_THE_WAY = frozenset({MessageState.DEFERRED, MessageState.RELAYED})

NEXT: dict[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset({MessageState.SENDING, MessageState.DROPPED}),
    MessageState.SENDING: frozenset(
        {MessageState.SENT, MessageState.QUEUED, MessageState.DROPPED, *_ON_THE_WAY, *_FATES}
    ),
    MessageState.SENT: _FATES | _ON_THE_WAY,
    MessageState.DEFERRED: _FATES | {MessageState.RELAYED},
    MessageState.RELAYED: _FATES,
}

LEASE_MS = 60 * SECOND
#: waits between tries; the last is repeated until the message is too old
BACKOFF_MS = (5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE)
#: a notice is worth reading for three days
NOTICE_LIFE_MS = 72 * HOUR
#: what is kept of the far side's words
DETAIL_MAX = 300


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or text in the outbox.

    Attributes:
        user_id: whom it concerns, or None (an absent name).
        channel: "mail", "sms" or "hook" (rules/webhooks.py).
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


def one_line(text: str) -> str:
    """What another machine said, as one printable line of at most 300 characters."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r" +", " ", printable).strip()[:DETAIL_MAX]
