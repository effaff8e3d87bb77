"""A tenant's address for alarms: what it may be, and how what goes there is signed.

It is called from within, so it must not be a way in: https only, to addresses that the whole
internet can reach, unless the installation's settings allow others.  What a name leads to is
judged each time it is called, because names change.

Signatures are those of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, moment and
body, so that whoever receives one knows whose it is, can tell an old one, and one that came twice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from keyturn.rules.public_addresses import is_public

#: longest address, characters
LONGEST: Final = 2000
#: of a secret: what HMAC-SHA256 makes use of
SECRET_BYTES: Final = 32
_SCHEME: Final = "https://"
#: stricter than RFC 3986: nothing that two programs could read in two ways
_ADDRESS: Final = re.compile(
    r"https://(?P<login>[!-.0->A-Z^-~]*@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9.])?)"
    r"(:(?P<port>[0-9]{1,5}))?([/?][!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_LAST_PORT: Final = 65_535
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_STANDARD: Final = str.maketrans("-_", "+/")  # RFC 4648 §5 to §4


class Unfit(StrEnum):
    """Why a text is no address for alarms."""

    MALFORMED = "malformed"
    SCHEME = "scheme"  # not https
    LOGIN = "login"  # a name or password in it, which logs would keep
    PRIVATE = "private"  # an address that only some networks can reach


class NoSecret(ValueError):
    """It was not made by `secret`."""


def address(typed: str, *, private: bool) -> str | Unfit:
    """The address as it is called.

    Args:
        private: whether addresses of private networks are allowed.
    """
    text = typed.strip()
    if not text.lower().startswith(_SCHEME):
        return Unfit.SCHEME
    found = _ADDRESS.fullmatch(text)
    if found is None or len(text) > LONGEST or not 0 < int(found["port"] or 1) <= _LAST_PORT:
        return Unfit.MALFORMED
    if found["login"]:
        return Unfit.LOGIN
    if not private and not _may_be_public(_bare(found["host"])):
        return Unfit.PRIVATE
    return _SCHEME + text[len(_SCHEME) :].partition("#")[0]


def _bare(host: str) -> str:
    """Without the brackets around an IPv6 address."""
    return host.strip("[]").lower()


def _may_be_public(host: str) -> bool:
    """False for what is known before any name is looked up."""
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        name = host.rstrip(".").lower()
        return "." in name and not name.endswith((".localhost", ".local", ".internal"))


def host_of(url: str) -> str:
    """Whom it is for, for people: the rest of it may be a secret. "" for what is no address."""
    found = _ADDRESS.fullmatch(url)
    return _bare(found["host"]) if found else ""


def secret(token: str) -> str:
    """As receivers are given it.

    Args:
        token: SECRET_BYTES random bytes, as unpadded base64url.
    """
    return _PREFIX + token.translate(_STANDARD) + "=" * (-len(token) % 4)


def key_of(written: str) -> bytes:
    """What signs, of a secret. Raises NoSecret."""
    if not written.startswith(_PREFIX):
        raise NoSecret
    try:
        return base64.b64decode(written.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise NoSecret from None


def headers(key: bytes, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """What goes with a body that is sent at `at` (ms)."""
    seconds = at // 1000
    signed = f"{message_id}.{seconds}.".encode() + body
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "content-type": "application/json", "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": _VERSION + base64.b64encode(mac).decode(),
    }  # fmt: skip
