"""Showing once more whose session this is, and a new password for who knows the old one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from keyturn.flows import account, proof, recovery
from keyturn.flows.proof import (
    Changed,
    NotThisWay,
    Overloaded,
    ProofNeeded,
    Proved,
    Refused,
    SignedOut,
    Wrong,
)
from keyturn.flows.signin import SignedIn
from keyturn.ports.secrets import Busy
from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE, SECOND, Locked
from keyturn.rules.passwords import PasswordFault, SpaceWarning
from keyturn.steps.changes import Frozen
from keyturn.steps.stepup import Signed
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

NEW = "a wholly new password"
BY_PASSWORD = ProofNeeded(methods=("password",))


def me(browser: Browser) -> Signed:
    signed = run(account.authenticate(browser.house.parts, browser.caller, browser.session or ""))
    assert signed is not None
    return signed


def by_password(browser: Browser, password: str = PASSWORD) -> Any:
    flow = proof.by_password(browser.house.parts, browser.caller, me(browser), password)
    return browser.keep(run(flow))


def by_code(browser: Browser, code: str) -> Any:
    return browser.keep(run(proof.by_code(browser.house.parts, browser.caller, me(browser), code)))


def check(browser: Browser) -> Any:
    return run(proof.check(browser.house.parts, browser.caller, me(browser)))


def change(
    browser: Browser, current: str = PASSWORD, wanted: str = NEW, *, meant: bool = False
) -> Any:
    flow = proof.change_password(
        browser.house.parts, browser.caller, me(browser), current, wanted, spaces_meant=meant
    )
    return browser.keep(run(flow))


# -- proving


@pytest.mark.parametrize(("late", "needed"), [(-1, False), (0, True), (1, True)])
def test_a_sign_in_is_a_proof_for_ten_minutes(
    house: House, browser: Browser, *, late: int, needed: bool
) -> None:
    house.user()
    browser.sign_in()
    house.clock.move(10 * MINUTE + late)
    assert (check(browser) == BY_PASSWORD) is needed


def test_the_password_proves_for_ten_minutes_more_under_a_new_token(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    house.clock.move(10 * MINUTE)
    before, old = browser.session or "", me(browser).session
    assert isinstance(by_password(browser), Proved)
    assert isinstance(check(browser), User)
    assert run(account.authenticate(house.parts, browser.caller, before)) is None
    fresh = me(browser).session
    assert (fresh.level, fresh.client_id) == (old.level, old.client_id)
    assert house.events(ada)[-1] == "session.proved"


def test_a_second_step_proves_and_the_password_does_not(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    secret = house.totp(ada)
    needed = ProofNeeded(methods=("totp",))
    assert check(browser) == needed  # fresh, and yet without the second step
    assert run(proof.methods(house.parts, browser.caller, me(browser))) == needed
    assert by_password(browser) == NotThisWay()
    assert by_code(browser, "nonsense") == Wrong()
    assert isinstance(by_code(browser, house.code_of(secret)), Proved)
    assert me(browser).session.level == 2
    assert isinstance(check(browser), User)


def test_guessing_codes_locks_the_second_step(house: House, browser: Browser) -> None:
    house.totp(house.user())
    browser.sign_in()
    stranger = house.signed(browser, house.again(house.write(lambda tx: _ada(house, tx))))
    for _ in range(4):
        assert run(proof.by_code(house.parts, browser.caller, stranger, "nonsense")) == Wrong()
    answer = run(proof.by_code(house.parts, browser.caller, stranger, "nonsense"))
    assert answer == Locked(until=house.clock.now() + 10 * MINUTE)


def _ada(house: House, tx: Any) -> User:
    found: User = tx.users.named(house.tenant.id, EMAIL)
    return found


def test_guessing_passwords_counts_in_the_lane_of_this_very_browser(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    for _ in range(4):
        assert by_password(browser, "nonsense") == Wrong()
    until = house.clock.now() + 10 * MINUTE
    assert by_password(browser, "nonsense") == Locked(until=until)
    assert by_password(browser) == Locked(until=until)  # nothing is compared during a lock
    assert browser.sign_in() == Locked(until=until)
    assert isinstance(house.browser().sign_in(), SignedIn)  # a stranger's lane is another
    assert house.events(ada).count("proof.failed") == 5
    assert len(house.outbox("lock_notice")) == 1


def test_an_account_without_a_password_cannot_prove_itself_by_one(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    house.change(ada, password_hash=None)
    assert by_password(browser, "") == NotThisWay()


def test_a_busy_hasher_counts_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    for _ in range(6):
        house.hasher.during = _busy
        assert by_password(browser, "nonsense") == Overloaded(700)
    assert isinstance(by_password(browser), Proved)


async def _busy() -> None:
    raise Busy(retry_after=700)


def test_the_sixth_try_at_once_waits_outside(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    signed, parts, caller = me(browser), house.parts, browser.caller

    async def crowd() -> list[Any]:
        gate, reached = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            reached.set()
            await gate.wait()

        tries = []
        for _ in range(5):
            house.hasher.during = hold
            tries.append(asyncio.create_task(proof.by_password(parts, caller, signed, "x")))
            await reached.wait()
            reached.clear()
        sixth = await proof.by_password(parts, caller, signed, PASSWORD)
        gate.set()
        return [*(await asyncio.gather(*tries)), sixth]

    answers = asyncio.run(crowd())
    assert answers[-1] == Overloaded(SECOND)
    assert sum(isinstance(a, Wrong | Locked) for a in answers) == 5


def test_a_session_that_ended_proves_nothing(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    signed = me(browser)
    run(account.sign_out(house.parts, browser.caller, browser.session or ""))
    parts, caller = house.parts, browser.caller
    assert run(proof.by_password(parts, caller, signed, PASSWORD)) == SignedOut()
    assert run(proof.by_code(parts, caller, signed, "123456")) == SignedOut()
    assert run(proof.check(parts, caller, signed)) == SignedOut()


def test_a_session_that_ends_while_the_password_is_compared_proves_nothing(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    other = house.browser()
    other.sign_in()
    signed, token = me(browser), browser.session or ""

    async def end() -> None:
        await account.sign_out(house.parts, browser.caller, token)

    house.hasher.during = end
    assert run(proof.by_password(house.parts, browser.caller, signed, PASSWORD)) == SignedOut()


# -- a new password


def test_the_new_password_holds_and_everybody_else_is_out(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    other = house.browser()
    other.sign_in()
    house.clock.move(30 * MINUTE)  # no proof but the password itself is needed
    assert isinstance(change(browser), Changed)
    assert me(browser).user.password_set_at == house.clock.now()
    assert run(account.authenticate(house.parts, other.caller, other.session or "")) is None
    assert isinstance(house.browser().sign_in(password=NEW), SignedIn)
    assert not isinstance(house.browser().sign_in(), SignedIn)
    assert "password.changed" in house.events(ada)
    assert house.last("password_changed").values["works_from"] is None
    assert NEW not in house.dump("users", "audit", "messages", "flows")


def test_a_wrong_current_password_changes_nothing_and_counts(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    assert change(browser, "nonsense") == Wrong()
    assert house.again(ada) == ada
    for _ in range(3):
        change(browser, "nonsense")
    assert change(browser, "nonsense") == Locked(until=house.clock.now() + 10 * MINUTE)


def test_what_is_wrong_with_a_new_password_is_told_before_anything_is_compared(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    house.hasher.compared.clear()
    short = change(browser, wanted="short")
    assert isinstance(short, Refused)
    assert [p.fault for p in short.problems] == [PasswordFault.TOO_SHORT]
    spaced = change(browser, wanted=NEW + " ")
    assert spaced == Refused(problems=(), warnings=(SpaceWarning.ENDS,))
    assert change(browser, wanted=PASSWORD) == Refused(problems=(), warnings=(), same=True)
    assert house.hasher.compared == []
    assert isinstance(change(browser, wanted=NEW + " ", meant=True), Changed)


def test_with_a_second_step_the_password_alone_changes_nothing(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    secret = house.totp(ada)
    assert change(browser) == ProofNeeded(methods=("totp",))
    by_code(browser, house.code_of(secret))
    assert change(browser, "nonsense") == Wrong()  # nor does the second step alone
    assert isinstance(change(browser), Changed)
    assert me(browser).session.level == 2


def test_while_changes_are_frozen_the_password_stays(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    house.change(ada, frozen_at=house.clock.now())
    assert change(browser) == Frozen(since=house.clock.now())


def test_without_a_password_there_is_none_to_change(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    house.change(ada, password_hash=None)
    assert change(browser) == NotThisWay()


def test_a_busy_hasher_changes_no_password(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    house.hasher.during = _busy
    assert change(browser) == Overloaded(700)
    assert house.again(ada) == ada


def test_a_recovery_that_comes_between_wins(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    owner = house.browser()

    async def recover() -> None:
        parts, caller = house.parts, owner.caller
        await recovery.start(parts, caller, EMAIL)
        code = house.last("recovery_code").code
        await recovery.enter_code(parts, caller, code)
        await recovery.set_password(parts, caller, "the owner's own", spaces_meant=False)

    changing = proof.change_password(
        house.parts, browser.caller, me(browser), PASSWORD, NEW, spaces_meant=False
    )

    async def both() -> Any:
        house.hasher.during = _after_first(house, recover)
        return await changing

    assert run(both()) == SignedOut()
    assert isinstance(house.browser().sign_in(password="the owner's own"), SignedIn)
    assert "password.changed" not in house.events(ada)


def _after_first(house: House, then: Any) -> Any:
    """Let the hash of the new password pass, and something happen at the comparison."""

    async def first() -> None:
        house.hasher.during = then

    return first
