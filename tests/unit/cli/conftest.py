"""An installation in a folder, and a command line that runs in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli.commands import run

Said = tuple[int, str, str]
Command = Callable[..., Said]


@pytest.fixture
def keyturn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command in a fresh installation: (status, standard output, standard error)."""
    for name in [n for n in os.environ if n.startswith("KEYTURN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYTURN_STORE__DATA_DIR", str(tmp_path / "data"))

    def command(*words: str) -> Said:
        capsys.readouterr()
        status = run(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def northwind(keyturn: Command) -> Command:
    """The same with a tenant in it."""
    made = keyturn("tenant", "add", "northwind", "--name", "Northwind", "--sender", "a@north.test")
    assert made[0] == 0, made
    return keyturn


def parsed(said: Said) -> list[Any]:
    """What a command printed for programs: one document a line, and it was done."""
    status, out, err = said
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]
