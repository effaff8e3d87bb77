"""What the documentation points at is there, and what lies beside it is pointed at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
PICTURES = sorted((ROOT / "docs" / "guide" / "images").iterdir())
#: a guide is read on a train
LARGEST, ALL_OF_THEM = 60_000, 1_500_000
_LINK = re.compile(r"""\]\(([^)\s]+)\)|<img[^>]*\ssrc="([^"]+)\"""")
_HEADING = re.compile(r"^#+ (.+)$|<a id=\"([\w-]+)\">", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names of a page's places, as GitHub makes them."""
    found = _HEADING.findall(page.read_text("utf-8"))
    return {
        named or re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title, named in found
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for pair in _LINK.findall(page.read_text("utf-8")):
        link = "".join(pair)
        if re.match(r"[a-z]+:", link):
            continue
        path, _, place = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), link
        assert ROOT in there.parents, link
        if place and there.suffix == ".md":
            assert place in anchors(there), link


def test_the_guides_pictures_are_small_and_all_of_them_are_shown() -> None:
    shown = set(re.findall(r"images/([\w.-]+)", "".join(
        page.read_text("utf-8") for page in (ROOT / "docs" / "guide").glob("*.md")
    )))  # fmt: skip
    assert shown == {one.name for one in PICTURES}
    assert max(one.stat().st_size for one in PICTURES) < LARGEST
    assert sum(one.stat().st_size for one in PICTURES) < ALL_OF_THEM
