"""What staff see: users, one user, messages, cases; addresses in messages masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.access import Action, Staff, hindrance, rank
from keyturn.rules.accounts import (
    Case,
    Client,
    FactorKind,
    Passkey,
    Role,
    Session,
    User,
    UserState,
)
from keyturn.rules.diagnosis import Diagnosis, Facts, diagnose, restored
from keyturn.rules.events import Entry
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.sessions import alive
from keyturn.steps.acts import Act
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.evidence.delivery import masked

PAGE = 50
ENTRIES = 50
#: beyond it users are not counted to the last one
MOST = 10_000
#: as many as this that are yet to be filed are told; fewer are looked at one by one
UNFILED = 500


@dataclass(frozen=True, slots=True)
class UserRow:
    """One line of the list.

    Attributes:
        locked_until: the last end of its locks, None if none runs.
        app: a phone is bound.
    """

    id: str
    name: str
    username: str | None
    email: str
    phone: str | None
    state: UserState
    frozen_at: int | None
    locked_until: int | None
    last_signin_at: int | None
    totp: bool
    passkey: bool
    app: bool = False


@dataclass(frozen=True, slots=True)
class Users:
    """A page of users, the cursor of the next, and how many there are in all.

    Attributes:
        total, locked: `most` + 1 stands for more than `most`.
        unfiled: some may not be found by a search for a while.
    """

    users: tuple[UserRow, ...]
    after: str | None
    total: int
    locked: int
    unfiled: bool
    most: int = MOST


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane as it stands now.

    Attributes:
        kind: "unknown" (all unknown clients), "client" (a known one) or "second".
        client: the known client's name, else "".
        locked_until: None unless it is locked now.
    """

    key: str
    kind: str
    client: str
    failed: int
    total: int
    locked_until: int | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Factors:
    """Second steps."""

    totp: bool
    recovery_left: int
    passkeys: tuple[Passkey, ...]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message without its content."""

    id: str
    kind: str
    channel: str
    state: MessageState
    detail: str
    at: int
    updated_at: int
    attempt: int
    address_masked: str
    user_id: str | None


@dataclass(frozen=True, slots=True)
class UserPage:
    """Everything about one user.

    Attributes:
        role: in this tenant, if any.
        names: who is who in `entries`, by id.
        can: what the staff member asking may do to this user.
        facts, diagnosis: why this person may not get in, as of now.
    """

    user: User
    role: Role | None
    last_signin_at: int | None
    lanes: tuple[LaneRow, ...]
    sessions: tuple[Session, ...]
    clients: tuple[Client, ...]
    factors: Factors
    messages: tuple[MessageRow, ...]
    cases: tuple[Case, ...]
    entries: tuple[Entry, ...]
    names: Mapping[str, str]
    facts: Facts
    diagnosis: Diagnosis
    can: frozenset[Action]


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case. `facts` and `diagnosis` are of the moment when it was opened."""

    case: Case
    user: User | None
    facts: Facts
    diagnosis: Diagnosis


def users(
    tx: Tx, act: Act, query: str, state: UserState | None, after: str | None, *, locked: bool
) -> Users:
    """One page of users; `locked`: only those who are locked now."""
    moment = act.now if locked else None
    page = tx.users.search(act.tenant.id, query, state, after, PAGE, moment)
    ids = [user.id for user in page.users]
    seen = tx.clients.last_seen(act.tenant.id, ids)
    locks = tx.lanes.locked(act.tenant.id, ids, act.now)
    totp = tx.factors.enrolled(act.tenant.id, ids, FactorKind.TOTP)
    keys = tx.passkeys.holders(act.tenant.id, ids)
    apps = tx.phones.active(act.tenant.id, ids)
    rows = tuple(
        UserRow(
            id=u.id, name=u.name, username=u.username, email=u.email, phone=u.phone,
            state=u.state, frozen_at=u.frozen_at, locked_until=locks.get(u.id),
            last_signin_at=seen.get(u.id), totp=u.id in totp,
            passkey=u.id in keys, app=u.id in apps,
        )
        for u in page.users
    )  # fmt: skip
    total, now_locked = tx.users.tally(act.tenant.id, act.now, MOST)
    unfiled = bool(query) and tx.users.unfiled(UNFILED)
    return Users(rows, page.after, total, now_locked, unfiled)


def user_page(tx: Tx, act: Act, staff: Staff, user: User) -> UserPage:
    """See UserPage."""
    tenant_id = act.tenant.id
    clients = tuple(tx.clients.of_user(tenant_id, user.id))
    facts = collect(tx, act, Subject(user=user))
    entries = tuple(tx.audit.of_user(tenant_id, user.id, ENTRIES))
    return UserPage(
        user=user,
        role=tx.roles.of_user(user.id).get(tenant_id),
        last_signin_at=facts.time("signin.last_success_at"),
        lanes=_lanes(tx, act, user, clients),
        sessions=_sessions(tx, act, user),
        clients=clients,
        factors=_factors(tx, act, user),
        messages=tuple(map(message, tx.messages.of_user(tenant_id, user.id, PAGE))),
        cases=tuple(tx.cases.of_user(tenant_id, user.id)),
        entries=entries,
        names=names(tx, act, entries),
        facts=facts,
        diagnosis=diagnose(facts, act.now),
        can=allowed(tx, staff, user),
    )


def _factors(tx: Tx, act: Act, user: User) -> Factors:
    every = tx.factors.of_user(act.tenant.id, user.id)
    return Factors(
        totp=any(f.kind is FactorKind.TOTP for f in every),
        recovery_left=sum(f.kind is FactorKind.RECOVERY and f.used is None for f in every),
        passkeys=tuple(tx.passkeys.of_user(act.tenant.id, user.id)),
    )


def names(tx: Tx, act: Act, entries: Sequence[Entry]) -> Mapping[str, str]:
    """The names of all whom these rows are about or by, by id; of this tenant only."""
    ids = {i for entry in entries for i in (entry.user_id, entry.actor_id) if i is not None}
    found = (tx.users.get(act.tenant.id, user_id) for user_id in sorted(ids))
    return {user.id: user.name for user in found if user is not None}


def highest_rank(tx: Tx, user: User) -> int:
    """The rank of a user's highest role, in whatever tenant."""
    return max(map(rank, tx.roles.of_user(user.id).values()), default=0)


def allowed(tx: Tx, staff: Staff, user: User) -> frozenset[Action]:
    """What may be done to this user; of what can be undone or is not there, only what has a
    point.
    """
    theirs = highest_rank(tx, user)
    pointless = {Action.DISABLE if user.state is UserState.DISABLED else Action.ENABLE}
    if user.frozen_at is None:
        pointless.add(Action.UNFREEZE)
    if user.erase_at is not None:
        pointless.add(Action.ERASE)
    if user.state is not UserState.DISABLED or user.phone is None:
        pointless.add(Action.RELEASE_NUMBER)
    if not tx.passkeys.of_user(user.tenant_id, user.id):
        pointless.add(Action.REMOVE_PASSKEY)
    may = (a for a in Action if hindrance(staff, a, user, theirs) is None)
    return frozenset(may) - pointless - {Action.CREATE_USER, Action.CLOSE_CASE, Action.HEALTH}


def _lanes(tx: Tx, act: Act, user: User, clients: Sequence[Client]) -> tuple[LaneRow, ...]:
    names = {"c:" + client.id: client.name for client in clients}
    kinds = {"u": "unknown", "c": "client", "2": "second"}
    rows = []
    for key, kept in tx.lanes.of_user(act.tenant.id, user.id).items():
        lane, _ = lockout.observe(kept, act.now)
        rows.append(
            LaneRow(
                key=key, kind=kinds[key[0]], client=names.get(key, ""), failed=lane.failed,
                total=lane.total, locked_until=lane.locked_until or None, closed=lane.closed,
            )
        )  # fmt: skip
    return tuple(rows)


def _sessions(tx: Tx, act: Act, user: User) -> tuple[Session, ...]:
    limits = act.parts.limits
    kept = tx.sessions.of_user(act.tenant.id, user.id)
    return tuple(
        s for s in kept if alive(s, user, act.now, limits.session_ms, limits.session_idle_ms)
    )


def message(found: Message) -> MessageRow:
    """A message as staff see it."""
    return MessageRow(
        id=found.id, kind=found.kind, channel=found.channel, state=found.state,
        detail=found.detail, at=found.created_at, updated_at=found.updated_at,
        attempt=found.attempt, address_masked=masked(found), user_id=found.user_id,
    )  # fmt: skip


def case_page(tx: Tx, act: Act, case: Case) -> CasePage:
    """See CasePage."""
    facts = restored(case.facts)
    return CasePage(
        case=case,
        user=tx.users.get(act.tenant.id, case.user_id) if case.user_id else None,
        facts=facts,
        diagnosis=diagnose(facts, case.created_at),
    )
