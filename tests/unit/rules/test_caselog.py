"""What a case is, read out of its log; and that no order of events permits what it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.caselog import Kind, Row, ours, outcomes, read
from keyturn.rules.grants import Deed, Permit, permit, use
from keyturn.rules.proofs import WRONG, Method
from keyturn.rules.verified import PROOF_MS
from tests.unit.rules.cases import NOW, OLD, OPENED, USER, Desk, about
from tests.unit.rules.test_proofs import ENOUGH


@pytest.fixture
def desk() -> Desk:
    """Tom's case."""
    made = Desk()
    made(Kind.OPENED, actor="tom", name="ada")
    made.take("tom")
    return made


def methods(desk: Desk) -> list[str]:
    return [proof.method for proof in desk.standing.proofs]


def test_nobodys_case_until_somebody_takes_it() -> None:
    fresh = Desk().standing
    assert (fresh.holder, fresh.turn, fresh.closed, fresh.spent) == ("", 0, False, False)


def test_whose_it_is(desk: Desk) -> None:
    assert (desk.standing.holder, desk.standing.turn) == ("tom", 2)
    desk(Kind.HANDED, "mia", "tom")
    assert (desk.standing.holder, desk.standing.turn) == ("mia", 3)


def test_a_proof_is_read_as_it_was_written(desk: Desk) -> None:
    desk.proved("approval", "q1", by="mia", epoch=3, since=0)
    (proof,) = desk.standing.proofs
    assert (proof.user_id, proof.technician_id, proof.method) == (USER, "tom", Method.APPROVAL)
    assert (proof.epoch, proof.at, proof.since, proof.by) == (3, NOW, 0, "mia")


def test_proofs_of_an_earlier_turn_are_gone_also_when_the_case_comes_back(desk: Desk) -> None:
    desk.proved("push")
    desk(Kind.HANDED, "mia", "tom")
    desk(Kind.HANDED, "tom", "mia")
    assert methods(desk) == []


def test_an_answer_to_a_question_of_an_earlier_turn_proves_nothing(desk: Desk) -> None:
    turn = desk.standing.turn
    desk(Kind.HANDED, "mia", "tom")
    desk(Kind.HANDED, "tom", "mia")
    desk.proved("push", "q1", turn=turn)
    assert methods(desk) == []


def test_nothing_is_proved_or_granted_where_nobody_has_the_case() -> None:
    desk = Desk()
    desk.proved("push")
    assert methods(desk) == []
    desk(Kind.GRANTED, "g", deed="lost-phone", turn=1, epoch=1)
    assert not desk.standing.grants


def test_what_is_asked_until_it_has_its_end(desk: Desk) -> None:
    asks = {"method": "push", "turn": 2}
    desk(Kind.ASKED, "q1", "tom", **asks)
    assert set(desk.standing.asked) == {"q1"}
    desk(Kind.ASKED, "q2", "tom", **asks)
    assert set(desk.standing.asked) == {"q2"}
    desk(Kind.ASKED, "t1", "tom", method="text", turn=2)
    assert set(desk.standing.asked) == {"q2", "t1"}
    desk.proved("push", "q2")
    assert set(desk.standing.asked) == {"t1"}
    desk.failed("text", "late", "t1")
    assert not desk.standing.asked


def test_what_was_asked_in_an_earlier_turn_is_asked_no_more(desk: Desk) -> None:
    desk(Kind.HANDED, "mia", "tom")
    desk(Kind.ASKED, "q1", "tom", method="push", turn=2)
    assert not desk.standing.asked


def test_a_wrong_code_leaves_what_was_asked_and_counts_in_the_whole_case(desk: Desk) -> None:
    desk(Kind.ASKED, "t1", "tom", method="text", turn=2)
    for number in range(WRONG):
        assert not desk.standing.spent
        if number == 2:
            desk(Kind.HANDED, "mia", "tom")
        desk.failed("text" if number % 2 else "offline", "wrong", "t1")
    assert desk.standing.spent


def test_a_wrong_number_on_the_phone_ends_the_question_and_is_no_wrong_code(desk: Desk) -> None:
    desk(Kind.ASKED, "q1", "tom", method="push", turn=2)
    desk.failed("push", "wrong", "q1")
    assert not desk.standing.asked
    assert desk.standing.wrong == 0


def test_a_wrong_code_leaves_the_question(desk: Desk) -> None:
    desk(Kind.ASKED, "t1", "tom", method="text", turn=2)
    desk.failed("text", "wrong", "t1")
    assert set(desk.standing.asked) == {"t1"}
    assert outcomes(desk.rows, "t1") == frozenset()
    desk.proved("text", "t1")
    assert outcomes(desk.rows, "t1") == {Kind.PROVED}
    assert len(ours(desk.rows, "t1")) == 3


def test_a_grant_is_used_once_and_gone_with_the_turn(desk: Desk) -> None:
    desk(Kind.GRANTED, "g", "tom", deed="lost-phone", turn=2, epoch=1, bound=True)
    grant = desk.standing.grants["g"]
    assert grant.bound
    assert use(grant, Deed.LOST_PHONE, about("tom"), NOW)
    desk(Kind.USED, "g", "tom")
    assert use(desk.standing.grants["g"], Deed.LOST_PHONE, about("tom"), NOW) is None
    desk(Kind.USED, "another", "tom")
    desk(Kind.HANDED, "mia", "tom")
    assert not desk.standing.grants


def test_a_closed_case_takes_nothing_more(desk: Desk) -> None:
    desk.proved("push")
    desk(Kind.CLOSED, actor="tom", cause=None)
    desk.proved("text", turn=2)
    desk.take("mia")
    standing = desk.standing
    assert (standing.closed, standing.proofs, standing.holder) == (True, (), "tom")


def test_a_damaged_row_proves_nothing(desk: Desk) -> None:
    desk.proved("push", epoch="one")
    assert desk.standing.proofs[0].epoch == 0


# -- no order of events permits more than two live proofs of this turn do

_WHO = st.sampled_from(["tom", "mia", "max"])
_EVENTS = st.one_of(
    st.tuples(st.just("take"), _WHO),
    st.tuples(st.just("hand"), _WHO),
    st.tuples(st.just("close"), st.none()),
    st.tuples(st.just("wait"), st.integers(0, PROOF_MS + 1)),
    st.tuples(st.just("note"), st.none()),
    st.tuples(
        st.just("prove"),
        st.tuples(
            st.sampled_from(sorted(Method)), st.integers(0, 2), st.sampled_from([1, 1, 1, 2]),
            st.sampled_from([OLD, OLD, OLD, OPENED]), _WHO,
        ),
    ),
)  # fmt: skip


def _played(events: list[tuple[str, Any]]) -> Desk:
    desk = Desk()
    desk(Kind.OPENED, actor="tom")
    desk.take("tom")
    turns = [0, 2]
    for what, detail in events:
        if what in {"take", "hand"}:
            row = desk(Kind.TAKEN if what == "take" else Kind.HANDED, str(detail))
            turns.append(row.number)
        elif what == "close":
            desk(Kind.CLOSED)
        elif what == "note":
            desk(Kind.NOTE, text="spoke with them")
        elif what == "wait":
            desk.now += int(str(detail))
        else:
            method, back, epoch, since, by = detail
            turn = turns[-1 - min(back, len(turns) - 1)]
            word = {"by": by} if method == "approval" else {}
            desk.proved(method, turn=turn, epoch=epoch, since=since, **word)
    return desk


def _good(desk: Desk, me: str) -> list[Row]:
    """The rows that may count, said another way than the rules do."""
    if any(row.kind is Kind.CLOSED for row in desk.rows):
        return []
    last = [row for row in desk.rows if row.kind in {Kind.TAKEN, Kind.HANDED}][-1]
    return [
        row for row in desk.rows[last.number :]
        if last.about == me and row.kind is Kind.PROVED and row.facts["turn"] == last.number
        and row.facts["epoch"] == 1 and row.facts["since"] == OLD
        and desk.now - row.at < PROOF_MS and row.facts.get("by") != me
    ]  # fmt: skip


@given(st.lists(_EVENTS, max_size=12), _WHO, st.booleans())
def test_a_lost_phone_takes_two_live_proofs_of_this_turn(
    events: list[tuple[str, Any]], me: str, staff: bool
) -> None:
    desk = _played(events)
    good = {str(row.facts["method"]) for row in _good(desk, me)}
    used = good - {"approval"} if staff else good
    wanted = any(pair <= used for pair in ENOUGH) and (not staff or "approval" in good)
    found = permit(Deed.LOST_PHONE, desk.standing.proofs, about(me), desk.now, staff=staff)
    assert isinstance(found, Permit) is wanted


@given(st.lists(_EVENTS, max_size=12), _WHO, st.booleans())
def test_another_case_another_user_or_a_reset_account_has_nothing_of_it(
    events: list[tuple[str, Any]], me: str, staff: bool
) -> None:
    desk = _played(events)
    proofs = desk.standing.proofs
    others = [
        replace(about(me), case_id="another"), replace(about(me), user_id="bob"), about(me, 3),
    ]  # fmt: skip
    for other in others:
        assert not isinstance(permit(Deed.LOST_PHONE, proofs, other, desk.now, staff=staff), Permit)
    assert read("bob", desk.rows).proofs == tuple(replace(p, user_id="bob") for p in proofs)
