"""This wasn't me."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import account, objection, phone, recovery, signup
from keyturn.flows.objection import LinkState, NothingOpen, Stopped
from keyturn.flows.signin import NothingPending, SignedIn, Wrong
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.cases import parse_reference
from keyturn.rules.codes import Expired, Used
from keyturn.rules.lockout import DAY, MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run


def noticed(house: House) -> tuple[User, str]:
    """Somebody whom a mail told of a second browser; the token in it."""
    ada = house.user()
    house.browser().sign_in()
    house.browser().sign_in()
    return ada, house.last("new_client").token


def object_(browser: Browser, token: str) -> Any:
    return run(objection.confirm(browser.house.parts, browser.caller, token))


def see(browser: Browser, token: str) -> Any:
    return run(objection.look(browser.house.parts, browser.caller, token))


def test_opening_the_link_changes_nothing(house: House, browser: Browser) -> None:
    ada, token = noticed(house)
    before = house.count("audit")
    for _ in range(2):
        assert see(browser, token) == LinkState(verdict=None, known=True)
    assert house.again(ada) == ada
    assert house.count("sessions") == 2
    assert house.count("audit") == before


def test_confirming_ends_all_forgets_all_freezes_and_opens_a_case(
    house: House, browser: Browser
) -> None:
    ada, token = noticed(house)
    stopped = object_(browser, token)
    assert isinstance(stopped, Stopped)
    assert parse_reference(stopped.ref) == stopped.ref
    after = house.again(ada)
    assert (after.epoch, after.frozen_at) == (1, house.clock.now())
    assert house.count("sessions") == house.count("clients") == 0
    case = house.write(lambda tx: tx.cases.get(house.tenant.id, stopped.ref))
    assert case is not None
    assert (case.user_id, case.state, case.facts["cause"]) == (ada.id, "open", "notme")
    told = house.last("not_me_done")
    assert told.message.address == ada.email
    assert told.values == {"at": house.clock.now(), "ref": stopped.ref}
    assert house.events(ada)[-3:] == ["sessions.ended", "case.opened", "owner.objected"]


def test_a_password_that_somebody_else_may_know_dies(house: House, browser: Browser) -> None:
    _, token = noticed(house)
    object_(browser, token)
    assert house.browser().sign_in() == Wrong()


def test_the_owner_gets_back_in_by_recovery_and_changes_stay_frozen(
    house: House, browser: Browser
) -> None:
    _, token = noticed(house)
    object_(browser, token)
    run(recovery.start(house.parts, browser.caller, EMAIL))
    code = house.last("recovery_code").code
    run(recovery.enter_code(house.parts, browser.caller, code))
    run(recovery.set_password(house.parts, browser.caller, "a new one of mine", spaces_meant=False))
    signed = browser.sign_in(password="a new one of mine")
    assert isinstance(signed, SignedIn)
    found = run(account.authenticate(house.parts, browser.caller, signed.session))
    assert found is not None
    answer = run(phone.offer(house.parts, browser.caller, found, "+447400123456", insisted=False))
    assert isinstance(answer, phone.Frozen)


def test_a_recovery_that_a_stranger_had_proved_before_counts_no_more(
    house: House, browser: Browser
) -> None:
    ada, token = noticed(house)
    stranger = house.browser()
    run(recovery.start(house.parts, stranger.caller, EMAIL))
    code = house.last("recovery_code").code
    run(recovery.enter_code(house.parts, stranger.caller, code))
    object_(browser, token)
    answer = run(
        recovery.set_password(house.parts, stranger.caller, "a strangers one", spaces_meant=False)
    )
    assert answer == recovery.NothingOpen()
    assert house.again(ada).password_hash is None


def test_a_pending_second_step_dies(house: House, browser: Browser) -> None:
    ada, token = noticed(house)
    secret = house.totp(ada)
    stranger = house.browser()
    stranger.sign_in()
    object_(browser, token)
    assert stranger.second_step(house.code_of(secret)) == NothingPending()


def test_confirming_again_shows_the_same_case_and_does_nothing_more(
    house: House, browser: Browser
) -> None:
    ada, token = noticed(house)
    first, at = object_(browser, token), house.clock.now()
    house.clock.move(MINUTE)
    assert object_(house.browser(), token) == first
    assert house.again(ada).epoch == 1
    assert house.count("cases") == 1
    assert len(house.outbox("not_me_done")) == 1
    assert see(browser, token) == LinkState(verdict=Used(at=at), known=True)


def test_a_second_notice_ends_sessions_again_but_shares_the_case(
    house: House, browser: Browser
) -> None:
    ada, token = noticed(house)
    house.browser().sign_in()
    other = house.last("new_client").token
    first = object_(browser, token)
    house.clock.move(MINUTE)
    assert object_(browser, other) == first
    after = house.again(ada)
    assert after.epoch == 2
    assert after.frozen_at == house.clock.now() - MINUTE
    assert house.count("cases") == 1


def test_when_support_has_closed_the_case_a_new_objection_opens_another(
    house: House, browser: Browser
) -> None:
    _, token = noticed(house)
    house.browser().sign_in()
    other = house.last("new_client").token
    first = object_(browser, token)

    def close(tx: Tx) -> None:
        case = tx.cases.get(house.tenant.id, first.ref)
        assert case is not None
        tx.cases.save(replace(case, state="closed", closed_at=house.clock.now()))

    house.write(close)
    second = object_(browser, other)
    assert isinstance(second, Stopped)
    assert second.ref != first.ref


def test_a_reference_that_is_taken_is_drawn_anew(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = noticed(house)
    house.browser().sign_in()
    other = house.last("new_client").token
    drawn = iter(["7F3K2M", "7F3K2M", "9ABCDE"])
    monkeypatch.setattr(house.random, "letters", lambda _count: next(drawn))
    first = object_(browser, token)

    def thaw(tx: Tx) -> None:
        ada = tx.users.named(house.tenant.id, EMAIL)
        assert ada is not None
        tx.users.save(replace(ada, frozen_at=None))

    house.write(thaw)
    assert (first, object_(browser, other)) == (Stopped("KT-7F3K-2M"), Stopped("KT-9ABC-DE"))


@pytest.mark.parametrize(("wait", "live"), [(-1, True), (0, False), (1, False)])
def test_a_link_lives_for_a_week(house: House, browser: Browser, wait: int, live: bool) -> None:
    _, token = noticed(house)
    house.clock.move(7 * DAY + wait)
    assert (see(browser, token).verdict is None) is live
    assert isinstance(object_(browser, token), Stopped if live else Expired)


def test_a_link_nobody_was_sent_is_nothing(browser: Browser) -> None:
    assert see(browser, "made-up") == LinkState(verdict=None, known=False)
    assert object_(browser, "made-up") == NothingOpen()


def test_the_link_of_another_mail_is_none_of_these(house: House, browser: Browser) -> None:
    run(signup.start(house.parts, browser.caller, "Ada", EMAIL, PASSWORD, spaces_meant=False))
    assert object_(browser, house.last("verify_email").token) == NothingOpen()


def test_an_account_that_is_gone_has_nothing_to_stop(house: House, browser: Browser) -> None:
    ada, token = noticed(house)
    house.write(lambda tx: tx.users.delete(house.tenant.id, ada.id))
    assert object_(browser, token) == NothingOpen()
