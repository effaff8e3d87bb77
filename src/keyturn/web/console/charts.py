"""The map of a directory: sites, controllers and the links between them, laid out for an SVG.

Pure geometry: sites stand in rows of at most three, in the order of their names, each a box
with its controllers below one another; a link is drawn between boxes, behind them.  Colours
are the page's (static/app.css), so that one picture is right in both themes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from keyturn.rules.directories.topology import Link
from keyturn.steps.directory_views import Seen

ACROSS = 3
MARGIN, GAP, BELOW = 16, 96, 72
SITE, HEAD, PAD = 268, 46, 12
NODE, STEP = 74, 84
#: room above a row for links that go over a box
OVER = 40


@dataclass(frozen=True, slots=True)
class Node:
    """A controller: where its box begins."""

    seen: Seen
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Box:
    """A site."""

    name: str
    x: int
    y: int
    height: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A site link between two boxes: its path, and where its label stands."""

    link: Link
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Map:
    """The whole picture."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(controllers: Sequence[Seen], links: Sequence[Link]) -> Map:
    """The map of `controllers`; links to sites without any lead nowhere and are left out."""
    boxes = _boxes(controllers)
    at = {box.name: box for box in boxes}
    lines = tuple(
        _line(link, at[a], at[b])
        for link in links
        for a, b in pairwise([site for site in link.sites if site in at])
    )
    across = min(ACROSS, len(boxes))
    width = 2 * MARGIN + across * SITE + max(across - 1, 0) * GAP
    height = max((box.y + box.height for box in boxes), default=0) + MARGIN
    return Map(width, height, boxes, lines)


def _boxes(controllers: Sequence[Seen]) -> tuple[Box, ...]:
    sites: dict[str, list[Seen]] = {}
    for seen in controllers:
        sites.setdefault(seen.site, []).append(seen)
    names = sorted(sites, key=str.lower)
    top, boxes = MARGIN + OVER, []
    for row in (names[i : i + ACROSS] for i in range(0, len(names), ACROSS)):
        for column, name in enumerate(row):
            boxes.append(_box(name, sites[name], MARGIN + column * (SITE + GAP), top))
        top += max(box.height for box in boxes[-len(row) :]) + BELOW
    return tuple(boxes)


def _box(name: str, seen: Sequence[Seen], x: int, y: int) -> Box:
    nodes = tuple(Node(one, x + PAD, y + HEAD + n * STEP) for n, one in enumerate(seen))
    return Box(name, x, y, HEAD + len(seen) * STEP, nodes)


def _line(link: Link, a: Box, b: Box) -> Line:
    if a.x > b.x:
        a, b = b, a
    middle = (a.x + b.x + SITE) // 2
    if a.y != b.y:
        upper, lower = sorted((a, b), key=lambda box: box.y)
        x, y = upper.x + SITE // 2, upper.y + upper.height
        end = lower.x + SITE // 2
        return Line(link, f"M{x} {y}L{end} {lower.y}", (x + end) // 2, (y + lower.y) // 2)
    if b.x - a.x <= SITE + GAP:
        y = a.y + HEAD // 2
        return Line(link, f"M{a.x + SITE} {y}H{b.x}", middle, y)
    start, end, over = a.x + SITE // 2, b.x + SITE // 2, a.y - OVER
    path = f"M{start} {a.y}C{start} {over} {end} {over} {end} {b.y}"
    return Line(link, path, middle, a.y - 3 * OVER // 4)
