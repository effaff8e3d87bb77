"""What the code to scan carries: an address of the app with everything behind its #.

    …/app/#1.01JD0000000000000000000000.secret.installation.directories

    part            what
    ------------    -------------------------------------------------------------------
    1               version; an app that does not know it asks to be loaded anew
    01JD…           the code's id, a ULID: 26 letters of Crockford's alphabet, capitals
    secret          128 random bits
    installation    fingerprint of the installation's signing key
    directories     fingerprint of the identity keys of the tenant's directories, with their ids

The last three are 16 bytes each, in base64url without padding: 22 letters, of which the last can
be A, Q, g or w alone (RFC 4648 §3.5: no second spelling of the same bytes).  What stands behind #
is sent to no server and reaches no log.

One fingerprint stands for all directories, so that the code stays small however many there are:
the app asks for the list in its first signed answer, and takes it only if the fingerprint is
right.  Fingerprints are the first 16 bytes of SHA-256: to put another key in the place of one
takes 2^128 tries.

The app reads the same (tests/vectors/enrolment_address.json).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VERSION: Final = "1"
PART_BYTES: Final = 16
#: longest fragment that is looked at
MOST: Final = 200

_PART = r"([A-Za-z0-9_-]{21}[AQgw])"
_SHAPE: Final = re.compile(
    rf"1\.([0-7][0-9A-HJKMNP-TV-Z]{{25}})\.{_PART}\.{_PART}\.{_PART}", re.ASCII
)
_VERSIONED: Final = re.compile(r"[1-9][0-9]{0,3}\..*", re.ASCII | re.DOTALL)
_MAGIC = b"keyturn-pin-v1\0"


class Unread(StrEnum):
    """Why a fragment is not taken."""

    SHAPE = "shape"  # no code of Keyturn's, or a damaged one
    VERSION = "version"  # made by a newer Keyturn: load the app anew


@dataclass(frozen=True, slots=True)
class Content:
    """What was scanned; base64url but for `code_id`."""

    code_id: str
    secret: str
    installation: str
    directories: str


def fragment(content: Content) -> str:
    """What stands behind #. Raises ValueError for parts of another shape."""
    parts = (VERSION, content.code_id, content.secret, content.installation, content.directories)
    text = ".".join(parts)
    if not _SHAPE.fullmatch(text):
        msg = "a ULID and three parts of 16 bytes are needed"
        raise ValueError(msg)
    return text


def read(text: str) -> Content | Unread:
    """A fragment, read strictly, without its #."""
    if len(text) > MOST:
        return Unread.SHAPE
    found = _SHAPE.fullmatch(text)
    if found:
        return Content(*found.groups())
    other = _VERSIONED.fullmatch(text) and not text.startswith(f"{VERSION}.")
    return Unread.VERSION if other else Unread.SHAPE


def part(data: bytes) -> str:
    """Sixteen bytes as they are written. Raises ValueError for another number of them."""
    if len(data) != PART_BYTES:
        msg = f"{PART_BYTES} bytes are needed"
        raise ValueError(msg)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def installation_pin(key: bytes) -> str:
    """The fingerprint of the installation's signing key (Ed25519 public, 32 bytes)."""
    return _pin(b"installation", [("", key)])


def directories_pin(keys: Mapping[str, bytes]) -> str:
    """The fingerprint of the tenant's directories.

    Args:
        keys: identity key (Ed25519 public, 32 bytes) by the directory's id; in any order.
    """
    return _pin(b"directories", sorted(keys.items()))


def _pin(about: bytes, keys: list[tuple[str, bytes]]) -> str:
    """Every part with its length in two bytes, so that no two lists run together."""
    digest = hashlib.sha256(_MAGIC + _counted(about))
    for name, key in keys:
        digest.update(_counted(name.encode()) + _counted(key))
    return part(digest.digest()[:PART_BYTES])


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data
