"""Messages that only one browser can read, against the examples of RFC 8188 and RFC 8291."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_push import Unreadable
from keyturn.adapters.memory_push import opened as twin_opens
from keyturn.adapters.push.encryption import encrypted, point, sealed
from keyturn.rules.pushing import PAYLOAD_MAX, Subscription
from tests.unit.adapters.push import rfc8188
from tests.unit.adapters.push.rfc8188 import raw, text

CURVE = ec.SECP256R1()
#: RFC 8291, Appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SENDER_PUBLIC = raw(
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
)
BROWSER = raw("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
TO = Subscription(
    "https://push.example.test/s/1",
    raw("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
    raw("BTBZMqHH6r4Tts7J_aSIgg"),
)
SALT = raw("DGv6ra1nlYgDCS1FRnbzlw")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

payloads = st.binary(max_size=PAYLOAD_MAX)


def private(number: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(number), CURVE)


def subscribed(key: ec.EllipticCurvePrivateKey, auth: bytes = TO.auth) -> Subscription:
    return Subscription(TO.endpoint, point(key.public_key()), auth)


def test_the_second_opinion_opens_the_examples_of_rfc_8188() -> None:
    one = raw("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")
    assert rfc8188.plain(raw("yqdlZ-tYemfogSmv7Ws5PQ"), one) == b"I am the walrus"
    two = raw(
        "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF"
        "1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA"
    )
    assert rfc8188.header(two)[1:3] == (25, b"a1")
    assert rfc8188.plain(raw("BO3ZVPxUlnLORbVGMpbT1Q"), two) == b"I am the walrus"


def test_the_message_of_rfc_8291_comes_out_octet_for_octet() -> None:
    body = sealed(PLAIN, TO, private(SENDER), SALT, padded=len(PLAIN) + 1)
    assert text(body) == BODY


def test_the_message_of_rfc_8291_is_opened_by_both() -> None:
    assert rfc8188.opened(raw(BODY), TO, private(BROWSER)) == PLAIN
    assert twin_opens(raw(BODY), TO, private(BROWSER)) == PLAIN


@given(payload=payloads)
def test_whatever_fits_is_opened_by_its_browser(payload: bytes) -> None:
    browser = private(BROWSER)
    body = encrypted(payload, TO)
    assert rfc8188.opened(body, TO, browser) == payload
    assert twin_opens(body, TO, browser) == payload


@given(payload=payloads)
def test_the_header_is_as_the_rfcs_have_it_and_the_length_tells_nothing(payload: bytes) -> None:
    body = encrypted(payload, TO)
    salt, size, key, rest = rfc8188.header(body)
    assert (len(salt), size, len(key), key[0]) == (16, 4096, 65, 4)
    # less than the record size, and less than what services on constrained ways take
    assert (len(rest), len(body)) == (2048 + 16, 2150)


def test_salt_and_key_are_new_for_each_message() -> None:
    bodies = [encrypted(b"the same", TO) for _ in range(50)]
    assert len({body[:16] for body in bodies}) == 50
    assert len({body[21:86] for body in bodies}) == 50


@given(payload=payloads, other=st.integers(2, 2**200))
def test_another_key_opens_nothing(payload: bytes, other: int) -> None:
    stranger = ec.derive_private_key(other, CURVE)
    body = encrypted(payload, TO)
    for to in (TO, subscribed(stranger)):
        with pytest.raises(InvalidTag):
            rfc8188.opened(body, to, stranger)
        with pytest.raises(Unreadable):
            twin_opens(body, to, stranger)


@given(auth=st.binary(min_size=16, max_size=16).filter(lambda auth: auth != TO.auth))
def test_another_secret_opens_nothing(auth: bytes) -> None:
    with pytest.raises(Unreadable):
        twin_opens(encrypted(b"x", TO), subscribed(private(BROWSER), auth), private(BROWSER))


@given(at=st.integers(0, 2149), bit=st.integers(0, 7))
def test_a_message_altered_anywhere_is_not_opened(at: int, bit: int) -> None:
    body = bytearray(encrypted(b"x", TO))
    body[at] ^= 1 << bit
    if 16 <= at < 20:  # the record size is no part of what is sealed; it must only be large enough
        body[16:20] = bytes(4)
    with pytest.raises(Unreadable):
        twin_opens(bytes(body), TO, private(BROWSER))


@given(body=st.binary(max_size=200))
def test_what_is_no_message_is_not_opened(body: bytes) -> None:
    with pytest.raises(Unreadable):
        twin_opens(body, TO, private(BROWSER))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="2048"):
        encrypted(bytes(PAYLOAD_MAX + 1), TO)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        TO.p256dh[:-1],
        TO.p256dh[:-1] + bytes([TO.p256dh[-1] ^ 1]),
        b"\x00",
    ],
)
def test_a_key_that_is_no_point_of_the_curve_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        encrypted(b"x", Subscription(TO.endpoint, key, TO.auth))


def test_the_senders_key_of_the_example_is_a_point_as_we_write_it() -> None:
    assert point(private(SENDER).public_key()) == SENDER_PUBLIC
