"""Tries of directory passwords: handed in, given leave, answered; known and absent names alike."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import channel
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.answers import STEP_MS, Way
from keyturn.rules.directories.signins.budget import SLACK_MS, Streak
from keyturn.rules.directories.signins.tries import DEADLINE_MS, SEAL_MS, Try, TryState, outcome
from keyturn.rules.directories.things import AgentRole
from keyturn.steps import guesses, standby
from keyturn.wire.messages import Denied, Fetch, Guess, Permitted, Sealed, Taken, Work
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.guessers import NEEDS_MS, WINDOW_MS, Guessers, sealed_to
from tests.unit.flows.house import House, run

GONE, BUSY, SETTLED = Permitted(0, "gone"), Permitted(0, "busy"), Permitted(0, "settled")
LEAVE = Permitted(NEEDS_MS + SLACK_MS, "")


@pytest.fixture
def guessers(house: House) -> Guessers:
    return Guessers(Agency(house))


def work(guessers: Guessers, agent: Machine | None = None) -> tuple[Guess, ...]:
    who = agent or guessers.agent
    found = run(channel.fetch(guessers.agency.parts, who.said(), Fetch(who.run_id)))
    assert isinstance(found, Work)
    return found.guesses


def shown(guessers: Guessers, one: Try) -> Way | None:
    return outcome(guessers.again(one), guessers.house.clock.now())


def test_the_primary_is_told_of_what_waits_and_gets_its_own_envelope(guessers: Guessers) -> None:
    account = guessers.account()
    one = guessers.queued(account)
    guessers.house.clock.move(5)
    (guess,) = work(guessers)
    assert guess == Guess(
        one.id, account.guid, "g:" + account.guid, Sealed(bytes(32), bytes(272)),
        one.expires_at, DEADLINE_MS - 5,
    )  # fmt: skip


def test_nobody_else_is_told(guessers: Guessers) -> None:
    standby = guessers.agency.second(guessers.agent)
    listener = guessers.agency.second(guessers.agent, "dc3", AgentRole.LISTENER)
    guessers.queued(guessers.account())
    assert work(guessers, standby) == work(guessers, listener) == ()


def test_what_was_not_sealed_to_it_the_primary_is_not_told_of(guessers: Guessers) -> None:
    standby = guessers.agency.second(guessers.agent)
    one = guessers.begun()
    assert guessers.submit(one, guessers.account(), envelopes=(sealed_to(standby),)) == ""
    assert work(guessers) == ()
    assert guessers.asked(one) == GONE
    assert guessers.said(one, "", "seal") == Taken()
    assert guessers.again(one).state is TryState.QUEUED


def test_what_was_sealed_to_others_alone_is_in_nobodys_way(
    guessers: Guessers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby, "GUESSES", 2)
    other = guessers.agency.second(guessers.agent)
    for _ in range(3):
        guessers.submit(guessers.begun(), None, envelopes=(sealed_to(other),))
    wanted = [guessers.queued(None).id for _ in range(3)]
    assert [guess.try_id for guess in work(guessers)] == wanted[:2]


def test_an_account_of_another_directory_is_nobodys_here(guessers: Guessers) -> None:
    there = Guessers(Agency(guessers.house, "other.example.test"))
    one = guessers.queued(there.account())
    assert (one.guid, one.user_id, one.lane[:2]) == ("", None, "n:")


def test_what_was_not_handed_in_is_nobodys(guessers: Guessers) -> None:
    one = guessers.begun()
    assert work(guessers) == ()
    assert guessers.asked(one) == GONE
    assert guessers.said(one, "", "seal") == Taken()
    assert guessers.again(one) == one


@pytest.mark.parametrize(
    "envelopes",
    [
        (),
        (Envelope("nobody", bytes(32), bytes(272)),),
        (Envelope("", bytes(32), bytes(272)),),
    ],
)
def test_what_is_not_sealed_to_an_agent_is_not_taken(
    guessers: Guessers, envelopes: tuple[Envelope, ...]
) -> None:
    one = guessers.begun()
    assert guessers.submit(one, None, envelopes=envelopes) == "sealed"
    assert guessers.again(one).state is TryState.SEALING


def test_handing_in_twice_is_doing_it_once(guessers: Guessers) -> None:
    account = guessers.account()
    one = guessers.queued(account)
    assert guessers.submit(one, account) == ""
    assert guessers.submit(one, guessers.account("bob")) == "settled"
    assert guessers.again(one) == one


def test_a_page_that_takes_too_long_begins_again(guessers: Guessers) -> None:
    one = guessers.begun()
    guessers.house.clock.move(SEAL_MS)
    guessers.agency.beat(guessers.agent)
    assert guessers.submit(one, None) == "late"
    assert shown(guessers, one) is Way.TROUBLE


def test_too_many_that_wait_are_told_alike(
    guessers: Guessers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "WAITING", 2)
    account = guessers.account()
    for _ in range(2):
        guessers.queued(account)
    assert guessers.submit(guessers.begun(), account) == "full"
    assert guessers.submit(guessers.begun(), None, "nobody") == "full"


def test_leave_is_counted_and_given_once(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    assert guessers.asked(one) == LEAVE
    assert guessers.streak(one).count == 1
    guessers.house.clock.move(1_000)
    assert guessers.asked(one) == Permitted(NEEDS_MS + SLACK_MS - 1_000, "")
    assert guessers.streak(one).count == 1
    assert work(guessers) == ()


def test_another_try_of_the_account_waits_its_turn(guessers: Guessers) -> None:
    account = guessers.account()
    first, second = guessers.queued(account), guessers.queued(account, "ADA@CORP")
    assert guessers.asked(first) == LEAVE
    assert guessers.asked(second) == BUSY
    assert guessers.said(first, "wrong", "wrong") == Taken()
    assert guessers.asked(second) == LEAVE
    assert guessers.streak(second).count == 2


def test_an_agent_that_stands_by_has_no_leave(guessers: Guessers) -> None:
    standby = guessers.agency.second(guessers.agent)
    one = guessers.begun()
    both = (sealed_to(guessers.agent), sealed_to(standby))
    guessers.submit(one, guessers.account(), envelopes=both)
    assert guessers.asked(one, standby) == Permitted(0, "lease")
    assert guessers.streak(one) == Streak()


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_one_counts_and_is_told_neutrally(guessers: Guessers, known: bool) -> None:
    one = guessers.queued(guessers.account() if known else None)
    guessers.asked(one)
    guessers.said(one, "wrong", "wrong")
    assert guessers.streak(one).count == 1
    assert shown(guessers, one) is None
    guessers.house.clock.move(STEP_MS)
    assert shown(guessers, one) is Way.REFUSED
    assert guessers.again(one).envelopes == ()


@pytest.mark.parametrize("known", [True, False])
def test_a_spent_budget_looks_like_a_wrong_one(guessers: Guessers, known: bool) -> None:
    account = guessers.account() if known else None
    for _ in range(3):
        one = guessers.queued(account)
        assert guessers.asked(one) == LEAVE
        guessers.said(one, "wrong", "wrong")
    last = guessers.queued(account)
    assert guessers.asked(last) == SETTLED
    assert guessers.again(last).reason == "spent"
    guessers.house.clock.move(STEP_MS)
    assert shown(guessers, last) is Way.REFUSED
    guessers.house.clock.move(WINDOW_MS)
    guessers.agency.beat(guessers.agent)
    guessers.agency.beat(guessers.agent)
    assert guessers.asked(guessers.queued(account)) == LEAVE


def test_a_right_one_passes_and_costs_nothing(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    guessers.asked(one)
    assert guessers.said(one, "right") == Taken()
    guessers.house.clock.move(STEP_MS)
    assert shown(guessers, one) is Way.PASS
    assert guessers.streak(one) == Streak()


def test_an_answer_is_not_taken_back(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    guessers.asked(one)
    guessers.said(one, "wrong", "wrong")
    before = guessers.again(one), guessers.streak(one)
    assert guessers.said(one, "right") == Taken()
    assert guessers.asked(one) == SETTLED
    assert (guessers.again(one), guessers.streak(one)) == before


def test_whoever_says_nothing_has_tried(guessers: Guessers) -> None:
    account = guessers.account()
    one = guessers.queued(account)
    guessers.asked(one)
    guessers.house.clock.move(NEEDS_MS + SLACK_MS)
    assert guessers.said(one, "right") == Taken()
    guessers.house.clock.move(STEP_MS)
    assert shown(guessers, one) is Way.REFUSED
    assert guessers.again(one).bind is Bind.SILENT
    guessers.asked(guessers.queued(account))
    assert guessers.streak(one).count == 2


@pytest.mark.parametrize("fields", [{"readable": False}, {"threshold": -1}, {"window_ms": -1}])
def test_a_directory_whose_counting_is_not_known_is_not_tried(
    guessers: Guessers, fields: dict[str, Any]
) -> None:
    one = guessers.queued(guessers.account())
    assert guessers.asked(one, **fields) == SETTLED
    assert guessers.again(one).reason == "unreadable"


def test_an_agent_says_what_it_may_and_no_more(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    assert guessers.said(one, "perhaps") == Denied("message", None)
    assert guessers.said(one, "", "x" * 41) == Denied("message", None)
    assert guessers.said(one, "", "x" * 40) == Taken()
    assert guessers.again(one).state is TryState.QUEUED


@pytest.mark.parametrize("same", [True, False], ids=["the same tenant", "another tenant"])
def test_another_directorys_agent_is_not_told_and_not_heard(guessers: Guessers, same: bool) -> None:
    house = guessers.house
    tenant = house.tenant if same else house.add_tenant("other")
    there = Guessers(Agency(house, "other.example.test", tenant))
    one = guessers.queued(guessers.account())
    assert work(there) == ()
    assert guessers.asked(one, there.agent) == GONE
    there.said(one, "right", agent=there.agent)
    assert guessers.again(one).state is TryState.QUEUED


def test_another_run_is_not_heard(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    assert isinstance(guessers.asked(one, run_id="other"), Denied)
    guessers.agent.run_id, kept = "other", guessers.agent.run_id
    assert isinstance(guessers.said(one, "right"), Denied)
    guessers.agent.run_id = kept
    assert guessers.again(one).state is TryState.QUEUED


def test_spellings_of_an_account_share_a_lane_and_names_that_nobody_has_do_not(
    guessers: Guessers,
) -> None:
    account = guessers.account()
    lanes = [guessers.queued(account, name).lane for name in ("ada", "corp\\ada")]
    assert lanes == ["g:" + account.guid] * 2
    absent = [guessers.queued(None, name).lane for name in ("ada", "ada", "bob")]
    assert absent[0] == absent[1] != absent[2]
    assert not any("ada" in lane for lane in absent)
