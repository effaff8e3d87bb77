"""How real controllers replicate, as whoever stands beside one reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.lab.people import ALICE, SERVICE
from keyturn.rules.directories.health.facts import Partner
from keyturn.rules.health.words import HOUR

pytestmark = pytest.mark.lab

SINK_DISABLED = 8457  # ERROR_DS_DRA_SINK_DISABLED
#: a controller that looks at its partners so often fails three times within the test's time
PULL_S, FAILS_S = 3, 40.0
now = SystemClock().now


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(3) as made:
        yield made


def partners(lab: Lab, name: str) -> dict[str, Partner]:
    """Of one controller, by their short names."""

    async def act() -> dict[str, Partner]:
        settings = Settings(SERVICE.upn, SERVICE.password, lab.ca_file, addresses=lab.hosts)
        driver = ActiveDirectory(settings, now)
        try:
            sight = await driver.inspector.beside(lab.controller(name).host)
        finally:
            driver.close()
        return {one.host.partition(".")[0]: one for one in sight.partners or ()}

    return asyncio.run(act())


@pytest.mark.parametrize("name", ["dc1", "dc2", "dc3"])
def test_each_controller_names_the_others_and_takes_their_changes(lab: Lab, name: str) -> None:
    others = {"dc1", "dc2", "dc3"} - {name}

    def taken() -> bool:
        found = partners(lab, name)
        last = (one.silent_ms for one in found.values())
        return found.keys() == others and all(ms is not None and ms < HOUR for ms in last)

    until(taken, FAILS_S, f"changes of the others at {name}", 1)
    assert all(one.failures == 0 == one.error for one in partners(lab, name).values())


def test_what_has_not_come_yet_is_told_with_its_age(lab: Lab) -> None:
    until(lambda: all(one.lag_ms == 0 for one in partners(lab, "dc3").values()), FAILS_S, "rest", 1)
    lab.faults.cut("dc3")
    try:
        lab.hand.replace("dc1", ALICE.dn, "description", "not there yet")
        until(lambda: (partners(lab, "dc3")["dc1"].lag_ms or 0) > 0, FAILS_S, "a delay", 1)
        assert (partners(lab, "dc3")["dc1"].lag_ms or 0) < HOUR
        assert partners(lab, "dc1")["dc3"].lag_ms == 0
    finally:
        lab.faults.heal("dc3")
    until(lambda: partners(lab, "dc3")["dc1"].lag_ms == 0, FAILS_S, "it to come", 1)


def test_replication_that_was_switched_off_is_told_with_its_error(lab: Lab) -> None:
    lab.controller("dc3").restart(pull_s=PULL_S)
    lab.faults.stop_replication("dc3")

    def refused() -> bool:
        found = partners(lab, "dc3").values()
        return len(found) == 2 and all(
            one.failures >= 3 and one.error == SINK_DISABLED for one in found
        )

    until(refused, FAILS_S, "dc3 to refuse three times", 1)
    lab.faults.resume_replication("dc3")
    until(
        lambda: not any(one.failures for one in partners(lab, "dc3").values()),
        FAILS_S, "dc3 to take changes again", 1,
    )  # fmt: skip
