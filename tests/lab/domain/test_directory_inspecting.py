"""How a real domain is, as its inspector sees it: well, and with one fault at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.agent.directories.active_directory.inspecting import moment
from keyturn.agent.ports import Inside
from keyturn.lab.certificates import Shown
from keyturn.lab.domain import Lab
from keyturn.lab.people import SERVICE
from keyturn.rules.directories.health.facts import Probe, Way

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
now = SystemClock().now


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(1) as made:
        yield made


def looked(lab: Lab, password: str = SERVICE.password) -> tuple[Way, Inside]:
    """The way to the controller, and what the account sees there."""

    async def act() -> tuple[Way, Inside]:
        settings = Settings(SERVICE.upn, password, lab.ca_file, addresses=lab.hosts)
        driver = ActiveDirectory(settings, now)
        try:
            (way,) = await driver.inspector.ways([HOST])
            beside = await driver.inspector.beside(HOST)
            assert (beside.controller, beside.cause) == (HOST, way.cause)
            return way, await driver.inspector.inside(HOST)
        finally:
            driver.close()

    return asyncio.run(act())


def probe(way: Way) -> Probe:
    assert way.probe is not None
    return way.probe


def test_a_healthy_controller(lab: Lab) -> None:
    way, inside = looked(lab)
    assert (way.cause, way.answers) == ("", ())
    assert way.ahead_ms is not None
    assert abs(way.ahead_ms) < 60_000
    seen = probe(way)
    assert (seen.newest, seen.trusted, seen.named) == ("TLSv1.3", True, True)
    assert seen.ends_at is not None
    assert HOST in seen.names
    assert inside.policy is True
    assert inside.account is not None
    assert inside.account.name == SERVICE.upn


def test_an_account_that_is_refused_sees_nothing_and_tls_is_seen_all_the_same(lab: Lab) -> None:
    way, inside = looked(lab, password="Not-The-Word-1")
    assert way.cause == "credentials"
    assert probe(way).trusted is True
    assert inside == Inside()


@pytest.mark.parametrize(
    ("fault", "cause", "trusted", "named"),
    [
        (lambda lab: lab.faults.certificate("dc1", Shown.EXPIRED), "tls_expired", True, True),
        (lambda lab: lab.faults.certificate("dc1", Shown.OTHER_CA), "tls_ca", False, True),
        (lambda lab: lab.faults.certificate("dc1", Shown.OTHER_NAME), "tls_name", True, False),
        (lambda lab: lab.faults.old_tls("dc1"), "tls_old", None, True),
    ],
    ids=["expired", "other ca", "other name", "old tls"],
)
def test_a_fault_of_its_tls_is_seen_as_what_it_is(
    lab: Lab, fault: Callable[[Lab], None], cause: str, trusted: bool | None, named: bool
) -> None:
    try:
        fault(lab)
        way, _ = looked(lab)
    finally:
        lab.faults.mend("dc1")
    assert (way.cause, probe(way).trusted, probe(way).named) == (cause, trusted, named)


def test_a_controller_that_is_stopped_shows_no_sign_of_life(lab: Lab) -> None:
    lab.faults.stop("dc1")
    try:
        way, inside = looked(lab)
    finally:
        lab.faults.start("dc1")
    assert (way.cause, way.answers, way.probe) == ("refused", (), None)
    assert inside == Inside()


@pytest.mark.parametrize(
    ("written", "read"),
    [("20260102030405.0Z", 1_767_323_045_000), ("", None), ("yesterday", None)],
)
def test_a_controllers_time_is_read_as_it_writes_it(written: str, read: int | None) -> None:
    assert moment(written) == read
