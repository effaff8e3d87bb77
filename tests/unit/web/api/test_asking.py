"""The phone's answer as the second step, through the API."""

from __future__ import annotations

import pytest

from keyturn.rules.approvals import ASKED
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.flows.pockets import NAME, Pocket
from tests.unit.web.api.calling import App

SECOND, RECOVERY, PROOF = "/signin/second/phone", "/recovery/second/phone", "/account/proof/phone"


@pytest.fixture
def pocket(house: House) -> Pocket:
    """Ada's phone."""
    return Pocket(house, house.user())


def signin(app: App) -> None:
    pending = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert pending.data["pending"]["methods"] == ["push"]


def signed_in(app: App, pocket: Pocket) -> None:
    signin(app)
    app.call("POST", SECOND)
    pocket.approves()
    assert app.call("POST", f"{SECOND}/done", trust=False).status == 200


def test_an_approval_signs_in(house: House, pocket: Pocket, app: App) -> None:
    for method, path in (("POST", SECOND), ("GET", SECOND)):
        assert app.call(method, path).code == "nothing-pending"
    assert app.call("POST", f"{SECOND}/done", trust=False).code == "nothing-pending"
    signin(app)
    asked = app.call("POST", SECOND)
    one = pocket.waiting()[0].one
    assert asked.step == "second_factor"
    assert {name: asked.data[name] for name in ("state", "number", "left", "phone")} == {
        "state": "waiting", "number": one.number, "left": 3, "phone": NAME,
    }  # fmt: skip
    assert app.call("POST", f"{SECOND}/done", trust=False).code == "wrong"
    pocket.approves()
    assert app.call("GET", SECOND).data["state"] == "approved"
    done = app.call("POST", f"{SECOND}/done", trust=True)
    assert done.data["signed_in"]["level"] == 2


def test_a_denial_is_told(pocket: Pocket, app: App) -> None:
    signin(app)
    app.call("POST", SECOND)
    pocket.denies()
    assert app.call("GET", SECOND).data["state"] == "denied"


def test_asked_too_often_says_until_when(pocket: Pocket, app: App) -> None:
    signin(app)
    for _ in range(ASKED):
        assert app.call("POST", SECOND).status == 200
    assert app.call("POST", SECOND).code == "budget"


def test_a_recovery_goes_on_by_the_phone(house: House, pocket: Pocket, app: App) -> None:
    assert app.call("POST", f"{RECOVERY}/done").code == "nothing-pending"
    app.call("POST", "/recovery", identifier=EMAIL)
    app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    assert app.call("POST", RECOVERY).step == "recovery_second"
    assert app.call("POST", f"{RECOVERY}/done").code == "wrong"
    pocket.approves()
    assert app.call("GET", RECOVERY).data["state"] == "approved"
    assert app.call("POST", f"{RECOVERY}/done").step == "new_password"


def test_a_change_is_proved_by_the_phone(house: House, pocket: Pocket, app: App) -> None:
    signed_in(app, pocket)
    house.clock.move(10 * MINUTE)
    assert app.call("POST", PROOF).step == "proof"
    assert app.call("POST", f"{PROOF}/done").code == "wrong"
    pocket.approves()
    assert app.call("GET", PROOF).data["state"] == "approved"
    assert app.call("POST", f"{PROOF}/done").status == 200
