"""What the lab's tests share: a server with a browser before it, and what they have to say at the
end: `record_property("says", words)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.lab import apart

# what was found wrong is told, not only that something was
pytest.register_assert_rewrite("tests.lab.handset", "tests.lab.looking")

if TYPE_CHECKING:
    from tests.lab.looking import Eye
    from tests.lab.played_door import PlayedDoor
    from tests.lab.served import Served


def pytest_configure() -> None:
    """Before anything is begun that listens or connects."""
    apart.move()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server under a name: browsers seal, and keep passkeys, on a protected or a local page
    only, and passkeys are bound to names, not to addresses.
    """
    from tests.lab.served import Served

    with Served(tmp_path_factory.mktemp("installation"), host="localhost") as running:
        yield running


@pytest.fixture(scope="module")
def seeing(served: Served) -> Iterator[Eye]:
    """One browser for all tests of a file."""
    from tests.lab.looking import opened

    with opened(served.origin) as eye:
        yield eye


@pytest.fixture
def eye(seeing: Eye) -> Iterator[Eye]:
    """The same; when the test is over, nothing may have been wrong."""
    from tests.lab.looking import unharmed

    with unharmed(seeing):
        yield seeing


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Eye, PlayedDoor]]:
    """For the phone app: a server with a played door before it, and a browser, for a whole file."""
    from tests.lab.handset import staged

    with staged(tmp_path_factory.mktemp("installation")) as found:
        yield found


@pytest.fixture
def door(stage: tuple[Eye, PlayedDoor]) -> PlayedDoor:
    """What the app speaks with."""
    return stage[1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each, whichever process it ran in."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    said = [words for r in reports for name, words in r.user_properties if name == "says"]
    for words in said:
        terminalreporter.write_line(str(words))
