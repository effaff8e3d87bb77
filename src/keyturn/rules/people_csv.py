"""People in a CSV file (RFC 4180), as spreadsheets write it.

A file is taken as a whole or not at all: what is not plainly a list of people is refused with its
reason and its line, because a column that was read amiss makes accounts for people who do not
exist.  What a single cell holds (an address that can be none) is said row by row, later.

A spreadsheet runs a cell that begins as a formula does (sheets.py): no such name or address is
taken.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.sheets import MARK, runs

MOST_BYTES: Final = 1024 * 1024
MOST_ROWS: Final = 10_000
#: longest cell that is kept; longer ones are told as what they are by their first part
CELL_MOST: Final = 254

_SEPARATORS: Final = (",", ";", "\t")
_BOM: Final = MARK.encode()
_OTHER_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
#: Unicode's control characters and line ends (Cc, Zl, Zp), but for those that a text file needs
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


class Fault(StrEnum):
    """Why a file is refused."""

    EMPTY = "empty"  # nobody in it
    TOO_LONG = "too-long"  # more than MOST_BYTES
    TOO_MANY = "too-many"  # more than MOST_ROWS
    ENCODING = "encoding"  # not UTF-8
    CONTROL = "control"  # a character that no list of people has
    LINE_END = "line-end"  # a cell of several lines
    QUOTES = "quotes"  # a quoted cell that does not end, or goes on after its end
    CELLS = "cells"  # more cells than the first line has
    NO_COLUMN = "no-column"  # `about` is missing: "name" or "email"
    TWICE = "twice"  # two columns that mean the same
    FORMULA = "formula"  # a spreadsheet would run it


@dataclass(frozen=True, slots=True)
class BadFile:
    """The file is refused; nothing of it was kept.

    Attributes:
        line: where, from 1; None: as a whole. about: which column, "" for none.
    """

    fault: Fault
    line: int | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A person as the file has them, spaces around cells off; "" where there is nothing.

    Attributes:
        number: of the line, from 1.
        account: the name of their directory account.
    """

    number: int
    name: str
    email: str
    phone: str
    account: str


class _Column(StrEnum):
    NAME = "name"
    FIRST = "first"
    LAST = "last"
    EMAIL = "email"
    PHONE = "phone"
    ACCOUNT = "account"


#: letters and digits of a column's name, and what it means
_MEANT: Final[Mapping[str, _Column]] = {
    name: column
    for column, names in {
        _Column.NAME: "name fullname displayname anzeigename vollername vollständigername",
        _Column.FIRST: "firstname givenname forename vorname",
        _Column.LAST: "lastname surname familyname sn nachname familienname",
        _Column.EMAIL: "email emailaddress mail mailaddress emailadresse mailadresse",
        _Column.PHONE: (
            "phone phonenumber mobile mobilephone mobilenumber cell cellphone telephone telefon "
            "telefonnummer mobil mobiltelefon mobilnummer handy handynummer rufnummer"
        ),
        _Column.ACCOUNT: (
            "username user login loginname account accountname samaccountname uid benutzername "
            "benutzer anmeldename konto kontoname"
        ),
    }.items()
    for name in names.split()
}
_Columns = Mapping[_Column, int]


def read(raw: bytes) -> tuple[Line, ...] | BadFile:
    """The people in a file: UTF-8 with or without a mark; commas, semicolons or tabs; a first
    line that names the columns, in whatever order.
    """
    text = _text(raw)
    if isinstance(text, BadFile):
        return text
    lines = text.splitlines(keepends=True)
    separator = _separator(lines)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    try:
        return _people(rows)
    except csv.Error:
        return BadFile(Fault.QUOTES, rows.line_num)


def _text(raw: bytes) -> str | BadFile:
    if len(raw) > MOST_BYTES:
        return BadFile(Fault.TOO_LONG)
    if raw.startswith(_OTHER_BOMS):
        return BadFile(Fault.ENCODING)
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        return BadFile(Fault.ENCODING, raw.count(b"\n", 0, error.start) + 1)
    unfit = _UNFIT.search(text)
    if unfit is not None:
        return BadFile(Fault.CONTROL, text.count("\n", 0, unfit.start()) + 1)
    return text


def _separator(lines: Sequence[str]) -> str:
    """What separates cells: whichever makes most columns of the first line."""
    first = next((line for line in lines if line.strip()), "")
    return max(_SEPARATORS, key=lambda mark: len(_known(first.split(mark))))


def _known(cells: Iterable[str]) -> list[_Column]:
    meant = (_MEANT.get(_bare(cell)) for cell in cells)
    return [column for column in meant if column is not None]


def _bare(cell: str) -> str:
    folded = unicodedata.normalize("NFKC", cell).casefold()
    return "".join(character for character in folded if character.isalnum())


def _people(rows: Iterator[list[str]]) -> tuple[Line, ...] | BadFile:
    """Raises csv.Error."""
    numbered = ((rows.line_num, row) for row in rows if any(map(str.strip, row)))  # type: ignore[attr-defined]
    number, head = next(numbered, (1, []))
    columns = _columns(head, number)
    if isinstance(columns, BadFile):
        return columns
    people: list[Line] = []
    for number, row in numbered:
        if len(people) == MOST_ROWS:
            return BadFile(Fault.TOO_MANY, number)
        line = _line(number, row, columns, len(head))
        if isinstance(line, BadFile):
            return line
        people.append(line)
    return tuple(people) or BadFile(Fault.EMPTY)


def _columns(head: Sequence[str], number: int) -> _Columns | BadFile:
    columns: dict[_Column, int] = {}
    for at, cell in enumerate(head):
        column = _MEANT.get(_bare(cell))
        if column in columns:
            return BadFile(Fault.TWICE, number, str(column))
        if column is not None:
            columns[column] = at
    if not head:
        return BadFile(Fault.EMPTY)
    if _Column.EMAIL not in columns:
        return BadFile(Fault.NO_COLUMN, number, "email")
    named = _Column.NAME in columns or {_Column.FIRST, _Column.LAST} <= columns.keys()
    return columns if named else BadFile(Fault.NO_COLUMN, number, "name")


def _line(number: int, row: Sequence[str], columns: _Columns, most: int) -> Line | BadFile:
    if any(map(str.strip, row[most:])):
        return BadFile(Fault.CELLS, number)
    cells = {c: row[at].strip() if at < len(row) else "" for c, at in columns.items()}
    for column, cell in cells.items():
        if "\r" in cell or "\n" in cell:
            return BadFile(Fault.LINE_END, number, str(column))
        # a number of another country begins with a plus
        if runs(cell.removeprefix("+") if column is _Column.PHONE else cell):
            return BadFile(Fault.FORMULA, number, str(column))
    told = {c: cells.get(c, "")[:CELL_MOST] for c in _Column}
    both = f"{told[_Column.FIRST]} {told[_Column.LAST]}".strip()
    return Line(
        number, told[_Column.NAME] or both, told[_Column.EMAIL], told[_Column.PHONE],
        told[_Column.ACCOUNT],
    )  # fmt: skip
