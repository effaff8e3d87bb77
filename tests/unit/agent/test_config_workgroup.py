"""agent.toml of a machine without a domain, and the driver that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.agent import wiring
from keyturn.agent.config import ConfigRefused, load
from keyturn.agent.directories.workgroup import Workgroup
from keyturn.rules.directories.entries import DirectoryKind

GOOD = """
kind = "workgroup"
server = "https://keyturn.example.com"
directory = "files1.example.com"
controller = "files1.example.com"
account = "svc-keyturn"
password_file = "{file}"
"""


def written(tmp_path: Path, more: str = "") -> Path:
    file, path = tmp_path / "file", tmp_path / "agent.toml"
    file.write_text("S3cret-Word\n")
    path.write_text((GOOD + more).format(file=file))
    return path


def test_a_workgroup_has_no_certificates(tmp_path: Path) -> None:
    config = load(written(tmp_path))
    assert config.kind is DirectoryKind.WORKGROUP
    driver = wiring.driver(config)
    assert isinstance(driver, Workgroup)
    assert (driver.timeout_ms, driver._settings.port) == (10_000, 445)
    driver.close()
    elsewhere = wiring.driver(load(written(tmp_path, "port = 4450\n")))
    assert isinstance(elsewhere, Workgroup)
    assert elsewhere._settings.port == 4450
    elsewhere.close()
    with pytest.raises(ConfigRefused) as refused:
        load(written(tmp_path, 'ca_file = "{file}"\n'))
    assert [problem.name for problem in refused.value.problems] == ["ca_file"]


def test_every_other_kind_needs_them(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('kind = "workgroup"', ""))
    with pytest.raises(ConfigRefused) as refused:
        load(path)
    assert [problem.name for problem in refused.value.problems] == ["ca_file"]
