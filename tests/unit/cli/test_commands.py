"""The command line: help, unknown commands, exit statuses, what is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyturn import __version__
from keyturn.cli.commands import COMMANDS, run

SRC = Path(__file__).parents[3] / "src"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["help", "help"]])
def test_help_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    said = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in said
        assert command.text.split(";")[0][:20] in said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: keyturn {name}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"bench"}))
def test_help_of_a_command_is_its_help_option(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run([name, "--help"])
    once = capsys.readouterr().out
    run(["help", name])
    assert capsys.readouterr().out == once


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("usr", "user"), ("sevre", "serve"), ("diagnos", "diagnose"), ("demos", "demo")],
)
def test_a_mistyped_command_is_told_what_was_probably_meant(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([typed]) == 2
    assert f"`keyturn {meant}`" in capsys.readouterr().err


def test_an_unknown_command_points_to_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["xyzzy"]) == 2
    assert "`keyturn --help`" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"bench", "demo"}))
def test_an_unknown_option_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--no-such-option"]) == 2
    assert "no-such-option" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"keyturn {__version__}\n"


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        ([], {"typer", "rich", "sqlalchemy", "starlette", "keyturn.wiring", "keyturn.demo"}),
        (["--help"], {"typer", "sqlalchemy", "starlette", "keyturn.wiring", "keyturn.demo"}),
        (["settings", "mail"], {"sqlalchemy", "starlette", "keyturn.wiring", "keyturn.demo"}),
        (["serve", "--help"], {"keyturn.demo", "keyturn.bench", "keyturn.cli.user"}),
        (["user", "--help"], {"keyturn.demo", "keyturn.bench", "keyturn.cli.serve"}),
    ],
)
def test_nothing_is_imported_that_the_command_does_not_need(
    words: list[str], unwanted: set[str]
) -> None:
    script = (
        "import sys; from keyturn.cli.commands import run\n"
        f"words = {words!r}\n"
        "if words: run(words)\n"
        "print('modules:', *sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SRC), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    imported = set(said.rpartition("modules: ")[2].split())
    assert not imported & unwanted
