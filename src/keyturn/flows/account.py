"""One's own account: who this session is, what is signed in, the second step.

Whatever changes a second step needs a session that proved itself just now, is refused
while changes are frozen, and is told to the owner with a link to object.  What takes access
away from a browser is always allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.accounts import Client, FactorKind, Flow, Passkey, Session, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, Lane
from keyturn.rules.recoveries import Recovery
from keyturn.rules.sessions import alive, level_at, needs_touch
from keyturn.steps import factors, fates, lost_phones, openings, second, sessions, stepup
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.fates import Fate
from keyturn.steps.naming import digits_of
from keyturn.steps.notices import tell
from keyturn.steps.stepup import ProofNeeded, Signed

if TYPE_CHECKING:
    from keyturn.rules.directories.things import Directory  # most servers have none

__all__ = [
    "Codes", "Enrolled", "Enrolment", "Frozen", "NoSecondStep", "NothingOpen", "Overview",
    "ProofNeeded", "Removed", "Signed", "SignedOut", "Trusted", "WrongCode", "authenticate",
    "begin_totp", "confirm_totp", "distrust_client", "end_other_sessions", "end_session",
    "forget_client", "new_recovery_codes", "overview", "remove_totp", "sign_out", "trust_client",
]  # fmt: skip

KIND = "totp"
LIFE_MS = HOUR


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is of an account.

    Attributes:
        sessions: the latest used first; a session's digest is its handle.
        lanes: by key (see steps.lanes), as they stand now.
        second_step: there is one, of whatever kind.
        recovery_left: saved recovery codes not yet used.
        passkeys: oldest first, copied ones too.
        mail: what became of the last mail to the account's address, if any went.
        directories: the directories in which they have an account.
        lost: the recovery of a lost phone that can still come about; None: there is none.
    """

    sessions: Sequence[Session]
    clients: Sequence[Client]
    lanes: Mapping[str, Lane]
    second_step: bool
    totp: bool
    recovery_left: int
    passkeys: Sequence[Passkey]
    mail: Fate | None
    directories: Sequence[Directory]
    lost: Recovery | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator to be set up.

    Attributes:
        secret: base32, to be typed; `uri`: the same to be scanned.
        replaces: there is one already, whose codes work until this one is switched on.
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
class Trusted:
    """This browser is not asked for the second step any more."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """It was not the code that the new authenticator shows."""


@dataclass(frozen=True, slots=True)
class NoSecondStep:
    """There is no second step that this would change."""


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
            second_step=bool(second.methods(tx, act, user_id)),
            totp=factors.has(every, FactorKind.TOTP),
            recovery_left=sum(f.kind is FactorKind.RECOVERY and f.used is None for f in every),
            passkeys=tx.passkeys.of_user(tenant_id, user_id),
            mail=fates.newest_mail(tx, act, signed.user),
            directories=_directories(tx, tenant_id, user_id),
            lost=lost_phones.to_come(tx, act, signed.user),
        )

    return await parts.store.read(step)


def _directories(tx: Tx, tenant_id: str, user_id: str) -> list[Directory]:
    linked = tx.directories.linked(tenant_id, user_id)
    found = [tx.directories.get(tenant_id, account.directory_id) for account in linked]
    return [directory for directory in found if directory is not None]


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


async def trust_client(
    parts: Parts, caller: Caller, signed: Signed
) -> Trusted | NoSecondStep | NothingOpen | ProofNeeded | Frozen | SignedOut:
    """Ask this browser for no second step any more.

    NothingOpen: this browser is not a known client; it becomes one by signing in.
    """

    def step(
        tx: Tx,
    ) -> Trusted | NoSecondStep | NothingOpen | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        if not second.methods(tx, act, user.id):
            return NoSecondStep()
        found = _trust(tx, act, user, signed.session.client_id or "", trusted=True)
        return Trusted() if found else NothingOpen()

    return await parts.store.write(step)


async def distrust_client(parts: Parts, caller: Caller, signed: Signed, client_id: str) -> bool:
    """Ask a known client for the second step again; whether it was one of theirs."""

    def step(tx: Tx) -> bool:
        return _trust(tx, begin(parts, caller), signed.user, client_id, trusted=False)

    return await parts.store.write(step)


def _trust(tx: Tx, act: Act, user: User, client_id: str, *, trusted: bool) -> bool:
    every = tx.clients.of_user(act.tenant.id, user.id)
    client = next((c for c in every if c.id == client_id), None)
    if client is None:
        return False
    tx.clients.save(replace(client, trusted=trusted))
    record(tx, act, Event.CLIENT_TRUSTED, user, {"client": client_id, "trusted": trusted})
    if trusted:
        tell(tx, act, "factor_changed", user, what="client.trusted")
    return True


async def begin_totp(
    parts: Parts, caller: Caller, signed: Signed
) -> Enrolment | ProofNeeded | Frozen | SignedOut:
    """A secret for an authenticator; asking again in the same browser shows the same."""

    def step(tx: Tx) -> Enrolment | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        flow = openings.of(tx, act, KIND, user.id) or _enrolling(tx, act, user)
        secret = _secret(act, flow)
        uri = parts.otp.uri(secret, user.email, act.tenant.name)
        return Enrolment(secret=secret, uri=uri, replaces=_has_totp(tx, act, user))

    return await parts.store.write(step)


def _has_totp(tx: Tx, act: Act, user: User) -> bool:
    return factors.has(tx.factors.of_user(act.tenant.id, user.id), FactorKind.TOTP)


def _enrolling(tx: Tx, act: Act, user: User) -> Flow:
    flow_id = act.id()
    secret = act.parts.otp.new_secret().encode()
    sealed = act.parts.sealer.seal(secret, f"enrolment|{flow_id}")
    return openings.start(
        tx, act, KIND, "code", user.id, {"secret": sealed}, LIFE_MS, flow_id=flow_id
    )


def _secret(act: Act, flow: Flow) -> str:
    return act.parts.sealer.open(str(flow.data["secret"]), f"enrolment|{flow.id}").decode()


async def confirm_totp(
    parts: Parts, caller: Caller, signed: Signed, code: str
) -> Enrolled | WrongCode | NothingOpen | ProofNeeded | Frozen | SignedOut:
    """The authenticator shows `code`: from now on it is the second step, in place of the one
    there was.
    """

    def step(tx: Tx) -> Enrolled | WrongCode | NothingOpen | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        flow = openings.of(tx, act, KIND, user.id)
        if flow is None:
            return NothingOpen()
        used = parts.otp.verify(_secret(act, flow), digits_of(code), act.now, None)
        return WrongCode() if used is None else _enrol(tx, act, signed, user, flow, used)

    return await parts.store.write(step)


def _enrol(tx: Tx, act: Act, signed: Signed, user: User, flow: Flow, used: int) -> Enrolled:
    """Store the factor; the session rises to level 2 under a new token."""
    tx.flows.save(replace(flow, step="done", closed_at=act.now, data={}))
    codes = factors.put_totp(tx, act, user, _secret(act, flow), used)
    session = stepup.renew(tx, act, signed, user, FactorKind.TOTP)
    return Enrolled(session=session, codes=codes)


async def remove_totp(
    parts: Parts, caller: Caller, signed: Signed
) -> Removed | NoSecondStep | ProofNeeded | Frozen | SignedOut:
    """Take the authenticator away, and the recovery codes if they stand in for nothing else."""

    def step(tx: Tx) -> Removed | NoSecondStep | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        if not _has_totp(tx, act, user):
            return NoSecondStep()
        factors.remove_totp(tx, act, user)
        return Removed()

    return await parts.store.write(step)


async def new_recovery_codes(
    parts: Parts, caller: Caller, signed: Signed
) -> Codes | NoSecondStep | ProofNeeded | Frozen | SignedOut:
    """Ten new recovery codes; the earlier ones are dead."""

    def step(tx: Tx) -> Codes | NoSecondStep | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        if not factors.standing(tx, act, user):
            return NoSecondStep()
        codes = factors.new_codes(tx, act, user)
        tell(tx, act, "factor_changed", user, what="recovery.added")
        return Codes(codes=codes)

    return await parts.store.write(step)
