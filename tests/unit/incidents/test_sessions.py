"""Sessions begin anew and really end; passwords count to their last character."""

from __future__ import annotations

import asyncio

import pytest

from keyturn.adapters.argon import Hasher
from keyturn.rules.accounts import UserState
from keyturn.steps import sessions
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import Web, WebBrowser

NEW = "another long one"


def sign_in(browser: WebBrowser, password: str = PASSWORD) -> int:
    browser.get("/signin")
    return browser.post("/signin", identifier=EMAIL, password=password).status


def test_a_session_that_was_planted_is_not_the_one_that_signs_in(house: House, web: Web) -> None:
    """passport, CVE-2022-25896 (2022): the session from before signing in went on after it, so
    whoever had planted it was signed in as well.
    """
    house.user()
    victim, thief = web.browser(), web.browser()
    sign_in(victim)
    name = next(n for n in victim.jar if "session" in n)
    assert name.startswith("__Host-")
    victim.post("/signout")
    planted = "P" * 43
    victim.jar[name] = planted
    sign_in(victim)
    assert victim.jar[name] != planted
    thief.get("/signin")
    thief.jar[name] = planted
    assert thief.get("/account").location == "/signin"


def test_a_second_step_makes_a_new_session(house: House, web: Web) -> None:
    """passport, CVE-2022-25896 (2022), at the rise from the password to the second step."""
    secret = house.totp(house.user())
    victim = web.browser()
    sign_in(victim)
    victim.follow()
    tokens = {victim.cookie("session")}
    victim.post("/signin/second", code=house.code_of(secret))
    tokens.add(victim.cookie("session"))
    assert None in tokens
    assert len(tokens) == 2


def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(
    house: House, web: Web
) -> None:
    """passport, CVE-2022-25896 (2022), at signing out."""
    house.user()
    owner, thief = web.browser(), web.browser()
    sign_in(owner)
    thief.jar = dict(owner.jar)
    assert thief.get("/account").status == 200
    owner.get("/account")
    owner.post("/signout")
    assert thief.get("/account").location == "/signin"


def test_after_a_recovery_no_session_from_before_is_alive(house: House, web: Web, app: App) -> None:
    """TYPO3, CVE-2022-23502 (2022): whoever was signed in with the old password stayed so."""
    house.user()
    thief, owner = web.browser(), web.browser()
    sign_in(thief)
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    owner.get("/recover")
    owner.post("/recover", identifier=EMAIL)
    owner.follow()
    owner.post("/recover/code", code=house.last("recovery_code").code)
    owner.follow()
    owner.post("/recover/password", password=NEW)
    assert thief.get("/account").location == "/signin"
    assert app.call("GET", "/account").code == "sign-in"
    assert sign_in(thief) == 401
    assert sign_in(owner, NEW) == 303


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.UNVERIFIED])
def test_a_session_ends_with_the_right_to_have_one(
    house: House, browser: WebBrowser, state: UserState
) -> None:
    """TYPO3, CVE-2022-23502 (2022), for accounts that are taken away."""
    user = house.user()
    sign_in(browser)
    house.change(user, state=state)
    assert browser.get("/account").location == "/signin"


def test_a_session_s_token_is_nowhere_in_the_database(house: House, browser: WebBrowser) -> None:
    """Slack (2022): what should have been known to one person alone was in what others got."""
    house.user()
    sign_in(browser)
    token = str(browser.cookie("session"))
    tables = ("sessions", "users", "audit", "clients", "flows", "messages")
    assert token not in house.dump(*tables)
    assert sessions.digest(house.parts, token) in house.dump("sessions")


def test_every_character_of_a_long_password_counts_whatever_the_name(house: House) -> None:
    """Okta (October 2024): bcrypt read 72 bytes of user id, user name and password together;
    with a name of 52 characters any password was right.
    """

    async def compared() -> list[bool]:
        hasher = Hasher(time_cost=1, memory_kib=8, slots=1)
        encoded = await hasher.hash("p" * 255 + "a")
        tries = ("p" * 255 + "a", "p" * 255 + "b", "p" * 255, "p" * 72, "p" * 255 + "a ")
        found = [await hasher.verify(encoded, typed) for typed in tries]
        hasher.close()
        return found

    assert asyncio.run(compared()) == [True, False, False, False, False]


def test_a_very_long_name_has_a_password_of_its_own(house: House, app: App) -> None:
    """Okta (October 2024), at sign-in: long names, and what is behind their 52nd character."""
    local, domain = "n" * 64, "northwind." * 18 + "test"
    house.user(f"{local}@{domain}")
    house.user(f"{local[:-1]}m@{domain}", password="a password of its own")
    wrong = app.call(
        "POST", "/signin", identifier=f"{local}@{domain}", password="a password of its own"
    )
    assert wrong.code == "wrong"
    right = app.call("POST", "/signin", identifier=f"{local}@{domain}", password=PASSWORD)
    assert right.step == "none"


@pytest.mark.parametrize("typed", [f" {PASSWORD}", f"{PASSWORD} ", PASSWORD.upper(), PASSWORD[:8],
                                   PASSWORD[:-1], f"{PASSWORD}\n", PASSWORD.title()])  # fmt: skip
def test_a_password_is_compared_exactly_as_it_was_typed(
    house: House, browser: WebBrowser, typed: str
) -> None:
    """Facebook (2011): a password was right in three spellings, with capitals the other way
    round among them.
    """
    house.user()
    assert sign_in(browser, typed.replace("\n", "\r\n")) == 401
