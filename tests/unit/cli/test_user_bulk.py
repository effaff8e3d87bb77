"""`keyturn user bulk` and `keyturn user import`: shown, asked for, done here, and told."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli import user_batch, user_bulk
from keyturn.flows import batch_sending, batching
from keyturn.flows.bulk import Nobody
from keyturn.ports.store import Tx
from keyturn.rules.accounts import UserState
from keyturn.rules.batches import Act
from tests.unit.cli.conftest import Command, parsed
from tests.unit.cli.test_tenant_preview import write

BULK = ("user", "bulk")


@pytest.fixture
def people(northwind: Command) -> Command:
    """Three people in use, and one of staff."""
    for name in ("ada", "bob", "cy", "tom"):
        northwind("user", "create", f"{name}@north.test", "--name", name.title())

    def step(tx: Tx) -> None:
        home = tx.tenants.all()[0].id
        for user in tx.users.search(home, "", None, None, 10).users:
            tx.users.save(replace(user, state=UserState.ACTIVE))

    write(step)
    northwind("user", "role", "grant", "tom@north.test", "technician")
    return northwind


def states(people: Command) -> dict[str, str]:
    rows = parsed(people("user", "list", "--json"))
    return {row["name"]: row["state"] for row in rows}


def test_every_deed_is_one_that_the_console_does_with_many() -> None:
    assert set(user_bulk._ACTS) == set(user_bulk.Deed)
    assert set(user_bulk._ACTS.values()) == set(Act) - {Act.IMPORT}
    assert set(user_bulk._ASKS) == {*user_bulk.Deed, None}


def test_a_dry_run_shows_what_it_means_and_does_and_keeps_nothing(people: Command) -> None:
    rows = parsed(people(*BULK, "disable", "--everybody", "--dry-run", "--json"))
    assert sorted((row["name"], row["state"], row["means"]) for row in rows) == [
        ("Ada", "waiting", "do"), ("Bob", "waiting", "do"), ("Cy", "waiting", "do"),
        ("Tom", "left", "staff"),
    ]  # fmt: skip
    assert set(states(people).values()) == {"active"}
    assert write(lambda tx: tx.batches.recent(tx.tenants.all()[0].id, 9)) == []


def test_it_is_asked_for_done_here_and_told(
    people: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    status, _, err = people(*BULK, "disable", "--state", "active")
    assert status == 1
    assert "Disable 3 people?" in err
    assert "Nothing was done." in err
    assert set(states(people).values()) == {"active"}
    saved = tmp_path / "outcome.csv"
    status, out, err = people(*BULK, "disable", "--state", "active", "--yes", "--out", str(saved))
    assert (status, "Done" in err) == (0, True)
    assert out.splitlines()[-1] == "Done: 3 done, 0 waiting, 1 left alone."
    assert states(people) == {
        "Ada": "disabled", "Bob": "disabled", "Cy": "disabled", "Tom": "active",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(saved.read_text(encoding="utf-8-sig"))))
    assert sorted((row["name"], row["state"]) for row in rows) == [
        ("Ada", "sent"), ("Bob", "sent"), ("Cy", "sent"), ("Tom", "left"),
    ]  # fmt: skip
    *_, told = parsed(people(*BULK, "enable", "--state", "disabled", "--yes", "--json"))
    assert (told["state"], told["sent"], told["waiting"]) == ("over", 3, 0)
    assert set(states(people).values()) == {"active"}
    [begun] = parsed(people("audit", "--event", "batch.begun", "--json", "--limit", "1"))
    assert begun["facts"]["act"] == "enable"


def test_the_filters_are_those_of_the_list(people: Command) -> None:
    rows = parsed(people(*BULK, "end-sessions", "ada", "--dry-run", "--json"))
    assert [row["name"] for row in rows] == ["Ada"]
    status, _, err = people(*BULK, "unlock", "--locked", "--yes")
    assert (status, "There is nobody in it." in err) == (1, True)
    status, _, err = people(*BULK, "unlock", "tom", "--yes")
    assert (status, "nothing to do with anybody" in err) == (1, True)
    assert people(*BULK, "unlock", "--enrolled", "app", "--yes")[0] == 1
    assert people(*BULK, "unlock", "--directory", "nowhere", "--yes")[0] == 1


@pytest.mark.parametrize("words", [(), ("ada", "--everybody")])
def test_a_filter_or_everybody_is_named(people: Command, words: tuple[str, ...]) -> None:
    status, _, err = people(*BULK, "disable", *words, "--yes")
    assert (status, "Name a filter, or --everybody" in err) == (2, True)
    assert set(states(people).values()) == {"active"}


def test_invitations_wait_where_mails_wait(
    people: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sending, "CROWD", 1)
    status, out, _ = people(*BULK, "invite", "ada", "--yes")
    assert status == 0
    assert "1 sent, 0 waiting" in out
    status, out, _ = people(*BULK, "invite", "bob", "--yes")
    assert status == 0
    assert "0 sent, 1 waiting" in out
    assert "The rest goes on as mails leave" in out


def test_more_than_a_batch_may_have_is_refused_with_the_reason() -> None:
    said = user_batch.refused(Nobody(many=True))
    assert "more than 10,000" in str(said)


def test_a_batch_that_is_gone_meanwhile_is_said(
    people: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_asked: Any) -> batching.NotFound:
        return batching.NotFound()

    monkeypatch.setattr(batching, "outcome", gone)
    monkeypatch.setattr(batching, "show", gone)
    status, _, err = people(*BULK, "disable", "ada", "--yes")
    assert (status, "The batch is gone." in err) == (1, True)


def test_a_file_is_shown_and_then_taken_over(people: Command, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,email\nDee,dee@north.test\nAda Byron,ada@north.test\nX,no\n")
    rows = parsed(people("user", "import", str(file), "--dry-run", "--json"))
    assert [row["state"] for row in rows] == ["waiting", "waiting", "left"]
    assert "Dee" not in states(people)
    status, out, _ = people("user", "import", str(file), "--yes")
    assert (status, "2 done, 0 waiting, 1 left alone" in out) == (0, True)
    assert states(people)["Dee"] == "active"
    assert "Ada Byron" in states(people)
    status, _, err = people("user", "import", str(file), "--yes")  # brought twice
    assert (status, "nothing to do with anybody" in err) == (1, True)


def test_a_file_that_is_no_list_of_people_is_refused_with_its_line(
    people: Command, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("name,email\n=1+1,a@north.test\n")
    status, _, err = people("user", "import", str(file), "--yes")
    assert status == 1
    assert "a cell begins as a formula does" in err
    assert people("user", "import", str(tmp_path / "none.csv"))[0] == 1
