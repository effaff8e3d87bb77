"""No colour that a tenant chooses makes a page unreadable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import keyturn.web
from keyturn.web.colours import (
    FALLBACK,
    NEAR_BLACK,
    PAPER,
    contrast,
    luminance,
    parse,
    shades,
    tenant_css,
)

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
CSS = (Path(keyturn.web.__file__).parent / "static/app.css").read_text()
INK = {"light": (0x17, 0x21, 0x2B), "dark": (0xE9, 0xEE, 0xF3)}


@pytest.mark.parametrize("theme", ["light", "dark"])
@given(accent=COLOURS)
@example(accent=(255, 255, 255))
@example(accent=(0, 0, 0))
@example(accent=(255, 213, 0))
def test_every_shade_can_be_read(theme: str, accent: tuple[int, int, int]) -> None:
    made = shades(accent, theme)
    assert contrast(made["accent-ink"], PAPER[theme]) >= 4.5
    assert contrast(made["on-accent"], made["accent"]) >= 4.5
    assert contrast(made["on-accent"], made["accent-deep"]) >= 4.5
    assert contrast(INK[theme], made["accent-tint"]) >= 7


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert shades((0x1F, 0x6F, 0x5C), "light")["accent"] == (0x1F, 0x6F, 0x5C)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
    assert luminance((255, 255, 255)) == pytest.approx(1)


@pytest.mark.parametrize(
    "colour", ["", "red", "#fff", "#12345g", "#1f5f8b;}", "#1f5f8b\n", "url(x)", "＃1f5f8b"]
)
def test_what_is_no_colour_becomes_keyturns_own(colour: str) -> None:
    assert parse(colour) == FALLBACK
    assert tenant_css(colour) == tenant_css("#1f5f8b")


def test_the_stylesheet_gives_both_themes() -> None:
    text = tenant_css("#1f6f5c")
    assert text.count("--accent:") == 3
    assert "@media (prefers-color-scheme:dark){:root{" in text


@pytest.mark.parametrize(("theme", "place"), [("light", 0), ("dark", 1)])
def test_the_grounds_that_shades_are_made_for_are_those_of_the_stylesheet(
    theme: str, place: int
) -> None:
    names = ("sunken", "surface", "paper")
    grounds = [re.findall(rf"--{name}: (#\w+);", CSS)[place] for name in names]
    worst = [contrast(_rgb(ground), INK[theme]) for ground in grounds]
    assert min(worst) >= contrast(PAPER[theme], INK[theme]) - 0.01
    assert INK[theme] == _rgb(re.findall(r"--ink: (#\w+);", CSS)[place])


def test_text_on_a_dark_accent_is_the_stylesheets() -> None:
    assert _rgb(re.findall(r"--on-accent: (#\w+);", CSS)[1]) == NEAR_BLACK


def _rgb(text: str) -> tuple[int, int, int]:
    digits = text[1:] if len(text) == 7 else "".join(2 * c for c in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
