"""The name of a domain, as an administrator types it.

An agent finds controllers by the domain's DNS name, and their certificates carry it.  The
short (NetBIOS) name, "CORP", is not looked up in DNS, and a domain whose only name is such a
label (single-label domains) is one of the causes of resets that never arrive.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

#: longest DNS name (RFC 1035 §2.3.4), without the root's dot
LONGEST: Final = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class Unnamed(StrEnum):
    """Why a text is no domain's name."""

    EMPTY = "empty"
    SHORT = "short"  # one label: a NetBIOS name, or a single-label domain
    ADDRESS = "address"  # an IP address names a host, no domain
    ACCOUNT = "account"  # somebody's account: user@domain, DOMAIN\user
    MALFORMED = "malformed"


def domain(typed: str) -> str | Unnamed:
    """The domain's DNS name, lower case, without the last dot."""
    name = typed.strip().lower().removesuffix(".")
    if not name:
        return Unnamed.EMPTY
    if "@" in name or "\\" in name:
        return Unnamed.ACCOUNT
    labels = name.split(".")
    if len(name) > LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        return Unnamed.ADDRESS if ":" in name else Unnamed.MALFORMED
    if labels[-1].isdigit():
        return Unnamed.ADDRESS
    return Unnamed.SHORT if len(labels) == 1 else name
