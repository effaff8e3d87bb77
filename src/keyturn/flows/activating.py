"""Activation: from the link in a mail to a phone that is bound.

    link --POST--> number --text, code--> code to scan --a phone binds--> bound
                     |  ("off", proved already, or optional and left out)  ^
                     +-----------------------------------------------------+

Each browser has one such flow, each link too: whoever follows it again in another browser goes on
there, and the first one has nothing open any more.  The phone itself binds through its own door;
this page sees what became of its code.  A flow goes on after its link has expired; it ends when the
link does not hold any more (Reset User, a newer link, the account disabled).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.delivery import PhoneNumber
from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules import activation
from keyturn.rules.accounts import Flow, User, UserState
from keyturn.rules.activation import WayOn
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Verdict
from keyturn.rules.enrolment import CodeState
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.rules.phones import Ask
from keyturn.steps import activation as links
from keyturn.steps import invitations, openings, phone_proof, showing
from keyturn.steps.activation import Seen
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.codes import Sent as TextSent
from keyturn.steps.codes import TooSoon
from keyturn.steps.invitations import Later, NotSent, Sent
from keyturn.steps.phone_proof import InUse, NotANumber, Open, PhonesOff
from keyturn.steps.showing import Capped, Shown
from keyturn.steps.texts import Capped as NoText

__all__ = [
    "Ask", "AskCode", "AskNumber", "Bound", "Capped", "Closed", "Gone", "InUse", "Later", "NoText",
    "NotANumber", "NotSent", "PhonesOff", "Scan", "Seen", "Sent", "State", "TextSent", "TooSoon",
    "Unknown", "again", "another_number", "current", "enter_code", "go_on", "leave_out", "look",
    "new_code", "offer", "resend",
]  # fmt: skip

KIND, NUMBER = "activation", "link-number"  # at most 12 letters
#: a browser's own: the link opens another one for 48 hours
LIFE_MS = 4 * HOUR
_MOST = 50


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody was ever sent this link."""


@dataclass(frozen=True, slots=True)
class Gone:
    """No activation is open in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What was begun here does not hold any more: a newer link, Reset User, the account disabled
    or frozen; or a phone was bound in another way.
    """


@dataclass(frozen=True, slots=True)
class AskNumber:
    """A phone number comes first.

    Attributes:
        required: it cannot be left out.
        number: as staff brought it with the invitation (rules.batches), for the person to
            confirm or to change: it counts once it is proved. "": they did not.
    """

    required: bool
    number: str = ""


@dataclass(frozen=True, slots=True)
class AskCode:
    """A number waits for the code in its text."""

    open: Open


@dataclass(frozen=True, slots=True)
class Scan:
    """The code to scan, or what became of it. `shown` None: none could be made."""

    user: User
    shown: Shown | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A phone is bound.

    Attributes:
        phone: its name, as people read it.
        directories: names of those in which the user has an account.
    """

    user: User
    phone: str
    directories: tuple[str, ...]


State = AskNumber | AskCode | Scan | Bound | Closed | Gone


async def look(parts: Parts, caller: Caller, token: str) -> Seen | Unknown:
    """What the link is worth; changes nothing (mail programs open links, too)."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: links.look(tx, act, token) or Unknown())


async def go_on(parts: Parts, caller: Caller, token: str) -> State | Seen | Unknown:
    """Follow the link in this browser; the one that another browser had is closed."""

    def step(tx: Tx) -> State | Seen | Unknown:
        act = begin(parts, caller)
        found = links.look(tx, act, token)
        rows = tx.phones.held(act.tenant.id, found.user.id, act.now) if found else None
        seen = links.look(tx, act, token) if rows else None  # what was true before it was held
        if rows is None or seen is None:
            return Unknown()
        if WayOn.GO_ON not in seen.ways or seen.sign_in:
            return seen
        return _begun(tx, act, rows, seen)

    return await parts.store.write(step)


async def again(
    parts: Parts, caller: Caller, token: str
) -> Sent | NotSent | Later | Unknown:  # fmt: skip
    """Mail a new link to the address on file, where the tenant lets people ask for one. Whoever
    shows an older link's token has shown that it was theirs.
    """

    def step(tx: Tx) -> Sent | NotSent | Later | Unknown:
        act = begin(parts, caller)
        seen = links.look(tx, act, token)
        rows = tx.phones.held(act.tenant.id, seen.user.id, act.now) if seen else None
        return Unknown() if rows is None else invitations.again(tx, act, rows)

    return await parts.store.write(step)


def _begun(tx: Tx, act: Act, rows: Rows, seen: Seen) -> State:
    user = rows.user
    for flow in tx.flows.of_user(act.tenant.id, user.id, _MOST):
        if flow.kind in {KIND, NUMBER} and flow.closed_at is None:
            tx.flows.save(replace(flow, closed_at=act.now))
            rows = showing.end(tx, act, rows, flow.id)
    data = {showing.LINK: seen.link.number, showing.EPOCH: user.epoch}
    first = "number" if _asks_number(act, user) else showing.SCAN
    flow = openings.start(tx, act, KIND, first, user.id, data, LIFE_MS)
    record(tx, act, Event.ACTIVATION_BEGUN, user, {"link": seen.link.number})
    if first == showing.SCAN:
        showing.show(tx, act, rows, flow)
    return _state(tx, act)


def _asks_number(act: Act, user: User) -> bool:
    return act.tenant.policy.phone != "off" and user.phone_verified_at is None


async def current(parts: Parts, caller: Caller) -> State:
    """How the activation of this browser stands."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: _state(tx, act))


def _state(tx: Tx, act: Act) -> State:
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    user = tx.users.get(act.tenant.id, flow.user_id) if flow and flow.user_id else None
    if flow is None or user is None:
        return Gone()
    shown = showing.standing(tx, act, flow)
    if shown is not None and shown.code.state is CodeState.BOUND:
        return _bound(tx, act, user, shown)
    if not _holds(tx, act, flow, user):
        return Closed()
    if flow.step == showing.SCAN:
        return Scan(user=user, shown=shown)
    number = openings.of(tx, act, NUMBER, user.id)
    if number is not None:
        return AskCode(phone_proof.standing(tx, act, number))
    told = (row.phone for row in tx.batches.of_user(act.tenant.id, user.id, _MOST) if row.phone)
    return AskNumber(act.tenant.policy.phone == "required", next(told, ""))


def _bound(tx: Tx, act: Act, user: User, shown: Shown) -> Bound:
    tenant_id = act.tenant.id
    phone = tx.phones.phone(tenant_id, shown.code.phone_id)
    linked = tx.directories.linked(tenant_id, user.id)
    found = (tx.directories.get(tenant_id, account.directory_id) for account in linked)
    names = tuple(directory.name for directory in found if directory is not None)
    return Bound(user=user, phone=phone.name if phone else "", directories=names)


def _holds(tx: Tx, act: Act, flow: Flow, user: User) -> bool:
    """Whether what the link began may still be finished, however late it is."""
    newest = tx.phones.newest(act.tenant.id, [user.id]).get(user.id)
    bound = user.id in tx.phones.active(act.tenant.id, [user.id])
    if newest is None or bound or user.frozen_at is not None:
        return False
    good = user.state in {UserState.ACTIVE, UserState.INVITED}
    ours = newest.number == flow.data[showing.LINK] and user.epoch == flow.data[showing.EPOCH]
    return good and ours and activation.holds(newest, newest.number)


@dataclass(frozen=True, slots=True)
class _Held:
    """The flow of this browser, and its user's rows, held."""

    flow: Flow
    rows: Rows


def _held(tx: Tx, act: Act) -> _Held | Closed | Gone:
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    rows = tx.phones.held(act.tenant.id, flow.user_id, act.now) if flow and flow.user_id else None
    if flow is None or rows is None:
        return Gone()
    return _Held(flow, rows) if _holds(tx, act, flow, rows.user) else Closed()


# -- the number


async def offer(
    parts: Parts, caller: Caller, number: str, *, insisted: bool
) -> Open | PhonesOff | NotANumber | Ask | InUse | NoText | Closed | Gone:
    """Take a number and text it a code, unless something speaks against it.

    Args: see steps.phone_proof.judge.
    """
    found = phone_proof.judge(parts, caller.tenant, number, insisted=insisted)
    if not isinstance(found, PhoneNumber):
        return found

    def step(tx: Tx) -> Open | InUse | NoText | Closed | Gone:
        act = begin(parts, caller)
        held = _held(tx, act)
        if not isinstance(held, _Held):
            return held
        return phone_proof.offer(tx, act, held.rows.user, found, NUMBER)

    return await parts.store.write(step)


async def resend(parts: Parts, caller: Caller) -> TextSent | TooSoon | NoText | Closed | Gone:
    """Send another text; the earlier code is replaced."""

    def step(tx: Tx) -> TextSent | TooSoon | NoText | Closed | Gone:
        act = begin(parts, caller)
        held = _held(tx, act)
        if not isinstance(held, _Held):
            return held
        user = held.rows.user
        flow = openings.of(tx, act, NUMBER, user.id)
        return Gone() if flow is None else phone_proof.resend(tx, act, flow, user)

    return await parts.store.write(step)


async def another_number(parts: Parts, caller: Caller) -> None:
    """Close what waits for a text's code, to begin with another number or none."""

    def step(tx: Tx) -> None:
        act = begin(parts, caller)
        held = _held(tx, act)
        if isinstance(held, _Held):
            openings.give_up(tx, act, NUMBER, held.rows.user.id)

    await parts.store.write(step)


async def enter_code(
    parts: Parts, caller: Caller, typed: str
) -> State | Verdict | InUse:  # fmt: skip
    """Judge what was typed as the code in the text; the code to scan comes next if it was right."""

    def step(tx: Tx) -> State | Verdict:
        act = begin(parts, caller)
        held = _held(tx, act)
        if not isinstance(held, _Held):
            return held
        flow = openings.of(tx, act, NUMBER, held.rows.user.id)
        if flow is None:
            return _state(tx, act)
        answer = phone_proof.enter(tx, act, flow, held.rows.user, typed)
        return _next(tx, act, held) if isinstance(answer, User) else answer

    try:
        return await parts.store.write(step)
    except Taken:
        await parts.store.write(lambda tx: _clashed(tx, begin(parts, caller)))
        return InUse()


def _clashed(tx: Tx, act: Act) -> None:
    held = _held(tx, act)
    if isinstance(held, _Held):
        phone_proof.note_clash(tx, act, held.rows.user, NUMBER)


def _next(tx: Tx, act: Act, held: _Held) -> State:
    """The code to scan, of the user as stored now."""
    rows = tx.phones.held(act.tenant.id, held.rows.user.id, act.now) or held.rows
    scanning = replace(held.flow, step=showing.SCAN)
    tx.flows.save(scanning)
    showing.show(tx, act, rows, scanning)
    return _state(tx, act)


async def leave_out(parts: Parts, caller: Caller) -> State:
    """Go on without a number, where none is required."""

    def step(tx: Tx) -> State:
        act = begin(parts, caller)
        held = _held(tx, act)
        if not isinstance(held, _Held):
            return held
        if held.flow.step == showing.SCAN or act.tenant.policy.phone == "required":
            return _state(tx, act)
        openings.give_up(tx, act, NUMBER, held.rows.user.id)
        return _next(tx, act, held)

    return await parts.store.write(step)


# -- the code to scan


async def new_code(parts: Parts, caller: Caller) -> State | Capped:
    """Show another code; the one before is over."""

    def step(tx: Tx) -> State | Capped:
        act = begin(parts, caller)
        held = _held(tx, act)
        if not isinstance(held, _Held):
            return _state(tx, act)  # a phone may be bound by now
        if held.flow.step != showing.SCAN:
            return _state(tx, act)
        answer = showing.show(tx, act, held.rows, held.flow)
        return answer if isinstance(answer, Capped) else _state(tx, act)

    return await parts.store.write(step)
