"""Every door of the site, in the order in which paths are tried."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.web.app import static_files
from keyturn.web.door import door
from keyturn.web.pages import recover, signin
from keyturn.web.site import Site
from keyturn.web.visit import Visit


def routes(site: Site) -> list[BaseRoute]:
    """All routes; sign-in first, because it is the busiest."""
    return [
        *signin.routes(site),
        *recover.routes(site),
        door(site, "/healthz", get=health),
        static_files(),
    ]


async def health(visit: Visit) -> Response:
    """For load balancers: 200 when the store answers."""
    await visit.site.parts.store.read(lambda tx: tx.roles.any_owner())
    return Response("ok\n", media_type="text/plain")
