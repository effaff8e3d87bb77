"""The page that asks a phone's owner for trust: in their language, and the same in each."""

from __future__ import annotations

import re

import pytest

from keyturn.demo.front import CERTIFICATE, Plan, page
from keyturn.demo.vouching import papers
from keyturn.rules.languages import LANGUAGES

ADDRESS, NOW = "192.168.1.20", 1_700_000_000_000


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    plan = Plan(ADDRESS, 8443, 8080, 8000, papers(tmp_path_factory.mktemp("lan"), ADDRESS, NOW))
    return {language: page(plan, language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_that_is_to_be_compared(
    pages: dict[str, str], language: str
) -> None:
    text = pages[language]
    assert f'<html lang="{language}">' in text
    assert "$" not in text
    assert f'href="{CERTIFICATE}"' in text
    assert text.count(f"https://{ADDRESS}:8443") == 2
    assert text.count("Keyturn demo at") == 2
    assert re.search(r"<code>(?:[0-9A-F]{2}[ <br>]*)+</code>", text)


def test_they_are_built_alike_and_say_it_in_their_own_words(pages: dict[str, str]) -> None:
    built = {language: re.findall(r"</?([a-z0-9]+)", text) for language, text in pages.items()}
    assert len({tuple(tags) for tags in built.values()}) == 1
    headings = [tuple(re.findall(r"<h[12]>(.*?)</h", text)) for text in pages.values()]
    titles = [re.findall(r"<title>(.*?)</title>", text) for text in pages.values()]
    assert len(set(headings)) == len(set(map(tuple, titles))) == len(LANGUAGES)
