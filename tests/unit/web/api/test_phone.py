"""A phone number through the API."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.lockout import SECOND
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import open_web

MOBILE = "+447400123456"
LANDLINE = "+442079460100"


@pytest.fixture
def ada(house: House, app: App) -> User:
    """Ada, signed in."""
    user = house.user()
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    return user


def test_a_number_is_saved_once_its_code_is_right_and_can_be_removed(
    house: House, ada: User, app: App
) -> None:
    offered = app.call("POST", "/account/phone", number=MOBILE)
    assert (offered.step, offered.data["pending"]["number"]) == ("phone_code", MOBILE)
    assert offered.data["pending"]["text"] == "queued"
    assert app.call("GET", "/account/phone").data["pending"] == offered.data["pending"]
    wrong = app.call("POST", "/account/phone/code", code="x")
    assert (wrong.code, wrong.step) == ("wrong-code", "phone_code")
    right = app.call("POST", "/account/phone/code", code=house.last("verify_phone").code)
    assert (right.step, right.data["user"]["phone"]) == ("none", MOBILE)
    removed = app.call("DELETE", "/account/phone")
    assert (removed.step, removed.data["user"]["phone"]) == ("none", None)


def test_a_landline_is_named_before_anything_is_sent_and_may_be_insisted_on(
    house: House, ada: User, app: App
) -> None:
    reply = app.call("POST", "/account/phone", number=LANDLINE)
    assert (reply.status, reply.code, reply.data["may_insist"]) == (422, "no-texts", True)
    assert house.outbox("verify_phone") == []
    insisted = app.call("POST", "/account/phone", number=LANDLINE, insisted=True)
    assert insisted.step == "phone_code"


def test_a_number_that_is_none_is_refused(ada: User, app: App) -> None:
    assert app.call("POST", "/account/phone", number="abc").errors == [("/number", "not-a-number")]


def test_a_number_that_somebody_else_has_is_refused_without_saying_who(
    house: House, ada: User, app: App
) -> None:
    house.user("eve@northwind.test", names=[MOBILE], phone=MOBILE, phone_verified_at=1)
    reply = app.call("POST", "/account/phone", number=MOBILE)
    assert (reply.status, reply.code) == (409, "number-in-use")


def test_another_text_can_be_asked_for_after_a_minute(house: House, ada: User, app: App) -> None:
    app.call("POST", "/account/phone", number=MOBILE)
    assert app.call("POST", "/account/phone/resend").code == "too-soon"
    house.clock.move(60 * SECOND)
    assert app.call("POST", "/account/phone/resend").step == "phone_code"


def test_texts_end_at_their_cap(house: House, ada: User, app: App) -> None:
    codes: list[str | None] = []
    while "budget" not in codes:
        codes.append(app.call("POST", "/account/phone", number=MOBILE).code)
        assert len(codes) < 20


@pytest.mark.parametrize(("path", "fields"), [("code", {"code": "1"}), ("resend", {})])
def test_without_a_number_under_way_no_step_is_taken(
    ada: User, app: App, path: str, fields: dict[str, object]
) -> None:
    assert app.call("POST", f"/account/phone/{path}", **fields).code == "nothing-pending"


def test_where_the_tenant_takes_no_numbers_none_is_taken() -> None:
    house = House(phone="off")
    app = App(open_web(house))
    house.user()
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert app.call("POST", "/account/phone", number=MOBILE).code == "phones-off"
    house.close()
