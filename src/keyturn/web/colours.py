"""A tenant's colour, made readable.

A tenant chooses any colour it likes; pages need it as a button's ground, as a link's
ink and as a pale tint, on light paper and on dark.  Each shade is the tenant's colour
made darker or lighter just as far as WCAG 2.2 asks (4.5:1 for text, 1.4.3), so
that no choice of colour can make a page unreadable.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator

Rgb = tuple[int, int, int]

BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)
#: the darkest ground that accent text stands on in the light theme, and the lightest
#: in the dark one; app.css must not go beyond them (--sunken)
PAPER: dict[str, Rgb] = {"light": (0xF0, 0xF2, 0xF4), "dark": (0x24, 0x2D, 0x37)}
NEAR_BLACK: Rgb = (0x0E, 0x14, 0x1A)
TEXT_CONTRAST = 4.6
FALLBACK: Rgb = (0x1F, 0x5F, 0x8B)

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 50


def parse(colour: str) -> Rgb:
    """The triple of "#rrggbb"; anything else gives Keyturn's own blue, so that a bad
    setting cannot put text of its own into a stylesheet.
    """
    if not _HEX.fullmatch(colour):
        return FALLBACK
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`one` with `share` (0 to 1) of `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    parts = [v / 255 for v in colour]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]  # noqa: PLR2004  the standard's numbers
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: Rgb, on: Rgb, *, lighter: bool) -> Rgb:
    """`colour`, made darker or lighter until text of it can be read on `on`.

    Hue and saturation stay: mixed with white, a deep green would turn to grey.
    """
    hue, light, saturation = colorsys.rgb_to_hls(*(v / 255 for v in colour))
    end = 1.0 if lighter else 0.0
    for step in range(_STEPS + 1):
        level = light + (end - light) * step / _STEPS
        red, green, blue = (round(v * 255) for v in colorsys.hls_to_rgb(hue, level, saturation))
        if contrast((red, green, blue), on) >= TEXT_CONTRAST:
            return red, green, blue
    return WHITE if lighter else BLACK


def shades(accent: Rgb, theme: str) -> dict[str, Rgb]:
    """The custom properties of a theme ("light" or "dark") by name.

    accent: ground of the main action. on-accent: text on it. accent-deep: the ground
    when pressed. accent-ink: links. accent-tint: a pale ground for normal text.
    """
    paper = PAPER[theme]
    if theme == "light":
        ink = readable(accent, paper, lighter=False)
        return {
            "accent": ink,
            "on-accent": WHITE,
            "accent-deep": mix(ink, BLACK, 0.18),
            "accent-ink": ink,
            "accent-tint": mix(WHITE, accent, 0.1),
        }
    ink = readable(accent, paper, lighter=True)
    return {
        "accent": ink,
        "on-accent": NEAR_BLACK,
        "accent-deep": mix(ink, WHITE, 0.22),
        "accent-ink": ink,
        "accent-tint": mix((0x17, 0x1E, 0x26), accent, 0.16),
    }


def tenant_css(accent: str) -> str:
    """The stylesheet served as tenant.css. `accent`: "#rrggbb" as the tenant set it."""
    colour = parse(accent)
    light = "".join(_properties(shades(colour, "light")))
    dark = "".join(_properties(shades(colour, "dark")))
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"@media print{{:root{{{light}}}}}\n"
    )


def _properties(shades: dict[str, Rgb]) -> Iterator[str]:
    for name, (red, green, blue) in shades.items():
        yield f"--{name}:#{red:02x}{green:02x}{blue:02x};"
