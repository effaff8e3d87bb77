"""Questions that a phone answers: asking, what an answer does, taking the approval.

All of it happens while the user's row is held (ports/phones.held): of two who ask, of an answer
and Reset User, of two who take, one is second and sees what the first has done.  What holds, and
who may ask how often, is rules/approvals.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import approvals, matching, phone_app, word_pairs
from keyturn.rules.alarms import Alarm
from keyturn.rules.approvals import BY_STAFF, Approval, Kind, NotAsked
from keyturn.rules.binding import Rows
from keyturn.rules.budgets import Budget
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone
from keyturn.steps import alarms, pushes, two_digits
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell

#: purpose of the digest that two words are made of
WORDS: Final = "technician"
#: rows of the audit trail for one user's questions that were not asked
CAPPED_ROWS: Final = Budget("approvals-capped", 20, HOUR)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be asked; see rules.approvals.Approval. facts: for the audit trail besides."""

    kind: Kind
    subject: str
    asker: str
    place: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """A proof of who somebody is: what the phone said to the newest question of `subject`."""

    subject: str


@dataclass(frozen=True, slots=True)
class ByPhone:
    """Somebody goes on by what the phone said to the question that they asked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How what was asked stands now.

    Attributes:
        phone: the phone's name.
        left: wrong numbers that may still be typed.
    """

    one: Approval
    phone: str
    left: int


@dataclass(frozen=True, slots=True)
class NoPhone:
    """Nobody can be asked: no phone is bound, or the account is not active."""


def able(rows: Rows | None) -> Phone | None:
    """The phone that may act for the user now."""
    if rows is None:
        return None
    user = rows.user
    may = (p for p in rows.phones if phone_app.may_act(p, user.tenant_id, user.id, user.state))
    return next(may, None)


def ask(tx: Tx, act: Act, user_id: str, wanted: Wanted) -> Approval | NotAsked | NoPhone:
    """Ask the user's phone; the question that waits there is over by it. Pushed, unless it is
    quiet (approvals.quiet_until) or nothing reaches the phone: then it waits in the app.
    """
    rows = tx.phones.held(act.tenant.id, user_id, act.now)
    phone = able(rows)
    if rows is None or phone is None:
        return NoPhone()
    found = approvals.ask(rows.questions, wanted.kind, act.now)
    if isinstance(found, NotAsked):
        return _capped(tx, act, rows, wanted, found)
    one = _made(act, rows, phone, wanted)
    tx.phones.save(rows, replace(rows, questions=(*_ended(rows, found.ends, act.now), one)))
    pushed = found.push and pushes.question(tx, act, rows.user, phone, one)
    facts = {"kind": str(one.kind), "approval": one.id, "pushed": pushed, **wanted.facts}
    record(tx, act, Event.APPROVAL_ASKED, rows.user, facts)
    return one


def _capped(tx: Tx, act: Act, rows: Rows, wanted: Wanted, why: NotAsked) -> NotAsked:
    spent = tx.budgets.spend(act.tenant.id, rows.user.id, act.now, CAPPED_ROWS)
    if CAPPED_ROWS.allows(spent):
        facts = {"kind": str(wanted.kind), "why": str(why.why), "until": why.until}
        record(tx, act, Event.APPROVAL_CAPPED, rows.user, facts)
    return why


def _made(act: Act, rows: Rows, phone: Phone, wanted: Wanted) -> Approval:
    return Approval(
        id=act.id(), tenant_id=act.tenant.id, user_id=rows.user.id, phone_id=phone.id,
        kind=wanted.kind, subject=wanted.subject, epoch=rows.user.epoch, asker=wanted.asker,
        place=wanted.place, number=two_digits.fresh(act.parts), made_at=act.now,
        expires_at=act.now + approvals.LIFE_MS,
    )  # fmt: skip


def _ended(rows: Rows, ends: tuple[Approval, ...], now: int) -> tuple[Approval, ...]:
    over = {one.id for one in ends}
    return tuple(
        approvals.ended(one, Ended.NEWER, now) if one.id in over else one for one in rows.questions
    )


def changed(tx: Tx, rows: Rows, after: Approval) -> None:
    """Store one question of `rows`, which are held."""
    kept = tuple(after if one.id == after.id else one for one in rows.questions)
    tx.phones.save(rows, replace(rows, questions=kept))


def usable(tx: Tx, act: Act, user_id: str) -> bool:
    """Whether a user has a phone to be asked."""
    return user_id in tx.phones.active(act.tenant.id, [user_id])


def standing(tx: Tx, act: Act, user_id: str, subject: str) -> Standing | None:
    """The newest question that `subject` has asked of this user."""
    one = tx.phones.approval_of(act.tenant.id, subject)
    return None if one is None or one.user_id != user_id else shown(tx, act, one)


def shown(tx: Tx, act: Act, one: Approval) -> Standing:
    """A question as whoever asked it sees it."""
    phone = tx.phones.phone(act.tenant.id, one.phone_id)
    name = phone.name if phone is not None else ""
    return Standing(approvals.shown(one, act.now), name, left(one))


def left(one: Approval) -> int:
    """Wrong numbers that may still be typed before it is over."""
    return matching.TRIES - one.wrong


def take(tx: Tx, act: Act, user_id: str, subject: str) -> bool:
    """The newest question that `subject` has asked is used, once; whether it was now."""
    rows = tx.phones.held(act.tenant.id, user_id, act.now)
    phone = able(rows)
    if rows is None or phone is None:
        return False
    asked = [one for one in rows.questions if one.subject == subject and one.phone_id == phone.id]
    newest = max(asked, key=lambda one: (one.made_at, one.id), default=None)
    if newest is None:
        return False
    after, taken = approvals.take(newest, subject, rows.user.epoch, act.now)
    changed(tx, rows, after)
    return taken


def words(act: Act, one: Approval) -> str:
    """The two words that the technician's page and the phone show for a question of staff; ""
    for others. They are of the minute in which it was asked, on both sides.
    """
    if one.kind not in BY_STAFF:
        return ""
    minute = one.made_at // MINUTE
    subject = f"{one.tenant_id}|{one.user_id}|{one.subject}|{minute}"
    return word_pairs.pair(act.parts.sealer.digest(WORDS, subject))


def denied(tx: Tx, act: Act, rows: Rows, one: Approval) -> None:
    """After a denial: the second within an hour is told to the owners and the person, once.

    Args:
        rows: the user's, held, as they were before it.
    """
    if not approvals.alarming(rows.questions, one, act.now):
        return
    who = rows.user
    facts = {"subject": who.name, "asker": one.asker, "place": one.place}
    link = act.parts.link(act.tenant, f"/console/users/{who.id}")
    alarms.tell(tx, act, Alarm.PHONE_DENIED, facts, {"link": link})
    tell(tx, act, "approvals_denied", who, asker=one.asker, place=one.place, staff=_by_staff(one))


def _by_staff(one: Approval) -> bool:
    return one.kind in BY_STAFF
