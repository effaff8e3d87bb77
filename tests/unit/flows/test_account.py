"""One's own account."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import account, proof
from keyturn.flows.account import (
    Codes,
    Enrolled,
    Enrolment,
    Frozen,
    NoSecondStep,
    NothingOpen,
    Overview,
    ProofNeeded,
    Removed,
    Signed,
    SignedOut,
    Trusted,
    WrongCode,
)
from keyturn.flows.proof import Proved
from keyturn.flows.signin import SecondPending, SignedIn
from keyturn.rules.accounts import User, UserState
from keyturn.rules.lockout import DAY, HOUR, MINUTE, Locked
from tests.unit.flows.house import EMAIL, Browser, House, run


def who(browser: Browser) -> Signed | None:
    """Whose session the browser holds."""
    return run(account.authenticate(browser.house.parts, browser.caller, browser.session or ""))


def me(browser: Browser) -> Signed:
    """As `who`, which must be somebody."""
    signed = who(browser)
    assert signed is not None
    return signed


def see(browser: Browser) -> Overview:
    return run(account.overview(browser.house.parts, browser.caller, me(browser)))


def start(browser: Browser) -> Any:
    return run(account.begin_totp(browser.house.parts, browser.caller, me(browser)))


def confirm(browser: Browser, code: str) -> Any:
    flow = account.confirm_totp(browser.house.parts, browser.caller, me(browser), code)
    return browser.keep(run(flow))


def prove(browser: Browser, code: str) -> None:
    """Show once more who it is, by the second step."""
    flow = proof.by_code(browser.house.parts, browser.caller, me(browser), code)
    assert isinstance(browser.keep(run(flow)), Proved)


def enrol(browser: Browser) -> tuple[str, Enrolled]:
    """Sign in and set up an authenticator; its secret and what came of it."""
    browser.sign_in()
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    done = confirm(browser, browser.house.code_of(begun.secret))
    assert isinstance(done, Enrolled)
    return begun.secret, done


# -- sessions


def test_a_session_tells_whose_it_is_in_one_statement(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    with house.statements() as statements:
        signed = me(browser)
    assert (signed.user, signed.session.level) == (ada, 1)
    assert len(statements) == 1


def test_a_token_that_is_nobodys_signs_nobody_in(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    browser.session = "made-up"
    assert who(browser) is None


def test_a_session_of_one_tenant_is_none_in_another(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    elsewhere = house.browser(tenant=house.add_tenant("southbank"))
    elsewhere.session = browser.session
    assert who(elsewhere) is None


@pytest.mark.parametrize(("wait", "alive"), [(-1, True), (0, False), (1, False)])
def test_a_session_ends_after_a_fortnight_without_use(
    house: House, browser: Browser, wait: int, alive: bool
) -> None:
    house.user()
    browser.sign_in()
    house.clock.move(14 * DAY + wait)
    assert (who(browser) is not None) is alive


@pytest.mark.parametrize(("wait", "alive"), [(-1, True), (0, False), (1, False)])
def test_a_session_ends_after_thirty_days_however_much_it_is_used(
    house: House, browser: Browser, wait: int, alive: bool
) -> None:
    house.user()
    browser.sign_in()
    for _ in range(29):
        house.clock.move(DAY)
        me(browser)
    house.clock.move(DAY + wait)
    assert (who(browser) is not None) is alive


@pytest.mark.parametrize(("wait", "written"), [(-1, False), (0, True), (1, True)])
def test_the_use_of_a_session_is_written_down_at_most_every_five_minutes(
    house: House, browser: Browser, wait: int, written: bool
) -> None:
    house.user()
    browser.sign_in()
    before = house.clock.now()
    house.clock.move(5 * MINUTE + wait)
    me(browser)
    seen = me(browser).session.seen_at
    assert seen == (house.clock.now() if written else before)


@pytest.mark.parametrize("change", [{"epoch": 1}, {"state": UserState.DISABLED}])
def test_a_session_ends_with_the_epoch_and_with_the_state(
    house: House, browser: Browser, change: dict[str, Any]
) -> None:
    ada = house.user()
    browser.sign_in()
    house.change(ada, **change)
    assert who(browser) is None


@pytest.mark.parametrize(("wait", "level"), [(-1, 2), (0, 1), (1, 1)])
def test_a_second_step_lapses_after_half_an_hour_without_use_and_stays_lapsed(
    house: House, browser: Browser, wait: int, level: int
) -> None:
    house.user()
    enrol(browser)
    assert me(browser).session.level == 2
    house.clock.move(30 * MINUTE + wait)
    assert me(browser).session.level == level
    assert me(browser).session.level == level


@pytest.mark.parametrize(("wait", "level"), [(-1, 2), (0, 1), (1, 1)])
def test_a_second_step_lapses_after_twelve_hours_of_use(
    house: House, browser: Browser, wait: int, level: int
) -> None:
    house.user()
    enrol(browser)
    for _ in range(12 * 3 - 1):
        house.clock.move(20 * MINUTE)
        me(browser)
    house.clock.move(20 * MINUTE + wait)
    assert me(browser).session.level == level


def test_signing_out_ends_this_session_only(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    other = house.browser()
    other.sign_in()
    for _ in range(2):
        run(account.sign_out(house.parts, browser.caller, browser.session or ""))
    assert who(browser) is None
    assert who(other) is not None
    assert house.events(ada).count("signout") == 1


def test_one_session_is_ended_by_its_handle(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    other = house.browser()
    other.sign_in()
    handle = me(other).session.digest
    signed = me(browser)
    assert run(account.end_session(house.parts, browser.caller, signed, handle)) == 1
    assert run(account.end_session(house.parts, browser.caller, signed, handle)) == 0
    assert who(other) is None
    assert house.events(ada).count("sessions.ended") == 1


def test_nobody_ends_somebody_elses_session(house: House, browser: Browser) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in()
    other = house.browser()
    other.sign_in("bob@northwind.test")
    handle = me(other).session.digest
    assert run(account.end_session(house.parts, browser.caller, me(browser), handle)) == 0
    assert who(other) is not None


def test_all_other_sessions_end_at_once(house: House, browser: Browser) -> None:
    house.user()
    others = [house.browser() for _ in range(2)]
    for each in (browser, *others):
        each.sign_in()
    signed = me(browser)
    assert run(account.end_other_sessions(house.parts, browser.caller, signed)) == 2
    assert [who(b) is None for b in (browser, *others)] == [False, True, True]
    assert run(account.end_other_sessions(house.parts, browser.caller, signed)) == 0


def test_the_overview_shows_what_lives(house: House, browser: Browser) -> None:
    house.user()
    house.browser().sign_in()
    house.clock.move(14 * DAY)  # that session is over
    enrol(browser)
    house.browser().fail(5)
    seen = see(browser)
    assert [s.digest for s in seen.sessions] == [me(browser).session.digest]
    assert len(seen.clients) == 2
    assert seen.totp
    assert seen.recovery_left == 10
    assert [lane.locked_until > 0 for lane in seen.lanes.values()].count(True) == 1
    house.clock.move(10 * MINUTE)
    assert not any(lane.locked_until for lane in see(browser).lanes.values())


def test_a_forgotten_client_is_signed_out_and_unknown(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    lost = house.browser()
    lost.sign_in()
    (client_id,) = lost.clients
    signed = me(browser)
    assert run(account.forget_client(house.parts, browser.caller, signed, client_id)) == 1
    assert who(lost) is None
    assert who(browser) is not None
    assert house.events(ada)[-2:] == ["client.forgotten", "sessions.ended"]
    lost.fail(5)
    assert isinstance(house.browser().sign_in(), Locked)


def test_forgetting_ones_own_browser_leaves_this_session(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    (client_id,) = browser.clients
    run(account.forget_client(house.parts, browser.caller, me(browser), client_id))
    assert who(browser) is not None


def test_nobody_forgets_somebody_elses_client(house: House, browser: Browser) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in()
    other = house.browser()
    other.sign_in("bob@northwind.test")
    (client_id,) = other.clients
    assert run(account.forget_client(house.parts, browser.caller, me(browser), client_id)) == 0


# -- the authenticator


def test_an_authenticator_is_on_once_its_code_is_typed(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    assert begun.uri.startswith("otpauth://totp/Northwind:ada%40northwind.test?secret=")
    assert not begun.replaces
    assert not isinstance(house.browser().sign_in(), SecondPending)
    before = browser.session
    done = confirm(browser, house.code_of(begun.secret))
    assert isinstance(done, Enrolled)
    assert len(set(done.codes)) == 10
    assert me(browser).session.level == 2
    browser.session, now = before, browser.session
    assert who(browser) is None  # another level, another token
    browser.session = now
    assert house.last("factor_changed").values["what"] == "totp.added"
    assert house.events(ada).count("factor.added") == 2
    assert isinstance(house.browser().sign_in(), SecondPending)


def test_the_secret_is_the_same_until_it_is_confirmed(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    first = start(browser)
    assert start(browser) == first
    house.clock.move(HOUR)
    browser.sign_in()
    assert start(browser) != first


def test_the_code_that_confirmed_is_used_up(house: House, browser: Browser) -> None:
    house.user()
    secret, _ = enrol(browser)
    other = house.browser()
    other.sign_in()
    assert not isinstance(other.second_step(house.code_of(secret)), SignedIn)


def test_each_recovery_code_signs_in_once(house: House, browser: Browser) -> None:
    house.user()
    _, done = enrol(browser)
    for expected in (True, False):
        other = house.browser()
        other.sign_in()
        assert isinstance(other.second_step(done.codes[0]), SignedIn) is expected
    assert see(browser).recovery_left == 9


def test_a_wrong_code_enrols_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    start(browser)
    assert confirm(browser, "nonsense") == WrongCode()
    assert house.count("factors") == 0


def test_there_is_nothing_to_confirm_before_it_began_nor_after_an_hour(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    assert confirm(browser, "123456") == NothingOpen()
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    house.clock.move(HOUR)
    browser.sign_in()
    assert confirm(browser, house.code_of(begun.secret)) == NothingOpen()


def test_an_enrolment_is_its_owners_even_in_a_shared_browser(
    house: House, browser: Browser
) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in()
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    browser.sign_in("bob@northwind.test")
    assert confirm(browser, house.code_of(begun.secret)) == NothingOpen()
    again = start(browser)
    assert isinstance(again, Enrolment)
    assert again.secret != begun.secret


def test_an_authenticator_is_replaced_only_by_who_shows_the_old_one(
    house: House, browser: Browser
) -> None:
    house.user()
    old, first = enrol(browser)
    house.clock.move(10 * MINUTE)
    assert start(browser) == ProofNeeded(methods=("recovery", "totp"))
    prove(browser, house.code_of(old))
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    assert begun.replaces
    done = confirm(browser, house.code_of(begun.secret))
    assert isinstance(done, Enrolled)
    assert done.codes == ()  # the saved ones stay
    house.clock.move(MINUTE)
    other = house.browser()
    other.sign_in()
    assert not isinstance(other.second_step(house.code_of(old)), SignedIn)
    assert isinstance(other.second_step(house.code_of(begun.secret)), SignedIn)
    assert len(first.codes) == 10


def test_a_saved_code_replaces_a_lost_authenticator(house: House, browser: Browser) -> None:
    house.user()
    _, first = enrol(browser)
    house.clock.move(HOUR)
    prove(browser, first.codes[3])
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    assert isinstance(confirm(browser, house.code_of(begun.secret)), Enrolled)


def test_a_proof_that_ran_out_meanwhile_enrols_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    house.clock.move(10 * MINUTE)
    assert confirm(browser, house.code_of(begun.secret)) == ProofNeeded(methods=("password",))
    assert house.count("factors") == 0


def remove(browser: Browser) -> Any:
    return run(account.remove_totp(browser.house.parts, browser.caller, me(browser)))


def renew(browser: Browser) -> Any:
    return run(account.new_recovery_codes(browser.house.parts, browser.caller, me(browser)))


@pytest.mark.parametrize(("minutes", "needed"), [(9, False), (10, True), (11, True)])
def test_removing_the_second_step_needs_it_within_ten_minutes(
    house: House, browser: Browser, *, minutes: int, needed: bool
) -> None:
    house.user()
    enrol(browser)
    house.clock.move(minutes * MINUTE)
    assert isinstance(remove(browser), ProofNeeded) is needed
    assert (house.count("factors") == 11) is needed


def test_without_a_second_step_the_password_is_enough_again(house: House, browser: Browser) -> None:
    ada = house.user()
    enrol(browser)
    assert remove(browser) == Removed()
    assert house.count("factors") == 0
    assert house.last("factor_changed").values["what"] == "totp.removed"
    assert house.events(ada)[-1] == "factor.removed"
    assert isinstance(house.browser().sign_in(), SignedIn)


def test_saved_codes_stay_while_a_passkey_needs_them(house: House, browser: Browser) -> None:
    ada = house.user()
    enrol(browser)
    house.passkey(ada)
    assert remove(browser) == Removed()
    assert see(browser).recovery_left == 10
    assert isinstance(renew(browser), Codes)


def test_new_recovery_codes_kill_the_earlier_ones(house: House, browser: Browser) -> None:
    house.user()
    secret, first = enrol(browser)
    house.clock.move(10 * MINUTE)
    assert isinstance(renew(browser), ProofNeeded)
    prove(browser, house.code_of(secret))
    fresh = renew(browser)
    assert isinstance(fresh, Codes)
    assert not set(fresh.codes) & set(first.codes)
    assert house.last("factor_changed").values["what"] == "recovery.added"
    other = house.browser()
    other.sign_in()
    assert not isinstance(other.second_step(first.codes[0]), SignedIn)
    assert isinstance(other.second_step(fresh.codes[0]), SignedIn)


# -- trust


def trust(browser: Browser) -> Any:
    return run(account.trust_client(browser.house.parts, browser.caller, me(browser)))


def distrust(browser: Browser, client_id: str) -> bool:
    parts = browser.house.parts
    return run(account.distrust_client(parts, browser.caller, me(browser), client_id))


def test_a_trusted_browser_is_asked_for_no_second_step_until_it_is_trusted_no_more(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    enrol(browser)
    assert trust(browser) == Trusted()
    assert house.last("factor_changed").values["what"] == "client.trusted"
    assert isinstance(browser.sign_in(), SignedIn)
    (client,) = see(browser).clients
    assert client.trusted
    assert distrust(browser, client.id)
    assert house.events(ada).count("client.trusted") == 2
    assert isinstance(browser.sign_in(), SecondPending)


def test_trust_needs_a_second_step_that_it_spares(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    assert trust(browser) == NoSecondStep()


def test_trust_needs_the_second_step_itself(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    house.totp(ada)
    assert trust(browser) == ProofNeeded(methods=("totp",))


def test_a_client_forgotten_meanwhile_is_not_trusted(house: House, browser: Browser) -> None:
    ada = house.user()
    enrol(browser)
    house.write(lambda tx: tx.clients.forget(house.tenant.id, ada.id, None))
    assert trust(browser) == NothingOpen()


def test_nobody_elses_client_is_trusted_or_not(house: House, browser: Browser) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in()
    other = house.browser()
    other.sign_in("bob@northwind.test")
    (client_id,) = other.clients
    assert not distrust(browser, client_id)


def test_when_all_saved_codes_are_used_a_new_authenticator_brings_ten(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    (one,) = house.saved_codes(ada, 1)
    browser.sign_in()
    browser.second_step(one)
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    done = confirm(browser, house.code_of(begun.secret))
    assert isinstance(done, Enrolled)
    assert len(done.codes) == 10
    assert see(browser).recovery_left == 10


def test_without_a_second_step_there_is_none_to_change(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    assert remove(browser) == NoSecondStep()
    assert renew(browser) == NoSecondStep()


def test_while_changes_are_frozen_the_second_step_stays(house: House, browser: Browser) -> None:
    ada = house.user()
    enrol(browser)
    begun = start(browser)
    assert isinstance(begun, Enrolment)
    house.clock.move(MINUTE)
    house.change(ada, frozen_at=house.clock.now())
    refused = Frozen(since=house.clock.now())
    assert start(browser) == refused
    assert confirm(browser, house.code_of(begun.secret)) == refused
    assert remove(browser) == refused
    assert renew(browser) == refused
    assert trust(browser) == refused
    assert house.count("factors") == 11


def test_while_changes_are_frozen_access_can_still_be_taken_away(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    other = house.browser()
    other.sign_in()
    house.change(ada, frozen_at=house.clock.now())
    assert run(account.end_other_sessions(house.parts, browser.caller, me(browser))) == 1


def test_a_session_that_ended_meanwhile_changes_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    signed = me(browser)
    run(account.sign_out(house.parts, browser.caller, browser.session or ""))
    assert run(account.begin_totp(house.parts, browser.caller, signed)) == SignedOut()


def test_an_account_disabled_meanwhile_changes_nothing(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    signed = me(browser)
    house.change(ada, state=UserState.DISABLED)
    assert run(account.begin_totp(house.parts, browser.caller, signed)) == SignedOut()


def test_the_secret_is_nowhere_in_clear(house: House, browser: Browser) -> None:
    house.user()
    secret, _ = enrol(browser)

    assert secret not in house.dump("factors", "flows", "messages", "audit")


def test_a_user_is_who_the_address_says(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    user: User = me(browser).user
    assert user.email == EMAIL
