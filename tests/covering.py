"""Which lines and branches of the product's heart the tests come to; all are wanted.

It begins when this module is imported, which has to happen before anything of Keyturn is, in
every process (conftest.py, where KEYTURN_COVERED=1 asks for it).  A tracing measurement
(coverage.py on Python 3.11) makes each test twice as long, for it hears of every line again and
again.  SlipCover writes its probes into the code instead and takes out those that were hit.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import slipcover

#: Folders, not packages: a package that no test imports would not be missed.
ROOMS = tuple(f"src/keyturn/{room}" for room in ("rules", "steps", "flows", "wire"))
#: beside `# pragma: no cover` and `if TYPE_CHECKING:`, which SlipCover leaves out by itself
NOT_MEANT = ("@overload", "assert_never")
_OUTPUT = "covered"


class Covering:
    """A plugin that measures, adds up what each process has seen, and fails if anything is left."""

    def __init__(self) -> None:
        assert not [name for name in sys.modules if name.startswith("keyturn.")], "too late"
        self._probes = slipcover.Slipcover(
            branch=True, source=list(ROOMS), exclude_also=list(NOT_MEANT)
        )
        slipcover.ImportManager(self._probes, slipcover.FileMatcher(ROOMS)).__enter__()
        self._seen: dict[str, Any] | None = None

    def pytest_testnodedown(self, node: Any) -> None:
        """Another process has ended; one that died tells nothing, and what it saw is missing."""
        output = getattr(node, "workeroutput", {})
        if _OUTPUT in output:
            self._add(json.loads(output[_OUTPUT]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was seen here, or judge."""
        output: dict[str, str] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = json.dumps(self._probes.get_coverage())  # xdist is slow with lists
            return
        if not self._seen:  # the one process there is
            self._add(self._probes.get_coverage())
        if self._missing() and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What nothing came to, line by line."""
        assert self._seen
        terminalreporter.section("covered")
        if self._missing():
            slipcover.print_coverage(self._seen, skip_covered=True)
            terminalreporter.line("FAILED: not every line and branch was come to", red=True)
            return
        sums = self._seen["summary"]
        terminalreporter.line(
            f"all {sums['covered_lines']} lines and {sums['covered_branches']} branches of "
            f"{len(self._seen['files'])} files"
        )

    def _add(self, seen: dict[str, Any]) -> None:
        if self._seen:
            slipcover.merge_coverage(self._seen, seen)
        else:
            self._seen = seen

    def _missing(self) -> bool:
        files = self._seen["files"].values() if self._seen else ()
        return not files or any(f["missing_lines"] or f["missing_branches"] for f in files)


covering = Covering()
