"""The alphabets of texts (3GPP TS 23.038 §6.2) and how long ones are split (TS 23.040 §9.2.3.24.1).

    alphabet   one text   each part of several   (a part gives up room to its header)
    default    160        153                    septets; ten characters take two
    UCS-2      70         67                     16-bit units; an emoji takes two

A character is never torn apart, nor the lines of a text made to differ between alphabets:
one character outside the default alphabet sends the whole text as UCS-2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: The default alphabet in the order of its codes; 0x1B is the escape to the extension.
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
#: These take two places each.
EXTENDED = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
    "|": 0x40, "€": 0x65,
}  # fmt: skip
BASIC = frozenset(TABLE) - {"\x1b"}
EXTENSION = frozenset(EXTENDED)
_CODES = {
    **{c: bytes([at]) for at, c in enumerate(TABLE) if at != ESCAPE},
    **{c: bytes([ESCAPE, code]) for c, code in EXTENDED.items()},
}

SEPTETS, SEPTETS_OF_PART = 160, 153
OCTETS, OCTETS_OF_PART = 140, 134
MOST_PARTS = 255
#: data_coding of SMPP (5.2.19) and TP-DCS: the SMSC's default alphabet, and UCS-2
DEFAULT, UCS2 = 0x00, 0x08


class TooLong(Exception):
    """The text needs more than 255 parts."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as it goes over the air.

    Attributes:
        coding: DEFAULT (one octet for each septet, unpacked) or UCS2 (big endian).
        parts: one for a short text; else each begins with its user data header.
    """

    coding: int
    parts: tuple[bytes, ...]

    @property
    def split(self) -> bool:
        """Whether the parts carry headers."""
        return len(self.parts) > 1


def fits(text: str) -> bool:
    """Whether `text` can be sent in the default alphabet; else it goes as UCS-2."""
    return set(text) <= BASIC | EXTENSION


def encode(text: str, number: int) -> Encoded:
    """`text` in the smaller alphabet that has all of it, in as few parts as it takes.

    Args:
        number: what tells the parts of this text from those of another to the same
            phone; its lowest eight bits count.

    Raises TooLong.
    """
    if fits(text):
        units, one, each = [_CODES[c] for c in text], SEPTETS, SEPTETS_OF_PART
        coding = DEFAULT
    else:
        units, one, each = [_ucs2(c) for c in text], OCTETS, OCTETS_OF_PART
        coding = UCS2
    whole = b"".join(units)
    if len(whole) <= one:
        return Encoded(coding, (whole,))
    pieces = tuple(_filled(units, each))
    if len(pieces) > MOST_PARTS:
        raise TooLong
    headed = (
        bytes([5, 0, 3, number & 0xFF, len(pieces), at]) + piece
        for at, piece in enumerate(pieces, start=1)
    )
    return Encoded(coding, tuple(headed))


def _ucs2(character: str) -> bytes:
    """UTF-16, which phones read as UCS-2 with emoji; half an emoji becomes "?"."""
    return character.encode("utf-16-be", "replace")


def _filled(units: list[bytes], most: int) -> Iterator[bytes]:
    """The units in order, as many in each part as have room."""
    part = b""
    for unit in units:
        if len(part) + len(unit) > most:
            yield part
            part = b""
        part += unit
    yield part


def decode(coded: Encoded) -> str:
    """What a phone shows. Raises ValueError for octets that are no text."""
    bare = [part[6:] if coded.split else part for part in coded.parts]
    if coded.coding == UCS2:
        return b"".join(bare).decode("utf-16-be")
    return "".join(map(_septets, bare))


def _septets(octets: bytes) -> str:
    extended = {code: c for c, code in EXTENDED.items()}
    shown, escaped = [], False
    for octet in octets:
        if octet == ESCAPE and not escaped:
            escaped = True
            continue
        shown.append(extended.get(octet, " ") if escaped else TABLE[octet & 0x7F])
        escaped = False
    return "".join(shown)
