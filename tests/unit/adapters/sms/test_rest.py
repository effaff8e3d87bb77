"""A Twilio-style gateway's answers and reports."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sms.rest import (
    RestGateway,
    judged,
    report,
    report_address,
    reported,
    signature,
)
from keyturn.ports.delivery import NotDelivered
from keyturn.rules.messages import MessageState

SEALER = MemorySealer()
HOOK = "https://id.test/hooks/sms/status"
GATEWAY = RestGateway(
    url="https://api.test/2010-04-01", account="AC1", user="AC1", password="token",
    signing_key="12345", sender="+447700900000", report_url=HOOK,
)  # fmt: skip
FORM = [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", "+447400123450")]


def query(message_id: str = "01k") -> dict[str, str]:
    return dict(parse_qsl(urlsplit(report_address(HOOK, message_id, SEALER)).query))


def signed(form: list[tuple[str, str]], message_id: str = "01k", key: str = "12345") -> str:
    return signature(key, report_address(HOOK, message_id, SEALER), form)


def test_the_signature_is_the_one_of_the_gateways_own_documentation() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234",
        "From": "+14158675309", "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, list(form.items())) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@given(st.permutations(FORM))
def test_a_report_signed_by_both_is_believed_in_any_order(form: list[tuple[str, str]]) -> None:
    assert reported(GATEWAY, SEALER, query(), form, signed(FORM)) == "01k"


@pytest.mark.parametrize(
    "change",
    [
        {"query": {"id": "other"}},
        {"query": {"sig": ""}},
        {"query": {"sig": "é"}},
        {"form": [("MessageStatus", "failed")]},
        {"form": []},
        {"signed": ""},
        {"signed": "é\udc80"},
        {"signed": signed(FORM, key="another")},
        {"signed": signed(FORM, "02k")},
    ],
)
def test_a_report_that_one_of_the_two_did_not_sign_is_not_believed(change: dict[str, Any]) -> None:
    asked = {**query(), **change.get("query", {})}
    form, by = change.get("form", FORM), change.get("signed", signed(FORM))
    assert reported(GATEWAY, SEALER, asked, form, by) is None


def test_a_leaked_account_key_alone_reports_nothing() -> None:
    forged = {"id": "01k", "sig": "A" * 43}
    by = signature("12345", f"{HOOK}?id=01k&sig={'A' * 43}", FORM)
    assert reported(GATEWAY, SEALER, forged, FORM, by) is None


@pytest.mark.parametrize(
    ("status", "code", "state", "detail"),
    [
        ("delivered", "", MessageState.DELIVERED, "delivered"),
        ("read", "", MessageState.DELIVERED, "read"),
        ("undelivered", "30003", MessageState.BOUNCED,
         "unreachable: 30003 unreachable destination handset"),
        ("undelivered", "30005", MessageState.BOUNCED,
         "unknown-number: 30005 unknown destination handset"),
        ("undelivered", "30006", MessageState.BOUNCED,
         "landline: 30006 landline or unreachable carrier"),
        ("undelivered", "30007", MessageState.BOUNCED,
         "filtered: 30007 carrier violation: message filtered"),
        ("undelivered", "30008", MessageState.BOUNCED, "30008 unknown error"),
        ("failed", "30002", MessageState.REJECTED, "our-account: 30002 account suspended"),
        ("failed", "30036", MessageState.EXPIRED, "too-slow: 30036 validity period expired"),
        ("failed", "99999", MessageState.REJECTED, "99999 failed"),
        ("canceled", "", MessageState.REJECTED, "canceled"),
        ("undelivered", "\u0663", MessageState.BOUNCED, "undelivered"),
    ],
)  # fmt: skip
def test_a_report_tells_what_became_of_the_text(
    status: str, code: str, state: MessageState, detail: str
) -> None:
    assert report({"MessageStatus": status, "ErrorCode": code}) == (state, detail)
    assert report({"SmsStatus": status, "ErrorCode": code}) == (state, detail)


@pytest.mark.parametrize(
    "status", ["accepted", "scheduled", "queued", "sending", "sent", "", "DELIVERED", "x"]
)
def test_a_report_that_settles_nothing_is_no_news(status: str) -> None:
    assert report({"MessageStatus": status}) is None


def refusal(http: int, **body: object) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        judged(http, json.dumps(body))
    return caught.value


def test_a_text_that_was_taken_is_known_by_its_sid() -> None:
    receipt = judged(201, json.dumps({"sid": "SM1", "status": "queued", "error_code": None}))
    assert (receipt.reference, receipt.detail) == ("SM1", "taken: queued")


def test_a_text_that_failed_at_once_is_refused_for_good() -> None:
    failed = refusal(201, sid="SM1", status="failed", error_code=30006, error_message=None)
    assert (failed.final, failed.detail) == (
        True,
        "landline: 30006 landline or unreachable carrier",
    )


def test_a_success_that_names_no_message_is_for_later() -> None:
    assert not refusal(200, status="queued").final
    assert not refusal(200, sid=["x"]).final
    with pytest.raises(NotDelivered) as caught:
        judged(200, "<html>welcome to our hotspot</html>")
    assert not caught.value.final


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (400, 21211, True),
        (400, 21614, True),
        (400, 21610, True),
        (400, 21408, True),
        (403, 21408, True),
        (400, 21606, False),
        (400, 63038, False),
        (400, 21604, True),
        (422, None, True),
        (401, 20003, False),
        (403, None, False),
        (404, 20404, False),
        (408, None, False),
        (429, 20429, False),
        (301, None, False),
        (500, 20500, False),
        (503, None, False),
    ],
)
def test_only_what_concerns_this_text_is_final(status: int, code: int | None, final: bool) -> None:
    assert refusal(status, code=code, message="Words").final is final


def test_a_refusal_is_told_in_one_line() -> None:
    said = refusal(400, code=21211, message="Invalid 'To'\r\nnumber").detail
    assert said == "unknown-number: HTTP 400 21211 Invalid 'To' number"
    assert refusal(500).detail == "HTTP 500"


def outcome(status: int, body: str) -> str:
    """What is kept of an answer, whether it is a receipt or a refusal."""
    try:
        return judged(status, body).detail
    except NotDelivered as error:
        return error.detail


@given(st.integers(100, 599), st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin-1"))))
def test_whatever_a_gateway_answers_is_a_receipt_or_a_refusal(status: int, body: str) -> None:
    detail = outcome(status, body)
    assert detail.isprintable()
    assert 0 < len(detail) <= 300


@given(
    st.dictionaries(
        st.sampled_from(["sid", "status", "code", "error_code", "message"]),
        st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers())),
    )
)
def test_whatever_json_it_answers_too(said: dict[str, object]) -> None:
    for status in (200, 400, 500):
        assert outcome(status, json.dumps(said)).isprintable()


def test_secrets_do_not_show_in_a_repr() -> None:
    assert "token" not in repr(GATEWAY)
    assert "12345" not in repr(GATEWAY)
