"""The text of an SPF record, read by the grammar of RFC 7208 §12."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

VERSION = "v=spf1"
#: longer records than this exist only to hurt: RFC 7208 §3.4 recommends 512 octets of answer
LONGEST = 8192
MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_NEEDS_DOMAIN = frozenset({"include", "exists"})
_TERM = re.compile(
    r"(?P<qualifier>[-+?~]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_CIDR = re.compile(r"(?P<domain>.*?)(/(?P<four>0|[1-9][0-9]?))?(//(?P<six>0|[1-9][0-9]{0,2}))?")
_MACRO = r"%\{[slodiphv](?:0*[1-9][0-9]{0,2})?r?[-.+,/_=]*\}"
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|%[%_-]|[!-$&-~])*", re.IGNORECASE)
_DOMAIN_END = re.compile(
    rf"(?:.*(?:{_MACRO})|.*\.(?=[a-z0-9-]*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?)", re.IGNORECASE
)


class Malformed(Exception):
    """The record breaks the grammar.

    Attributes:
        term: the part of it that does, shortened.
    """

    def __init__(self, term: str) -> None:
        super().__init__(term[:80])
        self.term = term[:80]


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism.

    Attributes:
        text: as written; `qualifier`: "+", "-", "~" or "?".
        domain: a domain-spec, macros and all; "" for the domain being checked.
        network: of ip4 and ip6.
        four, six: prefix lengths of a and mx.
    """

    text: str
    qualifier: str
    name: str
    domain: str = ""
    network: Network | None = None
    four: int = 32
    six: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    """A record. `redirect`: a domain-spec, or ""."""

    terms: tuple[Term, ...]
    redirect: str = ""

    @property
    def has_all(self) -> bool:
        """Whether it says what becomes of everybody else; `redirect` counts for nothing then."""
        return any(term.name == "all" for term in self.terms)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record at all (§4.5)."""
    lowered = text[: len(VERSION) + 1].lower()
    return lowered in {VERSION, f"{VERSION} "}


def parse(text: str) -> Record:
    """A record's terms. Raises Malformed."""
    if len(text) > LONGEST:
        raise Malformed(text)
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text[len(VERSION) :].split(" "):
        modifier = _MODIFIER.fullmatch(word)
        if modifier:
            _modify(modifiers, word, modifier["name"].lower(), modifier["value"])
        elif word:
            terms.append(_mechanism(word))
    return Record(tuple(terms), modifiers.get("redirect", ""))


def _modify(modifiers: dict[str, str], word: str, name: str, value: str) -> None:
    """Unknown modifiers are passed over (§6), but they too must be macro strings."""
    known = name in {"redirect", "exp"}
    if (known and name in modifiers) or not _MACRO_STRING.fullmatch(value):
        raise Malformed(word)
    if known and not _DOMAIN_END.fullmatch(value):
        raise Malformed(word)
    modifiers[name] = value


def _mechanism(word: str) -> Term:
    found = _TERM.fullmatch(word)
    name = found["name"].lower() if found else ""
    if found is None or name not in MECHANISMS:
        raise Malformed(word)
    qualifier, rest = found["qualifier"] or "+", found["rest"]
    if name in {"ip4", "ip6"}:
        return Term(word, qualifier, name, network=_network(word, name, rest))
    if name == "all":
        if rest:
            raise Malformed(word)
        return Term(word, qualifier, name)
    return _with_domain(word, qualifier, name, rest)


def _network(word: str, name: str, rest: str) -> Network:
    """As in ":192.0.2.0/24". Host bits may be set; a prefix may not be padded with zeros."""
    address, slash, prefix = rest.removeprefix(":").partition("/")
    try:
        if not rest.startswith(":") or (slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix)):
            raise Malformed(word)
        network = ipaddress.ip_network(f"{address}{slash}{prefix}", strict=False)
    except ValueError:
        raise Malformed(word) from None
    if network.version != int(name[-1]):
        raise Malformed(word)
    return network


def _with_domain(word: str, qualifier: str, name: str, rest: str) -> Term:
    """include, exists, ptr: a domain; a, mx: perhaps one, and prefixes."""
    prefixes = name in {"a", "mx"}
    found = _CIDR.fullmatch(rest) if prefixes else None
    spec = found["domain"] if found else rest
    domain = spec.removeprefix(":")
    if (domain or spec) and not (spec.startswith(":") and _is_domain(domain)):
        raise Malformed(word)
    if name in _NEEDS_DOMAIN and not domain:
        raise Malformed(word)
    four = int(found["four"] or 32) if found else 32
    six = int(found["six"] or 128) if found else 128
    if four > 32 or six > 128:  # noqa: PLR2004  the bits of an address
        raise Malformed(word)
    return Term(word, qualifier, name, domain, None, four, six)


def _is_domain(text: str) -> bool:
    return bool(_MACRO_STRING.fullmatch(text) and _DOMAIN_END.fullmatch(text))
