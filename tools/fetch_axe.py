"""Fetch axe-core, which looks for barriers in pages; only tests use it.

    python tools/fetch_axe.py        fetch it if need be, and print where its script is

The archive comes from npm by exact version, is kept under var/ (not in the repository) and
is compared with the sha512 noted here whenever the script is taken from it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from vendor_assets import Package, fetch, integrity

VAR = Path(__file__).resolve().parent.parent / "var"
AXE = Package(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "MPL-2.0",
    (("axe.min.js", "axe.min.js"),),
)


def archive() -> Path:
    """The archive under var/, checked."""
    kept = VAR / "axe-core.tgz"
    if not kept.exists() or integrity("sha512", kept.read_bytes()) != AXE.integrity:
        _fetch(kept)
    return kept


def _fetch(kept: Path) -> None:
    """Exits with the reason where it cannot be had."""
    if shutil.which("npm") is None:
        sys.exit("failed to run: npm is not installed; as root on Debian: apt-get install npm")
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            shutil.move(fetch(AXE, Path(folder)), kept)
        except (OSError, ValueError, subprocess.CalledProcessError) as reason:
            sys.exit(f"failed to run: npm pack {AXE.name}@{AXE.version}: {reason}")


def script() -> Path:
    """axe-core's script, taken from the checked archive."""
    [(inside, name)] = AXE.files
    with tarfile.open(archive()) as tar:
        member = tar.extractfile(f"package/{inside}")
        if member is None:
            sys.exit(f"failed to run: {AXE.name}@{AXE.version} has no {inside}")
        found = VAR / name
        found.write_bytes(member.read())
    return found


if __name__ == "__main__":
    print(script())
