"""Many tries at the same moment, in many flows, or across a restart: still five."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.turns import LaneTurns
from keyturn.flows import recovery, signin
from keyturn.flows.recovery import Open
from keyturn.flows.signin import SecondPending, SignedIn
from keyturn.rules import codes
from keyturn.rules.lockout import Locked
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run, together


def tries(house: House, browsers: list[Browser], password: str) -> list[Any]:
    """All of them try at the same moment."""
    parts = house.parts
    return together(*(signin.sign_in(parts, b.caller, EMAIL, password) for b in browsers))


def test_forty_wrong_passwords_at_the_same_moment_are_five_guesses(house: House) -> None:
    """Keycloak, CVE-2024-4629 (2024), and Nextcloud, CVE-2023-32320 (2023): tries sent at the
    same moment were all compared before the first of them had counted.
    """
    house.user()
    answers = tries(house, [house.browser() for _ in range(40)], "not the password")
    assert len(house.hasher.compared) == 5
    assert sum(isinstance(answer, Locked) for answer in answers) == 36  # the fifth says so, too
    assert tries(house, [house.browser()], PASSWORD) == [answers[-1]]
    assert len(house.hasher.compared) == 5


def test_a_reset_code_has_five_tries_from_however_many_addresses(house: House) -> None:
    """Instagram (2019): a six-digit reset code took any number of guesses, if they came at
    the same moment and from thousands of addresses.
    """
    house.user()
    thief = house.browser()
    run(recovery.start(house.parts, thief.caller, EMAIL))
    right = house.last("recovery_code").code
    wrong = [f"{n:06}" for n in range(40) if f"{n:06}" != right]
    guesses = together(
        *(
            recovery.enter_code(house.parts, replace(thief.caller, ip=f"198.51.{n}.1"), digits)
            for n, digits in enumerate(wrong)
        )
    )
    assert sum(isinstance(guess, codes.Wrong) for guess in guesses) == 5
    answer = run(recovery.enter_code(house.parts, thief.caller, right))
    assert isinstance(answer, codes.Spent)


def test_many_flows_share_one_budget_of_guesses(house: House) -> None:
    """Instagram (2019) and Microsoft accounts (2021): new codes, asked for again and again,
    each gave new guesses at the same account.
    """
    house.user()
    compared = 0
    for _ in range(30):
        thief = house.browser()
        run(recovery.start(house.parts, thief.caller, EMAIL))
        for digits in ("000000", "111111", "222222", "333333", "444444"):
            guess = run(recovery.enter_code(house.parts, thief.caller, digits))
            compared += isinstance(guess, codes.Wrong)
    assert compared <= 20


def test_guesses_at_the_second_step_count_over_all_sign_ins_together(house: House) -> None:
    """Microsoft, "AuthQuake" (2024): ten guesses at a six-digit code in each session, and as
    many sessions at once as one liked.
    """
    secret = house.totp(house.user())
    thieves = [house.browser() for _ in range(8)]
    assert all(isinstance(thief.sign_in(), SecondPending) for thief in thieves)
    wrong = next(c for c in ("000000", "111111") if c != house.code_of(secret))
    answers = together(
        *(signin.second_step(house.parts, t.caller, wrong, trust=False) for t in thieves)
    )
    assert sum(isinstance(answer, signin.Wrong) for answer in answers) == 4
    assert all(isinstance(answer, Locked) for answer in answers[4:])
    assert isinstance(thieves[0].second_step(house.code_of(secret)), Locked)


def test_an_authenticator_s_code_opens_one_door_once(house: House) -> None:
    """devise-two-factor, CVE-2015-7225 (2015): whoever saw a code could use it again within
    its time.
    """
    secret = house.totp(house.user())
    owner, thief = house.browser(), house.browser()
    owner.sign_in()
    thief.sign_in()
    code = house.code_of(secret)
    answers = together(
        *(signin.second_step(house.parts, b.caller, code, trust=False) for b in (owner, thief))
    )
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    late = house.browser()
    late.sign_in()
    assert not isinstance(late.second_step(code), SignedIn)


def test_a_saved_code_opens_one_door_once(house: House) -> None:
    """devise-two-factor, CVE-2015-7225 (2015), for codes that were saved."""
    user = house.user()
    house.totp(user)
    [code] = house.saved_codes(user, 1)
    pair = [house.browser(), house.browser()]
    for each in pair:
        each.sign_in()
    answers = together(
        *(signin.second_step(house.parts, b.caller, code, trust=False) for b in pair)
    )
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1


def test_a_link_that_two_follow_at_once_leads_one_of_them_on(house: House) -> None:
    """Microsoft accounts and Instagram (2019 to 2021): what may be used once was looked at
    and marked in two steps.
    """
    house.user()
    owner, thief = house.browser(), house.browser()
    run(recovery.start(house.parts, owner.caller, EMAIL))
    token = house.last("recovery_code").token
    answers = together(
        *(recovery.follow_link(house.parts, b.caller, token) for b in (owner, thief))
    )
    assert sum(isinstance(answer, Open) for answer in answers) == 1


def test_failures_at_other_names_do_not_push_those_at_one_name_out(house: House) -> None:
    """Argo CD, CVE-2024-21662 (2024): failures were kept in a cache of a thousand names;
    failing at a thousand others made it forget.
    """
    house.user()
    thief = house.browser()
    thief.fail(4)
    for n in range(300):
        thief.sign_in(f"nobody{n}@northwind.test", "wrong")
    assert isinstance(thief.fail(1), Locked)


def test_failures_outlive_the_process_that_counted_them(house: House) -> None:
    """Argo CD, CVE-2024-21652 (2024): failures were kept in memory; making the server crash
    gave new guesses.
    """
    house.user()
    thief = house.browser()
    for wanted in (False, False, False, False, True):
        assert isinstance(thief.fail(1), Locked) is wanted
        house.parts = replace(house.parts, turns=LaneTurns())  # as a new process has it
    assert isinstance(thief.sign_in(), Locked)
