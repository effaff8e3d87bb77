"""A phone number proved by a code in a text: one process for an account and for an activation.

    offered --> judged by the numbering plan --> within all caps --> text --> code --> saved

A landline is named before anything is sent.  Texts cost money and can be aimed at other
people's phones, so each pays from all the caps of steps.texts, and none is sent once one of
them is spent.

Numbers are unique among a tenant's users, disabled ones too, and where its policy says so among
those of its provider's other customers (steps.rings).  Whoever offers one that is held
hears that it cannot be used, and nothing more; who holds it, and in which state, stands in the
audit trail, for staff.  Whether holder and asker are one person is judged by their address: it
was proved for both, and belongs to one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.delivery import PhoneNumber
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, Tenant, User, UserState
from keyturn.rules.codes import Right, Verdict
from keyturn.rules.destinations import served
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical, masked_phone
from keyturn.rules.lockout import HOUR
from keyturn.rules.messages import NOTICE_LIFE_MS, MessageState
from keyturn.rules.phones import ABROAD, Ask, advice
from keyturn.steps import codes, openings, texts
from keyturn.steps.acts import Act, record
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.notices import tell
from keyturn.steps.outbox import enqueue
from keyturn.steps.texts import Capped

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


def judge(
    parts: Parts, tenant: Tenant, typed: str, *, insisted: bool
) -> PhoneNumber | PhonesOff | NotANumber | Ask:
    """What the numbering plan and the tenant say of a number, before anything is sent.

    Args:
        insisted: the person was told that it is a landline, and says that it takes texts.
    """
    policy = tenant.policy
    if policy.phone == "off":
        return PhonesOff()
    found = parts.plan.look(typed, policy.region)
    if found is None:
        return NotANumber()
    line = found.line if served(found.region, policy.sms_countries) else ABROAD
    judged = advice(line, insisted=insisted, voice=policy.voice)
    return judged if isinstance(judged, Ask) else found


def offer(tx: Tx, act: Act, user: User, found: PhoneNumber, kind: str) -> Open | InUse | Capped:
    """Text a code to the number, in a flow of this kind."""
    # before the look at who has it: nobody can ask that of one number after the other
    capped = texts.ask(tx, act, user)
    if capped is not None:
        return capped
    if _held(tx, act, user, found.e164):
        return InUse()
    capped = texts.send(tx, act, user, found.e164)
    if capped is not None:
        return capped
    data = {"phone": found.e164, "line": found.line}
    flow = openings.start(tx, act, kind, "code", user.id, data, LIFE_MS)
    sent = codes.text(tx, act, flow, TEXT, user=user, number=found.e164)
    text = TextState(state=MessageState.QUEUED, detail="", at=act.now)
    return Open(number=found.e164, sent=sent, text=text, started_at=act.now)


def standing(tx: Tx, act: Act, flow: Flow) -> Open:
    """The number that waits for its code, and what became of the text."""
    number, sent = str(flow.data["phone"]), codes.standing(tx, flow)
    return Open(number=number, sent=sent, text=_text(tx, act, flow), started_at=flow.created_at)


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


def resend(tx: Tx, act: Act, flow: Flow, user: User) -> Sent | TooSoon | Capped:
    """Send another text; the earlier code is replaced."""
    early = codes.too_soon(tx, act, flow)
    if early is not None:
        return early
    number = str(flow.data["phone"])
    capped = texts.ask(tx, act, user) or texts.send(tx, act, user, number)
    if capped is not None:
        return capped
    return codes.text(tx, act, flow, TEXT, user=user, number=number)


def enter(tx: Tx, act: Act, flow: Flow, user: User, typed: str) -> User | Verdict:
    """Judge what was typed as the code in the text; the user as stored, if it was right.

    Raises Taken if somebody else proved the number since it was offered: the index decides, so
    that two at the same moment cannot both have it.
    """
    verdict = codes.check(tx, act, flow, user, typed, f"p:{user.id}")
    return _save(tx, act, flow, user) if isinstance(verdict, Right) else verdict


def _save(tx: Tx, act: Act, flow: Flow, user: User) -> User:
    number = str(flow.data["phone"])
    texts.entered(tx, act, number)
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    for name in {user.phone or number, number}:
        tx.users.drop_identifier(act.tenant.id, user.id, name)
    after = replace(user, phone=number, phone_verified_at=act.now)
    tx.users.save_number(after)
    tx.users.add_identifier(act.tenant.id, user.id, number)
    record(tx, act, Event.PHONE_PROVED, after, {"phone": masked_phone(number)})
    changed = user.phone is not None and user.phone != number
    tell(
        tx, act, "phone_changed", after, what="changed" if changed else "added",
        ending=number[-ENDING:],
    )  # fmt: skip
    if changed:
        _tell_old_number(tx, act, user)
    return after


def drop(tx: Tx, act: Act, user: User, event: Event, facts: dict[str, object]) -> User:
    """Take a user's number away, if there is one; they hear of it. The account as stored."""
    if user.phone is None:
        return user
    tx.users.drop_identifier(act.tenant.id, user.id, user.phone)
    after = replace(user, phone=None, phone_verified_at=None)
    tx.users.save(after)
    record(tx, act, event, after, {"phone": masked_phone(user.phone), **facts})
    tell(tx, act, "phone_changed", after, what="removed", ending=user.phone[-ENDING:])
    _tell_old_number(tx, act, user)
    return after


def _tell_old_number(tx: Tx, act: Act, user: User) -> None:
    """One text to the number that is none any more: whoever took the mailbox, too, cannot
    keep it from telling. It names no link and costs no cap: it goes once to a proved number.
    """
    enqueue(
        tx, act, "sms", "phone_gone", user=user, address=user.phone, values={},
        life_ms=NOTICE_LIFE_MS,
    )  # fmt: skip


# -- a number that somebody else holds


@dataclass(frozen=True, slots=True)
class Clash:
    """A number that a user wanted and somebody else has. For staff alone.

    Attributes:
        number: masked.
        holder: who has it now; None: nobody any more.
        same: holder and user are one person, as far as a proved address shows: the holder is a
            stale registration.
        asked_at: when staff last asked the holder whether the number is still theirs.
        elsewhere: it was held at another customer of the provider's: where and by whom is theirs
            to know, and so is whether it still is.
    """

    at: int
    number: str
    holder: User | None
    same: bool
    asked_at: int | None = None
    elsewhere: bool = False


def _held(tx: Tx, act: Act, user: User, number: str) -> bool:
    """Whether somebody else has proved the number, or is called by it; staff can read who, if it
    is one of the tenant's. All is looked at whatever is found, so that each takes as long.
    """
    holder = tx.users.holder_of_phone(act.tenant.id, number)
    named = tx.users.named(act.tenant.id, number)
    elsewhere = tx.users.held_elsewhere(act.tenant.id, number)
    other = next((h for h in (holder, named) if h is not None and h.id != user.id), None)
    if other is None and not elsewhere:
        return False
    facts: dict[str, object] = {"phone": masked_phone(number)}
    if other is None:
        facts["elsewhere"] = True
    else:
        proved = other.phone == number
        facts.update({"holder": other.id, "state": str(other.state), "proved": proved})
    record(tx, act, Event.PHONE_HELD, user, facts)
    return True


def note_clash(tx: Tx, act: Act, user: User, kind: str) -> None:
    """As `_held`, for a number that was taken while its code was on the way."""
    flow = openings.of(tx, act, kind, user.id)
    if flow is not None:
        _held(tx, act, user, str(flow.data["phone"]))


def clash(tx: Tx, act: Act, user: User) -> Clash | None:
    """The last number that this user could not have; None once they have proved one since."""
    found = tx.audit.search(act.tenant.id, (Event.PHONE_HELD,), user.id, None, 1)
    facts = found[0].facts if found else {}
    holder = tx.users.get(act.tenant.id, str(facts.get("holder", "")))  # also where nothing was
    if not found or (user.phone_verified_at or 0) >= found[0].at:
        return None
    number = str(facts["phone"])
    if holder is not None and facts["proved"] and not _has(holder, number):
        holder = None
    same = holder is not None and _is_same(user, holder)
    whose = holder.id if holder else act.tenant.id
    asked = tx.audit.search(act.tenant.id, (Event.PHONE_ASKED,), whose, None, 1)
    asked_at = asked[0].at if asked and holder else None
    return Clash(found[0].at, number, holder, same, asked_at, bool(facts.get("elsewhere")))


def _has(holder: User, masked: str) -> bool:
    return holder.phone is not None and masked_phone(holder.phone) == masked


def _is_same(user: User, holder: User) -> bool:
    """Two accounts of one person: one address, and neither a sign-up that nobody confirmed."""
    proved = UserState.UNVERIFIED not in {user.state, holder.state}
    return proved and bool(user.email) and canonical(user.email) == canonical(holder.email)


def release_stale(tx: Tx, act: Act, user: User) -> User | None:
    """Take the number that `user` could not have from a stale registration of the same person:
    a disabled account of the same address. Part of Reset User.

    Returns: whose number it was; None: there is nothing to mend.
    """
    found = clash(tx, act, user)
    if found is None or found.holder is None or not found.same:
        return None
    holder = tx.users.lock(act.tenant.id, found.holder.id)
    if holder is None or holder.state is not UserState.DISABLED:
        return None
    return drop(tx, act, holder, Event.PHONE_RELEASED, {"for": user.id})
