"""Passkeys: what a browser is asked for, how its answer is read, what a counter tells.

After W3C Web Authentication (WebAuthn) Level 2; the JSON forms are those of Level 3,
§5.1.8 and §5.1.9.  Whether a signature is right is for an adapter to say (ports.passkeys).

    purpose   who is asked                    the person is verified (PIN, finger, face)
    -------   -----------------------------   ------------------------------------------
    signin    anybody, no name is known       required: it is the only proof
    second    after the right password        preferred: two proofs with touch alone
    recover   after the mailed code           preferred: the same
    proof     signed in, once more            required: who sits there is the question
    new       signed in, adds a passkey       preferred
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import Passkey
from keyturn.rules.budgets import Budget
from keyturn.rules.lockout import HOUR, MINUTE


class Purpose(StrEnum):
    """What a passkey is asked for; see the table above."""

    SIGNIN = "signin"
    SECOND = "second"
    RECOVER = "recover"
    PROOF = "proof"
    NEW = "new"


#: purposes for which touch alone does not do
VERIFIED: Final = frozenset({Purpose.SIGNIN, Purpose.PROOF})
#: COSE algorithms (RFC 9053): ES256, EdDSA, RS256, the liked best first
ALGORITHMS: Final = (-7, -8, -257)
#: how long a question stands, and what must be left of it to be asked again
LIFE_MS: Final = 5 * MINUTE
SPARE_MS: Final = MINUTE
#: passkeys of one account
MOST: Final = 20
NAME_MAX: Final = 60
#: questions to nobody in particular, per network: each is a row in the store
ASKED: Final = Budget("passkeys-asked", 3000, HOUR)

#: longest parts of an answer in base64url: credential id (WebAuthn §7.1: 1023 bytes) and the rest
ID_MAX, PART_MAX = 1364, 16_384
_TRANSPORTS = frozenset({"usb", "nfc", "ble", "internal", "hybrid", "smart-card"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks: the relying party.

    Attributes:
        id: the host name that passkeys are bound to.
        origin: scheme and authority that the browser must have been on.
        name: as people read it.
    """

    id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """A new passkey as a browser sent it; base64url throughout."""

    id: str
    client_data: str
    attestation: str
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A use of a passkey as a browser sent it; base64url throughout."""

    id: str
    client_data: str
    authenticator_data: str
    signature: str
    user_handle: str | None


# -- questions


def creation_options(
    party: Party, challenge: str, handle: str, account: str, exclude: Sequence[Passkey]
) -> dict[str, object]:
    """PublicKeyCredentialCreationOptionsJSON.

    Args:
        handle: tells authenticators one account from another; says nothing of the person.
        account: the name by which the person knows the account, shown to choose by.
        exclude: passkeys that there are: an authenticator that holds one makes no second.
    """
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": handle, "name": account, "displayName": account},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "timeout": LIFE_MS,
        "excludeCredentials": [_descriptor(passkey) for passkey in exclude],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "preferred",
        },
        "attestation": "none",
    }


def request_options(
    party: Party, challenge: str, purpose: Purpose, allow: Sequence[Passkey]
) -> dict[str, object]:
    """PublicKeyCredentialRequestOptionsJSON; without `allow` the authenticator offers what
    it has, and nobody learns who has what.
    """
    return {
        "challenge": challenge,
        "timeout": LIFE_MS,
        "rpId": party.id,
        "allowCredentials": [_descriptor(passkey) for passkey in allow],
        "userVerification": "required" if purpose in VERIFIED else "preferred",
    }


def _descriptor(passkey: Passkey) -> dict[str, object]:
    described: dict[str, object] = {"type": "public-key", "id": passkey.credential_id}
    transports = passkey.transports.split()
    return {**described, "transports": transports} if transports else described


# -- answers


def attestation(value: object) -> Attestation | None:
    """A RegistrationResponseJSON, read strictly; None if it is not one."""
    found = _credential(value)
    if found is None:
        return None
    name, response = found
    client_data, made = _parts(response, "clientDataJSON", "attestationObject")
    transports = response.get("transports", [])
    if client_data is None or made is None or not isinstance(transports, list):
        return None
    known = sorted({t for t in transports if isinstance(t, str) and t in _TRANSPORTS})
    return Attestation(name, client_data, made, tuple(known))


def assertion(value: object) -> Assertion | None:
    """An AuthenticationResponseJSON, read strictly; None if it is not one."""
    found = _credential(value)
    if found is None:
        return None
    name, response = found
    parts = _parts(response, "clientDataJSON", "authenticatorData", "signature")
    client_data, authenticator_data, signature = parts
    handle = response.get("userHandle")
    if client_data is None or authenticator_data is None or signature is None:
        return None
    if handle is not None and not _is_base64url(handle, PART_MAX):
        return None
    return Assertion(
        name, client_data, authenticator_data, signature, str(handle) if handle else None
    )


def _credential(value: object) -> tuple[str, Mapping[str, object]] | None:
    """Id and response of a public key credential."""
    if not isinstance(value, Mapping) or value.get("type") != "public-key":
        return None
    name, response = value.get("id"), value.get("response")
    if not _is_base64url(name, ID_MAX) or value.get("rawId", name) != name:
        return None
    return (str(name), response) if isinstance(response, Mapping) else None


def _parts(response: Mapping[str, object], *names: str) -> list[str | None]:
    values = [response.get(name) for name in names]
    return [str(v) if _is_base64url(v, PART_MAX) else None for v in values]


def _is_base64url(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and bool(_BASE64URL.fullmatch(value))


# -- verdicts


def went_back(kept: int, shown: int) -> bool:
    """Whether a signature counter says that a key exists twice (WebAuthn §7.2, step 21).

    Authenticators without a counter always show 0.  All others count up; one that shows no
    more than was seen before is a copy, or the other one is.
    """
    return (kept > 0 or shown > 0) and shown <= kept


# -- names

#: who keeps a passkey, by the authenticator's model; those that most people have
KEEPERS: Final[Mapping[str, str]] = {
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
}


def suggested_name(client_name: str, aaguid: str, taken: Sequence[str]) -> str:
    """A name to begin with: who keeps it, else the browser; numbered where it is taken."""
    plain = KEEPERS.get(aaguid, client_name)[: NAME_MAX - 4].strip() or "Passkey"
    numbered = (f"{plain} {n}" for n in range(2, len(taken) + 3))
    return next(name for name in (plain, *numbered) if name not in taken)


def as_name(typed: str) -> str | None:
    """A passkey's name as typed, with its spaces run together; None if it can be none."""
    name = " ".join(typed.split())
    return name if 0 < len(name) <= NAME_MAX and name.isprintable() else None
