"""A provider's customers: what waits at each, and which of the provider's people act there.

Whoever acts nowhere sees nothing but names, and those only who may say who acts.  What is counted
at a customer is shown to who acts there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.providers import Counted
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, is_guest, lacking, rank
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.remembered import recall
from keyturn.rules.directories.health.settled import held
from keyturn.rules.directories.leases import ALIVE_MS
from keyturn.rules.events import Event
from keyturn.rules.health.verdicts import State
from keyturn.rules.providers import ROLES, Link, Member, Standing, fits
from keyturn.steps import views
from keyturn.steps.acts import Act, across, begin, record
from keyturn.steps.naming import is_id

#: an agent that was not heard of for so long is silent
SILENT_MS: Final = 2 * ALIVE_MS


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """They may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such customer, or nobody of that name who could act there."""


@dataclass(frozen=True, slots=True)
class TooHigh:
    """The customer lets nobody be that."""


@dataclass(frozen=True, slots=True)
class Row:
    """A customer.

    Attributes:
        mine: as what whoever looks acts there; None: they do not.
        standing: what waits there; None where they do not act.
    """

    link: Link
    customer: Tenant
    mine: Role | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Page:
    """Who acts at a customer.

    Attributes:
        others: staff of the provider who could, besides.
        roles: what they could be there, the highest first.
    """

    link: Link
    customer: Tenant
    people: tuple[tuple[Member, User], ...]
    others: tuple[User, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now. `role`: as what they act there; None: not any more."""

    customer: Tenant
    user: User
    role: Role | None


async def everyone(parts: Parts, staff: Staff) -> tuple[Row, ...]:
    """The customers whom somebody may see: those at whom they act, and the names of all for whoever
    says who acts; none for a provider's people, whose customers these are not. What asks for
    something comes first.
    """
    if is_guest(staff):
        return ()
    all_names = lacking(staff, Action.MEMBERS, None, 0) is None

    def step(tx: Tx) -> tuple[Row, ...]:
        act = begin(parts, staff.caller, staff.user)
        roles = tx.roles.of_user(staff.user.id) if staff.user else {}
        every = tx.providers.customers(act.tenant.id)
        seen = [(x, one) for x, one in every if all_names or one.id in roles]
        counted = tx.providers.counted(
            [one.id for _, one in seen if one.id in roles], act.now, SILENT_MS
        )
        return tuple(_row(link, one, roles.get(one.id), counted.get(one.id)) for link, one in seen)

    rows = await parts.store.read(step)
    return tuple(sorted(rows, key=lambda row: row.standing is None or row.standing.quiet))


def _row(link: Link, customer: Tenant, mine: Role | None, counted: Counted | None) -> Row:
    return Row(link, customer, mine, None if counted is None else _standing(counted))


def _standing(counted: Counted) -> Standing:
    ill = sum(_is_ill(memory) for memory in counted.memories)
    return Standing(counted.cases, counted.locked, counted.agents, counted.silent, ill)


def _is_ill(memory: str) -> bool:
    """Whether something that counts is reported as wrong of a directory."""
    return any(CATALOGUE.state(finding) is State.FAIL for finding in held(recall(memory)))


async def people(parts: Parts, staff: Staff, tenant_id: str) -> Page | NotAllowed | NotFound:
    """Who acts at a customer, and who could."""
    if (why := lacking(staff, Action.MEMBERS, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Page | NotFound:
        home = staff.caller.tenant.id
        found = _linked(tx, home, tenant_id)
        if found is None:
            return NotFound()
        link, customer = found
        acting = tuple(tx.providers.members(link.id))
        there = {user.id for _, user in acting}
        every = {who for role in Role for place, who in tx.roles.holders(home, role)
                 if place == home}  # fmt: skip
        others = tx.users.some(home, sorted(every - there))
        able = (one for one in others if one.state is UserState.ACTIVE)
        fit = tuple(sorted(able, key=lambda one: one.name))
        roles = tuple(role for role in ROLES if fits(link, role) and rank(role) <= rank(staff.role))
        return Page(link, customer, acting, fit, roles)

    return await parts.store.read(step)


def _linked(tx: Tx, home: str, tenant_id: str) -> tuple[Link, Tenant] | None:
    """The link of a customer with this tenant; held when writing."""
    link = tx.providers.link_to(tenant_id, home) if is_id(tenant_id) else None
    customer = tx.tenants.get(tenant_id) if link else None
    return (link, customer) if link and customer else None


async def give(
    parts: Parts, staff: Staff, tenant_id: str, user_id: str, role: Role
) -> Done | TooHigh | NotAllowed | NotFound:
    """Let one of the provider's staff act at a customer, in place of what they were there. Nobody
    lets themselves in.
    """

    def do(tx: Tx, act: Act, link: Link, customer: Tenant, user: User) -> Done | TooHigh | NotFound:
        if user.state is not UserState.ACTIVE or act.tenant.id not in tx.roles.of_user(user.id):
            return NotFound()
        if not fits(link, role):
            return TooHigh()
        by = act.actor.id if act.actor else None
        tx.providers.end_members(act.now, by, user.id, link.id)
        tx.providers.add_member(
            Member(act.id(), link.id, link.provider_id, customer.id, user.id, role, by, act.now)
        )
        told = (Event.CUSTOMER_MEMBER, Event.PROVIDER_MEMBER)
        _write_down(tx, act, customer, user, told, {"role": str(role)})
        return Done(customer, user, role)

    return await _within(parts, staff, tenant_id, user_id, rank(role), do)


async def take(
    parts: Parts, staff: Staff, tenant_id: str, user_id: str
) -> Done | TooHigh | NotAllowed | NotFound:
    """Let somebody act at a customer no more: they are out at their next request."""

    def do(tx: Tx, act: Act, link: Link, customer: Tenant, user: User) -> Done | NotFound:
        by = act.actor.id if act.actor else None
        if not tx.providers.end_members(act.now, by, user.id, link.id):
            return NotFound()
        told = (Event.CUSTOMER_UNMADE, Event.PROVIDER_UNMADE)
        _write_down(tx, act, customer, user, told, {})
        return Done(customer, user, None)

    return await _within(parts, staff, tenant_id, user_id, 0, do)


async def _within(
    parts: Parts, staff: Staff, tenant_id: str, user_id: str, stake: int,
    do: Callable[[Tx, Act, Link, Tenant, User], Done | TooHigh | NotFound],
) -> Done | TooHigh | NotAllowed | NotFound:  # fmt: skip
    """Hold the person and the link, judge, and do it.

    Args:
        stake: the rank of what they are to be there; 0 for nothing any more.
    """

    def step(tx: Tx) -> Done | TooHigh | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        user = tx.users.lock(act.tenant.id, user_id) if is_id(user_id) else None
        found = _linked(tx, act.tenant.id, tenant_id)
        why = hindrance(staff, Action.MEMBERS, None, 0)
        if why is None and user is not None:
            theirs = max(views.highest_rank(tx, user), stake)
            why = hindrance(staff, Action.MEMBERS, user, theirs)
        if why is not None:
            return NotAllowed(why)
        return NotFound() if found is None or user is None else do(tx, act, *found, user)

    return await parts.store.write(step)


def _write_down(
    tx: Tx, act: Act, customer: Tenant, user: User, told: tuple[Event, Event],
    facts: Mapping[str, object],
) -> None:  # fmt: skip
    """In both trails; the customer's says whose person it is, not who of the provider said so."""
    here, there = told
    record(tx, act, here, user, {"customer": customer.name, **facts})
    record(tx, across(act, customer), there, user, {"provider": act.tenant.name, **facts})
