"""What a phone answers: one question, one answer, one use; nobody is flooded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import enrolment_vectors as vectors
from keyturn.rules.approvals import (
    ASKED,
    ASKED_MS,
    LIFE_MS,
    QUIET_MS,
    TABLE,
    TAKE_MS,
    Approval,
    Asked,
    Capped,
    Kind,
    NotAsked,
    State,
    Verdict,
    Why,
    alarming,
    answer,
    ask,
    ended,
    ends_at,
    quiet_until,
    shown,
    statement,
    take,
)
from keyturn.rules.approvals import What as Event
from keyturn.rules.matching import Ended

NOW = 10_000_000
MINUTE, HOUR = 60_000, 3_600_000
APPROVE, DENY = Verdict


def question(at: int = NOW, kind: Kind = Kind.SECOND, name: str = "a") -> Approval:
    return Approval(
        id=name, tenant_id="t", user_id="u", phone_id="p", kind=kind, subject="s", epoch=3,
        asker="Firefox", place="here", number="42", made_at=at, expires_at=at + LIFE_MS,
    )  # fmt: skip


WAITING = question()
APPROVED = answer(WAITING, "p", APPROVE, "42", NOW + 1)[0]
DENIED = answer(WAITING, "p", DENY, "", NOW + 1)[0]
USED = take(APPROVED, "s", 3, NOW + 2)[0]
OVER = ended(WAITING, Ended.RESET, NOW + 1)
LEFT = ended(APPROVED, Ended.DISABLED, NOW + 2)


def denied(at: int, name: str = "d") -> Approval:
    return answer(question(at, name=name), "p", DENY, "", at)[0]


def test_the_states_are_reached_in_order() -> None:
    found = [one.state for one in (WAITING, APPROVED, DENIED, USED, OVER, LEFT)]
    assert found == ["waiting", "approved", "denied", "used", "over", "over"]
    assert (USED.used_at, DENIED.answered_at, OVER.ended) == (NOW + 2, NOW + 1, Ended.RESET)


@pytest.mark.parametrize("one", [DENIED, USED, OVER])
def test_what_has_its_end_keeps_it(one: Approval) -> None:
    assert (one.state, Event.ENDED) not in TABLE
    assert ended(one, Ended.DISABLED, NOW + 9) is one
    assert ends_at(one) is None
    assert shown(one, NOW + HOUR) is one


@pytest.mark.parametrize(("late", "why"), [(-1, None), (0, Ended.EXPIRED), (1, Ended.EXPIRED)])
def test_it_waits_sixty_seconds(late: int, why: Ended | None) -> None:
    assert answer(WAITING, "p", APPROVE, "42", NOW + LIFE_MS + late)[1] is why


@pytest.mark.parametrize(("late", "taken"), [(-1, True), (0, False), (1, False)])
def test_an_approval_is_taken_within_sixty_seconds(late: int, taken: bool) -> None:
    assert take(APPROVED, "s", 3, NOW + 1 + TAKE_MS + late)[1] is taken


def test_an_approval_is_taken_once_by_what_asked_and_while_nothing_ended_the_users_sessions() -> (
    None
):
    assert take(USED, "s", 3, NOW + 3) == (USED, False)
    assert take(APPROVED, "other", 3, NOW + 2) == (APPROVED, False)
    assert take(APPROVED, "s", 4, NOW + 2) == (APPROVED, False)
    for one in (WAITING, DENIED, OVER, LEFT):
        assert not take(one, "s", 3, NOW + 3)[1]


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        (APPROVED, APPROVE, None), (USED, APPROVE, None), (DENIED, DENY, None),
        (APPROVED, DENY, Why.SETTLED), (USED, DENY, Why.SETTLED), (DENIED, APPROVE, Why.SETTLED),
        (OVER, APPROVE, Ended.RESET), (OVER, DENY, Ended.RESET), (LEFT, APPROVE, None),
        (LEFT, DENY, Why.SETTLED),
    ],
)  # fmt: skip
def test_an_answer_that_comes_again_changes_nothing(
    one: Approval, verdict: Verdict, why: object
) -> None:
    said = "42" if verdict is APPROVE else ""
    assert answer(one, "p", verdict, said, NOW + 3) == (one, why)


@pytest.mark.parametrize("verdict", Verdict)
def test_another_phone_is_not_heard(verdict: Verdict) -> None:
    assert answer(WAITING, "other", verdict, "42", NOW + 1) == (WAITING, Why.PHONE)


def test_three_wrong_numbers_end_it() -> None:
    one, said = WAITING, []
    for _ in range(3):
        one, why = answer(one, "p", APPROVE, "41", NOW + 1)
        said.append(why)
    assert said == [Why.WRONG, Why.WRONG, Ended.NUMBER]
    assert answer(one, "p", APPROVE, "42", NOW + 1)[1] is Ended.NUMBER


def test_a_denial_needs_no_number() -> None:
    one, _ = answer(WAITING, "p", APPROVE, "41", NOW + 1)
    assert answer(one, "p", DENY, "", NOW + 1)[0].state is State.DENIED


# -- asking


def test_a_newer_one_ends_the_one_that_waits() -> None:
    assert ask([WAITING, DENIED], Kind.SECOND, NOW + 1) == Asked((WAITING,), push=True)
    assert ask([WAITING], Kind.CALLER, NOW + 1) == Asked((WAITING,), push=True)
    assert ask([WAITING], Kind.SECOND, NOW + LIFE_MS) == Asked((), push=True)


def test_a_strangers_never_ends_one_of_staff() -> None:
    staff = question(kind=Kind.CALLER)
    assert ask([staff], Kind.SECOND, NOW + 1) == NotAsked(Capped.BUSY, NOW + LIFE_MS)
    assert ask([staff], Kind.RESET, NOW + 1) == Asked((staff,), push=True)
    assert ask([staff], Kind.SECOND, NOW + LIFE_MS) == Asked((), push=True)


def often(kind: Kind) -> list[Approval]:
    return [question(NOW - at * MINUTE, kind, str(at)) for at in range(2, 2 + ASKED)]


def test_five_in_fifteen_minutes_and_then_one_whenever_one_grows_old() -> None:
    history = often(Kind.SECOND)
    until = NOW - 6 * MINUTE + ASKED_MS
    assert ask(history[1:], Kind.SECOND, NOW) == Asked((), push=True)
    assert ask(history, Kind.SECOND, NOW) == NotAsked(Capped.OFTEN, until)
    assert ask(history, Kind.SECOND, until - 1) == NotAsked(Capped.OFTEN, until)
    assert ask(history, Kind.SECOND, until) == Asked((), push=True)


@pytest.mark.parametrize("kind", [Kind.CALLER, Kind.RESET])
def test_strangers_and_staff_are_counted_apart(kind: Kind) -> None:
    assert isinstance(ask(often(Kind.SECOND), kind, NOW), Asked)
    assert isinstance(ask(often(kind), Kind.SECOND, NOW), Asked)
    assert isinstance(ask(often(kind), Kind.CALLER, NOW), NotAsked)


# -- denials


@pytest.mark.parametrize(
    ("times", "until"),
    [
        ((), None),
        ((NOW - MINUTE,), None),
        ((NOW - 2 * MINUTE, NOW - MINUTE), NOW - MINUTE + QUIET_MS),
        ((NOW - QUIET_MS - 1, NOW - 1), None),
        ((NOW - QUIET_MS, NOW - 1), NOW - 1 + QUIET_MS),
        ((NOW - QUIET_MS, NOW - 2, NOW - 1), NOW - 1 + QUIET_MS),
        ((NOW - QUIET_MS - 5, NOW - QUIET_MS), None),
        ((NOW - QUIET_MS - 5, NOW - QUIET_MS + 1), NOW + 1),
    ],
)
def test_two_denials_within_an_hour_stop_pushes_for_an_hour(
    times: tuple[int, ...], until: int | None
) -> None:
    history = [denied(at, str(at)) for at in times]
    assert quiet_until(history, NOW) == until
    assert ask(history, Kind.CALLER, NOW) == Asked((), push=until is None)


def test_the_denial_that_begins_the_quiet_is_told_of_and_no_other() -> None:
    first, second, third = (denied(NOW + at, str(at)) for at in (0, 5, 9))
    assert not alarming([], first, NOW)
    assert not alarming([first], first, NOW)
    assert alarming([first], second, NOW + 5)
    assert alarming([first, question(NOW, name="5")], second, NOW + 5)
    assert not alarming([first, second], third, NOW + 9)


def test_approving_is_no_denial() -> None:
    assert quiet_until([denied(NOW - 9), APPROVED, USED], NOW) is None


# -- what is signed


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_whatever_differs_in_what_was_shown_is_signed_otherwise(
    asker: str, place: str, other: str, elsewhere: str
) -> None:
    one = statement(replace(WAITING, asker=asker, place=place), APPROVE, "42")
    two = statement(replace(WAITING, asker=other, place=elsewhere), APPROVE, "42")
    assert (one == two) is ((asker, place) == (other, elsewhere))


@pytest.mark.parametrize(
    "change", ["id", "tenant_id", "user_id", "phone_id", "kind", "asker", "place"]
)
def test_each_part_is_signed(change: str) -> None:
    other = replace(WAITING, **{change: Kind.CALLER if change == "kind" else "x"})  # type: ignore[arg-type]
    assert statement(other, APPROVE, "42") != statement(WAITING, APPROVE, "42")


def test_verdict_and_number_are_signed() -> None:
    said = [(APPROVE, "42"), (APPROVE, "24"), (DENY, "")]
    assert len({statement(WAITING, *what) for what in said}) == len(said)


def test_the_vectors_are_what_is_signed() -> None:
    stored = Path("tests/vectors/approvals.json").read_text("utf-8")
    assert stored == vectors.statements_as_json()
    cases = json.loads(stored)["cases"]
    assert {c["approval"]["kind"] for c in cases} == set(Kind)
    assert len({c["statement"] for c in cases}) == len(cases)


def test_an_approval_without_a_moment_never_ends_by_itself() -> None:
    assert ends_at(replace(APPROVED, answered_at=None)) is None
