"""The lab's plays beside other kinds of directory, as `make lab PLAY=…` plays them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyturn.lab.able import able
from tests.lab.commanded import environment


@pytest.mark.parametrize("kind", ["openldap", "workgroup"])
def test_every_check_of_the_play_holds(
    kind: str, tmp_path: Path, record_property: Callable[..., None]
) -> None:
    if os.geteuid() != 0 and kind == "workgroup":
        pytest.skip(f"a machine of one's own needs root: {able().network}")
    played = subprocess.run(
        [sys.executable, "-m", "keyturn", "lab", "--play", "--directory", kind],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    failed = [line for line in played.stdout.splitlines() if "✗" in line]
    assert played.returncode == 0, (failed, played.stdout[-2000:], played.stderr[-2000:])
    summary = re.search(r"All \d+ checks held, .*", played.stdout)
    assert summary is not None
    record_property("says", f"lab play {kind}: {summary[0]}")
