"""The door of devices: what they say, one signed POST at a time (docs/design/18-devices.md).

door.py        whose key must have signed; the rest is web/signed
operations.py  the table: what can be said, by whom, with which fields, and which flow does it
waiting.py     devices that wait for somebody to want a press of them
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from keyturn.web.devices.door import Door
from keyturn.web.site import Site
from keyturn.wire.devices import PREFIX


def routes(site: Site) -> list[BaseRoute]:
    """The door; none where the site has no keys to answer with."""
    if site.notary is None:
        return []
    return [Route(PREFIX + "{operation}", Door(site, site.notary()))]
