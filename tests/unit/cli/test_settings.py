"""`keyturn settings`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keyturn.cli.commands import run
from keyturn.settings import reference


def test_every_setting_is_listed_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for section in reference():
        for setting in section.settings:
            assert setting.name in said
            assert " ".join(setting.text.split()) in said
            assert setting.variable in said


def test_json_is_one_document_with_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "--json"]) == 0
    names = {setting["name"] for setting in json.loads(capsys.readouterr().out)}
    assert names == {s.name for section in reference() for s in section.settings}


def test_a_part_of_a_name_narrows_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "mail.p", "--json"]) == 0
    names = {setting["name"] for setting in json.loads(capsys.readouterr().out)}
    assert names == {"mail.port", "mail.password"}


def test_a_name_of_no_setting_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "xyzzy"]) == 1
    assert "xyzzy" in capsys.readouterr().out


def test_check_names_what_is_bad_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keyturn.toml"
    file.write_text("[server]\nport = 99999\n")
    assert run(["settings", "--check", "--config", str(file)]) == 2
    assert "server.port" in capsys.readouterr().err
    file.write_text("[server]\nport = 9999\n")
    assert run(["settings", "--check", "--config", str(file)]) == 0
