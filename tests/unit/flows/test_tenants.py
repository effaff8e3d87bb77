"""Tenants: made and changed on the host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.flows import tenants
from keyturn.flows.tenants import Changed, InUse, NumbersHeld, Unfit
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


def change(house: House, browser: Browser, **fields: Any) -> Changed | Unfit | InUse | NumbersHeld:
    after = replace(house.tenant, **fields)
    return run(tenants.change(house.parts, of(browser, house.tenant), after))


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


def test_a_change_names_the_fields_that_are_other_than_before(
    house: House, browser: Browser
) -> None:
    policy = replace(house.tenant.policy, signup=False)
    changed = change(house, browser, name="North", host="login.north.test", policy=policy)
    assert isinstance(changed, Changed)
    assert changed.what == ("name", "host", "policy.signup")
    assert run(tenants.everyone(house.parts)) == (changed.tenant,)
    [entry] = trail(house, house.tenant)
    assert entry.event is Event.TENANT_CHANGED
    assert entry.facts == {"what": ["name", "host", "policy.signup"]}


def test_a_change_of_nothing_leaves_no_trace(house: House, browser: Browser) -> None:
    assert change(house, browser) == Changed(house.tenant, ())
    assert trail(house, house.tenant) == []


def test_slug_and_age_of_a_tenant_stay(house: House, browser: Browser) -> None:
    changed = change(house, browser, slug="other", created_at=1, id="x" * 26)
    assert changed == Changed(house.tenant, ())


def test_an_unfit_change_changes_nothing(house: House, browser: Browser) -> None:
    assert change(house, browser, accent="red") == Unfit(("accent",))
    assert run(tenants.everyone(house.parts)) == (house.tenant,)


def test_two_tenants_cannot_have_one_host(house: House, browser: Browser) -> None:
    assert isinstance(change(house, browser, host="login.north.test"), Changed)
    other = house.add_tenant("fabrikam")
    after = replace(other, host="login.north.test")
    assert run(tenants.change(house.parts, of(browser, other), after)) == InUse("host")
