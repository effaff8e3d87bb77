"""Which language somebody reads.

On a page: what was chosen in this browser, else what the browser asks for (Accept-Language,
RFC 9110 §12.5.4), else the tenant's. In a mail: what the user chose, else the tenant's.
Nothing of it depends on whether an account exists.
"""

from __future__ import annotations

import re
from typing import Final

ENGLISH: Final = "en"
#: by code (BCP 47), as each calls itself
LANGUAGES: Final = {ENGLISH: "English", "de": "Deutsch"}

#: more than any browser sends; what is longer is not read at all
_LENGTH_MAX: Final = 200
_ITEM = re.compile(
    r"(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


def known(language: str | None) -> str | None:
    """The language if it is one of ours, else None."""
    return language if language in LANGUAGES else None


def wanted(header: str | None) -> str | None:
    """The language of ours that an Accept-Language header likes best.

    Of equal ones the first. A header that is not what RFC 9110 says is as none: None, as
    for one that names no language of ours; "*" names none.
    """
    if not header or len(header) > _LENGTH_MAX:
        return None
    best, weight = None, 0
    for item in header.split(","):
        if not item.strip(" \t"):
            continue  # empty items are to be ignored (RFC 9110 §5.6.1)
        match = _ITEM.fullmatch(item.strip(" \t"))
        if match is None:
            return None
        language = known(match[1].lower().partition("-")[0])
        told = round(float(match[2] or "1") * 1000)
        if language and told > weight:
            best, weight = language, told
    return best


def of_page(chosen: str | None, header: str | None, tenant: str) -> str:
    """The language of a page: chosen in the browser, else asked for, else the tenant's."""
    return known(chosen) or wanted(header) or known(tenant) or ENGLISH


def of_mail(users: str, tenant: str) -> str:
    """The language of a mail or text: the user's ("" for none chosen), else the tenant's."""
    return known(users) or known(tenant) or ENGLISH
