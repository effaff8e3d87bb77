"""The names people are known by: e-mail addresses, user names, phone numbers, display names.

Two doors, two habits.  *Signing in* is generous: `canonical` maps whatever spelling was
typed to the one spelling under which a name is stored and counted, so that no second
spelling of a name has a lane of its own.  *Registering* is strict: `parse_email`,
`parse_username` and `display_name` take what is plainly right and name what is not;
they never repair silently, because a repaired name is a name nobody typed.

Whatever is stored as an identifier is stored as `canonical` writes it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

NAME_MAX = 254
LOCAL_MAX = 64
LABEL_MAX = 63
USERNAME_MIN = 2
USERNAME_MAX = 64
DISPLAY_MAX = 100

#: characters that are seen by nobody although Unicode does not call them format characters
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0") | {
    chr(point) for point in range(0xFE00, 0xFE10)
}
#: joiners that names in Persian, Sinhala and others need
_JOINERS = frozenset("\u200c\u200d")
#: control, format (bidi, zero width), surrogate and private characters, line and paragraph ends
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

_DIGITS_MIN, _DIGITS_MAX = 7, 15
_PHONE = re.compile(r"\+?[0-9 ()./\u2010\u2013-]+")
_TRUNK = re.compile(r"\( *0 *\)")
_NOT_DIGIT = re.compile(r"[^0-9]")

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_USERNAME = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")

#: ITU-T E.164 country codes of two digits; 1 and 7 have one, all others three
_TWO_DIGITS = frozenset(
    [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ]
)  # fmt: skip


class EmailFault(StrEnum):
    """What is wrong with an e-mail address."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    CONTROL = "control"
    LOOKALIKE = "look-alike"
    NO_AT = "no-at"
    MANY_AT = "many-at"
    LOCAL = "local"
    LOCAL_TOO_LONG = "local-too-long"
    DOMAIN = "domain"
    NO_DOT = "no-dot"


@dataclass(frozen=True, slots=True)
class EmailProblem:
    """Why an address is refused; `character` is the offending one where one can be named."""

    fault: EmailFault
    character: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """An address that may be written to: `local` as typed, `domain` in lower case."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address as it stands in a mail."""
        return f"{self.local}@{self.domain}"

    @property
    def canonical(self) -> str:
        """The spelling under which it is stored as an identifier."""
        return self.address.lower()


class NameFault(StrEnum):
    """What is wrong with a user name or a display name."""

    EMPTY = "empty"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    CHARACTER = "character"
    PHONE = "looks-like-phone"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class NameProblem:
    """Why a name is refused; `character` is the offending one where one can be named."""

    fault: NameFault
    character: str = ""


def canonical(text: str) -> str | None:
    """The one spelling of an identifier typed at sign-in, or None if it can name nobody.

    Outer white space goes, compatibility forms (full width, ligatures) and case are
    folded (Unicode NFKC_Casefold), phone numbers lose their separators:
    "+44 (0)7700 900-123" and "00447700900123" become "+447700900123".  A number without
    a country ("07700 900123") becomes its digits; which country is the flow's question.

    None: empty, longer than 254 characters, or with control, bidi, zero-width or
    otherwise invisible characters.
    """
    text = text.strip()
    if not 0 < len(text) <= NAME_MAX or _unfit(text):
        return None
    folded = _fold(text)
    if not 0 < len(folded) <= NAME_MAX or _unfit(folded):
        return None
    return _phone(folded) or folded


def _fold(text: str) -> str:
    """NFKC_Casefold. Case folding and NFKC each can undo the other's work once."""
    for _ in range(2):
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return text.strip()


def _unfit(text: str, allowed: frozenset[str] = frozenset()) -> str:
    """The first character that no name may hold, or ""."""
    for character in text:
        if character in allowed:
            continue
        if character in _UNSEEN or unicodedata.category(character) in _UNFIT:
            return character
    return ""


def _phone(text: str) -> str | None:
    """`text` as "+" and digits, or as digits alone; None if it is not a phone's shape."""
    if not _PHONE.fullmatch(text):
        return None
    abroad = text.startswith(("+", "00"))
    digits = _NOT_DIGIT.sub("", _TRUNK.sub("", text) if abroad else text)
    if abroad:
        digits = digits.removeprefix("00")
    if not _DIGITS_MIN <= len(digits) <= _DIGITS_MAX:
        return None
    return f"+{digits}" if abroad else digits


def parse_email(text: str) -> Email | EmailProblem:
    """An address in the dot-atom form of RFC 5321, ASCII only.

    A domain in another script is typed as xn--…: a look-alike letter would let somebody
    register a name that reads like another's.  Quoted local parts, address literals and
    domains without a dot are refused; nothing they name is reachable from outside.
    """
    text = text.strip(" ")
    problem = _unmailable(text)
    if problem:
        return problem
    local, _, domain = text.partition("@")
    return _bad_local(local) or _bad_domain(domain.lower()) or Email(local, domain.lower())


def _unmailable(text: str) -> EmailProblem | None:
    """What can be said of an address without looking at its halves."""
    if not text:
        return EmailProblem(EmailFault.EMPTY)
    if len(text) > NAME_MAX:
        return EmailProblem(EmailFault.TOO_LONG)
    for character in text:
        if unicodedata.category(character) == "Cc":
            return EmailProblem(EmailFault.CONTROL, character)
        if not character.isascii():
            return EmailProblem(EmailFault.LOOKALIKE, character)
    if "@" not in text:
        return EmailProblem(EmailFault.NO_AT)
    if text.count("@") > 1:
        return EmailProblem(EmailFault.MANY_AT)
    return None


def _bad_local(local: str) -> EmailProblem | None:
    """RFC 5321 Dot-string: atoms joined by single dots."""
    if len(local) > LOCAL_MAX:
        return EmailProblem(EmailFault.LOCAL_TOO_LONG)
    if all(_ATOM.fullmatch(atom) for atom in local.split(".")):
        return None
    stray = next((c for c in local if c != "." and not _ATOM.fullmatch(c)), "")
    return EmailProblem(EmailFault.LOCAL, stray)


def _bad_domain(domain: str) -> EmailProblem | None:
    """Letters, digits and hyphens (RFC 1123); a last label of digits would be an address."""
    labels = domain.split(".")
    well = all(len(label) <= LABEL_MAX and _LABEL.fullmatch(label) for label in labels)
    if not well or labels[-1].isdigit():
        stray = next((c for c in domain if c not in ".-" and not _LABEL.fullmatch(c)), "")
        return EmailProblem(EmailFault.DOMAIN, stray)
    return EmailProblem(EmailFault.NO_DOT) if len(labels) == 1 else None


def parse_username(text: str) -> str | NameProblem:
    """A user name as typed: 2 to 64 ASCII letters, digits, dots, underlines, hyphens.

    One that reads like a phone number (seven digits or more) is refused: it could take
    the name under which that number's owner signs in.
    """
    if not text:
        return NameProblem(NameFault.EMPTY)
    if len(text) > USERNAME_MAX:
        return NameProblem(NameFault.TOO_LONG)
    if not _USERNAME.fullmatch(text):
        stray = next((c for c in text if c not in "._-" and not _USERNAME.fullmatch(c)), text[0])
        return NameProblem(NameFault.CHARACTER, stray)
    if len(text) < USERNAME_MIN:
        return NameProblem(NameFault.TOO_SHORT)
    return NameProblem(NameFault.PHONE) if _phone(text) else text


def display_name(text: str) -> str | NameProblem:
    """What people read: 1 to 100 characters of any script, NFC, outer spaces off.

    Refused: control characters (CR, LF, NUL, …), bidi controls, invisible characters
    (the two joiners that scripts need are allowed between others), and web addresses:
    this name stands in mails, and a stranger could send one to anybody by signing up.
    """
    if len(text) > 4 * DISPLAY_MAX:
        return NameProblem(NameFault.TOO_LONG)
    stray = _unfit(text, _JOINERS)
    if stray:
        return NameProblem(NameFault.CHARACTER, stray)
    name = unicodedata.normalize("NFC", text).strip()
    if not name.strip("\u200c\u200d "):
        return NameProblem(NameFault.EMPTY)
    if len(name) > DISPLAY_MAX:
        return NameProblem(NameFault.TOO_LONG)
    if "://" in name or "www." in name.lower():
        return NameProblem(NameFault.LINK)
    return name


def masked_email(address: str) -> str:
    """Mask "ada@northwind.test" as "a•••@n•••.test": the owner knows it again, nobody else
    learns it. The number of dots says nothing.
    """
    local, _, domain = address.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{host[:1]}•••.{top}"


def masked_phone(number: str) -> str:
    """Mask "+447700900123" as "+44 •••• ••0123"; short numbers show less of their end."""
    country = _country(number)
    digits = number.removeprefix(f"+{country}")
    shown = 4 if len(digits) > 7 else 2 if len(digits) > 4 else 0  # noqa: PLR2004  see above
    end = digits[len(digits) - shown :]
    return f"+{country} •••• ••{end}" if country else f"•••• ••{end}"


def _country(number: str) -> str:
    """The country code of an E.164 number, without the plus; "" for a local number."""
    if not number.startswith("+"):
        return ""
    if number[1:2] in {"1", "7"}:
        return number[1:2]
    return number[1:3] if number[1:3] in _TWO_DIGITS else number[1:4]
