"""Fetch axe-core, which looks for barriers in pages; only tests use it.

    python -m tools.fetch_axe        fetch it if need be, and print where it is

The archive comes from npm by exact version, is kept under var/ (not in the repository) and
is compared with the sha512 noted here whenever it is read.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.vendor_assets import Package, fetch, integrity

KEPT = Path(__file__).resolve().parent.parent / "var" / "axe-core.tgz"
AXE = Package(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "MPL-2.0",
    (("axe.min.js", "axe.min.js"),),
)


class CannotFetch(Exception):
    """It is neither here nor to be had; the message says why."""


def archive() -> Path:
    """The archive under var/, checked. Raises CannotFetch."""
    if not KEPT.exists() or integrity("sha512", KEPT.read_bytes()) != AXE.integrity:
        _fetch()
    return KEPT


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise CannotFetch("npm is not installed; as root on Debian: apt-get install npm")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetched = fetch(AXE, Path(folder))
        except (OSError, ValueError, subprocess.CalledProcessError, SystemExit) as reason:
            raise CannotFetch(f"npm pack axe-core@{AXE.version}: {reason}") from reason
        shutil.move(fetched, KEPT)


def script() -> str:
    """axe-core's source. Raises CannotFetch."""
    with tarfile.open(archive()) as tar:
        member = tar.extractfile(f"package/{AXE.files[0][0]}")
        if member is None:
            raise CannotFetch(f"{AXE.name}@{AXE.version} has no {AXE.files[0][0]}")
        return member.read().decode()


if __name__ == "__main__":
    try:
        print(f"{AXE.name} {AXE.version}: {archive()}")
    except CannotFetch as reason:
        sys.exit(f"failed to run: {reason}")
