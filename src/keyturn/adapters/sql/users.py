"""Users and the names they are known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
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

from keyturn.adapters.sql.accounts import CLIENT, TID, UID, USER
from keyturn.adapters.sql.finding import AGAIN, Finding, Sieve
from keyturn.adapters.sql.lanes import COLUMNS as LANE
from keyturn.adapters.sql.lanes import lane_of
from keyturn.adapters.sql.phone_tables import ACTIVE, phones
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Repository, param, taken
from keyturn.adapters.sql.schema import (
    budgets,
    clients,
    factors,
    identifiers,
    lanes,
    passkeys,
    roles,
    tenants,
    users,
)
from keyturn.ports.rooms import Listed
from keyturn.ports.store import Lookup, Page, SeenLane, Wanted
from keyturn.rules import search
from keyturn.rules.accounts import FactorKind, User, UserState
from keyturn.rules.budgets import NETWORK, Spending, row_key
from keyturn.rules.user_lists import Filter

OFFERS = 4
#: columns of the lookup between the client's and the lane's
FACTS = 9
_named = select(identifiers.c.user_id).where(
    identifiers.c.tenant_id == TID, identifiers.c.canonical == param("name")
)
_offered = and_(
    clients.c.user_id == users.c.id,
    clients.c.id.in_([param(f"c{n}") for n in range(OFFERS)]),
)
_lane_key = case(
    (or_(users.c.id == TID, users.c.state == literal(str(UserState.UNVERIFIED))), param("absent")),
    (and_(clients.c.id.is_not(None), param("own_lanes") == 1), literal("c:") + clients.c.id),
    else_=literal("u:") + users.c.id,
)
_LOOKUP = Quick(
    select(
        *USER.columns,
        *CLIENT.columns,
        or_(
            exists().where(factors.c.user_id == users.c.id, factors.c.kind == "totp"),
            exists().where(phones.c.user_id == users.c.id, ACTIVE, phones.c.offline != ""),
        ),
        exists().where(
            factors.c.user_id == users.c.id,
            factors.c.kind == "recovery",
            factors.c.used.is_(None),
        ),
        exists().where(passkeys.c.user_id == users.c.id, passkeys.c.cloned_at.is_(None)),
        exists().where(phones.c.user_id == users.c.id, ACTIVE),
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
_SAVE = USER.update.values(filed=AGAIN)
_PROVE = _SAVE.values(phone_ring=param("ring"))
_RING = select(tenants.c.phone_ring).where(tenants.c.id == TID)
#: held until the end, so that the tenant is in that ring when the number comes into it
_HELD_RING = _RING.with_for_update(read=True)
_ELSEWHERE = select(users.c.id).where(
    users.c.phone_ring == _RING.scalar_subquery(),
    users.c.phone == param("phone"),
    users.c.tenant_id != TID,
)
_HOLDER = USER.select().where(users.c.tenant_id == TID, users.c.phone == param("phone"))


def _found(row: Sequence[Any], tenant_id: str) -> Lookup:
    """The row of _LOOKUP."""
    user = USER.value(row[: USER.size])
    rest = row[USER.size :]
    client = None if rest[0] is None else CLIENT.value(rest[: CLIENT.size])
    facts, lane_row = rest[CLIENT.size : CLIENT.size + FACTS], rest[CLIENT.size + FACTS :]
    totp, recovery, passkey, phone, staff, start, count, key, version = facts
    kinds = {
        FactorKind.TOTP: totp, FactorKind.RECOVERY: recovery, FactorKind.PASSKEY: passkey,
        FactorKind.PUSH: phone,
    }  # fmt: skip
    lane = None if key is None else SeenLane(key, lane_of(lane_row), version)
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

    def some(self, tenant_id: str, user_ids: Sequence[str]) -> Sequence[User]:
        those = users.c.tenant_id == tenant_id, users.c.id.in_(user_ids)
        wanted = USER.select().where(*those).order_by(users.c.id)
        held = wanted.with_for_update() if self._writing else wanted
        return [USER.value(row) for row in self._c.execute(held)]

    def named_all(self, tenant_id: str, canonicals: Sequence[str]) -> Mapping[str, User]:
        wanted = (
            select(identifiers.c.canonical, *USER.columns)
            .join(users, identifiers.c.user_id == users.c.id)
            .where(identifiers.c.tenant_id == tenant_id, identifiers.c.canonical.in_(canonicals))
        )
        return {row[0]: USER.value(row[1:]) for row in self._c.execute(wanted)}

    def add_all(self, users: Sequence[User]) -> None:
        if users:
            self._c.execute(USER.insert, [USER.params(user) for user in users])

    def add(self, user: User, identifiers: Sequence[str]) -> None:
        self._c.execute(USER.insert, USER.params(user))
        for canonical in identifiers:
            self.add_identifier(user.tenant_id, user.id, canonical)

    def save(self, user: User) -> None:
        with taken(self._c, "phone"):
            self._c.execute(_SAVE, USER.changes(user, id=user.id))

    def save_number(self, user: User) -> None:
        ring = self._c.execute(_HELD_RING, {"tid": user.tenant_id}).scalar()
        with taken(self._c, "phone"):
            self._c.execute(_PROVE, {**USER.changes(user, id=user.id), "ring": ring})

    def set_language(self, tenant_id: str, user_id: str, language: str) -> None:
        theirs = users.c.tenant_id == tenant_id, users.c.id == user_id
        self._c.execute(update(users).where(*theirs).values(language=language))

    def delete(self, tenant_id: str, user_id: str) -> None:
        which = {"tid": tenant_id, "uid": user_id}
        for table in (identifiers, users):
            column = table.c.user_id if table is identifiers else table.c.id
            self._c.execute(delete(table).where(table.c.tenant_id == TID, column == UID), which)
        self._finding.drop(tenant_id, user_id)

    def add_identifier(self, tenant_id: str, user_id: str, canonical: str) -> None:
        values = {"tenant_id": tenant_id, "user_id": user_id, "canonical": canonical}
        with taken(self._c, "identifier"):
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

    def held_elsewhere(self, tenant_id: str, phone: str) -> bool:
        found = self._c.execute(_ELSEWHERE, {"tid": tenant_id, "phone": phone})
        return found.first() is not None

    def clashes(self, tenant_id: str, ring: str) -> int:
        others = users.alias()
        theirs = others.c.phone_ring == ring, others.c.tenant_id != tenant_id
        same = select(others.c.id).where(*theirs, others.c.phone == users.c.phone).exists()
        ours = select(func.count()).select_from(users).where(users.c.tenant_id == tenant_id)
        return self._c.execute(ours.where(same)).scalar_one()

    def search(
        self,
        tenant_id: str,
        query: str,
        state: UserState | None,
        after: str | None,
        limit: int,
        locked: int | None = None,
    ) -> Page:
        sieve = Sieve(tenant_id, search.terms(query), state, locked)
        if query and not sieve.terms:
            return Page(users=[], after=None)
        return self._finding.page(sieve, after, limit)

    def table(
        self, tenant_id: str, wanted: Filter, now: int, after: str | None, limit: int,
        most: int = 0,
    ) -> Listed:  # fmt: skip
        # a list of the console; it loads tables that a sign-in does without
        from keyturn.adapters.sql.listing import Asked, Listing  # noqa: PLC0415  as said

        listing = Listing(self._c, self._dialect, writing=self._writing)
        return listing.page(Asked(tenant_id, wanted, now), after, limit, most)

    def tally(self, tenant_id: str, now: int, most: int) -> tuple[int, int]:
        return self._finding.tally(tenant_id, now, most)

    def unfiled(self, most: int = 0) -> bool:
        return self._finding.unfiled(most)

    def file(self, limit: int) -> int:
        return self._finding.file(limit)

    @property
    def _finding(self) -> Finding:
        return Finding(self._c, self._dialect, writing=self._writing)
