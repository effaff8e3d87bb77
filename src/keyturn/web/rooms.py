"""Every door of the site, in the order in which paths are tried."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.web import files, hooks
from keyturn.web.door import door
from keyturn.web.late import Late
from keyturn.web.pages import (
    account,
    link,
    objection,
    owner,
    phone,
    recover,
    signin,
    signup,
)
from keyturn.web.site import Site
from keyturn.web.visit import Visit


def routes(site: Site) -> list[BaseRoute]:
    """All routes; sign-in first, because it is the busiest."""
    return [
        *signin.routes(site),
        *recover.routes(site),
        files.static_files(site),
        door(site, "/tenant.css", get=files.tenant_css),
        *signup.routes(site),
        *link.routes(site),
        *account.routes(site),
        *phone.routes(site),
        *objection.routes(site),
        Late("/help", lambda: _help(site)),
        Late("/contact", lambda: _help(site)),
        *owner.routes(site),
        *hooks.routes(site),
        door(site, "/robots.txt", get=files.robots),
        Late("/api/v1", lambda: _api(site)),
        Late("/console", lambda: _console(site)),
        door(site, "/healthz", get=health),
    ]


def _help(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import help as helping  # noqa: PLC0415  brings the whole diagnosis

    return helping.routes(site)


def _api(site: Site) -> list[BaseRoute]:
    from keyturn.web.api import app  # noqa: PLC0415  takes longer than all pages together

    return app.routes(site)


def _console(site: Site) -> list[BaseRoute]:
    from keyturn.web import console  # noqa: PLC0415  as help

    return console.routes(site)


async def health(visit: Visit) -> Response:
    """For load balancers: 200 when the store answers."""
    await visit.site.parts.store.read(lambda tx: tx.roles.any_owner())
    return Response("ok\n", media_type="text/plain")
