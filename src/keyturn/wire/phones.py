"""What a phone app signs: requests as RFC 9421 has them, by ECDSA on P-256 (§3.3.4).

    content-digest: sha-256=:…:                                             (RFC 9530)
    keyturn-sequence: 17
    signature-input: keyturn=("@method" "@authority" "@path" "content-digest" "keyturn-sequence")
        ;created=1790000000;keyid="01jd…";alg="ecdsa-p256-sha256";tag="keyturn-phone"
    signature: keyturn=:…:

One strict shape, as agents' (signatures.py, whose parts these are): whoever verifies builds the
one `signature-input` that it would take.  `created` is in seconds, by the server's clock as the
phone knows it: it says that a request was not kept back; that it is new is said by a sequence
that only rises, which is the caller's to know.  Answers are signed as agents' are
(`signatures.sign_answer`): by the installation's key, bound to the request.

A public key is the uncompressed point (SEC 1 §2.3.3) in base64url without padding, 87 letters,
and nothing else: one spelling of each key.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.rules.lockout import SECOND
from keyturn.wire.signatures import (
    LABEL,
    SIGNATURE_BYTES,
    Forged,
    Headers,
    claimed_signature,
    content_digest,
    signature_base,
    signature_header,
)

#: what stands before an operation's name in its path
PREFIX: Final = "/app/v1/"
METHOD: Final = "POST"
#: the sender of a request whose body brings the key that signed it
NEW: Final = "new"
#: how far `created` may be from the server's time
CLOCK_MS: Final = 60 * SECOND
#: longest body of a request
MOST: Final = 16 * 1024

_HALF = SIGNATURE_BYTES // 2
_COVERED = '("@method" "@authority" "@path" "content-digest" "keyturn-sequence")'
_INPUT: Final = re.compile(
    rf"{LABEL}=({re.escape(_COVERED)};created=([1-9][0-9]{{0,10}});"
    rf'keyid="({NEW}|[0-9a-z]{{26}})";alg="ecdsa-p256-sha256";tag="keyturn-phone")',
    re.ASCII,
)
_NUMBER = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_POINT = re.compile(r"[A-Za-z0-9_-]{87}", re.ASCII)
_UNCOMPRESSED: Final = 4


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request as its headers have it; nothing is proved yet.

    Attributes:
        keyid: who says that they have sent it: NEW, the id of a code, or of a phone.
        created: seconds since the epoch.
        signature: what the answer is bound to.
    """

    keyid: str
    sequence: int
    created: int
    signature: bytes


def late(spoken: Spoken, now: int) -> bool:
    """Whether a request was made too far from `now`, ms, by the clock of who made it."""
    return abs(spoken.created * SECOND - now) > CLOCK_MS


# -- keys


def point(key: ec.EllipticCurvePublicKey) -> str:
    """A public key as it travels."""
    raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def key_of(text: str) -> ec.EllipticCurvePublicKey | None:
    """The public key that `text` is; None where it is none, or is spelled otherwise."""
    if not _POINT.fullmatch(text):
        return None
    raw = base64.urlsafe_b64decode(text + "=")
    if raw[0] != _UNCOMPRESSED or base64.urlsafe_b64encode(raw).decode() != text + "=":
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:  # not on the curve
        return None


# -- requests


def sign_request(
    key: ec.EllipticCurvePrivateKey, authority: str, path: str, spoken: tuple[str, int, int],
    body: bytes,
) -> dict[str, str]:  # fmt: skip
    """The headers that a request needs, as the app's script makes them.

    Args:
        authority: as signatures.authority has it. path: the tenant's prefix included.
        spoken: keyid, sequence, created.
    """
    keyid, sequence, created = spoken
    params = _params(keyid, created)
    signed = request_base(authority, path, sequence, body, params)
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(signed, algorithm))
    return {
        "content-type": "application/json",
        "content-digest": content_digest(body),
        "keyturn-sequence": str(sequence),
        "signature-input": f"{LABEL}={params}",
        "signature": signature_header(r.to_bytes(_HALF) + s.to_bytes(_HALF)),
    }


def request_base(authority: str, path: str, sequence: int, body: bytes, params: str) -> bytes:
    """What is signed (RFC 9421 §2.5)."""
    components: Sequence[tuple[str, str]] = (
        ('"@method"', METHOD), ('"@authority"', authority), ('"@path"', path),
        ('"content-digest"', content_digest(body)), ('"keyturn-sequence"', str(sequence)),
    )  # fmt: skip
    return signature_base(components, params)


def _params(keyid: str, created: int) -> str:
    return (
        f'{_COVERED};created={created};keyid="{keyid}";alg="ecdsa-p256-sha256";tag="keyturn-phone"'
    )


def read(headers: Headers) -> Spoken:
    """What a request's headers say. Raises Forged ("missing", "covered", "headers").

    Args:
        headers: with lower-case names; one that came twice is joined by a comma.
    """
    signature = claimed_signature(headers)
    found = _INPUT.fullmatch(headers.get("signature-input", ""))
    if found is None:
        raise Forged("covered")
    number = headers.get("keyturn-sequence", "")
    if not _NUMBER.fullmatch(number):
        raise Forged("headers")
    return Spoken(found[3], int(number), int(found[2]), signature)


def verify(key: str, authority: str, path: str, headers: Headers, body: bytes) -> Spoken:
    """What a request's headers say, and its key vouches for.

    Args:
        key: the public key that must have signed it, as `point` writes it.
        authority: of the origin that it was sent to; path: as it was asked for.

    Raises:
        Forged: also "digest" (another body), "signature".
    """
    spoken = read(headers)
    if headers.get("content-digest") != content_digest(body):
        raise Forged("digest")
    params = _params(spoken.keyid, spoken.created)
    signed = request_base(authority, path, spoken.sequence, body, params)
    r, s = (int.from_bytes(spoken.signature[at : at + _HALF]) for at in (0, _HALF))
    public = key_of(key)
    if public is None:
        raise Forged("signature")
    try:
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Forged("signature") from None
    return spoken
