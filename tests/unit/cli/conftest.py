"""An installation in a folder, and a command line that runs in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
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
    only(monkeypatch, tmp_path / "data")
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> Said:
        capsys.readouterr()
        status = run(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of an installation with a tenant in it: made once, with all migrations."""
    data = tmp_path_factory.mktemp("furnished") / "data"
    words = ("tenant", "add", "northwind", "--name", "Northwind", "--sender", "a@north.test")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
        only(patch, data)
        assert run(words) == 0, said.getvalue()
    return data


@pytest.fixture
def northwind(keyturn: Command, furnished: Path, tmp_path: Path) -> Command:
    """The same with a tenant in it: a copy of its own."""
    shutil.copytree(furnished, tmp_path / "data")
    return keyturn


def only(patch: pytest.MonkeyPatch, data: Path) -> None:
    """Let commands find this folder, and no other setting."""
    for name in [n for n in os.environ if n.startswith("KEYTURN_")]:
        patch.delenv(name)
    patch.setenv("KEYTURN_STORE__DATA_DIR", str(data))


def parsed(said: Said) -> list[Any]:
    """What a command printed for programs: one document a line, and it was done."""
    status, out, err = said
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]
