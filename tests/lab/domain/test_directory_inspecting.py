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
from keyturn.lab.controllers import BASE
from keyturn.lab.domain import Lab
from keyturn.lab.people import PLANT, POLICIES, SERVICE, STAFF, STRICT_NAME, grant
from keyturn.lab.provisioning import MAIN
from keyturn.rules.directories.health.facts import Probe, Rights, Way
from keyturn.rules.directories.topology import Topology

LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
GONE = f"OU=Gone,{BASE}"
STRICT = f"CN={STRICT_NAME},{POLICIES}"
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
            assert beside.partners == (None if way.cause else ())
            return way, await driver.inspector.inside(HOST, (STAFF, PLANT, GONE))
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
    assert inside.rights == (
        Rights(STAFF, True, True, True, True), Rights(PLANT, True, False, False, False),
        Rights(GONE, False, False, False, False),
    )  # fmt: skip


def test_what_is_delegated_is_seen_at_once_and_what_is_denied_too(lab: Lab) -> None:
    before = lab.hand.access("dc1", PLANT)
    lab.hand.delegate("dc1", PLANT, SERVICE)
    assert inside_of(lab, PLANT) == Rights(PLANT, True, True, True, True)
    sid = lab.hand.sid("dc1", SERVICE)
    grant(lab.controller("dc1"), PLANT, f"(OD;CIIO;WP;{LOCKOUT_TIME};;{sid})")
    assert inside_of(lab, PLANT) == Rights(PLANT, True, True, False, True)
    lab.hand.without("dc1", PLANT, SERVICE)
    assert inside_of(lab, PLANT) == Rights(PLANT, True, False, False, False)
    lab.hand.set_access("dc1", PLANT, before)


def inside_of(lab: Lab, unit: str) -> Rights:
    _way, inside = looked(lab)
    return next(one for one in inside.rights or () if one.unit == unit)


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


def test_a_port_that_is_blocked_times_out_while_others_answer(lab: Lab) -> None:
    lab.faults.block("dc1")
    try:
        way, _ = looked(lab)
    finally:
        lab.faults.unblock("dc1")
    assert (way.cause, way.probe) == ("timeout", None)
    assert set(way.answers) == {389, 88}  # nobody shares files in the lab
    assert looked(lab)[0].cause == ""


def test_a_policy_that_may_not_be_read_is_named(lab: Lab) -> None:
    assert looked(lab)[1].unreadable == ()
    before = lab.hand.without("dc1", STRICT, SERVICE)
    try:
        assert looked(lab)[1].unreadable == (STRICT_NAME,)
    finally:
        lab.hand.set_access("dc1", STRICT, before)
    assert looked(lab)[1].unreadable == ()


def test_what_a_decommissioned_controller_left_is_listed_without_settings(lab: Lab) -> None:
    host = lab.faults.leave_behind("dc1", "dc9", MAIN)
    try:
        (left,) = (c for c in charted(lab).controllers if c.host == host)
    finally:
        lab.faults.clean_up("dc1", "dc9", MAIN)
    assert (left.has_settings, left.has_computer, left.site) == (False, False, MAIN)
    assert host not in {c.host for c in charted(lab).controllers}


def charted(lab: Lab) -> Topology:
    async def act() -> Topology:
        settings = Settings(SERVICE.upn, SERVICE.password, lab.ca_file, addresses=lab.hosts)
        driver = ActiveDirectory(settings, now)
        try:
            return await driver.topology(HOST)
        finally:
            driver.close()

    return asyncio.run(act())


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
