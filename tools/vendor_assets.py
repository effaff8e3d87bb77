"""Fetch the few third-party files that pages use and put them under static/vendor.

Run once per change of version; what it writes is committed, so neither building nor
running Keyturn needs Node or a network.  Each package is asked for by name and exact
version with `npm pack`, from whatever registry npm is set up with, and is refused
unless it has the sha512 noted here (Subresource Integrity format, as in npm's lock files).

    python tools/vendor_assets.py            fetch, check, copy, write vendor.json
    python tools/vendor_assets.py --check    only check the committed files
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "src/keyturn/web/static/vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package and the files taken from it: (path inside it, name here)."""

    name: str
    version: str
    integrity: str
    licence: str
    files: tuple[tuple[str, str], ...]


PACKAGES = (
    Package(
        "htmx.org",
        "2.0.11",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        "0BSD",
        (("dist/htmx.min.js", "htmx.min.js"), ("LICENSE", "htmx.LICENSE.txt")),
    ),
    Package(
        "@fontsource-variable/atkinson-hyperlegible-next",
        "5.3.0",
        "sha512-UnLzNUy1RWoLDfydAatP4NaRm99X/WbQEph7q/PymJnCFIOOwKOx3pBmp5ys8trO0dM+CKGuJgeZP9fAR4mQpA==",
        "OFL-1.1",
        (
            ("files/atkinson-hyperlegible-next-latin-wght-normal.woff2", "atkinson-latin.woff2"),
            (
                "files/atkinson-hyperlegible-next-latin-ext-wght-normal.woff2",
                "atkinson-latin-ext.woff2",
            ),
            ("LICENSE", "atkinson.LICENSE.txt"),
        ),
    ),
)


def integrity(algorithm: str, content: bytes) -> str:
    """`content`'s hash as Subresource Integrity writes it, e.g. "sha384-…"."""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive in `folder`, checked. Exits with the reason if it differs."""
    asked = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", asked, "--json", "--silent", "--pack-destination", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    archive: Path = folder / json.loads(done.stdout)[0]["filename"]
    found = integrity("sha512", archive.read_bytes())
    if found != package.integrity:
        sys.exit(f"{asked}: the archive has {found}, expected {package.integrity}")
    return archive


def copy(package: Package, archive: Path) -> Iterator[dict[str, str]]:
    """Copy the package's chosen files; yields one row of vendor.json for each."""
    with tarfile.open(archive) as tar:
        for path, name in package.files:
            member = tar.extractfile(f"package/{path}")
            if member is None:
                sys.exit(f"{package.name}@{package.version} has no file {path}")
            content = member.read()
            (VENDOR / name).write_bytes(content)
            yield {
                "package": package.name,
                "version": package.version,
                "licence": package.licence,
                "file": name,
                "sha384": integrity("sha384", content),
            }


def vendor() -> None:
    """Fetch everything and write vendor.json."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for p in PACKAGES for row in copy(p, fetch(p, Path(folder)))]
    (VENDOR / "vendor.json").write_text(json.dumps(rows, indent=2) + "\n")
    print("\n".join(f"{row['package']} {row['version']}: {row['file']}" for row in rows))


def check() -> None:
    """Exit with the names of committed files that are not what vendor.json says."""
    rows = json.loads((VENDOR / "vendor.json").read_text())
    wrong = [
        row["file"]
        for row in rows
        if integrity("sha384", (VENDOR / row["file"]).read_bytes()) != row["sha384"]
    ]
    if wrong:
        sys.exit(f"differs from vendor.json: {', '.join(wrong)}")
    print(f"{len(rows)} files as in vendor.json")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Third-party files for the pages.")
    parser.add_argument("--check", action="store_true", help="only check the committed files")
    check() if parser.parse_args().check else vendor()
