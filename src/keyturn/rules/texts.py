"""Why a text did not arrive: the few reasons that gateways tell apart, in one vocabulary.

Each gateway has codes of its own.  Its driver turns those it is sure of into one of these
reasons and puts it before the gateway's own words, "unknown-number: 30005 …", so that
diagnosis can tell causes apart without knowing gateways.  Where a gateway only says "not
delivered", no reason is made up.
"""

from __future__ import annotations

import re
from enum import StrEnum

#: fewer digits prove nothing
LEAST_DIGITS = 7


class Reason(StrEnum):
    """What keeps a text from its phone."""

    UNREACHABLE = "unreachable"  # switched off, out of reach, full
    UNKNOWN = "unknown-number"  # nobody has the number (any more)
    LANDLINE = "landline"  # a line that takes no texts
    FILTERED = "filtered"  # the network or the gateway took it for spam
    BARRED = "barred"  # the phone's owner refuses texts of this sender
    NO_ROUTE = "no-route"  # the gateway does not serve that network or country
    SLOW = "too-slow"  # it waited at the gateway until its code was worth nothing
    OURS = "our-account"  # our account, credit or sender at the gateway


def same_number(one: str, other: str) -> bool:
    """Whether two spellings are one phone's: gateways leave out "+", "00" or the country."""
    a, b = (re.sub(r"\D", "", n).lstrip("0") for n in (one, other))
    short, long = sorted((a, b), key=len)
    return len(short) >= LEAST_DIGITS and long.endswith(short)


def told(reason: Reason | None, words: str) -> str:
    """A message's detail: the gateway's words, under the reason if there is one."""
    return words if reason is None else f"{reason}: {words}"


def reason_of(detail: str) -> Reason | None:
    """The reason at the head of a message's detail, or None."""
    head, separator, _ = detail.partition(": ")
    return Reason(head) if separator and head in set(Reason) else None
