"""Delivery reports of the SMS gateway."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from keyturn.adapters.sms.kannel import report_address
from keyturn.rules.messages import MessageState
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Web


@pytest.fixture
def message(house: House, web: Web) -> str:
    """The id of a text that is on its way."""
    house.user()
    ada = web.browser()
    ada.get("/signin")
    ada.post("/signin", identifier=EMAIL, password=PASSWORD)
    ada.get("/account/phone")
    ada.post("/account/phone", number="07400 123456")
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 10))
    return house.last("verify_phone").message.id


def address(house: House, message: str, kind: str = "1", answer: str = "") -> bytes:
    url = report_address("http://inner:8080/hooks/sms", message, house.sealer)
    return urlsplit(url).query.replace("%d", kind).replace("%A", answer).encode()


def state(house: House, message: str) -> MessageState:
    found = house.write(lambda tx: tx.messages.get(house.tenant.id, message))
    assert found
    return found.state


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("1", MessageState.DELIVERED),
        ("2", MessageState.BOUNCED),
        ("4", MessageState.SENDING),
        ("8", MessageState.SENDING),
        ("16", MessageState.REJECTED),
        ("34", MessageState.EXPIRED),
    ],
)
def test_a_signed_report_changes_what_is_known_of_the_text(
    house: House, web: Web, message: str, kind: str, expected: MessageState
) -> None:
    page = web.request("GET", "/hooks/sms", query=address(house, message, kind))
    assert (page.status, page.body) == (204, b"")
    assert state(house, message) is expected


def test_the_gateway_may_reach_us_by_an_inner_name(house: House, web: Web, message: str) -> None:
    query = address(house, message)
    page = web.request("GET", "/hooks/sms", query=query, headers=[("host", "10.0.0.5:8080")])
    assert page.status == 204
    assert state(house, message) is MessageState.DELIVERED


def test_a_report_that_the_gateway_did_not_sign_changes_nothing(
    house: House, web: Web, message: str
) -> None:
    other = address(house, "0" * 26).replace(b"0" * 26, message.encode())
    page = web.request("GET", "/hooks/sms", query=other)
    assert page.status == 403
    assert page.problem["code"] == "not-signed"
    assert state(house, message) is MessageState.SENDING


@pytest.mark.parametrize(
    "query", [b"", b"id=x", b"id=x&id=y", b"id[]=x", b"id=%00", b"a=" + b"b" * 70_000, b"\xff"]
)
def test_what_is_no_report_is_refused(web: Web, query: bytes) -> None:
    page = web.request("GET", "/hooks/sms", query=query)
    assert page.status in {400, 403, 422}
    assert page.problem


def test_without_a_gateway_there_is_no_such_address(web: Web) -> None:
    web.site.report = None
    assert web.request("GET", "/hooks/sms").status == 404


def test_only_get_is_taken(web: Web) -> None:
    page = web.request("POST", "/hooks/sms")
    assert page.status == 405
    assert page.header("allow") == "GET"


def test_a_report_comes_through_even_after_our_own_note(
    house: House, web: Web, message: str
) -> None:
    taken = house.last("verify_phone").message
    sent = replace(taken, state=MessageState.SENT)
    assert house.write(lambda tx: tx.messages.settle(sent, taken.attempt))
    web.request("GET", "/hooks/sms", query=address(house, message, "2"))
    assert state(house, message) is MessageState.BOUNCED
