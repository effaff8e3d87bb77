"""Tenants: made on the host."""

from __future__ import annotations

from dataclasses import replace

from keyturn.flows import tenants
from keyturn.flows.tenants import Changed, InUse, Unfit
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.events import Entry, Event
from tests.unit.flows.house import Browser, House, run


def of(browser: Browser, tenant: Tenant) -> Caller:
    return replace(browser.caller, tenant=tenant)


def trail(house: House, tenant: Tenant) -> list[Entry]:
    def step(tx: Tx) -> list[Entry]:
        return list(tx.audit.search(tenant.id, (), "", None, 10))

    return house.write(step)


def test_a_new_tenant_has_every_default_and_is_recorded(house: House, browser: Browser) -> None:
    made = tenants.new_tenant(house.parts, "fabrikam", "Fabrikam", "account@fabrikam.test")
    assert run(tenants.add(house.parts, of(browser, made))) == Changed(made, ())
    assert run(tenants.everyone(house.parts)) == (house.tenant, made)
    assert [(e.event, e.facts) for e in trail(house, made)] == [
        (Event.TENANT_ADDED, {"slug": "fabrikam"})
    ]


def test_a_slug_in_use_or_unfit_adds_nothing(house: House, browser: Browser) -> None:
    twin = tenants.new_tenant(house.parts, house.tenant.slug, "Twin", "account@twin.test")
    assert run(tenants.add(house.parts, of(browser, twin))) == InUse("slug")
    bad = replace(twin, slug="no good", sender="nobody")
    assert run(tenants.add(house.parts, of(browser, bad))) == Unfit(("slug", "sender"))
    assert run(tenants.everyone(house.parts)) == (house.tenant,)
