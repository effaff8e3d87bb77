"""A tenant's support as a card for the phone's address book: vCard 4.0 (RFC 6350).

Whoever is locked out finds no page that they would have to sign in to; a contact in their phone
they do find.  A number is TEL, a mail address EMAIL, a page URL; everything else, and all hours,
is in NOTE.  What is needed of the standard is escaping (§3.4) and folding (§3.2), and no library
that is kept writes its version 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from keyturn.rules.accounts import Contact

TYPE: Final = "text/vcard; charset=utf-8"
#: octets of a line without its end; RFC 6350 §3.2
LINE: Final = 75
_MAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")
_DIGITS = re.compile(r"\+?\d{3,15}")


def card(name: str, uid: str, page: str, promise: str, contacts: Iterable[Contact]) -> bytes:
    """The card.

    Args:
        name: of the tenant. uid: names the card for ever, so that a newer one takes its place.
        page: address of the contact page. promise: what support never does, in words.
        contacts: in the tenant's order.
    """
    every = list(contacts)
    plain = [("UID", uid), ("FN", name), ("ORG", name), *map(_line, every), ("URL", page)]
    notes = "\n".join([*map(_note, every), promise])
    lines = [("VERSION", "4.0"), ("KIND", "org"), *(one for one in plain if one), ("NOTE", notes)]
    whole = [("BEGIN", "VCARD"), *lines, ("END", "VCARD")]
    return b"".join(_folded(f"{key}:{escaped(text)}") for key, text in whole)


def _line(contact: Contact) -> tuple[str, str] | None:
    """The property that a contact is; None: it is words alone."""
    value = contact.value
    if value.startswith("https://"):
        return "URL", value
    if _MAIL.fullmatch(value):
        return "EMAIL;TYPE=work", value
    number = re.sub(r"[\s().-]", "", value)
    return ("TEL;TYPE=work", value) if _DIGITS.fullmatch(number) else None


def _note(contact: Contact) -> str:
    said = f"{contact.label}: {contact.value}"
    return f"{said} ({contact.hours})" if contact.hours else said


def escaped(text: str) -> str:
    """A text as a value: what would end it, or begin another, does not (§3.4). Of line ends one
    kind is left, of other control characters none.
    """
    bare = re.sub(r"\r\n?", "\n", text)
    plain = "".join(c for c in bare if c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f"))
    for given, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        plain = plain.replace(given, written)
    return plain


def _folded(line: str) -> bytes:
    """A line of at most LINE octets, and what goes on after it begins with a space. No character
    is cut in two.
    """
    return b"\r\n ".join(_pieces(line)) + b"\r\n"


def _pieces(line: str) -> Iterator[bytes]:
    piece, room = b"", LINE
    for octets in (c.encode() for c in line):
        if len(piece) + len(octets) > room:
            yield piece
            piece, room = b"", LINE - 1  # the space counts
        piece += octets
    yield piece
