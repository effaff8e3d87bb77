"""Each fault of the list shows as its own root, two show as two, and what is well is silent."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from keyturn.rules.directories.health.catalogue import CATALOGUE
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    FAULTS,
    WELL,
    a_sight,
    an_agent,
    report,
    roots,
    server,
)


def test_what_is_well_is_silent() -> None:
    assert report(WELL).roots == ()
    assert len(report(WELL).fine) > len(CATALOGUE.checks)


@pytest.mark.parametrize("host", [DC2, DC3])
@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_one_root(name: str, host: str) -> None:
    fault = FAULTS[name]
    assert roots(fault.do(WELL, host)) == [fault.root(host)]


@pytest.mark.parametrize(("one", "other"), list(permutations(FAULTS, 2)))
def test_two_faults_at_different_controllers_are_two_roots(one: str, other: str) -> None:
    facts = FAULTS[other].do(FAULTS[one].do(WELL, DC2), DC3)
    assert sorted(roots(facts)) == sorted([FAULTS[one].root(DC2), FAULTS[other].root(DC3)])


@pytest.mark.parametrize(("one", "other"), list(combinations(FAULTS, 2)))
def test_two_faults_at_one_controller_are_two_roots_unless_one_hides_the_other(
    one: str, other: str
) -> None:
    wanted = {FAULTS[one].root(DC2), FAULTS[other].root(DC2)}
    for upper, lower in ((one, other), (other, one)):
        if lower in FAULTS[upper].hides:
            wanted -= {FAULTS[lower].root(DC2)}
    facts = FAULTS[other].do(FAULTS[one].do(WELL, DC2), DC2)
    assert set(roots(facts)) == wanted


@pytest.mark.parametrize(
    ("upper", "lower"), [(u, low) for u, fault in FAULTS.items() for low in fault.hides]
)
def test_what_is_hidden_is_told_beneath_what_hides_it_or_has_no_place_any_more(
    upper: str, lower: str
) -> None:
    facts = FAULTS[upper].do(FAULTS[lower].do(WELL, DC2), DC2)
    (root,) = report(facts).roots
    check, subject = FAULTS[lower].root(DC2)[0].partition(".")[0], FAULTS[lower].root(DC2)[1]
    below = {(f.check, f.subject) for f in root.consequences}
    gone = upper == "listener missing"
    assert ((check, subject) in below) is not gone


#: with these the primary is gone: test_forest
_GONE = {"agent stopped", "dead", "listener missing"}


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in _GONE])
def test_a_fault_at_the_primary_is_its_own_root_as_well(name: str) -> None:
    fault = FAULTS[name]
    assert roots(fault.do(WELL, DC1)) == [fault.root(DC1)]


@pytest.mark.parametrize("name", ["port blocked", "old TLS", "expired", "wrong CA", "wrong name"])
def test_what_bars_the_agent_beside_it_too_hides_how_the_controller_replicates(name: str) -> None:
    fault = FAULTS[name]
    barred = a_sight(fault.do(WELL, DC2), DC2, cause="timeout", ahead_ms=None, partners=None)
    assert roots(barred) == [fault.root(DC2)]
    (root,) = report(barred).roots
    assert ("replication.unseen", DC2) in {(f.cause, f.subject) for f in root.consequences}


def test_an_agent_that_says_that_it_ends_is_not_waited_for() -> None:
    ended = an_agent(WELL, DC1, runs=False)
    (root,) = report(server(ended, primary="")).roots
    assert (root.finding.cause, root.finding.subject) == FAULTS["agent stopped"].root(DC1)
    assert {"primary.none", "resets.no-primary"} <= {f.cause for f in root.consequences}
