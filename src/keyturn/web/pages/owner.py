"""Becoming the first owner, by a link that a command on the host has printed."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import owner
from keyturn.flows.owner import AddressTaken, DeadLink, Link, Overloaded, SignedIn, Unfit
from keyturn.web.door import door
from keyturn.web.pages.account import TOTP
from keyturn.web.pages.link import token_of
from keyturn.web.pages.signin import NAME_MAX, PASSWORD_MAX
from keyturn.web.pages.signup import DISPLAY_TYPED, ZONE_MAX, beside
from keyturn.web.site import Site
from keyturn.web.visit import Visit


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [door(site, "/setup/{token}", get=show, post=set_up)]


async def _link(visit: Visit) -> Link | DeadLink:
    token = token_of(visit)
    if token is None:
        return DeadLink()
    return await owner.look(visit.site.parts, visit.caller, token)


async def show(visit: Visit) -> Response:
    """The form, if the link lives."""
    link = await _link(visit)
    return _dead(visit) if isinstance(link, DeadLink) else _form(visit, 200, link)


def _dead(visit: Visit) -> Response:
    return visit.page("owner_dead.html", 404)


def _form(
    visit: Visit, status: int, link: Link, values: dict[str, str] | None = None, **context: Any
) -> Response:
    shown: dict[str, Any] = {"problem": None, "problems": {}, "warnings": (), **context}
    return visit.page(
        "owner_setup.html",
        status,
        values=values or {"name": "", "email": ""},
        minimum=visit.tenant.policy.password_min,
        break_glass=link.break_glass,
        expires_at=link.expires_at,
        **shown,
    )


async def set_up(visit: Visit) -> Response:
    """Make the owner; the second step, which all staff need, comes next."""
    fields = await visit.form(
        name=DISPLAY_TYPED, email=NAME_MAX, password=PASSWORD_MAX, spaces=1, timezone=ZONE_MAX
    )
    link = await _link(visit)
    if isinstance(link, DeadLink):
        return _dead(visit)
    answer = await owner.set_up(
        visit.site.parts,
        visit.caller,
        token_of(visit) or "",
        fields["name"],
        fields["email"],
        fields["password"],
        spaces_meant=fields["spaces"] == "1",
        timezone=fields["timezone"] or None,
    )
    values = {"name": fields["name"], "email": fields["email"]}
    match answer:
        case SignedIn():
            visit.keep_session(answer.session)
            visit.keep_client(answer.client)
            return visit.to(TOTP)
        case Unfit():
            problems, warnings = beside(answer), answer.warnings
            return _form(visit, 422, link, values, problems=problems, warnings=warnings)
        case AddressTaken():
            return _form(visit, 409, link, values, problems={"email": [{"code": "taken"}]})
        case Overloaded(retry_after=wait):
            return _form(visit, 503, link, values, problem={"code": "busy", "retry_after": wait})
        case DeadLink():
            return _dead(visit)
