"""A phone's signature over what it showed and what was said (rules/approvals.statement).

ECDSA on P-256 with SHA-256, r and s one after the other in 32 bytes each (RFC 9421 §3.3.4), as
WebCrypto writes it, in base64url without padding: 86 letters.  The key is the one that signs the
phone's requests (phones.py); an answer has a signature of its own, because it is what was approved
that is vouched for, whichever request brings it.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from keyturn.wire.phones import key_of
from keyturn.wire.signatures import SIGNATURE_BYTES

_HALF: Final = SIGNATURE_BYTES // 2
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)


def sign(key: ec.EllipticCurvePrivateKey, statement: bytes) -> str:
    """The signature, as the app's script makes it."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(statement, algorithm))
    raw = r.to_bytes(_HALF) + s.to_bytes(_HALF)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(key: str, statement: bytes, signature: str) -> bool:
    """Whether this key has signed this statement.

    Args:
        key: as phones.point writes it. signature: as `sign` does.
    """
    public = key_of(key)
    if public is None or not _SIGNATURE.fullmatch(signature):
        return False
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = (int.from_bytes(raw[at : at + _HALF]) for at in (0, _HALF))
    try:
        public.verify(encode_dss_signature(r, s), statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
