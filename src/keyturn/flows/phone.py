"""A phone number of somebody who is signed in, proved by a code in a text.

    offer --> judged by the numbering plan --> within all caps --> text --> code --> saved

A landline is named before anything is sent.  Texts cost money and can be aimed at other
people's phones, so each pays from all the caps of steps.texts, and none is sent once one of
them is spent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.delivery import PhoneNumber
from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Right, Verdict
from keyturn.rules.destinations import served
from keyturn.rules.events import Event
from keyturn.rules.identifiers import masked_phone
from keyturn.rules.lockout import HOUR
from keyturn.rules.messages import NOTICE_LIFE_MS, MessageState
from keyturn.rules.phones import ABROAD, Ask, advice
from keyturn.steps import codes, openings, stepup, texts
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut, may_change
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.notices import tell
from keyturn.steps.outbox import enqueue
from keyturn.steps.stepup import ProofNeeded, Signed
from keyturn.steps.texts import Capped

__all__ = [
    "Ask", "Capped", "Frozen", "InUse", "NotANumber", "NothingOpen", "Open", "PhonesOff",
    "ProofNeeded", "Proved", "SignedOut", "TextState", "TooSoon", "current", "enter_code",
    "give_up", "offer", "remove", "resend",
]  # fmt: skip

KIND = "phone"
LIFE_MS = HOUR
TEXT = "verify_phone"
#: digits of a number that a notice names: enough to tell one's own numbers apart
ENDING = 3


@dataclass(frozen=True, slots=True)
class NotANumber:
    """What was typed cannot be a phone number."""


@dataclass(frozen=True, slots=True)
class PhonesOff:
    """The tenant takes no phone numbers."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The number cannot be used here. By whom it is held, only staff may see."""


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No number waits for its code in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class TextState:
    """What is known of the last text.

    Attributes:
        state: "sent" means that the network took it and no report came back.
        detail: the network's own words, for staff.
        at: when that became known.
        again_at: the gateway did not take it, and is asked again at that time.
    """

    state: MessageState
    detail: str
    at: int
    again_at: int | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A number that waits for its code.

    Attributes:
        number: in E.164; its owner typed it in this browser.
        text: what became of the text; None if its record is gone.
    """

    number: str
    sent: Sent | None
    text: TextState | None
    started_at: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The number is saved. `user` is the account as stored now."""

    user: User


async def offer(
    parts: Parts, caller: Caller, signed: Signed, number: str, *, insisted: bool
) -> Open | PhonesOff | NotANumber | Ask | InUse | Capped | ProofNeeded | Frozen | SignedOut:
    """Take a number and text it a code, unless something speaks against it.

    Args:
        number: as typed.
        insisted: the person was told that it is a landline, and says that it takes texts.
    """
    policy = caller.tenant.policy
    if policy.phone == "off":
        return PhonesOff()
    found = parts.plan.look(number, policy.region)
    if found is None:
        return NotANumber()
    line = found.line if served(found.region, policy.sms_countries) else ABROAD
    judged = advice(line, insisted=insisted, voice=policy.voice)
    if isinstance(judged, Ask):
        return judged
    return await parts.store.write(lambda tx: _offer(tx, begin(parts, caller), signed, found))


def _offer(
    tx: Tx, act: Act, signed: Signed, found: PhoneNumber
) -> Open | InUse | Capped | ProofNeeded | Frozen | SignedOut:
    fresh = stepup.proved(tx, act, signed)
    if not isinstance(fresh, User):
        return fresh
    # before the look at who has it: nobody can ask that of one number after the other
    capped = texts.ask(tx, act, fresh)
    if capped is not None:
        return capped
    if _held(tx, act, fresh, found.e164):
        return InUse()
    capped = texts.send(tx, act, fresh, found.e164)
    if capped is not None:
        return capped
    data = {"phone": found.e164, "line": found.line}
    flow = openings.start(tx, act, KIND, "code", fresh.id, data, LIFE_MS)
    sent = codes.text(tx, act, flow, TEXT, user=fresh, number=found.e164)
    text = TextState(state=MessageState.QUEUED, detail="", at=act.now)
    return Open(number=found.e164, sent=sent, text=text, started_at=act.now)


def _held(tx: Tx, act: Act, user: User, number: str) -> bool:
    """Whether somebody else has proved the number, or is called by it."""
    holder = tx.users.holder_of_phone(act.tenant.id, number)
    named = tx.users.named(act.tenant.id, number)
    return any(other is not None and other.id != user.id for other in (holder, named))


async def current(parts: Parts, caller: Caller, user: User) -> Open | NothingOpen:
    """The number that waits for its code, and what became of the text."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Open | NothingOpen:
        flow = openings.of(tx, act, KIND, user.id)
        if flow is None:
            return NothingOpen()
        text = _text(tx, act, flow)
        number, sent = str(flow.data["phone"]), codes.standing(tx, flow)
        return Open(number=number, sent=sent, text=text, started_at=flow.created_at)

    return await parts.store.read(step)


def _text(tx: Tx, act: Act, flow: Flow) -> TextState | None:
    message = tx.messages.get(act.tenant.id, str(flow.data.get(codes.MESSAGE)))
    if message is None:
        return None
    tried = message.state is MessageState.QUEUED and message.attempt > 0
    return TextState(
        state=message.state,
        detail=message.detail,
        at=message.updated_at,
        again_at=message.run_at if tried else None,
    )


async def give_up(parts: Parts, caller: Caller, user: User) -> None:
    """Close the open flow, to begin with another number or none."""
    act = begin(parts, caller)
    await parts.store.write(lambda tx: openings.give_up(tx, act, KIND, user.id))


async def resend(
    parts: Parts, caller: Caller, user: User
) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
    """Send another text; the earlier code is replaced."""

    def step(tx: Tx) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        return NothingOpen() if flow is None else _resend(tx, act, flow, fresh)

    return await parts.store.write(step)


def _resend(tx: Tx, act: Act, flow: Flow, user: User) -> Sent | TooSoon | Capped:
    early = codes.too_soon(tx, act, flow)
    if early is not None:
        return early
    number = str(flow.data["phone"])
    capped = texts.ask(tx, act, user) or texts.send(tx, act, user, number)
    if capped is not None:
        return capped
    return codes.text(tx, act, flow, TEXT, user=user, number=number)


async def enter_code(
    parts: Parts, caller: Caller, user: User, typed: str
) -> Proved | Verdict | InUse | NothingOpen | Frozen | SignedOut:
    """Judge what was typed as the code in the text; the number is saved if it was right."""

    def step(tx: Tx) -> Proved | Verdict | InUse | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        if flow is None:
            return NothingOpen()
        verdict = codes.check(tx, act, flow, fresh, typed, f"p:{fresh.id}")
        return _save(tx, act, flow, fresh) if isinstance(verdict, Right) else verdict

    try:
        return await parts.store.write(step)
    except Taken:
        return InUse()


def _save(tx: Tx, act: Act, flow: Flow, user: User) -> Proved:
    """The number is proved. Raises Taken if somebody else proved it since it was offered:
    the index decides, so that two at the same moment cannot both have it.
    """
    number = str(flow.data["phone"])
    texts.entered(tx, act, number)
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    for name in {user.phone or number, number}:
        tx.users.drop_identifier(act.tenant.id, user.id, name)
    after = replace(user, phone=number, phone_verified_at=act.now)
    tx.users.save(after)
    tx.users.add_identifier(act.tenant.id, user.id, number)
    record(tx, act, Event.PHONE_PROVED, after, {"phone": masked_phone(number)})
    changed = user.phone is not None and user.phone != number
    tell(
        tx, act, "phone_changed", after, what="changed" if changed else "added",
        ending=number[-ENDING:],
    )  # fmt: skip
    if changed:
        _tell_old_number(tx, act, user)
    return Proved(user=after)


def _tell_old_number(tx: Tx, act: Act, user: User) -> None:
    """One text to the number that is none any more: whoever took the mailbox, too, cannot
    keep it from telling. It names no link and costs no cap: it goes once to a proved number.
    """
    enqueue(
        tx, act, "sms", "phone_gone", user=user, address=user.phone, values={},
        life_ms=NOTICE_LIFE_MS,
    )  # fmt: skip


async def remove(
    parts: Parts, caller: Caller, signed: Signed
) -> User | ProofNeeded | Frozen | SignedOut:
    """Take the number away; the account as stored now. Nothing happens if there is none."""

    def step(tx: Tx) -> User | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = stepup.proved(tx, act, signed)
        if not isinstance(fresh, User) or fresh.phone is None:
            return fresh
        tx.users.drop_identifier(act.tenant.id, fresh.id, fresh.phone)
        after = replace(fresh, phone=None, phone_verified_at=None)
        tx.users.save(after)
        record(tx, act, Event.PHONE_REMOVED, after, {"phone": masked_phone(fresh.phone)})
        tell(tx, act, "phone_changed", after, what="removed", ending=fresh.phone[-ENDING:])
        _tell_old_number(tx, act, fresh)
        return after

    return await parts.store.write(step)
