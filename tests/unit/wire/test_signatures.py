"""Signatures of requests, answers and frames: what is covered, and that nothing else passes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keyturn.wire import phones
from keyturn.wire import signatures as s
from keyturn.wire.signatures import Forged, Kind, Lane, Sender

AGENT = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
SERVER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
AGENT_KEY, SERVER_KEY = (key.public_key().public_bytes_raw() for key in (AGENT, SERVER))
ORIGIN, PATH, BODY = "https://keyturn.example.test", "/agents/v1/messages", b'{"a":1}'
SENDER = Sender("01agent", "run-1", Lane.WORK, 17)


def request(body: bytes = BODY, sender: Sender = SENDER) -> dict[str, str]:
    return s.sign_request(AGENT, "POST", ORIGIN, PATH, sender, body)


def why(call: Callable[..., Any], *args: object) -> str:
    with pytest.raises(Forged) as caught:
        call(*args)
    return caught.value.why


def test_the_base_is_that_of_rfc_9421_appendix_b_2_6() -> None:
    """Its own vector: key test-key-ed25519, signature sig-b26."""
    key = Ed25519PrivateKey.from_private_bytes(
        base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
    )
    components = [
        ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
        ('"@method"', "POST"),
        ('"@path"', "/foo"),
        ('"@authority"', "example.com"),
        ('"content-type"', "application/json"),
        ('"content-length"', "18"),
    ]
    names = " ".join(name for name, _ in components)
    params = f'({names});created=1618884473;keyid="test-key-ed25519"'
    assert base64.b64encode(key.sign(s.signature_base(components, params))).decode() == (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )


def test_the_digest_is_that_of_rfc_9530() -> None:
    assert s.content_digest(b'{"hello": "world"}\n') == (
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    )


def test_a_request_has_these_headers() -> None:
    headers = request()
    assert headers["keyturn-lane"] == "work"
    assert headers["signature-input"] == (
        'keyturn=("@method" "@authority" "@path" "content-digest" "keyturn-agent" "keyturn-run" '
        '"keyturn-lane" "keyturn-sequence");alg="ed25519";keyid="01agent";tag="keyturn"'
    )


def test_a_request_as_it_was_sent_is_accepted_and_gives_its_sender_and_signature() -> None:
    headers = request()
    assert s.read_sender(headers) == SENDER
    found = s.verify_request(AGENT_KEY, "POST", ORIGIN, PATH, headers, BODY)
    assert found == s.claimed_signature(headers)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("https://Keyturn.Example.test", "keyturn.example.test"),
        ("https://keyturn.example.test:443/", "keyturn.example.test"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("https://keyturn.example.test:8443", "keyturn.example.test:8443"),
        ("https://[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
        ("", ""),
    ],
)
def test_the_authority_is_the_origins_own_in_its_one_spelling(origin: str, authority: str) -> None:
    assert s.authority(origin) == authority


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"signature": None}, "missing"),
        ({"signature-input": None}, "missing"),
        ({"signature": "keyturn=:AAAA:"}, "missing"),
        ({"signature": f"keyturn=:{'A' * 85}B==:"}, "missing"),
        ({"keyturn-agent": None}, "headers"),
        ({"keyturn-agent": 'a"b'}, "headers"),
        ({"keyturn-agent": "x" * 65}, "headers"),
        ({"keyturn-run": ""}, "headers"),
        ({"keyturn-lane": "other"}, "headers"),
        ({"keyturn-sequence": "0"}, "headers"),
        ({"keyturn-sequence": "017"}, "headers"),
        ({"keyturn-sequence": "-1"}, "headers"),
        ({"keyturn-sequence": "٣"}, "headers"),
        ({"keyturn-sequence": "9" * 19}, "headers"),
        ({"content-digest": None}, "digest"),
        ({"content-digest": "sha-256=:AAAA:"}, "digest"),
        ({"signature-input": 'keyturn=();alg="ed25519";keyid="01agent";tag="keyturn"'}, "covered"),
        ({"keyturn-agent": "02other"}, "covered"),  # the key's id is the agent's
        ({"keyturn-run": "run-2"}, "signature"),
        ({"keyturn-lane": "wait"}, "signature"),
        ({"keyturn-sequence": "18"}, "signature"),
    ],
)
def test_a_request_with_another_header_is_refused(changed: Any, cause: str) -> None:
    headers = {n: v for n, v in {**request(), **changed}.items() if v is not None}
    assert why(s.verify_request, AGENT_KEY, "POST", ORIGIN, PATH, headers, BODY) == cause


@pytest.mark.parametrize(
    ("public", "method", "origin", "path", "body", "cause"),
    [
        (AGENT_KEY, "POST", ORIGIN, PATH, b'{"a":2}', "digest"),
        (AGENT_KEY, "PUT", ORIGIN, PATH, BODY, "signature"),
        (AGENT_KEY, "POST", "https://other.test", PATH, BODY, "signature"),
        (AGENT_KEY, "POST", ORIGIN, "/agents/v1/bell", BODY, "signature"),
        (SERVER_KEY, "POST", ORIGIN, PATH, BODY, "signature"),
        (b"short", "POST", ORIGIN, PATH, BODY, "signature"),
    ],
)
def test_a_request_to_another_place_or_by_another_key_is_refused(
    public: bytes, method: str, origin: str, path: str, body: bytes, cause: str
) -> None:
    assert why(s.verify_request, public, method, origin, path, request(), body) == cause


def test_a_swapped_body_with_its_own_digest_is_refused() -> None:
    """What general verifiers let through: the digest is right, and not what was signed."""
    headers = {**request(), "content-digest": s.content_digest(b"evil")}
    assert why(s.verify_request, AGENT_KEY, "POST", ORIGIN, PATH, headers, b"evil") == "signature"


@given(st.dictionaries(st.sampled_from(sorted(request())), st.text(), min_size=1))
def test_no_headers_raise_anything_but_forged(changed: Any) -> None:
    headers = {**request(), **changed}
    if headers != request():
        with pytest.raises(Forged):
            s.verify_request(AGENT_KEY, "POST", ORIGIN, PATH, headers, BODY)


def test_an_answer_is_accepted_for_its_own_request_only() -> None:
    first, second = (
        s.claimed_signature(request(sender=replace(SENDER, sequence=n))) for n in (1, 2)
    )
    headers = s.sign_answer(SERVER, 200, b"yes", first)
    s.verify_answer(SERVER_KEY, 200, headers, b"yes", first)
    assert '"signature";req;key="keyturn"' in headers["signature-input"]
    assert why(s.verify_answer, SERVER_KEY, 200, headers, b"yes", second) == "signature"
    assert why(s.verify_answer, SERVER_KEY, 403, headers, b"yes", first) == "signature"
    assert why(s.verify_answer, SERVER_KEY, 200, headers, b"no", first) == "digest"
    assert why(s.verify_answer, AGENT_KEY, 200, headers, b"yes", first) == "signature"
    assert why(s.verify_answer, SERVER_KEY, 200, {}, b"yes", first) == "missing"
    bare = {"signature": headers["signature"]}
    assert why(s.verify_answer, SERVER_KEY, 200, bare, b"yes", first) == "missing"


def test_what_is_said_to_a_phone_is_no_answer_to_an_agent_nor_the_other_way_round() -> None:
    bound = s.claimed_signature(request())
    for said, heard in ((s.TAG, phones.TAG), (phones.TAG, s.TAG)):
        headers = s.sign_answer(SERVER, 200, b"yes", bound, said)
        s.verify_answer(SERVER_KEY, 200, headers, b"yes", bound, said)
        args = (SERVER_KEY, 200, headers, b"yes", bound, heard)
        assert why(s.verify_answer, *args) == "covered"
        renamed = {**headers, "signature-input": headers["signature-input"].replace(
            f'tag="{said}"', f'tag="{heard}"')}  # fmt: skip
        args = (SERVER_KEY, 200, renamed, b"yes", bound, heard)
        assert why(s.verify_answer, *args) == "signature"


def test_a_request_is_no_answer() -> None:
    headers = request()
    signature = s.claimed_signature(headers)
    assert why(s.verify_answer, AGENT_KEY, 200, headers, BODY, signature) == "covered"


OPENING = Sender("01agent", "run-1", Lane.BELL, 4)
BEAT = replace(OPENING, sequence=5)


def test_a_beat_as_it_was_sent_is_accepted() -> None:
    frame = s.sign_beat(AGENT, ORIGIN, BEAT, BODY)
    sender, signature = s.verify_beat(AGENT_KEY, ORIGIN, frame, OPENING)
    assert (sender, signature, BODY) == s.read_beat(frame, OPENING)
    assert sender == BEAT


@pytest.mark.parametrize("place", [7, 8, 71, 72, 78])
def test_a_beat_with_another_bit_is_refused(place: int) -> None:
    frame = bytearray(s.sign_beat(AGENT, ORIGIN, BEAT, BODY))
    frame[place] ^= 1
    assert why(s.verify_beat, AGENT_KEY, ORIGIN, bytes(frame), OPENING) == "signature"


def test_a_beat_of_another_life_or_to_another_server_is_refused() -> None:
    frame = s.sign_beat(AGENT, ORIGIN, BEAT, BODY)
    other = replace(OPENING, run_id="run-2")
    assert why(s.verify_beat, AGENT_KEY, ORIGIN, frame, other) == "signature"
    assert why(s.verify_beat, AGENT_KEY, "https://other.test", frame, OPENING) == "signature"
    assert why(s.verify_beat, AGENT_KEY, ORIGIN, frame[:71], OPENING) == "missing"
    for number in (bytes(8), b"\xff" * 8):
        assert why(s.verify_beat, AGENT_KEY, ORIGIN, number + frame[8:], OPENING) == "headers"


def test_a_frame_of_the_server_is_accepted_for_what_it_is_bound_to_only() -> None:
    for kind in Kind:
        frame = s.sign_frame(SERVER, kind, 5, b"bound", BODY)
        assert s.verify_frame(SERVER_KEY, frame, b"bound") == (kind, 5, BODY)
        assert s.read_frame(frame) == (kind, 5, BODY)
        assert why(s.verify_frame, SERVER_KEY, frame, b"other") == "signature"
        assert why(s.verify_frame, AGENT_KEY, frame, b"bound") == "signature"
        assert why(s.verify_frame, SERVER_KEY, frame + b"x", b"bound") == "signature"
        assert why(s.verify_frame, SERVER_KEY, frame[:72], b"bound") == "missing"
        assert why(s.verify_frame, SERVER_KEY, b"x" + frame[1:], b"bound") == "missing"


def test_an_answer_frame_cannot_be_made_a_ring() -> None:
    frame = s.sign_frame(SERVER, Kind.ANSWER, 5, b"bound", BODY)
    assert why(s.verify_frame, SERVER_KEY, b"r" + frame[1:], b"bound") == "signature"
