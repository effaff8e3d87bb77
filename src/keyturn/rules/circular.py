"""Circular addresses: a mailbox that opens with the very password that was lost.

Mail at a domain of a connected directory (rules.accounts.TenantPolicy.directory_domains)
is read with the directory's password.  A code mailed there helps nobody who has lost that
one; so such an address must not be the only way back.

A domain has many spellings: case, a dot at its end, letters beyond ASCII or their ASCII form
(IDNA 2003 and 2008 differ for ß and a few others; both count).  Every sub-domain belongs to
its domain: mail there is most likely read in the same way, and a warning too many costs less
than one that is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

DOMAIN_MAX, LABEL_MAX = 253, 63
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
#: what IDNA takes for a dot (RFC 3490 §3.1)
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")
_PREFIX = "xn--"


def is_circular(address: str, domains: Iterable[str]) -> bool:
    """Whether the mailbox of an address belongs to one of the directory's domains.

    Args:
        address: as typed or stored; what is no address belongs to none.
    """
    local, at, domain = address.strip().rpartition("@")
    return bool(local and at) and within(domains)(domain)


def within(domains: Iterable[str]) -> Callable[[str], bool]:
    """What says of a domain whether it is one of these or below one; for many to be asked about."""
    known = frozenset(spelling for domain in domains for spelling in _spellings(domain))

    def holds(domain: str) -> bool:
        return any(one in known for mine in _spellings(domain) for one in _upwards(mine))

    return holds


def is_domain(text: str) -> bool:
    """Whether it can be a mail domain: two labels or more, in whatever script."""
    labels = next(iter(sorted(_spellings(text))), "").split(".")
    plain = all(len(label) <= LABEL_MAX and _LABEL.fullmatch(label) for label in labels)
    return plain and len(labels) > 1 and len(text) <= DOMAIN_MAX and not labels[-1].isdigit()


def _upwards(domain: str) -> Iterator[str]:
    """A domain and all that it is below: "a.b.c", "b.c", "c"."""
    labels = domain.split(".")
    return (".".join(labels[first:]) for first in range(len(labels)))


def _spellings(domain: str) -> frozenset[str]:
    """The ASCII forms of a domain; none of what is no domain.

    What is too long is not even tried: IDNA's work grows with the square of the length
    (CVE-2022-45061), and one character may stand for eighteen.
    """
    if len(domain) > DOMAIN_MAX:
        return frozenset()
    labels = _DOTS.split(domain.strip().rstrip(".。．｡").lower()) if domain.strip() else []
    found = [(_transitional(label), _as_it_stands(label)) for label in labels]
    pairs = list(zip(*found, strict=True))
    return frozenset(".".join(each) for each in pairs if all(each))


def _transitional(label: str) -> str:
    """IDNA 2003: ß is ss."""
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _as_it_stands(label: str) -> str:
    """IDNA 2008: ß is a letter of its own."""
    normal = unicodedata.normalize("NFKC", label)
    if normal.isascii():
        return normal
    if len(normal) > LABEL_MAX:
        return ""
    return _PREFIX + normal.encode("punycode").decode("ascii")
