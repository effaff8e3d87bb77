"""A tenant's address for alarms: what it may be, and how what goes there is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from keyturn.rules.webhooks import (
    NoSecret,
    Unfit,
    address,
    headers,
    host_of,
    key_of,
    secret,
)

HOOK = "https://hooks.example.com/services/T0/x?y=1"


def test_a_good_address_stays_as_it_is() -> None:
    assert address(f"  {HOOK}#part ", private=False) == HOOK
    assert address("https://hooks.example.com:8443", private=False) == (
        "https://hooks.example.com:8443"
    )
    assert address("https://[2606:4700::1111]/x", private=False) == "https://[2606:4700::1111]/x"
    assert host_of(HOOK) == "hooks.example.com"
    assert host_of("https://") == ""


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", Unfit.SCHEME),
        ("http://hooks.example.com", Unfit.SCHEME),
        ("hooks.example.com", Unfit.SCHEME),
        ("file:///etc/passwd", Unfit.SCHEME),
        ("https://", Unfit.MALFORMED),
        ("https://[::1", Unfit.MALFORMED),
        ("https://hooks.example.com:x/", Unfit.MALFORMED),
        ("https://hooks.example.com:0/", Unfit.MALFORMED),
        ("https://hooks.example.com:99999/", Unfit.MALFORMED),
        ("https://hooks.example.com/a b", Unfit.MALFORMED),
        ("https://hooks.example.com\\@127.0.0.1/", Unfit.MALFORMED),
        ("https://h\u00f6\u00f6ks.example.com/", Unfit.MALFORMED),
        ("https://hooks.example.com/" + "x" * 2000, Unfit.MALFORMED),
        ("https://user@hooks.example.com/", Unfit.LOGIN),
        ("https://:word@hooks.example.com/", Unfit.LOGIN),
    ],
)
def test_what_is_none_is_told_why(typed: str, why: Unfit) -> None:
    assert address(typed, private=True) is why
    assert address(typed, private=False) is why


@pytest.mark.parametrize(
    "typed",
    [
        "https://localhost/", "https://intranet/", "https://a.localhost./", "https://nas.local/",
        "https://metadata.google.internal/", "https://127.0.0.1/", "https://10.0.0.1/",
        "https://169.254.169.254/latest", "https://[::1]/", "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_private_addresses_take_a_setting(typed: str) -> None:
    assert address(typed, private=False) is Unfit.PRIVATE
    assert address(typed, private=True) == typed


def test_a_secret_is_read_as_it_was_made() -> None:
    key = bytes(range(224, 256))
    token = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
    assert key_of(secret(token)) == key
    for wrong in ("", token, "whsec_?", "whsec_a"):
        with pytest.raises(NoSecret):
            key_of(wrong)


def test_a_signature_is_over_id_moment_and_body() -> None:
    """The example of the specification's own libraries."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    told = headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_999, body)
    assert told == {
        "content-type": "application/json", "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    assert told["webhook-signature"].endswith(base64.b64encode(mac).decode())
