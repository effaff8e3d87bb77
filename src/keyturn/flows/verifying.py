"""A technician asks a caller's phone whether it is them (SPEC §5).

The technician's page shows two digits, which the caller hears and types in the phone; the phone
shows the technician's name and two words, which the technician reads out: so each is proved to the
other.  The approval is used when the phone gives it (flows/answering): from then on it proves the
caller to this technician for minutes (rules/verified.py), and to nobody else.  How it ended is
written down when the phone says so, or by the sweep within a second of it (`settle`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import verified
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, Capped, Kind, NotAsked, State
from keyturn.rules.callers import Caller
from keyturn.rules.cases import parse_reference
from keyturn.rules.phone_app import Phone, PushState
from keyturn.rules.proofs import Method
from keyturn.rules.verifications import Verification as Row
from keyturn.steps import callers, casework, questions, views
from keyturn.steps.acts import Act, begin
from keyturn.steps.casework import NotYours
from keyturn.steps.naming import is_id
from keyturn.steps.questions import NoPhone, Standing, Wanted

__all__ = [
    "Capped", "NoPhone", "NotAllowed", "NotAsked", "NotFound", "NotYours", "PhoneOf", "PushState",
    "Started", "Verification", "look", "phone_of", "settle", "start",
]  # fmt: skip

#: verifications in one look of the sweep
LIMIT: Final = 100
#: what stands for the client where nobody was there to see the end
CLIENT: Final = "clock"


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was asked."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such user, case or question in this tenant, or one that somebody else asked."""


@dataclass(frozen=True, slots=True)
class Started:
    """The phone is asked. `id`: of the question."""

    id: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A question to a caller's phone, as its technician sees it.

    Attributes:
        words: the two that the phone shows.
        proved_until: until when the caller is proved; None: they are not.
        push: whether notifications reach the phone.
    """

    user: User
    standing: Standing
    words: str
    proved_until: int | None
    push: PushState


@dataclass(frozen=True, slots=True)
class PhoneOf:
    """A user's phone, as staff see it.

    Attributes:
        phone: None: none is bound.
        seen_at: when it was last heard.
        proved_until: until when the user is proved to the technician who looks.
    """

    phone: Phone | None
    seen_at: int | None
    proved_until: int | None


async def start(
    parts: Parts, staff: Staff, user_id: str, case: str = ""
) -> Started | NotAsked | NoPhone | NotAllowed | NotFound | NotYours:
    """Ask the phone of somebody who calls.

    Args:
        staff: as authorised at this request; a command on the host speaks with no caller.
        case: reference of the case that the call is about, which is theirs: what the phone says is
            a proof in it. "" for none.
    """

    def step(tx: Tx) -> Started | NotAsked | NoPhone | NotAllowed | NotFound | NotYours:
        act = begin(parts, staff.caller, staff.user)
        user = _find(tx, act, user_id)
        if user is None:
            return NotFound()
        held = casework.theirs(tx, act, staff, case, user) if case else None
        if isinstance(held, casework.NotFound):
            return NotFound()
        if isinstance(held, NotYours):
            return held
        why = hindrance(staff, Action.VERIFY, user, views.highest_rank(tx, user))
        if staff.user is None or why is not None:
            return NotAllowed(why or Why.NO_ROLE)
        facts = {"case": parse_reference(case)} if case else {}
        wanted = Wanted(Kind.CALLER, staff.user.id, staff.user.name, act.tenant.name, facts)
        asked = callers.ask(tx, act, user.id, wanted, str(facts.get("case", "")))
        if isinstance(asked, Approval) and held is not None:
            until = {"until": asked.expires_at}
            casework.asked(tx, act, held, Method.PUSH, asked.id, until)
        return Started(asked.id) if isinstance(asked, Approval) else asked

    return await parts.store.write(step)


def _find(tx: Tx, act: Act, user_id: str) -> User | None:
    """A user of this tenant; never its decoy."""
    real = is_id(user_id) and user_id != act.tenant.id
    return tx.users.get(act.tenant.id, user_id) if real else None


async def look(parts: Parts, staff: Staff, approval_id: str) -> Verification | NotFound:
    """How a verification stands, for the technician who asked; nobody else learns the number."""
    found = await parts.store.read(lambda tx: _look(tx, _act(parts, staff), staff, approval_id))
    if isinstance(found, Verification) and found.standing.one.state is State.OVER:
        await parts.store.write(lambda tx: _note_end(tx, _act(parts, staff), approval_id))
    return found


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


def _look(tx: Tx, act: Act, staff: Staff, approval_id: str) -> Verification | NotFound:
    one = tx.phones.approval(act.tenant.id, approval_id)
    mine = one is not None and staff.user is not None and one.subject == staff.user.id
    user = tx.users.get(act.tenant.id, one.user_id) if one is not None and mine else None
    if one is None or user is None or one.kind is not Kind.CALLER:
        return NotFound()
    phone = tx.phones.phone(act.tenant.id, one.phone_id)
    return Verification(
        user=user, standing=questions.shown(tx, act, one), words=questions.words(act, one),
        proved_until=verified.proved_until(one),
        push=phone.push.state if phone is not None else PushState.NONE,
    )  # fmt: skip


def _note_end(tx: Tx, act: Act, approval_id: str) -> None:
    """Store an end that nobody has written down yet, once."""
    one = tx.verifications.get(act.tenant.id, approval_id)
    if one is not None and one.outcome is None:
        callers.lapse(tx, act, one)


async def phone_of(parts: Parts, staff: Staff, user_id: str) -> PhoneOf:
    """The phone of a user whom this tenant has."""

    def step(tx: Tx) -> PhoneOf:
        act = _act(parts, staff)
        phone = tx.phones.active(act.tenant.id, [user_id]).get(user_id)
        if phone is None:
            return PhoneOf(None, None, None)
        seen_at = tx.phones.seen_at(act.tenant.id, phone.id)
        return PhoneOf(phone, seen_at, _proved(tx, act, staff, user_id))

    return await parts.store.read(step)


def _proved(tx: Tx, act: Act, staff: Staff, user_id: str) -> int | None:
    """Until when the user is proved to whoever looks."""
    rows = tx.phones.held(act.tenant.id, user_id, act.now)
    if rows is None or staff.user is None:
        return None
    return verified.proved_to(rows.questions, rows.user, staff.user.id, act.now)


# -- what nobody looks at


async def settle(parts: Parts, limit: int = LIMIT) -> int:
    """Write down how verifications ended that nobody saw the end of, of all tenants: no answer, a
    newer question, a reset. How many there were to look at.

    Raises StoreUnavailable.
    """
    now = parts.clock.now()
    due = await parts.store.glance(lambda tx: tx.verifications.due(now, limit))
    for one in due:
        await parts.store.write(lambda tx, one=one: _settle(tx, parts, one))  # type: ignore[misc]
    return len(due)


def _settle(tx: Tx, parts: Parts, one: Row) -> None:
    tenant = tx.tenants.get(one.tenant_id)
    if tenant is not None:
        callers.lapse(tx, begin(parts, Caller(tenant, "", (), "", CLIENT)), one)
