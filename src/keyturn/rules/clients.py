"""The name of a browser or app, for people: "Firefox on Windows".

Made from the User-Agent header (RFC 9110 §10.1.5), which anybody may forge and which
goes into mails.  So nothing of the header is ever copied: it only picks names from the
tables below, and whatever looks strange is "an unknown program".
"""

from __future__ import annotations

import re

UNKNOWN = "an unknown program"

#: longest header that is read; the longest of real browsers stay under 400 characters
_LENGTH_MAX = 512
#: what real browsers write: printable ASCII without quotes, markup and escapes
_HONEST = re.compile(r"[A-Za-z0-9 ./;:,()_+\[\]@=&?!#*~%$|-]+")

#: the first token found names the browser: those that pose as others stand before them
_BROWSERS = (
    (r"\b(?:Edg|EdgA|EdgiOS|Edge)/\d", "Edge"),
    (r"\b(?:OPR|OPT|Opera)/\d", "Opera"),
    (r"\bSamsungBrowser/\d", "Samsung Internet"),
    (r"\b(?:Firefox|FxiOS)/\d", "Firefox"),
    (r"\bCriOS/\d", "Chrome"),
    (r"\b(?:Chrome|Chromium|HeadlessChrome)/\d", "Chrome"),
    (r"\bVersion/\d[\d.]* (?:Mobile/\w+ )?Safari/\d", "Safari"),
)
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bWindows NT\b", "Windows"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bMacintosh\b", "macOS"),
    (r"\b(?:Linux|X11)\b", "Linux"),
)


def client_name(user_agent: str) -> str:
    """A short, printable ASCII name out of a fixed set; UNKNOWN for anything strange."""
    if len(user_agent) > _LENGTH_MAX or not _HONEST.fullmatch(user_agent):
        return UNKNOWN
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if not browser or not user_agent.startswith("Mozilla/5.0 ("):
        return UNKNOWN
    return f"{browser} on {system}" if system else browser


def parts(name: str) -> tuple[str, str] | None:
    """Browser and system of a name that `client_name` made; None for any other text."""
    browser, _, system = name.partition(" on ")
    known = any(browser == row for _, row in _BROWSERS) and any(
        system == row for _, row in _SYSTEMS
    )
    return (browser, system) if known else None


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    """The name of the first row whose pattern is found in `text`, or ""."""
    return next((name for pattern, name in table if re.search(pattern, text)), "")
