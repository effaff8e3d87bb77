"""What became of a mail, told to whoever waits for it, and to nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows import account, address, recovery, signup
from keyturn.flows.signin import SignedIn
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.lockout import MINUTE
from keyturn.rules.messages import MessageState
from keyturn.steps.fates import Fate
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

WORDS = "550 5.1.1 no such user"


def sign_up(browser: Browser, email: str = EMAIL) -> None:
    flow = signup.start(
        browser.house.parts, browser.caller, "Ada", email, PASSWORD, spaces_meant=False
    )
    assert isinstance(run(flow), signup.Open)


def waits_for(browser: Browser) -> Fate | None:
    """What the page of a sign-up may show."""
    opened = run(signup.current(browser.house.parts, browser.caller))
    assert isinstance(opened, signup.Open)
    return opened.mail


def recover(browser: Browser, typed: str = EMAIL) -> None:
    assert isinstance(
        run(recovery.start(browser.house.parts, browser.caller, typed)), recovery.Open
    )


def told_of(browser: Browser) -> Fate | None:
    """What the page of a recovery may show."""
    opened = run(recovery.current(browser.house.parts, browser.caller))
    assert isinstance(opened, recovery.Open)
    return opened.mail


def become(house: House, state: MessageState) -> None:
    """Every mail under way ends in `state`."""

    def step(tx: Tx) -> None:
        for message in tx.messages.claim(house.clock.now(), 50):
            after = replace(message, state=state, detail=WORDS, updated_at=house.clock.now())
            tx.messages.settle(after, message.attempt)

    house.write(step)


@pytest.mark.parametrize(
    "state",
    [MessageState.SENT, MessageState.DEFERRED, MessageState.RELAYED, MessageState.DELIVERED,
     MessageState.BOUNCED, MessageState.REJECTED, MessageState.EXPIRED],
)  # fmt: skip
def test_a_sign_up_hears_of_its_mail(house: House, browser: Browser, state: MessageState) -> None:
    asked_at = house.clock.now()
    sign_up(browser)
    house.clock.move(MINUTE)
    become(house, state)
    fate = waits_for(browser)
    at = house.clock.now()
    assert fate == Fate(state, WORDS, at, asked_at, None, "a•••@n•••.test")


def test_a_mail_that_our_server_put_off_is_told_with_its_next_try(
    house: House, browser: Browser
) -> None:
    sign_up(browser)
    become(house, MessageState.QUEUED)
    fate = waits_for(browser)
    assert fate is not None
    assert (fate.state, fate.again_at is not None) == (MessageState.QUEUED, True)


@pytest.mark.parametrize("state", [None, *UserState])
def test_a_sign_up_hears_the_same_whoever_has_the_address(
    house: House, browser: Browser, state: UserState | None
) -> None:
    """It depends on the mailbox: whoever has an account is mailed at the same address."""
    if state is not None:
        house.user(EMAIL, state=state)
    sign_up(browser)
    become(house, MessageState.BOUNCED)
    fate = waits_for(browser)
    assert fate is not None
    assert (fate.state, fate.detail) == (MessageState.BOUNCED, WORDS)


@pytest.mark.parametrize("state", [MessageState.RELAYED, MessageState.BOUNCED])
def test_a_sign_up_that_another_took_the_place_of_hears_of_that_ones_mail(
    house: House, browser: Browser, state: MessageState
) -> None:
    """Both wait at one mailbox, and neither learns that there is another."""
    sign_up(browser)
    other = house.browser()
    sign_up(other)
    become(house, state)
    house.clock.move(MINUTE)
    asked_at = house.clock.now()
    run(signup.resend(house.parts, browser.caller))
    become(house, MessageState.DROPPED)
    fate = waits_for(browser)
    assert fate == Fate(state, WORDS, asked_at, asked_at, None, "a•••@n•••.test")


def test_a_mail_to_nobody_is_told_as_one_that_nothing_is_known_of(
    house: House, browser: Browser
) -> None:
    sign_up(browser)
    become(house, MessageState.DROPPED)
    house.write(lambda tx: tx.users.delete(house.tenant.id, _ada(tx, house).id))
    fate = waits_for(browser)
    assert fate is not None
    assert fate.state is MessageState.SENT


def _ada(tx: Tx, house: House) -> User:
    found = tx.users.named(house.tenant.id, EMAIL)
    assert found is not None
    return found


def test_a_mail_whose_record_is_gone_is_not_told_of(house: House, browser: Browser) -> None:
    sign_up(browser)

    def forget(tx: Tx) -> None:
        flow = tx.flows.open(house.tenant.id, browser.caller.browser, "signup", house.clock.now())
        assert flow is not None
        tx.flows.save(replace(flow, data={**flow.data, "message": "gone"}))

    house.write(forget)
    assert waits_for(browser) is None


def test_the_owners_own_browser_hears_of_a_recoverys_mail(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    recover(browser)
    become(house, MessageState.BOUNCED)
    fate = told_of(browser)
    assert fate is not None
    assert (fate.state, fate.address) == (MessageState.BOUNCED, "a•••@n•••.test")


@pytest.mark.parametrize("state", list(MessageState))
def test_a_stranger_learns_nothing_from_a_recoverys_mail(house: House, state: MessageState) -> None:
    """Whatever became of the mail, a name with an account looks like one without."""
    house.user()
    seen = []
    for typed in (EMAIL, "nobody@northwind.test"):
        stranger = house.browser()
        recover(stranger, typed)
        become(house, state)
        with house.statements() as statements:
            opened = run(recovery.current(house.parts, stranger.caller))
        assert isinstance(opened, recovery.Open)
        seen.append((replace(opened, typed=""), statements))
    assert seen[0] == seen[1]
    assert seen[0][0].mail is None


def test_a_browser_of_another_account_is_a_stranger(house: House, browser: Browser) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in("bob@northwind.test")
    recover(browser, EMAIL)
    become(house, MessageState.BOUNCED)
    assert told_of(browser) is None


def test_a_browser_that_was_forgotten_is_a_stranger_at_once(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    recover(browser)
    become(house, MessageState.BOUNCED)
    assert told_of(browser) is not None
    house.write(lambda tx: tx.clients.forget(house.tenant.id, ada.id, None))
    assert told_of(browser) is None


def test_a_copied_cookie_without_its_token_shows_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    stranger = house.browser()
    stranger.clients = dict.fromkeys(browser.clients, "guessed")
    recover(stranger)
    become(house, MessageState.BOUNCED)
    assert told_of(stranger) is None


def test_past_the_code_the_mail_is_told_of_no_more(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    recover(browser)
    code = house.last("recovery_code").code
    run(recovery.enter_code(house.parts, browser.caller, code))
    assert told_of(browser) is None


@pytest.mark.parametrize("taken", [True, False])
def test_a_new_address_hears_of_its_mail_whoever_has_it(
    house: House, browser: Browser, taken: bool
) -> None:
    house.user()
    if taken:
        house.user("new@northwind.test")
    answer = browser.sign_in()
    assert isinstance(answer, SignedIn)
    signed = run(account.authenticate(house.parts, browser.caller, answer.session))
    assert signed is not None
    offered = address.offer(house.parts, browser.caller, signed, "new@northwind.test")
    assert isinstance(run(offered), address.Open)
    become(house, MessageState.BOUNCED)
    opened = run(address.current(house.parts, browser.caller, signed.user))
    assert isinstance(opened, address.Open)
    assert opened.mail is not None
    assert (opened.mail.state, opened.mail.detail) == (MessageState.BOUNCED, WORDS)
