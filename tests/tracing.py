"""Threads under coverage, where CPython cannot yet install two trace functions at one moment.

Until 3.12 `sys.settrace` raises RuntimeError while another thread is within it (CPython issue
98257); a thread that begins just then dies of its own bootstrap.  It is only a matter of trying
again.
"""

from __future__ import annotations

import sys
import threading
from typing import Any


class Patient:
    """`sys`, as `threading` sees it."""

    def settrace(self, trace: Any) -> None:
        """Until nobody else is about it."""
        while not self._set(trace):
            pass  # the interpreter gives the other thread its turn

    def _set(self, trace: Any) -> bool:
        try:
            sys.settrace(trace)
        except RuntimeError:
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def install() -> None:
    """Once in a process. Nothing changes where it is mended, or nobody traces."""
    if sys.version_info < (3, 12):
        threading._sys = Patient()  # type: ignore[attr-defined]
