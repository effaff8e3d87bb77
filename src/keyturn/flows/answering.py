"""What a phone is asked, and its answer.

    look (which question, whose key) --> verify (no transaction) --> heard, app lock --> answer

The answer is signed by the phone over what it showed (rules/approvals.statement); the server
builds the same bytes from its own row.  A caller's approval is used at once: what asked is the
technician's page, which only watches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import approvals, matching
from keyturn.rules.accounts import User
from keyturn.rules.app_lock import Does, Doing, Proof
from keyturn.rules.approvals import Approval, Kind, Refusal, State, Verdict
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.phone_app import Phone
from keyturn.steps import callers, phone_lock, questions
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.phone_door import Refused, Said, heard

#: (key as stored, statement, signature as sent) -> whether the key has signed it
Judge = Callable[[str, bytes, str], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """What the person is to see.

    Attributes:
        words: the two that the technician's page shows; "" where no staff asks.
        left: wrong numbers that may still be typed before it is over.
    """

    one: Approval
    words: str
    left: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the phone says.

    Attributes:
        typed: the number as typed; "" with a denial.
        signature: over rules.approvals.statement.
        proof: what opens the app lock (steps/phone_lock.prove); None with a denial.
    """

    approval_id: str
    verdict: Verdict
    typed: str
    signature: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer counts, now or since it came first."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """It does not. left: see Question; 0 unless the number was wrong."""

    why: Refusal
    left: int = 0


@dataclass(frozen=True, slots=True)
class NoNumber:
    """What was typed can be no number; it was no try."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No question of this name was asked of this phone."""


@dataclass(frozen=True, slots=True)
class Forged:
    """It was not this phone's key that signed, or something else was signed: what the app showed
    is not what was asked.
    """


Answer = Taken | NotTaken | NoNumber | Unknown | Forged | Refused


async def waiting(
    parts: Parts, caller: Caller, said: Said
) -> tuple[Question, ...] | Refused:  # fmt: skip
    """What the phone is to answer now, the newest first."""
    by = await parts.store.write(lambda tx: heard(tx, begin(parts, caller), said))
    if isinstance(by, Refused):
        return by
    return await parts.store.read(lambda tx: _waiting(tx, begin(parts, caller), by.phone))


def _waiting(tx: Tx, act: Act, phone: Phone) -> tuple[Question, ...]:
    found = tx.phones.waiting(act.tenant.id, phone.id, act.now)
    return tuple(Question(one, questions.words(act, one), questions.left(one)) for one in found)


async def answer(
    parts: Parts, caller: Caller, said: Said, reply: Reply, judge: Judge
) -> Answer:  # fmt: skip
    """A phone answers. To say yes, its owner opens the app lock; anybody may say no.

    Args:
        caller: in the phone's tenant; another tenant's question is unknown there.
        said: by whom, as the request's signature has it.
    """
    await phone_lock.ready(parts, reply.proof)
    typed = matching.said(reply.typed) if reply.verdict is Verdict.APPROVE else ""
    found = await parts.store.read(lambda tx: _asked(tx, caller.tenant.id, said.phone_id, reply))
    right = found is not None and typed is not None and _signed(judge, *found, reply, typed)

    def step(tx: Tx) -> Answer:
        act = begin(parts, caller)
        by = heard(tx, act, said, hold=True)
        if isinstance(by, Refused):
            return by
        if found is None:
            return Unknown()
        if typed is None:
            return NoNumber()
        if not right:
            record(tx, act, Event.APPROVAL_FORGED, by.user, _facts(found[0]))
            return Forged()
        asks = reply.verdict is Verdict.APPROVE
        doing = Doing(Does.ANSWER, reply.approval_id)
        locked = phone_lock.prove(tx, act, by, doing, reply.proof) if asks else None
        return locked or _answered(tx, act, by.user, found[0], reply.verdict, typed)

    return await parts.store.write(step)


def _asked(tx: Tx, tenant_id: str, phone_id: str, reply: Reply) -> tuple[Approval, Phone] | None:
    one = tx.phones.approval(tenant_id, reply.approval_id)
    phone = tx.phones.phone(tenant_id, phone_id)
    return (one, phone) if one and phone and one.phone_id == phone_id else None


def _signed(judge: Judge, one: Approval, phone: Phone, reply: Reply, typed: str) -> bool:
    return judge(phone.key, approvals.statement(one, reply.verdict, typed), reply.signature)


def _answered(
    tx: Tx, act: Act, user: User, one: Approval, verdict: Verdict, said: str
) -> Taken | NotTaken:  # fmt: skip
    rows = tx.phones.held(act.tenant.id, user.id, act.now) or Rows(user)
    # one so old that it is not held has had its end
    before = next((each for each in rows.questions if each.id == one.id), one)
    after, why = approvals.answer(before, before.phone_id, verdict, said, act.now)
    if after == before:
        return _told(after, why)
    if after.state is State.APPROVED and after.kind is Kind.CALLER:
        after, _ = approvals.take(after, after.subject, rows.user.epoch, act.now)
    questions.changed(tx, rows, after)
    _note(tx, act, rows, before, after)
    return _told(after, why)


def _told(one: Approval, why: Refusal | None) -> Taken | NotTaken:
    wrong = why is approvals.Why.WRONG
    return Taken() if why is None else NotTaken(why, questions.left(one) if wrong else 0)


def _note(tx: Tx, act: Act, rows: Rows, before: Approval, after: Approval) -> None:
    """The audit trail, and the alarm that a denial may be."""
    facts = _facts(after)
    if after.wrong > before.wrong:
        record(tx, act, Event.APPROVAL_WRONG, rows.user, {**facts, "left": questions.left(after)})
    elif after.state is State.DENIED:
        record(tx, act, Event.APPROVAL_DENIED, rows.user, facts)
        questions.denied(tx, act, rows, after)
    elif after.state is not State.OVER:
        record(tx, act, Event.APPROVAL_GIVEN, rows.user, facts)
    if after.kind is Kind.CALLER:
        callers.settle(tx, act, rows.user, after)


def _facts(one: Approval) -> dict[str, object]:
    by = {"by": one.subject} if one.kind is Kind.CALLER else {}
    return {"kind": str(one.kind), "approval": one.id, **by}
