"""A forgotten password through the API."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import UserState
from keyturn.rules.lockout import MINUTE, SECOND
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App

NEW = "staple battery orbit"


def start(app: App, name: str = EMAIL) -> Answer:
    return app.call("POST", "/recovery", identifier=name)


def test_a_forgotten_password_is_replaced_step_by_step(house: House, app: App) -> None:
    house.user()
    assert app.call("GET", "/recovery").step == "none"
    begun = start(app)
    assert (begun.step, begun.data["again"]) == ("recovery_code", False)
    assert begun.data["pending"]["sender"] == house.tenant.sender
    assert app.call("GET", "/recovery").data["pending"] == begun.data["pending"]
    proved = app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    assert proved.data["pending"] == {"step": "new_password", "minimum": 8}
    done = app.call("POST", "/recovery/password", password=NEW)
    assert done.data["pending"] == {"step": "password", "works_from": None}
    assert app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD).code == "wrong"
    assert app.call("POST", "/signin", identifier=EMAIL, password=NEW).step == "none"


def test_asking_again_goes_back_to_the_recovery_that_is_open(house: House, app: App) -> None:
    house.user()
    first = start(app)
    again = start(app, "other@northwind.test")
    assert again.data["again"]
    assert again.data["pending"] == first.data["pending"]
    assert len(house.outbox("recovery_code")) == 1


def test_a_recovery_that_was_given_up_is_over(house: House, app: App) -> None:
    house.user()
    start(app)
    assert app.call("DELETE", "/recovery").step == "none"
    assert app.call("GET", "/recovery").step == "none"


def test_during_a_lock_the_reply_says_from_when_the_new_password_works(
    house: House, app: App
) -> None:
    house.user()
    for _ in range(5):
        app.call("POST", "/signin", identifier=EMAIL, password="wrong")
    until = house.clock.now() + 10 * MINUTE
    start(app)
    app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    done = app.call("POST", "/recovery/password", password=NEW)
    assert done.data["pending"] == {"step": "password", "works_from": until}


def test_a_second_factor_is_asked_for_before_the_new_password(house: House, app: App) -> None:
    secret = house.totp(house.user())
    start(app)
    proved = app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    assert proved.data["pending"] == {"step": "recovery_second", "methods": ["totp"]}
    wrong = app.call("POST", "/recovery/second", code="000000")
    assert (wrong.status, wrong.code, wrong.step) == (401, "wrong", "recovery_second")
    right = app.call("POST", "/recovery/second", code=house.code_of(secret))
    assert right.step == "new_password"


def test_wrong_codes_count_down_and_then_the_code_is_spent(house: House, app: App) -> None:
    house.user()
    start(app)
    tries = [app.call("POST", "/recovery/code", code="x") for _ in range(6)]
    assert [t.data.get("left") for t in tries] == [4, 3, 2, 1, 0, None]
    assert (tries[-1].code, tries[-1].step) == ("code-spent", "recovery_code")


def test_a_code_ends_after_ten_minutes(house: House, app: App) -> None:
    house.user()
    begun = start(app)
    house.clock.move(10 * MINUTE)
    reply = app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    assert (reply.code, reply.data["at"]) == ("code-expired", begun.data["pending"]["expires_at"])


@pytest.mark.parametrize(("after", "code"), [(-1, "too-soon"), (0, None), (1, None)])
def test_another_code_can_be_asked_for_after_a_minute(
    house: House, app: App, after: int, code: str | None
) -> None:
    house.user()
    start(app)
    house.clock.move(60 * SECOND + after)
    reply = app.call("POST", "/recovery/resend")
    assert (reply.code, reply.step) == (code, "recovery_code")


def test_beyond_the_budget_no_mail_is_sent_and_the_reply_says_until_when(
    house: House, app: App
) -> None:
    house.user()
    start(app)
    replies: list[Answer] = []
    while not replies or replies[-1].code is None:
        house.clock.move(60 * SECOND)
        replies.append(app.call("POST", "/recovery/resend"))
        assert len(replies) < 20
    last = replies[-1]
    assert (last.status, last.code) == (429, "budget")
    assert last.data["until"] > house.clock.now()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/recovery/code", {"code": "123456"}),
        ("/recovery/resend", {}),
        ("/recovery/second", {"code": "123456"}),
        ("/recovery/password", {"password": NEW}),
    ],
)
def test_without_an_open_recovery_no_step_of_one_is_taken(
    app: App, path: str, fields: dict[str, object]
) -> None:
    reply = app.call("POST", path, **fields)
    assert (reply.status, reply.code, reply.step) == (409, "nothing-pending", "none")


@pytest.mark.parametrize(
    ("password", "faults", "warnings"),
    [
        ("short", ["too-short"], []),
        ("password1", ["common"], []),
        ("staple battery orbit ", [], ["ends-with-space"]),
        ("staple\nbattery orbit", [], ["line-end"]),
    ],
)
def test_a_new_password_that_is_not_taken_is_told_why(
    house: House, app: App, password: str, faults: list[str], warnings: list[str]
) -> None:
    house.user()
    start(app)
    app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    reply = app.call("POST", "/recovery/password", password=password)
    assert (reply.code, reply.step) == ("password-refused", "new_password")
    assert [p["fault"] for p in reply.data["problems"]] == faults
    assert reply.data["warnings"] == warnings
    if warnings:
        meant = app.call("POST", "/recovery/password", password=password, spaces_meant=True)
        assert meant.step == "password"


def test_recovery_is_equal_byte_for_byte_whoever_is_asked_for(house: House, app: App) -> None:
    """Only `typed` may differ: it is what the caller typed."""
    names = [f"n{number}@northwind.test" for number in range(4)]
    states = (UserState.ACTIVE, UserState.DISABLED, UserState.UNVERIFIED)
    for name, state in zip(names[1:], states, strict=True):
        house.user(name, state=state)
    seen: list[set[object]] = []
    for number, name in enumerate(names):
        fresh = App(app.web, ip=f"203.0.{number}.1", browser="b" * 42 + str(number))
        pages = [
            start(fresh, name).page,
            fresh.call("POST", "/recovery/resend").page,
            fresh.call("POST", "/recovery/code", code="x").page,
            fresh.call("GET", "/recovery").page,
        ]
        browser = str(fresh.browser)
        seen.append(
            {
                (
                    at,
                    page.status,
                    page.html.replace(name, "NAME").replace(browser, "B"),
                    str(page.headers).replace(browser, "B"),
                )
                for at, page in enumerate(pages)
            }
        )
    assert all(each == seen[0] for each in seen)


def test_an_account_that_was_never_activated_waits_for_its_first_day(
    house: House, app: App
) -> None:
    house.user(password=None, state=UserState.INVITED)
    start(app)
    proved = app.call("POST", "/recovery/code", code=house.last("first_code").code)
    assert proved.data["pending"] == {"step": "first_day", "path": "/recover/first"}
