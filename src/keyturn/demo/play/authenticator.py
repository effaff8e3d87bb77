"""An authenticator in software: makes passkeys and uses them, as a phone would.

Its answers have the JSON form that browsers send (WebAuthn Level 3, §5.1.8 and §5.1.9).
Only the demo and tests have one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ES256, EDDSA, RS256 = -7, -8, -257
#: flags of the authenticator data (WebAuthn §6.1)
PRESENT, VERIFIED, SYNCABLE, SYNCED, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
EXPONENT, RSA_BITS = 65537, 2048

Json = dict[str, Any]
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def encode(raw: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """What unpadded base64url stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class Credential:
    """A passkey that the authenticator holds. `handle`: whose it is, as the site named them."""

    id: str
    rp: str
    handle: str
    key: Key
    count: int = 0


@dataclass(slots=True)
class Authenticator:
    """See the module's text.

    Attributes:
        origin: the page it is used on, as its browser says.
        flags: what it says of the person: present, verified, synced.
        counts: it has a counter; synced passkeys have none.
    """

    origin: str
    algorithm: int = ES256
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    aaguid: bytes = bytes(16)
    extra: Mapping[str, object] = field(default_factory=dict)
    held: list[Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, Any]) -> Json:
        """What navigator.credentials.create() answers to these options."""
        seed = f"{len(self.held)}|{options['challenge']}".encode()
        name = encode(hashlib.sha256(seed).digest())
        made = Credential(name, options["rp"]["id"], options["user"]["id"], _key(self.algorithm))
        self.held.append(made)
        data = self._data(made, ATTESTED) + self._attested(made)
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
            "attestationObject": encode(_cbor(statement)),
            "transports": ["internal", "hybrid"],
        }
        return _answer(made, response)

    def get(self, options: Mapping[str, Any]) -> Json:
        """What navigator.credentials.get() answers: the newest passkey that may be used."""
        allowed = [entry["id"] for entry in options["allowCredentials"]]
        fit = [c for c in self.held if c.rp == options["rpId"] and (not allowed or c.id in allowed)]
        return self.use(fit[-1], options["challenge"])

    def use(self, credential: Credential, challenge: str) -> Json:
        """Sign a challenge with one passkey."""
        credential.count += self.counts
        data = self._data(credential)
        client_data = self._client_data("webauthn.get", challenge)
        signed = data + hashlib.sha256(decode(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": encode(data),
            "signature": encode(_sign(credential.key, signed)),
            "userHandle": credential.handle,
        }
        return _answer(credential, response)

    def _client_data(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return encode(json.dumps({**said, **self.extra}).encode())

    def _data(self, credential: Credential, flags: int = 0) -> bytes:
        count = credential.count if self.counts else 0
        site = hashlib.sha256(credential.rp.encode()).digest()
        return site + bytes([self.flags | flags]) + count.to_bytes(4)

    def _attested(self, credential: Credential) -> bytes:
        name = decode(credential.id)
        return self.aaguid + len(name).to_bytes(2) + name + _cbor(_cose(credential.key))


def _answer(credential: Credential, response: Json) -> Json:
    return {
        "id": credential.id,
        "rawId": credential.id,
        "type": "public-key",
        "response": response,
        "clientExtensionResults": {},
    }


def _key(algorithm: int) -> Key:
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(EXPONENT, RSA_BITS)


def _sign(key: Key, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, padding.PKCS1v15(), SHA256())


#: COSE_Key parameters (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4)
_KTY, _ALG, _CRV, _X, _Y, _N, _E = 1, 3, -1, -2, -3, -1, -2
_OKP, _EC2, _RSA, _P256, _ED25519 = 1, 2, 3, 1, 6
_COORDINATE: Final = 32
#: additional information of a CBOR head: the number is in the byte that follows
_ONE_MORE: Final = 24


def _cose(key: Key) -> dict[int, int | bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = point.x.to_bytes(_COORDINATE), point.y.to_bytes(_COORDINATE)
        return {_KTY: _EC2, _ALG: ES256, _CRV: _P256, _X: x, _Y: y}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        return {_KTY: _OKP, _ALG: EDDSA, _CRV: _ED25519, _X: raw}
    numbers = key.public_key().public_numbers()
    return {
        _KTY: _RSA, _ALG: RS256, _N: numbers.n.to_bytes(RSA_BITS // 8), _E: numbers.e.to_bytes(3),
    }  # fmt: skip


def _cbor(value: int | bytes | str | Mapping[Any, Any]) -> bytes:
    """The few kinds of CBOR (RFC 8949) that are needed, in their shortest form."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    return _head(5, len(value)) + b"".join(_cbor(k) + _cbor(v) for k, v in value.items())


def _head(major: int, number: int) -> bytes:
    """The kind, and a number in the first byte itself, in one more or in two more."""
    if number < _ONE_MORE:
        return bytes([major << 5 | number])
    size = 1 if number < 1 << 8 else 2
    return bytes([major << 5 | _ONE_MORE + size - 1]) + number.to_bytes(size)
