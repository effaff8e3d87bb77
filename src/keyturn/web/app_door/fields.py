"""The fields of what phones say; how a body is read stands in web/signed/fields.py."""

from __future__ import annotations

from typing import Final

from keyturn.flows.phone_push import Wanted
from keyturn.rules import passkeys, pushing
from keyturn.rules.app_lock import Proof
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.passkeys import Attestation
from keyturn.rules.phone_checks import seen
from keyturn.rules.phone_checks.seen import Seen
from keyturn.web.sealed import envelopes
from keyturn.web.signed.fields import ID, Field, read, shaped, text

__all__ = [
    "CURSOR", "ENVELOPES", "HANDLE", "ID", "KEY", "MADE", "PIN", "PROOF", "SECRET", "SEEN",
    "SUBSCRIPTION", "Field", "read", "shaped", "text",
]  # fmt: skip

#: longest address of a subscription; those of browsers' makers are under 700 characters
ENDPOINT_MAX: Final = 2048
#: a directory has a handful of agents
ENVELOPES_MOST: Final = 16


def _seen(value: object) -> Seen:
    """What a phone found out about itself."""
    found = seen.read(value) if isinstance(value, dict) else None
    if found is None:
        raise ValueError
    return found


#: ECDSA P-256 (wire/phones.key_of says whether it is one); was verified by the signature
KEY: Final = shaped(r"[A-Za-z0-9_-]{87}")
#: 16 and 32 bytes
SECRET: Final = shaped(r"[A-Za-z0-9_-]{22}")
#: of a session
HANDLE: Final = shaped(r"[A-Za-z0-9_-]{43}")
CURSOR: Final = shaped(r"[0-9a-z]{26}", needed=False)
SEEN: Final = Field(_seen)
PIN: Final = r"[A-Za-z0-9_-]{43}"


def _subscription(value: object) -> Wanted:
    """PushSubscription.toJSON(); whether its service is an allowed one is seen when it is used."""
    if not isinstance(value, dict) or not set(value) <= {"endpoint", "expirationTime", "keys"}:
        raise ValueError
    keys = value.get("keys")
    if not isinstance(keys, dict) or set(keys) != {"p256dh", "auth"}:
        raise ValueError
    texts = [text(ENDPOINT_MAX).read(one) for one in (value.get("endpoint"), *keys.values())]
    wanted = Wanted(texts[0], keys["p256dh"], keys["auth"])
    if pushing.subscription(wanted.endpoint, wanted.p256dh, wanted.auth) is None:
        raise ValueError
    return wanted


def _proof(value: object) -> Proof:
    """{"pin": …}: the app lock's secret; {"key": …}: what the phone's own lock has signed."""
    if not isinstance(value, dict) or set(value) not in ({"pin"}, {"key"}):
        raise ValueError
    if "pin" in value:
        pin: str = shaped(PIN).read(value["pin"])
        return pin
    signed = passkeys.assertion(value["key"])
    if signed is None:
        raise ValueError
    return signed


def _made(value: object) -> Attestation:
    """What a platform has made."""
    made = passkeys.attestation(value)
    if made is None:
        raise ValueError
    return made


def _envelopes(value: object) -> tuple[Envelope, ...]:
    """What static/seal.js makes."""
    found = envelopes(value)
    if not 1 <= len(found) <= ENVELOPES_MOST:
        raise ValueError
    return found


SUBSCRIPTION: Final = Field(_subscription)
#: a sealed password; whether each fits an agent is seen where they are taken
ENVELOPES: Final = Field(_envelopes)
#: may be left out: then the answer says whether a lock is set
PROOF: Final = Field(_proof, needed=False)
MADE: Final = Field(_made)
