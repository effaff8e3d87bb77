"""The play, as `make demo PLAY=1` plays it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lab.commanded import environment


def test_every_check_of_the_play_holds(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "keyturn", "demo", "--play"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    failed = [line for line in played.stdout.splitlines() if "✗" in line]
    assert played.returncode == 0, (failed, played.stdout[-2000:], played.stderr[-2000:])
    assert "checks held" in played.stdout
    assert "✓" in played.stdout


def test_no_impostor_at_the_help_desk_gets_anything_and_all_others_are_helped(
    tmp_path: Path,
) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "keyturn", "demo", "--helpdesk"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    failed = [line for line in played.stdout.splitlines() if "✗" in line]
    assert played.returncode == 0, (failed, played.stdout[-2000:], played.stderr[-2000:])
    assert "Impostor: 12 of 12 got nothing." in played.stdout
    assert "Honest: 8 of 8 were helped." in played.stdout
