"""A domain of three controllers that is well, and every way in which it may not be.

A fault changes what the server and the agents would see of it, and nothing else; `host` says
where, if it has a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import (
    Account,
    AgentSight,
    Facts,
    Heard,
    ListenerSight,
    Partner,
    PrimarySight,
    Probe,
    Rights,
    ServerSight,
    Told,
    Way,
)
from keyturn.rules.directories.health.forest import arrange
from keyturn.rules.directories.things import AgentRole, AgentState
from keyturn.rules.directories.topology import Controller, Link, Topology
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.health.words import DAY, HOUR, MINUTE

NOW = 1_790_000_000_000
DC1, DC2, DC3, OLD = (f"dc{n}.corp.test" for n in (1, 2, 3, 9))
HOSTS = (DC1, DC2, DC3)
STAFF, SALES = "OU=Staff,DC=corp,DC=test", "OU=Sales,DC=corp,DC=test"
BEAT, LOOK = NOW - 4_000, NOW - 20_000
TOPOLOGY = Topology(
    domain="corp.test", netbios="CORP", base="DC=corp,DC=test", vendor="Samba", policy_hints=False,
    controllers=(
        Controller(DC1, "Main", "a1", False, True, True, True),
        Controller(DC2, "Main", "a2", False, True, True, False),
        Controller(DC3, "Branch", "a3", False, True, True, False),
    ),
    links=(Link("Main-Branch", ("Main", "Branch"), 100, 15),),
)  # fmt: skip


def agent_of(host: str) -> str:
    """The name of the agent beside a controller."""
    return f"agent-{host.partition('.')[0]}"


def agent(host: str, role: AgentRole = AgentRole.LISTENER) -> AgentSight:
    place = f"{host.partition('.')[0]} (192.0.2.10)"
    return AgentSight(agent_of(host), host, role, AgentState.ACTIVE, place, BEAT, "1.0", 120)


def probe(host: str) -> Probe:
    return Probe("TLSv1.2", "TLSv1.3", True, True, "CN=Corp CA", (host,), NOW + 200 * DAY)


def way(host: str) -> Way:
    return Way(host, "", answers=(389, 88, 445), probe=probe(host), ahead_ms=-40)


def beside(host: str) -> Heard:
    partners = tuple(Partner(other, 30_000, 0, 0, 0) for other in HOSTS if other != host)
    return Heard(agent_of(host), LOOK, ListenerSight(host, "", -90, partners))


WELL = Facts(
    at=NOW,
    server=ServerSight(
        "corp.test", "1.0", (agent(DC1, AgentRole.CANDIDATE), agent(DC2), agent(DC3)), agent_of(DC1)
    ),
    primary=PrimarySight(
        topology=TOPOLOGY, ways=tuple(map(way, HOSTS)),
        rights=tuple(Rights(unit, True, True, True, True) for unit in (STAFF, SALES)),
        policy=True, unreadable=(), account=Account("svc-keyturn", None),
    ),
    primary_at=LOOK,
    beside=tuple(map(beside, HOSTS)),
)  # fmt: skip


# -- changing one thing


def server(facts: Facts, **changes: Any) -> Facts:
    return replace(facts, server=replace(facts.server, **changes))


def seen(facts: Facts, **changes: Any) -> Facts:
    """What the primary sees."""
    assert facts.primary
    return replace(facts, primary=replace(facts.primary, **changes))


def an_agent(facts: Facts, host: str, **changes: Any) -> Facts:
    """The agent beside a controller, if there is one."""
    agents = tuple(
        replace(a, **changes) if a.controller == host else a for a in facts.server.agents
    )
    return server(facts, agents=agents)


def a_way(facts: Facts, host: str, change: Callable[[Way], Way]) -> Facts:
    assert facts.primary
    return seen(facts, ways=tuple(change(w) if w.host == host else w for w in facts.primary.ways))


def unheard(facts: Facts, host: str) -> Facts:
    """Nobody beside a controller says anything any more."""
    return replace(facts, beside=tuple(h for h in facts.beside if h.sight.controller != host))


def a_sight(facts: Facts, host: str, **changes: Any) -> Facts:
    """What is said beside a controller, if anything."""
    return replace(
        facts,
        beside=tuple(
            replace(h, sight=replace(h.sight, **changes)) if h.sight.controller == host else h
            for h in facts.beside
        ),
    )


def no_line(facts: Facts, host: str) -> Facts:
    """No changes to or from a controller."""
    for heard in facts.beside:
        partners = tuple(
            replace(p, silent_ms=40 * MINUTE, failures=5, error=1722, lag_ms=40 * MINUTE)
            if host in {p.host, heard.sight.controller}
            else p
            for p in heard.sight.partners or ()
        )
        facts = a_sight(facts, heard.sight.controller, partners=partners)
    return facts


# -- the faults of the list


def agent_stopped(facts: Facts, host: str) -> Facts:
    return unheard(an_agent(facts, host, heard_at=NOW - 20 * MINUTE), host)


def listener_missing(facts: Facts, host: str) -> Facts:
    agents = tuple(a for a in facts.server.agents if a.controller != host)
    return unheard(server(facts, agents=agents), host)


def second_primary(facts: Facts, _host: str) -> Facts:
    return an_agent(facts, DC1, second_at=NOW - 9 * MINUTE, second_place="dc8 (192.0.2.18)")


def netbios_name(facts: Facts, _host: str) -> Facts:
    return server(facts, name="CORP")


def _certificate(facts: Facts, host: str, cause: str, **changes: Any) -> Facts:
    """The agent stumbles over the first fault; the probe sees each."""

    def change(way: Way) -> Way:
        if way.probe is None:
            return way
        return replace(way, cause=way.cause or cause, probe=replace(way.probe, **changes))

    return a_way(facts, host, change)


def old_tls(facts: Facts, host: str) -> Facts:
    return _certificate(facts, host, "tls_old", oldest="TLSv1", newest="TLSv1.1")


def expired(facts: Facts, host: str) -> Facts:
    return _certificate(facts, host, "tls_expired", ends_at=NOW - DAY)


def wrong_ca(facts: Facts, host: str) -> Facts:
    return _certificate(facts, host, "tls_ca", trusted=False, issuer="CN=Another CA")


def wrong_name(facts: Facts, host: str) -> Facts:
    return _certificate(facts, host, "tls_name", named=False, names=("old.corp.test",))


def port_blocked(facts: Facts, host: str) -> Facts:
    def change(way: Way) -> Way:
        return replace(way, cause="timeout", probe=None, ahead_ms=None)

    return a_way(facts, host, change)


def decommissioned(facts: Facts, _host: str) -> Facts:
    assert facts.primary
    left = Controller(OLD, "Branch", "", False, False, True, False)
    chart = facts.primary.topology
    return seen(facts, topology=replace(chart, controllers=(*chart.controllers, left)))


def dead(facts: Facts, host: str) -> Facts:
    """The machine is off, and with it the agent on it."""

    def change(way: Way) -> Way:
        return Way(way.host, "timeout")

    return agent_stopped(a_way(no_line(facts, host), host, change), host)


def replication_stopped(facts: Facts, host: str) -> Facts:
    return no_line(facts, host)


def rights_missing(facts: Facts, _host: str) -> Facts:
    assert facts.primary
    assert facts.primary.rights
    staff, sales = facts.primary.rights
    return seen(facts, rights=(staff, replace(sales, lockout=False)))


def policy_unreadable(facts: Facts, _host: str) -> Facts:
    return seen(facts, unreadable=("Executives",))


def clock_off(facts: Facts, host: str) -> Facts:
    """The agent's, not that of the controller beside it."""
    return a_sight(an_agent(facts, host, ahead_ms=12 * MINUTE), host, ahead_ms=-12 * MINUTE)


def disk_full(facts: Facts, host: str) -> Facts:
    return an_agent(facts, host, told=Told(disk_free=3 * 10**7))


@dataclass(frozen=True)
class Fault:
    """A fault, and the root that it must show.

    Attributes:
        cause, subject: of the root; "{host}", "{agent}" where it is.
        hides: what cannot be seen of the same controller because of it.
    """

    do: Callable[[Facts, str], Facts]
    cause: str
    subject: str = ""
    hides: tuple[str, ...] = ()

    def root(self, host: str) -> tuple[str, str]:
        return self.cause, self.subject.format(host=host, agent=agent_of(host))


_TLS = ("old TLS", "expired", "wrong CA", "wrong name")
_MACHINE = ("clock off", "disk full")
FAULTS = {
    "agent stopped": Fault(agent_stopped, "agent.silent", "{agent}", _MACHINE),
    "listener missing": Fault(
        listener_missing, "listener.missing", "{host}", ("agent stopped", *_MACHINE)
    ),
    "second primary": Fault(second_primary, "second.refused", agent_of(DC1)),
    "NetBIOS name": Fault(netbios_name, "domain-name.short"),
    "old TLS": Fault(old_tls, "tls.old", "{host}"),
    "expired": Fault(expired, "end.expired", "{host}"),
    "wrong CA": Fault(wrong_ca, "chain.untrusted", "{host}"),
    "wrong name": Fault(wrong_name, "name.other", "{host}"),
    "port blocked": Fault(port_blocked, "port.blocked", "{host}", _TLS),
    "decommissioned": Fault(decommissioned, "left-over.settings", OLD),
    "dead": Fault(
        dead, "controller.dead", "{host}",
        (*_TLS, *_MACHINE, "port blocked", "agent stopped", "replication stopped"),
    ),
    "replication stopped": Fault(replication_stopped, "replication.stopped", "{host}"),
    "rights missing": Fault(rights_missing, "rights.missing", SALES),
    "policy unreadable": Fault(policy_unreadable, "fine-policy.unreadable", "Executives"),
    "clock off": Fault(clock_off, "clock.wrong", "{agent}"),
    "disk full": Fault(disk_full, "disk.full", "{agent}"),
}  # fmt: skip


# -- everything else that may be


def report(facts: Facts) -> Report:
    return arrange(judge(facts), facts.at)


def roots(facts: Facts) -> list[tuple[str, str]]:
    return [(root.finding.cause, root.finding.subject) for root in report(facts).roots]


def with_cause(cause: str, host: str = DC2, **changes: Any) -> Facts:
    """The way to a controller ends so, and no probe was made."""
    return a_way(WELL, host, lambda w: replace(replace(w, cause=cause, probe=None), **changes))


def with_probe(cause: str = "", **changes: Any) -> Facts:
    return a_way(
        WELL, DC2, lambda way: replace(way, cause=cause, probe=replace(probe(DC2), **changes))
    )


def _of_agents() -> Iterator[Facts]:
    yield server(WELL, agents=(), primary="")
    yield server(WELL, primary="")
    yield agent_stopped(server(WELL, primary=""), DC1)
    yield an_agent(WELL, DC2, heard_at=None, version="")
    yield an_agent(WELL, DC2, heard_at=None, version="0.9", state=AgentState.WAITING)
    yield an_agent(WELL, DC2, cloned_at=NOW - DAY)
    yield an_agent(WELL, DC2, state=AgentState.REVOKED)
    yield an_agent(WELL, DC2, version="0.9", ahead_ms=None)
    yield an_agent(WELL, DC2, ahead_ms=-2 * MINUTE)
    yield an_agent(WELL, DC2, told=Told(journal_lost=True, stopped=("sync", "bell")))
    yield an_agent(WELL, DC1, second_at=NOW - HOUR, told=Told(disk_free=1))
    yield an_agent(WELL, DC1, second_at=NOW - 1)


def _of_ways() -> Iterator[Facts]:
    for cause in ("name", "gone", "refused", "timeout", "tls_old", "tls", "tls_ca", "tls_name",
                  "tls_expired", "credentials", "", "unheard-of"):  # fmt: skip
        yield with_cause(cause)
        yield unheard(with_cause(cause, answers=()), DC2)
    yield with_probe(oldest="TLSv1")
    yield with_probe(ends_at=NOW + DAY)
    yield with_probe("tls_expired")
    yield with_probe("tls", newest="", oldest="", trusted=None, named=None, ends_at=None)
    for host in HOSTS:
        yield seen(WELL, ways=tuple(way(other) for other in HOSTS if other != host))
    everywhere = WELL
    for host in HOSTS:
        everywhere = a_way(everywhere, host, lambda w: replace(w, cause="credentials"))
    yield seen(everywhere, rights=None, policy=None, unreadable=None, account=None)
    shut = WELL
    for host in HOSTS:
        shut = port_blocked(shut, host)
    yield seen(shut, rights=None, policy=None, unreadable=None, account=None)


def _of_clocks() -> Iterator[Facts]:
    def all_ahead(ms: int) -> Facts:
        facts = WELL
        for host in HOSTS:
            facts = an_agent(facts, host, ahead_ms=ms)
        return facts

    yield all_ahead(10 * MINUTE)
    yield all_ahead(-2 * MINUTE)
    yield a_sight(WELL, DC2, ahead_ms=10 * MINUTE)
    yield a_sight(WELL, DC2, ahead_ms=-2 * MINUTE)
    yield a_sight(an_agent(WELL, DC1, ahead_ms=None), DC2, ahead_ms=None)
    yield a_sight(a_way(WELL, DC2, lambda w: replace(w, ahead_ms=None)), DC2, ahead_ms=None)


def _of_replication() -> Iterator[Facts]:
    def partners(*found: Partner) -> Facts:
        return a_sight(WELL, DC2, partners=found)

    yield a_sight(WELL, DC2, partners=None)
    yield partners(Partner(DC1, None, 1, 8457, None))
    yield partners(Partner(DC1, 1_000, 0, 0, 10 * MINUTE))
    yield partners(Partner(DC3, 1_000, 0, 0, 10 * MINUTE))
    yield partners(Partner(DC1, 1_000, 0, 0, 2 * HOUR))
    yield a_sight(decommissioned(WELL, ""), DC2, partners=(Partner(OLD, None, 9, 1722, None),))


def _of_the_whole() -> Iterator[Facts]:
    assert WELL.primary
    for name in ("CORP", "192.0.2.1", "other.test", "Corp.Test."):
        yield server(WELL, name=name)
    yield server(replace(WELL, primary=None, primary_at=None, beside=()), name="CORP")
    yield server(replace(WELL, primary=None, primary_at=None, beside=()), agents=(), primary="")
    yield replace(WELL, primary=None, primary_at=None)
    yield replace(WELL, primary_at=NOW - HOUR, beside=())
    yield seen(WELL, account=Account("svc-keyturn", NOW + DAY))
    yield seen(WELL, rights=(Rights(STAFF, False, False, False, False),), policy=False)
    half = Controller(OLD, "Main", "dd", False, True, False, False)
    rodc = Controller("dc7.corp.test", "Branch", "cc", True, True, True, False)
    yield seen(WELL, topology=replace(TOPOLOGY, controllers=(*TOPOLOGY.controllers, half, rodc)))


def scenes() -> Iterator[Facts]:
    """All of them."""
    yield WELL
    for fault in FAULTS.values():
        yield fault.do(WELL, DC2)
    for room in (_of_agents, _of_ways, _of_clocks, _of_replication, _of_the_whole):
        yield from room()


def everything() -> Iterator[tuple[Finding, ...]]:
    """What is found in each scene."""
    return (judge(facts) for facts in scenes())
