"""Whose fault it is that changes do not arrive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import Facts, Partner
from keyturn.rules.directories.health.replication import Line, blame
from keyturn.rules.health.words import MINUTE
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    NOW,
    OLD,
    TOPOLOGY,
    WELL,
    a_sight,
    dead,
    decommissioned,
    roots,
    seen,
)


def line(to: str, source: str, error: int = 1722) -> Line:
    return Line(to, source, NOW, Partner(source, None, 9, error, None))


def blamed(*lines: Line, gone: tuple[str, ...] = ()) -> list[str]:
    return list(blame(lines, gone, DC1))


def of(facts: Facts, host: str) -> str:
    (found,) = (f for f in judge(facts) if (f.check, f.subject) == ("replication", host))
    return found.cause.partition(".")[2]


def takes(source: str, **changes: object) -> str:
    """What is said of DC2 that takes changes from `source` and tells this of it."""
    partner = replace(Partner(source, 1_000, 0, 0, 0), **changes)  # type: ignore[arg-type]
    return of(a_sight(WELL, DC2, partners=(partner,)), DC2)


def test_one_that_stands_still_is_blamed_for_all_its_lines() -> None:
    assert blamed(line(DC1, DC2), line(DC3, DC2), line(DC2, DC1), line(DC2, DC3)) == [DC2]


def test_of_one_line_the_receiving_end_tells() -> None:
    assert blamed(line(DC3, DC2)) == [DC3]
    assert blamed(line(DC2, DC3)) == [DC2]


def test_of_two_it_is_rather_not_the_pdc_emulator() -> None:
    assert blamed(line(DC1, DC2)) == [DC2]
    assert blamed(line(DC1, DC3), line(DC3, DC1)) == [DC3]
    assert blamed(line(DC2, DC3), line(DC3, DC2)) == [DC2]


@pytest.mark.parametrize(("error", "host"), [(8456, DC3), (8457, DC1)])
def test_one_that_refuses_is_known_by_its_error(error: int, host: str) -> None:
    assert blamed(line(DC1, DC3, error)) == [host]


def test_what_is_gone_is_blamed_first_and_the_rest_for_itself() -> None:
    lines = (line(DC1, DC2), line(DC3, DC2), line(DC2, OLD))
    assert blamed(*lines, gone=(OLD, "dc8.corp.test")) == [OLD, DC2]


@pytest.mark.parametrize(("half", "word"), [(False, "settings"), (True, "computer")])
@pytest.mark.parametrize("trouble", [{"failures": 9}, {"lag_ms": 9 * MINUTE}], ids=str)
def test_a_controller_that_was_decommissioned_explains_who_still_waits_for_it(
    half: bool, word: str, trouble: dict[str, Any]
) -> None:
    facts = decommissioned(WELL, "")
    assert facts.primary
    *there, left = facts.primary.topology.controllers
    left = replace(left, site="Main", has_settings=half, has_computer=not half)
    facts = seen(facts, topology=replace(TOPOLOGY, controllers=(*there, left)))
    partner = replace(Partner(OLD, 1_000, 0, 0, 0), **trouble)
    assert roots(a_sight(facts, DC2, partners=(partner,))) == [(f"left-over.{word}", OLD)]


def test_one_that_was_promoted_again_under_its_old_name_is_not_gone() -> None:
    left = replace(TOPOLOGY.controllers[2], site="Main", invocation="", has_settings=False)
    facts = seen(WELL, topology=replace(TOPOLOGY, controllers=(*TOPOLOGY.controllers, left)))
    facts = a_sight(facts, DC2, partners=(Partner(DC3, None, 9, 1722, None),))
    assert of(facts, DC2) == "stopped"
    assert of(facts, DC3) == "ok"


def test_a_few_failures_are_no_standstill() -> None:
    assert takes(DC1, failures=2, silent_ms=4 * MINUTE) == "ok"
    assert takes(DC1, failures=3, silent_ms=4 * MINUTE) == "stopped"
    assert takes(DC1, failures=1, silent_ms=5 * MINUTE + 1) == "stopped"
    assert takes(DC1, failures=1, silent_ms=None) == "stopped"
    assert takes(DC1, failures=0, silent_ms=None) == "ok"


def test_a_change_that_does_not_come_is_late_then_does_not_come() -> None:
    assert takes(DC1, lag_ms=5 * MINUTE) == "ok"
    assert takes(DC1, lag_ms=5 * MINUTE + 1) == "late"
    assert takes(DC1, lag_ms=60 * MINUTE) == "late"
    assert takes(DC1, lag_ms=60 * MINUTE + 1) == "stopped"


def test_between_sites_twice_the_interval_is_allowed_on_top() -> None:
    assert takes(DC3, lag_ms=35 * MINUTE) == "ok"
    assert takes(DC3, lag_ms=35 * MINUTE + 1) == "late"
    assert takes(DC3, failures=1, silent_ms=35 * MINUTE) == "ok"


@pytest.mark.parametrize(("interval", "word"), [(180, "ok"), (1, "late")])
def test_sites_that_no_link_joins_go_by_the_slowest_link(interval: int, word: str) -> None:
    link = replace(TOPOLOGY.links[0], sites=("Main", "Moon"), interval=interval)
    facts = seen(WELL, topology=replace(TOPOLOGY, links=(link,)))
    facts = a_sight(facts, DC2, partners=(Partner(DC3, 1_000, 0, 0, 35 * MINUTE + 1),))
    assert of(facts, DC2) == word


def test_what_is_late_because_of_one_that_stands_still_is_not_told_twice() -> None:
    facts = dead(WELL, DC3)
    facts = a_sight(facts, DC2, partners=(Partner(DC3, None, 9, 0, None),
                                          Partner(DC1, 1_000, 0, 0, 9 * MINUTE)))  # fmt: skip
    assert [of(facts, host) for host in (DC1, DC2, DC3)] == ["ok", "late", "stopped"]
    quiet = a_sight(facts, DC1, partners=(Partner(DC3, 1_000, 0, 0, 50 * MINUTE),))
    assert [of(quiet, host) for host in (DC1, DC2, DC3)] == ["ok", "late", "stopped"]


HOSTS = st.sampled_from([DC1, DC2, DC3, OLD])
LINES = st.lists(st.builds(line, HOSTS, HOSTS, st.sampled_from([0, 8456, 8457])), max_size=12)


@given(LINES, st.frozensets(HOSTS))
def test_every_line_is_somebodys_fault_once_and_of_one_of_its_ends(
    lines: list[Line], gone: frozenset[str]
) -> None:
    found = blame(lines, gone, DC1)
    assert sum(map(len, found.values())) == len(lines)
    for host, own in found.items():
        assert own
        assert all(host in (x.to, x.source) for x in own)


def silent_of_it(facts: Facts, *hosts: str) -> Facts:
    """Whoever stands beside them is heard, and says nothing of partners."""
    for host in hosts:
        facts = a_sight(facts, host, partners=None)
    return facts


def test_where_no_agent_tells_of_it_nobody_was_asked_and_nothing_is_said() -> None:
    facts = silent_of_it(WELL, DC1, DC2, DC3)
    assert "replication" not in {f.check for f in judge(facts)}
    assert roots(facts) == []


def test_where_one_tells_of_it_those_that_do_not_are_said_to() -> None:
    assert roots(silent_of_it(WELL, DC2, DC3)) == [
        ("replication.unseen", DC2), ("replication.unseen", DC3),
    ]  # fmt: skip


def test_where_nobody_is_heard_that_is_said() -> None:
    facts = replace(WELL, beside=())
    assert {of(facts, host) for host in (DC1, DC2, DC3)} == {"unseen"}
