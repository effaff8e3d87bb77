"""Tenants, users, their names, clients, sessions, second steps, roles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from keyturn.adapters.sql.lanes import COLUMNS as LANE
from keyturn.adapters.sql.lanes import lane_of
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Codec, Repository, Shape, compact, enum, param
from keyturn.adapters.sql.schema import (
    budgets,
    clients,
    factors,
    identifiers,
    lanes,
    roles,
    sessions,
    tenants,
    users,
)
from keyturn.ports.store import Lookup, Page, SeenLane, Taken, Wanted
from keyturn.rules.accounts import (
    Client,
    Contact,
    Factor,
    FactorKind,
    Role,
    Session,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.budgets import NETWORK, Spending, row_key


def _read_policy(text: str) -> TenantPolicy:
    return TenantPolicy(**json.loads(text))


def _read_support(text: str) -> tuple[Contact, ...]:
    return tuple(Contact(**item) for item in json.loads(text))


TENANT = Shape(
    tenants,
    Tenant,
    context=Codec(write=lambda v: compact(list(v)), read=lambda t: tuple(json.loads(t))),
    support=Codec(write=lambda v: compact([asdict(c) for c in v]), read=_read_support),
    policy=Codec(write=lambda v: compact(asdict(v)), read=_read_policy),
)
USER = Shape(users, User, state=enum(UserState))
CLIENT = Shape(clients, Client, trusted=Codec(write=bool, read=bool))
SESSION = Shape(sessions, Session, key=("digest",))
FACTOR = Shape(factors, Factor, kind=enum(FactorKind))

TID, UID = param("tid"), param("uid")
OFFERS = 4


class SqlTenants(Repository):
    """See ports.store.Tenants."""

    def all(self) -> Sequence[Tenant]:
        rows = self._c.execute(TENANT.select().order_by(tenants.c.id))
        return [TENANT.value(r) for r in rows]

    def get(self, tenant_id: str) -> Tenant | None:
        wanted = TENANT.select().where(tenants.c.id == TID)
        return TENANT.maybe(self._c.execute(wanted, {"tid": tenant_id}).first())

    def add(self, tenant: Tenant) -> None:
        """Add a tenant and its decoy user (see schema.users)."""
        same = select(literal(1)).where(tenants.c.slug == tenant.slug)
        with _taken(self._c, "slug" if self._c.execute(same).first() else "host"):
            self._c.execute(TENANT.insert, TENANT.params(tenant))
        self._c.execute(USER.insert, USER.params(_decoy(tenant)))

    def update(self, tenant: Tenant) -> None:
        self._c.execute(TENANT.update, TENANT.changes(tenant, id=tenant.id))


def _decoy(tenant: Tenant) -> User:
    return User(
        id=tenant.id, tenant_id=tenant.id, state=UserState.DISABLED, name="", username=None,
        email="nobody@invalid", phone=None, phone_verified_at=None, password_hash=None,
        password_set_at=tenant.created_at, epoch=0, frozen_at=None, timezone=None,
        created_at=tenant.created_at,
    )  # fmt: skip


_named = select(identifiers.c.user_id).where(
    identifiers.c.tenant_id == TID, identifiers.c.canonical == param("name")
)
_offered = and_(
    clients.c.user_id == users.c.id,
    clients.c.id.in_([param(f"c{n}") for n in range(OFFERS)]),
)
_lane_key = case(
    (users.c.id == TID, param("absent")),
    (and_(clients.c.id.is_not(None), param("own_lanes") == 1), literal("c:") + clients.c.id),
    else_=literal("u:") + users.c.id,
)
_LOOKUP = Quick(
    select(
        *USER.columns,
        *CLIENT.columns,
        exists().where(factors.c.user_id == users.c.id, factors.c.kind == "totp"),
        exists().where(
            factors.c.user_id == users.c.id,
            factors.c.kind == "recovery",
            factors.c.used.is_(None),
        ),
        exists().where(roles.c.user_id == users.c.id),
        budgets.c.start,
        budgets.c.count,
        lanes.c.key,
        lanes.c.version,
        *LANE,
    )
    .select_from(users)
    .outerjoin(clients, _offered)
    .outerjoin(budgets, and_(budgets.c.tenant_id == TID, budgets.c.key == param("network")))
    .outerjoin(lanes, and_(lanes.c.tenant_id == TID, lanes.c.key == _lane_key))
    .where(
        users.c.id == func.coalesce(_named.scalar_subquery(), TID),
        users.c.tenant_id == TID,
    )
)
_GET = USER.select().where(users.c.tenant_id == TID, users.c.id == UID)
_NAMED = (
    USER.select()
    .join(identifiers, identifiers.c.user_id == users.c.id)
    .where(identifiers.c.tenant_id == TID, identifiers.c.canonical == param("name"))
)
_HOLDER = USER.select().where(users.c.tenant_id == TID, users.c.phone == param("phone"))


def _found(row: Sequence[Any], tenant_id: str) -> Lookup:
    """The row of _LOOKUP."""
    user = USER.value(row[: USER.size])
    rest = row[USER.size :]
    client = None if rest[0] is None else CLIENT.value(rest[: CLIENT.size])
    totp, recovery, staff, start, count, key, version = rest[CLIENT.size : CLIENT.size + 7]
    kinds = {FactorKind.TOTP: totp, FactorKind.RECOVERY: recovery}
    lane = None if key is None else SeenLane(key, lane_of(rest[CLIENT.size + 7 :]), version)
    return Lookup(
        user=user,
        known=user.id != tenant_id,
        client=client,
        factors=frozenset(k for k, there in kinds.items() if there),
        staff=bool(staff),
        network=None if start is None else Spending(start=start, count=count),
        lane=lane,
    )


class SqlUsers(Repository):
    """See ports.store.Users."""

    def lookup(self, wanted: Wanted) -> Lookup:
        clients = wanted.clients
        offers = {f"c{n}": clients[n] if n < len(clients) else "" for n in range(OFFERS)}
        rows = _LOOKUP.rows(
            self._c,
            {
                "tid": wanted.tenant_id,
                "name": wanted.canonical,
                "network": row_key(NETWORK, wanted.network),
                "absent": wanted.absent,
                "own_lanes": int(wanted.own_lanes),
                **offers,
            },
        )
        if not rows:
            raise LookupError(wanted.tenant_id)
        return _found(rows[0], wanted.tenant_id)

    def get(self, tenant_id: str, user_id: str) -> User | None:
        return USER.maybe(self._c.execute(_GET, {"tid": tenant_id, "uid": user_id}).first())

    def lock(self, tenant_id: str, user_id: str) -> User | None:
        statement = _GET.with_for_update()
        return USER.maybe(self._c.execute(statement, {"tid": tenant_id, "uid": user_id}).first())

    def named(self, tenant_id: str, canonical: str) -> User | None:
        params = {"tid": tenant_id, "name": canonical}
        return USER.maybe(self._c.execute(_NAMED, params).first())

    def add(self, user: User, identifiers: Sequence[str]) -> None:
        self._c.execute(USER.insert, USER.params(user))
        for canonical in identifiers:
            self.add_identifier(user.tenant_id, user.id, canonical)

    def save(self, user: User) -> None:
        with _taken(self._c, "phone"):
            self._c.execute(USER.update, USER.changes(user, id=user.id))

    def delete(self, tenant_id: str, user_id: str) -> None:
        which = {"tid": tenant_id, "uid": user_id}
        for table in (identifiers, users):
            column = table.c.user_id if table is identifiers else table.c.id
            self._c.execute(delete(table).where(table.c.tenant_id == TID, column == UID), which)

    def add_identifier(self, tenant_id: str, user_id: str, canonical: str) -> None:
        values = {"tenant_id": tenant_id, "user_id": user_id, "canonical": canonical}
        with _taken(self._c, "identifier"):
            self._c.execute(identifiers.insert(), values)

    def drop_identifier(self, tenant_id: str, user_id: str, canonical: str) -> None:
        self._c.execute(
            delete(identifiers).where(
                identifiers.c.tenant_id == TID,
                identifiers.c.user_id == UID,
                identifiers.c.canonical == param("name"),
            ),
            {"tid": tenant_id, "uid": user_id, "name": canonical},
        )

    def holder_of_phone(self, tenant_id: str, phone: str) -> User | None:
        return USER.maybe(self._c.execute(_HOLDER, {"tid": tenant_id, "phone": phone}).first())

    def search(
        self,
        tenant_id: str,
        query: str,
        state: UserState | None,
        after: str | None,
        limit: int,
        locked: int | None = None,
    ) -> Page:
        wanted = USER.select().where(users.c.tenant_id == tenant_id, users.c.id != tenant_id)
        if query:
            pattern = f"%{_escaped(query.casefold())}%"
            columns = (users.c.name, users.c.username, users.c.email, users.c.phone)
            wanted = wanted.where(or_(*(func.lower(c).like(pattern, escape="\\") for c in columns)))
        if state is not None:
            wanted = wanted.where(users.c.state == str(state))
        if locked is not None:
            wanted = wanted.where(_locked(locked))
        if after:
            wanted = wanted.where(users.c.id > after)
        rows = self._c.execute(wanted.order_by(users.c.id).limit(limit + 1)).all()
        found = [USER.value(r) for r in rows[:limit]]
        return Page(users=found, after=found[-1].id if len(rows) > limit else None)

    def tally(self, tenant_id: str, now: int) -> tuple[int, int]:
        everybody = select(func.count()).where(
            users.c.tenant_id == tenant_id, users.c.id != tenant_id
        )
        locked = everybody.where(_locked(now))
        return self._c.execute(everybody).scalar_one(), self._c.execute(locked).scalar_one()


def _locked(now: int) -> ColumnElement[bool]:
    """Whether a user has a lane that is locked at `now`."""
    return exists().where(lanes.c.user_id == users.c.id, lanes.c.locked_until > now)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


class _taken:  # noqa: N801  reads as a statement: `with _taken(connection, "phone")`
    """Turn a broken unique index into Taken, and leave the transaction usable."""

    def __init__(self, connection: Connection, what: str) -> None:
        self._connection, self._what = connection, what

    def __enter__(self) -> None:
        self._savepoint = self._connection.begin_nested()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._savepoint.commit()
            return
        self._savepoint.rollback()
        if isinstance(error, IntegrityError):
            raise Taken(self._what) from error


class SqlClients(Repository):
    """See ports.store.Clients."""

    def add(self, client: Client) -> None:
        self._c.execute(CLIENT.insert, CLIENT.params(client))

    def save(self, client: Client) -> None:
        CLIENT.quick_update.count(self._c, CLIENT.changes(client, id=client.id))

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Client]:
        wanted = CLIENT.select().where(clients.c.tenant_id == TID, clients.c.user_id == UID)
        rows = self._c.execute(
            wanted.order_by(clients.c.seen_at.desc()), {"tid": tenant_id, "uid": user_id}
        )
        return [CLIENT.value(r) for r in rows]

    def last_seen(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, int]:
        wanted = (
            select(clients.c.user_id, func.max(clients.c.seen_at))
            .where(clients.c.tenant_id == tenant_id, clients.c.user_id.in_(user_ids))
            .group_by(clients.c.user_id)
        )
        return {row[0]: row[1] for row in self._c.execute(wanted)}

    def forget(self, tenant_id: str, user_id: str, client_id: str | None) -> int:
        gone = delete(clients).where(clients.c.tenant_id == tenant_id, clients.c.user_id == user_id)
        if client_id is not None:
            gone = gone.where(clients.c.id == client_id)
        return self._c.execute(gone).rowcount


_SESSION = (
    select(*SESSION.columns, *USER.columns)
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.tenant_id == TID, sessions.c.digest == param("digest"))
)


class SqlSessions(Repository):
    """See ports.store.Sessions."""

    def add(self, session: Session) -> None:
        SESSION.quick_insert.count(self._c, SESSION.params(session))

    def get(self, tenant_id: str, digest: str) -> tuple[Session, User] | None:
        row = self._c.execute(_SESSION, {"tid": tenant_id, "digest": digest}).first()
        if row is None:
            return None
        return SESSION.value(row[: SESSION.size]), USER.value(row[SESSION.size :])

    def touch(self, tenant_id: str, digest: str, seen_at: int, level: int) -> None:
        self._c.execute(
            update(sessions)
            .where(sessions.c.tenant_id == tenant_id, sessions.c.digest == digest)
            .values(seen_at=seen_at, level=level)
        )

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Session]:
        wanted = SESSION.select().where(sessions.c.tenant_id == TID, sessions.c.user_id == UID)
        rows = self._c.execute(
            wanted.order_by(sessions.c.seen_at.desc()), {"tid": tenant_id, "uid": user_id}
        )
        return [SESSION.value(r) for r in rows]

    def end(self, tenant_id: str, user_id: str, digest: str | None) -> int:
        gone = delete(sessions).where(
            sessions.c.tenant_id == tenant_id, sessions.c.user_id == user_id
        )
        if digest is not None:
            gone = gone.where(sessions.c.digest == digest)
        return self._c.execute(gone).rowcount


class SqlFactors(Repository):
    """See ports.store.Factors."""

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Factor]:
        wanted = FACTOR.select().where(factors.c.tenant_id == TID, factors.c.user_id == UID)
        held = wanted.with_for_update() if self._writing else wanted
        rows = self._c.execute(held.order_by(factors.c.id), {"tid": tenant_id, "uid": user_id})
        return [FACTOR.value(r) for r in rows]

    def add(self, factor: Factor) -> None:
        self._c.execute(FACTOR.insert, FACTOR.params(factor))

    def save(self, factor: Factor) -> None:
        self._c.execute(FACTOR.update, FACTOR.changes(factor, id=factor.id))

    def remove(self, tenant_id: str, user_id: str, kind: FactorKind) -> int:
        return self._c.execute(
            delete(factors).where(
                factors.c.tenant_id == tenant_id,
                factors.c.user_id == user_id,
                factors.c.kind == str(kind),
            )
        ).rowcount

    def enrolled(self, tenant_id: str, user_ids: Sequence[str], kind: FactorKind) -> frozenset[str]:
        wanted = select(factors.c.user_id).where(
            factors.c.tenant_id == tenant_id,
            factors.c.user_id.in_(user_ids),
            factors.c.kind == str(kind),
        )
        return frozenset(self._c.execute(wanted).scalars())


class SqlRoles(Repository):
    """See ports.store.Roles."""

    def of_user(self, user_id: str) -> Mapping[str, Role]:
        wanted = select(roles.c.tenant_id, roles.c.role).where(roles.c.user_id == UID)
        return {t: Role(r) for t, r in self._c.execute(wanted, {"uid": user_id})}

    def grant(self, tenant_id: str, user_id: str, role: Role) -> None:
        self.revoke(tenant_id, user_id)
        values = {"tenant_id": tenant_id, "user_id": user_id, "role": str(role)}
        self._c.execute(roles.insert(), values)

    def revoke(self, tenant_id: str, user_id: str) -> None:
        self._c.execute(
            delete(roles).where(roles.c.tenant_id == tenant_id, roles.c.user_id == user_id)
        )

    def any_owner(self) -> bool:
        wanted = select(literal(1)).where(roles.c.role == str(Role.OWNER)).limit(1)
        return self._c.execute(wanted).first() is not None
