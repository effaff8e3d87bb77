"""The addresses of all doors, so that one that is added tomorrow is tried tomorrow."""

from __future__ import annotations

from starlette.routing import Route

from keyturn.web import rooms
from keyturn.web.door import Door
from tests.unit.flows.house import House
from tests.unit.web.browsing import open_web


def paths(method: str, **places: str) -> list[str]:
    """Addresses that take `method`; those with places to fill in only where all are given."""
    house = House()
    site = open_web(house).site
    found = []
    for route in rooms.every(site):
        if not isinstance(route, Route) or not isinstance(route.endpoint, Door):
            continue
        fits = set(route.param_convertors) <= set(places)
        if fits and route.endpoint._handlers[method] is not None:
            found.append(route.path.format(**places))
    house.close()
    return sorted(set(found))
