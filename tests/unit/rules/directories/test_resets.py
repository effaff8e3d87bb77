"""The life of one job: what may happen to it when, and what of it a page shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.directories import resets
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import (
    DEADLINE_MS,
    FINAL,
    HOLD_MS,
    LAST_TRIES_MS,
    SLACK_MS,
    TABLE,
    TRY_MS,
    UNTRIED_AFTER_MS,
    WATCH_MS,
    Ask,
    Cancel,
    Envelope,
    Job,
    JobKind,
    JobState,
    Outcome,
    Permit,
    Proof,
    Submit,
    Supersede,
    Tick,
    Told,
    What,
    decide,
    due_at,
    settles_at,
    shown,
    superseded_by,
    watched,
    watching,
)
from keyturn.rules.directories.things import Epoch, Lease

NOW = 1_000_000
EPOCH = Epoch(1, 7)
BEFORE, AFTER = Stamp(3, "aa", 10, 100), Stamp(4, "aa", 20, 101)
SEALED = (Envelope("a", b"e", b"c"),)
LEASE = Lease("d", "a", "run", EPOCH, NOW + 40_000)
PERMIT = Permit("a", "run", EPOCH, BEFORE, "dc1", NOW, NOW + 15_000)
ENDED = PERMIT.until + HOLD_MS


def job(state: JobState = JobState.QUEUED, **fields: Any) -> Job:
    plain: dict[str, Any] = {
        "id": "1", "tenant_id": "t", "directory_id": "d", "user_id": "u", "guid": "g",
        "kind": JobKind.RESET, "state": state, "started_by": None, "must_change": False,
        "unlock": True, "created_at": NOW, "expires_at": NOW + 900_000,
        "deadline": None if state is JobState.CHOOSING else NOW + DEADLINE_MS,
        "envelopes": () if state in FINAL else SEALED,
        "permit": PERMIT if state in {JobState.PERMITTED, JobState.UNSETTLED} else None,
        "reason": "", "detail": "", "after": None,
        "finished_at": NOW if state in FINAL else None, "everywhere_at": None,
    }  # fmt: skip
    return Job(**{**plain, **fields})


def ask(**fields: Any) -> Ask:
    plain: dict[str, Any] = {
        "agent_id": "a", "run_id": "run", "epoch": EPOCH, "before": BEFORE, "controller": "dc1",
        "needs_ms": 10_000, "lease": LEASE, "others": (),
    }  # fmt: skip
    return Ask(**{**plain, **fields})


def told(outcome: Outcome = Outcome.DONE, **fields: Any) -> Told:
    plain: dict[str, Any] = {
        "agent_id": "a", "run_id": "run", "outcome": outcome, "reason": "", "data": {},
        "diagnostic": "", "after": AFTER if outcome is Outcome.DONE else None, "bound": True,
        "lease": LEASE, "could_try": frozenset("a"),
    }  # fmt: skip
    return Told(**{**plain, **fields})


def test_every_state_but_the_three_answers_is_left_by_some_way() -> None:
    assert {state for state, _ in TABLE} == set(JobState) - FINAL
    assert set(TABLE.values()) == set(JobState) - {JobState.CHOOSING}
    assert {what for _, what in TABLE} == set(What)


# -- handed in, given up


def test_what_is_handed_in_has_a_deadline() -> None:
    decision = decide(job(JobState.CHOOSING, envelopes=()), Submit(SEALED), NOW)
    assert (decision.why, decision.job.state) == ("", JobState.QUEUED)
    assert decision.job.deadline == NOW + DEADLINE_MS
    assert decision.job.envelopes == SEALED


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.PERMITTED, JobState.UNSETTLED])
def test_handing_in_twice_is_handing_in_once(state: JobState) -> None:
    before = job(state)
    assert decide(before, Submit(SEALED), NOW) == resets.Decision(before, "")
    assert decide(before, Submit(()), NOW).why == "busy"


def test_nothing_is_handed_in_so_late_that_the_seal_would_not_outlast_the_deadline() -> None:
    open_job = job(JobState.CHOOSING)
    last = open_job.expires_at - DEADLINE_MS
    assert decide(open_job, Submit(SEALED), last - 1).why == ""
    late = decide(open_job, Submit(SEALED), last)
    assert (late.why, late.job.state, late.job.reason) == ("late", JobState.NOT_DONE, "not_chosen")


@pytest.mark.parametrize("state", [JobState.CHOOSING, JobState.QUEUED])
def test_what_nobody_may_act_on_can_be_given_up_and_loses_its_envelopes(state: JobState) -> None:
    ended = decide(job(state), Cancel(), NOW).job
    assert (ended.state, ended.reason) == (JobState.NOT_DONE, "cancelled")
    assert (ended.envelopes, ended.finished_at) == ((), NOW)
    assert decide(ended, Cancel(), NOW + 1) == resets.Decision(ended, "")


@pytest.mark.parametrize("state", [JobState.PERMITTED, JobState.UNSETTLED])
def test_what_somebody_may_act_on_cannot_be_given_up_or_replaced(state: JobState) -> None:
    before = job(state)
    assert decide(before, Cancel(), NOW) == resets.Decision(before, "busy")
    assert decide(before, Supersede("2"), NOW) == resets.Decision(before, "busy")


def test_a_replaced_one_says_by_what() -> None:
    ended = decide(job(), Supersede("2"), NOW).job
    assert (ended.state, ended.reason) == (JobState.NOT_DONE, "superseded")
    assert json.loads(ended.detail) == {"by": "2"}
    assert decide(ended, Submit(SEALED), NOW).why == "superseded"
    assert decide(ended, ask(), NOW).why == "superseded"
    assert decide(job(JobState.DONE), Cancel(), NOW).why == "settled"


@pytest.mark.parametrize(
    ("new", "other", "replaced"),
    [
        (JobKind.RESET, JobKind.RESET, True), (JobKind.RESET, JobKind.REQUIRE_CHANGE, True),
        (JobKind.RESET, JobKind.UNLOCK, False), (JobKind.UNLOCK, JobKind.UNLOCK, True),
        (JobKind.UNLOCK, JobKind.RESET, False), (JobKind.REQUIRE_CHANGE, JobKind.RESET, False),
    ],
)  # fmt: skip
def test_a_newer_job_replaces_what_it_leaves_nothing_of(
    new: JobKind, other: JobKind, replaced: bool
) -> None:
    waiting = job(kind=other)
    assert superseded_by(job(id="2", kind=new), waiting) is replaced
    assert not superseded_by(job(id="2", kind=new), replace(waiting, state=JobState.PERMITTED))
    assert not superseded_by(waiting, waiting)


# -- the permit


def test_a_permit_lasts_as_long_as_the_change_can_take_and_never_beyond_the_deadline() -> None:
    given = decide(job(), ask(), NOW).job
    assert given.state is JobState.PERMITTED
    assert given.permit == Permit("a", "run", EPOCH, BEFORE, "dc1", NOW, NOW + 10_000 + SLACK_MS)
    late = NOW + DEADLINE_MS - 10_000
    lease = replace(LEASE, until=late + 20_000)
    last = decide(job(), ask(lease=lease), late).job
    assert last.permit is not None
    assert last.permit.until == NOW + DEADLINE_MS
    assert decide(job(), ask(lease=lease), late + 1).why == "late"


@pytest.mark.parametrize(
    "lease",
    [
        None, replace(LEASE, agent_id="b"), replace(LEASE, run_id="older"),
        replace(LEASE, epoch=Epoch(1, 8)), replace(LEASE, epoch=Epoch(2, 7)),
        replace(LEASE, until=NOW + 9_999),
    ],
)  # fmt: skip
def test_only_the_primary_gets_a_permit_while_its_lease_outlasts_the_change(
    lease: Lease | None,
) -> None:
    before = job()
    assert decide(before, ask(lease=lease), NOW) == resets.Decision(before, "lease")


def test_nobody_acts_while_another_job_of_the_account_is_open_ahead() -> None:
    before = job(id="2")
    for state in (JobState.PERMITTED, JobState.UNSETTLED):
        assert decide(before, ask(others=(job(state),)), NOW).why == "busy"
    ahead, behind = job(kind=JobKind.UNLOCK), job(id="3", kind=JobKind.UNLOCK)
    assert decide(before, ask(others=(ahead,)), NOW).why == "busy"
    assert decide(before, ask(others=(behind, job(JobState.CHOOSING))), NOW).why == ""


def test_the_same_words_get_the_same_permit_and_others_none() -> None:
    given = decide(job(), ask(), NOW).job
    assert decide(given, ask(), NOW + 5) == resets.Decision(given, "")
    others = {
        "agent_id": "b", "run_id": "new", "epoch": Epoch(1, 8), "before": AFTER,
        "controller": "dc2",
    }  # fmt: skip
    for name, value in others.items():
        assert decide(given, ask(**{name: value}), NOW + 5) == resets.Decision(given, "busy")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (JobState.CHOOSING, "busy"), (JobState.UNSETTLED, "busy"), (JobState.DONE, "settled"),
        (JobState.CHANGED, "settled"),
    ],
)  # fmt: skip
def test_no_other_state_gives_a_permit(state: JobState, why: str) -> None:
    assert decide(job(state), ask(), NOW).why == why


# -- time


def test_time_ends_each_state_in_its_own_way() -> None:
    waiting, given = job(), job(JobState.PERMITTED)
    assert decide(waiting, Tick(), NOW + DEADLINE_MS - 1).job == waiting
    late = decide(waiting, Tick(), NOW + DEADLINE_MS).job
    assert (late.state, late.reason, late.envelopes) == (JobState.NOT_DONE, "deadline", ())
    assert decide(waiting, ask(), NOW + DEADLINE_MS).why == "late"
    assert shown(given, PERMIT.until).state is JobState.UNSETTLED
    assert shown(given, PERMIT.until).envelopes == SEALED
    lost = replace(given, permit=None)  # no such row is ever written
    assert shown(lost, NOW + 10**9) == lost


def test_a_sweep_is_due_when_something_ends_by_itself() -> None:
    assert due_at(job(JobState.CHOOSING)) == NOW + 900_000 - DEADLINE_MS
    assert due_at(job()) == NOW + DEADLINE_MS
    assert due_at(job(JobState.PERMITTED)) == PERMIT.until
    assert due_at(job(JobState.UNSETTLED)) is None
    assert due_at(job(JobState.NOT_DONE)) is None
    assert due_at(job(JobState.DONE, envelopes=SEALED)) == NOW + TRY_MS
    assert due_at(job(JobState.DONE)) == NOW + WATCH_MS
    assert (settles_at(job()), settles_at(job(JobState.PERMITTED))) == (None, ENDED)


# -- reports


@pytest.mark.parametrize("state", [JobState.PERMITTED, JobState.UNSETTLED])
def test_whoever_had_the_permit_may_say_done_at_any_time_in_any_run(state: JobState) -> None:
    now = NOW if state is JobState.PERMITTED else NOW + 10**6
    for run in ("run", "new"):
        done = decide(job(state), told(run_id=run, lease=None), now).job
        assert (done.state, done.after, done.envelopes) == (JobState.DONE, AFTER, SEALED)
        assert decide(done, told(), now + 1) == resets.Decision(done, "")
        assert decide(done, told(Outcome.NOT_DONE), now + 1).why == "settled"


def test_done_needs_the_stamp_of_the_write() -> None:
    before = job(JobState.PERMITTED)
    assert decide(before, told(after=None), NOW) == resets.Decision(before, "gone")


def test_what_was_not_tried_and_what_was_so_already_is_kept() -> None:
    unbound = decide(job(JobState.PERMITTED), told(bound=False), NOW).job
    assert json.loads(unbound.detail) == {"unbound": 1}
    flag = job(JobState.PERMITTED, kind=JobKind.UNLOCK)
    already = decide(flag, told(bound=False, reason="already"), NOW).job
    assert (json.loads(already.detail), already.reason) == ({"already": 1}, "")


def test_a_refusal_keeps_its_reason_and_its_numbers() -> None:
    report = told(Outcome.NOT_DONE, reason="too_short", data={"minimum": 15}, diagnostic="52D")
    ended = decide(job(JobState.PERMITTED), report, NOW).job
    assert (ended.state, ended.reason) == (JobState.NOT_DONE, "too_short")
    assert json.loads(ended.detail) == {"minimum": 15, "diagnostic": "52D"}


def test_not_done_from_anybody_else_counts_only_when_nothing_can_arrive_any_more() -> None:
    before = job(JobState.UNSETTLED)
    for who in ({"run_id": "new"}, {"agent_id": "b"}):
        report = told(Outcome.NOT_DONE, could_try=frozenset("b"), **who)
        assert decide(before, report, ENDED - 1) == resets.Decision(before, "early")
        assert decide(before, report, ENDED).job.state is JobState.NOT_DONE


def test_whoever_neither_leads_nor_could_try_is_not_heard() -> None:
    before = job(JobState.UNSETTLED)
    stranger = told(Outcome.NOT_DONE, agent_id="b", lease=LEASE)
    assert decide(before, stranger, ENDED) == resets.Decision(before, "lease")
    over = told(Outcome.NOT_DONE, agent_id="b", lease=replace(LEASE, agent_id="b", until=ENDED))
    assert decide(before, over, ENDED).why == "lease"
    leads = replace(LEASE, agent_id="b", until=ENDED + 1)
    primary = told(Outcome.NOT_DONE, agent_id="b", lease=leads)
    assert decide(before, primary, ENDED).job.state is JobState.NOT_DONE


def test_untried_is_believed_when_whoever_could_try_had_its_time() -> None:
    before, later = job(JobState.UNSETTLED), ENDED + UNTRIED_AFTER_MS
    leads = replace(LEASE, agent_id="b", until=later + 1)
    report = told(Outcome.UNTRIED, agent_id="b", lease=leads)
    assert decide(before, report, ENDED).why == "busy"
    ended = decide(before, report, later).job
    assert (ended.state, ended.reason) == (JobState.CHANGED, "untried")
    nobody = replace(report, could_try=frozenset())
    assert decide(before, nobody, ENDED).job.reason == "untried"


def test_before_a_permit_only_the_primary_may_say_that_it_cannot_be_done() -> None:
    before = job()
    assert decide(before, told(Outcome.NOT_DONE, reason="protected"), NOW).job.reason == "protected"
    assert decide(before, told(Outcome.NOT_DONE, agent_id="b"), NOW).why == "lease"
    assert decide(before, told(Outcome.DONE), NOW).why == "busy"


def test_changed_is_an_answer_too() -> None:
    assert decide(job(JobState.PERMITTED), told(Outcome.CHANGED), NOW).job.state is JobState.CHANGED


# -- watching


def proof(state: ProofState) -> Proof:
    return Proof("dc2", "hq", state, NOW, None)


def test_a_done_job_is_watched_until_it_is_everywhere() -> None:
    done = job(JobState.DONE, envelopes=SEALED, after=AFTER)
    assert watching(done)
    assert watched(done, [], everywhere=False, now=NOW) == done
    whole = watched(done, [proof(ProofState.PROVED)], everywhere=True, now=NOW + 5)
    assert (whole.everywhere_at, whole.envelopes, watching(whole)) == (NOW + 5, (), False)
    assert watched(whole, [], everywhere=True, now=NOW + 9) == whole


def test_where_a_listener_saw_it_first_it_may_still_be_tried_for_a_moment() -> None:
    done = job(JobState.DONE, envelopes=SEALED, after=AFTER)
    seen = [proof(ProofState.ARRIVED)]
    whole = watched(done, seen, everywhere=True, now=NOW + 5)
    assert (whole.everywhere_at, whole.envelopes, watching(whole)) == (NOW + 5, SEALED, True)
    end = NOW + 5 + LAST_TRIES_MS
    assert due_at(whole) == end
    assert watched(whole, seen, everywhere=True, now=end - 1) == whole
    proved = watched(whole, [proof(ProofState.PROVED)], everywhere=True, now=NOW + 9)
    assert (proved.everywhere_at, proved.envelopes, due_at(proved)) == (NOW + 5, (), None)
    untried = watched(whole, seen, everywhere=True, now=end)
    assert (untried.everywhere_at, untried.envelopes) == (NOW + 5, ())
    changed = watched(whole, [*seen, proof(ProofState.CHANGED)], everywhere=False, now=NOW + 9)
    assert (changed.everywhere_at, changed.envelopes, changed.reason) == (NOW + 5, (), "")
    assert not any(watching(each) for each in (proved, untried, changed))


def test_the_last_tries_keep_no_password_beyond_its_hour() -> None:
    done, seen = job(JobState.DONE, envelopes=SEALED, after=AFTER), [proof(ProofState.ARRIVED)]
    late = watched(done, seen, everywhere=True, now=NOW + TRY_MS - 1)
    assert (late.envelopes, due_at(late)) == (SEALED, NOW + TRY_MS)
    assert watched(late, seen, everywhere=True, now=NOW + TRY_MS).envelopes == ()


def test_what_nobody_can_try_is_over_when_it_is_everywhere() -> None:
    unlock = job(JobState.DONE, after=AFTER)
    whole = watched(unlock, [proof(ProofState.ARRIVED)], everywhere=True, now=NOW + 5)
    assert (whole.everywhere_at, watching(whole)) == (NOW + 5, False)


def test_a_later_change_ends_the_watch() -> None:
    done = job(JobState.DONE, envelopes=SEALED)
    over = watched(done, [proof(ProofState.CHANGED)], everywhere=False, now=NOW)
    assert (over.reason, over.envelopes) == ("overtaken", ())


def test_the_password_leaves_after_an_hour_and_the_watch_ends_after_a_week() -> None:
    done = job(JobState.DONE, envelopes=SEALED)
    assert watched(done, [], everywhere=False, now=NOW + TRY_MS - 1) == done
    blind = watched(done, [], everywhere=False, now=NOW + TRY_MS)
    assert (blind.envelopes, blind.reason) == ((), "")
    assert watched(blind, [], everywhere=False, now=NOW + TRY_MS) == blind
    over = watched(done, [], everywhere=False, now=NOW + WATCH_MS)
    assert (over.reason, over.envelopes) == ("given_up", ())


def test_nothing_else_is_watched() -> None:
    ended = job(JobState.NOT_DONE)
    assert watched(ended, [], everywhere=True, now=NOW) == ended
    odd = job(JobState.DONE, finished_at=None)  # no such row is ever written
    assert watched(odd, [], everywhere=True, now=NOW) == odd
    assert due_at(odd) is None
    assert decide(job(deadline=None), ask(), NOW).why == "busy"
    assert decide(job(id="2"), ask(others=(job(deadline=None),)), NOW).why == ""
