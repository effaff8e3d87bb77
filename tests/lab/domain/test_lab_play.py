"""The lab's play, as `make lab PLAY=1` plays it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyturn.lab.able import able
from tests.lab.commanded import environment


def test_every_check_of_the_labs_play_holds(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"a domain needs root: {able().network}")
    played = subprocess.run(
        [sys.executable, "-m", "keyturn", "lab", "--play"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    failed = [line for line in played.stdout.splitlines() if "✗" in line]
    assert played.returncode == 0, (failed, played.stdout[-2000:], played.stderr[-2000:])
    assert "checks held" in played.stdout
    assert "✓" in played.stdout
