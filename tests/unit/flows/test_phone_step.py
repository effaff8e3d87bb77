"""The phone's answer as the second step: what asked takes the approval, once."""

from __future__ import annotations

import pytest

from keyturn.flows import asking, proof, recovery, signin
from keyturn.flows.asking import Nobody, Standing
from keyturn.flows.proof import Proved
from keyturn.flows.signin import ByPhone, NothingPending, SecondPending, SignedIn, Wrong
from keyturn.rules.accounts import FactorKind, UserState
from keyturn.rules.approvals import LIFE_MS, TAKE_MS, Approval, Kind, State
from keyturn.rules.lockout import Lane
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState
from tests.unit.flows.house import EMAIL, Browser, House, run
from tests.unit.flows.pockets import DENY, Pocket, rebound


@pytest.fixture
def pocket(house: House) -> Pocket:
    """Ada has a phone."""
    return Pocket(house, house.user())


def asked(browser: Browser) -> Approval:
    assert isinstance(browser.sign_in(), SecondPending)
    answer = run(asking.for_flow(browser.house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def standing(browser: Browser) -> Standing | Nobody:
    return run(asking.of_flow(browser.house.parts, browser.caller, "signin"))


def goes_on(browser: Browser, *, trust: bool = False) -> object:
    flow = signin.second_step(browser.house.parts, browser.caller, ByPhone(), trust=trust)
    return browser.keep(run(flow))


@pytest.mark.parametrize("trust", [False, True])
def test_an_approval_signs_in(pocket: Pocket, browser: Browser, trust: bool) -> None:
    one = asked(browser)
    pocket.approves()
    answer = goes_on(browser, trust=trust)
    assert isinstance(answer, SignedIn)
    assert answer.level == 2
    assert pocket.stored(one).state is State.USED
    assert pocket.house.events()[-2:] == ["second.passed", "signin.passed"]
    assert isinstance(browser.sign_in(), SignedIn if trust else SecondPending)


def test_the_page_sees_how_it_stands(pocket: Pocket, browser: Browser) -> None:
    one = asked(browser)
    seen = standing(browser)
    assert isinstance(seen, Standing)
    assert (seen.one, seen.phone, seen.left) == (one, pocket.phone.name, 3)
    pocket.approves()
    seen = standing(browser)
    assert isinstance(seen, Standing)
    assert seen.one.state is State.APPROVED
    pocket.house.clock.move(TAKE_MS)
    seen = standing(browser)
    assert isinstance(seen, Standing)
    assert (seen.one.state, seen.one.ended) == (State.OVER, Ended.EXPIRED)


def test_nothing_was_asked_here(pocket: Pocket, browser: Browser) -> None:
    assert standing(browser) == Nobody()
    browser.sign_in()
    assert standing(browser) == Nobody()


def test_what_is_not_approved_lets_nobody_in_and_counts_nothing(
    pocket: Pocket, browser: Browser
) -> None:
    asked(browser)
    assert [goes_on(browser) for _ in range(9)] == [Wrong()] * 9
    assert pocket.house.lane(f"2:{pocket.user.id}") == Lane()
    pocket.says(pocket.waiting()[0].one, DENY)
    assert goes_on(browser) == Wrong()


def test_an_approval_is_used_once(pocket: Pocket, browser: Browser) -> None:
    asked(browser)
    pocket.approves()
    assert isinstance(goes_on(browser), SignedIn)
    assert goes_on(browser) == NothingPending()


def test_another_browser_takes_nobody_elses_approval(pocket: Pocket, house: House) -> None:
    mine, thief = house.browser(), house.browser()
    asked(mine)
    pocket.approves()
    thief.sign_in()
    assert goes_on(thief) == Wrong()
    assert isinstance(goes_on(mine), SignedIn)


def test_an_approval_that_nobody_takes_within_a_minute_is_over(
    pocket: Pocket, browser: Browser
) -> None:
    asked(browser)
    pocket.house.clock.move(LIFE_MS - 1)
    pocket.approves()
    pocket.house.clock.move(TAKE_MS)
    assert goes_on(browser) == Wrong()


def test_without_the_phone_there_is_nothing_to_take(pocket: Pocket, browser: Browser) -> None:
    asked(browser)
    pocket.approves()
    rebound(pocket, PhoneState.REVOKED)
    assert goes_on(browser) == Wrong()


def test_a_new_phone_does_not_answer_for_the_old_one(pocket: Pocket, browser: Browser) -> None:
    asked(browser)
    pocket.approves()
    rebound(pocket, PhoneState.STALE)
    Pocket(pocket.house, pocket.house.again(pocket.user), scalar=8)
    assert goes_on(browser) == Wrong()


@pytest.mark.parametrize("change", [{"epoch": 1}, {"state": UserState.DISABLED}])
def test_a_reset_or_a_disabling_ends_what_was_begun(
    pocket: Pocket, browser: Browser, change: dict[str, object]
) -> None:
    asked(browser)
    pocket.approves()
    pocket.house.change(pocket.user, **change)
    assert goes_on(browser) == NothingPending()
    assert standing(browser) == Nobody()


def test_a_lock_of_the_second_step_holds_up_codes_and_not_the_phone(
    pocket: Pocket, browser: Browser
) -> None:
    house = pocket.house
    house.totp(pocket.user)
    browser.sign_in()
    for _ in range(5):
        browser.second_step("000000")
    asked(browser)
    pocket.approves()
    assert isinstance(goes_on(browser), SignedIn)


def test_other_second_steps_stay(pocket: Pocket, browser: Browser) -> None:
    secret = pocket.house.totp(pocket.user)
    answer = browser.sign_in()
    assert isinstance(answer, SecondPending)
    assert answer.methods == (FactorKind.PUSH, FactorKind.TOTP)
    run(asking.for_flow(pocket.house.parts, browser.caller, "signin"))
    assert isinstance(browser.second_step(pocket.house.code_of(secret)), SignedIn)


# -- in recovery


def recovering(browser: Browser) -> None:
    parts = browser.house.parts
    run(recovery.start(parts, browser.caller, EMAIL))
    run(recovery.enter_code(parts, browser.caller, browser.house.last("recovery_code").code))


def test_a_phone_is_the_second_proof_of_a_recovery(pocket: Pocket, browser: Browser) -> None:
    parts = pocket.house.parts
    recovering(browser)
    answer = run(asking.for_flow(parts, browser.caller, "recovery"))
    assert isinstance(answer, Standing)
    assert answer.one.kind is Kind.RECOVERY
    assert run(recovery.second_proof(parts, browser.caller, ByPhone())) is None
    pocket.approves()
    opened = run(recovery.second_proof(parts, browser.caller, ByPhone()))
    assert isinstance(opened, recovery.Open)
    assert opened.step == "password"


def test_an_approved_sign_in_opens_no_recovery(pocket: Pocket, browser: Browser) -> None:
    parts = pocket.house.parts
    recovering(browser)
    asked(browser)
    pocket.approves()
    assert run(recovery.second_proof(parts, browser.caller, ByPhone())) is None
    assert isinstance(goes_on(browser), SignedIn)


# -- before a change


def test_a_phone_proves_a_session(pocket: Pocket, browser: Browser) -> None:
    house = pocket.house
    signed = house.signed(browser, pocket.user)
    parts, caller = house.parts, browser.caller
    assert run(asking.of_proof(parts, caller, signed)) == Nobody()
    answer = run(asking.for_proof(parts, caller, signed))
    assert isinstance(answer, Standing)
    assert answer.one.kind is Kind.PROOF
    assert run(proof.by_phone(parts, caller, signed)) == proof.Wrong()
    pocket.approves()
    assert run(asking.of_proof(parts, caller, signed)) != Nobody()
    assert isinstance(run(proof.by_phone(parts, caller, signed)), Proved)
    assert house.trail()[-1].facts == {"by": "push"}


def test_a_session_that_is_over_asks_nothing(pocket: Pocket, browser: Browser) -> None:
    house = pocket.house
    signed = house.signed(browser, pocket.user)
    house.write(lambda tx: tx.sessions.end(house.tenant.id, pocket.user.id, None))
    assert run(asking.for_proof(house.parts, browser.caller, signed)) == Nobody()
    assert run(proof.by_phone(house.parts, browser.caller, signed)) == proof.SignedOut()


def test_nobody_sees_what_another_ones_session_has_asked(pocket: Pocket, house: House) -> None:
    browser = house.browser()
    signed = house.signed(browser, pocket.user)
    run(asking.for_proof(house.parts, browser.caller, signed))
    other = house.signed(house.browser(), house.user("eve@northwind.test"))
    thief = type(signed)(session=signed.session, user=other.user)
    assert run(asking.of_proof(house.parts, browser.caller, thief)) == Nobody()
