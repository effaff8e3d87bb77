"""One's own account: who this session is, what is signed in, the second step.

Whatever changes a second step needs a valid one, is refused while changes are frozen, and
is told to the owner with a link to object.  What takes access away from a browser is
always allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.accounts import Client, FactorKind, Flow, Session, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, Lane, Locked
from keyturn.rules.sessions import alive, level_at, needs_touch
from keyturn.steps import factors, second, sessions
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut, may_change
from keyturn.steps.naming import digits_of
from keyturn.steps.notices import tell

__all__ = [
    "Codes", "Enrolled", "Enrolment", "Frozen", "Locked", "NoSecondStep", "NothingOpen",
    "OldCodeNeeded", "Overview", "Removed", "Signed", "SignedOut", "WrongCode", "authenticate",
    "begin_totp", "confirm_totp", "end_other_sessions", "end_session", "forget_client",
    "new_recovery_codes", "overview", "remove_totp", "sign_out",
]  # fmt: skip

KIND = "totp"
LIFE_MS = HOUR


@dataclass(frozen=True, slots=True)
class Signed:
    """A live session and whose it is. `session.level` is what it is worth now."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is of an account.

    Attributes:
        sessions: the latest used first; a session's digest is its handle.
        lanes: by key (see steps.lanes), as they stand now.
        recovery_left: saved recovery codes not yet used.
    """

    sessions: Sequence[Session]
    clients: Sequence[Client]
    lanes: Mapping[str, Lane]
    totp: bool
    recovery_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator to be set up.

    Attributes:
        secret: base32, to be typed; `uri`: the same to be scanned.
        replaces: there is one already, whose code is needed too.
    """

    secret: str
    uri: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The authenticator is the second step from now on.

    Attributes:
        session: token of the session that takes the place of this one, at level 2.
        codes: recovery codes, shown this once; () if there were some already.
    """

    session: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codes:
    """New recovery codes, shown this once; the earlier ones are dead."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """There is no second step any more."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """It was not the code. `old`: not that of the second step there is."""

    old: bool


@dataclass(frozen=True, slots=True)
class OldCodeNeeded:
    """There is a second step already: the new one takes its place only with its code."""


@dataclass(frozen=True, slots=True)
class NoSecondStep:
    """There is no authenticator to change."""


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No authenticator is being set up in this browser (any more)."""


async def authenticate(parts: Parts, caller: Caller, token: str) -> Signed | None:
    """Whose session `token` is; None if it is nobody's or over.

    One statement, and once in a few minutes another that notes the use.
    """
    tenant_id, digest = caller.tenant.id, sessions.digest(parts, token)
    found = await parts.store.read(lambda tx: tx.sessions.get(tenant_id, digest))
    now = parts.clock.now()
    if found is None:
        return None
    session, user = found
    if not alive(session, user, now, parts.limits.session_ms, parts.limits.session_idle_ms):
        return None
    seen = replace(session, level=level_at(session, now))
    if needs_touch(session, now):
        await parts.store.write(lambda tx: tx.sessions.touch(tenant_id, digest, now, seen.level))
    return Signed(session=seen, user=user)


async def overview(parts: Parts, caller: Caller, signed: Signed) -> Overview:
    """Everything that an account page shows, as one snapshot."""
    act = begin(parts, caller)
    tenant_id, user_id = act.tenant.id, signed.user.id

    def step(tx: Tx) -> Overview:
        every = tx.factors.of_user(tenant_id, user_id)
        lanes = tx.lanes.of_user(tenant_id, user_id).items()
        return Overview(
            sessions=_live(tx, act, signed.user),
            clients=tx.clients.of_user(tenant_id, user_id),
            lanes={key: lockout.observe(lane, act.now)[0] for key, lane in lanes},
            totp=factors.has(every, FactorKind.TOTP),
            recovery_left=sum(f.kind is FactorKind.RECOVERY and f.used is None for f in every),
        )

    return await parts.store.read(step)


def _live(tx: Tx, act: Act, user: User) -> list[Session]:
    limits = act.parts.limits
    every = tx.sessions.of_user(act.tenant.id, user.id)
    return [s for s in every if alive(s, user, act.now, limits.session_ms, limits.session_idle_ms)]


async def sign_out(parts: Parts, caller: Caller, token: str) -> None:
    """End the session of this browser, dead or alive."""

    def step(tx: Tx) -> None:
        act = begin(parts, caller)
        found = tx.sessions.get(act.tenant.id, sessions.digest(parts, token))
        if found is not None:
            session, user = found
            tx.sessions.end(act.tenant.id, user.id, session.digest)
            record(tx, act, Event.SIGNOUT, user)

    await parts.store.write(step)


async def end_session(parts: Parts, caller: Caller, signed: Signed, handle: str) -> int:
    """End one of one's own sessions; returns how many ended (0: it was none of theirs)."""
    return await parts.store.write(lambda tx: _end(tx, begin(parts, caller), signed, [handle]))


async def end_other_sessions(parts: Parts, caller: Caller, signed: Signed) -> int:
    """End all of one's own sessions but this one; returns how many."""

    def step(tx: Tx) -> int:
        act = begin(parts, caller)
        every = tx.sessions.of_user(act.tenant.id, signed.user.id)
        others = [s.digest for s in every if s.digest != signed.session.digest]
        return _end(tx, act, signed, others)

    return await parts.store.write(step)


def _end(tx: Tx, act: Act, signed: Signed, handles: Sequence[str]) -> int:
    ended = sum(tx.sessions.end(act.tenant.id, signed.user.id, handle) for handle in handles)
    if ended:
        facts = {"cause": "owner", "count": ended}
        record(tx, act, Event.SESSIONS_ENDED, signed.user, facts)
    return ended


async def forget_client(parts: Parts, caller: Caller, signed: Signed, client_id: str) -> int:
    """Forget one known client and end what it is signed in to, this very session excepted;
    returns how many were forgotten.
    """

    def step(tx: Tx) -> int:
        act = begin(parts, caller)
        forgotten = tx.clients.forget(act.tenant.id, signed.user.id, client_id)
        if forgotten:
            record(tx, act, Event.CLIENT_FORGOTTEN, signed.user, {"client": client_id})
            every = tx.sessions.of_user(act.tenant.id, signed.user.id)
            theirs = [s.digest for s in every if s.client_id == client_id]
            _end(tx, act, signed, [d for d in theirs if d != signed.session.digest])
        return forgotten

    return await parts.store.write(step)


async def begin_totp(
    parts: Parts, caller: Caller, signed: Signed
) -> Enrolment | Frozen | SignedOut:
    """A secret for an authenticator; asking again in the same browser shows the same."""

    def step(tx: Tx) -> Enrolment | Frozen | SignedOut:
        act = begin(parts, caller)
        user = _allowed(tx, act, signed)
        if not isinstance(user, User):
            return user
        flow = _opened(tx, act, user) or _enrolling(tx, act, user)
        secret = _secret(act, flow)
        uri = parts.otp.uri(secret, user.email, act.tenant.name)
        return Enrolment(secret=secret, uri=uri, replaces=_has_totp(tx, act, user))

    return await parts.store.write(step)


def _allowed(tx: Tx, act: Act, signed: Signed) -> User | Frozen | SignedOut:
    """The user, held, if this very session still lives and changes are not frozen."""
    if tx.sessions.get(act.tenant.id, signed.session.digest) is None:
        return SignedOut()
    return may_change(tx, act, signed.user)


def _has_totp(tx: Tx, act: Act, user: User) -> bool:
    return factors.has(tx.factors.of_user(act.tenant.id, user.id), FactorKind.TOTP)


def _opened(tx: Tx, act: Act, user: User) -> Flow | None:
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    return flow if flow is not None and flow.user_id == user.id else None


def _enrolling(tx: Tx, act: Act, user: User) -> Flow:
    flow_id = act.id()
    secret = act.parts.otp.new_secret().encode()
    flow = Flow(
        id=flow_id,
        tenant_id=act.tenant.id,
        browser=act.caller.browser,
        kind=KIND,
        step="code",
        user_id=user.id,
        data={"secret": act.parts.sealer.seal(secret, f"enrolment|{flow_id}")},
        created_at=act.now,
        expires_at=act.now + LIFE_MS,
        closed_at=None,
    )
    tx.flows.add(flow)
    return flow


def _secret(act: Act, flow: Flow) -> str:
    return act.parts.sealer.open(str(flow.data["secret"]), f"enrolment|{flow.id}").decode()


async def confirm_totp(
    parts: Parts, caller: Caller, signed: Signed, code: str, *, old_code: str | None = None
) -> Enrolled | WrongCode | OldCodeNeeded | Locked | NothingOpen | Frozen | SignedOut:
    """The authenticator shows `code`: from now on it is the second step.

    Args:
        old_code: where there is one already: its code, or a saved recovery code.
    """

    def step(
        tx: Tx,
    ) -> Enrolled | WrongCode | OldCodeNeeded | Locked | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        user = _allowed(tx, act, signed)
        if not isinstance(user, User):
            return user
        flow = _opened(tx, act, user)
        if flow is None:
            return NothingOpen()
        used = parts.otp.verify(_secret(act, flow), digits_of(code), act.now, None)
        if used is None:
            return WrongCode(old=False)
        return _replaceable(tx, act, user, old_code) or _enrol(tx, act, signed, user, flow, used)

    return await parts.store.write(step)


def _replaceable(
    tx: Tx, act: Act, user: User, old_code: str | None
) -> WrongCode | OldCodeNeeded | Locked | None:
    """What stands in the way of replacing the authenticator there is; None if nothing does."""
    if not _has_totp(tx, act, user):
        return None
    return OldCodeNeeded() if old_code is None else _refusal(tx, act, user, old_code)


def _refusal(tx: Tx, act: Act, user: User, code: str) -> WrongCode | Locked | None:
    """Why a second step does not pass, or None if it does."""
    verdict = second.attempt(tx, act, user, code)
    if isinstance(verdict, Locked):
        return verdict
    return None if verdict else WrongCode(old=True)


def _enrol(tx: Tx, act: Act, signed: Signed, user: User, flow: Flow, used: int) -> Enrolled:
    """Store the factor; the session rises to level 2 under a new token."""
    tx.flows.save(replace(flow, step="done", closed_at=act.now, data={}))
    codes = factors.put_totp(tx, act, user, _secret(act, flow), used)
    tx.sessions.end(act.tenant.id, user.id, signed.session.digest)
    session = sessions.start(tx, act, user, signed.session.client_id, 2)
    return Enrolled(session=session, codes=codes)


async def remove_totp(
    parts: Parts, caller: Caller, signed: Signed, code: str
) -> Removed | WrongCode | Locked | NoSecondStep | Frozen | SignedOut:
    """Take the authenticator away, and the recovery codes that stand in for it.

    Args:
        code: of the authenticator, or a saved recovery code.
    """

    def step(tx: Tx) -> Removed | WrongCode | Locked | NoSecondStep | Frozen | SignedOut:
        act = begin(parts, caller)
        user = _with_second(tx, act, signed, code)
        if not isinstance(user, User):
            return user
        factors.remove_all(tx, act, user)
        return Removed()

    return await parts.store.write(step)


async def new_recovery_codes(
    parts: Parts, caller: Caller, signed: Signed, code: str
) -> Codes | WrongCode | Locked | NoSecondStep | Frozen | SignedOut:
    """Ten new recovery codes; the earlier ones are dead.

    Args:
        code: of the authenticator, or a saved recovery code.
    """

    def step(tx: Tx) -> Codes | WrongCode | Locked | NoSecondStep | Frozen | SignedOut:
        act = begin(parts, caller)
        user = _with_second(tx, act, signed, code)
        if not isinstance(user, User):
            return user
        codes = factors.new_codes(tx, act, user)
        tell(tx, act, "factor_changed", user, what="recovery.added")
        return Codes(codes=codes)

    return await parts.store.write(step)


def _with_second(
    tx: Tx, act: Act, signed: Signed, code: str
) -> User | WrongCode | Locked | NoSecondStep | Frozen | SignedOut:
    """The user, if changes are allowed and `code` is a valid second step."""
    user = _allowed(tx, act, signed)
    if not isinstance(user, User):
        return user
    if not _has_totp(tx, act, user):
        return NoSecondStep()
    return _refusal(tx, act, user, code) or user
