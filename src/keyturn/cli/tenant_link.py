"""`keyturn tenant link`, `unlink`, `links`, `member`: providers of tenants, and who acts where."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, clean, iso
from keyturn.flows import customers, providers, tenants
from keyturn.flows.providers import View
from keyturn.rules.accounts import Role, Tenant
from keyturn.rules.providers import ROLES

CUSTOMER = Annotated[str, typer.Argument(help="The customer's name in links, /t/SLUG.")]
PROVIDER = Annotated[str, typer.Option("--provider", help="The provider's name in links.")]
ROLE = Annotated[
    str, typer.Option("--role", help="The highest of its people there: " + ", ".join(ROLES) + ".")
]
_NO_LINK = "`keyturn tenant links` shows what there is."


def link(customer: CUSTOMER, provider: PROVIDER, role: ROLE = "technician",
         config: CONFIG = None, json: JSON = False) -> None:  # fmt: skip
    """Let a provider's people be let in at a customer; `member` says who."""
    wanted = _role(role)
    with desk(config, customer) as at:
        answer = at.run(providers.link(at.house.parts, at.staff, provider, wanted))
        name = at.tenant.name
    match answer:
        case View() if json:
            as_json(_document(answer))
        case View(provider=made):
            OUT.print(
                f"{clean(made.name)} may act at {clean(name)}: as {wanted} at most.", markup=False
            )
        case providers.NoProvider():
            raise NotDone(f"There is no other tenant `{clean(provider[:60])}`.",
                          "`keyturn tenant list` shows them.")  # fmt: skip
        case providers.Already():
            raise NotDone(f"{clean(name)} has this provider already.", "`unlink` ends it first.")
        case _:
            raise NotDone(f"{clean(name)} has as many providers as a tenant can have.", _NO_LINK)


def unlink(customer: CUSTOMER, provider: PROVIDER, config: CONFIG = None) -> None:
    """Let nobody of a provider in any more, at once."""
    with desk(config, customer) as at:
        found = next((view for view in _live(at) if view.provider.slug == provider), None)
        if found is not None:
            at.run(providers.end(at.house.parts, at.staff, found.link.id))
    if found is None:
        raise NotDone(f"`{clean(provider[:60])}` is no provider of this tenant.", _NO_LINK)
    OUT.print(f"Nobody of {clean(found.provider.name)} is let in any more.", markup=False)


def links(slug: CUSTOMER, config: CONFIG = None, json: JSON = False) -> None:
    """The providers of a tenant with who acts there for them, and its customers."""
    with desk(config, slug) as at:
        above = _live(at)
        below = at.run(customers.everyone(at.house.parts, at.staff))
    if not (above or below or json):
        OUT.print("It has no provider and no customer. `keyturn tenant link` makes a link.")
    for view in above:
        as_json(_document(view)) if json else _show(view)
    for row in below:
        if json:
            as_json({"customer": row.customer.slug, "role": str(row.link.role),
                     "made_at": iso(row.link.made_at)})  # fmt: skip
            continue
        _line("customer", row.customer, row.link.role)


def member(
    customer: CUSTOMER,
    provider: PROVIDER,
    user: Annotated[str, typer.Option("--user", help="Any name of one of the provider's staff.")],
    role: Annotated[str, typer.Option("--role", help="As what they act there, or none.")],
    config: CONFIG = None,
) -> None:  # fmt: skip
    """Say as what somebody of a provider acts at a customer; also its only owner."""
    wanted = None if role == "none" else _role(role)
    with desk(config, provider) as at:
        where, who = _tenant(at, customer), at.user(user)
        here = (at.house.parts, at.staff, where.id, who.id)
        answer = at.run(customers.take(*here) if wanted is None else customers.give(*here, wanted))
    match answer:
        case customers.Done():
            said = f"acts at {clean(where.name)} as {wanted}" if wanted else "acts there no more"
            OUT.print(f"{clean(who.name)} {said}.", markup=False)
        case customers.TooHigh():
            raise NotDone(f"{clean(where.name)} lets nobody be {wanted}.", _NO_LINK)
        case _:
            raise NotDone(
                f"{clean(who.name)} cannot be let in at {clean(where.name)}, or is not.",
                "It takes a link, and a role at the provider's (`keyturn user role`).",
            )


def _role(text: str) -> Role:
    if text not in ROLES:
        allowed = "It is " + " or ".join(ROLES) + "."
        raise WrongUse(f"--role cannot be `{clean(text[:60])}`.", allowed)
    return Role(text)


def _live(at: Desk) -> tuple[View, ...]:
    """The providers of the tenant now; a command on the host acts as an owner."""
    found = at.run(providers.everyone(at.house.parts, at.staff))
    every = () if isinstance(found, providers.NotAllowed) else found
    return tuple(view for view in every if view.link.ended_at is None)


def _tenant(at: Desk, slug: str) -> Tenant:
    every = asyncio.run(tenants.everyone(at.house.parts))
    found = next((one for one in every if one.slug == slug), None)
    if found is None:
        remedy = "`keyturn tenant list` shows them."
        raise NotDone(f"There is no tenant `{clean(slug[:60])}`.", remedy)
    return found


def _document(view: View) -> dict[str, object]:
    """A link for programs."""
    return {
        "provider": view.provider.slug, "role": str(view.link.role),
        "made_at": iso(view.link.made_at),
        "people": [
            {"user": user.id, "name": user.name, "role": str(member.role),
             "since": iso(member.made_at)} for member, user in view.people
        ],
    }  # fmt: skip


def _show(view: View) -> None:
    _line("provider", view.provider, view.link.role)
    for one, user in view.people:
        OUT.print(f"  {clean(user.name)}, {one.role} since {iso(one.made_at)}", markup=False)


def _line(kind: str, tenant: Tenant, role: Role) -> None:
    OUT.print(f"{kind} {tenant.slug}  {clean(tenant.name)}, as {role} at most", markup=False)
