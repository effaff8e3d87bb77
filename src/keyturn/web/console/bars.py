"""Bars of a chart, laid out for an SVG that is stretched to the width of its page.

Pure geometry: a bar takes STEP units of the width, whatever they come to be; its pieces stand on
one another.  Words are no part of the picture, so that they are not stretched with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keyturn.rules.figures import Bar

#: units: width of a bar's column and of the bar in it; height of the picture
STEP, WIDE, HIGH = 24, 16, 120
#: what is not nothing can be seen
LEAST = 2
_TOPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle: `rank`: which of the chart's events it is of, from 0."""

    bar: Bar
    event: str
    rank: int
    count: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: its width and height in units, what its top line stands for, and its pieces."""

    width: int
    height: int
    top: int
    pieces: tuple[Piece, ...]


def draw(bars: Sequence[Bar], events: Sequence[str]) -> Picture:
    """The picture of some events of each bar."""
    top = nice(max(sum(bar.counts[event] for event in events) for bar in bars))
    pieces: list[Piece] = []
    for n, bar in enumerate(bars):
        below = 0
        for rank, event in enumerate(events):
            count = bar.counts[event]
            height = min(max(count * HIGH // top, LEAST), HIGH - below) if count else 0
            below += height
            if count:
                x = n * STEP + (STEP - WIDE) // 2
                pieces.append(Piece(bar, event, rank, count, x, HIGH - below, height))
    return Picture(len(bars) * STEP, HIGH, top, tuple(pieces))


def nice(most: int) -> int:
    """The next of 5, 10, 20, 50, 100 …: what a line at the top stands for."""
    power = 1
    while True:
        for step in _TOPS:
            if step * power >= max(most, 5):
                return step * power
        power *= 10
