"""Delivery reports that a Twilio-style gateway posts."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import pytest

from keyturn.adapters.sms.rest import report_address, signature
from keyturn.couriers import text_statuses
from keyturn.rules.messages import MessageState
from keyturn.settings import Settings
from keyturn.steps.acts import begin
from keyturn.steps.outbox import enqueue
from tests.unit.flows.house import House
from tests.unit.web.browsing import Page, Web

BASE = "http://10.0.0.5:8080"
ADDRESS = f"{BASE}/hooks/sms/status"
KEY = "the-accounts-token"
FORM = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005", "New": ""}


@pytest.fixture
def message(house: House, web: Web) -> str:
    """The id of a text that is on its way, with the door for its reports open."""
    settings = Settings.model_validate(
        {
            "sms": {
                "driver": "rest", "url": "https://api.test/2010-04-01", "user": "AC1",
                "password": "key", "signing_key": KEY, "sender": "Northwind",
                "report_base": BASE,
            }
        }
    )  # fmt: skip
    web.site.status = text_statuses(settings, house.parts)
    act, user = begin(house.parts, house.browser().caller), house.user()
    message_id = house.write(
        lambda tx: enqueue(
            tx, act, "sms", "verify_phone", user=user, address="+447400123456", values={},
            life_ms=60_000,
        )
    )  # fmt: skip
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 10))
    return message_id


def post(house: House, web: Web, message: str, form: dict[str, str] = FORM, key: str = KEY) -> Page:
    address = report_address(ADDRESS, message, house.sealer)
    signed = signature(key, address, list(form.items()))
    return web.request(
        "POST", "/hooks/sms/status", query=urlsplit(address).query.encode(),
        body=urlencode(form).encode(),
        headers=[
            ("host", "10.0.0.5:8080"), ("x-twilio-signature", signed),
            ("content-type", "application/x-www-form-urlencoded"),
        ],
    )  # fmt: skip


def state(house: House, message: str) -> tuple[MessageState, str]:
    found = house.write(lambda tx: tx.messages.get(house.tenant.id, message))
    assert found
    return found.state, found.detail


def test_a_status_signed_by_both_changes_what_is_known(
    house: House, web: Web, message: str
) -> None:
    page = post(house, web, message)
    assert (page.status, page.body) == (204, b"")
    assert state(house, message) == (
        MessageState.BOUNCED,
        "unknown-number: 30005 unknown destination handset",
    )


def test_a_status_that_settles_nothing_is_thanked_for(house: House, web: Web, message: str) -> None:
    assert post(house, web, message, {"MessageStatus": "sent"}).status == 204
    assert state(house, message)[0] is MessageState.SENDING


def test_a_status_the_gateway_did_not_sign_changes_nothing(
    house: House, web: Web, message: str
) -> None:
    page = post(house, web, message, key="another")
    assert (page.status, page.problem["code"]) == (403, "not-signed")
    assert state(house, message)[0] is MessageState.SENDING


def test_a_status_for_a_message_whose_address_we_did_not_give_out_changes_nothing(
    house: House, web: Web, message: str
) -> None:
    address = report_address(ADDRESS, "0" * 26, house.sealer).replace("0" * 26, message)
    signed = signature(KEY, address, list(FORM.items()))
    page = web.request(
        "POST", "/hooks/sms/status", query=urlsplit(address).query.encode(),
        body=urlencode(FORM).encode(), headers=[("x-twilio-signature", signed)],
    )  # fmt: skip
    assert page.status == 403
    assert state(house, message)[0] is MessageState.SENDING


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 403),
        (b"MessageStatus", 400),
        (b"a=1&a=2", 400),
        (b"\xff=1", 400),
        (b"a=%ff", 400),
        (b"&".join(b"f%d=1" % at for at in range(101)), 400),
        (b"a=" + b"b" * 70_000, 413),
    ],
)
def test_what_is_no_status_is_refused(web: Web, message: str, body: bytes, status: int) -> None:
    page = web.request("POST", "/hooks/sms/status", query=f"id={message}&sig=x".encode(), body=body)
    assert page.status == status
    assert page.problem


@pytest.mark.parametrize("query", [b"id=x&id=y", b"id[]=x", b"id=%00", b"to=1"])
def test_an_address_that_is_none_of_ours_is_refused(web: Web, message: str, query: bytes) -> None:
    assert message
    assert web.request("POST", "/hooks/sms/status", query=query).status in {400, 422}


def test_without_such_a_gateway_there_is_no_such_address(web: Web) -> None:
    assert web.request("POST", "/hooks/sms/status").status == 404


def test_only_post_is_taken(web: Web) -> None:
    page = web.request("GET", "/hooks/sms/status")
    assert (page.status, page.header("allow")) == (405, "POST")
