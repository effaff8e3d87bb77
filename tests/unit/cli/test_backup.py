"""`keyturn backup`, `keyturn restore`, `keyturn user export` and `delete`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command, parsed

ADA = ("user", "create", "ada@people.test", "--name", "Ada Byron")


def test_a_backup_says_loudly_that_the_keys_are_not_in_it(
    northwind: Command, tmp_path: Path
) -> None:
    status, out, _ = northwind("backup", str(tmp_path / "it"))
    assert status == 0
    assert "The key ring is NOT in it." in out
    assert "--seal" in out
    assert "--seal" not in northwind("backup", str(tmp_path), "--seal")[1]
    [made] = parsed(northwind("backup", str(tmp_path), "--json"))
    assert made["tables"]["tenants"]["rows"] == 1


def test_a_restore_brings_back_what_was_there(northwind: Command, tmp_path: Path) -> None:
    northwind(*ADA)
    northwind("backup", str(tmp_path / "it"))
    northwind("user", "create", "bob@people.test", "--name", "Bob")
    status, out, _ = northwind("restore", str(tmp_path / "it"), "--yes")
    assert status == 0
    assert "Everybody is signed out" in out
    assert [u["email"] for u in parsed(northwind("user", "list", "--json"))] == ["ada@people.test"]
    [event] = parsed(northwind("audit", "--event", "backup.restored", "--json"))
    assert event["client"].startswith("command on the host")


def test_a_check_changes_nothing_and_a_restore_asks(
    northwind: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    northwind("backup", str(tmp_path / "it"))
    northwind(*ADA)
    assert "is whole" in northwind("restore", str(tmp_path / "it"), "--check")[1]
    [checked] = parsed(northwind("restore", str(tmp_path / "it"), "--check", "--json"))
    assert checked["rows"] > 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert northwind("restore", str(tmp_path / "it"))[0] == 1
    assert len(parsed(northwind("user", "list", "--json"))) == 1
    [done] = parsed(northwind("restore", str(tmp_path / "it"), "--yes", "--json"))
    assert done["generation"] > 0
    assert parsed(northwind("user", "list", "--json")) == []


def test_what_cannot_be_done_is_said_with_a_remedy(northwind: Command, tmp_path: Path) -> None:
    northwind("backup", str(tmp_path / "it"))
    again = northwind("backup", str(tmp_path / "it"))
    assert again[0] == 1
    assert "is there already" in again[2]
    (tmp_path / "no").write_text("no backup")
    assert "not a backup" in northwind("restore", str(tmp_path / "no"), "--yes")[2]
    assert "cannot be used" in northwind("restore", str(tmp_path / "none"), "--yes")[2]
    (tmp_path / "data" / "keys.json").rename(tmp_path / "safe")
    assert "no key ring" in northwind("restore", str(tmp_path / "it"), "--yes")[2]
    assert not (tmp_path / "data" / "keys.json").exists()


def test_somebodys_data_is_printed_or_written_to_a_file_of_ones_own(
    northwind: Command, tmp_path: Path
) -> None:
    northwind(*ADA)
    status, out, _ = northwind("user", "export", "ada@people.test")
    assert status == 0
    assert json.loads(out)["account"]["email"] == "ada@people.test"
    target = tmp_path / "ada.json"
    assert northwind("user", "export", "ada@people.test", "--out", str(target))[0] == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert northwind("user", "export", "ada@people.test", "--out", str(target))[0] == 1


def test_an_account_is_deleted_after_a_week_kept_or_erased_at_once(
    northwind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    northwind(*ADA)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert northwind("user", "delete", "ada@people.test")[0] == 1
    asked = northwind("user", "delete", "ada@people.test", "--yes")
    assert "will be erased at" in asked[1]
    [shown] = parsed(northwind("user", "show", "ada@people.test", "--json"))
    assert shown["state"] == "disabled"
    northwind("user", "enable", "ada@people.test")
    [gone] = parsed(northwind("user", "delete", "ada@people.test", "--yes", "--now", "--json"))
    assert gone["erased"] is True
    assert northwind("user", "show", "ada@people.test")[0] == 1
    assert northwind("user", "show", gone["id"])[0] == 1
    [event] = parsed(northwind("audit", gone["id"], "--event", "user.erased", "--json"))
    assert event["user"] == gone["id"]
    assert northwind(*ADA)[0] == 0


def test_the_last_owner_is_not_deleted(northwind: Command) -> None:
    northwind(*ADA)
    northwind("user", "role", "grant", "ada@people.test", "owner")
    refused = northwind("user", "delete", "ada@people.test", "--yes")
    assert refused[0] == 1
    assert "last owner" in refused[2]
