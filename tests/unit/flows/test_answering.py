"""A phone is asked, and answers: once, by its own key, with the number that was shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory_push import MemoryPushService
from keyturn.flows import answering, asking
from keyturn.flows.answering import Forged, NoNumber, NotTaken, Taken, Unknown
from keyturn.flows.asking import Capped, NoPhone, NotAsked, Standing
from keyturn.flows.signin import SecondPending
from keyturn.rules import approvals
from keyturn.rules.accounts import FactorKind, Role, UserState
from keyturn.rules.approvals import LIFE_MS, Approval, Kind, State, Why
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState
from keyturn.steps import questions
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Refused
from keyturn.steps.phone_door import Why as PhoneWhy
from keyturn.steps.questions import Wanted
from keyturn.wire import phone_answers
from tests.unit.flows.house import Browser, House, run
from tests.unit.flows.pockets import APPROVE, DENY, Pocket, rebound


@pytest.fixture
def pocket(house: House) -> Pocket:
    """Ada has a phone."""
    return Pocket(house, house.user())


def asked(browser: Browser) -> Approval:
    """Somebody with the password asks the phone."""
    answer = run(asking.for_flow(browser.house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def question(browser: Browser) -> Approval:
    """The same, from the beginning."""
    assert isinstance(browser.sign_in(), SecondPending)
    return asked(browser)


def wrong(one: Approval) -> str:
    """A number that was not shown."""
    return str(109 - int(one.number))


def test_a_phone_is_a_second_step(pocket: Pocket, browser: Browser) -> None:
    answer = browser.sign_in()
    assert isinstance(answer, SecondPending)
    assert answer.methods == (FactorKind.PUSH,)


def test_the_phone_shows_who_asks_from_where(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    (shown,) = pocket.waiting()
    assert (shown.one.asker, shown.one.place) == (browser.name, browser.ip)
    assert (shown.one, shown.words, shown.left) == (one, "", 3)
    assert pocket.house.trail()[-1].facts == {
        "kind": "second", "approval": one.id, "pushed": False,
    }  # fmt: skip


@pytest.mark.parametrize("spelled", ["{}", " {} ", "\t{}"])
def test_the_right_number_approves(pocket: Pocket, browser: Browser, spelled: str) -> None:
    one = question(browser)
    reply = pocket.signs(one, APPROVE, one.number)
    typed = replace(reply, typed=spelled.format(one.number))
    assert run(pocket.sends(typed)) == Taken()
    assert pocket.stored(one).state is State.APPROVED
    assert pocket.house.events()[-1] == "approval.given"
    assert pocket.waiting() == ()


@pytest.mark.parametrize("typed", ["", "7", "123", "ab"])
def test_what_can_be_no_number_is_no_try(pocket: Pocket, browser: Browser, typed: str) -> None:
    one = question(browser)
    assert pocket.says(one, APPROVE, typed) == NoNumber()
    assert pocket.stored(one) == one


def test_three_wrong_numbers_end_it(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    answers = [pocket.says(one, APPROVE, wrong(one)) for _ in range(4)]
    over = NotTaken(Ended.NUMBER)
    assert answers == [NotTaken(Why.WRONG, 2), NotTaken(Why.WRONG, 1), over, over]
    assert pocket.says(one, APPROVE, one.number) == over
    assert pocket.house.events().count("approval.wrong") == 3


def test_an_answer_that_comes_twice_is_the_first_one(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    reply = pocket.signs(one, APPROVE, one.number)
    assert [run(pocket.sends(reply)) for _ in range(2)] == [Taken(), Taken()]
    assert pocket.says(one, DENY) == NotTaken(Why.SETTLED)
    assert pocket.house.events().count("approval.given") == 1


def test_an_answer_after_its_minute_is_none(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    pocket.house.clock.move(LIFE_MS)
    assert pocket.says(one, APPROVE, one.number) == NotTaken(Ended.EXPIRED)
    assert pocket.waiting() == ()


@pytest.mark.parametrize("name", ["asker", "place", "kind", "id", "user_id", "phone_id"])
def test_what_was_shown_otherwise_is_not_approved(
    pocket: Pocket, browser: Browser, name: str
) -> None:
    one = question(browser)
    otherwise: dict[str, Any] = {name: "other"}
    shown = replace(one, **otherwise)
    reply = pocket.signs(shown, APPROVE, shown.number)
    answer = run(pocket.sends(replace(reply, approval_id=one.id)))
    assert answer == Forged()
    assert pocket.stored(one) == one
    assert pocket.house.events()[-1] == "approval.forged"


def test_a_denial_cannot_be_turned_into_an_approval(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    denial = pocket.signs(one, DENY, "")
    turned = replace(denial, verdict=APPROVE, typed=one.number)
    assert run(pocket.sends(turned)) == Forged()
    assert run(pocket.sends(denial)) == Taken()


def test_an_approval_of_another_question_is_worth_nothing(pocket: Pocket, browser: Browser) -> None:
    first = question(browser)
    reply = pocket.signs(first, APPROVE, first.number)
    second = asked(browser)
    replayed = replace(reply, approval_id=second.id, typed=second.number)
    assert run(pocket.sends(replayed)) == Forged()
    assert run(pocket.sends(reply)) == NotTaken(Ended.NEWER)


def test_another_key_is_refused(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    thief = Pocket(pocket.house, pocket.house.user("eve@northwind.test"), scalar=9)
    assert run(pocket.sends(thief.signs(one, APPROVE, one.number))) == Forged()


def test_nobody_elses_phone_answers(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    thief = Pocket(pocket.house, pocket.house.user("eve@northwind.test"), scalar=9)
    assert thief.says(one, APPROVE, one.number) == Unknown()
    assert thief.waiting() == ()
    assert thief.says(replace(one, id="0" * 26), DENY) == Unknown()


def test_no_phone_of_another_tenant_answers(pocket: Pocket, browser: Browser) -> None:
    one, house = question(browser), pocket.house
    other = house.add_tenant("contoso")
    thief = Pocket(house, house.user("eve@contoso.test", tenant=other), scalar=9)
    assert thief.says(one, APPROVE, one.number) == Unknown()
    caller = thief.browser.caller
    reply = pocket.signs(one, APPROVE, one.number)
    there = answering.answer(house.parts, caller, pocket.said, reply, phone_answers.signed)
    assert run(there) == Refused(PhoneWhy.SIGNATURE)
    assert pocket.stored(one) == one


@pytest.mark.parametrize("state", [PhoneState.STALE, PhoneState.REVOKED])
def test_a_phone_that_is_over_answers_nothing(
    pocket: Pocket, browser: Browser, state: PhoneState
) -> None:
    one = question(browser)
    rebound(pocket, state)
    answer = pocket.says(one, APPROVE, one.number)
    assert isinstance(answer, Refused)
    assert (answer.why, answer.data["why"]) == (PhoneWhy.UNBOUND, str(state))


def test_nobody_answers_for_somebody_disabled(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    pocket.house.change(pocket.user, state=UserState.DISABLED)
    refused = Refused(PhoneWhy.ACCOUNT, {"state": "disabled"})
    assert pocket.says(one, APPROVE, one.number) == refused
    assert run(answering.waiting(pocket.house.parts, browser.caller, pocket.said)) == refused


def test_nobody_answers_for_somebody_erased_meanwhile(pocket: Pocket, browser: Browser) -> None:
    one, house = question(browser), pocket.house

    async def erased() -> answering.Answer:
        reply = pocket.signs(one, APPROVE, one.number)

        def judge(key: str, statement: bytes, signature: str) -> bool:
            house.write(lambda tx: tx.users.delete(one.tenant_id, one.user_id))
            return True

        caller = pocket.browser.caller
        return await answering.answer(house.parts, caller, pocket.said, reply, judge)

    assert run(erased()) == Refused(PhoneWhy.SIGNATURE)


@pytest.mark.parametrize("proof", [None, "q" * 43])
def test_without_the_app_lock_nobody_says_yes(
    pocket: Pocket, browser: Browser, proof: str | None
) -> None:
    one = question(browser)
    reply = replace(pocket.signs(one, APPROVE, one.number), proof=proof)
    answer = run(pocket.sends(reply))
    assert isinstance(answer, Refused)
    assert (answer.why, answer.data["left"]) == (PhoneWhy.LOCK, 5 if proof is None else 4)
    assert pocket.stored(one) == one


def test_anybody_says_no(pocket: Pocket, browser: Browser) -> None:
    assert pocket.signs(question(browser), DENY, "").proof is None
    assert pocket.denies() == Taken()


def test_a_request_that_is_said_again_is_not_heard(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    reply, said = pocket.signs(one, APPROVE, one.number), pocket.said
    house, caller = pocket.house, pocket.browser.caller

    def says() -> answering.Answer:
        return run(answering.answer(house.parts, caller, said, reply, phone_answers.signed))

    assert [says(), says()] == [Taken(), Refused(PhoneWhy.SEQUENCE)]


def test_one_waits_at_a_time(pocket: Pocket, browser: Browser) -> None:
    first, second = question(browser), asked(browser)
    assert [shown.one.id for shown in pocket.waiting()] == [second.id]
    assert pocket.stored(first).ended is Ended.NEWER


def test_strangers_with_the_password_flood_nobody(pocket: Pocket, house: House) -> None:
    for _ in range(approvals.ASKED):
        question(house.browser())
    stranger = house.browser()
    stranger.sign_in()
    until = house.clock.now() + approvals.ASKED_MS
    for _ in range(30):
        answer = run(asking.for_flow(house.parts, stranger.caller, "signin"))
        assert answer == NotAsked(Capped.OFTEN, until)
    assert house.events().count("approval.asked") == approvals.ASKED
    assert house.events().count("approval.capped") == 20  # rows of the trail are bounded too
    house.clock.move(approvals.ASKED_MS)
    assert isinstance(question(house.browser()), Approval)


def test_who_never_gave_the_password_asks_nothing(pocket: Pocket, browser: Browser) -> None:
    browser.fail(1)
    answer = run(asking.for_flow(pocket.house.parts, browser.caller, "signin"))
    assert answer == asking.Nobody()
    assert pocket.waiting() == ()


def test_without_a_phone_nobody_is_asked(house: House, browser: Browser) -> None:
    house.saved_codes(house.user())
    browser.sign_in()
    assert run(asking.for_flow(house.parts, browser.caller, "signin")) == NoPhone()


# -- denials


def test_a_denial_is_final(pocket: Pocket, browser: Browser) -> None:
    one = question(browser)
    assert pocket.denies() == Taken()
    assert pocket.says(one, APPROVE, one.number) == NotTaken(Why.SETTLED)
    assert pocket.house.events()[-1] == "approval.denied"


def test_two_denials_within_an_hour_are_told_once(pocket: Pocket, house: House) -> None:
    owner = house.user("owner@northwind.test", role=Role.OWNER)
    for _ in range(3):
        question(house.browser())
        pocket.denies()
        house.clock.move(MINUTE)
    (alarm,), (notice,) = house.outbox("alarm"), house.outbox("approvals_denied")
    assert (alarm.message.user_id, alarm.values["alarm"]) == (owner.id, "phone-denied")
    assert alarm.values["subject"] == "Ada Byron"
    letters = JinjaLetters(house.parts.link)
    told = letters.mail("alarm", house.tenant, "x@y.test", {"id": "1", "name": "O", **alarm.values})
    assert "Ada Byron was asked twice on the phone" in told.text
    assert f"/console/users/{pocket.user.id}" in told.text
    assert (notice.message.user_id, notice.values["staff"]) == (pocket.user.id, False)
    assert notice.values["asker"] == "Firefox on Windows"
    assert house.events().count("alarm.raised") == 1


def test_one_denial_an_hour_alarms_nobody(pocket: Pocket, house: House) -> None:
    for _ in range(3):
        question(house.browser())
        pocket.denies()
        house.clock.move(HOUR)
    assert house.outbox("approvals_denied") == []


def test_after_two_denials_a_question_waits_in_the_app_unpushed(
    pocket: Pocket, house: House
) -> None:
    pocket.subscribes(MemoryPushService(house.clock))
    for _ in range(2):
        question(house.browser())
        pocket.denies()
    assert len(house.outbox("question")) == 2
    question(house.browser())
    assert len(house.outbox("question")) == 2
    assert len(pocket.waiting()) == 1
    house.clock.move(approvals.QUIET_MS)
    question(house.browser())
    assert len(house.outbox("question")) == 3


def test_nobody_of_that_id_is_asked_or_taken(house: House, browser: Browser) -> None:
    act, nobody = begin(house.parts, browser.caller), "0" * 26
    wanted = Wanted(Kind.SECOND, nobody, "Firefox", "203.0.113.7")
    assert house.write(lambda tx: questions.ask(tx, act, nobody, wanted)) == NoPhone()
    assert not house.write(lambda tx: questions.take(tx, act, nobody, nobody))
