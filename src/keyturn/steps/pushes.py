"""Pushes to phones: queued as mails are, opened and encrypted when they go.

A push says that there is something and of what kind; the app asks for the rest with its own
signature, so nothing of anybody passes the push service.  It goes through the outbox, though it
is worth only a minute: so it leaves with the commit that asked and never without it, is tried
again within its life whichever process dies, and its fate stands with the mails'.  Deliveries of
pushes have a loop of their own (delivery.py), so that none waits behind a slow mail server.

The subscription is read when the push goes: a renewed one is used, a dead one is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from keyturn.ports.delivery import NotDelivered
from keyturn.ports.phones import Subscribed
from keyturn.ports.secrets import Sealer
from keyturn.ports.store import Tx
from keyturn.rules import approvals, phone_app, pushing
from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, State
from keyturn.rules.lockout import SECOND
from keyturn.rules.messages import Message
from keyturn.rules.phone_app import Phone, What
from keyturn.rules.pushing import Accepted, Answer, Gone, Later, Push, Subscription, Urgency
from keyturn.steps import subscriptions
from keyturn.steps.acts import Act
from keyturn.steps.outbox import enqueue

#: the outbox's name for this way
CHANNEL: Final = "push"
#: kind of the message by which a question is pushed
QUESTION: Final = "question"
#: kinds of the messages by which a phone hears of a change in a directory begin so (job_news.py)
NEWS: Final = "directory-"
CHOOSE: Final = NEWS + "choose"
#: purpose of the digest that names what replaces what at the push service
TOPIC: Final = "push-topic"
TOPIC_LETTERS: Final = 32


@dataclass(frozen=True, slots=True)
class Target:
    """Where a push goes: as stored, and opened."""

    stored: Subscribed
    to: Subscription = field(repr=False)


def question(tx: Tx, act: Act, user: User, phone: Phone, one: Approval) -> bool:
    """Queue the push of a question; whether there is anywhere to send it."""
    facts = {"kind": str(one.kind), "id": one.id}
    return queue(tx, act, user, phone, QUESTION, facts, approvals.LIFE_MS)


def queue(
    tx: Tx, act: Act, user: User, phone: Phone, kind: str, facts: Mapping[str, str], life_ms: int
) -> bool:
    """Queue a push; whether there is anywhere to send it.

    Args:
        kind: of the message, as staff see it; a newer one replaces an undelivered older one.
        facts: what the app gets: small, and nothing of anybody.
    """
    if tx.phones.subscription(act.tenant.id, phone.id) is None:
        return False
    enqueue(
        tx, act, CHANNEL, kind, user=user, address=phone.name,
        values={"phone": phone.id, "facts": dict(facts)}, life_ms=life_ms,
    )  # fmt: skip
    return True


def target(tx: Tx, sealer: Sealer, message: Message, values: Mapping[str, Any], now: int) -> Target:
    """Where a queued push goes. Raises NotDelivered: nowhere, or what it says is settled."""
    stored = tx.phones.subscription(message.tenant_id, values["phone"])
    to = subscriptions.unseal(sealer, stored) if stored is not None else None
    if stored is None or to is None:
        raise NotDelivered("the phone has no subscription that opens", final=True)
    if message.kind == QUESTION and not _waits(tx, message, values["facts"]["id"], now):
        raise NotDelivered("answered or over before it went", final=True)
    if message.kind == CHOOSE and not _unchosen(tx, message, values["facts"]["id"], now):
        raise NotDelivered("chosen or over before it went", final=True)
    return Target(stored, to)


def _waits(tx: Tx, message: Message, approval_id: str, now: int) -> bool:
    one = tx.phones.approval(message.tenant_id, approval_id)
    return one is not None and approvals.shown(one, now).state is State.WAITING


def _unchosen(tx: Tx, message: Message, job_id: str, now: int) -> bool:
    from keyturn.rules.directories import resets  # noqa: PLC0415  most servers have no directory

    job = tx.jobs.get(message.tenant_id, job_id)
    return job is not None and resets.shown(job, now).state is resets.JobState.CHOOSING


def made(sealer: Sealer, message: Message, values: Mapping[str, Any], now: int) -> Push:
    """What is sent at `now`: the service keeps it as long as it is worth something."""
    payload = json.dumps(values["facts"], separators=(",", ":")).encode()
    name = f"{message.tenant_id}|{values['phone']}|{message.kind}"
    topic = sealer.digest(TOPIC, name)[:TOPIC_LETTERS]
    left_s = (message.expires_at - now) // SECOND
    return Push(payload, max(left_s, 0), Urgency.HIGH, topic)


def detail(answer: Answer) -> str:
    """What staff see of a push service's answer; of Accepted, that it is no receipt."""
    match answer:
        case Accepted(status=status):
            return f"taken by the push service ({status})"
        case Gone(status=status):
            return f"the subscription is dead ({status})"
        case pushing.Refused(why=why, status=status, said=said):
            return f"refused: {why} ({status}) {said}".strip()
        case Later(status=status, said=said):
            return f"not now ({status}) {said}".strip()
        case _:
            return f"not reached: {answer.said}"


def judged(answer: Answer) -> str:
    """The outbox's detail of what the service took. Raises NotDelivered for what it did not."""
    if isinstance(answer, Accepted):
        return detail(answer)
    again = isinstance(answer, Later | pushing.Unreachable)
    after_ms = answer.retry_after * SECOND if isinstance(answer, Later) else 0
    raise NotDelivered(detail(answer), final=not again, after_ms=after_ms)


def learn(tx: Tx, tenant_id: str, sent: Target, answer: Answer, now: int) -> None:
    """A dead subscription is forgotten, unless the phone has renewed it meanwhile; diagnosis and
    Check my phone find it, and the app makes a new one whenever it opens.
    """
    if isinstance(answer, Gone):
        stored = sent.stored
        push = phone_app.learned(stored.push, What.GONE, now)
        tx.phones.pushed(tenant_id, stored.phone_id, push, forget=True, was=stored.sealed)
