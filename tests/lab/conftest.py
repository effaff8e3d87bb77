"""What the lab's tests have to say at the end: `record_property("says", words)`."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each, whichever process it ran in."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    said = [words for r in reports for name, words in r.user_properties if name == "says"]
    for words in said:
        terminalreporter.write_line(str(words))
