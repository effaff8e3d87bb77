"""Variable envelope return paths: the address that a mail's bounce comes back to.

    bounce@mail.example  +  message id, tag  =  bounce+ID.TAG@mail.example

Each mail leaves with an envelope sender of its own (RFC 5321 MAIL FROM), so that a report
names its message whatever the far side quotes of it.  The tag is cut from an HMAC of the
id: whoever has not handled that mail cannot make one up, and an address that was altered
names nothing.  "ID.TAG" is also the mail's envelope identifier (RFC 3461 ENVID), which
reports repeat; it finds the message where a report comes to another address.

Mail systems may change the case of a local part: ids and tags are lower case, and are
compared so.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass

PURPOSE = "bounce"
"""The purpose of the HMAC, for Sealer.digest."""

ID_LENGTH = 26
#: 16 letters of base 32 are 80 bits
TAG_BYTES, TAG_LENGTH = 10, 16
#: what is left of the 64 letters of a local part (RFC 5321 §4.5.3.1.1)
LOCAL_MAX = 64 - len("+.") - ID_LENGTH - TAG_LENGTH
_SIGNED = rf"([0-9a-z]{{{ID_LENGTH}}})\.([a-z2-7]{{{TAG_LENGTH}}})"
_ADDRESS = re.compile(rf"[+-]{_SIGNED}@")
_ENVELOPE_ID = re.compile(_SIGNED)
_ANYWHERE = re.compile(rf"(?<![0-9a-z]){_SIGNED}(?![0-9a-z])")
#: a header field longer than that names nobody whom we know
_SEARCHED, _MOST = 2000, 10


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """Where the reports of one mail come back to.

    Attributes:
        address: the envelope sender.
        envelope_id: what reports repeat (RFC 3461 §4.4); needs no xtext encoding.
    """

    address: str
    envelope_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What an address or envelope identifier says; it is true if `genuine`."""

    message_id: str
    tag: str


def return_path(bounces: str, message_id: str, digest: str) -> ReturnPath:
    """The return path of a message.

    Args:
        bounces: the address that takes all of them, e.g. "bounce@mail.example"; its mail
            system delivers "bounce+anything" to it (RFC 5233 calls this a detail).
        digest: the id's HMAC under PURPOSE, unpadded base64url.
    """
    local, _, domain = bounces.rpartition("@")
    signed = f"{message_id}.{_tag(digest)}"
    return ReturnPath(f"{local}+{signed}@{domain}", signed)


def claims(text: str) -> tuple[Claim, ...]:
    """What the addresses in a text say ("Bounces <bounce+ID.TAG@mail.example>, …"): the
    first ten in its first 2,000 characters.
    """
    found = _ADDRESS.finditer(text[:_SEARCHED].lower())
    return tuple(Claim(match[1], match[2]) for match, _ in zip(found, range(_MOST), strict=False))


def claims_anywhere(raw: bytes) -> tuple[Claim, ...]:
    """What the first identifiers in a mail say, wherever they stand: a cheap look before the
    mail is read.
    """
    found = _ANYWHERE.finditer(raw.decode("latin-1").lower())
    return tuple(Claim(match[1], match[2]) for match, _ in zip(found, range(_MOST), strict=False))


def envelope_claim(text: str) -> tuple[Claim, ...]:
    """What an envelope identifier says ("ID.TAG"); nothing for anybody else's."""
    found = _ENVELOPE_ID.fullmatch(text.strip().lower())
    return (Claim(found[1], found[2]),) if found else ()


def genuine(claimed: Claim, digest: str) -> bool:
    """Whether the tag is that of the id's HMAC; takes the same time for every tag."""
    return hmac.compare_digest(claimed.tag, _tag(digest))


def _tag(digest: str) -> str:
    raw = base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    return base64.b32encode(raw[:TAG_BYTES]).decode("ascii").lower()
