"""A code by text as the second step, through the API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import App


@pytest.fixture
def ada(house: House) -> User:
    """Ada, whose tenant takes texts as a second step."""
    policy = replace(house.tenant.policy, sms_second=True)
    house.write(lambda tx: tx.tenants.update(replace(house.tenant, policy=policy)))
    return house.user(phone="+447400123456", phone_verified_at=house.clock.now())


def signin(app: App) -> None:
    pending = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert pending.data["pending"]["methods"] == ["sms"]


def test_a_text_is_the_second_step(house: House, ada: User, app: App) -> None:
    assert app.call("POST", "/signin/second/text").code == "nothing-pending"
    signin(app)
    sent = app.call("POST", "/signin/second/text")
    assert (sent.step, sent.data["ending"]) == ("second_factor", "456")
    assert sent.data["resend_at"] == house.clock.now() + MINUTE
    again = app.call("POST", "/signin/second/text")
    assert (again.code, again.step) == ("too-soon", "second_factor")
    code = house.last("second_code").code
    assert app.call("POST", "/signin/second", code=code, trust=False).status == 200
    house.clock.move(10 * MINUTE)
    assert app.call("POST", "/account/proof/text").step == "proof"
    code = house.last("second_code").code
    assert app.call("POST", "/account/proof/code", code=code).status == 200


def test_texts_that_are_spent_say_until_when(house: House, ada: User, app: App) -> None:
    for _ in range(5):
        signin(app)
        app.call("POST", "/signin/second/text")
        house.clock.move(MINUTE)
    assert app.call("POST", "/signin/second/text").code == "budget"


def test_a_text_is_the_second_proof_of_a_recovery(house: House, ada: User, app: App) -> None:
    app.call("POST", "/recovery", identifier=EMAIL)
    app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    assert app.call("POST", "/recovery/second/text").step == "recovery_second"
    code = house.last("second_code").code
    assert app.call("POST", "/recovery/second", code=code).step == "new_password"
