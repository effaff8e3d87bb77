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

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.wire.phones import SCHEME, signature_of

_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)


def sign(key: ec.EllipticCurvePrivateKey, statement: bytes) -> str:
    """The signature, as the app's script makes it."""
    return base64.urlsafe_b64encode(signature_of(key, statement)).decode().rstrip("=")


def signed(key: str, statement: bytes, signature: str) -> bool:
    """Whether this key has signed this statement.

    Args:
        key: as phones.point writes it. signature: as `sign` does.
    """
    if not _SIGNATURE.fullmatch(signature):
        return False
    return SCHEME.judge(key, statement, base64.urlsafe_b64decode(signature + "=="))
