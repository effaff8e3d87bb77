"""Jobs at their edges: agents that are not listened to, people and tenants that are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.things import Agent, AgentState
from keyturn.steps import jobs, standby
from keyturn.wire.messages import AskPermit, Permitted, Report
from tests.unit.flows.domain import AFTER, BEFORE, Domain, host
from tests.unit.flows.house import House


@pytest.fixture
def domain(house: House) -> Domain:
    return Domain(house)


@pytest.mark.parametrize("state", [AgentState.REVOKED, AgentState.WAITING])
def test_an_agent_that_is_not_listened_to_gets_and_changes_nothing(
    domain: Domain, house: House, state: AgentState
) -> None:
    view = domain.unlocked()
    agent: Agent = replace(domain.stored(domain.dc1), state=state)
    act = jobs.by_agent(house.parts, house.tenant, agent, "192.0.2.10", house.clock.now())
    ask = AskPermit(view.id, domain.dc1.run_id, domain.epoch, BEFORE, host("dc1"), 1)
    told = Report(
        view.id, domain.dc1.run_id, domain.epoch, "done", "", {}, "", AFTER, bound=True
    )  # fmt: skip
    lease = house.write(lambda tx: tx.directories.lease(house.tenant.id, domain.directory.id))
    assert house.write(lambda tx: jobs.permit(tx, act, agent, ask)) == Permitted(0, "gone")
    assert house.write(lambda tx: jobs.report(tx, act, agent, told)) == "gone"
    nothing = house.write(lambda tx: standby.work(tx, agent, lease, house.clock.now()))
    assert nothing == standby.NOTHING
    assert domain.view(view.id).state is JobState.QUEUED


def test_a_job_of_somebody_who_is_gone_ends_without_a_letter(domain: Domain, house: House) -> None:
    made = domain.job(user_id="0" * 26)
    assert domain.permit(domain.dc1, made.id).why == ""
    domain.report(domain.dc1, made.id)
    assert domain.stored(made.id).state is JobState.DONE
    assert house.outbox() == []


def test_a_job_of_a_tenant_that_is_gone_is_passed_over(domain: Domain, house: House) -> None:
    made = domain.job(tenant_id="0" * 26, guid="cd" * 16)
    house.clock.move(10**6)
    swept = house.write(lambda tx: jobs.sweep(tx, house.parts, house.clock.now(), 10))
    assert swept == 1
    kept = house.write(lambda tx: tx.jobs.get("0" * 26, made.id))
    assert kept is not None
    assert kept.state is JobState.QUEUED


def test_an_approved_agent_is_told_who_waits(domain: Domain, house: House) -> None:
    waiting = domain.machine("dc4")
    domain.enrol(waiting)
    (applicant,) = domain.work(domain.dc1).applicants
    assert (applicant.agent_id, applicant.name) == (waiting.id, "dc4")
    agent = domain.stored(domain.dc1)
    again = house.write(lambda tx: standby.applicants(tx, agent))
    assert again == (applicant,)
    stranger = replace(agent, state=AgentState.WAITING)
    assert house.write(lambda tx: standby.applicants(tx, stranger)) == ()
