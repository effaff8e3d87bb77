"""The agent's doctor: what it finds, what it says, and that every word has its cause."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from keyturn.agent import doctor
from keyturn.agent.config import Config
from keyturn.agent.doctor import Bench
from keyturn.agent.doctor_words import CATALOGUE, CHECKS
from keyturn.agent.ports import NotFound, Unreachable
from keyturn.agent.state import State
from keyturn.rules.directories.topology import Topology
from keyturn.rules.health.verdicts import State as Verdict
from tests.unit.agent.linked import ORIGIN, folder, who

NOW = 1_800_000_000_000
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"  # the same moment


class Directory:
    """A driver of which only what the doctor asks is there."""

    def __init__(self, domain: str = "corp.example.test", error: Exception | None = None) -> None:
        self.domain, self.error = domain, error

    async def topology(self, controller: str) -> Topology:
        if self.error:
            raise self.error
        return Topology(self.domain, "CORP", "DC=corp", "Samba", False, (), ())

    async def find(self, controller: str, name: str) -> Any:
        raise NotFound


def answering(status: int = 400, date: str = DATE) -> httpx.AsyncClient:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"date": date})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=ORIGIN)


def failing(error: Exception) -> httpx.AsyncClient:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=ORIGIN)


class Case:
    """A machine that is well, until a test makes it otherwise."""

    def __init__(self, tmp_path: Path) -> None:
        self.state = folder(tmp_path)
        who(self.state)
        self.secret = tmp_path / "password"
        self.secret.write_text("x")
        self.secret.chmod(0o600)
        self.config = Config(
            ORIGIN, "corp.example.test", "dc1.corp.example.test", "svc", self.secret, self.secret,
            state=self.state.path,
        )  # fmt: skip
        self.client = answering()
        self.driver: Any = lambda _config: Directory()

    def causes(self) -> dict[str, Verdict]:
        bench = Bench(self.config, self.driver, lambda: NOW, lambda _config: self.client)
        report = asyncio.run(doctor.examine(bench))
        assert doctor.headline(report)
        return {f.cause: CATALOGUE.state(f) for f in report.findings}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_every_check_has_words_for_what_is_well_and_needs_only_what_there_is() -> None:
    for check in CHECKS:
        assert set(check.needs) <= CATALOGUE.checks.keys()
        if check.name not in {"password-file", "origin"}:
            assert any(c.check == check.name and c.state is Verdict.OK for c in
                       CATALOGUE.causes.values())  # fmt: skip
    for cause in CATALOGUE.causes.values():
        assert cause.check in CATALOGUE.checks
        assert set(cause.because) <= CATALOGUE.checks.keys()
        if cause.state is Verdict.FAIL:
            assert cause.so, cause.id
            assert cause.mend, cause.id


def test_a_machine_that_is_well(case: Case) -> None:
    found = case.causes()
    assert {"state.ok", "server.ok", "clock.ok", "controller.ok", "domain.ok"} <= found.keys()


def test_a_folder_open_to_others(case: Case) -> None:
    case.state.path.chmod(0o755)
    assert case.causes()["state.open-to-others"] is Verdict.FAIL


def test_no_folder(case: Case, tmp_path: Path) -> None:
    case.config = replace(case.config, state=tmp_path / "none")
    assert "state.absent" in case.causes()


def test_a_password_file_open_to_others_or_gone(case: Case) -> None:
    case.secret.chmod(0o644)
    assert case.causes()["password-file.open"] is Verdict.FAIL
    case.client = answering()
    case.secret.unlink()
    assert "password-file.unreadable" in case.causes()


@pytest.mark.parametrize("why", ["revoked", "cloned"])
def test_an_agent_that_is_not_wanted_any_more(case: Case, why: str) -> None:
    State(case.state.path).write_json("status.json", {"stopped": why})
    assert f"process.{why}" in case.causes()


def test_an_agent_that_runs(case: Case) -> None:
    with case.state.lock():
        assert "process.ok" in case.causes()


@pytest.mark.parametrize(
    ("client", "cause"),
    [
        (lambda: failing(httpx.ConnectTimeout("x")), "server.timeout"),
        (lambda: failing(httpx.ProxyError("x")), "server.proxy"),
        (lambda: failing(httpx.ConnectError("x")), "server.closed"),
        (lambda: answering(404), "server.other"),
        (lambda: answering(date="Fri, 15 Jan 2027 08:06:00 GMT"), "clock.wrong"),
        (lambda: answering(date="nonsense"), "clock.unseen"),
    ],
)
def test_what_is_wrong_on_the_way_to_the_server(case: Case, client: Any, cause: str) -> None:
    case.client = client()
    assert cause in case.causes()


@pytest.mark.parametrize(
    "cause", ["name", "refused", "timeout", "tls_old", "tls_ca", "tls_name", "tls_expired", "tls",
              "credentials", "gone"],
)  # fmt: skip
def test_what_is_wrong_with_the_controller(case: Case, cause: str) -> None:
    error = Unreachable("dc1", cause, "it said so")
    case.driver = lambda _config: Directory(error=error)
    assert case.causes()[f"controller.{cause}"] is Verdict.FAIL


@pytest.mark.parametrize(
    ("error", "cause"),
    [(ImportError(), "controller.no-driver"), (OSError(), "controller.settings")],
)
def test_a_driver_that_cannot_be_made(case: Case, error: Exception, cause: str) -> None:
    def driver(_config: Config) -> Any:
        raise error

    case.driver = driver
    assert cause in case.causes()


def test_another_domain(case: Case) -> None:
    case.driver = lambda _config: Directory("other.example.test")
    assert "domain.other" in case.causes()
