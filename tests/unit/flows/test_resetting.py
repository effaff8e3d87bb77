"""Staff start resets, unlock, require changes: nobody but the user ever chooses a password."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows import resets, resetting
from keyturn.flows.resetting import Asked, Hindered, Inactive, JobView, NotAllowed, NotFound
from keyturn.ports.directories import Look
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.directories.resets import JobKind, JobState
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import House, run


@pytest.fixture
def domain(house: House) -> Domain:
    return Domain(house)


def staff(domain: Domain, role: Role) -> Staff:
    person = domain.house.user(f"{role}@northwind.test", role=role)
    return Staff(caller=domain.house.browser().caller, user=person, role=role, level=2, fresh=True)


def of(domain: Domain) -> tuple[str, str]:
    return domain.ada.id, domain.directory.id


def test_a_reset_that_a_technician_starts_waits_for_the_user(domain: Domain) -> None:
    tess = staff(domain, Role.TECHNICIAN)
    view = run(resetting.start_for(domain.parts, tess, *of(domain)))
    assert isinstance(view, JobView)
    assert (view.state, view.started_by) == (JobState.CHOOSING, tess.user and tess.user.id)
    letter = domain.house.last("directory_started")
    assert (letter.values["account"], letter.values["directory"]) == ("ada", "corp.example.test")
    assert domain.work(domain.dc1).tasks == ()
    mine = domain.choosing()
    assert mine.job.id == view.id
    domain.done(domain.submit(view.id))
    seen = run(resetting.job(domain.parts, tess, view.id))
    assert isinstance(seen, JobView)
    assert seen.state is JobState.DONE
    trail = domain.house.trail(domain.ada)
    started = next(e for e in trail if e.event == "reset.started")
    assert started.actor_id == (tess.user and tess.user.id)


def test_an_unlock_and_a_required_change_go_at_once(domain: Domain) -> None:
    tess = staff(domain, Role.TECHNICIAN)
    unlock = run(resetting.unlock_for(domain.parts, tess, *of(domain)))
    assert isinstance(unlock, JobView)
    assert (unlock.kind, unlock.state) == (JobKind.UNLOCK, JobState.QUEUED)
    again = run(resetting.unlock_for(domain.parts, tess, *of(domain)))
    assert isinstance(again, JobView)
    assert again.id == unlock.id
    change = run(resetting.require_change_for(domain.parts, tess, *of(domain)))
    assert isinstance(change, JobView)
    assert (change.kind, change.must_change, change.unlock) == (
        JobKind.REQUIRE_CHANGE, True, False,
    )  # fmt: skip
    assert len(run(resetting.jobs_of(domain.parts, tess, domain.directory.id, None))) == 2
    assert len(run(resetting.jobs_of(domain.parts, tess, None, domain.ada.id))) == 2


def test_an_auditor_may_only_read_and_nobody_acts_on_a_higher_role(domain: Domain) -> None:
    view = domain.handed_in()
    anna = staff(domain, Role.AUDITOR)
    denied = NotAllowed(Why.NO_ROLE)
    assert run(resetting.start_for(domain.parts, anna, *of(domain))) == denied
    assert run(resetting.unlock_for(domain.parts, anna, *of(domain))) == denied
    assert run(resetting.require_change_for(domain.parts, anna, *of(domain))) == denied
    assert run(resetting.ask_look_for(domain.parts, anna, *of(domain))) == denied
    assert run(resetting.cancel(domain.parts, anna, view.id)) == denied
    assert isinstance(run(resetting.job(domain.parts, anna, view.id)), JobView)
    domain.house.write(lambda tx: tx.roles.grant(domain.tenant.id, domain.ada.id, Role.OWNER))
    tess = staff(domain, Role.TECHNICIAN)
    assert run(resetting.unlock_for(domain.parts, tess, *of(domain))) == NotAllowed(Why.RANK)
    assert domain.view(view.id).state is JobState.QUEUED


def test_what_is_not_there_is_not_found(domain: Domain) -> None:
    tess = staff(domain, Role.TECHNICIAN)
    ada, directory = of(domain)
    for user_id, directory_id in (
        ("nobody", directory), (domain.tenant.id, directory), (ada, "none"),
        (domain.house.random.id(0), directory),
    ):  # fmt: skip
        found = run(resetting.start_for(domain.parts, tess, user_id, directory_id))
        assert found == NotFound()
    assert run(resetting.job(domain.parts, tess, "none")) == NotFound()
    assert run(resetting.cancel(domain.parts, tess, "none")) == NotFound()
    assert run(resetting.look_answer(domain.parts, tess, "none")) == NotFound()


def test_another_tenants_staff_find_nothing(domain: Domain) -> None:
    view = domain.handed_in()
    tess = staff(domain, Role.TECHNICIAN)
    other = domain.house.add_tenant("elsewhere")
    away = replace(tess, caller=domain.house.browser(tenant=other).caller)
    assert run(resetting.start_for(domain.parts, away, *of(domain))) == NotFound()
    assert run(resetting.job(domain.parts, away, view.id)) == NotFound()
    assert run(resetting.cancel(domain.parts, away, view.id)) == NotFound()
    assert run(resetting.jobs_of(domain.parts, away, None, None)) == ()


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.UNVERIFIED])
def test_whoever_cannot_sign_in_cannot_be_asked_to_choose(domain: Domain, state: UserState) -> None:
    domain.house.change(domain.ada, state=state)
    tess = staff(domain, Role.TECHNICIAN)
    assert run(resetting.start_for(domain.parts, tess, *of(domain))) == Inactive(str(state))
    assert domain.house.outbox("directory_started") == []


def test_while_changes_are_frozen_no_reset_begins(domain: Domain) -> None:
    domain.house.change(domain.ada, frozen_at=domain.house.clock.now())
    tess = staff(domain, Role.TECHNICIAN)
    assert run(resetting.start_for(domain.parts, tess, *of(domain))) == Inactive("frozen")


def test_without_an_agent_staff_hear_so_at_once(domain: Domain) -> None:
    heard = domain.house.clock.now()
    domain.house.clock.move(60_000)
    tess = staff(domain, Role.TECHNICIAN)
    silent = Hindered("agent_silent", heard)
    assert run(resetting.start_for(domain.parts, tess, *of(domain))) == silent
    assert run(resetting.ask_look_for(domain.parts, tess, *of(domain))) == silent


def test_staff_can_look_and_give_up(domain: Domain) -> None:
    tess = staff(domain, Role.TECHNICIAN)
    asked = run(resetting.ask_look_for(domain.parts, tess, *of(domain)))
    assert isinstance(asked, Asked)
    domain.answers(domain.dc1, asked.look_id, "", "not_found")
    look = run(resetting.look_answer(domain.parts, tess, asked.look_id))
    assert isinstance(look, Look)
    assert (look.cause, look.asked_by) == ("not_found", tess.user and tess.user.id)
    view = run(resetting.start_for(domain.parts, tess, *of(domain)))
    assert isinstance(view, JobView)
    ended = run(resetting.cancel(domain.parts, tess, view.id))
    assert isinstance(ended, JobView)
    assert ended.reason == "cancelled"
    host = replace(tess, user=None, role=Role.OWNER)
    assert isinstance(run(resetting.ask_look_for(domain.parts, host, *of(domain))), Asked)


def test_a_user_takes_over_what_a_technician_started_and_cannot_be_read_by_either(
    domain: Domain,
) -> None:
    tess = staff(domain, Role.TECHNICIAN)
    run(resetting.start_for(domain.parts, tess, *of(domain)))
    seen = run(resets.accounts(*domain.me))
    assert isinstance(seen, resets.Accounts)
    waiting = seen.accounts[0].waiting
    assert waiting is not None
    assert waiting.started_by is not None
    assert not hasattr(waiting, "envelopes")
