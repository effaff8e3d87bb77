"""Sign-in through the API."""

from __future__ import annotations

import json

import pytest

from keyturn.ports.secrets import Busy
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.accounts import UserState
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import JSON, Answer, App
from tests.unit.web.browsing import open_web

ABSENT = "nobody@northwind.test"


def sign_in(app: App, name: str = EMAIL, password: str = PASSWORD) -> Answer:
    return app.call("POST", "/signin", identifier=name, password=password)


def test_the_right_password_gives_a_session_that_says_whose_it_is(house: House, app: App) -> None:
    ada = house.user()
    assert app.call("GET", "/signin").step == "password"
    reply = sign_in(app)
    assert (reply.status, reply.step, reply.data["signed_in"]["level"]) == (200, "none", 1)
    shown = app.call("GET", "/session")
    assert (shown.data["user"]["id"], shown.data["user"]["email"]) == (ada.id, EMAIL)


def test_a_session_that_was_signed_out_is_none(house: House, app: App) -> None:
    house.user()
    sign_in(app)
    assert app.call("DELETE", "/session").step == "password"
    gone = app.call("GET", "/session")
    assert (gone.status, gone.code, gone.step) == (401, "sign-in", "password")
    assert gone.page.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize(
    "session", ["", "x", "\xff" * 43, "a" * 42, "a" * 43, "a" * 44, "a" * 43 + " b"]
)
def test_what_is_no_session_signs_nobody_in(house: House, app: App, session: str) -> None:
    house.user()
    app.session = session or "-"
    assert app.call("GET", "/account").code == "sign-in"


def test_a_second_step_is_pending_in_this_browser_until_its_code_is_right(
    house: House, app: App
) -> None:
    secret = house.totp(house.user())
    reply = sign_in(app)
    assert (reply.step, reply.data["signed_in"]) == ("second_factor", None)
    assert app.call("GET", "/signin").data["pending"] == reply.data["pending"]
    wrong = app.call("POST", "/signin/second", code="000000")
    assert (wrong.status, wrong.code, wrong.step) == (401, "wrong", "second_factor")
    right = app.call("POST", "/signin/second", code=house.code_of(secret), trust=True)
    assert (right.step, right.data["signed_in"]["level"]) == ("none", 2)


def test_a_trusted_client_needs_no_second_step(house: House, app: App) -> None:
    secret = house.totp(house.user())
    sign_in(app)
    app.call("POST", "/signin/second", code=house.code_of(secret), trust=True)
    app.session = None
    assert sign_in(app).step == "none"


def test_five_wrong_second_steps_lock_them(house: House, app: App) -> None:
    house.totp(house.user())
    sign_in(app)
    codes = [app.call("POST", "/signin/second", code="000000").code for _ in range(6)]
    assert codes == ["wrong"] * 4 + ["locked"] * 2


def test_no_second_step_is_taken_where_none_is_pending(house: House, app: App) -> None:
    house.totp(house.user())
    sign_in(app)
    app.browser = None
    reply = app.call("POST", "/signin/second", code="000000")
    assert (reply.status, reply.code, reply.step) == (409, "nothing-pending", "password")


def test_the_fifth_wrong_password_locks_and_says_until_when(house: House, app: App) -> None:
    house.user()
    replies = [sign_in(app, password="wrong") for _ in range(5)]
    assert [r.code for r in replies] == ["wrong"] * 4 + ["locked"]
    locked = sign_in(app)
    assert (locked.status, locked.step) == (401, "password")
    assert locked.data["until"] == house.clock.now() + 10 * MINUTE
    assert locked.data["retry_after"] == 10 * MINUTE


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_lock_ends_at_its_end(house: House, app: App, late: int) -> None:
    house.user()
    for _ in range(5):
        sign_in(app, password="wrong")
    house.clock.move(10 * MINUTE + late)
    assert sign_in(app).code == ("locked" if late < 0 else None)


def test_a_known_client_is_not_locked_by_strangers(house: House, app: App) -> None:
    house.user()
    sign_in(app)
    app.session = None
    stranger = App(app.web, ip="203.0.113.9")
    for _ in range(5):
        sign_in(stranger, password="wrong")
    assert sign_in(stranger).code == "locked"
    assert sign_in(app).step == "none"


def test_wrong_and_locked_replies_are_equal_byte_for_byte_whoever_is_asked_for(
    house: House, app: App
) -> None:
    names = {
        state: f"{state}@northwind.test"
        for state in (UserState.ACTIVE, UserState.DISABLED, UserState.UNVERIFIED)
    }
    for state, name in names.items():
        house.user(name, state=state)
    seen: list[set[tuple[int, bytes, tuple[tuple[str, str], ...]]]] = [set() for _ in range(6)]
    for number, name in enumerate([*names.values(), ABSENT]):
        fresh = App(app.web, ip=f"203.0.{number}.1", browser="b" * 43)
        for each in seen:
            page = sign_in(fresh, name, "wrong").page
            each.add((page.status, page.body, tuple(page.headers)))
    assert [len(each) for each in seen] == [1] * 6


def test_a_network_that_failed_too_often_is_told_when_it_may_try_again(
    house: House,
) -> None:
    house.limit(network_failures=2)
    app = App(open_web(house))
    for name in ("a@x.test", "b@x.test"):
        assert sign_in(app, name).code == "wrong"
    reply = sign_in(app, "c@x.test")
    assert (reply.status, reply.code) == (429, "too-many")
    assert reply.page.header("retry-after") == str(-(-reply.data["retry_after"] // 1000))


def test_a_full_queue_says_when_to_come_again(house: House, app: App) -> None:
    async def full() -> None:
        raise Busy(1500)

    house.user()
    house.hasher.during = full
    reply = sign_in(app)
    assert (reply.status, reply.code, reply.data["retry_after"]) == (503, "busy", 1500)
    assert reply.page.header("retry-after") == "2"


def test_a_store_that_does_not_answer_lets_nobody_in(house: House, app: App) -> None:
    async def down() -> None:
        raise StoreUnavailable

    house.user()
    house.hasher.during = down
    reply = sign_in(app)
    assert (reply.status, reply.code) == (503, "unavailable")
    assert reply.page.header("retry-after") == "5"


def test_a_fault_of_ours_is_answered_once_and_tells_nothing(house: House, app: App) -> None:
    async def broken() -> None:
        raise RuntimeError("secret")

    house.user()
    house.hasher.during = broken
    body = json.dumps({"identifier": EMAIL, "password": PASSWORD}).encode()
    page = app.web.request("POST", "/api/v1/signin", body=body, headers=[JSON])
    assert (page.status, page.problem["code"]) == (500, "fault")
    assert "secret" not in page.html


def test_an_unverified_account_is_told_so_only_after_the_right_password(
    house: House, app: App
) -> None:
    house.user(state=UserState.UNVERIFIED)
    assert sign_in(app, password="wrong").code == "wrong"
    reply = sign_in(app)
    assert (reply.status, reply.step) == (200, "verify_email")
    assert reply.data["pending"]["email"] == EMAIL


def test_what_cannot_be_a_name_is_refused(house: House, app: App) -> None:
    reply = sign_in(app, "   ")
    assert (reply.status, reply.errors) == (422, [("/identifier", "not-a-name")])


def test_a_browser_token_that_is_none_is_replaced_by_a_fresh_one(house: House, app: App) -> None:
    app.browser = "short"
    fresh = app.call("GET", "/signin").data["browser"]
    assert len(fresh) == 43
    assert app.call("GET", "/signin").data["browser"] == fresh
