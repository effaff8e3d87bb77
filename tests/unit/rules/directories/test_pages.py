"""The page of a job's life says what its table says."""

from __future__ import annotations

from pathlib import Path

from keyturn.rules.directories.pages import PATH, WORDS, as_markdown
from keyturn.rules.directories.resets import TABLE, JobState

ROOT = Path(__file__).parents[4]


def test_the_page_on_disk_is_what_the_table_says() -> None:
    assert (ROOT / PATH).read_text("utf-8") == as_markdown()


def test_every_way_and_every_state_stands_in_it() -> None:
    page = as_markdown()
    assert all(f"{a} --> {b}: {what}" in page for (a, what), b in TABLE.items())
    assert set(WORDS) == set(JobState)
