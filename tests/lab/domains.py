"""Real domains for tests. Without root they are left out, loudly; else what cannot run fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from keyturn.lab.domain import Lab, Unable

ROOT = os.geteuid() == 0


@contextmanager
def domain(controllers: int, *, loopback: bool = False) -> Iterator[Lab]:
    """A lab for the length of a block. Where it cannot be, the test would prove nothing."""
    lab = Lab(controllers, loopback=loopback)
    try:
        lab.start()
    except Unable as unable:
        if not ROOT:
            pytest.skip(f"a domain needs root: {unable}")
        pytest.fail(f"failed to run: no domain controllers here: {unable}", pytrace=False)
    try:
        yield lab
    finally:
        lab.stop()
