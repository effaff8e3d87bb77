"""Questions that a phone answers, through the signed door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import asking
from keyturn.flows.asking import Standing
from keyturn.rules.approvals import LIFE_MS, Approval, Verdict, statement
from keyturn.wire import phone_answers
from tests.unit.flows.house import House, run
from tests.unit.web.browsing import Web
from tests.unit.web.talking import Talker, open_door

APPROVE, DENY = Verdict
PIN = "p" * 43


@pytest.fixture
def phone(house: House, web: Web) -> Talker:
    """Ada's, with a PIN."""
    talker = Talker(open_door(web))
    talker.bind(house.user())
    talker.result("pin", pin=PIN)
    return talker


def asked(house: House) -> Approval:
    """Somebody with Ada's password asks."""
    browser = house.browser()
    browser.sign_in()
    answer = run(asking.for_flow(house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def approval(phone: Talker, one: Approval, said: str, **other: Any) -> dict[str, Any]:
    """The body of an approval of what was shown."""
    signature = phone_answers.sign(phone.private, statement(one, APPROVE, said))
    body = {"id": one.id, "verdict": "approve", "said": said, "signature": signature}
    return {**body, "proof": {"pin": PIN}, **other}


def denial(phone: Talker, one: Approval) -> dict[str, Any]:
    signature = phone_answers.sign(phone.private, statement(one, DENY, ""))
    return {"id": one.id, "verdict": "deny", "said": "", "signature": signature}


def test_the_phone_is_told_who_asks_and_not_the_number(house: House, phone: Talker) -> None:
    assert phone.result("questions") == {"questions": []}
    one = asked(house)
    (question,) = phone.result("questions")["questions"]
    assert question == {
        "id": one.id, "tenant": one.tenant_id, "user": one.user_id, "phone": phone.id,
        "kind": "second", "asker": one.asker, "place": one.place, "words": "",
        "left": 3, "asked_at": one.made_at, "ends_at": one.made_at + LIFE_MS,
    }  # fmt: skip
    assert phone.result("state")["waiting"] == 1


def test_yes_and_no(house: House, phone: Talker) -> None:
    one = asked(house)
    assert phone.result("answer", **approval(phone, one, one.number)) == {}
    assert phone.error("answer", **denial(phone, one)) == {"code": "over", "why": "settled"}
    one = asked(house)
    assert phone.result("answer", **denial(phone, one)) == {}
    assert phone.result("answer", **denial(phone, one)) == {}


def test_each_refusal_has_its_code(house: House, phone: Talker) -> None:
    one = asked(house)
    other = str(109 - int(one.number))
    body = approval(phone, one, one.number)
    assert phone.error("answer", **{**body, "said": "x"}) == {"code": "number"}
    assert phone.error("answer", **approval(phone, one, other)) == {"code": "wrong", "left": 2}
    assert phone.error("answer", **{**body, "id": "0" * 26}) == {"code": "unknown"}
    shown = replace(one, place="somewhere else")
    assert phone.error("answer", **approval(phone, shown, one.number)) == {"code": "forged"}
    house.clock.move(LIFE_MS)
    told = {"code": "over", "why": "expired"}
    assert phone.error("answer", **approval(phone, one, one.number)) == told


def test_yes_needs_the_app_lock(house: House, phone: Talker) -> None:
    one = asked(house)
    body = approval(phone, one, one.number)
    del body["proof"]
    assert phone.error("answer", **body)["code"] == "lock"
    wrong = {**body, "proof": {"pin": "q" * 43}}
    assert phone.error("answer", **wrong)["left"] == 4


@pytest.mark.parametrize("signature", ["", "A" * 85, "A" * 87, "+" * 86, None])
def test_what_is_no_signature_is_not_read(
    house: House, phone: Talker, signature: str | None
) -> None:
    body = {**denial(phone, asked(house)), "signature": signature}
    assert phone.error("answer", **body) == {"code": "body", "field": "signature"}


def test_nobody_elses_question_is_answered(house: House, phone: Talker, web: Web) -> None:
    one = asked(house)
    thief = Talker(web)
    thief.bind(house.user("eve@northwind.test"))
    assert thief.result("questions") == {"questions": []}
    assert thief.error("answer", **denial(thief, one)) == {"code": "unknown"}
