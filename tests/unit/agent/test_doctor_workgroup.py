"""The agent's doctor beside a machine without a domain: SMB's causes, not LDAPS's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.agent.config import Config
from keyturn.agent.ports import Unreachable
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.health.verdicts import State as Verdict
from tests.unit.agent.test_doctor import Case, Directory


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    made.config = replace(made.config, kind=DirectoryKind.WORKGROUP)
    return made


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("refused", "controller.smb-refused"),
        ("timeout", "controller.smb-timeout"),
        ("tls", "controller.smb-tls"),
        ("gone", "controller.smb-gone"),
        ("name", "controller.name"),
        ("credentials", "controller.credentials"),
    ],
)
def test_what_is_wrong_with_the_machine(case: Case, cause: str, told: str) -> None:
    case.driver = lambda _config: Directory(error=Unreachable("files1", cause, "it said so"))
    assert case.causes()[told] is Verdict.FAIL


def test_a_machine_that_answers(case: Case) -> None:
    assert case.causes()["controller.smb-ok"] is Verdict.OK


def test_an_agent_without_the_extra(case: Case) -> None:
    def absent(_config: Config) -> Directory:
        raise ImportError

    case.driver = absent
    assert case.causes()["controller.smb-no-driver"] is Verdict.FAIL
