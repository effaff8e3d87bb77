"""Making an account through the API."""

from __future__ import annotations

import pytest

from keyturn.rules.lockout import SECOND
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App
from tests.unit.web.browsing import open_web


def sign_up(app: App, **fields: object) -> Answer:
    given = {"name": "Ada Byron", "email": EMAIL, "password": PASSWORD, **fields}
    return app.call("POST", "/signup", **given)


def test_a_new_account_is_signed_in_once_its_address_is_confirmed(house: House, app: App) -> None:
    begun = sign_up(app, timezone="Europe/Berlin")
    assert (begun.step, begun.data["pending"]["email"]) == ("verify_email", EMAIL)
    assert app.call("GET", "/signup").data["pending"] == begun.data["pending"]
    wrong = app.call("POST", "/signup/code", code="x")
    assert (wrong.code, wrong.step) == ("wrong-code", "verify_email")
    done = app.call("POST", "/signup/code", code=house.last("verify_email").code)
    assert (done.step, done.data["signed_in"]["level"]) == ("none", 1)
    assert app.call("GET", "/session").data["user"]["timezone"] == "Europe/Berlin"


def test_where_a_number_is_required_it_is_the_next_step() -> None:
    house = House(phone="required")
    app = App(open_web(house))
    sign_up(app)
    done = app.call("POST", "/signup/code", code=house.last("verify_email").code)
    assert done.step == "phone_number"
    assert app.call("GET", "/account").step == "phone_number"
    house.close()


def test_where_the_tenant_makes_the_accounts_nobody_signs_up() -> None:
    house = House(signup=False)
    reply = sign_up(App(open_web(house)))
    assert (reply.status, reply.code) == (403, "signup-closed")
    house.close()


def test_the_reply_is_the_same_for_an_address_that_has_an_account(house: House, app: App) -> None:
    taken = sign_up(app).page
    house.user("grace@northwind.test")
    other = App(app.web, browser=app.browser)
    free = sign_up(other, email="grace@northwind.test").page
    assert free.html.replace("grace@northwind.test", EMAIL) == taken.html


def test_all_that_is_unfit_is_told_at_once(app: App) -> None:
    reply = sign_up(app, name="http://evil.test", email="ada", password="short ")
    assert (reply.status, reply.code) == (422, "unfit")
    assert [pointer for pointer, _ in reply.errors] == ["/email", "/name"]
    assert [p["fault"] for p in reply.data["problems"]] == ["too-short"]
    assert reply.data["warnings"] == ["ends-with-space"]


def test_another_code_can_be_asked_for_after_a_minute(house: House, app: App) -> None:
    sign_up(app)
    soon = app.call("POST", "/signup/resend")
    assert (soon.status, soon.code) == (429, "too-soon")
    house.clock.move(60 * SECOND)
    assert app.call("POST", "/signup/resend").step == "verify_email"


@pytest.mark.parametrize(
    ("path", "fields"), [("/signup/code", {"code": "123456"}), ("/signup/resend", {})]
)
def test_without_an_open_sign_up_no_step_of_one_is_taken(
    app: App, path: str, fields: dict[str, object]
) -> None:
    assert app.call("POST", path, **fields).code == "nothing-pending"
