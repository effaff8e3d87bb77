"""Passwords with the verdict of policies.py, as JSON, for its copy in the browser.

`tools/write_docs.py` writes tests/vectors/directory_policy.json; a test runs it through the
script. What is expected is what `judge` says; that `judge` is right is the business of its
own tests, whose answers were worked out by hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from keyturn.rules.directories.policies import Policy, judge, length, warnings

_SHAPE = (
    "Made by tools/write_docs.py from rules/directories/vectors.py. Change that, not this. "
    "cases: {policy: {min_length, complexity}, name, display, password, "
    "length (UTF-16 code units), complaints: [{fault, limit, found, word}] in this order, "
    "warnings: [...] in this order}. Faults: too_short (limit), too_long (limit), "
    "too_simple (limit, found), has_name (word), not_text (alone). Warnings: starts-with-space, "
    "ends-with-space, no-break-space, line-end. No vector holds half a surrogate pair: JSON "
    "cannot carry it; a judge must answer not_text to one all the same."
)

_ADA = ("ada", "Ada M. Lovelace-King, R&D #7")
_PASSWORDS = (
    "", "aB1", "aaaaaaaaaaaa", "Aaaaaaaaaaaa", "Aaaaaaaaaaa1", "aaaaaaaaaa-1", "AAAAAAAAAA-1",
    "aB1-", "Short1-", "Longer1-", "rainy tuesday", "Rainy Tuesday", "Rainy Tuesday 4",
    "1234567890-", "1234567890", "\u20ac\u20ac\u20acabc123", "\u20ac\u20ac\u20acABC123",
    "\u0661\u0662\u0663abcABC", "stra\u00dfe-\u00dcber", "\u5c71\u7530\u306e\u5e03\u56e3\u30681a",
    "\u5c71\u7530\u306e\u5e03\u56e3\u3068\u732b\u3060",
    "\u0416\u0436\u0436\u0436\u0436\u0436\u0436-",
    "\U0001f600\U0001f600\U0001f600Ab1", "\U0001f600\U0001f600Ab1", "\u01c5\u01c5a1bcdef",
    "Ada-likes-tea-9", "likes-aDa-9-Tea", "king-of-Tea-9x", "Lovelace9-tea", "LOVELACE9-tea",
    "Lovela-9-tea", "M.-and-R&D-9", "Tea-R&D-2024", "lovelace-king-9A", "Ad-a-likes-tea-9",
    " Leading-9", "Trailing-9 ", "\tTabbed-9a", "In the-middle-9", "No\u00a0break-9a",
    "Narrow\u202fspace-9", "Zero\ufeffwidth-9", "Line\nend-9-a", "Pasted-line-9\r\n",
    "Paragraph\u2029-9a", "Next\u0085line-9a", "nul\0inside-9A", "e\u0301cole-9A-x",
    "\u00e9cole-9A-x", "Aa1-" * 64, "Aa1-" * 64 + "x", "\U0001f600" * 126 + "Aa1-",
    "\U0001f600" * 127 + "Aa1-",
)  # fmt: skip
_POLICIES = ((7, True), (15, True), (8, False), (0, False), (0, True))
_NAMED = (
    ("ab", "", "xxab-9A-yy"), ("abc", "", "xxABC-9-yy"), ("abc", "abc", "xxABC-9-yy"),
    ("j.doe", "J. Doe", "J.Doe-2024"), ("j.doe", "J. Doe", "I-am-doe-24"),
    ("x", "\tJo\tDoe_x#yz1", "Yz1-doe-9"),
    ("\u00dcmit", "\u00dcmit \u00c7elik", "\u00fcmit-9-Ax"),
    ("\u00dcmit", "\u00dcmit \u00c7elik", "u\u0308mit-9-Ax"),
    ("so", "", "so-9-So-9"), ("", "", "Empty-name-9"), ("s", "---", "Only-signs-9"),
)  # fmt: skip


def as_json() -> str:
    """The text of tests/vectors/directory_policy.json."""
    cases = [
        *(_case(at_least, many, *_ADA, p) for at_least, many in _POLICIES for p in _PASSWORDS),
        *(_case(7, True, name, display, p) for name, display, p in _NAMED),
    ]
    return json.dumps({"about": _SHAPE, "cases": cases}, indent=1) + "\n"


def _case(min_length: int, complexity: bool, name: str, display: str, password: str) -> object:
    policy = Policy("domain", min_length, complexity, 24, False, 0, 0, 0, 0, 0)
    return {
        "policy": {"min_length": min_length, "complexity": complexity},
        "name": name,
        "display": display,
        "password": password,
        "length": length(password),
        "complaints": [asdict(complaint) for complaint in judge(policy, password, name, display)],
        "warnings": list(warnings(password)),
    }
