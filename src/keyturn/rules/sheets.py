"""Files for spreadsheets to open (RFC 4180).

A spreadsheet runs a cell that begins with one of `=+-@`; what stands in ours was often chosen by
strangers (names, what their browsers are called).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Final

#: the mark by which spreadsheets know UTF-8; a file begins with it
MARK: Final = "\ufeff"
_FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
#: hides what comes after it
_HIDES: Final = frozenset("\r\n\t")


def runs(cell: str) -> bool:
    """Whether a spreadsheet takes a cell for a formula."""
    return cell[:1] in _FORMULA


def inert(cell: str) -> str:
    """The same for a spreadsheet to show and not to run (OWASP, CSV injection): what would run, or
    hides something that would, gets an apostrophe before it.
    """
    return f"'{cell}" if runs(cell.lstrip()) or cell[:1] in _HIDES else cell


class _Sheet(list[str]):
    """What csv.writer writes to."""

    write = list.append


def rows(cells: Iterable[Sequence[str]]) -> str:
    """These rows, every cell quoted and inert, each ended by CRLF."""
    sheet = _Sheet()
    csv.writer(sheet, quoting=csv.QUOTE_ALL).writerows([*map(inert, row)] for row in cells)
    return "".join(sheet)
