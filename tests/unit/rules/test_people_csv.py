"""A file of people is taken whole or refused with its reason."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import people_csv
from keyturn.rules.people_csv import CELL_MOST, MOST_BYTES, MOST_ROWS, BadFile, Fault, Line

ADA = Line(2, "Ada Byron", "ada@x.test", "", "")


@pytest.mark.parametrize(
    "text",
    [
        "name,email\nAda Byron,ada@x.test\n",
        "\ufeffName;E-Mail\r\nAda Byron;ada@x.test\r\n",
        'E-mail address\tFull name\n"ada@x.test"\tAda Byron',
        "Vorname;Nachname;E-Mail-Adresse\nAda;Byron;ada@x.test",
        "id,EMAIL,display_name,notes\n7,  ada@x.test ,Ada Byron,=1+1\n",
        '"name","e-mail"\r"Ada Byron","ada@x.test"\r',
        "name,email\nAda Byron,ada@x.test\n,,\n\n  \n",
    ],
)
def test_whatever_a_spreadsheet_writes_is_read(text: str) -> None:
    assert people_csv.read(text.encode()) == (ADA,)


def test_every_column_is_read_and_what_is_missing_is_empty() -> None:
    text = "sAMAccountName;Handy;name;mail\nada;+44 7700 900123;Ada;ada@x.test\n;;Bob;bob@x.test\nx"
    assert people_csv.read(text.encode()) == (
        Line(2, "Ada", "ada@x.test", "+44 7700 900123", "ada"),
        Line(3, "Bob", "bob@x.test", "", ""),
        Line(4, "", "", "", "x"),
    )


@pytest.mark.parametrize(
    ("raw", "bad"),
    [
        (b"", BadFile(Fault.EMPTY)),
        (b"\n \n", BadFile(Fault.EMPTY)),
        (b"name,email\n", BadFile(Fault.EMPTY)),
        (b"name,email\n" + b"x" * MOST_BYTES, BadFile(Fault.TOO_LONG)),
        ("name,email\nÄ,a@x.test".encode("latin-1"), BadFile(Fault.ENCODING, 2)),
        ("name,email\nA,a@x.test".encode("utf-16"), BadFile(Fault.ENCODING)),
        (b"\xfe\xff\0n", BadFile(Fault.ENCODING)),
        (b"name,email\nA\0,a@x.test", BadFile(Fault.CONTROL, 2)),
        (b"name,email\nA\x1b[2J,a@x.test", BadFile(Fault.CONTROL, 2)),
        ("name,email\n\nA\u2028B,a@x.test".encode(), BadFile(Fault.CONTROL, 3)),
        (b'name,email\n"A\r\nBcc: b@x.test",a@x.test', BadFile(Fault.LINE_END, 3, "name")),
        (b'name,email\n"A,a@x.test\n', BadFile(Fault.QUOTES, 2)),
        (b'name,email\n"A"b,a@x.test\n', BadFile(Fault.QUOTES, 2)),
        (b"name,email\nA,a@x.test,and more\n", BadFile(Fault.CELLS, 2)),
        (b"name\nAda\n", BadFile(Fault.NO_COLUMN, 1, "email")),
        (b"email,first name\na@x.test,A\n", BadFile(Fault.NO_COLUMN, 1, "name")),
        (b"name,email,E-Mail\nA,a@x.test,b@x.test", BadFile(Fault.TWICE, 1, "email")),
        (b"name,email\n=1+1,a@x.test", BadFile(Fault.FORMULA, 2, "name")),
        (b"name,email\nA, @SUM(A1)", BadFile(Fault.FORMULA, 2, "email")),
        (b"name,email,phone\nA,a@x.test,+=1", BadFile(Fault.FORMULA, 2, "phone")),
        (b"name,email,login\nA,a@x.test,-x", BadFile(Fault.FORMULA, 2, "account")),
    ],
)
def test_a_file_that_is_no_list_of_people_is_refused_with_its_line(
    raw: bytes, bad: BadFile
) -> None:
    assert people_csv.read(raw) == bad


def test_so_many_and_no_more() -> None:
    head, line = b"name,email\n", b"A,a@x.test\n"
    assert len(people_csv.read(head + line * MOST_ROWS)) == MOST_ROWS  # type: ignore[arg-type]
    more = people_csv.read(head + line * (MOST_ROWS + 1))
    assert more == BadFile(Fault.TOO_MANY, MOST_ROWS + 2)


def test_a_cell_longer_than_any_is_cut_and_a_field_beyond_the_parsers_is_refused() -> None:
    long = people_csv.read(b"name,email\n" + b"A" * 100_000 + b",a@x.test\n")
    assert long == (Line(2, "A" * CELL_MOST, "a@x.test", "", ""),)
    endless = b"name,email\n" + b"A" * (csv.field_size_limit() + 1) + b",a@x.test\n"
    assert people_csv.read(endless) == BadFile(Fault.QUOTES, 2)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_octets_are_read_or_refused(raw: bytes) -> None:
    for head in (b"", b"name,email,phone,login\n"):
        found = people_csv.read(head + raw)
        if not isinstance(found, BadFile):
            cells = [c for one in found for c in (one.name, one.email, one.account)]
            assert not any(c[:1] in set("=+-@") or "\n" in c or "\0" in c for c in cells if c)
