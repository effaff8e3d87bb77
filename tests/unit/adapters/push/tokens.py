"""VAPID's Authorization field, as a push service reads it (RFC 8292)."""

from __future__ import annotations

import json
import re

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.unit.adapters.push.rfc8188 import raw

_FIELD = re.compile(r"vapid t=([\w-]+\.[\w-]+)\.([\w-]{86}), k=([\w-]{87})", re.ASCII)


def claims(field: str) -> tuple[str, dict[str, object]]:
    """Whose key (k), and what it says. Raises ValueError, InvalidSignature."""
    found = _FIELD.fullmatch(field)
    if found is None:
        raise ValueError(field)
    signed, signature, key = found.groups()
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(key))
    r, s = (int.from_bytes(half) for half in (raw(signature)[:32], raw(signature)[32:]))
    public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    head, body = (json.loads(raw(part)) for part in signed.split("."))
    if head != {"typ": "JWT", "alg": "ES256"}:
        raise ValueError(head)
    return key, body
