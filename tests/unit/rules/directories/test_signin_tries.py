"""One try of a directory password, from the page to its answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.answers import STEP_MS, TROUBLES, UNTRIED, Way
from keyturn.rules.directories.signins.budget import SLACK_MS, Limits, Streak
from keyturn.rules.directories.signins.tries import (
    DEADLINE_MS,
    SEAL_MS,
    TABLE,
    Ask,
    Decision,
    Submit,
    Told,
    TryState,
    What,
    ask,
    begun,
    ends_at,
    outcome,
    shown,
    spent_until,
    submit,
    told,
)
from keyturn.rules.directories.things import Epoch, Lease

NOW, NEEDS = 10**9, 11_000
FIVE = Limits(5, 30 * 60_000)
ENVELOPES = (Envelope("a", b"enc", b"text"),)
NAMED = Submit("guid", "user", "lane", ENVELOPES)
LEASE = Lease("d", "a", "run", Epoch(1, 1), NOW + 45_000)

SEALING = begun("1", "t", "d", NOW)
QUEUED, _ = submit(SEALING, NAMED, NOW)


def asks(
    *, run: str = "run", agent: str = "a", limits: Limits | None = FIVE, lease: Lease | None = LEASE
) -> Ask:
    return Ask(agent, run, limits, NEEDS, lease)


def says(
    bind: Bind | None, reason: str = "", *, run: str = "run", lease: Lease | None = LEASE
) -> Told:
    return Told("a", run, bind, reason, lease)


GRANTED = ask(QUEUED, Streak(), asks(), NOW)
TRYING, HELD = GRANTED.one, GRANTED.streak
UNTIL = NOW + NEEDS + SLACK_MS


def answered(bind: Bind | None, reason: str, now: int = NOW + 1) -> Decision:
    return told(TRYING, HELD, says(bind, reason), now)


def test_what_is_sealed_is_good_for_as_long_as_it_can_be_needed() -> None:
    assert SEALING.state is TryState.SEALING
    assert SEALING.expires_at == NOW + SEAL_MS + DEADLINE_MS


def test_handing_in_begins_the_deadline() -> None:
    assert QUEUED.state is TryState.QUEUED
    assert (QUEUED.asked_at, QUEUED.deadline) == (NOW, NOW + DEADLINE_MS)
    assert (QUEUED.guid, QUEUED.user_id, QUEUED.lane) == ("guid", "user", "lane")
    assert QUEUED.envelopes == ENVELOPES


def test_handing_in_twice_is_doing_it_once() -> None:
    for one in (QUEUED, TRYING):
        assert submit(one, NAMED, NOW + 5) == (one, "")


def test_what_is_handed_in_is_not_exchanged() -> None:
    other = replace(NAMED, envelopes=(Envelope("b", b"", b""),))
    assert submit(QUEUED, other, NOW) == (QUEUED, "settled")
    assert submit(QUEUED, replace(NAMED, lane="x"), NOW) == (QUEUED, "settled")


def test_a_page_that_takes_too_long_begins_again() -> None:
    assert submit(SEALING, NAMED, NOW + SEAL_MS - 1)[1] == ""
    late, why = submit(SEALING, NAMED, NOW + SEAL_MS)
    assert (late.state, why) == (TryState.ANSWERED, "late")
    assert outcome(late, NOW + SEAL_MS) is Way.TROUBLE


def test_leave_counts_the_try_and_names_the_run() -> None:
    assert GRANTED.why == ""
    assert (TRYING.state, TRYING.agent_id, TRYING.run_id) == (TryState.TRYING, "a", "run")
    assert TRYING.until == HELD.until == UNTIL
    assert HELD.count == 1


def test_the_same_run_may_ask_again_and_no_other() -> None:
    assert ask(TRYING, HELD, asks(), NOW + 1) == Decision(TRYING, HELD)
    assert ask(TRYING, HELD, asks(run="other"), NOW + 1) == Decision(TRYING, HELD, "busy")
    assert ask(TRYING, HELD, asks(agent="b"), NOW + 1) == Decision(TRYING, HELD, "busy")


def test_a_try_whose_leave_has_ended_is_never_tried_again() -> None:
    decision = ask(TRYING, HELD, asks(), UNTIL)
    assert decision.why == "late"
    assert (decision.one.state, decision.one.bind) == (TryState.ANSWERED, Bind.SILENT)
    assert outcome(decision.one, UNTIL + 60_000) is Way.REFUSED


def test_leave_takes_the_primarys_lease_and_one_that_outlasts_the_try() -> None:
    short = replace(LEASE, until=NOW + NEEDS)
    other = replace(LEASE, run_id="other")
    for lease in (None, short, other, replace(LEASE, agent_id="b")):
        assert ask(QUEUED, Streak(), asks(lease=lease), NOW) == Decision(QUEUED, Streak(), "lease")


def test_nothing_that_waits_longer_than_its_deadline_is_tried() -> None:
    late = ask(QUEUED, Streak(), asks(), NOW + DEADLINE_MS)
    assert (late.one.state, late.streak, late.why) == (TryState.ANSWERED, Streak(), "late")
    assert late.one.bind is None
    assert late.one.envelopes == ()


def test_nothing_that_was_not_handed_in_is_tried() -> None:
    assert ask(SEALING, Streak(), asks(), NOW) == Decision(SEALING, Streak(), "settled")


def test_another_try_of_the_lane_is_waited_for() -> None:
    decision = ask(replace(QUEUED, id="2"), HELD, asks(), NOW)
    assert (decision.one.state, decision.streak, decision.why) == (TryState.QUEUED, HELD, "busy")


@pytest.mark.parametrize(
    ("limits", "streak", "reason"),
    [
        (FIVE, Streak(count=3, last_at=NOW), "spent"),
        (Limits(2, 0), Streak(), "off"),
        (None, Streak(), "unreadable"),
    ],
)
def test_what_the_budget_does_not_bear_is_answered_at_once(
    limits: Limits | None, streak: Streak, reason: str
) -> None:
    decision = ask(QUEUED, streak, asks(limits=limits), NOW)
    assert (decision.one.state, decision.one.reason) == (TryState.ANSWERED, reason)
    assert (decision.why, decision.streak) == ("settled", streak)
    assert outcome(decision.one, NOW + STEP_MS) is Way.REFUSED


@pytest.mark.parametrize(
    ("bind", "reason", "count"),
    [
        (Bind.RIGHT, "", 0),
        (Bind.RIGHT, "must_change", 0),
        (Bind.WRONG, "wrong", 1),
        (Bind.SILENT, "locked", 1),
        (None, "no_margin", 0),
        (None, "unreachable", 0),
    ],
)
def test_an_answer_is_kept_and_counts_unless_right_or_never_sent(
    bind: Bind | None, reason: str, count: int
) -> None:
    decision = answered(bind, reason)
    assert decision.why == ""
    assert (decision.one.bind, decision.one.reason) == (bind, reason)
    assert (decision.one.state, decision.one.envelopes) == (TryState.ANSWERED, ())
    assert (decision.streak.count, decision.streak.holder) == (count, "")


def test_no_bind_for_a_reason_that_nobody_knows_counts_as_one() -> None:
    decision = answered(None, "unheard of")
    assert (decision.one.bind, decision.streak.count) == (Bind.SILENT, 1)


def test_a_right_one_that_comes_late_lets_nobody_in() -> None:
    decision = answered(Bind.RIGHT, "", UNTIL)
    assert decision.why == "late"
    assert outcome(decision.one, UNTIL + 60_000) is Way.REFUSED
    assert decision.streak == HELD  # whose end is seen by whoever asks next


def test_only_the_run_that_has_leave_is_heard() -> None:
    said = told(TRYING, HELD, says(Bind.RIGHT, run="other"), NOW + 1)
    assert said == Decision(TRYING, HELD, "busy")


def test_an_answer_is_never_taken_back() -> None:
    over = answered(Bind.WRONG, "wrong")
    again = told(over.one, over.streak, says(Bind.RIGHT), NOW + 2)
    assert again == Decision(over.one, over.streak, "settled")
    assert ask(over.one, over.streak, asks(), NOW + 2).why == "settled"
    assert submit(over.one, NAMED, NOW + 2) == (over.one, "settled")


@pytest.mark.parametrize("reason", [*TROUBLES, *UNTRIED])
def test_the_primary_may_say_without_leave_that_nothing_can_be_tried(reason: str) -> None:
    decision = told(QUEUED, Streak(), says(None, reason), NOW)
    assert (decision.one.state, decision.one.bind) == (TryState.ANSWERED, None)
    assert decision.streak == Streak()


def test_without_leave_nothing_was_tried_and_nobody_else_is_heard() -> None:
    for said in (says(Bind.RIGHT), says(Bind.WRONG, "wrong"), says(None, "unheard of")):
        assert told(QUEUED, Streak(), said, NOW) == Decision(QUEUED, Streak(), "busy")
    for lease in (None, replace(LEASE, run_id="other"), replace(LEASE, until=NOW)):
        said = says(None, "seal", lease=lease)
        assert told(QUEUED, Streak(), said, NOW) == Decision(QUEUED, Streak(), "lease")


def test_the_page_waits_for_the_whole_step() -> None:
    over = answered(Bind.RIGHT, "", NOW + 5).one
    assert outcome(QUEUED, NOW) is None
    assert outcome(TRYING, NOW) is None
    assert outcome(over, NOW + STEP_MS - 1) is None
    assert outcome(over, NOW + STEP_MS) is Way.PASS


def test_a_name_that_nobody_has_goes_the_same_way() -> None:
    nobody, _ = submit(SEALING, replace(NAMED, guid="", user_id=None), NOW)
    granted = ask(nobody, Streak(), asks(), NOW)
    assert (granted.one.state, granted.streak) == (TryState.TRYING, HELD)
    over = told(granted.one, granted.streak, says(Bind.WRONG, "wrong"), NOW + 1)
    wrong = answered(Bind.WRONG, "wrong")
    assert over.streak == wrong.streak
    assert outcome(over.one, NOW + STEP_MS) is outcome(wrong.one, NOW + STEP_MS) is Way.REFUSED


@pytest.mark.parametrize("state", TryState)
def test_each_state_but_the_last_ends_by_itself(state: TryState) -> None:
    one = {TryState.SEALING: SEALING, TryState.QUEUED: QUEUED, TryState.TRYING: TRYING}.get(state)
    if one is None:
        over = answered(Bind.WRONG, "wrong").one
        assert ends_at(over) is None
        assert shown(over, NOW + 10**12) == over
        return
    end = ends_at(one)
    assert end is not None
    assert shown(one, end - 1) == one
    assert shown(one, end).state is TABLE[state, What.EXPIRED]
    assert shown(one, end).answered_at == end


# -- the last that the budget bears


LAST = ask(QUEUED, Streak(count=2, last_at=NOW), asks(), NOW)
WINDOW = FIVE.window_ms


def test_the_last_that_the_budget_bears_is_known_as_that() -> None:
    assert TRYING.rest_ms is None
    assert LAST.one.rest_ms == WINDOW
    never = ask(QUEUED, Streak(count=3, last_at=NOW), asks(limits=Limits(0, 0)), NOW)
    assert never.one.rest_ms is None


@pytest.mark.parametrize("bind", [Bind.WRONG, Bind.SILENT])
def test_if_it_was_wrong_nothing_is_tried_for_a_window(bind: Bind) -> None:
    over = told(LAST.one, LAST.streak, says(bind, "wrong"), NOW + 7)
    assert spent_until(over.one) == NOW + 7 + WINDOW
    later = ask(QUEUED, over.streak, asks(), NOW + 8)
    assert (later.one.reason, spent_until(later.one)) == ("spent", None)


@pytest.mark.parametrize(("bind", "reason"), [(Bind.RIGHT, ""), (None, "no_margin")])
def test_if_it_was_right_or_not_sent_there_is_one_left(bind: Bind | None, reason: str) -> None:
    over = told(LAST.one, LAST.streak, says(bind, reason), NOW + 7)
    assert spent_until(over.one) is None
    assert ask(QUEUED, over.streak, asks(), NOW + 8).why == ""


def test_while_it_is_tried_and_before_the_last_nothing_is_spent() -> None:
    assert spent_until(LAST.one) is None
    assert spent_until(answered(Bind.WRONG, "wrong").one) is None
