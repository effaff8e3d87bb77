"""A served installation in which the unit tests' estates can be built.

    with Served(folder) as served:
        places = inhabited(served, asker)       one of everything the console has an address for

Where a browser is driven, in a thread of its own: the driver holds the event loop.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from keyturn.adapters.memory_secrets import PlainHasher
from keyturn.rules.accounts import Role, Tenant, User
from tests.lab.served import Served
from tests.unit.flows.house import House
from tests.unit.web.console.estate import Estate, Places


class Inhabited(House):
    """The house of unit tests, around a server that runs."""

    def __init__(self, served: Served) -> None:
        self.parts, self.store = served.house.parts, served.house.store
        self.clock, self.random = cast("Any", served.clock), cast("Any", self.parts.random)
        self.sealer, self.hasher = cast("Any", self.parts.sealer), cast("Any", PlainHasher())
        self.tenant = served.tenant
        self._ips = iter(range(1, 250))


def inhabited(served: Served, asker: User) -> Places:
    """One of everything, in the server's first tenant; `asker` is who works on the case."""
    house = Inhabited(served)
    count = iter(range(1, 100))

    def staff(role: Role | None, tenant: Tenant | None = None, **fields: Any) -> User:
        email = f"clerk{next(count)}@northwind.test"
        return house.user(email, role=role, tenant=tenant, name="Clara Clerk", **fields)

    office = cast("Any", SimpleNamespace(house=house, staff=staff))
    return Estate(office, served.tenant).one(asker)
