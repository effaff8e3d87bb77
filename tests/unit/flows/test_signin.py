"""Signing in with a name and a password."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from keyturn.flows import account, objection, proof, recovery, signin, staff
from keyturn.flows.signin import (
    AddressPending,
    NotAName,
    NothingPending,
    Overloaded,
    SecondPending,
    SignedIn,
    TooMany,
    Wrong,
)
from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, Role, UserState
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND, Lane, Locked, Reservation
from keyturn.steps.lanes import REFUSALS_KEPT
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run, together

T = TypeVar("T")
NOBODY = "nobody@northwind.test"


def test_a_right_password_signs_in_at_level_one_and_makes_the_client_known(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    answer = browser.sign_in()
    assert isinstance(answer, SignedIn)
    assert (answer.user.id, answer.level) == (ada.id, 1)
    assert house.events(ada) == ["signin.passed"]


@pytest.mark.parametrize("typed", [EMAIL, "ADA@Northwind.Test", " ada ", "+44 7400 123456"])
def test_any_spelling_of_any_identifier_signs_in(
    house: House, browser: Browser, typed: str
) -> None:
    house.user(names=("ada", "+447400123456"))
    assert isinstance(browser.sign_in(typed), SignedIn)


def test_a_local_number_is_read_as_one_of_the_tenants_country(
    house: House, browser: Browser
) -> None:
    house.user(names=("+447400123456",))
    assert isinstance(browser.sign_in("07400 123456"), SignedIn)


def test_what_cannot_be_a_name_is_told_before_anything_is_looked_up(
    house: House, browser: Browser
) -> None:
    with house.statements() as statements:
        assert browser.sign_in("a\0b") == NotAName()
    assert not statements


def test_a_password_is_compared_as_typed_but_for_unicode_composition(
    house: House, browser: Browser
) -> None:
    house.user(password="cafe\N{COMBINING ACUTE ACCENT} au lait")
    assert browser.sign_in(password="café au lait ") == Wrong()
    assert isinstance(browser.sign_in(password="café au lait"), SignedIn)


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.INVITED])
def test_an_account_that_is_not_active_refuses_the_right_password(
    house: House, browser: Browser, state: UserState
) -> None:
    house.user(state=state)
    assert browser.sign_in() == Wrong()


def test_an_account_without_a_password_refuses_any(house: House, browser: Browser) -> None:
    house.user(password=None)
    assert browser.sign_in() == Wrong()


def test_wrong_names_and_passwords_are_one_answer_at_one_price(house: House) -> None:
    house.user("ada@northwind.test")
    house.user("dis@northwind.test", state=UserState.DISABLED)
    house.user("unv@northwind.test", state=UserState.UNVERIFIED)
    seen = set()
    for name in ("ada", "dis", "unv", "nobody"):
        browser, hashes = house.browser(), house.hasher.hashes
        rows = house.count("audit"), house.count("messages"), house.count("lanes")
        with house.statements() as statements:
            answer = browser.fail(1, f"{name}@northwind.test")
        after = house.count("audit"), house.count("messages"), house.count("lanes")
        grown = tuple(b - a for a, b in zip(rows, after, strict=True))
        seen.add((str(answer), tuple(statements), house.hasher.hashes - hashes, grown))
    assert len(seen) == 1
    assert seen.pop()[2:] == (1, (1, 0, 1))


def test_where_there_is_no_password_the_decoy_is_compared(house: House, browser: Browser) -> None:
    house.user(password=None)
    browser.sign_in()
    browser.sign_in(NOBODY)
    assert house.hasher.compared == [house.hasher.decoy] * 2


def test_a_refusal_on_a_used_lane_costs_the_same_for_all_names(house: House) -> None:
    house.user("ada@northwind.test")
    house.user("dis@northwind.test", state=UserState.DISABLED)
    seen = set()
    for name in ("ada", "dis", "nobody"):
        browser = house.browser()
        browser.fail(1, f"{name}@northwind.test")
        with house.statements() as statements:
            answer = browser.fail(1, f"{name}@northwind.test")
        seen.add((str(answer), tuple(statements)))
    assert len(seen) == 1


# -- the lock


def test_the_fifth_wrong_password_in_a_row_locks_for_ten_minutes(
    house: House, browser: Browser
) -> None:
    house.user()
    assert browser.fail(4) == Wrong()
    assert browser.fail(1) == Locked(until=house.clock.now() + 10 * MINUTE)


def test_a_lock_opens_by_itself_exactly_at_its_end(house: House, browser: Browser) -> None:
    house.user()
    browser.fail(5)
    house.clock.move(10 * MINUTE - 1)
    assert isinstance(browser.sign_in(), Locked)
    house.clock.move(1)
    assert isinstance(browser.sign_in(), SignedIn)


def test_during_a_lock_nothing_is_compared_and_nothing_makes_it_longer(
    house: House, browser: Browser
) -> None:
    house.user()
    locked, hashes = browser.fail(5), house.hasher.hashes
    house.clock.move(MINUTE)
    assert browser.fail(3) == locked
    assert browser.sign_in() == locked
    assert house.hasher.hashes == hashes


def test_absent_disabled_and_unverified_names_lock_the_same_way(house: House) -> None:
    house.user("ada@northwind.test")
    house.user("dis@northwind.test", state=UserState.DISABLED)
    house.user("unv@northwind.test", state=UserState.UNVERIFIED)
    seen = set()
    for name in ("ada", "dis", "unv", "nobody"):
        browser, typed = house.browser(), f"{name}@northwind.test"
        rows = house.count("audit"), house.count("messages")
        answers = [browser.fail(1, typed) for _ in range(6)] + [browser.sign_in(typed)]
        grown = house.count("audit") - rows[0], house.count("messages") - rows[1]
        with house.statements() as statements:
            browser.fail(1, typed)
        seen.add((str(answers), grown, tuple(statements)))
    assert len(seen) == 1
    # five failures, the lock, two refusals; one notice
    assert seen.pop()[1] == (8, 1)


def test_the_notice_of_an_absent_name_has_no_address(house: House, browser: Browser) -> None:
    browser.fail(5, NOBODY)
    notice = house.last("lock_notice").message
    assert (notice.address, notice.user_id) == (None, None)


def test_the_lock_notice_tells_when_where_from_and_until_when(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.fail(5)
    notice = house.last("lock_notice")
    now = house.clock.now()
    assert notice.message.address == ada.email
    assert notice.values == {
        "since": now, "until": now + 10 * MINUTE, "client": browser.name, "ip": browser.ip,
        "attempts": 5, "second": False,
    }  # fmt: skip


def test_the_fourth_lock_of_a_day_is_told_in_one_digest_and_no_more(
    house: House, browser: Browser
) -> None:
    house.user()
    began = house.clock.now()
    for _ in range(6):
        browser.fail(5)
        house.clock.move(10 * MINUTE)
    assert len(house.outbox("lock_notice")) == 3
    (digest,) = house.outbox("lock_digest")
    assert digest.message.run_at == began + DAY


def test_after_a_day_single_notices_begin_anew(house: House, browser: Browser) -> None:
    house.user()
    for wait in (0, 10 * MINUTE, 10 * MINUTE, DAY - 20 * MINUTE):
        house.clock.move(wait)
        browser.fail(5)
    assert len(house.outbox("lock_notice")) == 4
    assert not house.outbox("lock_digest")


@pytest.mark.parametrize(("wait", "locks"), [(DAY - 1, True), (DAY, False), (DAY + 1, False)])
def test_a_streak_below_five_is_forgotten_after_a_day(
    house: House, browser: Browser, wait: int, locks: bool
) -> None:
    house.user()
    browser.fail(4)
    house.clock.move(wait)
    assert isinstance(browser.fail(1), Locked) is locks


def test_a_right_password_ends_the_streak(house: House, browser: Browser) -> None:
    house.user()
    for _ in range(3):
        assert browser.fail(4) == Wrong()
        assert isinstance(browser.sign_in(), SignedIn)


def test_all_spellings_of_one_user_share_the_counters(house: House, browser: Browser) -> None:
    house.user(names=("ada",))
    for typed in ("ada", "ADA", " ada@northwind.test", "Ada@Northwind.test"):
        assert browser.fail(1, typed) == Wrong()
    assert isinstance(browser.fail(1, "ada"), Locked)


def test_all_spellings_of_an_absent_name_share_the_counters(house: House, browser: Browser) -> None:
    for typed in ("bob", "BOB", " bob", "ｂｏｂ"):
        assert browser.fail(1, typed) == Wrong()
    assert isinstance(browser.fail(1, "bob"), Locked)


def test_only_the_first_refusals_of_one_lock_are_recorded(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.fail(5 + REFUSALS_KEPT + 5)
    assert house.events(ada).count("signin.refused") == REFUSALS_KEPT


def test_a_hundred_failures_close_the_lane_with_the_rhythm_unchanged_outside(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.set_lane(f"u:{ada.id}", Lane(total=98), ada)
    assert isinstance(browser.sign_in(), SignedIn)
    stranger = house.browser()
    house.set_lane(f"u:{ada.id}", Lane(total=99), ada)
    assert stranger.fail(1) == Wrong()
    for _ in range(3):
        assert stranger.sign_in() == Wrong()
    assert stranger.sign_in() == Locked(until=house.clock.now() + 10 * MINUTE)


# -- lanes of clients


def test_a_stranger_cannot_lock_the_owners_own_browser_out(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    stranger = house.browser()
    assert isinstance(stranger.fail(5), Locked)
    assert isinstance(browser.sign_in(), SignedIn)


def test_a_known_client_that_fails_locks_only_itself(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    assert isinstance(browser.fail(5), Locked)
    assert isinstance(house.browser().sign_in(), SignedIn)


def test_with_scope_account_there_is_one_lane_of_all() -> None:
    house = House(lockout_scope="account")
    house.user()
    browser = house.browser()
    browser.sign_in()
    house.browser().fail(5)
    assert isinstance(browser.sign_in(), Locked)
    house.close()


def test_a_client_is_known_for_its_own_account_only(house: House, browser: Browser) -> None:
    house.user()
    house.user("bob@northwind.test")
    browser.sign_in("bob@northwind.test")
    browser.fail(5)
    assert isinstance(house.browser().sign_in(), Locked)


def test_the_previous_token_of_a_client_is_good_until_the_current_one_is_seen(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    before = dict(browser.clients)
    browser.sign_in()
    after = dict(browser.clients)
    browser.clients = before  # the reply with the new token was lost
    assert isinstance(browser.sign_in(), SignedIn)
    assert list(browser.clients) == list(after)
    assert house.count("clients") == 1


def test_a_token_given_up_twice_makes_the_client_unknown_and_is_recorded(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    thief = house.browser()
    thief.clients = dict(browser.clients)
    browser.sign_in()
    browser.sign_in()
    stolen = next(iter(browser.clients))
    assert isinstance(thief.sign_in(), SignedIn)
    assert stolen not in list(thief.clients)[1:]
    assert "client.copied" in house.events(ada)
    clients = house.write(lambda tx: tx.clients.of_user(house.tenant.id, ada.id))
    assert stolen not in [c.id for c in clients]


def test_the_owner_hears_of_a_new_client_but_not_of_the_first(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    assert not house.outbox()
    house.browser().sign_in()
    assert house.last("new_client").message.address == ada.email


# -- networks


def test_a_network_that_used_up_its_failures_is_refused_for_any_name_before_lookup(
    house: House,
) -> None:
    house.limit(network_failures=3)
    house.user()
    stranger = house.browser(ip="198.51.100.1")
    stranger.fail(3, NOBODY)
    refused = TooMany(until=house.clock.now() + HOUR)
    hashes = house.hasher.hashes
    neighbour = house.browser(ip="198.51.100.77")
    for typed in (NOBODY, EMAIL):
        assert neighbour.sign_in(typed) == refused
    assert house.hasher.hashes == hashes
    assert isinstance(house.browser(ip="198.51.101.1").sign_in(), SignedIn)


@pytest.mark.parametrize(("wait", "refused"), [(HOUR - 1, True), (HOUR, False), (HOUR + 1, False)])
def test_a_networks_failures_are_forgotten_after_an_hour(
    house: House, wait: int, refused: bool
) -> None:
    house.limit(network_failures=1)
    house.user()
    stranger = house.browser()
    stranger.fail(1)
    house.clock.move(wait)
    assert isinstance(stranger.sign_in(), TooMany) is refused


def test_a_known_client_is_let_in_from_a_network_that_is_refused(house: House) -> None:
    house.limit(network_failures=1)
    house.user()
    browser = house.browser(ip="198.51.100.1")
    browser.sign_in()
    house.browser(ip="198.51.100.2").fail(1, NOBODY)
    assert isinstance(browser.sign_in(), SignedIn)


def test_failures_of_a_known_client_do_not_count_against_its_network(house: House) -> None:
    house.limit(network_failures=1)
    house.user()
    browser = house.browser(ip="198.51.100.1")
    browser.sign_in()
    browser.fail(2)
    assert house.browser(ip="198.51.100.2").fail(1, NOBODY) == Wrong()


def test_a_network_that_is_spent_between_two_looks_is_refused_all_the_same(
    house: House, browser: Browser
) -> None:
    house.limit(network_failures=1)
    house.user()
    neighbour = house.browser(ip=browser.ip)
    each = house.store.each

    async def meanwhile(fn: Callable[[Tx], T]) -> T:
        house.store.each = each  # type: ignore[method-assign]
        answer = await each(fn)
        await signin.sign_in(house.parts, neighbour.caller, NOBODY, "wrong")
        return answer

    house.store.each = meanwhile  # type: ignore[method-assign]
    assert isinstance(browser.sign_in(), TooMany)


# -- concurrency and races


@pytest.mark.parametrize("typed", [EMAIL, NOBODY])
def test_of_two_hundred_wrong_passwords_at_once_exactly_five_are_compared(
    house: House, typed: str
) -> None:
    house.user()
    made = [
        signin.sign_in(house.parts, house.browser(ip="192.0.2.9").caller, typed, "wrong")
        for _ in range(200)
    ]
    answers = together(*made)
    assert house.hasher.hashes == 5
    assert sum(isinstance(a, Locked) for a in answers) == 196
    assert len(house.outbox("lock_notice")) == 1


def test_who_waits_hears_of_the_lock_at_once_and_not_at_the_next_poll(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "POLL_MS", 60_000)
    callers = [house.browser(ip="192.0.2.9").caller for _ in range(50)]

    async def all_at_once() -> list[signin.Answer]:
        tries = (signin.sign_in(house.parts, caller, EMAIL, "wrong") for caller in callers)
        return await asyncio.wait_for(asyncio.gather(*tries), 20)

    assert sum(isinstance(a, Locked) for a in run(all_at_once())) == 46


def test_sixty_four_right_sign_ins_at_once_all_get_in(house: House) -> None:
    house.user()
    made = [
        signin.sign_in(house.parts, house.browser(ip="192.0.2.9").caller, EMAIL, PASSWORD)
        for _ in range(64)
    ]
    assert all(isinstance(a, SignedIn) for a in together(*made))


def test_when_every_slot_is_taken_a_try_waits_for_one(house: House) -> None:
    ada = house.user()
    held = tuple(Reservation(house.clock.now() + 10 * SECOND, f"r{n}") for n in range(5))
    house.set_lane(f"u:{ada.id}", Lane(reservations=held), ada)
    browser = house.browser()

    async def both() -> signin.Answer:
        trying = asyncio.create_task(signin.sign_in(house.parts, browser.caller, EMAIL, PASSWORD))
        await asyncio.sleep(0.05)
        assert not trying.done()
        house.set_lane(f"u:{ada.id}", Lane(reservations=held[1:]), ada)
        return await trying

    assert isinstance(run(both()), SignedIn)


def test_who_waits_too_long_for_a_slot_is_told_to_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = house.user()
    held = tuple(Reservation(house.clock.now() + 10 * SECOND, f"r{n}") for n in range(5))
    house.set_lane(f"u:{ada.id}", Lane(reservations=held), ada)
    monkeypatch.setattr("keyturn.adapters.turns.PATIENCE", 0)
    assert isinstance(house.browser().sign_in(), Overloaded)
    assert house.hasher.hashes == 0


def test_a_try_whose_lease_ran_out_lets_nobody_in_and_counts(
    house: House, browser: Browser
) -> None:
    ada = house.user()

    async def slow() -> None:
        house.clock.move(10 * SECOND)

    house.hasher.during = slow
    assert browser.sign_in() == Wrong()
    assert house.lane(f"u:{ada.id}").failed == 1


def test_a_try_just_within_its_lease_gets_in(house: House, browser: Browser) -> None:
    house.user()

    async def slow() -> None:
        house.clock.move(10 * SECOND - 1)

    house.hasher.during = slow
    assert isinstance(browser.sign_in(), SignedIn)


@pytest.mark.parametrize("warm", [False, True])
def test_a_lease_that_runs_out_as_the_fifth_failure_locks(
    house: House, browser: Browser, warm: bool
) -> None:
    house.user()
    browser.fail(4)

    async def slow() -> None:
        house.clock.move(10 * SECOND)

    house.hasher.during = slow
    assert isinstance(browser.sign_in(password=PASSWORD if warm else "wrong"), Locked)


def test_a_recovery_during_the_comparison_voids_the_old_password(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    other = house.browser()

    async def recovered() -> None:
        await recovery.start(house.parts, other.caller, EMAIL)
        code = (await _last_code(house)) or ""
        await recovery.enter_code(house.parts, other.caller, code)
        await recovery.set_password(
            house.parts, other.caller, "a wholly new one", spaces_meant=False
        )

    house.hasher.during = recovered
    assert browser.sign_in() == Wrong()
    assert "signin.passed" not in house.events(ada)


async def _last_code(house: House) -> str:
    return await asyncio.to_thread(lambda: house.last("recovery_code").code)


def test_a_disabling_during_the_comparison_leaves_a_session_that_is_dead(
    house: House, browser: Browser
) -> None:
    ada = house.user()

    async def disabled() -> None:
        changed = replace(ada, state=UserState.DISABLED, epoch=1)
        await house.store.write(lambda tx: tx.users.save(changed))

    house.hasher.during = disabled
    browser.sign_in()
    assert run(account.authenticate(house.parts, browser.caller, browser.session or "")) is None


def test_another_try_on_the_lane_meanwhile_takes_the_held_path(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.fail(1)
    other = house.browser()

    async def fails() -> None:
        await signin.sign_in(house.parts, other.caller, EMAIL, "wrong")

    house.hasher.during = fails
    assert browser.fail(1) == Wrong()
    assert house.lane(f"u:{ada.id}").failed == 3


def test_a_lease_that_ran_out_elsewhere_is_counted_before_the_next_try(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    now = house.clock.now()
    died = Lane(failed=4, last_failed=now, reservations=(Reservation(now + 1, "dead"),))
    house.set_lane(f"u:{ada.id}", died, ada)
    house.clock.move(1)
    assert isinstance(browser.sign_in(), Locked)
    assert len(house.outbox("lock_notice")) == 1


def test_a_full_hash_queue_is_told_and_the_try_does_not_count(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.hasher.full = True
    assert browser.sign_in() == Overloaded(retry_after=1000)
    assert house.lane(f"u:{ada.id}") == Lane()
    house.hasher.full = False
    assert isinstance(browser.sign_in(), SignedIn)


def test_a_try_under_way_when_the_account_is_disabled_makes_no_browser_known(
    house: House, browser: Browser
) -> None:
    """Found by tests/fuzz/people."""
    ada = house.user()
    host = staff.on_the_host(browser.caller)

    async def disabled() -> None:
        await staff.disable(house.parts, host, ada.id)

    house.hasher.during = disabled
    assert browser.sign_in() == Wrong()
    assert house.count("clients") == house.count("sessions") == 0
    assert house.lane(f"u:{ada.id}").failed == 1


def test_a_try_under_way_when_the_owner_objects_makes_no_browser_known(
    house: House, browser: Browser
) -> None:
    """Whoever knew the old password must not get a lane of their own by it."""
    house.user()
    for _ in range(2):
        house.browser().sign_in()
    token = house.last("new_client").token

    async def objected() -> None:
        await objection.confirm(house.parts, house.browser().caller, token)

    house.hasher.during = objected
    assert browser.sign_in() == Wrong()
    assert house.count("clients") == house.count("sessions") == 0


def test_a_try_with_the_old_password_under_way_at_its_change_gets_nowhere(
    house: House, browser: Browser
) -> None:
    house.user()
    owner = house.browser()
    owner.sign_in()
    signed = run(account.authenticate(house.parts, owner.caller, owner.session or ""))
    assert signed

    async def changed() -> None:
        answer = await proof.change_password(
            house.parts, owner.caller, signed, PASSWORD, "a wholly new one", spaces_meant=False
        )
        assert isinstance(answer, proof.Changed)

    house.hasher.during = changed
    assert browser.sign_in() == Wrong()
    assert house.count("clients") == house.count("sessions") == 1


def test_a_slot_given_back_after_its_lease_has_counted_and_the_lock_it_began_stands(
    house: House, browser: Browser
) -> None:
    """Whoever looked meanwhile was told of the lock. Found by tests/models/tries.py."""
    ada = house.user()
    house.set_lane(f"u:{ada.id}", Lane(failed=4, last_failed=house.clock.now()), ada)

    async def halted() -> None:
        house.clock.move(10 * SECOND)
        house.hasher.full = True

    house.hasher.during = halted
    assert isinstance(browser.sign_in(), Overloaded)
    house.hasher.full = False
    assert browser.sign_in() == Locked(until=house.clock.now() + 10 * MINUTE)
    assert len(house.outbox("lock_notice")) == 1


def test_a_weak_hash_is_renewed_at_the_next_sign_in(house: House, browser: Browser) -> None:
    ada = house.user()
    house.hasher.strength = 2
    browser.sign_in()
    assert house.again(ada).password_hash != ada.password_hash
    assert not house.hasher.outdated(house.again(ada).password_hash or "")
    assert isinstance(house.browser().sign_in(), SignedIn)


def test_a_weak_hash_stays_when_there_is_no_room_to_renew_it(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.hasher.strength = 2

    async def full() -> None:
        house.hasher.during = crowd

    async def crowd() -> None:
        house.hasher.full = True

    house.hasher.during = full
    assert isinstance(browser.sign_in(), SignedIn)
    assert house.again(ada).password_hash == ada.password_hash


def test_a_password_changed_meanwhile_is_not_overwritten_by_a_renewed_hash(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.hasher.strength = 2

    async def changed() -> None:
        new = replace(ada, password_hash="plain$2$new")
        await house.store.write(lambda tx: tx.users.save(new))

    house.hasher.during = changed
    browser.sign_in()
    assert house.again(ada).password_hash == "plain$2$new"


# -- unverified


def test_who_gives_the_right_password_of_an_unverified_account_is_told_and_gets_a_code(
    house: House, browser: Browser
) -> None:
    house.user(state=UserState.UNVERIFIED)
    assert browser.sign_in() == AddressPending(email=EMAIL)
    assert house.last("verify_email").message.address == EMAIL
    assert browser.session is None


def test_signing_in_again_does_not_kill_the_code_on_its_way(house: House, browser: Browser) -> None:
    house.user(state=UserState.UNVERIFIED)
    browser.sign_in()
    browser.sign_in()
    assert len(house.outbox("verify_email")) == 1


def test_once_the_code_has_expired_signing_in_again_sends_another(
    house: House, browser: Browser
) -> None:
    house.user(state=UserState.UNVERIFIED)
    browser.sign_in()
    house.clock.move(10 * MINUTE)
    browser.sign_in()
    assert len(house.outbox("verify_email")) == 2


# -- the second step


def test_with_a_second_step_the_password_alone_gives_no_session(
    house: House, browser: Browser
) -> None:
    house.totp(house.user())
    answer = browser.sign_in()
    expires = house.clock.now() + 10 * MINUTE
    assert answer == SecondPending(methods=(FactorKind.TOTP,), expires_at=expires)
    assert browser.session is None
    assert house.count("sessions") == 0


def test_the_authenticators_code_completes_the_sign_in_at_level_two(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    answer = browser.second_step(house.code_of(secret))
    assert isinstance(answer, SignedIn)
    assert answer.level == 2
    assert house.events(ada) == ["second.pending", "second.passed", "signin.passed"]


def test_what_is_pending_is_known_until_it_is_done(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    house.saved_codes(ada)
    pending = signin.pending(house.parts, browser.caller)
    assert run(pending) == NothingPending()
    asked = browser.sign_in()
    assert run(signin.pending(house.parts, browser.caller)) == asked
    assert isinstance(asked, SecondPending)
    assert asked.methods == (FactorKind.RECOVERY, FactorKind.TOTP)
    browser.second_step(house.code_of(secret))
    assert run(signin.pending(house.parts, browser.caller)) == NothingPending()


def test_a_second_step_cannot_be_done_before_the_password(house: House, browser: Browser) -> None:
    secret = house.totp(house.user())
    assert browser.second_step(house.code_of(secret)) == NothingPending()


def test_a_second_step_belongs_to_the_browser_that_gave_the_password(
    house: House, browser: Browser
) -> None:
    secret = house.totp(house.user())
    browser.sign_in()
    assert house.browser().second_step(house.code_of(secret)) == NothingPending()


@pytest.mark.parametrize(("wait", "open_"), [(-1, True), (0, False), (1, False)])
def test_a_second_step_waits_for_ten_minutes(
    house: House, browser: Browser, wait: int, open_: bool
) -> None:
    secret = house.totp(house.user())
    browser.sign_in()
    house.clock.move(10 * MINUTE + wait)
    answer = browser.second_step(house.code_of(secret))
    assert isinstance(answer, SignedIn if open_ else NothingPending)


def test_an_authenticators_code_is_good_once(house: House, browser: Browser) -> None:
    secret = house.totp(house.user())
    code = house.code_of(secret)
    browser.sign_in()
    browser.second_step(code)
    other = house.browser()
    other.sign_in()
    assert other.second_step(code) == Wrong()
    assert house.trail()[-1].facts["why"] == "reused"


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_an_authenticators_clock_may_be_one_step_off(
    house: House, browser: Browser, steps: int, right: bool
) -> None:
    secret = house.totp(house.user())
    browser.sign_in()
    answer = browser.second_step(house.code_of(secret, steps))
    assert isinstance(answer, SignedIn) is right
    if not right:
        assert house.trail()[-1].facts == {"why": "clock", "skew": steps * 30}


def test_a_saved_recovery_code_is_good_once_and_told_to_the_owner(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    (code, _) = house.saved_codes(ada)
    browser.sign_in()
    assert isinstance(browser.second_step(code.lower().replace("-", " ")), SignedIn)
    assert house.last("factor_changed").values["what"] == "recovery.used"
    other = house.browser()
    other.sign_in()
    assert other.second_step(code) == Wrong()
    assert house.trail()[-1].facts["why"] == "recovery-used"


def test_used_up_recovery_codes_are_no_second_step(house: House, browser: Browser) -> None:
    ada = house.user()
    for code in house.saved_codes(ada):
        house.browser().sign_in()
        other = house.browser()
        other.sign_in()
        other.second_step(code)
    assert isinstance(browser.sign_in(), SignedIn)


def test_somebody_elses_recovery_code_is_wrong(house: House, browser: Browser) -> None:
    house.totp(house.user())
    (code, _) = house.saved_codes(house.user("bob@northwind.test"))
    browser.sign_in()
    assert browser.second_step(code) == Wrong()


def test_five_wrong_second_steps_lock_the_second_step_only(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    for _ in range(4):
        assert browser.second_step("nonsense") == Wrong()
    locked = Locked(until=house.clock.now() + 10 * MINUTE)
    assert browser.second_step("nonsense") == locked
    assert browser.second_step(house.code_of(secret)) == locked
    assert house.last("lock_notice").values["second"]
    assert isinstance(house.browser().sign_in(), SecondPending)


def test_a_second_step_locked_by_somebody_opens_after_ten_minutes(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    for _ in range(5):
        browser.second_step("000000")
    house.clock.move(10 * MINUTE)
    browser.sign_in()
    assert isinstance(browser.second_step(house.code_of(secret)), SignedIn)


def test_a_second_step_closed_by_a_hundred_failures_opens_with_a_saved_code(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    (code, _) = house.saved_codes(ada)
    house.set_lane(f"2:{ada.id}", Lane(total=100, closed=True), ada)
    browser.sign_in()
    assert browser.second_step(house.code_of(secret)) == Wrong()
    assert house.trail()[-1].facts == {"why": "wrong"}
    assert isinstance(browser.second_step(code), SignedIn)
    assert house.lane(f"2:{ada.id}") == Lane()


def test_with_every_slot_of_the_second_step_taken_nothing_passes(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    held = tuple(Reservation(house.clock.now() + 10 * SECOND, f"r{n}") for n in range(5))
    house.set_lane(f"2:{ada.id}", Lane(reservations=held), ada)
    assert browser.second_step(house.code_of(secret)) == Wrong()


def test_a_new_password_overtakes_a_pending_second_step(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    house.change(ada, epoch=1)
    assert browser.second_step(house.code_of(secret)) == NothingPending()


def test_a_disabling_overtakes_a_pending_second_step(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    house.change(ada, state=UserState.DISABLED)
    assert browser.second_step(house.code_of(secret)) == NothingPending()


def test_an_account_that_is_gone_has_nothing_pending(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    house.write(lambda tx: tx.users.delete(house.tenant.id, ada.id))
    assert browser.second_step(house.code_of(secret)) == NothingPending()


def test_a_trusted_client_is_not_asked_again(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    browser.second_step(house.code_of(secret), trust=True)
    again = browser.sign_in()
    assert isinstance(again, SignedIn)
    assert again.level == 1


def test_a_client_that_is_not_trusted_is_asked_every_time_and_stays_the_same(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    browser.second_step(house.code_of(secret))
    known = list(browser.clients)
    house.clock.move(MINUTE)
    assert isinstance(browser.sign_in(), SecondPending)
    assert isinstance(browser.second_step(house.code_of(secret)), SignedIn)
    assert list(browser.clients) == known


def test_staff_are_asked_even_on_a_trusted_client(house: House, browser: Browser) -> None:
    ada = house.user(role=Role.OWNER)
    secret = house.totp(ada)
    browser.sign_in()
    browser.second_step(house.code_of(secret), trust=True)
    assert isinstance(browser.sign_in(), SecondPending)


def test_a_client_forgotten_between_password_and_second_step_is_made_known_anew(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    browser.sign_in()
    browser.second_step(house.code_of(secret))
    known = list(browser.clients)
    house.clock.move(MINUTE)
    browser.sign_in()
    house.write(lambda tx: tx.clients.forget(house.tenant.id, ada.id, None))
    assert isinstance(browser.second_step(house.code_of(secret)), SignedIn)
    assert list(browser.clients) != known


# -- the wall


def test_an_account_of_another_tenant_is_nobody_here(house: House) -> None:
    other = house.add_tenant("southbank")
    house.user(tenant=other)
    assert house.browser().sign_in() == Wrong()
    assert isinstance(house.browser(tenant=other).sign_in(), SignedIn)


def test_a_lock_in_one_tenant_does_not_lock_the_same_name_in_another(house: House) -> None:
    other = house.add_tenant("southbank")
    house.user()
    house.user(tenant=other)
    house.browser().fail(5)
    assert isinstance(house.browser(tenant=other).sign_in(), SignedIn)
