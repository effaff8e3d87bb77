"""Doors for agents: signed messages, and the bell.

desk.py      what both doors share: keys, whose signature it is, how much one network may ask
messages.py  POST: one signed message, one signed answer; long-polls
bell.py      the WebSocket: beats, and rings when there is work
hub.py       who is connected to this process, and what concerns them
beats.py     beats that come together are committed together
"""

from __future__ import annotations

from importlib import import_module

from starlette.routing import BaseRoute, Route, WebSocketRoute

from keyturn.web.agents.bell import Bells
from keyturn.web.agents.desk import Desk
from keyturn.web.agents.messages import Messages
from keyturn.web.site import Site
from keyturn.wire.paths import BELL, MESSAGES


def routes(site: Site) -> list[BaseRoute]:
    """The doors; none where the site has no key to answer with.

    What the first bell will need is loaded now: this runs in a thread, an upgrade does not.
    """
    if site.notary is None:
        return []
    import_module("keyturn.sockets")
    desk = Desk(site, site.notary())
    return [Route(MESSAGES, Messages(desk)), WebSocketRoute(BELL, Bells(desk))]
