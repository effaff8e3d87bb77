"""WebAuthn verification by py_webauthn, which is loaded when the first passkey comes.

There is no memory twin: judging is pure and quick, and an imitation could agree with a lie.
What tests and the demo imitate is the other side, the authenticator.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from keyturn.ports.passkeys import Asserted, Attested, Unacceptable
from keyturn.rules.passkeys import ALGORITHMS, Assertion, Attestation, Party

T = TypeVar("T")


class PyWebAuthn:
    """See ports.passkeys.PasskeyJudge."""

    async def ready(self) -> None:
        """Import the library in a thread: it takes a quarter of a second."""
        await asyncio.to_thread(_library)

    def attested(
        self, party: Party, challenge: str, given: Attestation, *, verified: bool = False
    ) -> Attested:
        """A new credential. Who made the authenticator is not asked and not believed."""
        return _strictly(lambda: _attested(party, challenge, given, verified=verified))

    def asserted(
        self, party: Party, challenge: str, given: Assertion, public_key: str, *, verified: bool
    ) -> Asserted:
        """A use. The library is told of no earlier counter: it would look at it before the
        signature, and anybody could make a passkey look copied.
        """
        return _strictly(lambda: _asserted(party, challenge, given, public_key, verified=verified))


def _library() -> Any:
    import webauthn  # noqa: PLC0415  a server that meets no passkey never needs it

    return webauthn


def _strictly(judge: Callable[[], T]) -> T:
    try:
        return judge()
    except Exception as error:  # hostile bytes through three parsers: CBOR, COSE, DER
        raise Unacceptable(f"{type(error).__name__}: {error}"[:200]) from error


def _attested(
    party: Party, challenge: str, given: Attestation, *, verified: bool
) -> Attested:  # fmt: skip
    from webauthn.helpers import structs  # noqa: PLC0415  as _library
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415  as _library

    raw = _decode(given.id)
    response = structs.AuthenticatorAttestationResponse(
        _client_data(given.client_data), _decode(given.attestation)
    )
    seen = _library().verify_registration_response(
        credential=structs.RegistrationCredential(given.id, raw, response),
        expected_challenge=_decode(challenge),
        expected_rp_id=party.id,
        expected_origin=party.origin,
        require_user_verification=verified,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS],
    )
    if seen.credential_id != raw:
        raise ValueError("credential id")
    return Attested(
        credential_id=given.id,
        public_key=_encode(seen.credential_public_key),
        sign_count=seen.sign_count,
        aaguid=seen.aaguid,
        synced=seen.credential_device_type is structs.CredentialDeviceType.MULTI_DEVICE,
    )


def _asserted(
    party: Party, challenge: str, given: Assertion, public_key: str, *, verified: bool
) -> Asserted:
    from webauthn.helpers import structs  # noqa: PLC0415  as _library

    response = structs.AuthenticatorAssertionResponse(
        client_data_json=_client_data(given.client_data),
        authenticator_data=_decode(given.authenticator_data),
        signature=_decode(given.signature),
    )
    seen = _library().verify_authentication_response(
        credential=structs.AuthenticationCredential(given.id, _decode(given.id), response),
        expected_challenge=_decode(challenge),
        expected_rp_id=party.id,
        expected_origin=party.origin,
        credential_public_key=_decode(public_key),
        credential_current_sign_count=0,
        require_user_verification=verified,
    )
    return Asserted(sign_count=seen.new_sign_count)


def _client_data(text: str) -> bytes:
    """The client data; refused if the page was within another site's: ours is in no frame
    (WebAuthn Level 3, §7.1 and §7.2, on crossOrigin).
    """
    raw = _decode(text)
    if json.loads(raw).get("crossOrigin", False) is not False:
        raise ValueError("crossOrigin")
    return raw


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Strict: one spelling per value. Raises ValueError."""
    padded = text.translate(_STANDARD) + "=" * (-len(text) % 4)
    raw = binascii.a2b_base64(padded, strict_mode=True)
    if _encode(raw) != text:
        raise ValueError("base64url")
    return raw


_STANDARD = str.maketrans("-_", "+/")
