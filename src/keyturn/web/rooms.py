"""Every door of the site, in the order in which paths are tried."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.web import console, files, hooks
from keyturn.web.api import app as api
from keyturn.web.door import door
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
from keyturn.web.pages import help as helping
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
        *helping.routes(site),
        *owner.routes(site),
        *hooks.routes(site),
        door(site, "/robots.txt", get=files.robots),
        *api.routes(site),
        *console.routes(site),
        door(site, "/healthz", get=health),
    ]


async def health(visit: Visit) -> Response:
    """For load balancers: 200 when the store answers."""
    await visit.site.parts.store.read(lambda tx: tx.roles.any_owner())
    return Response("ok\n", media_type="text/plain")
