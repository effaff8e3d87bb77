"""The app lock: what it is asked for, and the phone's own lock (finger, face, screen) as its key.

    proof   a PIN's secret                counted (steps/phone_lock.py)
            an answer of the phone's key  to a question of just now, for one thing alone

The key is a WebAuthn credential that the phone's platform holds and uses only once it has made sure
who holds the phone.  It is no passkey of the account: it is listed with none, named otherwise to
its authenticator (`handle` is of the phone), and signs nobody in anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.passkeys import ALGORITHMS, LIFE_MS, Assertion, Party

#: what opens the lock: the secret that stands for the PIN, or what the phone's key has signed
Proof = str | Assertion


class Does(StrEnum):
    """What the lock stands before; the names of the door's operations."""

    UNLOCK = "unlock"
    OFFLINE = "offline"
    PIN = "pin"
    UNBIND = "unbind"
    ANSWER = "answer"
    UNLOCK_ACCOUNT = "unlock-account"
    CHOOSE = "choose"
    SUBMIT = "submit"
    LOCK_KEY = "lock-key"
    LOCK_FORGET = "lock-forget"
    STOP_LOST = "stop-lost"


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that is to be done.

    Attributes:
        about: id of the question, directory, job or recovery; "" where there is but one of it.
    """

    does: Does
    about: str = ""


@dataclass(frozen=True, slots=True)
class LockKey:
    """The phone's own lock, as a key: see ports.passkeys.Attested.

    Attributes:
        made_at: ms.
    """

    credential_id: str
    public_key: str
    sign_count: int
    made_at: int


def creation_options(
    party: Party, challenge: str, handle: str, names: tuple[str, str]
) -> dict[str, object]:  # fmt: skip
    """PublicKeyCredentialCreationOptionsJSON: the platform's own authenticator, which has to make
    sure who it is; not to be found without its id, where the platform can leave it at that.

    Args:
        handle: of the phone, never the account's: a platform keeps one credential of each handle,
            and a passkey of the account's may be there.
        names: of the account and of the phone, as the platform shows them.
    """
    account, phone = names
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": handle, "name": account, "displayName": phone},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "timeout": LIFE_MS,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "authenticatorAttachment": "platform",
            "residentKey": "discouraged",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(party: Party, challenge: str, key: LockKey) -> dict[str, object]:
    """PublicKeyCredentialRequestOptionsJSON for this very key."""
    return {
        "challenge": challenge,
        "timeout": LIFE_MS,
        "rpId": party.id,
        "allowCredentials": [
            {"type": "public-key", "id": key.credential_id, "transports": ["internal"]}
        ],
        "userVerification": "required",
    }
