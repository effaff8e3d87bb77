"""Delivery: mails, texts, calls and pushes leave the outbox.

    claim (lease, attempt) --> send (no transaction) --> settle at that attempt

A message without an address is dropped, one that is too old expires, and neither is
rendered.  Each is handed over *at least once*: a worker that dies after the far side
accepted and before it said so leaves a lease that runs out, and the message goes again.
It goes with the same Message-ID, by which receiving mail systems know the two as one;
a worker that was only slow finds its attempt overtaken and changes nothing.  What a
message holds is erased as soon as it needs not be sent again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from keyturn.ports.delivery import Letters, Mailer, NotDelivered, Receipt, Texter
from keyturn.ports.parts import Parts
from keyturn.ports.pushing import Pusher
from keyturn.ports.secrets import Unsealable
from keyturn.ports.store import Tx
from keyturn.ports.webhooks import Caller as HookCaller
from keyturn.ports.webhooks import Webhook
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.clients import UNKNOWN
from keyturn.rules.events import Event
from keyturn.rules.lockout import SECOND
from keyturn.rules.messages import DETAIL_MAX, Message, MessageState, retry_at
from keyturn.rules.pushing import Answer
from keyturn.rules.texts import same_number
from keyturn.steps import lanes, pushes, webhooks
from keyturn.steps.acts import begin

#: locks that a digest counts; beyond it "500" stands for "very many"
MOST_LOCKS = 500


@dataclass(frozen=True, slots=True)
class Courier:
    """What delivers.

    Attributes:
        texter: None where no gateway is set up: texts are refused then, and staff see why.
        caller: of tenants' own addresses for alarms; None: as with texts.
        pusher: makes what reaches phones, or hands out the one that was made; None: as with
            texts.
    """

    mailer: Mailer
    texter: Texter | None
    letters: Letters
    caller: HookCaller | None = None
    pusher: Callable[[], Pusher] | None = None


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A claimed message with all that sending it needs."""

    message: Message
    tenant: Tenant
    to: str
    about: Mapping[str, object]
    hook: Webhook | None = None


async def deliver_due(
    parts: Parts, courier: Courier, limit: int, *, pushes: bool = False
) -> int:  # fmt: skip
    """Send what is due, at most `limit` messages at once; returns how many were taken.

    Each is settled as soon as it is sent. Raises StoreUnavailable; then whatever was sent
    and not settled goes again when its lease is over.

    Args:
        pushes: those to phones, else all the others.
    """
    taken, parcels = await parts.store.write(lambda tx: _take(tx, parts, limit, pushes=pushes))
    await asyncio.gather(*(_handle(parts, courier, parcel) for parcel in parcels))
    return taken


def _take(tx: Tx, parts: Parts, limit: int, *, pushes: bool) -> tuple[int, list[_Parcel]]:
    """Claim, settle what need not be sent, and gather what the rest needs."""
    now = parts.clock.now()
    claimed = tx.messages.claim(now, limit, pushes=pushes)
    parcels = []
    for message in claimed:
        tenant = tx.tenants.get(message.tenant_id)
        if message.address is None or tenant is None:
            _close(tx, message, MessageState.DROPPED, now)
        elif message.expires_at <= now:
            _close(tx, message, MessageState.EXPIRED, now)
        else:
            about = _about(tx, message)
            hook = tx.webhooks.of(tenant.id) if message.channel == webhooks.CHANNEL else None
            parcels.append(_Parcel(message, tenant, message.address, about, hook))
    return len(claimed), parcels


def _close(tx: Tx, message: Message, state: MessageState, now: int) -> None:
    after = replace(message, state=state, sealed="", updated_at=now)
    tx.messages.settle(after, message.attempt)


def _about(tx: Tx, message: Message) -> dict[str, object]:
    """What the template needs and was not known, or not wanted, when it was queued."""
    user = tx.users.get(message.tenant_id, message.user_id) if message.user_id else None
    about: dict[str, object] = {"id": message.id}
    if user is None:
        return about
    about |= {"name": user.name, "timezone": user.timezone, "language": user.language}
    if message.kind == "lock_digest":
        events = (Event.SIGNIN_LOCKED,)
        found = tx.audit.search(message.tenant_id, events, user.id, None, MOST_LOCKS)
        about["locked_at"] = [entry.at for entry in found]
    return about


async def _handle(parts: Parts, courier: Courier, parcel: _Parcel) -> None:
    """Send one message and write down what became of it."""
    if parcel.message.channel == pushes.CHANNEL:
        await _handle_push(parts, courier, parcel)
        return
    outcome = await _outcome(parts, parcel.message, lambda: _send(parts, courier, parcel))
    await parts.store.write(lambda tx: tx.messages.settle(outcome, parcel.message.attempt))


async def _handle_push(parts: Parts, courier: Courier, parcel: _Parcel) -> None:
    """The same for a push, with what its answer tells of the subscription."""
    message, told = parcel.message, list[tuple[pushes.Target, Answer]]()

    async def send() -> Receipt:
        told.append(await _push(parts, courier, parcel))
        return Receipt("", pushes.judged(told[0][1]))

    outcome = await _outcome(parts, message, send)

    def step(tx: Tx) -> None:
        for sent, answer in told:
            pushes.learn(tx, message.tenant_id, sent, answer, outcome.updated_at)
        tx.messages.settle(outcome, message.attempt)

    await parts.store.write(step)


async def _push(parts: Parts, courier: Courier, parcel: _Parcel) -> tuple[pushes.Target, Answer]:
    """Send it, where the phone's subscription is now. Raises NotDelivered."""
    message, sealer, now = parcel.message, parts.sealer, parts.clock.now()
    if courier.pusher is None:
        raise NotDelivered("no push is set up", final=True)
    values = _values(parts, parcel)
    sent = await parts.store.read(lambda tx: pushes.target(tx, sealer, message, values, now))
    return sent, await courier.pusher().send(sent.to, pushes.made(sealer, message, values, now))


async def _outcome(
    parts: Parts, message: Message, send: Callable[[], Awaitable[Receipt]]
) -> Message:  # fmt: skip
    try:
        receipt = await send()
    except NotDelivered as refusal:
        return _refused(message, refusal, parts.clock.now())
    except Exception as fault:  # noqa: BLE001  one broken message must not hold up the others
        unknown = NotDelivered(type(fault).__name__, final=False)
        return _refused(message, unknown, parts.clock.now())
    return replace(
        message, state=MessageState.SENT, sealed="", reference=receipt.reference,
        detail=receipt.detail[:DETAIL_MAX], updated_at=parts.clock.now(),
    )  # fmt: skip


async def _send(parts: Parts, courier: Courier, parcel: _Parcel) -> Receipt:
    """Render and hand over. Raises NotDelivered, and whatever a broken template raises."""
    kind, tenant, to = parcel.message.kind, parcel.tenant, parcel.to
    values = _values(parts, parcel)
    if parcel.message.channel == "mail":
        return await courier.mailer.send(courier.letters.mail(kind, tenant, to, values))
    if parcel.message.channel == webhooks.CHANNEL:
        return await _call(parts, courier, parcel, values)
    if courier.texter is None:
        raise NotDelivered("no SMS gateway is set up", final=True)
    text = courier.letters.text(kind, tenant, to, values)
    left_s = (parcel.message.expires_at - parts.clock.now()) // SECOND
    return await courier.texter.send(replace(text, valid_s=max(left_s, 1)))


async def _call(
    parts: Parts, courier: Courier, parcel: _Parcel, values: Mapping[str, object]
) -> Receipt:
    """Call the tenant's address as it is now. Raises NotDelivered."""
    hook, message = parcel.hook, parcel.message
    if courier.caller is None or hook is None:
        raise NotDelivered("no address for alarms is set", final=True)
    opened = webhooks.unseal(parts.sealer, parcel.tenant.id, hook.sealed)
    if opened is None:
        raise NotDelivered("the address does not open with this key ring", final=True)
    now = parts.clock.now()
    made = webhooks.call(opened, message, parcel.tenant.slug, values, now)
    return await courier.caller.send(made)


def _values(parts: Parts, parcel: _Parcel) -> dict[str, object]:
    message = parcel.message
    try:
        opened = parts.sealer.open(message.sealed, f"message|{message.id}")
    except Unsealable as error:
        raise NotDelivered("its values do not open with this key ring", final=True) from error
    values = {**parcel.about, **json.loads(opened)}
    locked_at = values.pop("locked_at", None)
    if isinstance(locked_at, list):
        values["locks"] = sum(at >= values["since"] for at in locked_at)
    return values


def _refused(message: Message, refusal: NotDelivered, now: int) -> Message:
    """Refused for good, too old to try again, or queued for later."""
    after = replace(message, detail=refusal.detail[:DETAIL_MAX], updated_at=now)
    if refusal.final:
        return replace(after, state=MessageState.REJECTED, sealed="")
    again = max(retry_at(now, message.attempt), now + refusal.after_ms)
    if again >= message.expires_at:
        return replace(after, state=MessageState.EXPIRED, sealed="")
    return replace(after, state=MessageState.QUEUED, run_at=again)


async def report(parts: Parts, message_id: str, state: MessageState, detail: str) -> bool:
    """A delivery report came in; whether it told anything new.

    The door has proved that it comes from the gateway (the address it calls is signed).
    A report may overtake our own note that the message was sent; it counts all the same.
    """
    now = parts.clock.now()
    words = detail[:DETAIL_MAX]
    found = await parts.store.write(lambda tx: tx.messages.report(message_id, state, words, now))
    return found is not None


async def report_by_reference(
    parts: Parts, references: Sequence[str], number: str, state: MessageState, detail: str
) -> bool:
    """A gateway reported on a text that it calls by one of these names; whether there is one.

    Names are a gateway's own, and it may use them anew: so the report counts only if the
    phone is the same.

    Args:
        references: what the name may mean, likeliest first.
        number: the phone that the gateway names; "" if none, then only the first name counts.
    """
    now, words = parts.clock.now(), detail[:DETAIL_MAX]
    meant = references if number else references[:1]

    def step(tx: Tx) -> bool:
        found = tx.messages.by_reference("sms", meant)
        same = [m for m in found if not number or same_number(number, m.address or "")]
        known = sorted(same, key=lambda m: meant.index(m.reference or ""))
        if known:
            tx.messages.report(known[0].id, state, words, now)
        return bool(known)

    return await parts.store.write(step)


async def next_due(parts: Parts, *, pushes: bool = False) -> int | None:
    """When the next message is due (may be past), or None; see deliver_due."""
    now = parts.clock.now()
    return await parts.store.glance(lambda tx: tx.messages.next_due(now, pushes=pushes))


async def sweep_lapsed(parts: Parts, limit: int = 100) -> int:
    """Count tries whose process died as failed, so that a lock they complete is announced
    even if nobody tries again; returns how many lanes were seen to.
    """
    now = parts.clock.now()
    lapsed = await parts.store.glance(lambda tx: tx.lanes.lapsed(now, limit))
    for tenant_id, key, user_id in lapsed:
        await parts.store.write(
            lambda tx, t=tenant_id, k=key, u=user_id: _sweep(tx, parts, t, k, u)  # type: ignore[misc]
        )
    return len(lapsed)


def _sweep(tx: Tx, parts: Parts, tenant_id: str, key: str, user_id: str | None) -> None:
    tenant = tx.tenants.get(tenant_id)
    # the decoy stands for an absent name, and for a sign-up that has given way since
    user = tx.users.get(tenant_id, user_id or tenant_id) or tx.users.get(tenant_id, tenant_id)
    if tenant is None or user is None:
        return
    nobody = Caller(tenant=tenant, browser="", offers=(), ip="", client_name=UNKNOWN)
    lanes.sweep(tx, begin(parts, nobody), key, user)
