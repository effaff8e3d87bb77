"""WebAuthn verification, with an authenticator in software on the other side."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.passkeys import PyWebAuthn
from keyturn.demo.play.authenticator import (
    EDDSA,
    ES256,
    PRESENT,
    RS256,
    SYNCABLE,
    SYNCED,
    VERIFIED,
    Authenticator,
    decode,
    encode,
)
from keyturn.ports.passkeys import Asserted, Attested, Unacceptable
from keyturn.rules.passkeys import (
    Assertion,
    Attestation,
    Party,
    Purpose,
    assertion,
    attestation,
    creation_options,
    request_options,
)

PARTY = Party(id="id.test", origin="https://id.test:8443", name="Northwind")
JUDGE = PyWebAuthn()
CHALLENGE = encode(b"c" * 32)
OTHER = encode(b"o" * 32)


def made(token: Authenticator, challenge: str = CHALLENGE) -> Attestation:
    """A new passkey as the door reads it."""
    options = creation_options(PARTY, challenge, encode(b"ada"), "ada@northwind.test", [])
    found = attestation(token.create(options))
    assert found is not None
    return found


def used(token: Authenticator, challenge: str = CHALLENGE) -> Assertion:
    """A use as the door reads it."""
    found = assertion(token.get(request_options(PARTY, challenge, Purpose.SIGNIN, [])))
    assert found is not None
    return found


def registered(**fields: Any) -> tuple[Authenticator, Attested]:
    """An authenticator with one passkey."""
    token = Authenticator(PARTY.origin, **fields)
    return token, JUDGE.attested(PARTY, CHALLENGE, made(token))


TOKEN, KEY = registered()
SHOWN = used(TOKEN)


def judged(token: Authenticator, key: str, given: Assertion | None = None) -> Asserted:
    """The use of a passkey, the person verified."""
    return JUDGE.asserted(PARTY, CHALLENGE, given or used(token), key, verified=True)


def test_the_library_is_loaded_before_it_is_needed() -> None:
    asyncio.run(JUDGE.ready())


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_passkey_of_each_kind_is_made_and_used(algorithm: int) -> None:
    token, key = registered(algorithm=algorithm)
    assert key.credential_id == token.held[0].id
    assert key.aaguid == "00000000-0000-0000-0000-000000000000"
    assert (key.sign_count, key.synced) == (0, False)
    assert judged(token, key.public_key).sign_count == 1


def test_a_synced_passkey_says_so() -> None:
    flags = PRESENT | VERIFIED | SYNCABLE | SYNCED
    token, key = registered(flags=flags, counts=False)
    assert key.synced
    assert judged(token, key.public_key).sign_count == 0


def test_touch_alone_does_where_nobody_asks_for_more() -> None:
    token, key = registered(flags=PRESENT)
    JUDGE.asserted(PARTY, CHALLENGE, used(token), key.public_key, verified=False)
    with pytest.raises(Unacceptable):
        judged(token, key.public_key)
    assert JUDGE.attested(PARTY, CHALLENGE, made(token)).credential_id
    with pytest.raises(Unacceptable):
        JUDGE.attested(PARTY, CHALLENGE, made(token), verified=True)


def test_a_counter_is_read_and_left_for_the_rules_to_judge() -> None:
    token, key = registered()
    token.held[0].count = 4
    assert judged(token, key.public_key).sign_count == 5
    token.held[0].count = 1
    assert judged(token, key.public_key).sign_count == 2


def test_nothing_is_accepted_from_another_page() -> None:
    for origin in ("https://id.test", "http://id.test:8443", "https://evil.test:8443"):
        token = Authenticator(origin)
        with pytest.raises(Unacceptable):
            JUDGE.attested(PARTY, CHALLENGE, made(token))
        with pytest.raises(Unacceptable):
            judged(token, registered()[1].public_key, used(token))


def test_nothing_is_accepted_from_within_another_sites_page() -> None:
    token, key = registered()
    framed = replace(token, extra={"crossOrigin": True})
    with pytest.raises(Unacceptable, match="crossOrigin"):
        judged(token, key.public_key, used(framed))


def test_nothing_is_accepted_for_another_host() -> None:
    token, key = registered()
    elsewhere = replace(PARTY, id="other.test")
    with pytest.raises(Unacceptable):
        JUDGE.asserted(elsewhere, CHALLENGE, used(token), key.public_key, verified=True)
    with pytest.raises(Unacceptable):
        JUDGE.attested(elsewhere, CHALLENGE, made(token))


def test_nothing_is_accepted_for_another_question() -> None:
    token, key = registered()
    with pytest.raises(Unacceptable):
        JUDGE.attested(PARTY, CHALLENGE, made(token, OTHER))
    with pytest.raises(Unacceptable):
        judged(token, key.public_key, used(token, OTHER))


def test_an_answer_to_one_kind_of_question_is_none_to_the_other() -> None:
    token, key = registered()
    signed = replace(token, extra={"type": "webauthn.create"})
    with pytest.raises(Unacceptable):
        judged(token, key.public_key, used(signed))


def test_another_key_signs_nothing() -> None:
    token, _ = registered()
    _, other = registered()
    with pytest.raises(Unacceptable):
        judged(token, other.public_key)


def test_whoever_is_not_there_signs_nothing() -> None:
    token, key = registered()
    absent = replace(token, flags=VERIFIED)
    with pytest.raises(Unacceptable):
        judged(token, key.public_key, used(absent))


def test_the_id_that_was_sent_is_the_one_that_was_made() -> None:
    token = Authenticator(PARTY.origin)
    with pytest.raises(Unacceptable, match="credential id"):
        JUDGE.attested(PARTY, CHALLENGE, replace(made(token), id=encode(b"another")))


@pytest.mark.parametrize("text", ["A", "AB=", "AB", "A B", "A\nB"])
def test_a_value_has_one_spelling(text: str) -> None:
    token, key = registered()
    with pytest.raises(Unacceptable):
        judged(token, key.public_key, replace(used(token), signature=text))


@given(st.sampled_from(["client_data", "authenticator_data", "signature"]), st.integers(0, 10_000))
def test_a_changed_bit_anywhere_signs_nothing(part: str, bit: int) -> None:
    raw = bytearray(decode(getattr(SHOWN, part)))
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    with pytest.raises(Unacceptable):
        judged(TOKEN, KEY.public_key, replace(SHOWN, **{part: encode(bytes(raw))}))


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=80))
def test_no_bytes_are_a_fault(first: bytes, second: bytes, third: bytes) -> None:
    name = encode(third)
    with pytest.raises(Unacceptable):
        JUDGE.attested(PARTY, CHALLENGE, Attestation(name, encode(first), encode(second), ()))
    client_data = SHOWN.client_data
    for said in (encode(first), client_data):
        with pytest.raises(Unacceptable):
            JUDGE.attested(PARTY, CHALLENGE, Attestation(name, said, encode(second), ()))
        with pytest.raises(Unacceptable):
            JUDGE.asserted(
                PARTY, CHALLENGE, Assertion(name, said, encode(second), name, None),
                encode(third), verified=False,
            )  # fmt: skip
