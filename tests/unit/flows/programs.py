"""Ticket systems with a key of a tenant, for tests of what they ask.

desk = Desk(house)
seen = desk.asks("ada@northwind.test")
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from itertools import count
from typing import Any

from keyturn.flows import api_keys, ticketing
from keyturn.flows.api_keys import Made
from keyturn.flows.staff import on_the_host
from keyturn.flows.ticketing import Seen, Wish
from keyturn.rules.accounts import Tenant
from keyturn.rules.api_keys import Scope
from tests.unit.flows.house import EMAIL, House, run

NAME = "ServiceDesk"


def make_key(
    house: House, tenant: Tenant | None = None, name: str = NAME, scope: Scope = Scope.VERIFY
) -> Made:
    """A key, as an owner makes it."""
    owner = on_the_host(house.browser(tenant=tenant).caller)
    made = run(api_keys.add(house.parts, owner, name, scope))
    assert isinstance(made, Made), made
    return made


class Desk:
    """A ticket system."""

    def __init__(self, house: House, tenant: Tenant | None = None, name: str = NAME) -> None:
        self.house = house
        self.made = make_key(house, tenant, name)
        self.key = self.made.stored
        self.caller = replace(house.browser(tenant=tenant).caller, client_name="ServiceDesk/2")
        self._numbers = count(1)

    def again(self) -> Desk:
        """It shows its key anew."""
        found = run(api_keys.authenticate(self.house.parts, self.caller, self.made.key))
        assert found is not None
        self.key = found
        return self

    def wish(self, user: str = EMAIL, **fields: str) -> Wish:
        """What it sends; another verification each time."""
        plain = {"ticket": "INC-4711", "asker": "Tom", "request": f"r{next(self._numbers)}"}
        return Wish(user, **{**plain, **fields})

    def starting(self, wish: Wish) -> Coroutine[Any, Any, Any]:
        return ticketing.start(self.house.parts, self.caller, self.key, wish)

    def starts(self, wish: Wish) -> Any:
        """What comes back."""
        return asyncio.run(self.starting(wish))

    def asks(self, user: str = EMAIL, **fields: str) -> Seen:
        """A phone is asked."""
        seen = self.starts(self.wish(user, **fields))
        assert isinstance(seen, Seen), seen
        return seen

    def looks(self, one_id: str) -> Any:
        return run(ticketing.look(self.house.parts, self.caller, self.key, one_id))

    def withdraws(self, one_id: str) -> Any:
        return run(ticketing.withdraw(self.house.parts, self.caller, self.key, one_id))
