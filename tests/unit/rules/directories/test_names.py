"""The name of a domain, as an administrator types it."""

from __future__ import annotations

import pytest

from keyturn.rules.directories.names import LONGEST, Unnamed, domain

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("corp.example.test", "corp.example.test"),
        ("  CORP.Example.test.\n", "corp.example.test"),
        ("ad_1.x-y.test", "ad_1.x-y.test"),
        ("10.example", "10.example"),
        (f"{LABEL}.{LABEL}.{LABEL}.{'b' * 61}", f"{LABEL}.{LABEL}.{LABEL}.{'b' * 61}"),
    ],
)
def test_a_dns_name_is_taken_in_its_usual_form(typed: str, name: str) -> None:
    assert domain(typed) == name


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", Unnamed.EMPTY),
        (" . ", Unnamed.EMPTY),
        ("CORP", Unnamed.SHORT),
        ("localhost.", Unnamed.SHORT),
        ("192.0.2.1", Unnamed.ADDRESS),
        ("2001:db8::1", Unnamed.ADDRESS),
        ("ann@corp.example.test", Unnamed.ACCOUNT),
        ("CORP\\ann", Unnamed.ACCOUNT),
        ("corp..test", Unnamed.MALFORMED),
        ("-corp.test", Unnamed.MALFORMED),
        ("corp-.test", Unnamed.MALFORMED),
        ("corp example.test", Unnamed.MALFORMED),
        ("bücher.test", Unnamed.MALFORMED),
        (f"{LABEL}a.test", Unnamed.MALFORMED),
        (f"{LABEL}.{LABEL}.{LABEL}.{'b' * 62}", Unnamed.MALFORMED),
    ],
)
def test_what_is_no_domains_name_is_refused_with_its_reason(typed: str, why: Unnamed) -> None:
    assert domain(typed) is why


def test_the_longest_name_is_dns_own() -> None:
    assert len(f"{LABEL}.{LABEL}.{LABEL}.{'b' * 61}") == LONGEST
