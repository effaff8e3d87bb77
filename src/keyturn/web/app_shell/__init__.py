"""The phone app: the page it is loaded as, its files."""

from __future__ import annotations

from starlette.routing import BaseRoute

from keyturn.web.app_shell import page
from keyturn.web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """Everything under /app."""
    return page.routes(site)
