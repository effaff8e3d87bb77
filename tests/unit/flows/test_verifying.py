"""A technician asks a caller's phone; each is proved to the other."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import asking, casework, support, verifying
from keyturn.flows.asking import Capped
from keyturn.flows.staff import authorise, on_the_host
from keyturn.flows.verifying import (
    NoPhone,
    NotAllowed,
    NotAsked,
    NotFound,
    PhoneOf,
    Started,
    Verification,
)
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Case, Role, UserState
from keyturn.rules.approvals import ASKED, LIFE_MS, State, Verdict
from keyturn.rules.lockout import MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PushState
from keyturn.rules.verified import PROOF_MS
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import Pocket

APPROVE, DENY = Verdict


@pytest.fixture
def pocket(house: House) -> Pocket:
    """Ada has a phone."""
    return Pocket(house, house.user())


@pytest.fixture
def tom(house: House) -> Staff:
    """A technician."""
    return staff_of(house, "tom@northwind.test", name="Tom")


def staff_of(house: House, email: str, role: Role = Role.TECHNICIAN, **fields: Any) -> Staff:
    browser, user = house.browser(), house.user(email, role=role, **fields)
    found = run(authorise(house.parts, browser.caller, house.signed(browser, user)))
    assert isinstance(found, Staff)
    return found


def begun(pocket: Pocket, by: Staff, case: str = "") -> str:
    answer = run(verifying.start(pocket.house.parts, by, pocket.user.id, case))
    assert isinstance(answer, Started), answer
    return answer.id


def seen(pocket: Pocket, by: Staff, approval_id: str) -> Verification:
    found = run(verifying.look(pocket.house.parts, by, approval_id))
    assert isinstance(found, Verification)
    return found


def proved_until(pocket: Pocket, by: Staff) -> int | None:
    return run(verifying.phone_of(pocket.house.parts, by, pocket.user.id)).proved_until


def test_both_sides_see_the_same_number_and_words(pocket: Pocket, tom: Staff) -> None:
    found = seen(pocket, tom, begun(pocket, tom))
    (shown,) = pocket.waiting()
    assert found.standing.one == shown.one
    assert found.words == shown.words
    assert len(found.words.split()) == 2
    assert (shown.one.asker, shown.one.place) == ("Tom", "Northwind")
    assert (found.user, found.push, found.proved_until) == (pocket.user, PushState.NONE, None)


def test_words_hold_while_the_minute_turns_and_change_with_the_next(
    pocket: Pocket, tom: Staff
) -> None:
    house = pocket.house
    house.clock.move(MINUTE - 1 - house.clock.now() % MINUTE)
    first = begun(pocket, tom)
    words = seen(pocket, tom, first).words
    house.clock.move(2)
    assert seen(pocket, tom, first).words == pocket.waiting()[0].words == words
    assert seen(pocket, tom, begun(pocket, tom)).words != words


def test_words_are_the_technicians_own(pocket: Pocket, tom: Staff) -> None:
    other = staff_of(pocket.house, "tim@northwind.test")
    assert seen(pocket, tom, begun(pocket, tom)).words != (
        seen(pocket, other, begun(pocket, other)).words
    )


def test_a_caller_is_verified(pocket: Pocket, tom: Staff) -> None:
    approval_id, house = begun(pocket, tom), pocket.house
    pocket.approves()
    found = seen(pocket, tom, approval_id)
    assert found.standing.one.state is State.USED
    assert found.proved_until == proved_until(pocket, tom) == house.clock.now() + PROOF_MS
    assert house.events()[-2:] == ["approval.given", "caller.verified"]
    assert house.trail()[-1].facts["by"] == tom.user.id  # type: ignore[union-attr]


def test_a_proof_is_one_technicians_and_minutes_long(pocket: Pocket, tom: Staff) -> None:
    house = pocket.house
    begun(pocket, tom)
    pocket.approves()
    assert proved_until(pocket, staff_of(house, "tim@northwind.test")) is None
    assert proved_until(pocket, on_the_host(tom.caller)) is None
    house.clock.move(PROOF_MS)
    assert proved_until(pocket, tom) is None


def test_a_reset_ends_the_proof(pocket: Pocket, tom: Staff) -> None:
    begun(pocket, tom)
    pocket.approves()
    pocket.house.change(pocket.user, epoch=1)
    assert proved_until(pocket, tom) is None


def test_a_denial_and_wrong_numbers_are_told(pocket: Pocket, tom: Staff) -> None:
    house, first = pocket.house, begun(pocket, tom)
    pocket.denies()
    assert seen(pocket, tom, first).standing.one.state is State.DENIED
    assert house.trail()[-1].facts["why"] == "denied"
    one = seen(pocket, tom, begun(pocket, tom)).standing.one
    for _ in range(3):
        pocket.says(one, APPROVE, str(109 - int(one.number)))
    assert seen(pocket, tom, one.id).standing.one.ended is Ended.NUMBER
    assert house.events()[-1] == "caller.unverified"
    assert house.trail()[-1].facts["why"] == "number"


def test_a_wrong_number_before_the_third_is_no_end(pocket: Pocket, tom: Staff) -> None:
    one = seen(pocket, tom, begun(pocket, tom)).standing.one
    pocket.says(one, APPROVE, str(109 - int(one.number)))
    assert seen(pocket, tom, one.id).standing.left == 2
    assert "caller.unverified" not in pocket.house.events()


def test_a_second_denial_by_a_call_names_the_technician(pocket: Pocket, tom: Staff) -> None:
    for _ in range(2):
        begun(pocket, tom)
        pocket.denies()
    told = pocket.house.last("approvals_denied").values
    assert (told["asker"], told["staff"]) == ("Tom", True)


def test_that_nobody_answers_is_recorded_once_though_nobody_looks(
    pocket: Pocket, tom: Staff
) -> None:
    house, approval_id = pocket.house, begun(pocket, tom)
    house.clock.move(LIFE_MS - 1)
    assert run(verifying.settle(house.parts)) == 0
    house.clock.move(1)
    assert [run(verifying.settle(house.parts)) for _ in range(2)] == [1, 0]
    assert seen(pocket, tom, approval_id).standing.one.ended is Ended.EXPIRED
    assert pocket.stored(seen(pocket, tom, approval_id).standing.one).state is State.OVER
    assert house.events().count("caller.unverified") == 1
    assert house.trail()[-1].facts["why"] == "expired"


def test_an_answer_that_comes_too_late_records_it_at_once(pocket: Pocket, tom: Staff) -> None:
    house = pocket.house
    one = seen(pocket, tom, begun(pocket, tom)).standing.one
    house.clock.move(LIFE_MS)
    pocket.says(one, APPROVE, one.number)
    assert house.trail()[-1].facts["why"] == "expired"
    assert run(verifying.settle(house.parts)) == 0


def test_a_question_that_a_newer_one_ended_is_recorded_once(pocket: Pocket, tom: Staff) -> None:
    house, first = pocket.house, begun(pocket, tom)
    begun(pocket, tom)
    for _ in range(2):
        assert seen(pocket, tom, first).standing.one.ended is Ended.NEWER
    assert house.events().count("caller.unverified") == 1
    house.clock.move(3 * 60 * MINUTE)  # so old that it is not held any more
    assert [run(verifying.settle(house.parts)) for _ in range(2)] == [1, 0]
    told = [e.facts["why"] for e in house.trail() if e.event == "caller.unverified"]
    assert told == ["newer", "expired"]


def test_nobody_but_who_asked_sees_the_number(pocket: Pocket, tom: Staff, house: House) -> None:
    approval_id = begun(pocket, tom)
    owner = staff_of(house, "owner@northwind.test", Role.OWNER)
    for other in (owner, on_the_host(tom.caller)):
        assert run(verifying.look(house.parts, other, approval_id)) == NotFound()
    assert run(verifying.look(house.parts, tom, "0" * 26)) == NotFound()


def test_a_sign_in_is_no_verification(pocket: Pocket, house: House) -> None:
    browser = house.browser()
    browser.sign_in()
    asked = run(asking.for_flow(house.parts, browser.caller, "signin"))
    assert isinstance(asked, asking.Standing)
    tom = staff_of(house, "tom@northwind.test")
    assert run(verifying.look(house.parts, tom, asked.one.id)) == NotFound()


def test_tenants_are_walls(pocket: Pocket, tom: Staff, house: House) -> None:
    other = house.add_tenant("contoso")
    browser = house.browser(tenant=other)
    eve = house.user("eve@contoso.test", tenant=other, role=Role.OWNER)
    there = run(authorise(house.parts, browser.caller, house.signed(browser, eve)))
    assert isinstance(there, Staff)
    assert run(verifying.start(house.parts, there, pocket.user.id)) == NotFound()
    assert run(verifying.look(house.parts, there, begun(pocket, tom))) == NotFound()
    assert run(verifying.phone_of(house.parts, there, pocket.user.id)) == PhoneOf(None, None, None)


@pytest.mark.parametrize("user_id", ["", "0" * 26])
def test_nobody_of_that_name(tom: Staff, house: House, user_id: str) -> None:
    assert run(verifying.start(house.parts, tom, user_id)) == NotFound()
    assert run(verifying.start(house.parts, tom, house.tenant.id)) == NotFound()


def test_an_auditor_and_the_host_verify_nobody(pocket: Pocket, tom: Staff, house: House) -> None:
    auditor = staff_of(house, "audit@northwind.test", Role.AUDITOR)
    refused = NotAllowed(Why.NO_ROLE)
    for other in (auditor, on_the_host(tom.caller)):
        assert run(verifying.start(house.parts, other, pocket.user.id)) == refused


def test_nobody_verifies_somebody_of_a_higher_role(tom: Staff, house: House) -> None:
    owner = house.user("owner@northwind.test", role=Role.OWNER)
    answer = run(verifying.start(house.parts, tom, owner.id))
    assert answer == NotAllowed(Why.RANK)


def test_without_a_phone_nobody_is_asked(tom: Staff, house: House) -> None:
    user = house.user()
    assert run(verifying.start(house.parts, tom, user.id)) == NoPhone()


def test_a_disabled_users_phone_is_not_asked(pocket: Pocket, tom: Staff) -> None:
    pocket.house.change(pocket.user, state=UserState.DISABLED)
    assert run(verifying.start(pocket.house.parts, tom, pocket.user.id)) == NoPhone()


def test_a_stranger_does_not_keep_the_help_desk_from_asking(pocket: Pocket, tom: Staff) -> None:
    house = pocket.house
    for _ in range(ASKED):
        stranger = house.browser()
        stranger.sign_in()
        run(asking.for_flow(house.parts, stranger.caller, "signin"))
    approval_id = begun(pocket, tom)
    stranger = house.browser()
    stranger.sign_in()
    busy = run(asking.for_flow(house.parts, stranger.caller, "signin"))
    assert isinstance(busy, NotAsked)
    assert seen(pocket, tom, approval_id).standing.one.state is State.WAITING


def test_staff_ask_five_times_in_fifteen_minutes(pocket: Pocket, tom: Staff) -> None:
    for _ in range(ASKED):
        begun(pocket, tom)
    answer = run(verifying.start(pocket.house.parts, tom, pocket.user.id))
    assert isinstance(answer, NotAsked)
    assert answer.why is Capped.OFTEN


def case_of(house: House, identifier: str) -> Case:
    run(support.open_case(house.parts, house.browser().caller, identifier, "", ""))
    host = on_the_host(house.browser().caller)
    return run(casework.index(house.parts, host, None)).cases[0]


def test_a_case_is_named_in_the_trail(pocket: Pocket, tom: Staff) -> None:
    ref = case_of(pocket.house, "ada@northwind.test").ref
    run(casework.take(pocket.house.parts, tom, ref))
    begun(pocket, tom, ref)
    asked = [e for e in pocket.house.trail() if e.event == "approval.asked"]
    assert asked[-1].facts["case"] == ref


def test_a_case_of_somebody_else_is_not_found(pocket: Pocket, tom: Staff) -> None:
    house = pocket.house
    house.user("eve@northwind.test")
    other = case_of(house, "eve@northwind.test").ref
    for ref in (other, "nonsense"):
        assert run(verifying.start(house.parts, tom, pocket.user.id, ref)) == NotFound()


def test_staff_see_the_phone(pocket: Pocket, tom: Staff) -> None:
    found = run(verifying.phone_of(pocket.house.parts, tom, pocket.user.id))
    assert found == PhoneOf(pocket.again(), None, None)
