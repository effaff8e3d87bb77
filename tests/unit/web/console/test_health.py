"""The page “Health”: who sees it, what it shows, and that it never looks while it is shown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from keyturn.adapters.memory_health import MemoryDns, MemoryLedger, SeesDatabase
from keyturn.ports.health import Probes
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.accounts import Role, Tenant
from keyturn.rules.health.sights import DatabaseSight, SeenTenant
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.clinic import probes
from tests.unit.rules.health import scenes
from tests.unit.web.console.desk import Office, heading

PLACE = "/console/health"


def seen(*tenants: Tenant) -> DatabaseSight:
    """The house's tenants, as the doctor sees them."""
    found = tuple(SeenTenant(t.id, t.slug, t.sender) for t in tenants)
    return DatabaseSight("yes", "sqlite", version=(3, 46), revision="1", wanted="1", tenants=found)


class Clinic:
    """An office whose health can be looked at; requests wait for looks that they began."""

    def __init__(self, office: Office, **changes: Any) -> None:
        self.ledger = MemoryLedger()
        database = SeesDatabase(seen(office.house.tenant, office.other))
        made: Probes = probes(clock=office.house.clock, database=database, **changes)
        self.database = database
        gate = office.gate
        self.site = gate._site
        self.site.health = lambda: (made, self.ledger)

        async def patient(scope: Any, receive: Any, send: Any) -> None:
            await gate(scope, receive, send)
            await asyncio.gather(*self.site.looks)

        office.gate = patient  # type: ignore[assignment]  # an ASGI application like any other


@pytest.fixture
def clinic(office: Office) -> Clinic:
    """With a DNS in which nothing is."""
    return Clinic(office, dns=MemoryDns({"": {"NS": ["x"]}}))


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_only_owners_and_managers_see_it(office: Office, clinic: Clinic, role: Role) -> None:
    desk = office.desk(role)
    assert desk.get(PLACE).status_code == 403
    assert desk.post(PLACE).status_code == 403
    assert PLACE not in desk.get("/console/users").text
    assert clinic.database.looks == 0
    for lord in (Role.OWNER, Role.MANAGER):
        mine = office.desk(lord)
        assert mine.get(PLACE).status_code == 200
        assert PLACE in mine.get("/console/users").text


def test_showing_it_looks_at_nothing_and_a_press_does(office: Office, clinic: Clinic) -> None:
    desk = office.desk(Role.OWNER)
    assert heading(desk.get(PLACE)) == "Nobody has looked at the health of this installation yet."
    assert clinic.database.looks == 0
    assert desk.post(PLACE).headers["location"].endswith(PLACE)
    assert clinic.database.looks == 1
    page = desk.get(PLACE)
    assert heading(page).startswith("Everything works but mail:")
    assert "northwind.test, of the sender account@northwind.test, can never exist" in page.text
    assert "Last look" in page.text


def test_what_one_process_found_every_other_shows(office: Office, clinic: Clinic) -> None:
    office.desk(Role.OWNER).post(PLACE)
    text = clinic.ledger.known[f"health.{office.house.tenant.id}"]
    clinic.ledger.known = {f"health.{office.house.tenant.id}": text}
    assert heading(office.desk(Role.MANAGER).get(PLACE)).startswith("Everything works but")


def test_the_installation_is_shown_in_its_first_tenant_alone(
    office: Office, clinic: Clinic
) -> None:
    office.desk(Role.OWNER).post(PLACE)
    assert "SQLite 3.46 answers." in office.desk(Role.OWNER).get(PLACE).text
    theirs = office.desk(Role.OWNER, tenant=office.other)
    theirs.post(PLACE)
    page = theirs.get(PLACE).text
    assert "fabrikam.test" in page
    assert "whoever runs the installation sees the rest" in page
    for secret in ("SQLite", "northwind", scenes.IP, "mail.north.test", "Disk"):
        assert secret not in page


def test_a_look_that_goes_on_is_told_and_asked_after(office: Office, clinic: Clinic) -> None:
    desk = office.desk(Role.OWNER)
    clinic.ledger.known[f"health.began.{office.house.tenant.id}"] = str(office.house.clock.now())
    page = desk.get(PLACE)
    assert heading(page) == "The first look is under way."
    assert "hx-get" in page.text
    waiting = desk.get(PLACE, hx_request="true")
    assert (waiting.status_code, waiting.headers.get("hx-redirect")) == (204, None)
    office.house.clock.move(MINUTE)
    done = desk.get(PLACE, hx_request="true")
    assert done.headers["hx-redirect"].endswith(PLACE)


def test_two_presses_are_one_look(office: Office, clinic: Clinic) -> None:
    desk = office.desk(Role.OWNER)
    desk.post(PLACE)
    desk.post(PLACE)
    assert clinic.database.looks == 1


def test_a_form_of_another_page_looks_at_nothing(office: Office, clinic: Clinic) -> None:
    assert office.desk(Role.OWNER).post(PLACE, csrf="x").status_code == 403
    assert clinic.database.looks == 0


def test_where_nothing_is_looked_at_there_is_no_such_page(office: Office) -> None:
    office.gate._site.health = None
    assert office.desk(Role.OWNER).get(PLACE).status_code == 404


class _Full(MemoryLedger):
    """Remembers that a look began, and then nothing any more."""

    async def put(self, name: str, value: str) -> None:
        if "began" not in name:
            raise StoreUnavailable("full")
        await MemoryLedger.put(self, name, value)


def test_a_result_that_cannot_be_kept_is_logged_and_harms_nobody(
    office: Office, clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.ledger = _Full()
    assert office.desk(Role.OWNER).post(PLACE).status_code == 303
    assert "look not kept" in caplog.text


def test_what_the_far_side_said_is_shown_as_text(office: Office) -> None:
    evil = "<script>alert(1)</script>"
    records = {
        "": {"NS": ["x"]},
        "northwind.test": {"MX": ["10 m.test"], "TXT": [f"v=spf1 {evil}"]},
    }
    clinic = Clinic(office, dns=MemoryDns(records))
    desk = office.desk(Role.OWNER)
    desk.post(PLACE)
    page = desk.get(PLACE).text
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert clinic.database.looks == 1
