"""Signing in with a directory password: one page for everybody, and what its script is told."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.rules.lockout import HOUR
from keyturn.steps import guesses
from keyturn.wire.seals import SIGN_IN
from tests.unit.flows.house import EMAIL, House
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web
from tests.unit.web.corp import DOMAIN, Corp, handed_in

ROOT = "/signin/directory"
WORK = "Amber-kettle-19-harbour"


@dataclass(slots=True)
class Desk:
    """The page, open in a browser, and the directory behind it."""

    house: House
    corp: Corp
    browser: WebBrowser

    def told(self, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
        """What the script is told."""
        page = self.browser.page
        answer = self.browser.post(ROOT + path, **fields)
        self.browser.page = page
        assert answer.header("content-type") == "application/json"
        return answer.status, json.loads(answer.body)

    def begun(self) -> dict[str, Any]:
        """Whom to seal to."""
        status, told = self.told("/recipients", directory=self.corp.directory.id)
        assert status == 200
        return told

    def submitted(self, typed: str = EMAIL) -> str:
        """Sealed and handed in; the attempt."""
        told = self.begun()
        answer = self.told(
            "/submit", attempt=told["job"], identifier=typed, envelopes=handed_in(told, WORK)
        )
        assert answer == (200, {})
        return str(told["job"])

    def answered(self, typed: str, bind: str, reason: str = "") -> tuple[int, dict[str, Any]]:
        """All of it, to the answer."""
        attempt = self.submitted(typed)
        assert self.told("/answer", attempt=attempt) == (200, {})
        assert self.corp.tried(bind, reason) == WORK
        self.house.clock.move(STEP_MS)
        return self.told("/answer", attempt=attempt)


def switch(house: House, *directories: str) -> None:
    def step(tx: Tx) -> None:
        policy = replace(house.tenant.policy, directory_signin=directories)
        tx.tenants.update(replace(house.tenant, policy=policy))

    house.write(step)


@pytest.fixture
def corp(house: House) -> Corp:
    corp = Corp(house.write, house.parts, house.tenant)
    switch(house, corp.directory.id)
    return corp


@pytest.fixture
def desk(house: House, web: Web, corp: Corp) -> Desk:
    browser = web.browser()
    browser.get(ROOT)
    return Desk(house, corp, browser)


def person(desk: Desk, **fields: Any) -> User:
    user = desk.house.user(**fields)
    desk.corp.link(user, "ada")
    return user


def test_the_page_is_there_where_it_is_switched_on(house: House, web: Web) -> None:
    browser = web.browser()
    assert ROOT not in browser.get("/signin").html
    assert browser.get(ROOT).status == 404
    corp = Corp(house.write, house.parts, house.tenant)
    switch(house, corp.directory.id)
    page = web.browser().get(ROOT)
    assert page.heading == "Sign in with your work password"
    assert f"at {DOMAIN}" in page.text


def test_the_sign_in_page_leads_there(house: House, web: Web, corp: Corp) -> None:
    house.clock.move(HOUR)  # servers read their tenants now and then
    assert f'href="{ROOT}"' in web.browser().get("/signin").html
    assert corp.directory.id


def test_no_field_of_the_password_can_be_sent(desk: Desk) -> None:
    page = desk.browser.page
    main = page.html.partition("</main>")[0]
    for field in re.findall(r"<(?:input|select)[^>]*>", main):
        assert " name=" not in field or 'name="csrf"' in field, field
    assert 'type="password"' in main
    assert "needs JavaScript" in page.html.partition("<noscript>")[2].partition("</noscript>")[0]


def test_several_directories_are_chosen_from(desk: Desk, web: Web) -> None:
    house = desk.house
    second = Corp(house.write, house.parts, house.tenant, domain="lab.example.test")
    switch(house, desk.corp.directory.id, second.directory.id)
    page = web.browser().get(ROOT)
    assert re.findall(r"<option[^>]*>([^<]*)<", page.html) == [DOMAIN, "lab.example.test"]


def test_what_is_sealed_is_for_signing_in_alone(desk: Desk) -> None:
    told = desk.begun()
    assert (told["user"], told["domain"], told["tenant"]) == (SIGN_IN, DOMAIN, "northwind")
    assert len(told["recipients"]) == 2


def test_a_right_password_signs_in(desk: Desk) -> None:
    person(desk)
    assert desk.answered("ada@" + DOMAIN, "right") == (200, {"to": "/account"})
    page = desk.browser.get("/account")
    assert page.status == 200
    assert EMAIL in page.html


def test_staff_with_a_second_step_go_on_to_it_and_then_to_the_console(desk: Desk) -> None:
    house, user = desk.house, person(desk, role=Role.OWNER)
    secret = house.totp(user)
    assert desk.answered(EMAIL, "right") == (200, {"to": "/signin/second"})
    desk.browser.get("/signin/second")
    page = desk.browser.post("/signin/second", code=house.code_of(secret))
    assert page.location == "/console"


def test_an_address_that_was_never_confirmed_comes_first(desk: Desk) -> None:
    person(desk, state=UserState.UNVERIFIED)
    assert desk.answered(EMAIL, "right") == (200, {"to": "/signup/code"})


@pytest.mark.parametrize(
    ("bind", "reason", "told"),
    [
        ("wrong", "wrong", {"code": "wrong"}),
        ("right", "must_change", {"code": "change"}),
        ("right", "hours", {"code": "barred", "reason": "hours"}),
        ("", "unreachable", {"code": "trouble"}),
    ],
)
def test_everything_else_is_told_and_lets_nobody_in(
    desk: Desk, bind: str, reason: str, told: dict[str, Any]
) -> None:
    person(desk)
    assert desk.answered(EMAIL, bind, reason) == (200, told)
    assert desk.browser.cookie("session") is None


def test_every_word_that_is_told_stands_in_the_page(desk: Desk) -> None:
    told = set(re.findall(r'data-told="(\w+)"', desk.browser.page.html))
    codes = {
        "wrong", "change", "barred", "trouble", "gone", "nobody", "name", "stale", "full",
        "too_many", "busy", "unreachable", "unable", "unsealed", "empty",
    }  # fmt: skip
    seals = {"forgetful", "identity", "unproved", "unfit", "long"}
    assert codes | seals == told


def test_what_cannot_be_taken_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = desk.begun()
    good = {"attempt": told["job"], "identifier": EMAIL, "envelopes": handed_in(told, WORK)}
    assert desk.told("/submit", **{**good, "identifier": " "}) == (422, {"code": "name"})
    assert desk.told("/submit", **{**good, "envelopes": "[]"}) == (409, {"code": "stale"})
    assert desk.told("/submit", **{**good, "attempt": "nothing"}) == (409, {"code": "gone"})
    monkeypatch.setattr(guesses, "WAITING", 0)
    assert desk.told("/submit", **good) == (503, {"code": "full"})
    assert desk.told("/answer", attempt="nothing") == (200, {"code": "gone"})


def test_what_is_off_or_silent_is_named(desk: Desk) -> None:
    assert desk.told("/recipients", directory="nothing") == (409, {"code": "gone"})
    desk.house.clock.move(HOUR)
    answer = desk.told("/recipients", directory=desk.corp.directory.id)
    assert answer == (409, {"code": "nobody"})


def test_a_network_that_has_failed_too_often_is_put_off(house: House) -> None:
    house.limit(network_failures=1)
    corp = Corp(house.write, house.parts, house.tenant)
    switch(house, corp.directory.id)
    browser = open_web(house).browser()
    browser.get(ROOT)
    desk = Desk(house, corp, browser)
    assert desk.answered(EMAIL, "wrong", "wrong") == (200, {"code": "wrong"})
    told = desk.begun()
    page = browser.page
    answer = browser.post(
        ROOT + "/submit", attempt=told["job"], identifier=EMAIL, envelopes=handed_in(told, WORK)
    )
    assert answer.status == 429
    assert json.loads(answer.body)["code"] == "too_many"
    assert 0 < int(answer.header("retry-after") or 0) <= 3600
    browser.page = page
    for _ in range(8):
        desk.begun()
    assert desk.told("/recipients", directory=corp.directory.id)[0] == 429


def test_nothing_is_told_without_the_pages_token(desk: Desk) -> None:
    for path in ("/recipients", "/submit", "/answer"):
        assert desk.browser.post(ROOT + path, csrf="wrong").status == 403
        desk.browser.get(ROOT)


# -- known and absent alike


WHO: dict[str, dict[str, Any]] = {
    "known": {}, "disabled": {"state": UserState.DISABLED}, "invited": {"state": UserState.INVITED},
}  # fmt: skip


def bare(page: Page) -> tuple[object, ...]:
    """An answer without the cookies' values."""
    headers = sorted((k, v) for k, v in page.headers if k != "set-cookie")
    return page.status, headers, [(n, len(v), a) for n, v, a in page.cookies], page.body


def trip(desk: Desk, typed: str, bind: str) -> list[tuple[object, ...]]:
    """Every answer on the way, byte for byte; what is drawn by lot alone is left out: the
    attempt, and when it expires.
    """
    browser, answers = desk.browser, list[tuple[object, ...]]()
    browser.get(ROOT)
    form = browser.page

    def post(path: str, **fields: str) -> Page:
        browser.page = form
        return browser.post(ROOT + path, **fields)

    found = post("/recipients", directory=desk.corp.directory.id)
    told = json.loads(found.body)
    lot = found.html.replace(told["job"], "ATTEMPT").replace(str(told["expires_at"]), "WHEN")
    answers.append((found.status, sorted(k for k, _ in found.headers), lot))
    fields = {"attempt": told["job"], "identifier": typed, "envelopes": handed_in(told, WORK)}
    answers.append(bare(post("/submit", **fields)))
    answers.append(bare(post("/answer", attempt=told["job"])))
    desk.corp.tried(bind, "wrong" if bind == "wrong" else "")
    for ms in (STEP_MS - 1, 1):
        desk.house.clock.move(ms)
        answers.append(bare(post("/answer", attempt=told["job"])))
    return answers


@pytest.mark.parametrize("who", ["absent", "unlinked", "disabled", "invited"])
@pytest.mark.parametrize("times", [1, 6], ids=["once", "until the budget is spent"])
def test_every_answer_is_the_same_byte_for_byte(desk: Desk, who: str, times: int) -> None:
    house = desk.house
    desk.corp.link(house.user("known.11@northwind.test"), "known")
    typed = f"{who:_<8}@northwind.test"[:23]
    if who == "unlinked":
        house.user(typed)
    elif who in WHO:
        desk.corp.link(house.user(typed, **WHO[who]), who)
    for _ in range(times):
        expected = trip(desk, "known.11@northwind.test", "wrong")
        assert json.loads(expected[-1][-1]) == {"code": "wrong"}  # type: ignore[arg-type]
        assert trip(desk, typed, "wrong") == expected


def test_the_right_password_of_a_disabled_user_is_a_wrong_one(desk: Desk) -> None:
    person(desk, state=UserState.DISABLED)
    # an agent is told of nobody, so it binds nowhere; even if it said "right":
    assert desk.answered(EMAIL, "right") == (200, {"code": "wrong"})
