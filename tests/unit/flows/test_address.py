"""Another e-mail address, proved by a code mailed to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import address, objection
from keyturn.flows.address import (
    Capped,
    Changed,
    EmailProblem,
    NothingOpen,
    Open,
    ProofNeeded,
    Same,
    TakenSince,
    TooSoon,
)
from keyturn.flows.objection import Stopped
from keyturn.flows.signin import SignedIn
from keyturn.ports.store import Taken
from keyturn.rules.accounts import User, UserState
from keyturn.rules.codes import Wrong
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.steps.changes import Frozen, SignedOut
from tests.unit.flows.house import EMAIL, Browser, House, run

NEW = "Ada@new.test"


def offer(browser: Browser, user: User, typed: str = NEW) -> Any:
    signed = browser.house.signed(browser, user)
    return run(address.offer(browser.house.parts, browser.caller, signed, typed))


def enter(browser: Browser, user: User, code: str) -> Any:
    return run(address.enter_code(browser.house.parts, browser.caller, user, code))


def again(browser: Browser, user: User) -> Any:
    return run(address.resend(browser.house.parts, browser.caller, user))


def see(browser: Browser, user: User) -> Any:
    return run(address.current(browser.house.parts, browser.caller, user))


def rename(browser: Browser, user: User, typed: str = NEW) -> User:
    """The whole way."""
    assert isinstance(offer(browser, user, typed), Open)
    changed = enter(browser, user, browser.house.last("verify_address").code)
    assert isinstance(changed, Changed)
    return changed.user


def test_the_code_in_the_mail_makes_it_the_account_s_address(
    house: House, browser: Browser
) -> None:
    ada = house.user(names=["ada"])
    opened = offer(browser, ada)
    assert isinstance(opened, Open)
    assert house.last("verify_address").message.address == "Ada@new.test"
    assert house.again(ada).email == EMAIL  # until the code is typed nothing changes
    assert isinstance(see(browser, ada), Open)
    enter(browser, ada, house.last("verify_address").code)
    assert house.again(ada).email == "Ada@new.test"
    assert isinstance(house.browser().sign_in("ada@NEW.test"), SignedIn)
    assert isinstance(house.browser().sign_in("ada"), SignedIn)
    assert not isinstance(house.browser().sign_in(EMAIL), SignedIn)
    assert see(browser, ada) == NothingOpen()
    assert house.trail(ada)[-1].facts != {}


def test_both_addresses_are_told(house: House, browser: Browser) -> None:
    ada = house.user()
    rename(browser, ada)
    told = {(n.message.address, n.values["old"]) for n in house.outbox("email_changed")}
    assert told == {(EMAIL, True), ("Ada@new.test", False)}
    assert "email.changed" in house.events(ada)


def test_the_old_address_objects_and_is_the_account_s_again(house: House, browser: Browser) -> None:
    ada = house.user()
    rename(browser, rename(browser, ada), "third@new.test")
    first = next(n for n in house.outbox("email_changed") if n.message.address == EMAIL)
    owner = house.browser()
    stopped = run(objection.confirm(house.parts, owner.caller, first.token))
    assert isinstance(stopped, Stopped)
    after = house.again(ada)
    assert (after.email, after.frozen_at) == (EMAIL, house.clock.now())
    assert "email.restored" in house.events(ada)
    assert house.last("not_me_done").message.address == EMAIL
    assert house.write(lambda tx: tx.users.named(house.tenant.id, "third@new.test")) is None


def test_an_old_address_that_is_somebody_else_s_now_is_not_taken_from_them(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    rename(browser, ada)
    house.user(EMAIL)
    first = next(n for n in house.outbox("email_changed") if n.message.address == EMAIL)
    assert isinstance(run(objection.confirm(house.parts, browser.caller, first.token)), Stopped)
    assert house.again(ada).email == "Ada@new.test"


def test_an_objection_without_a_change_of_address_leaves_it_as_it_is(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    rename(browser, ada)
    told = next(n for n in house.outbox("email_changed") if n.message.address != EMAIL)
    run(objection.confirm(house.parts, browser.caller, told.token))
    assert house.again(ada).email == "Ada@new.test"


def test_an_address_that_is_given_back_twice_is_given_back_once(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    rename(browser, ada)
    first = next(n for n in house.outbox("email_changed") if n.message.address == EMAIL)
    house.write(lambda tx: _put_back(tx, house, ada))
    run(objection.confirm(house.parts, browser.caller, first.token))
    assert house.events(ada).count("email.restored") == 0


def _put_back(tx: Any, house: House, user: User) -> None:
    tx.users.drop_identifier(house.tenant.id, user.id, "ada@new.test")
    tx.users.add_identifier(house.tenant.id, user.id, EMAIL)
    tx.users.save(user)


def test_an_address_that_is_taken_looks_the_same_and_its_owner_is_told(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.user("bob@northwind.test")
    free, taken = offer(browser, ada), offer(browser, ada, "bob@northwind.test")
    assert replace(taken, email="") == replace(free, email="")
    told = house.last("address_taken")
    assert told.message.address == "bob@northwind.test"
    assert isinstance(enter(browser, ada, told.code), Wrong)  # what it would have been
    assert house.again(ada).email == EMAIL


def test_a_sign_up_that_never_confirmed_the_address_gives_way(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.user("ada@new.test", state=UserState.UNVERIFIED)
    assert rename(browser, ada).email == "Ada@new.test"


def test_who_proves_the_address_first_has_it(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    code = house.last("verify_address").code
    house.user("ada@new.test")
    assert enter(browser, ada, code) == TakenSince()
    assert house.again(ada).email == EMAIL


def test_who_proves_it_at_the_same_moment_has_it(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)

    class Race:
        """A store in which somebody else is faster, once."""

        async def write(self, _fn: Any) -> Any:
            raise Taken("identifier")

    store: Any = Race()
    parts = replace(house.parts, store=store)
    assert run(address.enter_code(parts, browser.caller, ada, "123456")) == TakenSince()


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "a@b@c.test", "ada@new.test\r\nBcc: x@y.z"])
def test_what_is_no_address_is_refused(house: House, browser: Browser, typed: str) -> None:
    assert isinstance(offer(browser, house.user(), typed), EmailProblem)
    assert not house.outbox()


def test_the_address_one_has_is_no_change(house: House, browser: Browser) -> None:
    assert offer(browser, house.user(), EMAIL) == Same()


def test_another_spelling_of_one_s_own_address_is_a_change(house: House, browser: Browser) -> None:
    ada = house.user()
    assert rename(browser, ada, "Ada@northwind.test").email == "Ada@northwind.test"


def test_five_codes_an_hour_are_mailed(house: House, browser: Browser) -> None:
    ada = house.user()
    began = house.clock.now()
    for n in range(5):
        assert isinstance(offer(browser, ada, f"ada{n}@new.test"), Open)
    assert offer(browser, ada) == Capped(until=began + HOUR)
    house.clock.move(MINUTE)
    assert again(browser, ada) == Capped(until=began + HOUR)
    assert len(house.outbox("verify_address")) == 5


def test_another_code_comes_after_a_minute_and_replaces_the_first(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    offer(browser, ada)
    first = house.last("verify_address").code
    assert again(browser, ada) == TooSoon(at=house.clock.now() + MINUTE)
    house.clock.move(MINUTE)
    again(browser, ada)
    assert not isinstance(enter(browser, ada, first), Changed)
    assert isinstance(enter(browser, ada, house.last("verify_address").code), Changed)


def test_an_old_session_has_to_prove_itself(house: House, browser: Browser) -> None:
    ada = house.user()
    signed = house.signed(browser, ada)
    house.clock.move(10 * MINUTE)
    answer = run(address.offer(house.parts, browser.caller, signed, NEW))
    assert answer == ProofNeeded(methods=("password",))


def test_while_changes_are_frozen_the_address_stays(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    code = house.last("verify_address").code
    frozen = house.change(ada, frozen_at=house.clock.now())
    refused = Frozen(since=house.clock.now())
    assert offer(browser, frozen) == refused
    assert again(browser, frozen) == refused
    assert enter(browser, frozen, code) == refused


def test_who_was_signed_out_meanwhile_changes_nothing(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    code = house.last("verify_address").code
    house.change(ada, epoch=1)
    assert enter(browser, ada, code) == SignedOut()
    assert again(browser, ada) == SignedOut()


def test_a_flow_is_its_owner_s_even_in_a_shared_browser(house: House, browser: Browser) -> None:
    ada, bob = house.user(), house.user("bob@northwind.test")
    offer(browser, ada)
    code = house.last("verify_address").code
    assert see(browser, bob) == NothingOpen()
    assert enter(browser, bob, code) == NothingOpen()
    assert again(browser, bob) == NothingOpen()
    run(address.give_up(house.parts, browser.caller, bob))
    assert isinstance(see(browser, ada), Open)


def test_given_up_it_is_over(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    run(address.give_up(house.parts, browser.caller, ada))
    assert enter(browser, ada, house.last("verify_address").code) == NothingOpen()
