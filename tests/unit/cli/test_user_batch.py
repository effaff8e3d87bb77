"""`keyturn user invite --csv|--ou|--group` and `keyturn user batch`; for programs, too."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli import user_batch
from keyturn.flows.batching import BadFile, Nobody, NoSuchPlace
from keyturn.rules.batches import Stop
from keyturn.rules.people_csv import Fault
from keyturn.steps.batch_sources import Place
from tests.unit.cli.conftest import Command, parsed


@pytest.fixture
def people(tmp_path: Path) -> str:
    file = tmp_path / "people.csv"
    file.write_text("name;e-mail\nAda;ada@people.test\nBob;bob.people.test\n", encoding="utf-8")
    return str(file)


def test_many_are_shown_asked_for_and_begun(
    northwind: Command, people: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dry = parsed(northwind("user", "invite", "--csv", people, "--dry-run", "--json"))
    assert [(row["line"], row["means"], row["about"]) for row in dry] == [
        (2, "new", ""), (3, "email", "no-at"),
    ]  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    status, out, err = northwind("user", "invite", "--csv", people)
    assert status == 1
    assert "bob.people.test: email (no-at)" in out
    assert "Invite 1 person?" in err
    assert "Nobody was invited" in err
    *_, begun = parsed(northwind("user", "invite", "--csv", people, "--yes", "--json"))
    assert begun["waiting"] == 1
    [stood] = parsed(northwind("user", "batch", begun["batch"], "--json"))
    assert (stood["state"], stood["waiting"], stood["left"]) == ("sending", 1, 1)
    saved = tmp_path / "outcome.csv"
    out = northwind("user", "batch", begun["batch"], "--stop", "--out", str(saved))[1]
    assert out == "Stopped (somebody stopped it): 0 sent, 1 waiting, 1 left alone.\n"
    assert "ada@people.test" in saved.read_text(encoding="utf-8")
    status, _, err = northwind("user", "batch", begun["batch"], "--out", str(saved))
    assert (status, "cannot be written" in err) == (1, True)
    assert northwind("user", "batch", "nothing")[0] == 1
    status, out, _ = northwind("user", "invite", "--csv", people, "--yes")
    assert (status, "1 person will be invited" in out) == (0, True)


def test_nobody_to_invite_and_what_does_not_go_together(
    northwind: Command, tmp_path: Path, people: str
) -> None:
    file = tmp_path / "none.csv"
    file.write_text("name,email\n" + "Bob,bob\n" * 30, encoding="utf-8")
    status, out, err = northwind("user", "invite", "--csv", str(file), "--yes")
    assert (status, "nobody to invite" in err, "10 more" in out) == (1, True, True)
    for words in (
        (), ("ada@x.test", "--csv", people), ("--ou", "x"), ("--directory", "x"),
        ("--csv", people, "--directory", "x"), ("ada@x.test", "--dry-run"),
    ):  # fmt: skip
        assert northwind("user", "invite", *words)[0] == 2, words
    assert northwind("user", "invite", "--csv", str(tmp_path / "gone"))[0] == 1


@pytest.mark.parametrize(
    "octets",
    [b"", b"name,email\nA\0,a@x.test", b'name,email\n"A\r\nB",a@x.test', b"\xff\xfen\0",
     b"name,email,mail\nA,a@x.test,", b"name,email\n=1,a@x.test", b"x" * (1024 * 1024 + 1)],
)  # fmt: skip
def test_a_hostile_file_is_refused(northwind: Command, tmp_path: Path, octets: bytes) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(octets)
    status, out, err = northwind("user", "invite", "--csv", str(file), "--yes")
    assert (status, out) == (1, "")
    assert "Nothing was stored" in err


def test_a_directory_that_is_not_read_says_what_to_do(northwind: Command) -> None:
    assert northwind("directory", "add", "corp.north.test")[0] == 0
    status, _, err = northwind("user", "invite", "--ou", "Staff", "--directory", "corp.north.test")
    assert (status, "not known yet" in err) == (1, True)
    status, _, err = northwind("user", "invite", "--group", "G", "--directory", "corp.north.test")
    assert status == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NoSuchPlace((Place("OU=S,DC=x", 3),)), "OU=S,DC=x (3)"),
        (NoSuchPlace(()), "No such OU"),
        (Nobody(many=True), "10,000"),
        (Nobody(), "nobody in it"),
        (BadFile(Fault.TWICE, 1, "email"), "two columns mean the same (email), line 1"),
    ],
)
def test_why_not_is_said(answer: Any, words: str) -> None:
    said = user_batch.refused(answer)
    assert words in said.what + said.remedy


def test_every_fault_and_stop_has_words() -> None:
    assert set(user_batch._FILES) == set(Fault)
    assert set(user_batch._STOPS) == set(Stop)
