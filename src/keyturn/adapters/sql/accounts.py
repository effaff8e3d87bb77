"""Tenants, clients, sessions, second steps, roles; users are in users.py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import (
    Select,
    delete,
    func,
    literal,
    select,
    union_all,
    update,
)

from keyturn.adapters.sql.provider_tables import links, members
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Codec, Repository, Shape, compact, enum, param, taken
from keyturn.adapters.sql.schema import (
    clients,
    factors,
    passkeys,
    roles,
    sessions,
    tenants,
    users,
)
from keyturn.rules.accounts import (
    Client,
    Contact,
    Factor,
    FactorKind,
    Passkey,
    Role,
    Session,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)

#: the policy's fields that the first release knew: always written
_FIRST = {"signup", "phone", "password_min", "lockout_scope", "region", "voice"}
_FIELDS = {field.name for field in fields(TenantPolicy)}


def _write_policy(policy: TenantPolicy) -> str:
    """A field that came later is written where it differs from its default: an older
    release stumbles over names it does not know, and may read this during an upgrade.
    """
    usual = asdict(TenantPolicy())
    kept = {n: v for n, v in asdict(policy).items() if n in _FIRST or v != usual[n]}
    return compact(kept)


def _read_policy(text: str) -> TenantPolicy:
    """What a newer release added is passed over. Lists are tuples here."""
    found = ((n, v) for n, v in json.loads(text).items() if n in _FIELDS)
    known: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in found}
    return TenantPolicy(**known)


def _read_support(text: str) -> tuple[Contact, ...]:
    return tuple(Contact(**item) for item in json.loads(text))


TENANT = Shape(
    tenants,
    Tenant,
    context=Codec(write=lambda v: compact(list(v)), read=lambda t: tuple(json.loads(t))),
    support=Codec(write=lambda v: compact([asdict(c) for c in v]), read=_read_support),
    policy=Codec(write=_write_policy, read=_read_policy),
)
USER = Shape(users, User, state=enum(UserState))
CLIENT = Shape(clients, Client, trusted=Codec(write=bool, read=bool))
SESSION = Shape(sessions, Session, key=("digest",))
FACTOR = Shape(factors, Factor, kind=enum(FactorKind))
PASSKEY = Shape(passkeys, Passkey, synced=Codec(write=bool, read=bool))

TID, UID = param("tid"), param("uid")
_TENANT = Quick(TENANT.select().where(tenants.c.id == TID))


class SqlTenants(Repository):
    """See ports.store.Tenants."""

    def all(self) -> Sequence[Tenant]:
        rows = self._c.execute(TENANT.select().order_by(tenants.c.id))
        return [TENANT.value(r) for r in rows]

    def get(self, tenant_id: str) -> Tenant | None:
        rows = _TENANT.rows(self._c, {"tid": tenant_id})
        return TENANT.value(rows[0]) if rows else None

    def add(self, tenant: Tenant) -> None:
        """Add a tenant and its decoy user (see schema.users)."""
        same = select(literal(1)).where(tenants.c.slug == tenant.slug)
        with taken(self._c, "slug" if self._c.execute(same).first() else "host"):
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


class SqlClients(Repository):
    """See ports.store.Clients."""

    def add(self, client: Client) -> None:
        self._c.execute(CLIENT.insert, CLIENT.params(client))

    def save(self, client: Client) -> None:
        CLIENT.quick_update.tell(self._c, CLIENT.changes(client, id=client.id))

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
        SESSION.quick_insert.tell(self._c, SESSION.params(session))

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


class SqlPasskeys(Repository):
    """See ports.store.Passkeys."""

    def add(self, passkey: Passkey) -> None:
        with taken(self._c, "passkey"):
            self._c.execute(PASSKEY.insert, PASSKEY.params(passkey))

    def save(self, passkey: Passkey) -> None:
        self._c.execute(PASSKEY.update, PASSKEY.changes(passkey, id=passkey.id))

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Passkey]:
        of = (passkeys.c.tenant_id == tenant_id, passkeys.c.user_id == user_id)
        wanted = PASSKEY.select().where(*of).order_by(passkeys.c.id)
        return [PASSKEY.value(r) for r in self._c.execute(self._held(wanted))]

    def named(self, tenant_id: str, credential_id: str) -> Passkey | None:
        wanted = PASSKEY.select().where(
            passkeys.c.tenant_id == tenant_id, passkeys.c.credential_id == credential_id
        )
        return PASSKEY.maybe(self._c.execute(self._held(wanted)).first())

    def _held(self, wanted: Select[Any]) -> Select[Any]:
        return wanted.with_for_update() if self._writing else wanted

    def remove(self, tenant_id: str, user_id: str, passkey_id: str | None) -> int:
        which = [passkeys.c.tenant_id == tenant_id, passkeys.c.user_id == user_id]
        if passkey_id is not None:
            which.append(passkeys.c.id == passkey_id)
        return self._c.execute(delete(passkeys).where(*which)).rowcount

    def holders(self, tenant_id: str, user_ids: Sequence[str]) -> frozenset[str]:
        of = (passkeys.c.tenant_id == tenant_id, passkeys.c.user_id.in_(user_ids))
        wanted = select(passkeys.c.user_id).where(*of, passkeys.c.cloned_at.is_(None))
        return frozenset(self._c.execute(wanted).scalars())


#: whoever acts at a customer of their tenant's now, and has a role at home (rules/providers.py)
_GUESTS = (
    members.c.ended_at.is_(None),
    links.c.id == members.c.link_id,
    links.c.ended_at.is_(None),
    select(roles.c.role)
    .where(roles.c.user_id == members.c.user_id, roles.c.tenant_id == members.c.provider_id)
    .exists(),
)
_OF_USER = union_all(
    select(roles.c.tenant_id, roles.c.role).where(roles.c.user_id == UID),
    select(members.c.tenant_id, members.c.role).where(members.c.user_id == UID, *_GUESTS),
)


class SqlRoles(Repository):
    """See ports.store.Roles."""

    def of_user(self, user_id: str) -> Mapping[str, Role]:
        return {t: Role(r) for t, r in self._c.execute(_OF_USER, {"uid": user_id})}

    def of_users(self, user_ids: Sequence[str]) -> Mapping[str, frozenset[Role]]:
        found: dict[str, set[Role]] = {}
        wanted = union_all(
            select(roles.c.user_id, roles.c.role).where(roles.c.user_id.in_(user_ids)),
            select(members.c.user_id, members.c.role).where(
                members.c.user_id.in_(user_ids), *_GUESTS
            ),
        )
        for user_id, role in self._c.execute(wanted):
            found.setdefault(user_id, set()).add(Role(role))
        return {user_id: frozenset(every) for user_id, every in found.items()}

    def here(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Role]:
        theirs = roles.c.tenant_id == tenant_id, roles.c.user_id.in_(user_ids)
        wanted = select(roles.c.user_id, roles.c.role).where(*theirs)
        return {user_id: Role(role) for user_id, role in self._c.execute(wanted)}

    def grant(self, tenant_id: str, user_id: str, role: Role) -> None:
        self.revoke(tenant_id, user_id)
        values = {"tenant_id": tenant_id, "user_id": user_id, "role": str(role)}
        self._c.execute(roles.insert(), values)

    def revoke(self, tenant_id: str, user_id: str) -> None:
        self._c.execute(
            delete(roles).where(roles.c.tenant_id == tenant_id, roles.c.user_id == user_id)
        )

    def holders(self, tenant_id: str, role: Role) -> Sequence[tuple[str, str]]:
        wanted = union_all(
            select(users.c.tenant_id, users.c.id).where(
                users.c.id == roles.c.user_id,
                roles.c.tenant_id == tenant_id,
                roles.c.role == str(role),
            ),
            select(users.c.tenant_id, users.c.id).where(
                users.c.id == members.c.user_id,
                members.c.tenant_id == tenant_id,
                members.c.role == str(role),
                *_GUESTS,
            ),
        )
        return sorted(((r[0], r[1]) for r in self._c.execute(wanted)), key=lambda pair: pair[1])

    def any_owner(self) -> bool:
        wanted = select(literal(1)).where(roles.c.role == str(Role.OWNER)).limit(1)
        return self._c.execute(wanted).first() is not None
