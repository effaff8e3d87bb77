"""The health of a directory on its page: roots first, what comes of them, history, the map."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keyturn.ports.directory_health import Line
from keyturn.rules.accounts import Role
from keyturn.rules.directories import topology
from keyturn.rules.directories.health import codec
from keyturn.rules.directories.health.facts import PrimarySight, Probe, Way
from keyturn.rules.directories.things import Directory
from keyturn.rules.lockout import DAY
from tests.unit.web.console.desk import Desk, Office
from tests.unit.web.console.test_directories import directory_page, text
from tests.unit.web.corp import Corp, host


@pytest.fixture
def corp(office: Office) -> Corp:
    """A directory with two candidates; the first is primary."""
    return Corp(office.house.write, office.house.parts, office.house.tenant)


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk(Role.MANAGER)


def place(corp: Corp) -> tuple[str, str]:
    return corp.directory.tenant_id, corp.directory.id


def stored(office: Office, corp: Corp) -> Directory:
    """As it is now."""
    found: Directory | None = office.house.write(lambda tx: tx.directories.get(*place(corp)))
    assert found is not None
    return found


def reach(office: Office, corp: Corp, causes: dict[str, str]) -> None:
    """What the primary's map says of the way to each controller."""
    told = {host(name): causes.get(name, "") for name in ("dc1", "dc2", "dc3", "dc4")}
    now = office.house.clock.now()
    fresh = replace(stored(office, corp), reachable=json.dumps(told), topology_at=now)
    office.house.write(lambda tx: tx.directories.update(fresh))


def probe(office: Office, corp: Corp, **probes: Probe) -> None:
    """What the primary saw, at all controllers that it reached."""
    known = topology.decode(stored(office, corp).topology)
    ways = tuple(
        Way(c.host, "", probe=probes.get(c.host.partition(".")[0])) for c in known.controllers
    )
    seen = codec.encode(PrimarySight(known, ways, (), True, (), None))
    now = office.house.clock.now()
    office.house.write(lambda tx: tx.health.saw(*place(corp), seen, now))


def offers(office: Office, name: str, oldest: str, days: int) -> Probe:
    """A controller's port that is as it should be, but for this."""
    ends_at = office.house.clock.now() + days * DAY
    return Probe(oldest, "TLSv1.3", True, True, "Our CA", (host(name),), ends_at)


def happened(office: Office, corp: Corp, change: str, cause: str) -> None:
    """A line of history, a second after the last."""
    house = office.house
    house.clock.move(1_000)
    now, facts = house.clock.now(), {"controller": host("dc2"), "newest": "TLSv1.2"}
    at = house.random.id(now)
    line = Line(at, *place(corp), now, change, cause, host("dc2"), "", facts)
    house.write(lambda tx: tx.health.add(line))


def test_a_root_is_shown_with_its_mend_and_what_comes_of_it(
    office: Office, desk: Desk, corp: Corp
) -> None:
    reach(office, corp, {"dc2": "tls_old"})
    page = directory_page(desk, corp)
    health = text(page.partition('id="d-health"')[2].partition("</section>")[0])
    assert "dc2.corp.example.test offers nothing newer than TLS 1.1." in health
    assert "Switch TLS 1.2 on there" in health
    assert health.index("offers nothing newer") < health.index("no TLS was agreed")


def test_a_controller_is_marked_with_the_gravest_of_its_troubles(
    office: Office, desk: Desk, corp: Corp
) -> None:
    reach(office, corp, {})
    probe(
        office, corp,
        dc1=offers(office, "dc1", "TLSv1.2", 300), dc2=offers(office, "dc2", "TLSv1.2", 3),
        dc3=offers(office, "dc3", "TLSv1.2", 3), dc4=offers(office, "dc4", "TLSv1", 300),
    )  # fmt: skip
    page = directory_page(desk, corp)
    drawn, table = page.partition('<table class="cards"')[::2]
    marks = {"dc1": "Reached", "dc2": "Certificate: end", "dc3": "Listener", "dc4": "TLS version"}
    tones = {"dc1": "good", "dc2": "warn", "dc3": "bad", "dc4": "warn"}
    for name, word in marks.items():
        assert f'class="map-node {tones[name]}"><title>{host(name)}: {word}</title>' in drawn
        row = text(table.partition(f'scope="row">{host(name)}')[2].partition("</tr>")[0])
        assert row.endswith(word)
    assert f"{host('dc2')} in Hamburg: Certificate: end." in drawn


def test_a_controller_that_is_not_reached_is_marked_with_that(
    office: Office, desk: Desk, corp: Corp
) -> None:
    reach(office, corp, {"dc2": "tls_old"})
    page = directory_page(desk, corp)
    assert f"<title>{host('dc2')}: Not reached, it offers no TLS 1.2</title>" in page


def test_what_changed_is_told_newest_first_and_only_in_words_that_are_known(
    office: Office, desk: Desk, corp: Corp
) -> None:
    assert "What changed" not in directory_page(desk, corp)
    happened(office, corp, "opened", "tls.old")
    happened(office, corp, "closed", "tls.ok")
    happened(office, corp, "opened", "tls.of-tomorrow")
    history = text(directory_page(desk, corp).partition("What changed")[2].partition("</ul>")[0])
    over, began = "Over , TLS version (dc2", "Began , TLS version (dc2"
    assert history.index(over) < history.index(began)
    assert history.count("TLS version") == 2
    assert "The newest seen: TLSv1.2; the oldest: not known." in history


def test_what_no_agent_looks_at_is_said(office: Office, desk: Desk, corp: Corp) -> None:
    reach(office, corp, {})
    assert "Not looked at" not in directory_page(desk, corp)
    known = topology.decode(stored(office, corp).topology)
    seen = codec.encode(PrimarySight(known, (), None, True, (), None))
    now = office.house.clock.now()
    office.house.write(lambda tx: tx.health.saw(*place(corp), seen, now))
    assert "tells of it: Delegated rights." in directory_page(desk, corp)


def test_who_may_look_at_the_directory_sees_how_it_is(office: Office, corp: Corp) -> None:
    auditor = directory_page(office.desk(Role.AUDITOR), corp)
    assert 'id="d-health"' in auditor
    stranger = office.desk(Role.OWNER, tenant=office.other)
    assert 'id="d-health"' not in directory_page(stranger, corp)


# -- it changes by itself


def live(desk: Desk, corp: Corp, left: str) -> str:
    """What htmx is told."""
    answer = desk.get(f"/console/directories/{corp.directory.id}?live={left}", hx_request="true")
    assert answer.status_code == 200
    return answer.text


def test_an_open_page_asks_for_what_changes_and_gets_nothing_else(
    office: Office, desk: Desk, corp: Corp
) -> None:
    reach(office, corp, {})
    whole = directory_page(desk, corp)
    url = f"/t/northwind/console/directories/{corp.directory.id}"
    assert f'<div id="live" hx-get="{url}?live=59" hx-trigger="every 15s"' in whole
    reach(office, corp, {"dc2": "tls_old"})
    part = live(desk, corp, "59")
    assert part.lstrip().startswith('<div id="live"')
    assert "offers nothing newer than TLS 1.1" in text(part)
    assert "<title>dc2.corp.example.test: Not reached" in part
    assert "<form" not in part
    assert "<html" not in part


def test_a_page_that_is_left_open_stops_asking(office: Office, desk: Desk, corp: Corp) -> None:
    assert "?live=58" in live(desk, corp, "59")
    for last in ("0", "", "-5", "x", "%D9%A5"):
        assert "hx-get" not in live(desk, corp, last)
    assert "?live=59" in live(desk, corp, "9999999")
