"""The troubleshooting pages say what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyturn.rules.diagnosis.catalogue import CAUSES
from keyturn.rules.diagnosis.pages import as_markdown

ROOT = Path(__file__).parents[4]


PAGES = as_markdown()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_on_disk_is_what_the_catalogue_says(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == PAGES[name]


def test_no_page_is_left_over_from_an_older_catalogue() -> None:
    there = {str(p.relative_to(ROOT)) for p in (ROOT / "docs" / "troubleshooting").iterdir()}
    assert there == set(PAGES)


def test_every_cause_has_a_section_and_every_link_leads_to_one() -> None:
    text = "\n".join(PAGES.values())
    sections = set(re.findall(r'<a id="([a-z-]+)">', text))
    assert sections == {c.id.replace(".", "-") for c in CAUSES if not c.strangers}
    assert set(re.findall(r"#([a-z-]+)\)", text)) == sections


def test_no_blank_of_a_template_is_left_in_a_page() -> None:
    assert not re.search(r"\{[a-z_.]+(:time)?\}", "\n".join(PAGES.values()))
