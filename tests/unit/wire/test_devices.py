"""What devices sign: one spelling of each key, one shape of signature, no other scheme's."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.wire import devices, door, phones
from keyturn.wire.signatures import Forged

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SPELLED = devices.spelled(KEY.public_key())
HOST, PATH, BODY = "id.test", "/t/acme/devices/v1/beat", b"{}"
SPOKEN = ("0" * 26, 7, 1_790_000_000)


def signed() -> dict[str, str]:
    return devices.sign_request(KEY, HOST, PATH, SPOKEN, BODY)


def test_what_is_signed_is_read_and_verified() -> None:
    found = door.verify(devices.SCHEME, SPELLED, HOST, PATH, signed(), BODY)
    assert (found.keyid, found.sequence, found.created) == SPOKEN


@pytest.mark.parametrize(
    "key",
    [
        "", SPELLED[:-1], SPELLED + "A", SPELLED[:-1] + "!",
        SPELLED[:-1] + chr(ord(SPELLED[-1]) + 1),  # the same bytes, spelled otherwise
        devices.spelled(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()),
    ],
)  # fmt: skip
def test_another_key_or_none_has_signed_nothing(key: str) -> None:
    with pytest.raises(Forged) as error:
        door.verify(devices.SCHEME, key, HOST, PATH, signed(), BODY)
    assert error.value.why == "signature"


@pytest.mark.parametrize(
    ("host", "path", "body", "why"),
    [("other.test", PATH, BODY, "signature"), (HOST, PATH + "x", BODY, "signature"),
     (HOST, PATH, b"{ }", "digest")],
)  # fmt: skip
def test_for_one_place_and_one_body(host: str, path: str, body: bytes, why: str) -> None:
    with pytest.raises(Forged) as error:
        door.verify(devices.SCHEME, SPELLED, host, path, signed(), body)
    assert error.value.why == why


def test_a_phone_s_signature_is_no_device_s_and_the_other_way() -> None:
    phone = phones.sign_request(ec.generate_private_key(ec.SECP256R1()), HOST, PATH, SPOKEN, BODY)
    for scheme, head in ((devices.SCHEME, phone), (phones.SCHEME, signed())):
        with pytest.raises(Forged) as error:
            door.read(scheme, head)
        assert error.value.why == "covered"
