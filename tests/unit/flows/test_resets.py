"""A person's directory account: looked at, unlocked, set anew, watched to the last controller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows import resets
from keyturn.flows.resets import (
    Accounts,
    Asked,
    Choosing,
    Hindered,
    JobView,
    NoSecondStep,
    NotFound,
    NotSealed,
    ProofNeeded,
)
from keyturn.ports.directories import Look
from keyturn.rules.budgets import DIRECTORY_JOBS, DIRECTORY_LOOKS
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import (
    CHOOSE_MS,
    DEADLINE_MS,
    HOLD_MS,
    LAST_TRIES_MS,
    TRY_MS,
    UNTRIED_AFTER_MS,
    WATCH_MS,
    Envelope,
    JobState,
)
from keyturn.rules.directories.things import AgentState, Epoch
from keyturn.rules.lockout import HOUR
from keyturn.steps import sealing
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.directory_looks import LOOK_MS
from keyturn.steps.job_views import OLD_MS
from keyturn.steps.standby import LISTENER_AFTER_MS
from keyturn.steps.stepup import FRESH_MS
from keyturn.wire.messages import Permitted
from tests.unit.flows.domain import AFTER, BEFORE, CHART, GUID, NEEDS_MS, Domain, controller, host
from tests.unit.flows.house import House, run


@pytest.fixture
def domain(house: House) -> Domain:
    return Domain(house)


# -- who may


def test_a_person_sees_their_accounts_and_last_jobs(domain: Domain) -> None:
    view = domain.handed_in()
    seen = run(resets.accounts(*domain.me))
    assert isinstance(seen, Accounts)
    (account,) = seen.accounts
    assert (account.directory, account.name, account.hindered) == ("corp.example.test", "ada", None)
    assert account.waiting is None
    assert [job.id for job in seen.jobs] == [view.id]


def test_without_a_second_step_nothing_is_shown_or_changed(domain: Domain, house: House) -> None:
    eve = house.user("eve@northwind.test")
    browser = house.browser()
    me = (house.parts, browser.caller, house.signed(browser, eve, level=1))
    assert run(resets.accounts(*me)) == NoSecondStep()
    assert run(resets.start(*me, domain.directory.id)) == NoSecondStep()


def test_a_session_that_began_with_a_password_alone_proves_the_second_step_first(
    domain: Domain, house: House
) -> None:
    signed = house.signed(domain.browser, domain.ada, level=1)
    me = (house.parts, domain.browser.caller, signed)
    assert run(resets.accounts(*me)) == ProofNeeded(("totp",))
    assert run(resets.start(*me, domain.directory.id)) == ProofNeeded(("totp",))


def test_a_proof_of_long_ago_shows_and_changes_nothing(domain: Domain) -> None:
    job_id = domain.choosing().job.id
    domain.passes(FRESH_MS, domain.dc1, domain.dc2)
    assert isinstance(run(resets.accounts(*domain.me)), Accounts)
    for answer in (
        run(resets.start(*domain.me, domain.directory.id)),
        run(resets.unlock(*domain.me, domain.directory.id)),
        run(resets.submit(*domain.me, job_id, domain.sealed())),
    ):
        assert answer == ProofNeeded(("totp",))


def test_nobody_reaches_another_persons_job_account_or_look(domain: Domain, house: House) -> None:
    job_id = domain.choosing().job.id
    asked = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked, Asked)
    eve = house.user("eve@northwind.test")
    house.totp(eve)
    browser = house.browser()
    me = (house.parts, browser.caller, house.signed(browser, eve))
    assert run(resets.view(*me, job_id)) == NotFound()
    assert run(resets.submit(*me, job_id, domain.sealed())) == NotFound()
    assert run(resets.cancel(*me, job_id)) == NotFound()
    assert run(resets.look_answer(*me, asked.look_id)) == NotFound()
    for answer in (
        run(resets.start(*me, domain.directory.id)), run(resets.unlock(*me, domain.directory.id)),
        run(resets.ask_look(*me, domain.directory.id)), run(resets.view(*me, "none")),
    ):  # fmt: skip
        assert answer == NotFound()


def test_a_session_that_ended_and_a_frozen_account_change_nothing(
    domain: Domain, house: House
) -> None:
    job_id = domain.choosing().job.id
    house.change(domain.ada, frozen_at=house.clock.now())
    assert isinstance(run(resets.start(*domain.me, domain.directory.id)), Frozen)
    house.write(lambda tx: tx.sessions.end(domain.tenant.id, domain.ada.id, None))
    assert run(resets.view(*domain.me, job_id)) == SignedOut()
    assert run(resets.accounts(*domain.me)) == SignedOut()


# -- looking


def test_a_look_is_answered_by_the_primary_and_asked_once(domain: Domain) -> None:
    asked = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked, Asked)
    assert run(resets.ask_look(*domain.me, domain.directory.id)) == asked
    assert domain.work(domain.dc2).looks == ()
    (look,) = domain.work(domain.dc1).looks
    assert (look.look_id, look.guid, look.left_ms) == (asked.look_id, GUID, LOOK_MS)
    domain.answers(domain.dc1, look.look_id, '{"name": "ada"}')
    answer = run(resets.look_answer(*domain.me, asked.look_id))
    assert isinstance(answer, Look)
    assert (answer.view, answer.cause) == ('{"name": "ada"}', "")
    assert domain.work(domain.dc1).looks == ()


def test_a_look_that_nobody_answers_says_so(domain: Domain) -> None:
    asked = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked, Asked)
    domain.passes(LOOK_MS, domain.dc1)
    answer = run(resets.look_answer(*domain.me, asked.look_id))
    assert isinstance(answer, Look)
    assert (answer.view, answer.cause) == ("", "timeout")


def test_looks_and_jobs_have_their_budgets(domain: Domain) -> None:
    for _ in range(DIRECTORY_LOOKS.limit):
        asked = run(resets.ask_look(*domain.me, domain.directory.id))
        assert isinstance(asked, Asked)
        domain.answers(domain.dc1, asked.look_id, "{}")
    spent = run(resets.ask_look(*domain.me, domain.directory.id))
    assert spent == Hindered("spent", domain.house.clock.now() + HOUR)
    for _ in range(DIRECTORY_JOBS.limit):
        run(resets.cancel(*domain.me, domain.choosing().job.id))
    answer = run(resets.start(*domain.me, domain.directory.id))
    assert answer == Hindered("spent", domain.house.clock.now() + HOUR)
    assert domain.house.events(domain.ada)[-1] == "reset.refused"


def test_without_a_living_agent_nothing_is_begun(domain: Domain, house: House) -> None:
    heard = house.clock.now()
    house.clock.move(60_000)
    silent = Hindered("agent_silent", heard)
    assert run(resets.start(*domain.me, domain.directory.id)) == silent
    assert run(resets.unlock(*domain.me, domain.directory.id)) == silent
    assert run(resets.ask_look(*domain.me, domain.directory.id)) == silent
    for machine in (domain.dc1, domain.dc2):
        domain.change(machine, lambda agent: replace(agent, state=AgentState.REVOKED))
    assert run(resets.unlock(*domain.me, domain.directory.id)) == Hindered("no_agent")


def test_a_directory_without_its_identity_is_nothing_to_seal_to(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "recipients", lambda *_: ())
    assert run(resets.start(*domain.me, domain.directory.id)) == Hindered("no_agent")


# -- a reset


def test_a_reset_tells_what_to_seal_to_and_goes_on_in_another_page(domain: Domain) -> None:
    begun = domain.choosing()
    assert begun.identity == domain.again().identity
    assert {r.agent_id for r in begun.recipients} == {domain.dc1.id, domain.dc2.id}
    assert all(r.certificate and len(r.sealing_key) == 32 for r in begun.recipients)
    assert begun.job.ends_at == begun.expires_at - DEADLINE_MS
    again = run(resets.start(*domain.me, domain.directory.id))
    assert isinstance(again, Choosing)
    assert again.job.id == begun.job.id
    assert run(resets.accounts(*domain.me)).accounts[0].waiting is not None  # type: ignore[union-attr]


def test_what_is_handed_in_is_sealed_to_agents_that_can_open_it(domain: Domain) -> None:
    job_id = domain.choosing().job.id
    one, two = domain.sealed()
    wrong = (
        (), (one, one), (one, replace(two, agent_id="nobody")), (replace(one, enc=b""),),
        (Envelope(one.agent_id, one.enc, one.ciphertext + b"x"),),
    )  # fmt: skip
    for envelopes in wrong:
        assert run(resets.submit(*domain.me, job_id, envelopes)) == NotSealed()
    assert domain.view(job_id).state is JobState.CHOOSING
    view = domain.submit(job_id, domain.dc2)
    assert (view.state, view.deadline) == (JobState.QUEUED, domain.house.clock.now() + DEADLINE_MS)
    assert domain.submit(job_id, domain.dc2) == view
    unlock = domain.unlocked()
    assert run(resets.submit(*domain.me, unlock.id, domain.sealed())) == NotFound()


def test_a_password_chosen_too_late_is_told_so(domain: Domain, house: House) -> None:
    job_id = domain.choosing().job.id
    house.clock.move(CHOOSE_MS)
    domain.beat(domain.dc1)
    domain.signed = house.signed(domain.browser, domain.ada)
    assert domain.view(job_id).reason == "not_chosen"
    view = domain.submit(job_id)
    assert (view.state, view.cause) == (JobState.NOT_DONE, "directory.not-chosen")


def test_a_reset_is_done_proved_and_told(domain: Domain, house: House) -> None:
    view = domain.handed_in()
    (task,) = domain.work(domain.dc1).tasks
    assert task.sealed is not None
    assert task.sealed.ciphertext.startswith(domain.dc1.id.encode())
    assert (task.job_id, task.left_ms, task.unlock) == (view.id, DEADLINE_MS, True)
    assert domain.work(domain.dc2).tasks == ()
    assert domain.permit(domain.dc1, view.id) == Permitted(NEEDS_MS + 5_000, "")
    house.clock.move(1_000)
    assert domain.permit(domain.dc1, view.id) == Permitted(NEEDS_MS + 4_000, "")
    assert domain.work(domain.dc1).tasks == ()
    assert domain.view(view.id).state is JobState.PERMITTED
    domain.report(domain.dc1, view.id)
    done = domain.view(view.id)
    assert (done.state, done.cause, done.over) == (JobState.DONE, None, False)
    assert (done.settled_on, done.old_until) == (host("dc1"), house.clock.now() + OLD_MS)
    assert [(p.controller, p.state) for p in done.proofs] == [
        (host("dc1"), ProofState.PROVED), (host("dc2"), ProofState.WAITING),
        (host("dc3"), ProofState.READ_ONLY),
    ]  # fmt: skip
    letter = house.last("directory_changed")
    assert letter.values["account"] == "ada"
    assert letter.values["directory_kind"] == "active_directory"
    assert letter.values["notme"]
    assert [e for e in house.events(domain.ada) if e.startswith("reset.")] == [
        "reset.started", "reset.submitted", "reset.permitted", "reset.done",
    ]  # fmt: skip


def test_everywhere_comes_when_the_last_writable_controller_has_it(domain: Domain) -> None:
    view = domain.done()
    (watch,) = domain.work(domain.dc1).watches
    assert (watch.waiting, watch.attribute, watch.after) == ((host("dc2"),), "unicodePwd", AFTER)
    assert watch.sealed is not None
    domain.sees(domain.dc1, view.id, "dc2", ProofState.UNREACHABLE, None)
    domain.sees(domain.dc1, view.id, "dc2", ProofState.PROVED, 900)
    seen = domain.view(view.id)
    assert (seen.everywhere_at, seen.over) == (domain.house.clock.now(), True)
    assert [p.delay_ms for p in seen.proofs] == [0, 900, None]
    assert domain.stored(view.id).envelopes == ()
    assert domain.work(domain.dc1).watches == ()
    domain.sees(domain.dc1, view.id, "dc2", ProofState.WAITING)  # too late to matter
    assert domain.view(view.id) == seen


def test_a_listener_speaks_of_its_own_controller_and_proves_nothing(domain: Domain) -> None:
    dc3 = domain.listener()
    wide = replace(CHART, controllers=tuple(controller(f"dc{n}") for n in (1, 2, 3)))
    domain.chart(wide)
    view = domain.done()
    assert domain.work(dc3).watches == ()
    domain.passes(LISTENER_AFTER_MS, domain.dc1, dc3)
    (watch,) = domain.work(dc3).watches
    assert (watch.waiting, watch.sealed) == ((host("dc3"),), None)
    domain.sees(dc3, view.id, "dc3", ProofState.PROVED)
    domain.sees(dc3, view.id, "dc2", ProofState.ARRIVED)
    assert [p.state for p in domain.view(view.id).proofs][1:] == [ProofState.WAITING] * 2
    domain.sees(dc3, view.id, "dc3", ProofState.ARRIVED, 15_000)
    domain.sees(domain.dc1, view.id, "dc3", ProofState.UNREACHABLE)
    domain.sees(domain.dc1, view.id, "dc9", ProofState.PROVED)
    third = domain.view(view.id).proofs[2]
    assert (third.state, third.delay_ms) == (ProofState.ARRIVED, 15_000)
    domain.sees(domain.dc1, view.id, "dc3", ProofState.PROVED, 20_000)
    third = domain.view(view.id).proofs[2]
    assert (third.state, third.delay_ms) == (ProofState.PROVED, 15_000)
    assert domain.view(view.id).everywhere_at is None


def test_the_primary_still_tries_where_a_listener_saw_it_arrive_first(domain: Domain) -> None:
    dc3 = domain.listener()
    domain.chart(replace(CHART, controllers=(controller("dc1"), controller("dc3"))))
    view = domain.done()
    domain.sees(dc3, view.id, "dc3", ProofState.ARRIVED, 15_000)
    seen = domain.view(view.id)
    assert (seen.everywhere_at, seen.over) == (domain.house.clock.now(), False)
    (watch,) = domain.work(domain.dc1).watches
    assert watch.waiting == (host("dc3"),)
    assert watch.sealed is not None
    assert domain.work(dc3).watches == ()  # it has seen what it can see
    domain.house.clock.move(2_000)
    domain.sees(domain.dc1, view.id, "dc3", ProofState.PROVED, 17_000)
    after = domain.view(view.id)
    assert after.proofs[1].state is ProofState.PROVED
    assert (after.everywhere_at, after.over) == (seen.everywhere_at, True)
    assert domain.stored(view.id).envelopes == ()
    assert domain.house.events().count("reset.everywhere") == 1


def test_what_only_a_listener_reaches_is_over_soon_after(domain: Domain) -> None:
    dc3 = domain.listener()
    domain.chart(replace(CHART, controllers=(controller("dc1"), controller("dc3"))))
    view = domain.done()
    domain.sees(dc3, view.id, "dc3", ProofState.ARRIVED, 15_000)
    domain.passes(LAST_TRIES_MS, domain.dc1, dc3)
    assert domain.view(view.id).over
    assert domain.stored(view.id).envelopes == ()
    assert domain.work(domain.dc1).watches == ()


def test_a_listener_is_asked_at_once_where_the_primary_cannot_reach(domain: Domain) -> None:
    dc3 = domain.listener()
    domain.chart(replace(CHART, controllers=(controller("dc1"), controller("dc3"))))
    view = domain.done()
    domain.sees(domain.dc1, view.id, "dc3", ProofState.UNREACHABLE)
    assert domain.work(dc3).watches[0].waiting == (host("dc3"),)


def test_a_later_change_ends_the_watch(domain: Domain) -> None:
    view = domain.done()
    domain.sees(domain.dc1, view.id, "dc2", ProofState.CHANGED)
    seen = domain.view(view.id)
    assert (seen.reason, seen.over, seen.everywhere_at) == ("overtaken", True, None)


def test_a_watch_is_given_up_and_the_envelope_goes_before(domain: Domain) -> None:
    view = domain.done()
    domain.passes(TRY_MS, domain.dc1)
    assert domain.stored(view.id).envelopes == ()
    assert domain.work(domain.dc1).watches[0].sealed is None
    domain.passes(WATCH_MS, domain.dc1)
    assert domain.stored(view.id).reason == "given_up"
    assert domain.work(domain.dc1).watches == ()


def test_without_a_chart_only_the_controller_that_was_used_is_known(domain: Domain) -> None:
    domain.chart(None)
    view = domain.done()
    assert [(p.controller, p.site) for p in view.proofs] == [(host("dc1"), "")]
    assert view.everywhere_at is None


def test_what_was_set_and_not_tried_is_told_so(domain: Domain) -> None:
    view = domain.handed_in()
    domain.permit(domain.dc1, view.id)
    domain.report(domain.dc1, view.id, bound=False)
    seen = domain.view(view.id)
    assert (seen.unbound, seen.cause) == (True, "directory.unbound")
    assert seen.proofs[0].state is ProofState.ARRIVED


def test_a_refusal_is_told_in_its_own_reason(domain: Domain) -> None:
    view = domain.handed_in()
    domain.permit(domain.dc1, view.id)
    domain.report(
        domain.dc1, view.id, "not_done", reason="too_short", data={"minimum": 15}, diagnostic="52D"
    )
    seen = domain.view(view.id)
    assert (seen.state, seen.reason, seen.data) == (JobState.NOT_DONE, "too_short", {"minimum": 15})
    assert (seen.diagnostic, seen.cause, seen.over) == ("52D", "directory.too-short", True)
    assert domain.house.outbox("directory_changed") == []
    facts = domain.house.trail(domain.ada)[-1].facts
    assert facts["reason"] == "too_short"
    assert domain.stored(view.id).envelopes == ()


def test_a_newer_password_replaces_the_one_that_waits(domain: Domain) -> None:
    older = domain.handed_in()
    newer = domain.handed_in()
    assert domain.view(older.id).cause == "directory.superseded"
    assert domain.permit(domain.dc1, older.id) == Permitted(0, "superseded")
    assert [t.job_id for t in domain.work(domain.dc1).tasks] == [newer.id]


def test_one_at_a_time_on_an_account(domain: Domain) -> None:
    first = domain.handed_in()
    domain.permit(domain.dc1, first.id)
    second = domain.handed_in()
    assert domain.work(domain.dc1).tasks == ()
    assert domain.permit(domain.dc1, second.id) == Permitted(0, "busy")
    domain.report(domain.dc1, first.id)
    assert domain.permit(domain.dc1, second.id, before=AFTER).why == ""


def test_a_job_is_given_up_while_nobody_may_act(domain: Domain) -> None:
    first, second = domain.choosing().job, domain.unlocked()
    for view in (first, second):
        ended = run(resets.cancel(*domain.me, view.id))
        assert isinstance(ended, JobView)
        assert ended.cause == "directory.cancelled"
    third = domain.handed_in()
    domain.permit(domain.dc1, third.id)
    kept = run(resets.cancel(*domain.me, third.id))
    assert isinstance(kept, JobView)
    assert kept.state is JobState.PERMITTED


# -- who may act


def test_a_permit_is_for_the_primary_with_an_envelope_in_its_own_directory(
    domain: Domain, house: House
) -> None:
    view = domain.handed_in(domain.dc2)
    assert domain.work(domain.dc1).tasks == ()
    assert domain.permit(domain.dc1, view.id) == Permitted(0, "gone")
    assert domain.permit(domain.dc2, view.id) == Permitted(0, "lease")
    assert domain.permit(domain.dc1, "none") == Permitted(0, "gone")
    unlock = domain.unlocked()
    assert domain.permit(domain.dc1, unlock.id, epoch=Epoch(9, 9)) == Permitted(0, "lease")
    elsewhere = Domain.__mro__[1](house, "other.example.test")
    other = elsewhere.first("dc1")
    assert domain.permit(other, unlock.id) == Permitted(0, "gone")
    domain.report(other, unlock.id, "not_done")
    domain.sees(other, unlock.id, "dc1", ProofState.PROVED)
    asked = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked, Asked)
    domain.answers(other, asked.look_id, "{}")
    domain.answers(other, "none", "{}")
    assert domain.view(unlock.id).state is JobState.QUEUED
    assert domain.work(domain.dc1).looks != ()


def test_an_unlock_waits_its_turn_and_a_second_click_is_the_first(domain: Domain) -> None:
    unlock = domain.unlocked()
    assert domain.unlocked().id == unlock.id
    domain.house.clock.move(1)
    reset = domain.handed_in()
    assert [t.job_id for t in domain.work(domain.dc1).tasks] == [unlock.id]
    assert domain.permit(domain.dc1, reset.id) == Permitted(0, "busy")
    domain.permit(domain.dc1, unlock.id)
    domain.report(domain.dc1, unlock.id, bound=False, reason="already")
    seen = domain.view(unlock.id)
    assert (seen.state, seen.already, seen.old_until) == (JobState.DONE, True, None)
    assert seen.proofs[0].state is ProofState.ARRIVED
    assert domain.house.last("directory_changed").values["what"] == "unlock"
    assert [t.job_id for t in domain.work(domain.dc1).tasks] == [reset.id]


# -- what was not answered for


def test_an_open_job_is_settled_by_one_agent_after_everything_has_arrived(domain: Domain) -> None:
    view = domain.handed_in()
    left = domain.permit(domain.dc1, view.id).left_ms
    domain.passes(left, domain.dc1, domain.dc2)
    seen = domain.view(view.id)
    assert (seen.state, seen.cause) == (JobState.UNSETTLED, "directory.unsettled")
    assert domain.work(domain.dc1).unsettled == ()
    domain.passes(HOLD_MS, domain.dc1, domain.dc2)
    (open_job,) = domain.work(domain.dc1).unsettled
    assert (open_job.held_ms, open_job.before, open_job.controller) == (
        HOLD_MS,
        BEFORE,
        host("dc1"),
    )
    assert open_job.sealed is not None
    assert domain.work(domain.dc2).unsettled == ()
    domain.report(domain.dc1, view.id, "not_done", reason="unsent")
    assert domain.view(view.id).cause == "directory.interrupted"


def test_whoever_takes_over_settles(domain: Domain) -> None:
    view = domain.handed_in()
    domain.permit(domain.dc1, view.id)
    domain.passes(50_000, domain.dc2)
    (open_job,) = domain.work(domain.dc2).unsettled
    assert open_job.sealed is not None
    assert open_job.sealed.ciphertext.startswith(domain.dc2.id.encode())
    domain.report(domain.dc2, view.id, "changed")
    seen = domain.view(view.id)
    assert (seen.state, seen.cause) == (JobState.CHANGED, "directory.changed")
    assert domain.house.last("directory_changed").values["state"] == "changed"


def test_the_password_is_tried_by_whoever_has_it_and_then_the_stamp_decides(domain: Domain) -> None:
    view = domain.handed_in(domain.dc1)
    left = domain.permit(domain.dc1, view.id).left_ms
    domain.passes(46_000, domain.dc2)
    assert domain.permit(domain.dc2, "none").why == "gone"
    domain.passes(left, domain.dc1, domain.dc2)
    assert [u.job_id for u in domain.work(domain.dc1).unsettled] == [view.id]
    assert domain.work(domain.dc2).unsettled == ()
    domain.report(domain.dc2, view.id, "untried")
    assert domain.view(view.id).state is JobState.UNSETTLED
    domain.passes(UNTRIED_AFTER_MS, domain.dc2, domain.dc1)
    (blind,) = domain.work(domain.dc2).unsettled
    assert blind.sealed is None
    domain.report(domain.dc2, view.id, "untried")
    assert domain.view(view.id).cause == "directory.untried"


def test_with_nobody_alive_an_open_job_waits(domain: Domain) -> None:
    view = domain.handed_in()
    domain.permit(domain.dc1, view.id)
    domain.passes(DEADLINE_MS)
    assert domain.view(view.id).state is JobState.UNSETTLED
    domain.passes(HOUR)
    assert domain.work(domain.dc1).unsettled == ()


def test_a_job_that_nobody_takes_is_not_done_at_its_deadline(domain: Domain) -> None:
    view = domain.handed_in()
    domain.house.clock.move(DEADLINE_MS)
    assert domain.view(view.id).cause == "directory.deadline"
    domain.passes(0)
    assert domain.stored(view.id).state is JobState.NOT_DONE
    assert domain.stored(view.id).envelopes == ()


def test_every_cause_a_view_can_name_is_in_the_catalogue(domain: Domain) -> None:
    view = domain.handed_in()
    domain.permit(domain.dc1, view.id)
    domain.report(domain.dc1, view.id, "not_done", reason="unreachable", data={"cause": "tls_ca"})
    assert domain.view(view.id).cause == "directory.tls-ca"
    assert "directory.tls-ca" in BY_ID
