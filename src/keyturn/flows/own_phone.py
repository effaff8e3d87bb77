"""One's own phone, in a browser that is signed in: adding it, replacing it, taking it away.

    none, or another one --proof of just now--> code to scan --a phone binds--> this one

Both ends need a proof (steps.stepup): a phone answers for its owner, and without it the password
alone may open the account.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import binding
from keyturn.rules.accounts import Flow, User
from keyturn.rules.binding import No, Rows
from keyturn.rules.callers import Caller
from keyturn.rules.enrolment import CodeState
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.rules.phone_app import Phone, PhoneState
from keyturn.steps import openings, phone_ends, showing, stepup
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.notices import tell
from keyturn.steps.showing import Capped, Shown
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Bound", "Capped", "Frozen", "NothingOpen", "Own", "ProofNeeded", "Removed", "Shown", "Signed",
    "SignedOut", "current", "overview", "remove", "show",
]  # fmt: skip

KIND = "phone-app"
LIFE_MS = HOUR


@dataclass(frozen=True, slots=True)
class Own:
    """The phone that answers for the account; None: there is none.

    Attributes:
        seen_at: when it was last heard; None: never.
    """

    phone: Phone | None
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No code is shown in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The code that was shown here has bound a phone."""


@dataclass(frozen=True, slots=True)
class Removed:
    """The account has no phone (any more)."""


async def overview(parts: Parts, caller: Caller, signed: Signed) -> Own:
    """Which phone it is, and how it does."""
    tenant_id, user_id = caller.tenant.id, signed.user.id

    def step(tx: Tx) -> Own:
        phone = tx.phones.active(tenant_id, [user_id]).get(user_id)
        return Own(phone, tx.phones.seen_at(tenant_id, phone.id) if phone else None)

    return await parts.store.read(step)


async def show(
    parts: Parts, caller: Caller, signed: Signed
) -> Shown | Capped | ProofNeeded | Frozen | SignedOut:
    """Show a code, in place of the one before."""

    def step(tx: Tx) -> Shown | Capped | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        held = _held(tx, act, signed)
        return _shown(tx, act, held) if isinstance(held, Rows) else held

    return await parts.store.write(step)


def _held(tx: Tx, act: Act, signed: Signed) -> Rows | ProofNeeded | Frozen | SignedOut:
    user = stepup.proved(tx, act, signed)
    if not isinstance(user, User):
        return user
    return tx.phones.held(act.tenant.id, user.id, act.now) or SignedOut()


def _shown(tx: Tx, act: Act, rows: Rows) -> Shown | Capped | SignedOut:
    answer = showing.show(tx, act, rows, _flow(tx, act, rows.user))
    if isinstance(answer, Capped):
        return answer
    shown = None if isinstance(answer, No) else showing.standing(tx, act, answer)
    return shown or SignedOut()


def _flow(tx: Tx, act: Act, user: User) -> Flow:
    """The page that is open in this browser, else a new one."""
    flow = openings.of(tx, act, KIND, user.id)
    if flow is not None and flow.data[showing.EPOCH] == user.epoch:
        return flow
    data = {showing.LINK: 0, showing.EPOCH: user.epoch}
    return openings.start(tx, act, KIND, showing.SCAN, user.id, data, LIFE_MS)


async def current(parts: Parts, caller: Caller, signed: Signed) -> Shown | Bound | NothingOpen:
    """The code on the page, or what became of it; nothing once the session has ended."""

    def step(tx: Tx) -> Shown | Bound | NothingOpen:
        act = begin(parts, caller)
        lives = tx.sessions.get(act.tenant.id, signed.session.digest) is not None
        flow = openings.of(tx, act, KIND, signed.user.id) if lives else None
        shown = showing.standing(tx, act, flow) if flow is not None else None
        if shown is None:
            return NothingOpen()
        return Bound() if shown.code.state is CodeState.BOUND else shown

    return await parts.store.read(step)


async def remove(
    parts: Parts, caller: Caller, signed: Signed
) -> Removed | ProofNeeded | Frozen | SignedOut:
    """Take the phone away. Nothing happens if there is none."""

    def step(tx: Tx) -> Removed | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        rows = _held(tx, act, signed)
        if not isinstance(rows, Rows):
            return rows
        for phone in [one for one in rows.phones if one.state is PhoneState.ACTIVE]:
            rows = _removed(tx, act, rows, phone)
        return Removed()

    return await parts.store.write(step)


def _removed(tx: Tx, act: Act, rows: Rows, phone: Phone) -> Rows:
    after = binding.unbind(rows, phone.id, act.now)
    tx.phones.save(rows, after)
    phone_ends.let_go(tx, act, phone)
    record(tx, act, Event.APP_UNBOUND, rows.user, {"phone": phone.id})
    tell(tx, act, "app_changed", rows.user, what="unbound", phone=phone.name)
    return after
