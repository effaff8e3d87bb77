"""What is pushed to whom, and what a push service's answer means."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.pushing import (
    PAYLOAD_MAX,
    Accepted,
    Gone,
    Later,
    Push,
    Refusal,
    Refused,
    Subscription,
    allowed,
    judged,
    subscription,
    waiting,
)

NOW = 1_767_225_600_000  # 1 January 2026
URL = "https://fcm.googleapis.com/fcm/send/abc:d_e-f"
POINT = b"\x04" + bytes(range(64))
SECRET = bytes(range(16))
HOSTS = ("fcm.googleapis.com", "*.push.example.test")


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode()


def test_a_browsers_subscription_is_read_with_padding_and_without() -> None:
    read = Subscription(URL, POINT, SECRET)
    assert subscription(URL, b64(POINT), b64(SECRET)) == read
    assert subscription(URL, b64(POINT).rstrip("="), b64(SECRET).rstrip("=")) == read


@pytest.mark.parametrize(
    ("url", "key", "secret"),
    [
        ("http://a.test/", b64(POINT), b64(SECRET)),
        (URL, b64(POINT[:-1]), b64(SECRET)),
        (URL, b64(b"\x02" + POINT[1:]), b64(SECRET)),
        (URL, b64(POINT), b64(SECRET[:-1])),
        (URL, b64(POINT), b64(SECRET + b"x")),
        (URL, "", b64(SECRET)),
        (URL, b64(POINT), ""),
        (URL, b64(POINT), "A"),
        (URL, b64(POINT) + "\n", b64(SECRET)),
        (URL, b64(POINT), "äöüß"),
        (URL, b64(POINT).replace("A", "+"), b64(SECRET)),
        (URL, "A" * 10_000, b64(SECRET)),
    ],
)
def test_what_cannot_be_a_subscription_is_none(url: str, key: str, secret: str) -> None:
    assert subscription(url, key, secret) is None


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_sent_in_a_subscriptions_place_raises(a: str, b: str, c: str) -> None:
    assert subscription(a, b, c) is None


def test_neither_endpoint_nor_secret_nor_payload_is_shown() -> None:
    shown = repr((Subscription(URL, POINT, SECRET), Push(b"hush", 1)))
    assert "fcm" not in shown
    assert repr(SECRET) not in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("url", "ports", "is_allowed"),
    [
        (URL, (443,), True),
        ("https://updates.push.example.test/w/1", (443,), True),
        ("https://a.b.push.example.test/w/1", (443,), True),
        ("https://push.example.test/w/1", (443,), False),
        ("https://evilpush.example.test/w/1", (443,), False),
        ("https://push.example.test.evil.test/", (443,), False),
        ("https://fcm.googleapis.com.evil.test/", (443,), False),
        ("https://fcm.googleapis.com@evil.test/", (443,), False),
        ("https://sub.fcm.googleapis.com/", (443,), False),
        ("https://fcm.googleapis.com:8443/", (443,), False),
        ("https://fcm.googleapis.com:8443/", (443, 8443), True),
        ("https://fcm.googleapis.com/", (8443,), False),
        ("http://fcm.googleapis.com/", (80, 443), False),
    ],
)
def test_only_services_on_the_list_are_allowed(
    url: str, ports: tuple[int, ...], is_allowed: bool
) -> None:
    assert allowed(url, HOSTS, ports) == is_allowed


@pytest.mark.parametrize(
    ("payload", "ttl_s", "topic"),
    [
        (bytes(PAYLOAD_MAX + 1), 0, None),
        (b"", -1, None),
        (b"", 28 * 86_400 + 1, None),
        (b"", 0, ""),
        (b"", 0, "x" * 33),
        (b"", 0, "a b"),
        (b"", 0, "a\n"),
    ],
)
def test_what_no_service_would_take_is_no_message(
    payload: bytes, ttl_s: int, topic: str | None
) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Push(payload, ttl_s, topic=topic)


def test_what_just_fits_is_one() -> None:
    assert Push(bytes(PAYLOAD_MAX), 28 * 86_400, topic="x" * 32).ttl_s == 2_419_200


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_is_accepted(status: int) -> None:
    assert judged(status, "", "", NOW) == Accepted(status)


@pytest.mark.parametrize("status", [404, 410])
def test_an_endpoint_that_is_not_there_is_gone(status: int) -> None:
    assert judged(status, "", "not found", NOW) == Gone(status)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 507, 599])
def test_what_may_go_well_another_time_is_for_later(status: int) -> None:
    assert judged(status, "7", "busy", NOW) == Later(7, status, "busy")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (100, Refusal.OTHER),
        (300, Refusal.REDIRECT),
        (307, Refusal.REDIRECT),
        (399, Refusal.REDIRECT),
        (400, Refusal.MALFORMED),
        (401, Refusal.UNAUTHORIZED),
        (403, Refusal.UNAUTHORIZED),
        (413, Refusal.TOO_LARGE),
        (451, Refusal.OTHER),
    ],
)
def test_everything_else_is_refused_with_its_reason(status: int, why: Refusal) -> None:
    assert judged(status, "7", "no", NOW) == Refused(why, status, "no")


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("0", 1),
        ("86401", 86_400),
        ("9" * 5000, 86_400),
        ("", 60),
        ("-5", 60),
        ("soon", 60),
        ("٣", 60),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 1),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 1),
        ("Sat, 03 Jan 2026 00:00:00 GMT", 86_400),
        ("Thu, 01 Jan 2026 00:00:30 +0200", 60),
        ("Thu, 99 Dec 9999 99:99:99 GMT", 86_400),
    ],
)
def test_a_wait_is_believed_within_bounds(retry_after: str, seconds: int) -> None:
    assert waiting(retry_after, NOW) == seconds


@given(st.text())
def test_no_retry_after_raises(retry_after: str) -> None:
    assert 1 <= waiting(retry_after, NOW) <= 86_400
