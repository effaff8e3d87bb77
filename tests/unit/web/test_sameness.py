"""Known, absent, disabled, unverified: the same answer, byte for byte [A3].

What may differ is declared here: the form token, the cookies' values and what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from keyturn.rules.accounts import UserState
from tests.unit.flows.house import PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser

NAMES = {
    "known": "known.11@northwind.test",
    "absent": "absent.1@northwind.test",
    "disabled": "disabld1@northwind.test",
    "unverified": "unverif1@northwind.test",
    "invited": "invited1@northwind.test",
    "totp": "totpuser@northwind.test",
}
CLASSES = [name for name in NAMES if name != "known"]


@pytest.fixture(autouse=True)
def people(house: House) -> None:
    house.user(NAMES["known"])
    house.user(NAMES["disabled"], state=UserState.DISABLED)
    house.user(NAMES["unverified"], state=UserState.UNVERIFIED)
    house.user(NAMES["invited"], password=None, state=UserState.INVITED)
    house.totp(house.user(NAMES["totp"]))


def bare(page: Page, name: str) -> tuple[object, ...]:
    """An answer without what is declared to differ."""
    text = page.html.replace(NAMES[name], "NAME")
    text = re.sub(r'name="csrf" value="[A-Za-z0-9_-]{43}"', 'name="csrf"', text)
    text = re.sub(r"KT-[0-9A-Z]{4}-[0-9A-Z]{2}", "REF", text)
    headers = [(k, v) for k, v in page.headers if k != "set-cookie"]
    cookies = [(n, len(v), a) for n, v, a in page.cookies]
    return page.status, sorted(headers), cookies, text


def signin(web: Web, name: str, password: str = "wrong wrong") -> tuple[object, ...]:
    browser = web.browser()
    browser.get("/signin")
    page = browser.post("/signin", identifier=NAMES[name], password=password)
    return bare(page, name)


def in_step(web: Web, room: str, other: str, **fields: str) -> list[list[tuple[object, ...]]]:
    """What the known name and another are answered at each step of a flow by mail, at the
    same moments.
    """
    field = "email" if room == "/signup" else "identifier"
    browsers = {each: web.browser() for each in ("known", other)}
    steps: list[list[tuple[object, ...]]] = []

    def step(act: Callable[[WebBrowser, str], Page]) -> None:
        steps.append([bare(act(browser, each), each) for each, browser in browsers.items()])

    for browser in browsers.values():
        browser.get(room)
    step(lambda browser, each: browser.post(room, **fields, **{field: NAMES[each]}))
    step(lambda browser, _: browser.follow())
    step(lambda browser, _: browser.post(f"{room}/code", code="000000"))
    for _ in range(4):  # from the fourth mail on it is a link
        web.house.clock.move(60_000)
        step(lambda browser, _: browser.post(f"{room}/resend"))
        step(lambda browser, _: browser.follow())
    return steps


@pytest.mark.parametrize("name", CLASSES)
def test_a_wrong_password_is_answered_alike(web: Web, name: str) -> None:
    assert signin(web, "known") == signin(web, name)


@pytest.mark.parametrize("name", CLASSES)
def test_during_a_lock_every_password_is_answered_alike(web: Web, name: str) -> None:
    for each in ("known", name):
        for _ in range(5):
            signin(web, each)
    expected = signin(web, "known")
    assert "locked" in str(expected[3])
    assert signin(web, name) == expected
    assert signin(web, name, PASSWORD) == expected


@pytest.mark.parametrize("name", ["absent", "disabled"])
def test_the_right_password_of_a_disabled_account_is_answered_as_a_wrong_one(
    web: Web, name: str
) -> None:
    assert signin(web, name, PASSWORD) == signin(web, "known")


@pytest.mark.parametrize("name", CLASSES)
def test_a_forgotten_password_is_answered_alike_up_to_the_code(web: Web, name: str) -> None:
    for known, other in in_step(web, "/recover", name):
        assert known == other


@pytest.mark.parametrize("name", CLASSES)
def test_a_sign_up_is_answered_alike_whoever_has_the_address(web: Web, name: str) -> None:
    for known, other in in_step(web, "/signup", name, name="Eve", password=PASSWORD):
        assert known == other


@pytest.mark.parametrize("name", CLASSES)
def test_a_case_of_a_stranger_is_answered_alike(web: Web, name: str) -> None:
    def ask(who: str) -> tuple[object, ...]:
        browser = web.browser()
        browser.get("/help")
        page = browser.post("/help", identifier=NAMES[who], contact="", note="", about="mail")
        return bare(page, who)

    assert ask("known") == ask(name)
