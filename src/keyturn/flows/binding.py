"""A phone scans a code, or its letters are typed; it says the number, and is bound.

    scan, type --> Offer (tenant, account, directories) --number--> Bound

The row of the code's user is held by each of these, so that of two scans, two numbers, a number
and Reset User one is second and sees the other (rules/binding.py).  The same phone saying the
same again hears the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import binding, enrolment, matching, phone_app
from keyturn.rules.accounts import User
from keyturn.rules.binding import No, Rows
from keyturn.rules.budgets import Budget, exhausted
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.directories.things import Directory
from keyturn.rules.enrolment import TYPED_UNKNOWN, ScanCode
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState
from keyturn.steps import phone_ends, scanned
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.notices import tell
from keyturn.steps.phone_door import Refused, Value, Why, frozen, unbound

__all__ = ["Bound", "Offer", "Refused", "key_of", "number", "scan", "type_in"]

#: rows of the audit trail for phones that one user's codes have refused
REFUSED_ROWS: Final = Budget("enrolment-refused", 20, HOUR)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code offers to the phone that has it.

    Attributes:
        ends_at: until when the number can be said.
        left: wrong numbers that it bears, and one.
        directories: all that the phone will trust, by id.
    """

    code_id: str
    ends_at: int
    left: int
    user: User
    directories: tuple[Directory, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """The phone is the user's."""

    phone: Phone
    user: User
    directories: tuple[Directory, ...]


async def key_of(parts: Parts, tenant_id: str, code_id: str) -> str | None:
    """The key of the phone that has scanned a code; None: there is none."""
    code = await parts.store.read(lambda tx: tx.phones.code(tenant_id, code_id))
    return code.key or None if code else None


# -- scanning and typing


async def scan(
    parts: Parts, caller: Caller, key: str, code_id: str, secret: str
) -> Offer | Refused:  # fmt: skip
    """A phone has scanned a code.

    Args:
        key: the phone's own, which has signed this.
    """

    def step(tx: Tx) -> Offer | Refused:
        act = begin(parts, caller)
        code = tx.phones.code(act.tenant.id, code_id)
        right = scanned.is_secret(act, code, secret)
        if code is None or not right:
            return Refused(Why.UNKNOWN)
        return _taken(tx, act, code, key, typed=False)

    return await parts.store.write(step)


async def type_in(parts: Parts, caller: Caller, key: str, typed: str) -> Offer | Refused:
    """Ten letters were typed in place of a scan."""
    named = enrolment.typed_name(typed)
    if named is None:
        return Refused(Why.LETTERS)
    name, letters = named

    def step(tx: Tx) -> Offer | Refused:
        act = begin(parts, caller)
        full = _full(tx, act)
        if full is not None:
            return full
        found = tx.phones.codes_named(act.tenant.id, name, act.now)
        right = [code for code in found or (None,) if scanned.is_typed(act, code, letters)]
        if right and right[0] is not None:
            return _taken(tx, act, right[0], key, typed=True)
        return _wrong(tx, act, found, key)

    return await parts.store.write(step)


def _full(tx: Tx, act: Act) -> Refused | None:
    """Whether too many wrong letters have come from there, before anything is looked up."""
    network = network_of(act.caller.ip)
    spent = tx.budgets.look(act.tenant.id, network, TYPED_UNKNOWN, hold=True)
    if spent is None or not exhausted(spent, act.now, TYPED_UNKNOWN):
        return None
    return Refused(Why.TOO_MANY, {"until": spent.start + TYPED_UNKNOWN.window_ms})


def _wrong(tx: Tx, act: Act, named: Sequence[ScanCode], key: str) -> Refused:
    """Wrong letters: a try of each code that the first ones name, and of the network."""
    tx.budgets.spend(act.tenant.id, network_of(act.caller.ip), act.now, TYPED_UNKNOWN)
    spent = False
    for code in sorted(named, key=lambda one: one.user_id):
        rows, one = _held(tx, act, code)
        if rows is None or one is None:
            continue
        after, why = enrolment.type_in(one, key, act.now, matches=False)
        _keep(tx, rows, after)
        if after.tries != one.tries:
            _note(tx, act, rows.user, "letters")
        spent = spent or why is enrolment.Why.SPENT
    return Refused(Why.SPENT if spent else Why.WRONG)


def _taken(tx: Tx, act: Act, code: ScanCode, key: str, *, typed: bool) -> Offer | Refused:
    """The code is this phone's, if it is no other's."""
    rows, one = _held(tx, act, code)
    if rows is None or one is None:
        return Refused(Why.UNKNOWN)
    if rows.user.frozen_at is not None:
        return frozen(rows.user.frozen_at)
    if typed:
        after, why = enrolment.type_in(one, key, act.now, matches=True)
    else:
        after, why = enrolment.scan(one, key, act.now)
    _keep(tx, rows, after)
    if why is not None:
        if why is enrolment.Why.TAKEN:
            _note(tx, act, rows.user, "taken")
        return _refusal(why)
    if after.state is not one.state:
        facts = {"code": one.id, "typed": typed}
        record(tx, act, Event.ENROLMENT_SCANNED, rows.user, facts)
    ends_at = enrolment.ends_at(after) or act.now  # bound already: nothing ends
    known = scanned.directories(tx, act.tenant.id)
    return Offer(one.id, ends_at, matching.TRIES - after.wrong, rows.user, known)


def _held(tx: Tx, act: Act, code: ScanCode) -> tuple[Rows | None, ScanCode | None]:
    """All that hangs on the code's user, held, and the code as it is now; None and None: the
    user was erased.
    """
    rows = tx.phones.held(act.tenant.id, code.user_id, act.now)
    return rows, tx.phones.code(act.tenant.id, code.id) if rows else None


def _keep(tx: Tx, rows: Rows, after: ScanCode) -> None:
    codes = tuple(after if one.id == after.id else one for one in rows.codes)
    tx.phones.save(rows, replace(rows, codes=codes))


def _note(tx: Tx, act: Act, user: User, why: str) -> None:
    """A row of the audit trail, as long as there are not too many."""
    spent = tx.budgets.spend(act.tenant.id, user.id, act.now, REFUSED_ROWS)
    if REFUSED_ROWS.allows(spent):
        record(tx, act, Event.ENROLMENT_FAILED, user, {"why": why})


# -- the number


async def number(
    parts: Parts, caller: Caller, key: str, code_id: str, typed: str, name: str
) -> Bound | Refused:
    """The phone that scanned a code says its number.

    Args:
        key: which has signed this.
        typed: the number, as typed.
        name: of the phone, for people.
    """
    said = matching.said(typed)
    if said is None:
        return Refused(Why.NUMBER)

    def step(tx: Tx) -> Bound | Refused:
        act = begin(parts, caller)
        code = tx.phones.code(act.tenant.id, code_id)
        rows, one = _held(tx, act, code) if code else (None, None)
        if rows is None or one is None:
            return Refused(Why.SIGNATURE)
        if rows.user.frozen_at is not None:
            return frozen(rows.user.frozen_at)
        phone = phone_app.bound(act.id(), act.tenant.id, rows.user.id, key, name, act.now)
        return _said(tx, act, rows, one, said, phone)

    return await parts.store.write(step)


def _said(
    tx: Tx, act: Act, rows: Rows, one: ScanCode, said: str, phone: Phone
) -> Bound | Refused:  # fmt: skip
    after, why = binding.bind(rows, one.id, said, phone, act.now)
    tx.phones.save(rows, after)
    ended = next((code for code in after.codes if code.id == one.id), one)
    if why is not None:
        return _unsaid(tx, act, rows, one, ended, why)
    if ended.state is not one.state:
        _bound(tx, act, rows, after, phone)
    bound = tx.phones.phone(act.tenant.id, ended.phone_id)
    if bound is None or bound.state is not PhoneState.ACTIVE:
        return unbound(bound) if bound else Refused(Why.SIGNATURE)
    return Bound(bound, after.user, scanned.directories(tx, act.tenant.id))


def _bound(tx: Tx, act: Act, before: Rows, after: Rows, phone: Phone) -> None:
    """What follows: the phone before it can do nothing more, and the owner hears of it."""
    for old in before.phones:
        phone_ends.let_go(tx, act, old)
    facts = {"phone": phone.id, "name": phone.name, "replaced": before.bound}
    record(tx, act, Event.APP_BOUND, after.user, facts)
    tell(tx, act, "app_changed", after.user, what="bound", phone=phone.name)


def _unsaid(
    tx: Tx, act: Act, rows: Rows, before: ScanCode, after: ScanCode, why: binding.Refusal
) -> Refused:  # fmt: skip
    """The number was not taken; three wrong ones are one of what staff must look at."""
    if after.wrong != before.wrong:
        _note(tx, act, rows.user, "number")
    if after.ended is Ended.NUMBER and before.ended is None:
        tx.budgets.spend(act.tenant.id, rows.user.id, act.now, enrolment.MISMATCHES)
    if why is enrolment.Why.WRONG:
        return Refused(Why.WRONG, {"left": matching.TRIES - after.wrong})
    if why is No.ABSENT:  # over in the store already, and so not held
        return _refusal(before.ended or No.USER)
    return _refusal(why)


def _refusal(why: binding.Refusal) -> Refused:
    """A rule's refusal in the door's words."""
    if isinstance(why, enrolment.Why):
        return Refused(_WORDS[why])
    data: dict[str, Value] = {"why": str(why)}
    return Refused(Why.OVER, data)


_WORDS: Final = {
    enrolment.Why.TAKEN: Why.TAKEN, enrolment.Why.SPENT: Why.SPENT,
    # a key that has scanned nothing has signed nothing here
    enrolment.Why.UNSCANNED: Why.SIGNATURE, enrolment.Why.WRONG: Why.WRONG,
}  # fmt: skip
