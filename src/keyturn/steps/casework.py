"""A case and its log: held, changed, read; and what the proofs in it permit.

Whoever changes a case holds its user's row first, then the case's (ports/cases.py).  What a case
is stands in rules/caselog.py, what proofs permit in rules/grants.py; here they meet the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeVar

from keyturn.ports.store import Tx
from keyturn.rules import caselog, grants
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking, same_person
from keyturn.rules.accounts import Case, User
from keyturn.rules.approvals import Approval, State
from keyturn.rules.caselog import Kind, Row, Standing
from keyturn.rules.cases import parse_reference
from keyturn.rules.events import Event
from keyturn.rules.grants import Deed, Grant, Permit, Short
from keyturn.rules.matching import Ended
from keyturn.rules.proofs import About, Method, Outcome, Proof
from keyturn.steps import colleagues, views
from keyturn.steps.acts import Act, record

T = TypeVar("T")
SECOND_STEP: Final = 2

#: what the audit trail says of what happens in a case
_EVENTS: Final[Mapping[Kind, Event]] = MappingProxyType({
    Kind.TAKEN: Event.CASE_TAKEN, Kind.HANDED: Event.CASE_HANDED, Kind.NOTE: Event.CASE_NOTED,
    Kind.ASKED: Event.CASE_ASKED, Kind.PROVED: Event.CASE_PROVED,
    Kind.FAILED: Event.CASE_UNPROVED, Kind.GRANTED: Event.CASE_GRANTED,
})  # fmt: skip
#: what of a row's facts the audit trail has, too: never what a note says
_TOLD: Final = frozenset({"by", "deed", "method", "outcome", "colleague"})


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing of that name in this tenant."""


@dataclass(frozen=True, slots=True)
class NotYours:
    """The case is somebody else's now, or nobody's. `holder`: whose name it is; "": nobody's."""

    holder: str


@dataclass(frozen=True, slots=True)
class Over:
    """The case is closed."""


Refused = NotAllowed | NotFound | NotYours | Over


@dataclass(frozen=True, slots=True)
class Held:
    """A case as this transaction has it.

    Attributes:
        user: whom it concerns; None: nobody here has the name that was typed.
        rows: its log.
    """

    case: Case
    user: User | None
    rows: tuple[Row, ...]

    @property
    def standing(self) -> Standing:
        """What it is now."""
        return caselog.read(self.user.id if self.user else "", self.rows)


#: what is done in a case
Doing = Callable[[Tx, Act, Held], T]


def look(tx: Tx, act: Act, ref: str) -> Held | None:
    """The case, to be read."""
    case = tx.cases.get(act.tenant.id, parse_reference(ref) or "")
    user = tx.users.get(act.tenant.id, case.user_id) if case and case.user_id else None
    return None if case is None else Held(case, user, _rows(tx, case))


def hold(tx: Tx, act: Act, ref: str) -> Held | None:
    """The case, which nobody else changes until this transaction ends, nor its user."""
    seen = tx.cases.get(act.tenant.id, parse_reference(ref) or "")
    user = tx.users.lock(act.tenant.id, seen.user_id) if seen and seen.user_id else None
    case = tx.case_log.hold(act.tenant.id, seen.ref) if seen else None
    return None if case is None else Held(case, user, _rows(tx, case))


def _rows(tx: Tx, case: Case) -> tuple[Row, ...]:
    return tuple(tx.case_log.rows(case.tenant_id, case.id))


def open_to(
    tx: Tx, act: Act, staff: Staff, ref: str, action: Action = Action.CLOSE_CASE
) -> Held | NotAllowed | NotFound | Over:
    """The open case, held, if `staff` may do `action` to whom it concerns. Nobody works on a case
    of their own.
    """
    held = hold(tx, act, ref)
    if held is None:
        return NotFound()
    if staff.user is None:
        return NotAllowed(Why.NO_ROLE)
    theirs = views.highest_rank(tx, held.user) if held.user else 0
    why = hindrance(staff, action, held.user, theirs)
    if why is None and held.user is not None and same_person(staff.user, held.user):
        why = Why.SELF
    if why is not None:
        return NotAllowed(why)
    return Over() if _is_closed(held) else held


def _is_closed(held: Held) -> bool:
    return held.case.state != "open" or held.standing.closed


def mine(
    tx: Tx, act: Act, staff: Staff, ref: str, action: Action = Action.CLOSE_CASE
) -> Held | Refused:
    """As `open_to`, if the case is `staff`'s."""
    held = open_to(tx, act, staff, ref, action)
    if not isinstance(held, Held) or staff.user is None:
        return held
    holder = held.standing.holder
    if holder != staff.user.id:
        return NotYours(name_of(tx, act, holder))
    return held


def theirs(
    tx: Tx, act: Act, staff: Staff, ref: str, user: User
) -> Held | NotFound | NotYours:  # fmt: skip
    """The case of `staff` in which something is asked of a user: open, and about that user."""
    seen = look(tx, act, ref)
    if seen is None or seen.case.user_id != user.id:
        return NotFound()
    held = mine(tx, act, staff, ref, Action.VERIFY)
    return held if isinstance(held, Held | NotYours) else NotFound()


def within(tx: Tx, act: Act, staff: Staff, ref: str, action: Action, do: Doing[T]) -> T | Refused:
    """Do something in a case of `staff`'s, who are the holder of what `do` gets."""
    held = mine(tx, act, staff, ref, action)
    return do(tx, act, held) if isinstance(held, Held) else held


def name_of(tx: Tx, act: Act, user_id: str) -> str:
    """How somebody of staff is called; "" for nobody, and for who is gone."""
    found = colleagues.known(tx, act.tenant.id, user_id)
    return found.name if found else ""


def add(
    tx: Tx,
    act: Act,
    held: Held,
    kind: Kind,
    about: str = "",
    facts: Mapping[str, object] | None = None,
) -> Held:
    """Write one more row, and the audit trail's; the case with it."""
    row = Row(
        id=act.id(), tenant_id=act.tenant.id, case_id=held.case.id, number=len(held.rows) + 1,
        kind=kind, at=act.now, actor_id=act.actor.id if act.actor else None, about=about,
        facts=facts or {},
    )  # fmt: skip
    tx.case_log.add(row)
    if kind in _EVENTS:
        told = {name: value for name, value in row.facts.items() if name in _TOLD}
        record(tx, act, _EVENTS[kind], held.user, {"ref": held.case.ref, **told})
    return replace(held, rows=(*held.rows, row))


# -- proofs


def about(held: Held) -> About | None:
    """What a proof has to be about, to count for whose the case is; None: it concerns nobody."""
    user, holder = held.user, held.standing.holder
    if user is None:
        return None
    return About(held.case.id, user.id, user.epoch, holder, held.case.created_at)


def asked(
    tx: Tx,
    act: Act,
    held: Held,
    method: Method,
    about: str,
    facts: Mapping[str, object] | None = None,
) -> Held:
    """A proof is asked for, in this turn."""
    plain = {"method": str(method), "turn": held.standing.turn}
    return add(tx, act, held, Kind.ASKED, about, {**plain, **(facts or {})})


def proved(
    tx: Tx, act: Act, held: Held, method: Method, since: int, *, about: str = "", turn: int,
    by: str = "",
) -> Held:  # fmt: skip
    """The caller is proved.

    Args:
        since: since when what was asked has been the user's.
        turn: in which it was asked.
        by: whose word it is.
    """
    epoch = held.user.epoch if held.user else 0
    facts = {"method": str(method), "turn": turn, "epoch": epoch, "since": since}
    return add(tx, act, held, Kind.PROVED, about, facts | ({"by": by} if by else {}))


def failed(
    tx: Tx, act: Act, held: Held, method: Method, outcome: Outcome, about: str = ""
) -> Held:  # fmt: skip
    """A proof was none."""
    facts = {"method": str(method), "turn": held.standing.turn, "outcome": str(outcome)}
    return add(tx, act, held, Kind.FAILED, about, facts)


def answered(tx: Tx, act: Act, user: User, one: Approval) -> None:
    """What a question to the phone, asked in a case, has come to, once it has.

    Args:
        user: whose row is held.
        one: as stored.
    """
    outcome = _outcome(one)
    if outcome is None and one.state is not State.USED:
        return
    phone = tx.phones.phone(act.tenant.id, one.phone_id)
    since = phone.bound_at if phone is not None and phone.user_id == user.id else act.now
    came(tx, act, one.id, outcome, since)


def came(tx: Tx, act: Act, about: str, outcome: Outcome | None, since: int) -> None:
    """What was asked of something of the user's has come to this, in the case in which it was
    asked, if it was asked in one.

    Args:
        about: id of the question; the row of its user is held.
        outcome: None: it proves the caller.
        since: since when what was asked has been the user's.
    """
    found = tx.case_log.asked(act.tenant.id, about)
    held = hold(tx, act, found[0].ref) if found else None
    if found is None or held is None or caselog.outcomes(held.rows, about) or _is_closed(held):
        return
    method, turn = Method(str(found[1].facts["method"])), found[1].facts.get("turn")
    if outcome is not None:
        failed(tx, act, held, method, outcome, about)
        return
    proved(tx, act, held, method, since, about=about, turn=turn if isinstance(turn, int) else 0)


def _outcome(one: Approval) -> Outcome | None:
    """Why a question that was asked proves nothing; None: it does, or may yet, or its end says
    nothing of the caller.
    """
    if one.state is State.DENIED:
        return Outcome.DENIED
    ends = {Ended.NUMBER: Outcome.WRONG, Ended.EXPIRED: Outcome.NO_ANSWER}
    return ends.get(one.ended) if one.ended is not None else None


# -- what they permit


def permitted(tx: Tx, act: Act, held: Held, deed: Deed) -> Permit | Short:
    """Whether a deed may be done in this case by whose it is."""
    wanted, user = about(held), held.user
    if wanted is None or user is None:
        return Short(deed, (grants.Missing.PROOF,))
    staff = views.highest_rank(tx, user) > 0
    proofs = [one for one in held.standing.proofs if _stands(tx, act, held, one, user, staff=staff)]
    return grants.permit(deed, proofs, wanted, act.now, staff=staff)


def _stands(tx: Tx, act: Act, held: Held, proof: Proof, user: User, *, staff: bool) -> bool:
    """Whether whose word it is may still give it. For somebody of staff: may do the same, and of
    the two one is the tenant's own.
    """
    if proof.method is not Method.APPROVAL:
        return True
    holder, here = held.standing.holder, act.tenant.id
    if staff and not colleagues.one_is_own(tx, here, holder, proof.by):
        return False
    one, other = (colleagues.known(tx, here, who) for who in (holder, proof.by))
    if one is not None and other is not None and same_person(one, other):
        return False
    action = Action.RESET_USER if staff else Action.VERIFY
    return may(tx, act, proof.by, action, user)


def may(tx: Tx, act: Act, staff_id: str, action: Action, user: User) -> bool:
    """Whether somebody, by their role here as it is now, may do `action` to a user."""
    role = tx.roles.of_user(staff_id).get(act.tenant.id)
    if role is None or staff_id == user.id:
        return False
    staff = Staff(caller=act.caller, user=None, role=role, level=SECOND_STEP)
    return lacking(staff, action, user, views.highest_rank(tx, user)) is None


def grant(tx: Tx, act: Act, held: Held, found: Permit, wanted: About) -> tuple[Held, Grant]:
    """What a permit gives, written down."""
    made = grants.granted(act.id(), found, wanted, act.now)
    facts = {
        "deed": str(made.deed), "turn": held.standing.turn, "epoch": made.epoch,
        "bound": made.bound, "method": " ".join(str(one.method) for one in found.proofs),
    }  # fmt: skip
    return add(tx, act, held, Kind.GRANTED, made.id, facts), made


def spend(tx: Tx, act: Act, held: Held, grant_id: str, deed: Deed) -> Grant | None:
    """Use a grant of this case for the deed that this very transaction does; None: it permits it
    not (any more).
    """
    wanted, found = about(held), held.standing.grants.get(grant_id)
    used = grants.use(found, deed, wanted, act.now) if found and wanted else None
    if used is not None:
        add(tx, act, held, Kind.USED, grant_id)
    return used


def do(tx: Tx, act: Act, held: Held, deed: Deed) -> Grant | Short:
    """Ask the table, and use at once what it grants: this very transaction does the deed."""
    found, wanted = permitted(tx, act, held, deed), about(held)
    if isinstance(found, Short) or wanted is None:
        return found if isinstance(found, Short) else Short(deed, (grants.Missing.PROOF,))
    after, made = grant(tx, act, held, found, wanted)
    spend(tx, act, after, made.id, deed)
    return made
