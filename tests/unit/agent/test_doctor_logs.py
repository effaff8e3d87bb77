"""The agent's doctor looks at the logs of bad logons."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.agent.logons import events
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.health.verdicts import State as Verdict
from tests.unit.agent.test_doctor import Case

HOST = "dc1.corp.example.test"
LINE = '{"timestamp": "2027-01-15T07:00:00.000000+0000", "type": "Authentication"}\n'


@pytest.fixture
def case(tmp_path: Path) -> Case:
    found = Case(tmp_path)
    found.config = replace(found.config, audit_logs={HOST: tmp_path / "audit.log"})
    return found


def logs(case: Case) -> dict[str, Verdict]:
    return {cause: state for cause, state in case.causes().items() if cause.startswith("logs.")}


def test_whoever_names_none_is_told_what_that_means(case: Case) -> None:
    case.config = replace(case.config, audit_logs={})
    assert logs(case) == {"logs.none": Verdict.OK}


def test_other_directories_have_none_to_name(case: Case) -> None:
    case.config = replace(case.config, audit_logs={}, kind=DirectoryKind.OPENLDAP)
    assert logs(case) == {}


@pytest.mark.parametrize(
    ("text", "told"), [(LINE, {"logs.ok": Verdict.OK}), ("", {"logs.empty": Verdict.WARN})]
)
def test_a_log_that_tells_and_one_that_does_not(
    case: Case, tmp_path: Path, text: str, told: dict[str, Verdict]
) -> None:
    (tmp_path / "audit.log").write_text(text)
    assert logs(case) == told


def test_a_log_that_is_not_there(case: Case) -> None:
    assert logs(case) == {"logs.missing": Verdict.WARN}


def test_a_log_that_is_no_file(case: Case, tmp_path: Path) -> None:
    (tmp_path / "audit.log").mkdir()
    assert logs(case) == {"logs.unreadable": Verdict.WARN}


def test_a_log_that_may_not_be_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def denied(path: str, *words: int) -> int:
        if str(path).endswith("audit.log"):
            raise PermissionError  # root, as whom tests may run, is never refused
        return real(path, *words)

    monkeypatch.setattr("os.open", denied)
    assert logs(case) == {"logs.denied": Verdict.WARN}


def test_a_program_that_takes_too_long(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TIMEOUT_S", 0.2)
    words = (sys.executable, "-c", "import time; time.sleep(99)")
    case.config = replace(case.config, audit_logs={}, event_programs={HOST: words})
    assert logs(case) == {"logs.timeout": Verdict.WARN}
