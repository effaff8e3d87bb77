"""Links of customers with providers, memberships and stays, stored; and what a restore ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from keyturn.adapters.sql.accounts import TENANT, USER
from keyturn.adapters.sql.provider_tables import LIVE, links, members, stays
from keyturn.adapters.sql.rows import Repository, Shape, enum, taken
from keyturn.adapters.sql.schema import LOCKED_ONCE, cases, lanes, roles, tenants, users, whole
from keyturn.ports.providers import Acting, Counted
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.providers import Link, Member, Stay

LINK = Shape(links, Link, role=enum(Role))
MEMBER = Shape(members, Member, role=enum(Role))
STAY = Shape(stays, Stay, key=("digest",))
#: where each begins in a row of all
_A = LINK.size
_B = _A + MEMBER.size
_C = _B + TENANT.size
_LINK_ENDED, _MEMBER_ENDED = links.c.ended_at, members.c.ended_at
#: who has a role at the provider's
_AT_HOME = (
    select(roles.c.role)
    .where(roles.c.user_id == members.c.user_id, roles.c.tenant_id == members.c.provider_id)
    .exists()
)


class SqlProviders(Repository):
    """See ports.providers.Providers."""

    def add_link(self, link: Link) -> None:
        with taken(self._c, "link"):
            self._c.execute(LINK.insert, LINK.params(link))

    def link(self, tenant_id: str, link_id: str) -> Link | None:
        return self._one(LINK.select().where(links.c.tenant_id == tenant_id, links.c.id == link_id))

    def link_to(self, tenant_id: str, provider_id: str) -> Link | None:
        here = links.c.tenant_id == tenant_id, links.c.provider_id == provider_id
        return self._one(LINK.select().where(*here, _LINK_ENDED.is_(None)))

    def _one(self, wanted: Select[Any]) -> Link | None:
        held = wanted.with_for_update() if self._writing else wanted
        return LINK.maybe(self._c.execute(held).first())

    def links(self, tenant_id: str, limit: int) -> Sequence[Link]:
        wanted = LINK.select().where(links.c.tenant_id == tenant_id)
        rows = self._c.execute(wanted.order_by(links.c.id.desc()).limit(limit))
        return [LINK.value(row) for row in rows]

    def live_links(self, tenant_id: str) -> Sequence[Link]:
        wanted = LINK.select().where(links.c.tenant_id == tenant_id, _LINK_ENDED.is_(None))
        return [LINK.value(row) for row in self._c.execute(wanted.order_by(links.c.id))]

    def customers(self, provider_id: str) -> Sequence[tuple[Link, Tenant]]:
        wanted = select(*LINK.columns, *TENANT.columns).where(
            links.c.provider_id == provider_id, _LINK_ENDED.is_(None),
            tenants.c.id == links.c.tenant_id,
        )  # fmt: skip
        rows = self._c.execute(wanted.order_by(tenants.c.name, tenants.c.id))
        return [(LINK.value(row[: LINK.size]), TENANT.value(row[LINK.size :])) for row in rows]

    def serves(self, tenant_id: str) -> bool:
        one = select(links.c.id).where(links.c.provider_id == tenant_id, _LINK_ENDED.is_(None))
        return self._c.execute(one.limit(1)).first() is not None

    def end_link(self, link: Link, now: int, by: str | None) -> None:
        over = replace(link, ended_at=now, ended_by=by)
        self._c.execute(LINK.update, LINK.changes(over, id=link.id))
        ended = update(members).where(members.c.link_id == link.id, _MEMBER_ENDED.is_(None))
        self._c.execute(ended.values(ended_at=now))

    def add_member(self, member: Member) -> None:
        with taken(self._c, "member"):
            self._c.execute(MEMBER.insert, MEMBER.params(member))

    def end_members(
        self, now: int, by: str | None, user_id: str, link_id: str | None = None
    ) -> Sequence[Member]:
        theirs = [members.c.user_id == user_id]
        if link_id is not None:
            theirs.append(members.c.link_id == link_id)
        over = update(members).where(*theirs, _MEMBER_ENDED.is_(None))
        rows = self._c.execute(over.values(ended_at=now, ended_by=by).returning(*MEMBER.columns))
        return [MEMBER.value(row) for row in rows]

    def members(self, link_id: str) -> Sequence[tuple[Member, User]]:
        wanted = select(*MEMBER.columns, *USER.columns).where(
            members.c.link_id == link_id, _MEMBER_ENDED.is_(None),
            users.c.id == members.c.user_id, users.c.tenant_id == members.c.provider_id, _AT_HOME,
        )  # fmt: skip
        rows = self._c.execute(wanted.order_by(users.c.name, users.c.id))
        return [(MEMBER.value(r[: MEMBER.size]), USER.value(r[MEMBER.size :])) for r in rows]

    def of_user(self, user_id: str) -> Sequence[Member]:
        wanted = MEMBER.select().where(members.c.user_id == user_id)
        return [MEMBER.value(row) for row in self._c.execute(wanted.order_by(members.c.id.desc()))]

    def acting(self, tenant_id: str, user_id: str) -> Acting | None:
        every = (*LINK.columns, *MEMBER.columns, *TENANT.columns, *USER.columns)
        wanted = select(*every).where(
            members.c.user_id == user_id, members.c.tenant_id == tenant_id,
            _MEMBER_ENDED.is_(None), links.c.id == members.c.link_id, _LINK_ENDED.is_(None),
            tenants.c.id == links.c.provider_id, users.c.id == members.c.user_id,
            users.c.tenant_id == links.c.provider_id, users.c.state == str(UserState.ACTIVE),
            _AT_HOME,
        )  # fmt: skip
        row = self._c.execute(wanted).first()
        if row is None:
            return None
        return Acting(
            LINK.value(row[:_A]), MEMBER.value(row[_A:_B]), TENANT.value(row[_B:_C]),
            USER.value(row[_C:]),
        )  # fmt: skip

    def people(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, tuple[User, str]]:
        if not user_ids:
            return {}
        wanted = select(*USER.columns, tenants.c.name).where(
            members.c.tenant_id == tenant_id, members.c.user_id.in_(user_ids),
            users.c.id == members.c.user_id, tenants.c.id == members.c.provider_id,
        )  # fmt: skip
        rows = self._c.execute(wanted.distinct())
        found = ((USER.value(row[: USER.size]), str(row[USER.size])) for row in rows)
        return {user.id: (user, name) for user, name in found}

    def add_stay(self, stay: Stay) -> None:
        before = stays.c.session == stay.session, stays.c.tenant_id == stay.tenant_id
        self._c.execute(delete(stays).where(*before))
        self._c.execute(STAY.insert, STAY.params(stay))

    def stay(self, tenant_id: str, digest: str) -> Stay | None:
        wanted = STAY.select().where(stays.c.tenant_id == tenant_id, stays.c.digest == digest)
        return STAY.maybe(self._c.execute(wanted).first())

    def end_stay(self, tenant_id: str, digest: str) -> int:
        this = stays.c.tenant_id == tenant_id, stays.c.digest == digest
        return self._c.execute(delete(stays).where(*this)).rowcount

    def follow(self, session: str, after: str) -> None:
        moved = update(stays).where(stays.c.session == session)
        self._c.execute(moved.values(session=after))

    def counted(self, tenant_ids: Sequence[str], now: int, silent_ms: int) -> Mapping[str, Counted]:
        if not tenant_ids:
            return {}
        whole()
        open_cases = self._per_tenant(
            select(cases.c.tenant_id, func.count()).where(cases.c.state == "open"),
            cases,
            tenant_ids,
        )
        locked = self._per_tenant(
            select(lanes.c.tenant_id, func.count(lanes.c.user_id.distinct())).where(
                LOCKED_ONCE, lanes.c.locked_until > now, lanes.c.user_id.is_not(None)
            ),
            lanes, tenant_ids,
        )  # fmt: skip
        agents = whole().tables["agents"]
        able = agents.c.state == "active"
        every = self._per_tenant(
            select(agents.c.tenant_id, func.count()).where(able), agents, tenant_ids
        )
        heard = func.coalesce(agents.c.seen_at, 0) > now - silent_ms
        silent = self._per_tenant(
            select(agents.c.tenant_id, func.count()).where(able, ~heard), agents, tenant_ids
        )
        books = self._memories(tenant_ids)
        return {
            one: Counted(
                open_cases.get(one, 0), locked.get(one, 0), every.get(one, 0), silent.get(one, 0),
                tuple(books.get(one, ())),
            )
            for one in tenant_ids
        }  # fmt: skip

    def _per_tenant(
        self, wanted: Select[Any], table: Any, tenant_ids: Sequence[str]
    ) -> dict[str, int]:
        these = wanted.where(table.c.tenant_id.in_(tenant_ids)).group_by(table.c.tenant_id)
        return {row[0]: row[1] for row in self._c.execute(these)}

    def _memories(self, tenant_ids: Sequence[str]) -> dict[str, list[str]]:
        books = whole().tables["health_books"]
        wanted = select(books.c.tenant_id, books.c.memory)
        found: dict[str, list[str]] = {}
        for tenant_id, memory in self._c.execute(wanted.where(books.c.tenant_id.in_(tenant_ids))):
            found.setdefault(tenant_id, []).append(memory)
        return found


# -- what a restore must not bring back


def ended(connection: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """Links and memberships that are over, by id."""
    over = (select(t.c.id).where(t.c.ended_at.is_not(None)) for t in (links, members))
    gone, left = (connection.execute(wanted).scalars().all() for wanted in over)
    return gone, left


def void(connection: Connection, now: int, gone: tuple[Sequence[str], Sequence[str]]) -> None:
    """Nobody is in; and what was ended since the backup stays ended.

    Args:
        gone: as of `ended`, before the restore.
    """
    connection.execute(delete(stays))
    for table, ids in zip((links, members), gone, strict=True):
        for one in ids:
            this = table.c.id == one, LIVE
            connection.execute(update(table).where(*this).values(ended_at=now))
    live = select(links.c.id).where(LIVE)
    orphans = members.c.link_id.not_in(live), members.c.ended_at.is_(None)
    connection.execute(update(members).where(*orphans).values(ended_at=now))
