"""Providers of the tenant: its owner lets them in, sees who of them acts here, and ends it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from keyturn.flows import providers as flow
from keyturn.flows.providers import Already, NoProvider, NotAllowed, NotFound, TooMany, View
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role
from keyturn.rules.providers import ROLES
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.visit import Visit

HOME: Final = "/console/providers"
#: longest name in links that is read; longer ones are refused with the reason
TYPED_MAX: Final = 80


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them, and who acts here."""
    return await _listed(visit, staff, "", None)


async def _listed(visit: Visit, staff: Staff, typed: str, mistake: str | None) -> Response:
    views = await flow.everyone(visit.site.parts, staff)
    if isinstance(views, NotAllowed):
        raise barred(views)
    live = [view for view in views if view.link.ended_at is None]
    over = [view for view in views if view.link.ended_at is not None]
    status = 422 if mistake else 200
    return visit.page(
        "console/providers.html", status, live=live, over=over, typed=typed, mistake=mistake,
        roles=ROLES,
    )  # fmt: skip


async def add(visit: Visit, staff: Staff) -> Response:
    """Let one more in."""
    fields = await visit.form(slug=TYPED_MAX, role=WORD_MAX)
    slug, role = (
        fields["slug"].strip().lower(),
        choice("role", fields["role"], set(map(str, ROLES))),
    )
    if role is None:
        return await _listed(visit, staff, slug, "role")
    answer = await flow.link(visit.site.parts, staff, slug, Role(role))
    match answer:
        case View():
            return visit.to(HOME)
        case NoProvider():
            return await _listed(visit, staff, slug, "unknown")
        case Already():
            return await _listed(visit, staff, slug, "there")
        case TooMany():
            return await _listed(visit, staff, slug, "many")
        case NotAllowed():
            raise barred(answer)


async def ask_end(visit: Visit, staff: Staff) -> Response:
    """The page that asks whether it is to be over."""
    wanted = row_id(visit.path["link"])
    views = await flow.everyone(visit.site.parts, staff)
    if isinstance(views, NotAllowed):
        raise barred(views)
    live = (view for view in views if view.link.ended_at is None)
    found = next((view for view in live if view.link.id == wanted), None)
    if found is None:
        raise barred(NotFound())
    return visit.page("console/provider_end.html", view=found)


async def end(visit: Visit, staff: Staff) -> Response:
    """Nobody of them is in any more."""
    await visit.form()
    answer = await flow.end(visit.site.parts, staff, row_id(visit.path["link"]))
    if not isinstance(answer, View):
        raise barred(answer)
    return visit.to(HOME)
