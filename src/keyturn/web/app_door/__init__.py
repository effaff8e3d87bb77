"""The signed door: what phone apps say, one signed POST at a time (docs/design/14-signed-door.md).

door.py        whose key must have signed, what is done; the rest is web/signed
fields.py      the fields of what phones say
operations.py  the table: what can be said, by whom, with which fields, and which flow does it
told.py        results as JSON
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from keyturn.web.app_door.door import Door
from keyturn.web.site import Site
from keyturn.wire.phones import PREFIX


def routes(site: Site) -> list[BaseRoute]:
    """The door; none where the site has no keys to answer with."""
    if site.notary is None or site.pusher is None:
        return []
    return [Route(PREFIX + "{operation}", Door(site, site.notary(), site.pusher()))]
