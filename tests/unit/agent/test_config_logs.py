"""agent.toml names the logs of bad logons."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.agent import wiring
from keyturn.agent.config import load
from keyturn.agent.logons.audit_file import AuditFile
from keyturn.agent.logons.events import EventLog
from tests.unit.agent.test_config import problems, written

FILES = '\n[audit_logs]\n"DC1.corp.example.com" = "/var/log/samba/audit.log"\n'
PROGRAMS = '\n[event_programs]\n"dc2.corp.example.com" = ["/usr/local/bin/dc2-events", "-x"]\n'


def test_each_controller_has_its_log(tmp_path: Path) -> None:
    config = load(written(tmp_path, FILES + PROGRAMS))
    assert config.audit_logs == {"dc1.corp.example.com": Path("/var/log/samba/audit.log")}
    assert config.event_programs == {
        "dc2.corp.example.com": ("/usr/local/bin/dc2-events", "-x")
    }  # fmt: skip
    made = wiring.logs(config).of
    assert isinstance(made["dc1.corp.example.com"], AuditFile)
    assert isinstance(made["dc2.corp.example.com"], EventLog)


def test_without_any_nothing_is_read(tmp_path: Path) -> None:
    assert wiring.logs(load(written(tmp_path))).of == {}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("\naudit_logs = 1", ["audit_logs"]),
        ('\n[audit_logs]\ndc1 = "/x"', ["audit_logs"]),
        ('\n[audit_logs]\n"dc1.corp.example.com" = "x"', ["audit_logs"]),
        ('\n[event_programs]\n"dc1.corp.example.com" = "x"', ["event_programs"]),
        ('\n[event_programs]\n"dc1.corp.example.com" = []', ["event_programs"]),
        (FILES.replace("DC1", "dc2") + PROGRAMS, ["event_programs"]),
    ],
)
def test_a_bad_log_is_named(tmp_path: Path, more: str, named: list[str]) -> None:
    assert sorted(problems(written(tmp_path, more))) == named


def test_other_directories_have_none_that_is_read(tmp_path: Path) -> None:
    found = problems(written(tmp_path, '\nkind = "openldap"\nbase = "dc=x"' + FILES + PROGRAMS))
    assert {"audit_logs", "event_programs"} <= set(found)
