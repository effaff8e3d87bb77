"""The key by which push services know us (VAPID, RFC 8292).

One key for the installation, derived from the ring's root as the key is that agents pin
(`adapters.agent_keys`): every host has the same one without asking, nobody makes it twice, and
a restored backup has it wherever the ring came back, which no backup is of use without.

Not one for each tenant: a browser has one subscription for each app it installed, made under one
key, and asking for another one there is an error (Push API, `subscribe`). A person of
several tenants has one app. What keeps tenants apart are the rows that subscriptions stand in.

It changes only with the ring's root. Then push services refuse what was subscribed under the
old one (401, 403), and each app subscribes anew when it next sees that the key is another.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keyturn.adapters.push.encryption import CURVE, point
from keyturn.adapters.sealing import KeyRing, derived

_PURPOSE = "keyturn push p256"
#: the curve's order (SEC 2 §2.4.2): keys are the numbers below it
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
#: of the 24 hours that RFC 8292 §2 allows: a clock may be wrong by the other half
LIFE_S = 12 * 3600
_COORDINATE = 32


@dataclass(frozen=True, slots=True)
class VapidKey:
    """A key pair of P-256.

    Attributes:
        contact: mailto: or https: address by which a service's operator reaches ours; None: none
            is named, which some services refuse.
    """

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    contact: str | None = None

    @property
    def public(self) -> str:
        """An uncompressed point, base64url."""
        return _text(point(self.private.public_key()))

    def authorization(self, origin: str, now: int) -> str:
        """The Authorization field for a message to an endpoint (RFC 8292 §3).

        Args:
            origin: the endpoint's.
            now: ms.
        """
        claims: dict[str, str | int] = {"aud": origin, "exp": now // 1000 + LIFE_S}
        if self.contact is not None:
            claims["sub"] = self.contact
        signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
        return f"vapid t={signed}.{_text(self._signature(signed))}, k={self.public}"

    def _signature(self, text: str) -> bytes:
        """ES256: both numbers, 32 octets each (RFC 7518 §3.4)."""
        numbers = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(_COORDINATE) for number in numbers)


def ring_key(ring: KeyRing, contact: str | None = None) -> VapidKey:
    """The installation's key: 512 bits from the ring, taken modulo the order, so that no key is
    likelier than another by more than 2^-256 (FIPS 186-5 A.2.1).
    """
    wide = derived(ring, f"{_PURPOSE} 1") + derived(ring, f"{_PURPOSE} 2")
    number = int.from_bytes(wide) % (_ORDER - 1) + 1
    return VapidKey(ec.derive_private_key(number, CURVE), contact)


def _json(value: dict[str, str] | dict[str, str | int]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
