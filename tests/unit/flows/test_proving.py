"""Proving a caller: by the phone, by codes read aloud, by a colleague's word; each into the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import casework, proving, staff, verifying
from keyturn.flows.proving import (
    Bar,
    Capped,
    CodeSent,
    Denied,
    NoCode,
    NotAllowed,
    NotFound,
    NotProved,
    NotYours,
    NoWay,
    Over,
    Proved,
    TooSoon,
)
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.approvals import LIFE_MS as ASKED_MS
from keyturn.rules.approvals import Approval, State
from keyturn.rules.budgets import CODE_TRIES
from keyturn.rules.codes import LIFE_MS, RESEND_MS
from keyturn.rules.events import Event
from keyturn.rules.grants import Deed, Missing, Permit, Short
from keyturn.rules.lockout import HOUR
from keyturn.rules.proofs import APPROVAL_MS, CASE_CODES, WRONG, Method, Outcome
from keyturn.rules.verified import PROOF_MS
from keyturn.steps import casework as steps
from keyturn.steps.acts import begin, record
from tests.unit.flows.helpdesk import NUMBER, HelpDesk, me
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import APPROVE, Pocket

TEXT, MAIL, OFFLINE = Method.TEXT, Method.MAIL, Method.OFFLINE


@pytest.fixture
def desk(house: House) -> HelpDesk:
    """Where Ada calls."""
    return HelpDesk(house)


@pytest.fixture
def tom(desk: HelpDesk) -> Staff:
    """A technician."""
    return desk.staff("tom")


@pytest.fixture
def ref(desk: HelpDesk, tom: Staff) -> str:
    """Tom's case."""
    return desk.case(tom)


def enter(house: House, by: Staff, ref: str, method: Method, typed: str) -> Any:
    return run(proving.enter(house.parts, by, ref, method, typed))


def send(house: House, by: Staff, ref: str, method: Method) -> Any:
    return run(proving.send(house.parts, by, ref, method))


def facts(desk: HelpDesk, by: Staff, ref: str) -> list[tuple[str, object, object]]:
    """Kind, method and outcome of each row about a proof."""
    rows = desk.log(by, ref)
    return [(str(r.kind), r.facts["method"], r.facts.get("outcome")) for r in rows
            if "method" in r.facts]  # fmt: skip


# -- push


def test_the_phones_yes_is_a_proof_in_the_log(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    desk.push(tom, ref)
    assert facts(desk, tom, ref) == [("asked", "push", None), ("proved", "push", None)]
    (proof,) = desk.look(tom, ref).proofs
    assert proof.until == house.clock.now() + PROOF_MS
    assert house.events()[-3:] == ["approval.given", "caller.verified", "case.proved"]
    house.clock.move(PROOF_MS)
    assert desk.proved(tom, ref) == set()


@pytest.mark.parametrize(
    ("how", "outcome"), [("deny", "denied"), ("wrong", "wrong"), ("silent", "no-answer")]
)
def test_each_other_end_is_a_failure_in_the_log(
    house: House, desk: HelpDesk, tom: Staff, ref: str, how: str, outcome: str
) -> None:
    question = desk.asks(tom, ref)
    assert [one.method for one in desk.look(tom, ref).running] == [Method.PUSH]
    one = desk.pocket.waiting()[0].one
    if how == "deny":
        desk.pocket.denies()
    elif how == "wrong":
        for _ in range(3):
            desk.pocket.says(one, APPROVE, str(109 - int(one.number)))
    else:
        house.clock.move(ASKED_MS)
        for _ in range(2):
            run(verifying.look(house.parts, tom, question))
    assert facts(desk, tom, ref)[1:] == [("failed", "push", outcome)]
    assert desk.proved(tom, ref) == set()
    assert desk.look(tom, ref).running == ()


def test_a_newer_question_says_nothing_of_the_caller(desk: HelpDesk, tom: Staff, ref: str) -> None:
    desk.asks(tom, ref)
    desk.push(tom, ref)
    assert [f[0] for f in facts(desk, tom, ref)] == ["asked", "asked", "proved"]


def test_a_question_outside_the_case_proves_nothing_in_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    run(verifying.start(house.parts, tom, desk.ada.id))
    desk.pocket.approves()
    assert desk.proved(tom, ref) == set()


def test_an_answer_that_comes_after_the_case_is_closed_or_handed_over_proves_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    mia = desk.staff("mia")
    desk.asks(tom, ref)
    run(casework.hand(house.parts, tom, ref, me(mia).id))
    desk.pocket.approves()
    assert desk.proved(mia, ref) == set()
    desk.asks(mia, ref)
    run(staff.close_case(house.parts, mia, ref, None))
    desk.pocket.approves()
    assert desk.kinds(mia, ref)[-1] == "closed"


def test_the_phone_is_asked_in_ones_own_case_about_that_user(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    mia, bob = desk.staff("mia"), house.user("bob@northwind.test")
    start = verifying.start
    assert run(start(house.parts, mia, desk.ada.id, ref)) == NotYours("Tom")
    Pocket(house, bob, scalar=9)
    assert run(start(house.parts, tom, bob.id, ref)) == verifying.NotFound()
    run(staff.close_case(house.parts, tom, ref, None))
    assert run(start(house.parts, tom, desk.ada.id, ref)) == verifying.NotFound()


def test_a_phone_that_was_bound_after_the_case_was_opened_proves_nothing(house: House) -> None:
    desk = HelpDesk(house)
    tom = desk.staff("tom")
    bob = house.user("bob@northwind.test")
    ref = desk.case(tom, bob.email)
    pocket = Pocket(house, bob, scalar=9)
    assert run(proving.standing(house.parts, tom, ref, OFFLINE)) == NoWay(Bar.NONE)
    way = next(w for w in desk.look(tom, ref).ways if w.method is Method.PUSH)
    assert (way.bar, way.to) == (Bar.NEW, pocket.phone.name)
    run(verifying.start(house.parts, tom, bob.id, ref))
    pocket.approves()
    assert desk.proved(tom, ref) == set()


def test_an_answer_of_a_phone_whose_row_is_gone_proves_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    question = desk.asks(tom, ref)
    one = house.write(lambda tx: tx.phones.approval(house.tenant.id, question))
    assert isinstance(one, Approval)
    used = replace(one, state=State.USED, phone_id="0" * 26, used_at=house.clock.now())
    act = begin(house.parts, tom.caller)
    house.write(lambda tx: steps.answered(tx, act, desk.ada, used))
    assert facts(desk, tom, ref)[-1][0] == "proved"
    assert desk.proved(tom, ref) == set()


# -- codes


@pytest.mark.parametrize("method", [TEXT, MAIL])
def test_a_code_goes_to_what_is_on_file_and_proves_once(
    house: House, desk: HelpDesk, tom: Staff, ref: str, method: Method
) -> None:
    answer = send(house, tom, ref, method)
    assert isinstance(answer, CodeSent)
    letter = house.last("case_code")
    assert letter.message.address == (NUMBER if method is TEXT else desk.ada.email)
    assert letter.values["ref"] == ref
    assert answer.to not in {NUMBER, desk.ada.email}
    assert [one.method for one in desk.look(tom, ref).running] == [method]
    shown = run(proving.standing(house.parts, tom, ref, method))
    assert isinstance(shown, proving.Standing)
    assert (shown.sent, shown.to, shown.left) == (answer.sent, answer.to, WRONG)
    assert isinstance(enter(house, tom, ref, method, letter.code), Proved)
    assert desk.proved(tom, ref) == {method}
    assert enter(house, tom, ref, method, letter.code) == NoCode()
    assert house.last("case_code").code not in house.dump("case_log", "audit", "flows")


def test_nothing_was_sent_yet(house: House, tom: Staff, ref: str) -> None:
    assert enter(house, tom, ref, TEXT, "123456") == NoCode()
    shown = run(proving.standing(house.parts, tom, ref, TEXT))
    assert isinstance(shown, proving.Standing)
    assert shown.sent is None


def test_another_code_after_a_minute(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    first = desk.send(tom, ref, TEXT)
    assert isinstance(send(house, tom, ref, TEXT), TooSoon)
    house.clock.move(RESEND_MS)
    second = desk.send(tom, ref, TEXT)
    assert [f[0] for f in facts(desk, tom, ref)] == ["asked"]
    assert enter(house, tom, ref, TEXT, first) == NotProved(Outcome.WRONG, WRONG - 1)
    assert isinstance(enter(house, tom, ref, TEXT, second), Proved)


def test_a_code_that_is_over_is_late(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    desk.send(tom, ref, MAIL)
    house.clock.move(RESEND_MS)
    code = desk.send(tom, ref, MAIL)
    house.clock.move(LIFE_MS - RESEND_MS)
    assert enter(house, tom, ref, MAIL, code) == NoCode()


def test_five_wrong_ones_in_a_case_and_reading_aloud_is_over_in_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    secret = desk.secret()
    desk.send(tom, ref, TEXT)
    for left in (4, 3, 2):
        assert enter(house, tom, ref, TEXT, "x") == NotProved(Outcome.WRONG, left)
    for left in (1, 0):
        assert enter(house, tom, ref, OFFLINE, "x") == NotProved(Outcome.WRONG, left)
    assert desk.offline(tom, ref, secret) == NoWay(Bar.SPENT)
    assert enter(house, tom, ref, TEXT, house.last("case_code").code) == NoWay(Bar.SPENT)
    assert send(house, tom, ref, MAIL) == NoWay(Bar.SPENT)
    mia = desk.staff("mia")
    run(casework.hand(house.parts, tom, ref, me(mia).id))
    assert send(house, mia, ref, MAIL) == NoWay(Bar.SPENT)


def test_what_is_typed_for_a_user_is_counted_over_all_cases(
    house: House, desk: HelpDesk, tom: Staff
) -> None:
    secret = desk.secret()
    for _ in range(CODE_TRIES.limit // WRONG):
        ref = desk.case(tom)
        for _ in range(WRONG):
            enter(house, tom, ref, OFFLINE, "000000")
    assert desk.offline(tom, desk.case(tom), secret) == NotProved(Outcome.WRONG, WRONG - 1)


def test_an_offline_code_proves_once(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    assert enter(house, tom, ref, OFFLINE, "123456") == NoWay(Bar.NONE)
    secret = desk.secret()
    assert isinstance(desk.offline(tom, ref, secret), Proved)
    assert desk.proved(tom, ref) == {"offline"}
    assert desk.offline(tom, ref, secret) == NotProved(Outcome.WRONG, WRONG - 1)
    shown = run(proving.standing(house.parts, tom, ref, OFFLINE))
    assert isinstance(shown, proving.Standing)
    assert (shown.sent, shown.to) == (None, desk.pocket.phone.name)


def test_staff_send_one_user_few_codes(house: House, desk: HelpDesk, tom: Staff) -> None:
    for _ in range(CASE_CODES.limit):
        assert isinstance(send(house, tom, desk.case(tom), MAIL), CodeSent)
    answer = send(house, tom, desk.case(tom), MAIL)
    assert isinstance(answer, Capped)
    house.clock.move(HOUR)
    assert isinstance(send(house, tom, desk.case(tom), MAIL), CodeSent)


def test_the_caps_on_texts_hold_here_too(house: House, desk: HelpDesk, tom: Staff) -> None:
    for _ in range(5):
        send(house, tom, desk.case(tom), TEXT)
    house.clock.move(HOUR)
    answer = send(house, tom, desk.case(tom), TEXT)
    assert isinstance(answer, Capped)
    assert answer.cause == "number"


def test_a_number_or_address_that_is_newer_than_the_case_proves_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    desk.send(tom, ref, TEXT)
    code = house.last("case_code").code
    house.change(desk.ada, phone="+447400999999", phone_verified_at=house.clock.now())
    assert enter(house, tom, ref, TEXT, code) == NoWay(Bar.NEW)
    assert send(house, tom, ref, TEXT) == NoWay(Bar.NEW)
    house.change(desk.ada, phone=None, phone_verified_at=None)
    assert send(house, tom, ref, TEXT) == NoWay(Bar.NONE)


def test_a_code_for_another_address_is_none(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    code = desk.send(tom, ref, MAIL)
    house.change(desk.ada, email="new@northwind.test")
    assert enter(house, tom, ref, MAIL, code) == NoCode()


def test_an_address_that_changed_since_the_case_proves_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    act = begin(house.parts, house.browser().caller)
    house.write(lambda tx: record(tx, act, Event.EMAIL_CHANGED, desk.ada))
    assert send(house, tom, ref, MAIL) == NoWay(Bar.NEW)


def test_an_address_that_nobody_has_proved_proves_nothing(
    house: House, desk: HelpDesk, tom: Staff
) -> None:
    house.user("new@northwind.test", state=UserState.INVITED)
    house.clock.move(1)
    assert send(house, tom, desk.case(tom, "new@northwind.test"), MAIL) == NoWay(Bar.NONE)


def test_a_code_belongs_to_its_turn(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    mia = desk.staff("mia")
    code = desk.send(tom, ref, TEXT)
    run(casework.hand(house.parts, tom, ref, me(mia).id))
    assert enter(house, tom, ref, TEXT, code) == NotYours("Mia")
    assert enter(house, mia, ref, TEXT, code) == NoCode()


def test_who_may_not(house: House, desk: HelpDesk, ref: str) -> None:
    auditor = desk.staff("aud", Role.AUDITOR)
    no = NotAllowed(Why.NO_ROLE)
    assert send(house, auditor, ref, TEXT) == no
    assert enter(house, auditor, ref, TEXT, "1") == no
    assert run(proving.standing(house.parts, auditor, ref, TEXT)) == no
    assert run(proving.ask(house.parts, auditor, ref, desk.ada.id)) == no


def test_no_such_case(house: House, tom: Staff) -> None:
    assert send(house, tom, "KT-7F3K-2M", TEXT) == NotFound()


# -- the word of a colleague


def test_a_colleague_gives_their_word(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    mia = desk.staff("mia")
    assert isinstance(run(proving.ask(house.parts, tom, ref, me(mia).id)), proving.Asked)
    letter = house.last("case_approval")
    assert (letter.message.address, letter.values["asker"]) == ("mia@northwind.test", "Tom")
    assert letter.values["link"].endswith(f"/console/cases/{ref}/approve")
    assert desk.look(mia, ref).asks_me == house.clock.now() + APPROVAL_MS
    assert desk.look(tom, ref).asks_me is None
    (asked,) = desk.look(tom, ref).running
    assert (asked.method, asked.colleague) == (Method.APPROVAL, "Mia")
    assert isinstance(run(proving.vouch(house.parts, mia, ref, known=True)), Proved)
    (proof,) = desk.look(tom, ref).proofs
    assert (proof.method, proof.by) == (Method.APPROVAL, "Mia")
    assert run(proving.vouch(house.parts, mia, ref, known=True)) == NotFound()


def test_a_colleague_who_does_not_know_them(desk: HelpDesk, tom: Staff, ref: str) -> None:
    assert desk.vouch(tom, ref, desk.staff("mia"), known=False) == Denied()
    assert facts(desk, tom, ref)[-1] == ("failed", "approval", "denied")
    assert desk.proved(tom, ref) == set()


def test_nobody_who_was_not_asked(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    mia, max_ = desk.staff("mia"), desk.staff("max")
    vouch = proving.vouch
    assert run(vouch(house.parts, mia, ref, known=True)) == NotFound()
    run(proving.ask(house.parts, tom, ref, me(mia).id))
    assert run(vouch(house.parts, max_, ref, known=True)) == NotFound()
    assert run(vouch(house.parts, tom, ref, known=True)) == NotFound()
    run(proving.ask(house.parts, tom, ref, me(max_).id))
    assert run(vouch(house.parts, mia, ref, known=True)) == NotFound()
    house.clock.move(APPROVAL_MS)
    assert run(vouch(house.parts, max_, ref, known=True)) == NotFound()
    assert desk.proved(tom, ref) == set()


def test_who_is_asked_and_takes_the_case_gives_no_word(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    mia = desk.staff("mia")
    run(proving.ask(house.parts, tom, ref, me(mia).id))
    run(casework.take(house.parts, mia, ref))
    assert run(proving.vouch(house.parts, mia, ref, known=True)) == NotFound()


def test_who_can_be_asked(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    auditor = desk.staff("aud", Role.AUDITOR)
    for wrong in (me(tom).id, desk.ada.id, me(auditor).id, "nobody"):
        assert run(proving.ask(house.parts, tom, ref, wrong)) == NotFound()
    run(staff.close_case(house.parts, tom, ref, None))
    assert run(proving.vouch(house.parts, desk.staff("mia"), ref, known=True)) == Over()


def test_a_colleague_is_not_flooded(house: House, desk: HelpDesk, tom: Staff) -> None:
    mia = desk.staff("mia")
    for _ in range(CASE_CODES.limit):
        run(proving.ask(house.parts, tom, desk.case(tom), me(mia).id))
    assert isinstance(run(proving.ask(house.parts, tom, desk.case(tom), me(mia).id)), Capped)


def test_a_word_counts_while_whose_it_is_may_give_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    mia = desk.staff("mia")
    desk.vouch(tom, ref, mia)
    desk.push(tom, ref)
    assert isinstance(desk.deed(tom, ref), Permit)
    house.write(lambda tx: tx.roles.revoke(house.tenant.id, me(mia).id))
    assert desk.deed(tom, ref) == Short(Deed.LOST_PHONE, (Missing.ANOTHER,))


def test_of_staff_a_second_technician_says_so_besides(house: House) -> None:
    desk = HelpDesk(house, role=Role.TECHNICIAN)
    boss, other, tim = (
        desk.staff(name, role)
        for name, role in (("boss", Role.OWNER), ("other", Role.MANAGER), ("tim", Role.TECHNICIAN))
    )
    ref = desk.case(boss)
    desk.push(boss, ref)
    desk.reads(boss, ref, TEXT)
    assert desk.deed(boss, ref) == Short(Deed.LOST_PHONE, (Missing.SECOND,))
    desk.vouch(boss, ref, tim)  # may verify, and not reset a technician
    assert desk.deed(boss, ref) == Short(Deed.LOST_PHONE, (Missing.SECOND,))
    desk.vouch(boss, ref, other)
    assert isinstance(desk.deed(boss, ref), Permit)
