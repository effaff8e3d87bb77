"""Roots, consequences, and their order."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import (
    Facts,
    Heard,
    ListenerSight,
    PrimarySight,
    Way,
)
from keyturn.rules.directories.health.forest import ORDER, RULES, arrange, key
from keyturn.rules.directories.health.remembered import recall, store
from keyturn.rules.directories.health.settled import Kept
from keyturn.rules.directories.things import AgentRole, AgentState
from keyturn.rules.directories.topology import Controller
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.health.words import HOUR, MINUTE, fill, listed
from tests.unit.rules.directories.health.anything import BESIDE, PRIMARY
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    FAULTS,
    HOSTS,
    LOOK,
    NOW,
    TOPOLOGY,
    WELL,
    a_sight,
    a_way,
    agent_of,
    agent_stopped,
    an_agent,
    clock_off,
    dead,
    decommissioned,
    disk_full,
    everything,
    expired,
    no_line,
    old_tls,
    port_blocked,
    replication_stopped,
    report,
    roots,
    seen,
    server,
    unheard,
    way,
    wrong_ca,
)


def beneath(found: Report, cause: str) -> list[str]:
    roots = (root for root in found.roots if root.finding.cause == cause)
    return [f.cause for root in roots for f in root.consequences]


def leaderless(facts: Facts) -> Facts:
    """For so long that what the last primary saw is old."""
    return replace(server(facts, primary=""), primary_at=NOW - HOUR)


# -- what the table says


def test_no_cause_explains_itself_over_however_many_rules() -> None:
    graph: dict[str, set[str]] = {}
    for rule in RULES:
        for lower in rule.beneath:
            graph.setdefault(lower, set()).update(rule.above)
    assert len(tuple(TopologicalSorter(graph).static_order())) > len(RULES)  # raises CycleError


def test_rules_name_causes_that_there_are_and_that_are_no_good_news() -> None:
    for rule in RULES:
        for cause in (*rule.above, *rule.beneath):
            assert CATALOGUE.causes[cause].state is not State.OK


def test_a_rule_that_compares_names_facts_that_both_have() -> None:
    facts: dict[str, set[str]] = {}
    for finding in (f for scene in everything() for f in scene):
        facts.setdefault(finding.cause, set()).update(finding.facts)
    for rule in RULES:
        for upper, lower in rule.same:
            assert all(upper in facts[cause] for cause in rule.above), rule
            assert all(lower in facts[cause] for cause in rule.beneath), rule


def test_every_rule_is_needed_by_a_scene() -> None:
    pairs = {
        (root.finding.cause, lower.cause)
        for scene in stories()
        for root in report(scene).roots
        for lower in root.consequences
    }
    for rule in RULES:
        assert any((u, low) in pairs for u in rule.above for low in rule.beneath), rule


def stories() -> list[Facts]:
    """Scenes of more than one finding."""
    away = leaderless(agent_stopped(WELL, DC1))
    never = replace(server(WELL, name="CORP", agents=(), primary=""), primary=None, primary_at=None)
    refused = a_way(WELL, DC2, lambda w: replace(w, cause="credentials"))
    apart = WELL
    for host in HOSTS:
        apart = an_agent(apart, host, ahead_ms=10 * MINUTE)
    everywhere = seen(WELL, rights=None, policy=None, unreadable=None, account=None)
    shut = everywhere
    for host in HOSTS:
        everywhere = a_way(everywhere, host, lambda w: replace(w, cause="credentials"))
        shut = port_blocked(shut, host)
    late = a_way(WELL, DC2, lambda w: replace(w, cause="tls_expired"))
    unseen = seen(WELL, ways=(way(DC1), way(DC3)))
    no_probe = a_way(wrong_ca(WELL, DC2), DC2, lambda w: replace(w, probe=None))
    nameless = unheard(a_way(WELL, DC2, lambda w: Way(w.host, "name")), DC2)
    clock = a_sight(an_agent(WELL, DC2, ahead_ms=10 * MINUTE), DC2, ahead_ms=0)
    half = decommissioned(WELL, "")
    return [
        away, never, leaderless(WELL), apart, everywhere, shut, no_probe, clock, nameless,
        *(fault.do(WELL, DC2) for fault in FAULTS.values()),
        disk_full(WELL, DC1), replication_stopped(refused, DC2), clock_off(late, DC1),
        unheard(unseen, DC2), unseen, no_line(half, "x"),
        replace(WELL, primary_at=NOW - HOUR),
    ]  # fmt: skip


# -- stories


def test_when_the_only_primary_stops_everything_that_hurts_hangs_beneath_it() -> None:
    found = report(leaderless(agent_stopped(WELL, DC1)))
    (root,) = found.roots
    assert (root.finding.cause, root.finding.subject) == ("agent.silent", agent_of(DC1))
    told = {f.cause for f in root.consequences}
    assert {"primary.none", "resets.no-primary", "telling.late", "rights.unseen", "tls.unseen",
            "disk.unseen", "replication.unseen"} <= told  # fmt: skip


def test_a_candidate_that_lives_and_does_not_lead_is_a_fault_of_its_own() -> None:
    facts = an_agent(leaderless(agent_stopped(WELL, DC1)), DC2, role=AgentRole.CANDIDATE)
    assert roots(facts) == [("primary.idle", ""), ("agent.silent", agent_of(DC1))]


def test_a_listener_that_is_silent_does_not_explain_that_nobody_leads() -> None:
    facts = leaderless(agent_stopped(WELL, DC2))
    listeners = tuple(replace(a, role=AgentRole.LISTENER) for a in facts.server.agents)
    assert roots(server(facts, agents=listeners)) == [
        ("primary.none", ""), ("agent.silent", agent_of(DC2)),
    ]  # fmt: skip


def test_the_machine_of_the_primary_dies_and_another_takes_over() -> None:
    other = an_agent(server(dead(WELL, DC1), primary=agent_of(DC2)), DC2, role=AgentRole.CANDIDATE)
    found = report(other)
    (root,) = found.roots
    assert (root.finding.cause, root.finding.subject) == ("controller.dead", DC1)
    assert "agent.silent" in beneath(found, "controller.dead")
    assert "replication.stopped" in beneath(found, "controller.dead")


def test_an_agent_on_a_machine_of_its_own_does_not_die_with_the_controller() -> None:
    facts = dead(an_agent(WELL, DC2, place="tools (192.0.2.50)"), DC2)
    assert roots(facts) == [("agent.silent", agent_of(DC2)), ("controller.dead", DC2)]


def test_a_name_that_is_too_short_explains_why_no_agent_ever_came() -> None:
    facts = server(replace(WELL, primary=None, primary_at=None, beside=()), name="CORP",
                   agents=(), primary="")  # fmt: skip
    (root,) = report(facts).roots
    assert root.finding.cause == "domain-name.short"
    assert [f.cause for f in root.consequences][:2] == ["primary.never", "resets.no-primary"]


def test_where_the_one_controller_is_shut_off_that_root_comes_first() -> None:
    facts = an_agent(port_blocked(alone(), DC1), DC1, version="0.9")
    facts = seen(facts, rights=None, policy=None, unreadable=None, account=None)
    found = report(facts)
    assert [r.finding.cause for r in found.roots] == ["port.blocked", "version.other"]
    assert found.roots[0].consequences[0].cause == "resets.no-way"
    assert {"tls.unseen", "rights.unseen"} <= set(beneath(found, "port.blocked"))


def test_an_agent_that_takes_a_good_certificate_for_ended_has_a_wrong_clock() -> None:
    late = a_way(WELL, DC2, lambda way: replace(way, cause="tls_expired"))
    assert roots(late) == [("end.refused", DC2)]
    found = report(clock_off(late, DC1))
    assert [r.finding.cause for r in found.roots] == ["clock.wrong"]
    assert beneath(found, "clock.wrong") == ["end.refused"]


def test_the_clock_of_a_controller_explains_that_of_the_agent_on_it() -> None:
    facts = a_sight(an_agent(WELL, DC2, ahead_ms=9 * MINUTE), DC2, ahead_ms=0)
    assert roots(facts) == [("controller-clock.wrong", DC2)]
    elsewhere = an_agent(facts, DC2, place="tools (192.0.2.50)")
    assert len(roots(elsewhere)) == 2


def test_where_all_clocks_agree_against_the_server_one_thing_is_wrong() -> None:
    facts = WELL
    for host in HOSTS:
        facts = an_agent(facts, host, ahead_ms=-20 * MINUTE)
    assert roots(facts) == [("domain-clock.apart", "")]
    assert len(beneath(report(facts), "domain-clock.apart")) == 6


def test_an_account_that_every_controller_refuses_is_one_root_and_comes_first() -> None:
    facts = replication_stopped(seen(WELL, rights=None, policy=None, unreadable=None), DC3)
    for host in HOSTS:
        facts = a_way(facts, host, lambda way: replace(way, cause="credentials"))
    found = report(facts)
    assert [r.finding.cause for r in found.roots] == ["account.refused", "replication.stopped"]
    assert set(beneath(found, "account.refused")) == {
        "resets.no-way", "rights.unseen", "policy.unseen", "fine-policy.unseen",
    }  # fmt: skip


def test_failures_come_before_what_is_not_known_and_that_before_warnings() -> None:
    silent = replace(WELL, primary_at=NOW - HOUR)
    facts = an_agent(agent_stopped(silent, DC2), DC3, version="2.0")
    assert [cause for cause, _ in roots(facts)] == ["agent.silent", "telling.late", "version.other"]


def test_agents_that_are_revoked_are_nobody() -> None:
    gone = an_agent(agent_stopped(WELL, DC2), DC2, state=AgentState.REVOKED)
    assert roots(gone) == [("listener.missing", DC2)]


# -- whatever comes


ANY = [finding for scene in everything() for finding in scene]
#: two controllers take no changes; if nobody but the third is heard, it explains both lines
STILL = {("replication stopped", DC2), ("replication stopped", DC3)}
SILENT = [("agent stopped", DC2), ("listener missing", DC3)]


def check_shape(found: Report, findings: list[Finding]) -> None:
    told = {key(f): f for f in findings}
    assert sorted(map(key, found.findings)) == sorted(told)
    ranks = [ORDER.index(CATALOGUE.state(root.finding)) for root in found.roots]
    assert ranks == sorted(ranks)
    for root in found.roots:
        assert all(CATALOGUE.state(f) is not State.OK for f in root.consequences)


@given(st.lists(st.sampled_from(ANY), max_size=60))
def test_every_finding_stands_once_whatever_is_found(findings: list[Finding]) -> None:
    check_shape(arrange(findings, NOW), findings)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from([DC2, DC3])), max_size=8)
)
@example([*sorted(STILL), *SILENT])
def test_no_root_is_told_that_is_no_fault_however_many_there_are(
    faults: list[tuple[str, str]],
) -> None:
    facts = WELL
    for name, host in faults:
        facts = FAULTS[name].do(facts, host)
    findings = list(judge(facts))
    check_shape(arrange(findings, NOW), findings)
    known = {FAULTS[name].root(host) for name, host in faults}
    if set(faults) >= STILL and {heard.sight.controller for heard in facts.beside} == {DC1}:
        known.add(("replication.stopped", DC1))
    assert set(roots(facts)) <= known


@given(st.sampled_from(sorted(FAULTS)), st.data())
def test_the_order_in_which_things_are_found_changes_nothing(
    name: str, data: st.DataObject
) -> None:
    findings = list(judge(FAULTS[name].do(old_tls(expired(WELL, DC3), DC3), DC2)))
    assert arrange(data.draw(st.permutations(findings)), NOW) == arrange(findings, NOW)


@given(PRIMARY, BESIDE, st.integers(0, NOW))
def test_whatever_agents_say_something_is_told(
    sight: PrimarySight, beside: ListenerSight, at: int
) -> None:
    heard = (Heard(agent_of(DC2), NOW, beside), Heard(agent_of(DC1), at, beside))
    findings = list(judge(replace(WELL, primary=sight, primary_at=max(at, LOOK), beside=heard)))
    check_shape(arrange(findings, NOW), findings)
    memory = {key(f): Kept(f) for f in findings}
    assert recall(store(memory)) == memory
    for finding in findings:
        assert fill(CATALOGUE.causes[finding.cause].what, finding.facts, str)


def test_an_agent_is_not_heard_about_a_controller_that_is_not_its_own() -> None:
    lie = Heard(agent_of(DC3), NOW, replace(WELL.beside[1].sight, ahead_ms=HOUR))
    assert roots(replace(WELL, beside=(*WELL.beside, lie))) == []
    assert roots(replace(WELL, beside=(*WELL.beside, replace(lie, agent="nobody")))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"heard_at": None, "version": ""},
        {"heard_at": NOW - HOUR},
        {"cloned_at": NOW - HOUR},
        {"state": AgentState.WAITING, "heard_at": None, "version": ""},
    ],
    ids=["never", "silent", "copied", "waiting"],
)
def test_whatever_keeps_an_agent_away_is_the_one_root_of_all_that_it_does_not_do(
    change: dict[str, Any],
) -> None:
    assert len(roots(unheard(an_agent(WELL, DC2, **change), DC2))) == 1
    (root,) = report(leaderless(unheard(an_agent(WELL, DC1, **change), DC1))).roots
    assert (root.finding.check, root.finding.subject) == ("agent", agent_of(DC1))


def alone() -> Facts:
    """A domain of one controller."""
    facts = server(WELL, agents=WELL.server.agents[:1])
    facts = seen(facts, topology=replace(TOPOLOGY, controllers=TOPOLOGY.controllers[:1]))
    return a_sight(seen(facts, ways=(way(DC1),)), DC1, partners=())


@pytest.mark.parametrize(
    ("cause", "root"),
    [
        ("name", "controller.name"),
        ("gone", "controller.odd"),
        ("of a newer agent", "controller.odd"),
        ("refused", "port.closed"),
        ("timeout", "port.blocked"),
        ("tls_old", "tls.old"),
        ("tls", "tls.none"),
        ("tls_ca", "chain.untrusted"),
        ("tls_name", "name.other"),
        ("tls_expired", "end.expired"),
        ("credentials", "account.refused"),
    ],
)
def test_whatever_shuts_the_only_controller_is_the_one_root_and_hurts_everybody(
    cause: str, root: str
) -> None:
    assert roots(alone()) == []
    facts = a_way(alone(), DC1, lambda w: replace(w, cause=cause, probe=None))
    blind = seen(facts, rights=None, policy=None, unreadable=None, account=None)
    found = report(blind)
    assert [r.finding.cause for r in found.roots] == [root]
    assert {"resets.no-way", "rights.unseen", "policy.unseen"} <= set(beneath(found, root))
    dead = report(unheard(a_way(blind, DC1, lambda w: replace(w, answers=())), DC1))
    wanted = "controller.dead" if cause in {"refused", "timeout"} else root
    assert dead.roots[0].finding.cause == wanted
    assert "resets.no-way" in beneath(dead, wanted)


def test_a_read_only_controller_needs_nobody_beside_it() -> None:
    rodc = "dc7.corp.test"
    entry = Controller(rodc, "Branch", "cc", True, True, True, False)
    assert WELL.primary
    facts = seen(
        WELL, topology=replace(TOPOLOGY, controllers=(*TOPOLOGY.controllers, entry)),
        ways=(*WELL.primary.ways, way(rodc)),
    )  # fmt: skip
    assert roots(facts) == []
    off = a_way(facts, rodc, lambda w: Way(w.host, "timeout"))
    assert roots(off) == [("controller.dead", rodc)]
    nowhere = off
    for host in HOSTS:
        nowhere = port_blocked(nowhere, host)
    assert "resets.no-way" not in beneath(report(nowhere), "controller.dead")


def test_what_nobody_says_of_a_controller_is_one_thing_that_is_not_known() -> None:
    quiet = unheard(a_way(WELL, DC2, lambda w: replace(w, ahead_ms=None)), DC2)
    assert roots(quiet) == [("replication.unseen", DC2)]
    young = an_agent(a_way(WELL, DC2, lambda w: replace(w, ahead_ms=None)), DC2, ahead_ms=None)
    assert roots(young) == [("clock.unseen", agent_of(DC2))]


def test_evidence_is_as_long_as_somebody_may_read() -> None:
    facts = a_way(WELL, DC2, lambda w: replace(w, cause="gone", detail="x" * 4000))
    (root,) = report(facts).roots
    assert root.finding.facts["said"] == "x" * 1000
    assert listed("abcdef") == "a, b, c, d, e, f"
    assert listed("abcdefgh") == "a, b, c, d, e, f and 2 more"


def test_a_cause_of_another_release_is_left_out() -> None:
    assert arrange([Finding("gone.away", "", NOW)], NOW) == Report(NOW, (), ())
