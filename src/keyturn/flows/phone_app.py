"""What a bound phone asks and does for its owner.

    signature (door) --> heard: number, phone, account --> app lock, where it matters --> done

Reading never asks for the app lock.  What takes access away from somebody needs none either, and no
freeze forbids it; what gives access, or takes a second step away, needs both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import binding, lockout
from keyturn.rules.accounts import Client, Session, User
from keyturn.rules.app_lock import Does, Doing, Proof
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.directories.things import Directory, LinkedAccount
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import Lane
from keyturn.rules.phone_app import Phone
from keyturn.rules.phone_checks import checks as phone_checks
from keyturn.rules.phone_checks.platforms import platform
from keyturn.rules.phone_checks.seen import Seen
from keyturn.rules.recoveries import Recovery
from keyturn.rules.recoveries import State as Lost
from keyturn.rules.sessions import alive
from keyturn.steps import (
    app_keys,
    lanes,
    lost_phones,
    offline_codes,
    own_accounts,
    phone_ends,
    phone_lock,
    sessions,
)
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.job_views import JobView
from keyturn.steps.notices import tell
from keyturn.steps.phone_door import Heard, Refused, Said, changing, heard

__all__ = [
    "Account", "JobView", "LaneView", "Look", "Refused", "SignedIn", "State", "Trail", "checks",
    "end_session", "end_sessions",
    "forget_client", "happened", "key_of", "listen", "offline", "pin", "signed_in", "state",
    "unbind", "unlock",
]  # fmt: skip

T = TypeVar("T")
#: entries of the audit trail at once
PAGE: Final = 50
_KINDS: Final = {"u": "unknown", "c": "client", "2": "second"}


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane as it stands. client: the known client's name, else ""."""

    kind: str
    client: str
    locked_until: int | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the person's in a directory.

    Attributes:
        known: what the directory has told its owner last, within the hour; None: nothing.
        job: the newest job on it within the day; None: there is none.
    """

    directory: Directory
    account: LinkedAccount
    known: Look | None = None
    job: JobView | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How things stand.

    Attributes:
        locked_until: of the account as strangers find it; None: it is open to them.
        lock_set, lock_until: the app lock's PIN. lock_key: the phone's own lock opens it, too.
        offline: the phone shows codes. lost: somebody says that the phone is lost; None: nobody.
        waiting: questions that wait for it.
        checked_at: when its checks were last told, or None.
    """

    phone: Phone
    user: User
    locked_until: int | None
    lanes: tuple[LaneView, ...]
    lock_set: bool
    lock_until: int | None
    lock_key: bool
    offline: bool
    lost: Recovery | None
    waiting: int
    checked_at: int | None
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in where."""

    sessions: tuple[Session, ...]
    clients: tuple[Client, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """What happened, newest first; before: the cursor of what is older, or None."""

    entries: tuple[Entry, ...]
    before: str | None


async def key_of(parts: Parts, tenant_id: str, phone_id: str) -> str | None:
    """The key of a phone in whatever state; None: there is none of this id here."""
    phone = await parts.store.read(lambda tx: tx.phones.phone(tenant_id, phone_id))
    return phone.key if phone else None


async def listen(parts: Parts, caller: Caller, said: Said) -> Heard | Refused:
    """Take a request's number; for what looks afterwards, and for flows of other rooms."""
    return await parts.store.write(lambda tx: heard(tx, begin(parts, caller), said))


# -- reading


async def state(parts: Parts, caller: Caller, said: Said) -> State | Refused:
    """How things stand."""
    return await _look(parts, caller, said, _state)


def _state(tx: Tx, act: Act, found: Heard) -> State:
    tenant_id, user, phone = act.tenant.id, found.user, found.phone
    every = _lanes(tx, act, user)
    told = tx.phones.checks(tenant_id, phone.id)
    lock_set, lock_until = phone_lock.standing(tx, act, phone)
    return State(
        phone=phone, user=user, lanes=every,
        locked_until=next((lane.locked_until for lane in every if lane.kind == "unknown"), None),
        lock_set=lock_set, lock_until=lock_until,
        lock_key=app_keys.key_of(tx, act, phone) is not None,
        offline=offline_codes.usable(tx, act, user.id), lost=_lost(tx, act, user),
        waiting=len(tx.phones.waiting(tenant_id, phone.id, act.now)),
        checked_at=told[1] if told else None, accounts=_accounts(tx, act, user),
    )  # fmt: skip


def _lost(tx: Tx, act: Act, user: User) -> Recovery | None:
    one = lost_phones.newest(tx, act, user)
    return one if one is not None and one.state is Lost.WAITING else None


def _lanes(tx: Tx, act: Act, user: User) -> tuple[LaneView, ...]:
    stored: Mapping[str, Lane] = tx.lanes.of_user(act.tenant.id, user.id)
    names = {"c:" + one.id: one.name for one in tx.clients.of_user(act.tenant.id, user.id)}
    seen = {key: lockout.observe(lane, act.now)[0] for key, lane in stored.items()}
    return tuple(
        LaneView(_KINDS[key[0]], names.get(key, ""), lane.locked_until or None, lane.closed)
        for key, lane in seen.items()
    )


def _accounts(tx: Tx, act: Act, user: User) -> tuple[Account, ...]:
    linked = tx.directories.linked(act.tenant.id, user.id)
    found = ((tx.directories.get(act.tenant.id, one.directory_id), one) for one in linked)
    return tuple(
        Account(directory, one, own_accounts.known(tx, act, one), own_accounts.today(tx, act, one))
        for directory, one in found
        if directory is not None
    )


async def signed_in(parts: Parts, caller: Caller, said: Said) -> SignedIn | Refused:
    """Browsers that are signed in, and those that are known."""

    def step(tx: Tx, act: Act, found: Heard) -> SignedIn:
        here, limits = (act.tenant.id, found.user.id), parts.limits
        life = limits.session_ms, limits.session_idle_ms
        every: Sequence[Session] = tx.sessions.of_user(*here)
        live = tuple(one for one in every if alive(one, found.user, act.now, *life))
        return SignedIn(live, tuple(tx.clients.of_user(*here)))

    return await _look(parts, caller, said, step)


async def happened(
    parts: Parts, caller: Caller, said: Said, before: str | None
) -> Trail | Refused:  # fmt: skip
    """What happened to the account. before: the cursor that the page before gave."""

    def step(tx: Tx, act: Act, found: Heard) -> Trail:
        rows = tx.audit.search(act.tenant.id, (), found.user.id, before, PAGE + 1)
        theirs = tuple(one for one in rows[:PAGE] if one.user_id == found.user.id)
        return Trail(theirs, rows[PAGE - 1].id if len(rows) > PAGE else None)

    return await _look(parts, caller, said, step)


# -- taking access away


async def end_session(parts: Parts, caller: Caller, said: Said, handle: str) -> int | Refused:
    """End one session of the owner's; how many ended."""

    def step(tx: Tx, act: Act, found: Heard) -> int:
        return _ended(tx, act, found.user, [handle])

    return await _do(parts, caller, said, step)


async def end_sessions(parts: Parts, caller: Caller, said: Said) -> int | Refused:
    """End all of the owner's sessions, those that begin at this moment too; how many ended."""

    def step(tx: Tx, act: Act, found: Heard) -> int:
        count = len(tx.sessions.of_user(act.tenant.id, found.user.id))
        sessions.end_all(tx, act, found.user, "owner")
        return count

    return await _do(parts, caller, said, step)


async def forget_client(parts: Parts, caller: Caller, said: Said, client_id: str) -> int | Refused:
    """Forget a known client and end what it is signed in to; how many were forgotten."""

    def step(tx: Tx, act: Act, found: Heard) -> int:
        here = act.tenant.id, found.user.id
        forgotten = tx.clients.forget(*here, client_id)
        if forgotten:
            record(tx, act, Event.CLIENT_FORGOTTEN, found.user, {"client": client_id})
            every = tx.sessions.of_user(*here)
            _ended(tx, act, found.user, [s.digest for s in every if s.client_id == client_id])
        return forgotten

    return await _do(parts, caller, said, step)


def _ended(tx: Tx, act: Act, user: User, handles: Sequence[str]) -> int:
    ended = sum(tx.sessions.end(act.tenant.id, user.id, handle) for handle in handles)
    if ended:
        record(tx, act, Event.SESSIONS_ENDED, user, {"cause": "owner", "count": ended})
    return ended


async def checks(parts: Parts, caller: Caller, said: Said, seen: Seen) -> Refused | None:
    """Store what Check my phone has found."""
    results = phone_checks.results(seen)
    words = {str(one.check): one.cause or str(one.verdict) for one in results}
    told = {"system": str(platform(seen).system), "checks": words}

    def step(tx: Tx) -> Refused | None:
        act = begin(parts, caller)
        found = heard(tx, act, said)
        if isinstance(found, Refused):
            return found
        tx.phones.told(act.tenant.id, found.phone.id, told, act.now)
        return None

    return await parts.store.write(step)


# -- what the app lock stands before


async def unlock(parts: Parts, caller: Caller, said: Said, proof: Proof | None) -> int | Refused:
    """Open every lane of the owner's; how many were locked. The phone is the proof."""

    def step(tx: Tx, act: Act, found: Heard) -> int:
        count = lanes.unlock(tx, act, found.user)
        facts = {"by": "app", "phone": found.phone.id, "lanes": count}
        record(tx, act, Event.USER_UNLOCKED, found.user, facts)
        return count

    return await phone_lock.opened(parts, caller, said, Doing(Does.UNLOCK), proof, step)


async def offline(parts: Parts, caller: Caller, said: Said, proof: Proof | None) -> str | Refused:
    """A new secret for the phone's codes, in base32."""
    doing = Doing(Does.OFFLINE)
    return await phone_lock.opened(parts, caller, said, doing, proof, offline_codes.renew)


async def pin(
    parts: Parts, caller: Caller, said: Said, chosen: str, proof: Proof | None
) -> Refused | None:  # fmt: skip
    """Set the app lock's PIN, or change it: then the old one is the proof, or the phone's lock."""
    await phone_lock.ready(parts, proof)

    def step(tx: Tx) -> Refused | None:
        act = begin(parts, caller)
        found = changing(tx, act, said)
        if isinstance(found, Refused):
            return found
        is_set, _ = phone_lock.standing(tx, act, found.phone)
        refused = phone_lock.prove(tx, act, found, Doing(Does.PIN), proof) if is_set else None
        if refused is None:
            phone_lock.choose(tx, act, found, chosen)
        return refused

    return await parts.store.write(step)


async def unbind(parts: Parts, caller: Caller, said: Said, proof: Proof | None) -> Refused | None:
    """The owner takes this phone away from the account."""

    def step(tx: Tx, act: Act, found: Heard) -> None:
        rows = Rows(found.user, phones=(found.phone,))
        tx.phones.save(rows, binding.unbind(rows, found.phone.id, act.now))
        phone_ends.let_go(tx, act, found.phone)
        record(tx, act, Event.APP_UNBOUND, found.user, {"phone": found.phone.id})
        tell(tx, act, "app_changed", found.user, what="unbound", phone=found.phone.name)

    return await phone_lock.opened(parts, caller, said, Doing(Does.UNBIND), proof, step)


# -- what all need


async def _look(
    parts: Parts, caller: Caller, said: Said, fn: Callable[[Tx, Act, Heard], T]
) -> T | Refused:
    """Take the number, then look at a snapshot: nothing is held that a sign-in needs."""
    found = await listen(parts, caller, said)
    if isinstance(found, Refused):
        return found
    return await parts.store.read(lambda tx: fn(tx, begin(parts, caller), found))


async def _do(
    parts: Parts, caller: Caller, said: Said, fn: Callable[[Tx, Act, Heard], T]
) -> T | Refused:
    def step(tx: Tx) -> T | Refused:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)
        return found if isinstance(found, Refused) else fn(tx, act, found)

    return await parts.store.write(step)
