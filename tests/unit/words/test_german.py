"""German is whole: every page and letter that is shown in it, and no English left in them."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from keyturn.adapters.letters import FOLDER
from tools import words


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The previews of all pages, a script."""
    monkeypatch.syspath_prepend(str(Path(words.__file__).parent))
    return importlib.import_module("preview_pages")


def test_every_place_is_translated_but_those_that_are_named() -> None:
    lacking = {p: t for p, t in words.missing("de").items() if not p.startswith(words.NOT_YET)}
    assert lacking == {}


def test_no_english_is_left_on_a_page_in_german(preview: ModuleType) -> None:
    assert preview.left("", "de") == {}


def test_all_pages_are_shown_in_german(preview: ModuleType) -> None:
    assert set(preview.PAGES) == set(preview.render("", "de"))


def test_looks_and_addresses_are_the_same_in_both(preview: ModuleType) -> None:
    code = re.compile(r'\s(?:class|id|name|href|action|for|type|aria-labelledby)="[^"]*"')
    english, german = preview.render(""), preview.render("", "de")
    assert {n: code.findall(page) for n, page in german.items()} == {
        n: code.findall(english[n]) for n in german
    }


def test_a_place_that_is_not_translated_yet_exists() -> None:
    places = [place for place, _ in words.sources()]
    for begins in words.NOT_YET:
        assert any(place.startswith(begins) for place in places), begins
    assert FOLDER.is_dir()
