"""Sign-up: a name, an address, a password; then the code that was mailed to the address.

    start --> (hash) --> account "unverified", code mailed --> code or link --> active

Somebody who signs up with an address that has an account already learns nothing of it:
the page, the rows and the time are the same, and the owner gets a mail that says so.  A
sign-up whose address was never confirmed gives way to a newer one with that address:
whoever has the mailbox decides, not whoever came first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Busy
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Flow, User, UserState
from keyturn.rules.budgets import Budget, exhausted
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.codes import Right, Verdict
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.steps import codes, fates, links, registration, sessions, verification
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.fates import Fate
from keyturn.steps.links import LinkState
from keyturn.steps.registration import Details, Unfit
from keyturn.steps.sessions import SignedIn
from keyturn.steps.verification import KIND, Addressee, address_key

__all__ = [
    "Confirmed", "Elsewhere", "LinkState", "NothingOpen", "Open", "Overloaded", "SignedIn",
    "SignupClosed", "TooMany", "TooSoon", "Unfit", "current", "enter_code", "follow_link",
    "look_at_link", "resend", "start",
]  # fmt: skip

#: sign-ups from one network in an hour: a class room or a shop, not a flood
STARTS = Budget("signups", 30, HOUR)


@dataclass(frozen=True, slots=True)
class Open:
    """The sign-up open in this browser, which waits for its code.

    Attributes:
        email: the address as typed.
        sent: what was sent when.
        mail: what became of the mail. It depends on the mailbox, not on who has an account:
            whoever has one gets a mail at the same address.
    """

    email: str
    sent: Sent | None
    started_at: int
    mail: Fate | None = None


@dataclass(frozen=True, slots=True)
class SignupClosed:
    """The tenant makes its accounts itself."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The network began too many sign-ups; from `until` on more can be."""

    until: int


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Too much to hash right now; nothing was stored."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No sign-up is open in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The account was activated meanwhile by another browser; this one is not signed in."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The link was opened in another browser than the one that signed up; it stays good."""


async def start(
    parts: Parts,
    caller: Caller,
    name: str,
    email: str,
    password: str,
    *,
    spaces_meant: bool,
    timezone: str | None = None,
) -> Open | Unfit | SignupClosed | TooMany | Overloaded:
    """Begin a sign-up.

    Args:
        name, email, password: as typed.
        spaces_meant: the person was asked about a space at the password's start or end.
        timezone: the browser's IANA zone; anything that cannot be one is ignored.
    """
    if not caller.tenant.policy.signup:
        return SignupClosed()
    details = registration.judge(
        parts, caller.tenant, name, email, password, spaces_meant=spaces_meant
    )
    if isinstance(details, Unfit):
        return details
    spent = await parts.store.read(lambda tx: _spent(tx, begin(parts, caller)))
    if spent is not None:
        return spent
    try:
        encoded = await parts.hasher.hash(details.password)
    except Busy as busy:
        return Overloaded(busy.retry_after)

    def step(tx: Tx) -> Open | TooMany:
        return _start(tx, begin(parts, caller), details, encoded, timezone)

    try:
        return await parts.store.write(step)
    except Taken:  # somebody took the address at this very moment, and is found now
        return await parts.store.write(step)


def _spent(tx: Tx, act: Act) -> TooMany | None:
    """Refuse a flood before it costs hashes; `_start` counts, and is exact."""
    spent = tx.budgets.look(act.tenant.id, network_of(act.caller.ip), STARTS)
    if spent is None or not exhausted(spent, act.now, STARTS):
        return None
    return TooMany(until=spent.start + HOUR)


def _start(
    tx: Tx, act: Act, details: Details, encoded: str, timezone: str | None
) -> Open | TooMany:
    spent = tx.budgets.spend(act.tenant.id, network_of(act.caller.ip), act.now, STARTS)
    if not STARTS.allows(spent):
        return TooMany(until=spent.start + HOUR)
    user = registration.new_user(act, details, encoded, UserState.UNVERIFIED, timezone)
    holder = registration.take_address(tx, act, user, details.email.canonical)
    event = Event.SIGNUP_REPEATED if holder else Event.SIGNUP_STARTED
    record(tx, act, event, holder or user)
    flow = verification.open_flow(tx, act, None if holder else user, user.email)
    to = Addressee(user=holder or user, fresh=holder is None)
    sent = verification.send(tx, act, flow, to)
    return Open(email=user.email, sent=sent, started_at=act.now)


async def current(parts: Parts, caller: Caller) -> Open | NothingOpen:
    """What is open in this browser."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Open | NothingOpen:
        flow = _opened(tx, act)
        if flow is None:
            return NothingOpen()
        sent, fate = codes.standing(tx, flow), fates.of_signup(tx, act, flow)
        email = str(flow.data["email"])
        return Open(email=email, sent=sent, started_at=flow.created_at, mail=fate)

    return await parts.store.read(step)


def _opened(tx: Tx, act: Act) -> Flow | None:
    return tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)


async def resend(parts: Parts, caller: Caller) -> Sent | TooSoon | NothingOpen:
    """Send another code; the flow's earlier one is replaced."""

    def step(tx: Tx) -> Sent | TooSoon | NothingOpen:
        act = begin(parts, caller)
        flow = _opened(tx, act)
        if flow is None:
            return NothingOpen()
        early = codes.too_soon(tx, act, flow)
        if early is not None:
            return early
        return verification.send(tx, act, flow, verification.addressee(tx, act, flow))

    return await parts.store.write(step)


async def enter_code(
    parts: Parts, caller: Caller, typed: str
) -> SignedIn | Confirmed | Verdict | NothingOpen:
    """Judge what was typed as the mailed code; if it is right the account is active and
    this browser is signed in to it.

    Confirmed: the account was activated meanwhile by another browser.
    """

    def step(tx: Tx) -> SignedIn | Confirmed | Verdict | NothingOpen:
        act = begin(parts, caller)
        flow = _opened(tx, act)
        if flow is None:
            return NothingOpen()
        user = tx.users.lock(act.tenant.id, flow.user_id or act.tenant.id)
        lane = address_key(act, str(flow.data["email"]))
        verdict = codes.check(tx, act, flow, user, typed, lane)
        if not isinstance(verdict, Right):
            return verdict
        return _confirmed(tx, act, flow, user)

    return await parts.store.write(step)


def _confirmed(
    tx: Tx, act: Act, flow: Flow, user: User | None
) -> SignedIn | Confirmed | NothingOpen:
    """The address is proved, in the browser that chose the password: it is signed in."""
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    if user is None:  # it gave way to a newer sign-up, whose own code is in the mail
        return NothingOpen()
    if user.state is not UserState.UNVERIFIED:
        return Confirmed()
    active = replace(user, state=UserState.ACTIVE)
    tx.users.save(active)
    record(tx, act, Event.SIGNUP_VERIFIED, active)
    return sessions.enter(tx, act, active, None, level=1, trusted=False)


async def look_at_link(parts: Parts, caller: Caller, token: str) -> LinkState:
    """A mail's long link was opened: says what it is worth and changes nothing."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: links.look(tx, act, token, KIND))


async def follow_link(
    parts: Parts, caller: Caller, token: str
) -> SignedIn | Confirmed | Elsewhere | Verdict | NothingOpen:
    """The long link was confirmed in the browser that signed up: the account is active.

    In any other browser nothing happens (Elsewhere): somebody else may have signed up with
    the reader's address and a password of their own, and must not get it confirmed by a
    reader who only follows links (account pre-hijacking).
    """

    def step(tx: Tx) -> SignedIn | Confirmed | Elsewhere | Verdict | NothingOpen:
        act = begin(parts, caller)
        state = links.look(tx, act, token, KIND)
        if state.known and state.verdict is None and not state.here:
            return Elsewhere()
        followed = links.follow(tx, act, token, KIND)
        if followed is None:
            return NothingOpen()
        flow, verdict = followed
        if not isinstance(verdict, Right):
            return verdict
        user = tx.users.lock(act.tenant.id, flow.user_id or "")
        return _confirmed(tx, act, flow, user)

    return await parts.store.write(step)
