"""`pip install keyturn[agent]` carries no server: the agent imports without its libraries."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: what `import` calls a distribution, where that is another name
MODULES = {
    "argon2-cffi": "argon2", "dkimpy": "dkim", "dnspython": "dns", "phonenumberslite":
    "phonenumbers", "pynacl": "nacl",
}  # fmt: skip
WITHOUT = """
import sys
class Nobody:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nobody())
{then}
"""


def blocked() -> set[str]:
    """Every library of the extra `server` that an agent's lock does not have (typer brings
    pydantic everywhere).
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [
        line.partition(">")[0].partition("=")[0].partition("[")[0]
        for line in project["optional-dependencies"]["server"]
    ]
    lock = (ROOT / "requirements" / "agent.txt").read_text().splitlines()
    carried = {line.partition("==")[0] for line in lock}
    assert carried.isdisjoint({"sqlalchemy", "starlette", "psycopg"})
    return {MODULES.get(name, name) for name in names if name not in carried}


def run(then: str) -> subprocess.CompletedProcess[str]:
    script = WITHOUT.format(blocked=blocked(), then=then)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "module", ["keyturn.agent.run", "keyturn.agent.wiring", "keyturn.cli.agent"]
)
def test_the_agents_side_imports_without_the_servers_libraries(module: str) -> None:
    done = run(f"import {module}")
    assert done.returncode == 0, done.stderr


def test_the_servers_side_does_not_so_the_test_above_can_fail() -> None:
    assert "ModuleNotFoundError" in run("import keyturn.wiring").stderr


@pytest.mark.parametrize("words", [["agent", "--help"], ["agent", "run", "--help"], ["--help"]])
def test_its_commands_explain_themselves_without_them(words: list[str]) -> None:
    done = run(f"from keyturn.cli.commands import run\nsys.exit(run({words!r}))")
    assert done.returncode == 0, done.stderr
    assert "keyturn" in done.stdout


def test_a_failure_is_told_in_words_without_them(tmp_path: Path) -> None:
    words = ["agent", "status", "--config", str(tmp_path / "none.toml")]
    done = run(f"from keyturn.cli.commands import run\nsys.exit(run({words!r}))")
    assert done.returncode == 2
    assert "there is no such file" in done.stderr
    assert "Traceback" not in done.stderr
