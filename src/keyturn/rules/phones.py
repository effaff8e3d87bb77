"""Whether to send a text to a number, judged by what the numbering plan says of it.

    line                  first time                   the person insists
    --------------------  ---------------------------  ------------------
    mobile, either, voip  send                         send
    landline              ask, may insist              send
    other, unheard of     ask, may not insist          ask, may not insist
    abroad                ask, may not insist          ask, may not insist

Numbering plans are a hint, numbers move between lines: so a person who says that a
"landline" takes texts may be right, and is believed once.  "other" (premium rate, toll
free, pager …) is never sent to: such numbers earn money for whoever asks for texts.  "abroad"
is no line of the plan but a country that the tenant does not text to (rules.destinations).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_TAKES_TEXTS = frozenset({"mobile", "either", "voip"})
_LANDLINE = "landline"
ABROAD = "abroad"


class Alternative(StrEnum):
    """Another way on."""

    OTHER_NUMBER = "other-number"
    VOICE_CALL = "voice-call"
    AUTHENTICATOR = "authenticator"


@dataclass(frozen=True, slots=True)
class MaySend:
    """Send the text."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Say, before anything is sent, that this number takes no texts; offer what does.

    Attributes:
        line: the kind of line, as the numbering plan names it, or ABROAD.
        may_insist: "it does take texts, send it" is one of the answers.
        alternatives: other ways, the nearest first.
    """

    line: str
    may_insist: bool
    alternatives: tuple[Alternative, ...]


def advice(line: str, insisted: bool, voice: bool) -> MaySend | Ask:
    """What to do about a number.

    Args:
        line: `ports.PhoneNumber.line`, or ABROAD.
        insisted: the person was asked about this very number and said that it takes texts.
        voice: the gateway can call a landline and read the code out.
    """
    landline = line == _LANDLINE
    if line in _TAKES_TEXTS or (landline and insisted):
        return MaySend()
    call = (Alternative.VOICE_CALL,) if landline and voice else ()
    ways = (Alternative.OTHER_NUMBER, *call, Alternative.AUTHENTICATOR)
    return Ask(line=line, may_insist=landline, alternatives=ways)


def owed(policy: str, phone: str | None, authenticator: bool) -> bool:
    """Whether a number is to be given before the account is used any further.

    Args:
        policy: `TenantPolicy.phone`.
        authenticator: one is set up; it stands in for a number that takes no texts.
    """
    return policy == "required" and phone is None and not authenticator
