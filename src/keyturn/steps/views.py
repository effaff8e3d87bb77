"""What staff see: one user, messages, cases; addresses in messages masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.access import Action, Staff, lacking, rank
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
from keyturn.steps import colleagues
from keyturn.steps.acts import Act
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.evidence.delivery import masked

PAGE = 50
ENTRIES = 50


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
    """The names of all whom these rows are about or by, by id; of this tenant only, and of
    providers' people who work here or did.
    """
    ids = {i for entry in entries for i in (entry.user_id, entry.actor_id) if i is not None}
    return colleagues.names(tx, act.tenant.id, ids)


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
    may = (a for a in Action if lacking(staff, a, user, theirs) is None)
    to_nobody = {
        Action.CREATE_USER, Action.CLOSE_CASE, Action.HEALTH, Action.SEE_AS, Action.MEMBERS,
        Action.LINK_PROVIDER, Action.END_PROVIDER, Action.POLICIES, Action.APPEARANCE,
    }  # fmt: skip
    return frozenset(may) - pointless - to_nobody


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
