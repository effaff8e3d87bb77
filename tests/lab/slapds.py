"""Real slapds for tests. Without root they are left out where there is none, else that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from keyturn.lab.openldap import Options, Slapd, Unable


@contextmanager
def slapd(options: Options | None = None) -> Iterator[Slapd]:
    """A directory for the length of a block."""
    try:
        with Slapd(options) as running:
            yield running
    except Unable as unable:
        if os.geteuid() != 0:
            pytest.skip(f"no slapd: {unable}")
        pytest.fail(f"failed to run: no slapd here: {unable}", pytrace=False)
