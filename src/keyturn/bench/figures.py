"""Figures of repeated measurements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import comb


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all are at most (nearest rank); `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle."""
    return quantile(values, 0.5)


def ms(ns: float) -> float:
    """Nanoseconds as milliseconds, to the microsecond."""
    return round(ns / 1e6, 3)


def auc(ones: Sequence[int], others: Sequence[int]) -> float:
    """How often a value of `ones` is above one of `others`, ties counted half.

    The area under the ROC curve of who tells the two groups apart by this value alone
    (Mann-Whitney's U over its greatest value): 0.5 tells nothing, 0 and 1 everything.
    """
    pooled = sorted([(v, 1) for v in ones] + [(v, 0) for v in others])
    wins, below = 0.0, 0
    for _, group in groupby(pooled, key=lambda pair: pair[0]):
        marks = [mark for _, mark in group]
        mine = sum(marks)
        theirs = len(marks) - mine
        wins += mine * (below + theirs / 2)
        below += theirs
    return wins / (len(ones) * len(others))


def binomial_most(tries: int, chance: float, sure: float = 0.9999) -> int:
    """The most successes of so many tries that `sure` of all such series have."""
    total, most = 0.0, -1
    while total < sure and most < tries:
        most += 1
        total += comb(tries, most) * chance**most * (1 - chance) ** (tries - most)
    return most
