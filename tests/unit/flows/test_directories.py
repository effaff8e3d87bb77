"""What staff do about directories and agents, and what they see of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import directories as flows
from keyturn.flows.directories import BadName, Invited, Known, NotAllowed, NotFound, Revoked
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from keyturn.rules.directories import topology
from keyturn.rules.directories.names import Unnamed
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import JobState, Proof
from keyturn.rules.directories.things import AgentRole, AgentState, Directory
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.steps import agents
from keyturn.steps.directory_views import DirectoryPage, DirectoryRow
from tests.unit.adapters.test_directories_contract import make_job
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.web.corp import DOMAIN, Corp, host


@pytest.fixture
def corp(house: House) -> Corp:
    """A directory with two candidates; the first is primary."""
    return Corp(house.write, house.parts, house.tenant)


@pytest.fixture
def manager(house: House) -> Staff:
    return staff_of(house)


def row(house: House, staff: Staff) -> DirectoryRow:
    """The only directory, as the list shows it."""
    (found,) = run(flows.everyone(house.parts, staff))
    return found


def page(house: House, staff: Staff, directory: Directory) -> DirectoryPage:
    found = run(flows.one(house.parts, staff, directory.id))
    assert isinstance(found, DirectoryPage)
    return found


# -- adding


def test_a_directory_is_added_by_its_dns_name_once(house: House, manager: Staff) -> None:
    made = run(flows.add(house.parts, manager, " Corp.Example.TEST. "))
    assert isinstance(made, Directory)
    assert (made.name, made.identity) == ("corp.example.test", None)
    assert run(flows.add(house.parts, manager, "corp.example.test")) == Known(made)
    assert [r.directory for r in run(flows.everyone(house.parts, manager))] == [made]
    assert house.events() == [Event.DIRECTORY_ADDED]
    assert row(house, manager).standing == "new"


@pytest.mark.parametrize(("typed", "why"), [("CORP", Unnamed.SHORT), ("", Unnamed.EMPTY)])
def test_a_name_that_is_no_domains_is_refused(
    house: House, manager: Staff, typed: str, why: Unnamed
) -> None:
    assert run(flows.add(house.parts, manager, typed)) == BadName(why)
    assert run(flows.everyone(house.parts, manager)) == ()


def test_what_a_directory_of_another_tenant_is_called_is_no_hindrance(house: House) -> None:
    other = house.add_tenant("fabrikam")
    for tenant in (house.tenant, other):
        made = run(flows.add(house.parts, staff_of(house, tenant=tenant), "corp.example.test"))
        assert isinstance(made, Directory)
        assert made.tenant_id == tenant.id


# -- letting agents in


@pytest.mark.parametrize("role", AgentRole)
def test_a_token_lets_one_in_and_only_its_digest_is_kept(
    house: House, corp: Corp, manager: Staff, role: AgentRole
) -> None:
    made = run(flows.invite(house.parts, manager, corp.directory.id, role))
    assert isinstance(made, Invited)
    (token,) = page(house, manager, corp.directory).tokens
    assert token.digest == house.sealer.digest(agents.TOKEN, made.token)
    assert (token.role, token.expires_at) == (role, house.clock.now() + DAY)
    assert token.made_by == (manager.user and manager.user.id)
    assert made.token not in house.dump("enrolments", "audit")
    assert house.events() == [Event.AGENT_INVITED]


def test_a_command_on_the_host_makes_a_token_in_the_tenants_name(house: House, corp: Corp) -> None:
    here = replace(staff_of(house, Role.OWNER), user=None)
    run(flows.invite(house.parts, here, corp.directory.id, AgentRole.LISTENER))
    (token,) = page(house, here, corp.directory).tokens
    assert token.made_by == house.tenant.id


# -- revoking


def test_a_revoked_agent_is_not_heard_any_more_and_the_lease_runs_out(
    house: House, corp: Corp, manager: Staff
) -> None:
    first, place = corp.agents[0], corp.directory.id
    gone = run(flows.revoke(house.parts, manager, place, first.id))
    assert isinstance(gone, Revoked)
    assert (gone.agent.state, gone.agent.revoked_at) == (AgentState.REVOKED, house.clock.now())
    seen = row(house, manager)
    assert [r.standing for r in seen.agents] == ["revoked", "living"]
    assert (seen.standing, seen.primary) == ("leaderless", None)
    lease = house.write(lambda tx: tx.directories.lease(house.tenant.id, place))
    assert lease is not None
    assert lease.until > house.clock.now()
    assert run(flows.revoke(house.parts, manager, place, first.id)) == gone
    assert house.events() == [Event.AGENT_REVOKED]


def test_an_agent_of_another_directory_is_not_found(
    house: House, corp: Corp, manager: Staff
) -> None:
    other = Corp(house.write, house.parts, house.tenant, domain="lab.example.test")
    for place, agent in ((corp, other.agents[0].id), (corp, "0" * 26)):
        answer = run(flows.revoke(house.parts, manager, place.directory.id, agent))
        assert answer == NotFound()


# -- rights and walls

ACTS: list[Callable[[House, Staff, Corp], Coroutine[Any, Any, Any]]] = [
    lambda h, s, c: flows.add(h.parts, s, "new.example.test"),
    lambda h, s, c: flows.invite(h.parts, s, c.directory.id, AgentRole.CANDIDATE),
    lambda h, s, c: flows.revoke(h.parts, s, c.directory.id, c.agents[0].id),
]


@pytest.mark.parametrize("act", ACTS, ids=["add", "invite", "revoke"])
@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_only_owners_and_managers_act(house: House, corp: Corp, act: Any, role: Role) -> None:
    assert run(act(house, staff_of(house, role), corp)) == NotAllowed(Why.NO_ROLE)
    assert house.events() == []


def test_nothing_of_another_tenants_directory_is_found(house: House, corp: Corp) -> None:
    stranger = staff_of(house, Role.OWNER, house.add_tenant("fabrikam"))
    place, agent = corp.directory.id, corp.agents[0].id
    assert run(flows.everyone(house.parts, stranger)) == ()
    assert run(flows.one(house.parts, stranger, place)) == NotFound()
    assert run(flows.invite(house.parts, stranger, place, AgentRole.CANDIDATE)) == NotFound()
    assert run(flows.revoke(house.parts, stranger, place, agent)) == NotFound()


# -- how it stands


def test_a_directory_stands_as_its_agents_do(house: House, corp: Corp, manager: Staff) -> None:
    assert row(house, manager).standing == "served"
    house.clock.move(44_999)
    assert row(house, manager).standing == "served"
    house.clock.move(1)
    seen = row(house, manager)
    assert (seen.standing, seen.primary, seen.until) == ("silent", None, None)
    assert [r.standing for r in seen.agents] == ["silent", "silent"]


@pytest.mark.parametrize(
    ("fields", "agent", "directory"),
    [
        ({"state": AgentState.WAITING}, "waiting", "waiting"),
        ({"clone_at": 1}, "cloned", "silent"),
        ({"state": AgentState.REVOKED}, "revoked", "new"),
        ({}, "living", "served"),
    ],
)
def test_an_agent_stands_as_what_is_known_of_it(
    house: House, manager: Staff, fields: dict[str, Any], agent: str, directory: str
) -> None:
    corp = Corp(house.write, house.parts, house.tenant, agents=("dc1",))
    house.write(lambda tx: tx.agents.update(replace(corp.agents[0], **fields)))
    seen = row(house, manager)
    assert ([r.standing for r in seen.agents], seen.standing) == ([agent], directory)


CHART = Topology(
    DOMAIN, "CORP", "DC=x", "", policy_hints=False, links=(),
    controllers=(
        Controller(host("dc2"), "B", "a2" * 16, False, True, True, pdc=False),
        Controller(host("dc1"), "a", "a1" * 16, False, True, True, pdc=True),
        Controller(host("dc0"), "a", "a0" * 16, False, True, True, pdc=False),
        Controller(host("old"), "a", "", False, False, True, pdc=False),
        Controller(host("ro"), "B", "a4" * 16, True, True, True, pdc=False),
        Controller(host("far"), "c", "a5" * 16, False, True, True, pdc=False),
    ),
)  # fmt: skip


def test_controllers_are_shown_as_the_primary_reaches_them(
    house: House, corp: Corp, manager: Staff
) -> None:
    charted = replace(
        corp.directory, topology=topology.encode(CHART), topology_at=house.clock.now(),
        reachable=f'{{"{host("dc1")}": "", "{host("dc0")}": "timeout", "{host("ro")}": ""}}',
    )  # fmt: skip
    house.write(lambda tx: tx.directories.update(charted))
    seen = page(house, manager, corp.directory)
    assert [(c.host, c.state, c.cause, c.agents) for c in seen.controllers] == [
        (host("dc1"), "reached", "", ("dc1",)),
        (host("dc0"), "unreachable", "timeout", ()),
        (host("old"), "left_over", "", ()),
        (host("dc2"), "unknown", "", ("dc2",)),
        (host("ro"), "read_only", "", ()),
        (host("far"), "unknown", "", ()),
    ]
    assert seen.chart == CHART


def test_the_newest_delay_that_was_measured_is_shown(
    house: House, corp: Corp, manager: Staff
) -> None:
    now = house.clock.now()
    ada = house.user()
    account = corp.link(ada, "ada")

    def put(delays: dict[str, tuple[ProofState, int | None]], state: JobState) -> None:
        house.clock.move(MINUTE)
        job = make_job(account, id=house.random.id(house.clock.now()), state=state)

        def step(tx: Any) -> None:
            tx.jobs.add(job)
            for name, (seen, delay) in delays.items():
                tx.jobs.put_proof(job.tenant_id, job.id, Proof(host(name), "", seen, now, delay))

        house.write(step)

    put({"dc1": (ProofState.PROVED, 10), "dc2": (ProofState.ARRIVED, 20)}, JobState.DONE)
    put({"dc1": (ProofState.PROVED, 11), "dc2": (ProofState.WAITING, None)}, JobState.DONE)
    put({"dc1": (ProofState.CHANGED, 12), "dc3": (ProofState.PROVED, None)}, JobState.DONE)
    put({"dc1": (ProofState.PROVED, 13)}, JobState.CHANGED)
    seen = page(house, manager, corp.directory).controllers
    delays = {c.host: c.delay_ms for c in seen}
    assert delays == {host("dc1"): 11, host("dc2"): 20, host("dc3"): None, host("dc4"): None}


def test_before_the_first_report_there_is_no_map(house: House, manager: Staff) -> None:
    made = run(flows.add(house.parts, manager, DOMAIN))
    assert isinstance(made, Directory)
    seen = page(house, manager, made)
    assert (seen.chart, seen.controllers, seen.tokens) == (None, (), ())
