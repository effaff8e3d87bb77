"""A customer's providers: letting another tenant's people in, seeing who of them acts here, and
ending that at once.

The provider is told, and gets nothing by it but the customer's name: who of its people acts here
it says itself (`flows.customers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.accounts import Role, Tenant, User
from keyturn.rules.events import Event
from keyturn.rules.providers import LINKS_MAX, ROLES, Link, Member
from keyturn.steps import colleagues
from keyturn.steps.acts import Act, across, begin, record
from keyturn.steps.naming import is_id

#: links that a page shows, ended ones too
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """They may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such link of this tenant's that is not ended."""


@dataclass(frozen=True, slots=True)
class NoProvider:
    """No tenant of that name that could be one: there is none, or it is this very one."""


@dataclass(frozen=True, slots=True)
class Already:
    """There is a link with it: it is ended before another is made."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """So many providers nobody has."""


@dataclass(frozen=True, slots=True)
class View:
    """A link as its customer sees it.

    Attributes:
        maker, ender: names of who made and ended it; "" for a command on the host.
        people: who acts here by it now.
    """

    link: Link
    provider: Tenant
    maker: str
    ender: str
    people: tuple[tuple[Member, User], ...]


async def everyone(parts: Parts, staff: Staff) -> tuple[View, ...] | NotAllowed:
    """The providers of the tenant, the newest first, ended ones too."""
    if (why := lacking(staff, Action.END_PROVIDER, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> tuple[View, ...]:
        tenant_id = staff.caller.tenant.id
        found = ((x, tx.tenants.get(x.provider_id)) for x in tx.providers.links(tenant_id, SHOWN))
        return tuple(_view(tx, link, provider) for link, provider in found if provider is not None)

    return await parts.store.read(step)


def _view(tx: Tx, link: Link, provider: Tenant) -> View:
    made, ended = link.made_by or "", link.ended_by or ""
    called = colleagues.names(tx, link.tenant_id, {made, ended})
    people = tuple(tx.providers.members(link.id)) if link.ended_at is None else ()
    return View(link, provider, called.get(made, ""), called.get(ended, ""), people)


async def link(
    parts: Parts, staff: Staff, slug: str, role: Role
) -> View | NoProvider | Already | TooMany | NotAllowed:
    """Let the people of another tenant be let in.

    Args:
        slug: the provider's name in links.
        role: the highest that any of them has here; never an owner's.
    """
    why = hindrance(staff, Action.LINK_PROVIDER, None, 0)
    if why is not None or role not in ROLES:
        return NotAllowed(why or Why.RANK)

    def step(tx: Tx) -> View | NoProvider | TooMany:
        act = begin(parts, staff.caller, staff.user)
        tx.users.lock(act.tenant.id, act.tenant.id)  # of two at once, each sees the other's
        provider = next((one for one in tx.tenants.all() if one.slug == slug), None)
        if provider is None or provider.id == act.tenant.id:
            return NoProvider()
        if len(tx.providers.live_links(act.tenant.id)) >= LINKS_MAX:
            return TooMany()
        by = staff.user.id if staff.user else None
        made = Link(act.id(), provider.id, act.tenant.id, role, by, act.now)
        tx.providers.add_link(made)
        _write_down(tx, act, made, provider, (Event.PROVIDER_LINKED, Event.CUSTOMER_LINKED))
        return _view(tx, made, provider)

    try:
        return await parts.store.write(step)
    except Taken:
        return Already()


async def end(parts: Parts, staff: Staff, link_id: str) -> View | NotFound | NotAllowed:
    """Let nobody of a provider in any more. Whoever is in is out at their next request."""
    if (why := hindrance(staff, Action.END_PROVIDER, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> View | NotFound:
        act = begin(parts, staff.caller, staff.user)
        held = tx.providers.link(act.tenant.id, link_id) if is_id(link_id) else None
        provider = tx.tenants.get(held.provider_id) if held else None
        if held is None or provider is None or held.ended_at is not None:
            return NotFound()
        tx.providers.end_link(held, act.now, staff.user.id if staff.user else None)
        _write_down(tx, act, held, provider, (Event.PROVIDER_ENDED, Event.CUSTOMER_ENDED))
        return _view(tx, tx.providers.link(act.tenant.id, link_id) or held, provider)

    return await parts.store.write(step)


def _write_down(
    tx: Tx, act: Act, link: Link, provider: Tenant, events: tuple[Event, Event]
) -> None:
    """In both trails; the provider's says nothing of who of the customer's it was."""
    here, there = events
    record(tx, act, here, None, {"provider": provider.name, "role": str(link.role)})
    told = {"customer": act.tenant.name, "role": str(link.role)}
    record(tx, across(act, provider), there, None, told)
