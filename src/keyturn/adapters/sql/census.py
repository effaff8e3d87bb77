"""Counting a tenant's people, in one walk over the index of its users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Subquery, Table, and_, case, exists, func, select

from keyturn.adapters.sql.phone_tables import ACTIVE, phones
from keyturn.adapters.sql.rows import Repository
from keyturn.adapters.sql.schema import LOCKED_ONCE, factors, lanes, passkeys, roles, users
from keyturn.ports.census import Mailboxes
from keyturn.rules.accounts import FactorKind, UserState
from keyturn.rules.policies.counts import Locked, People

#: how the lane of unknown browsers begins, and those of known ones
_STRANGERS, _BROWSERS = "u:%", "c:%"
_SEEN = (
    users.c.id, users.c.state, users.c.email, users.c.phone, users.c.phone_verified_at,
    users.c.password_hash, users.c.language, users.c.timezone,
)  # fmt: skip


class SqlCensus(Repository):
    """See ports.census.Census."""

    def people(self, tenant_id: str, most: int) -> People:
        part = _part(tenant_id, most)
        counted = {name: _sum(which) for name, which in _which(tenant_id, part).items()}
        wanted = select(func.count().label("users"), *(n.label(k) for k, n in counted.items()))
        row = self._c.execute(wanted.select_from(part)).one()._asdict()
        whole = row.pop("users") <= most
        return People(whole=whole, **{name: int(number or 0) for name, number in row.items()})

    def locked(self, tenant_id: str, now: int) -> Locked:
        strangers = _held(tenant_id, now, _STRANGERS)
        browsers = _held(tenant_id, now, _BROWSERS).where(
            lanes.c.user_id.not_in(_held(tenant_id, now, _STRANGERS))
        )
        found = (
            self._c.execute(select(func.count()).select_from(those.distinct().subquery()))
            for those in (strangers, browsers)
        )
        return Locked(*(int(one.scalar_one()) for one in found))

    def domains(self, tenant_id: str, most: int) -> Mapping[str, Mailboxes]:
        part = _part(tenant_id, most)
        wanted = select(part.c.email, part.c.phone_verified_at).where(_in(part, UserState.ACTIVE))
        found: dict[str, list[int]] = {}
        for email, verified_at in self._c.execute(wanted):
            both = found.setdefault(email.rpartition("@")[2], [0, 0])
            both[0] += 1
            both[1] += verified_at is None
        return {domain: Mailboxes(*both) for domain, both in found.items()}


def _part(tenant_id: str, most: int) -> Subquery:
    """The first users of a tenant, and one more, which tells that there are more."""
    ours = select(*_SEEN).where(users.c.tenant_id == tenant_id, users.c.id != tenant_id)
    return ours.order_by(users.c.id).limit(most + 1).subquery("part")


def _in(part: Subquery, *states: UserState) -> ColumnElement[bool]:
    return part.c.state.in_([str(state) for state in states])


def _which(tenant_id: str, part: Subquery) -> Mapping[str, ColumnElement[bool]]:
    """Which users each number of People is of."""

    def has(table: Table, *which: Any) -> ColumnElement[bool]:
        return exists().where(table.c.user_id == part.c.id, table.c.tenant_id == tenant_id, *which)

    active = _in(part, UserState.ACTIVE)
    here = _in(part, UserState.ACTIVE, UserState.INVITED)
    numbered = and_(active, part.c.phone.is_not(None), part.c.phone_verified_at.is_not(None))
    authenticator = has(factors, factors.c.kind == str(FactorKind.TOTP))
    # staff are staff in whatever tenant they are
    texted = and_(numbered, ~exists().where(roles.c.user_id == part.c.id))
    others = (authenticator, has(passkeys, passkeys.c.cloned_at.is_(None)), has(phones, ACTIVE))
    return {
        "active": active,
        "invited": _in(part, UserState.INVITED),
        "unfinished": _in(part, UserState.UNVERIFIED),
        "passwords": and_(active, part.c.password_hash.is_not(None)),
        "numbered": numbered,
        "owing": and_(active, part.c.phone.is_(None), ~authenticator),
        "texted": texted,
        "only_text": and_(texted, *(~other for other in others)),
        "no_language": and_(here, part.c.language == ""),
        "no_zone": and_(here, part.c.timezone.is_(None)),
    }


def _sum(which: ColumnElement[bool]) -> Any:
    return func.sum(case((which, 1), else_=0))


def _held(tenant_id: str, now: int, keys: str) -> Any:
    """The users of locked lanes whose keys begin so."""
    return select(lanes.c.user_id).where(
        lanes.c.tenant_id == tenant_id, LOCKED_ONCE, lanes.c.locked_until > now,
        lanes.c.user_id.is_not(None), lanes.c.key.like(keys),
    )  # fmt: skip
