"""Sign-in: a name, a password, perhaps a second step.

    try --> take a slot --> compare (no transaction) --> settle --> session
                 |                                          |
              locked: nothing is compared              second step pending

Known and unknown names walk the same way: the lookup always finds a row (the tenant's
decoy for a name nobody has), a hash is always compared, and what a failure stores is
the same.  Two transactions a try, and none while the password is compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Busy
from keyturn.ports.store import Lookup, SeenLane, Tx
from keyturn.rules.accounts import Client, FactorKind, Flow, User, UserState
from keyturn.rules.budgets import exhausted
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, Failed, Lapsed, Locked, Passed, Wait
from keyturn.rules.passkeys import Assertion, Purpose
from keyturn.rules.passwords import normalised
from keyturn.steps import clients, entrance, lanes, passkeys, second, sessions, texted
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.entrance import WELCOME, AddressPending, SecondPending
from keyturn.steps.naming import name_of
from keyturn.steps.passkeys import Options, Shown
from keyturn.steps.questions import Answered, ByPhone
from keyturn.steps.sessions import SignedIn

__all__ = [
    "AddressPending", "Answer", "ByPhone", "NotAName", "NothingPending", "Overloaded",
    "SecondPending", "SignedIn", "TooMany", "Wrong", "ask_passkey", "pending", "second_step",
    "sign_in",
]  # fmt: skip

KIND = entrance.KIND
#: longest wait before the database is asked again whether a slot is free: the try that
#: frees it may run in another process, whose settling this one does not hear of
POLL_MS = 40


@dataclass(frozen=True, slots=True)
class Wrong:
    """The one neutral answer."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The network has used up its failures; every name is answered like this."""

    until: int


@dataclass(frozen=True, slots=True)
class NotAName:
    """What was typed cannot be anybody's name."""


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Too much to hash right now; nothing was compared, nothing counts."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class NothingPending:
    """No sign-in waits for a second step in this browser (any more)."""


Answer = (
    SignedIn | SecondPending | AddressPending | Wrong | Locked | TooMany | NotAName | Overloaded
)


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that holds a slot."""

    found: Lookup
    client: Client | None
    key: str
    held: str
    act: Act
    seen: SeenLane | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """All slots of the lane are taken."""

    key: str


async def sign_in(parts: Parts, caller: Caller, typed: str, password: str) -> Answer:
    """One try with a name and a password.

    Args:
        typed: any identifier, as typed.
        password: as typed.

    Raises StoreUnavailable: then nobody gets in.
    """
    name = name_of(parts, caller.tenant, typed)
    if name is None:
        return NotAName()
    try:
        taken = await _take(parts, caller, name)
    except Busy as busy:
        return Overloaded(busy.retry_after)
    if not isinstance(taken, _Try):
        return taken
    stored = taken.found.user.password_hash or parts.hasher.decoy
    try:
        right = await parts.hasher.verify(stored, normalised(password))
    except Busy as busy:
        await parts.store.write(lambda tx: _give_back(tx, parts, taken))
        parts.turns.settled(taken.key)
        return Overloaded(busy.retry_after)
    renewed = await _renewed(parts, stored, password) if right else None
    answer = await parts.store.write(lambda tx: _settle(tx, parts, taken, right, renewed))
    parts.turns.settled(taken.key)
    return answer


async def _take(parts: Parts, caller: Caller, name: str) -> _Try | Locked | TooMany:
    """Get a slot; wait in this process's queue while all are taken. Raises Busy.

    The first attempt holds nothing: it succeeds unless somebody else is on the lane.
    """
    free = await parts.store.each(lambda tx: _reserve_seen(tx, begin(parts, caller), name))
    if free is not None:
        return free

    def step(tx: Tx) -> _Try | Locked | TooMany | _Waiting:
        return _reserve(tx, begin(parts, caller), name)

    taken = await parts.store.write(step)
    if not isinstance(taken, _Waiting):
        return taken
    async with parts.turns.turn(taken.key) as turn:
        taken = await parts.store.write(step)  # much may have happened in the queue
        while isinstance(taken, _Waiting):
            await turn.wait(POLL_MS)
            taken = await parts.store.write(step)
    return taken


def _reserve_seen(tx: Tx, act: Act, name: str) -> _Try | Locked | TooMany | None:
    """Take a slot in two statements; None if the lane is new or contended."""
    found, client, key = lanes.look(tx, act, name)
    if _network_spent(act, found, client):
        return _too_many(found)
    if found.lane is None or found.lane.key != key:
        return None
    taken = lanes.reserve_seen(tx, act, found.lane, found.user)
    if taken is None or isinstance(taken, Locked):
        return taken
    answer, seen = taken
    return _Try(found=found, client=client, key=key, held=answer.id, act=act, seen=seen)


def _reserve(tx: Tx, act: Act, name: str) -> _Try | Locked | TooMany | _Waiting:
    """Take a slot while holding the lane."""
    found, client, key = lanes.look(tx, act, name)
    if _network_spent(act, found, client):
        return _too_many(found)
    answer = lanes.reserve(tx, act, key, found.user)
    if isinstance(answer, Locked):
        return answer
    if isinstance(answer, Wait):
        return _Waiting(key=key)
    return _Try(found=found, client=client, key=key, held=answer.id, act=act)


def _network_spent(act: Act, found: Lookup, client: Client | None) -> bool:
    """Whether an unknown client's network has used up its failures, whatever the name."""
    return client is None and exhausted(found.network, act.now, lanes.network_budget(act))


def _too_many(found: Lookup) -> TooMany:
    return TooMany(until=(found.network.start if found.network else 0) + HOUR)


def _give_back(tx: Tx, parts: Parts, taken: _Try) -> None:
    act = begin(parts, taken.act.caller)
    lanes.release(tx, act, taken.key, taken.found.user, taken.held)


async def _renewed(parts: Parts, stored: str, password: str) -> str | None:
    """A hash with today's parameters, if the stored one is weaker."""
    if not parts.hasher.outdated(stored):
        return None
    try:
        return await parts.hasher.hash(normalised(password))
    except Busy:
        return None  # another sign-in will do it


def _settle(tx: Tx, parts: Parts, taken: _Try, right: bool, renewed: str | None) -> Answer:
    """The second transaction: the verdict, and what follows from it."""
    act = begin(parts, taken.act.caller)
    user = taken.found.user
    welcome = right and user.state in WELCOME
    verdict = _verdict(tx, act, taken, right=welcome)
    if isinstance(verdict, Passed):
        if renewed is not None:
            _store_hash(tx, act, user, renewed)
        return _passed(tx, act, taken)
    return _refused(tx, act, taken, verdict)


def _verdict(tx: Tx, act: Act, taken: _Try, *, right: bool) -> Passed | Failed | Lapsed:
    """Settle the slot: in one statement if nobody else was on the lane meanwhile."""
    user = taken.found.user
    if taken.seen is not None:
        quick = lanes.settle_seen(tx, act, taken.seen, user, taken.held, right=right)
        if quick is not None:
            return quick
    return lanes.settle(tx, act, taken.key, user, taken.held, right=right)


def _store_hash(tx: Tx, act: Act, user: User, renewed: str) -> None:
    fresh = tx.users.lock(act.tenant.id, user.id)
    if fresh is not None and fresh.password_hash == user.password_hash:
        tx.users.save(replace(fresh, password_hash=renewed))


def _refused(tx: Tx, act: Act, taken: _Try, verdict: Failed | Lapsed) -> Wrong | Locked:
    """It counted as wrong. Who hears why: the audit trail, nobody else."""
    facts = {"lane": taken.key[0], "known_client": taken.client is not None}
    record(tx, act, Event.SIGNIN_FAILED, taken.found.user, facts)
    if taken.client is None:
        lanes.spend_network(tx, act)
    if verdict.locked_until > act.now:
        return Locked(until=verdict.locked_until)
    return Wrong()


def _passed(tx: Tx, act: Act, taken: _Try) -> Answer:
    """The password was right: a session, or what is still pending."""
    found = taken.found
    return entrance.enter(
        tx, act, found.user, taken.client, _factors(act, found), staff=found.staff
    )


def _factors(act: Act, found: Lookup) -> frozenset[FactorKind]:
    """The second steps there are: those enrolled, and texts where the tenant takes them."""
    by_text = act.tenant.policy.sms_second and not found.staff and texted.proved(found.user)
    return found.factors | {FactorKind.SMS} if by_text else found.factors


async def pending(parts: Parts, caller: Caller) -> SecondPending | NothingPending:
    """What this browser's sign-in waits for."""
    act = begin(parts, caller)

    def step(tx: Tx) -> SecondPending | NothingPending:
        flow = tx.flows.open(act.tenant.id, caller.browser, KIND, act.now)
        if flow is None or flow.user_id is None:
            return NothingPending()
        methods = second.methods(tx, act, flow.user_id)
        sent = texted.standing(tx, act, flow.user_id, methods)
        return SecondPending(methods=methods, expires_at=flow.expires_at, texted=sent)

    return await parts.store.read(step)


async def ask_passkey(parts: Parts, caller: Caller) -> Options | NothingPending:
    """Ask for a passkey as the second step of the sign-in pending in this browser."""

    def step(tx: Tx) -> Options | NothingPending:
        act = begin(parts, caller)
        flow = tx.flows.open(act.tenant.id, caller.browser, KIND, act.now)
        if flow is None or flow.user_id is None:
            return NothingPending()
        if not passkeys.usable(tx, act, flow.user_id):
            return NothingPending()
        return passkeys.request(tx, act, Purpose.SECOND, flow.user_id)

    return await parts.store.write(step)


async def second_step(
    parts: Parts, caller: Caller, proof: str | Assertion | ByPhone, *, trust: bool
) -> SignedIn | Wrong | Locked | NothingPending:
    """The second step of the sign-in pending in this browser.

    Args:
        proof: an authenticator's six digits or a saved recovery code, as typed; or a
            passkey's answer to `ask_passkey`; or what the phone said.
        trust: this client need not do it again.
    """
    shown = Shown(Purpose.SECOND, proof) if isinstance(proof, Assertion) else proof
    if isinstance(shown, Shown):
        await parts.passkeys.ready()

    def step(tx: Tx) -> SignedIn | Wrong | Locked | NothingPending:
        return _second_step(tx, begin(parts, caller), shown, trust=trust)

    return await parts.store.write(step)


def _second_step(
    tx: Tx, act: Act, proof: str | Shown | ByPhone, *, trust: bool
) -> SignedIn | Wrong | Locked | NothingPending:
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    user = tx.users.lock(act.tenant.id, flow.user_id or "") if flow else None
    if flow is None or user is None or _overtaken(flow, user):
        return NothingPending()
    shown = Answered(flow.id) if isinstance(proof, ByPhone) else proof
    verdict = second.attempt(tx, act, user, shown)
    if isinstance(verdict, Locked):
        return verdict
    if not verdict:
        return Wrong()
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    record(tx, act, Event.SECOND_PASSED, user, {"trusted": trust})
    client = _client_of(tx, act, user, flow)
    by = str(flow.data.get("by", "password"))  # a flow of before an update has none
    return sessions.enter(tx, act, user, client, level=2, trusted=trust, by=by)


def _overtaken(flow: Flow, user: User) -> bool:
    """Whether a reset or a disabling came between password and second step."""
    return user.state is not UserState.ACTIVE or user.epoch != flow.data["epoch"]


def _client_of(tx: Tx, act: Act, user: User, flow: Flow) -> Client | None:
    """The known client that gave the password, if its cookie still shows it."""
    wanted = flow.data["client"]
    known = (c for c in tx.clients.of_user(act.tenant.id, user.id) if c.id == wanted)
    return clients.recognised(act.caller, next(known, None))
