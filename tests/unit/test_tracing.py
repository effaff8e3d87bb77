"""tests/tracing.py: a thread that begins while another installs its trace function lives."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from tests import tracing


def test_it_is_tried_until_nobody_else_is_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[Any] = []
    busy = [True, True]

    def settrace(trace: Any) -> None:
        if busy:
            busy.pop()
            raise RuntimeError("Cannot install a trace function while another is being installed")
        set_to.append(trace)

    patient = tracing.Patient()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "settrace", settrace)
        patient.settrace("ours")
    assert set_to == ["ours"]
    assert patient.flags is sys.flags  # all else is sys


def test_threads_begin_so_where_it_is_not_mended() -> None:
    patient = isinstance(threading._sys, tracing.Patient)  # type: ignore[attr-defined]
    assert patient is (sys.version_info < (3, 12))
