"""Proving a caller in a case: by codes that are read aloud, and by the word of a colleague.

    offline code   the caller reads six digits from the phone app
    text, mail     a code goes to the number or address on file; the caller reads it
    approval       a colleague says, from a page of their own, that they know the caller

By push it is flows/verifying.  What each proves, and how long, is rules/proofs.py.  A code is typed
by the technician whose case it is; wrong ones count in the case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff
from keyturn.rules.accounts import Flow, User
from keyturn.rules.caselog import Row
from keyturn.rules.codes import Expired, Right, Used
from keyturn.rules.messages import NOTICE_LIFE_MS
from keyturn.rules.proofs import APPROVAL_MS, CASE_CODES, WRONG, Method, Outcome
from keyturn.steps import casework, codes, proving, texts
from keyturn.steps.acts import Act, begin
from keyturn.steps.casework import Doing, Held, NotAllowed, NotFound, NotYours, Over, Refused
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.outbox import enqueue
from keyturn.steps.proving import Bar
from keyturn.steps.texts import Capped

__all__ = [
    "Asked", "Bar", "Capped", "CodeSent", "Denied", "NoCode", "NoWay", "NotAllowed", "NotFound",
    "NotProved", "NotYours", "Over", "Proved", "Standing", "TooSoon", "ask", "enter", "send",
    "standing", "vouch",
]  # fmt: skip

T = TypeVar("T")
#: methods whose code is sent by us
SENT = frozenset(proving.KINDS)
#: methods whose code is typed by the technician
TYPED = SENT | {Method.OFFLINE}


@dataclass(frozen=True, slots=True)
class NoWay:
    """The method proves nothing in this case."""

    why: Bar


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way to `to`, masked."""

    sent: Sent
    to: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a code that is read aloud stands.

    Attributes:
        to: the phone's name, or the number or address, masked.
        sent: of a code that we sent; None: none was, or it is the phone's own.
        left: wrong codes that may still be typed in this case.
    """

    user: User
    to: str
    sent: Sent | None
    left: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The caller is proved, at `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class NotProved:
    """That was not the code, or no longer. `left`: wrong ones that may still be typed here."""

    outcome: Outcome
    left: int


@dataclass(frozen=True, slots=True)
class NoCode:
    """No code was sent in this case that could be typed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The colleague is asked."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The colleague does not know the caller, and that is written down."""


# -- codes


async def send(
    parts: Parts, staff: Staff, ref: str, method: Method
) -> CodeSent | TooSoon | Capped | NoWay | Refused:
    """Send a code to the number or the address on file. `method`: one of SENT."""

    def do(tx: Tx, act: Act, held: Held) -> CodeSent | TooSoon | Capped | NoWay:
        way = proving.way(tx, act, held, method)
        if way.bar is not None:
            return NoWay(way.bar)
        before = proving.current(tx, act, held, method)
        answer = proving.send(tx, act, held, method)
        if not isinstance(answer, tuple):
            return answer
        flow, sent = answer
        if before is None:
            casework.asked(tx, act, held, method, flow.id, {"until": sent.expires_at})
        return CodeSent(sent, way.to)

    return await parts.store.write(lambda tx: _within(tx, parts, staff, ref, do))


async def standing(
    parts: Parts, staff: Staff, ref: str, method: Method
) -> Standing | NoWay | Refused:  # fmt: skip
    """How a code stands, for the page on which it is typed. `method`: one of TYPED."""

    def do(tx: Tx, act: Act, held: Held) -> Standing | NoWay | NotFound:
        way = proving.way(tx, act, held, method)
        if way.bar is not None:
            return NoWay(way.bar)
        flow = proving.current(tx, act, held, method) if method in SENT else None
        sent = codes.standing(tx, flow) if flow else None
        user = held.user
        return NotFound() if user is None else Standing(user, way.to, sent, _left(held))

    return await parts.store.read(lambda tx: _within(tx, parts, staff, ref, do))


async def enter(
    parts: Parts, staff: Staff, ref: str, method: Method, typed: str
) -> Proved | NotProved | NoCode | NoWay | Refused:
    """What the caller reads out, as the technician types it. `method`: one of TYPED."""

    def do(tx: Tx, act: Act, held: Held) -> Proved | NotProved | NoCode | NoWay:
        way = proving.way(tx, act, held, method)
        if way.bar is not None:
            return NoWay(way.bar)
        if method is Method.OFFLINE:
            right = proving.read_out(tx, act, held, typed)
            return _ended(tx, act, held, method, None if right else Outcome.WRONG, "")
        flow = proving.current(tx, act, held, method)
        return NoCode() if flow is None else _checked(tx, act, held, method, flow, typed)

    return await parts.store.write(lambda tx: _within(tx, parts, staff, ref, do))


def _checked(
    tx: Tx, act: Act, held: Held, method: Method, flow: Flow, typed: str
) -> Proved | NotProved:  # fmt: skip
    user = held.user
    assert user is not None  # noqa: S101  there is a way, so there is somebody
    verdict = codes.check(tx, act, flow, user, typed, proving.lane(user))
    if isinstance(verdict, Right):
        tx.flows.save(replace(flow, step="done", closed_at=act.now))
        if method is Method.TEXT:
            texts.entered(tx, act, str(user.phone))
        return _ended(tx, act, held, method, None, flow.id)
    late = isinstance(verdict, Expired | Used)
    return _ended(tx, act, held, method, Outcome.LATE if late else Outcome.WRONG, flow.id)


def _ended(
    tx: Tx, act: Act, held: Held, method: Method, outcome: Outcome | None, about: str
) -> Proved | NotProved:  # fmt: skip
    """Write down what became of it; None: it proves the caller."""
    if outcome is None:
        since = proving.since(tx, act, held, method)
        casework.proved(tx, act, held, method, since, about=about, turn=held.standing.turn)
        return Proved(act.now)
    return NotProved(outcome, _left(casework.failed(tx, act, held, method, outcome, about)))


def _left(held: Held) -> int:
    return max(WRONG - held.standing.wrong, 0)


# -- the word of a colleague


async def ask(
    parts: Parts, staff: Staff, ref: str, colleague_id: str
) -> Asked | Capped | NotFound | Refused:
    """Ask a colleague whether they know the caller; they hear of it by mail."""

    def do(tx: Tx, act: Act, held: Held) -> Asked | Capped | NotFound:
        colleague = _colleague(tx, act, held, colleague_id)
        if colleague is None or held.user is None:
            return NotFound()
        spent = tx.budgets.spend(act.tenant.id, colleague.id, act.now, CASE_CODES)
        if not CASE_CODES.allows(spent):
            return Capped(until=spent.start + CASE_CODES.window_ms, cause="user")
        until = act.now + APPROVAL_MS
        facts = {"colleague": colleague.id, "until": until}
        casework.asked(tx, act, held, Method.APPROVAL, act.id(), facts)
        _tell(tx, act, held, colleague, until)
        return Asked()

    return await parts.store.write(lambda tx: _within(tx, parts, staff, ref, do))


def _colleague(tx: Tx, act: Act, held: Held, colleague_id: str) -> User | None:
    """Somebody of staff who may say it: neither whose case it is nor whom it is about."""
    user, homes = held.user, [act.tenant.id]
    if user is None or colleague_id in {user.id, held.standing.holder}:
        return None
    if not casework.may(tx, act, colleague_id, Action.VERIFY, user):
        return None
    role = tx.roles.of_user(colleague_id)[act.tenant.id]
    homes = [home for home, who in tx.roles.holders(act.tenant.id, role) if who == colleague_id]
    return tx.users.get(homes[0], colleague_id)


def _tell(tx: Tx, act: Act, held: Held, colleague: User, until: int) -> None:
    link = act.parts.link(act.tenant, f"/console/cases/{held.case.ref}/approve")
    values = {
        "ref": held.case.ref, "link": link, "until": until,
        "asker": act.actor.name if act.actor else "",
    }  # fmt: skip
    enqueue(
        tx, act, "mail", "case_approval", user=colleague, address=colleague.email or None,
        values=values, life_ms=min(APPROVAL_MS, NOTICE_LIFE_MS),
    )  # fmt: skip


async def vouch(
    parts: Parts, staff: Staff, ref: str, *, known: bool
) -> Proved | Denied | NotFound | NotAllowed | Over:
    """A colleague who was asked gives their word, or says that they cannot."""

    def step(tx: Tx) -> Proved | Denied | NotFound | NotAllowed | Over:
        act = begin(parts, staff.caller, staff.user)
        held = casework.open_to(tx, act, staff, ref, Action.VERIFY)
        if not isinstance(held, Held) or act.actor is None:
            return held if not isinstance(held, Held) else NotFound()
        row = _asked_of(held, act.actor.id, act.now)
        if row is None or held.standing.holder == act.actor.id:
            return NotFound()
        if not known:
            casework.failed(tx, act, held, Method.APPROVAL, Outcome.DENIED, row.about)
            return Denied()
        turn = held.standing.turn
        casework.proved(
            tx, act, held, Method.APPROVAL, 0, about=row.about, turn=turn, by=act.actor.id
        )
        return Proved(act.now)

    return await parts.store.write(step)


def _asked_of(held: Held, me: str, now: int) -> Row | None:
    """The question of this turn that waits for somebody's word."""
    for row in held.standing.asked.values():
        until = row.facts.get("until")
        if row.facts.get("colleague") == me and isinstance(until, int) and now < until:
            return row
    return None


def _within(tx: Tx, parts: Parts, staff: Staff, ref: str, do: Doing[T]) -> T | Refused:
    act = begin(parts, staff.caller, staff.user)
    return casework.within(tx, act, staff, ref, Action.VERIFY, do)
