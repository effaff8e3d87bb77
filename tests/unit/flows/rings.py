"""A provider with two customers that keep their phone numbers apart."""

from __future__ import annotations

from typing import Any

from keyturn.flows import phone, policies, providers
from keyturn.flows.phone import Open, Proved
from keyturn.flows.policies import Changed
from keyturn.flows.providers import View
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, Tenant, User
from keyturn.rules.callers import Caller
from tests.unit.flows.house import Browser, House, run

MOBILE = "+447400123456"


class Ring:
    """Two customers of a provider; neither says yet that its numbers are kept apart.

    Args:
        mark: part of the tenants' names, which no others have.
    """

    def __init__(self, house: House, mark: str = "") -> None:
        self.house = house
        self.home = house.add_tenant(f"home{mark}")
        self.north, self.south = (house.add_tenant(f"{name}{mark}") for name in ("north", "south"))
        self.links = [self.link(tenant) for tenant in (self.north, self.south)]

    def caller(self, tenant: Tenant) -> Caller:
        return self.house.browser(tenant=tenant).caller

    def host(self, tenant: Tenant) -> Staff:
        """A command on the host."""
        return Staff(self.caller(tenant), None, Role.OWNER, 2, fresh=True)

    def link(self, tenant: Tenant, provider: Tenant | None = None) -> View:
        slug = (provider or self.home).slug
        made = run(
            providers.link(self.house.parts, self.host(tenant), slug, Role.TECHNICIAN)
        )  # fmt: skip
        assert isinstance(made, View)
        return made

    def now(self, tenant: Tenant) -> Tenant:
        found = self.house.write(lambda tx: tx.tenants.get(tenant.id))
        assert found is not None
        return found

    def say(self, tenant: Tenant, what: str = "provider") -> Any:
        """`tenant set --phone-unique`, as a coroutine."""
        return policies.change(self.house.parts, self.host(tenant), {"phone_unique": what})

    def joined(self) -> Ring:
        """Both said so."""
        for tenant in (self.north, self.south):
            assert isinstance(run(self.say(tenant)), Changed)
        return self

    def of(self, tenant: Tenant) -> str | None:
        return self.house.write(lambda tx: tx.tenants.ring(tenant.id))

    def person(self, tenant: Tenant, name: str = "ada") -> tuple[Browser, User]:
        browser = self.house.browser(tenant=tenant)
        return browser, self.house.user(f"{name}@{tenant.slug}.test", None, tenant=tenant)

    def wants(self, browser: Browser, user: User, number: str = MOBILE) -> Any:
        signed = self.house.signed(browser, user)
        parts = self.house.parts
        return run(phone.offer(parts, browser.caller, signed, number, insisted=False))

    def ready(self, browser: Browser, user: User, number: str = MOBILE) -> Any:
        """Entering the right code, as a coroutine."""
        assert isinstance(self.wants(browser, user, number), Open)
        return phone.enter_code(self.house.parts, browser.caller, user, self.code(user, number))

    def code(self, user: User, number: str) -> str:
        """In the only text to them at this number."""
        texts = ((x.message.user_id, x.message.address, x) for x in self.house.outbox())
        (found,) = (x.code for whose, address, x in texts if (whose, address) == (user.id, number))
        return found

    def proves(self, browser: Browser, user: User, number: str = MOBILE) -> User:
        found = run(self.ready(browser, user, number))
        assert isinstance(found, Proved)
        return found.user
