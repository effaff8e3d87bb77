"""The audit trail for other programs, read back by readers that are not ours."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import sheets
from keyturn.rules.events import Entry, Event
from keyturn.rules.trail_formats import COLUMNS, MEDIA, Format, head, iso, lines

AT = 1_772_357_400_250


def entry(**fields: object) -> Entry:
    plain: dict[str, object] = {
        "id": "01", "tenant_id": "t", "at": AT, "event": Event.SIGNIN_LOCKED, "user_id": "u1",
        "actor_id": None, "ip": "198.51.100.7", "client": "Firefox on Windows",
        "facts": {"until": 5},
    }  # fmt: skip
    return Entry(**{**plain, **fields})  # type: ignore[arg-type]


def of(form: Format, *entries: Entry, **names: str) -> str:
    return head(form) + lines(form, entries, names, "1.2.3")


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """A CEF line as a collector reads it: seven heads between bars, then key=value."""
    *heads, extension = line.removesuffix("\n").split("|", 7)
    assert "\n" not in extension
    starts = list(re.finditer(r"(?:^| )(\w+)(?<!\\)=", extension))
    ends = [*(m.start() for m in starts[1:]), len(extension)]
    raw = {m[1]: extension[m.end() : end] for m, end in zip(starts, ends, strict=True)}
    said = {"\\n": "\n", "\\r": "\r", "\\=": "=", "\\\\": "\\"}
    return heads, {k: re.sub(r"\\.", lambda m: said[m[0]], v) for k, v in raw.items()}


def test_a_csv_file_has_a_mark_columns_and_names() -> None:
    text = of(Format.CSV, entry(actor_id="u2"), u1="Ada Byron", u2="Tom")
    assert text.startswith(sheets.MARK)
    columns, row = csv.reader(io.StringIO(text.removeprefix(sheets.MARK), newline=""))
    told = dict(zip(columns, row, strict=True))
    assert tuple(columns) == COLUMNS
    assert (told["user"], told["actor"], told["event"]) == ("Ada Byron", "Tom", "signin.locked")
    assert (told["at"], json.loads(told["facts"])) == ("2026-03-01T09:30:00.250Z", {"until": 5})
    assert text.endswith("\r\n")


def test_a_json_line_is_one_object_a_line() -> None:
    first, second = of(Format.JSONL, entry(), entry(client="a\nb\u2028")).splitlines()[:2]
    assert json.loads(first) == {
        "id": "01", "at": iso(AT), "event": "signin.locked", "user": "u1", "actor": None,
        "ip": "198.51.100.7", "client": "Firefox on Windows", "facts": {"until": 5},
    }  # fmt: skip
    assert second.startswith("{")


def test_a_cef_line_has_its_heads_its_severity_and_what_is_known() -> None:
    heads, told = parsed(of(Format.CEF, entry(actor_id="u2", client=""), u1="Ada", u2="Tom"))
    assert heads == ["CEF:0", "Keyturn", "Keyturn", "1.2.3", "signin.locked", "signin locked", "6"]
    assert told == {
        "rt": str(AT), "externalId": "01", "cat": "signin", "duid": "u1", "duser": "Ada",
        "suid": "u2", "suser": "Tom", "src": "198.51.100.7", "cs1Label": "facts",
        "cs1": '{"until": 5}',
    }  # fmt: skip


@pytest.mark.parametrize("event", Event)
def test_no_event_breaks_the_heads_of_a_line(event: Event) -> None:
    heads, _ = parsed(of(Format.CEF, entry(event=event)))
    assert len(heads) == 7
    assert 0 <= int(heads[6]) <= 10


WEIRD = st.text(st.sampled_from("=+-@\t\r\n\\|\"', ;a\u2028\u0085\x00\uff1d1"), max_size=12)


@given(WEIRD, WEIRD)
def test_nothing_that_strangers_chose_breaks_a_line_or_runs_in_a_spreadsheet(
    client: str, name: str
) -> None:
    one = entry(client=client, facts={"typed": name})
    text = of(Format.CSV, one, u1=name).removeprefix(sheets.MARK)
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert not any(sheets.runs(cell.lstrip()) for cell in row)
    assert row[4].removeprefix("'") == name.removeprefix("'")
    (line,) = of(Format.JSONL, one).split("\n")[:-1]
    assert json.loads(line)["client"] == client
    (line,) = of(Format.CEF, one, u1=name).split("\n")[:-1]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
    assert json.loads(parsed(line)[1]["cs1"].replace("\x00", "")) is not None


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("=1+1", "'=1+1"), ("+49 40", "'+49 40"), ("-", "'-"), ("@a", "'@a"), (" =1", "' =1"),
     ("\t=1", "'\t=1"), ("\rx", "'\rx"), ("\uff1d1", "'\uff1d1"), ("a=1", "a=1"), ("", "")],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str, shown: str) -> None:
    assert sheets.inert(cell) == shown


def test_every_format_says_what_it_is() -> None:
    assert set(MEDIA) == set(Format)
