"""Which language somebody reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.languages import LANGUAGES, of_mail, of_page, wanted


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, None),
        ("", None),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("en;q=0.5,de;q=0.5", "en"),
        ("de;q=0, en;q=0.001", "en"),
        ("de;q=0", None),
        ("de ; q=1.000\t,en", "de"),
        (",, de,", "de"),
        ("*", None),
        ("fr", None),
        ("den", None),
        ("en_GB", None),
        ("de;q=1.1", None),
        ("de;q=0.1234, en", None),
        ("de;q=-1", None),
        ("de;level=1", None),
        ("de q=1", None),
        ("de\x00", None),
        ("\u00a0de", None),
        ("de;q=٠", None),
        ("de," * 100, None),
    ],
)
def test_a_browser_is_understood_as_the_standard_says_or_not_at_all(
    header: str | None, language: str | None
) -> None:
    assert wanted(header) == language


@given(st.text())
def test_no_header_leads_anywhere_else(header: str) -> None:
    assert wanted(header) in {None, *LANGUAGES}


@pytest.mark.parametrize(
    ("chosen", "header", "tenant", "language"),
    [
        ("en", "de", "de", "en"),
        ("xx", "de", "en", "de"),
        (None, "fr", "de", "de"),
        (None, None, "de", "de"),
        (None, None, "xx", "en"),
    ],
)
def test_a_choice_goes_before_the_browser_and_the_browser_before_the_tenant(
    chosen: str | None, header: str | None, tenant: str, language: str
) -> None:
    assert of_page(chosen, header, tenant) == language


@pytest.mark.parametrize(
    ("users", "tenant", "language"),
    [("de", "en", "de"), ("", "de", "de"), ("xx", "de", "de"), ("", "xx", "en")],
)
def test_a_mail_speaks_as_its_user_chose(users: str, tenant: str, language: str) -> None:
    assert of_mail(users, tenant) == language
