"""Fetch the few third-party files that pages use and put them under static/vendor.

Run once per change of version; what it writes is committed, so neither building nor
running Keyturn needs Node or a network.  Each package is asked for by name and exact
version with `npm pack`, from whatever registry npm is set up with, and is refused
unless it has the sha512 noted here (Subresource Integrity format, as in npm's lock files).
What is written in many small modules is bundled into one by esbuild, which is a package
like the others (its WebAssembly build: the same bytes on every machine).

    python tools/vendor_assets.py            fetch, check, copy, write vendor.json
    python tools/vendor_assets.py --check    only check the committed files
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

VENDOR = Path(__file__).resolve().parent.parent / "src/keyturn/web/static/vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package and the files taken from it: (path inside it, name here)."""

    name: str
    version: str
    integrity: str
    licence: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """One ES module made of several packages.

    Attributes:
        name: of the file here; beside it stands `licences`, those of its packages in one.
        entry: the module that is bundled with all that it imports.
        packages: all of them; their `files` are not copied.
    """

    name: str
    licences: str
    entry: str
    packages: tuple[Package, ...]


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

ESBUILD = Package(
    "esbuild-wasm",
    "0.28.2",
    "sha512-GccVwhv3mmOUVQHCQm2Ox/rby8n/EqUwvZxE6Pjfikrq/lWw9g9WX/u9EykWnpot3Ko6j426DgQdea2xWKIAQA==",
    "MIT",
)
#: the oldest browsers that pages are made for
TARGET = "chrome119,safari16.4,firefox115"
SEALING = Bundle(
    "sealing.js",
    "sealing.LICENSE.txt",
    """\
export { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
export { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";
export { verifyAsync } from "@noble/ed25519";
""",
    (
        Package(
            "@hpke/core",
            "1.9.0",
            "sha512-pFxWl1nNJeQCSUFs7+GAblHvXBCjn9EPN65vdKlYQil2aURaRxfGMO6vBKGqm1YHTKwiAxJQNEI70PbSowMP9Q==",
            "MIT",
        ),
        Package(
            "@hpke/common",
            "1.10.1",
            "sha512-moJwhmtLtuxiUzzNp1jpfBfx8yefKoO9D/RCR9dmwrnc7qjJqId1rEtQz+lSlU5cabX8daToMSx/7HayXOiaFw==",
            "MIT",
        ),
        Package(
            "@hpke/dhkem-x25519",
            "1.8.0",
            "sha512-S1MWWkAfu+TFxySgv5+2P3O4Mx/jk7BsoplzQaA1s3sfUJVJ2UsZsSzSsMc+FXJumLXncoJFlO6mK6mDGspfmA==",
            "MIT",
        ),
        Package(
            "@noble/ed25519",
            "3.2.0",
            "sha512-criDgRlnUA09hchYrTy/JUWPIEap5rZxQe6wDWzRx51oWWpDRcUpuNzlgPxDJaOK6AsW9c0wKcj3rKRv6t+bPQ==",
            "MIT",
        ),
    ),
)
SCANNING = Bundle(
    "scanning.js",
    "scanning.LICENSE.txt",
    'export { default as decode } from "qr/decode.js";\n',
    (
        Package(
            "qr",
            "0.7.0",
            "sha512-/VrrACmOAwZVipuRITwfEwOL5oAMEHH5PTmBWaGtlTom2Thxaa+rhmna4zU9PRN2uLw2wdccbkHOLGZb1Q9SdA==",
            "MIT OR Apache-2.0",
        ),
    ),
)
WORDS = Package(
    "secure-password-utilities",
    "0.2.1",
    "sha512-znUg8ae3cpuAaogiFBhP82gD2daVkSz4Qv/L7OWjB7wWvfbCdeqqQuJkm2/IvhKQPOV0T739YPR6rb7vs0uWaw==",
    "MIT, word list CC-BY-3.0-US",
)
#: of the EFF's long list, what somebody types on a phone without a slip
WORD = re.compile(r"'([a-z]{3,6})'")
WORDS_HEAD = """\
/* The words of 3 to 6 letters of the EFF's long list for pass-phrases (2016), by the Electronic
   Frontier Foundation, CC BY 3.0 US. Taken from secure-password-utilities (MIT, (c) 2023 Ben
   Reinhart) by tools/vendor_assets.py. */
"""


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
    for path, name in package.files:
        yield written(package, name, inside(archive, path))


def inside(archive: Path, path: str) -> bytes:
    """One file of a package. Exits if it is not there."""
    with tarfile.open(archive) as tar:
        try:
            member = tar.extractfile(f"package/{path}")
        except KeyError:
            member = None
        if member is None:
            sys.exit(f"{archive.name} has no file {path}")
        return member.read()


def written(package: Package, name: str, content: bytes) -> dict[str, str]:
    """Write a file here; its row of vendor.json."""
    (VENDOR / name).write_bytes(content)
    return {
        "package": package.name,
        "version": package.version,
        "licence": package.licence,
        "file": name,
        "sha384": integrity("sha384", content),
    }


def bundle(wanted: Bundle, folder: Path) -> Iterator[dict[str, str]]:
    """Make one module of several packages, under Node, here and now, in a folder of its own."""
    folder = folder / wanted.name.removesuffix(".js")
    folder.mkdir()
    licences = []
    for package in wanted.packages:
        archive = fetch(package, folder)
        unpack(package, archive, folder)
        licence = inside(archive, "LICENSE").decode()
        licences.append(f"{package.name} {package.version}\n\n{licence}")
    entry, made = folder / "entry.js", folder / wanted.name
    entry.write_text(wanted.entry)
    unpack(ESBUILD, fetch(ESBUILD, folder), folder)
    how = ("--bundle", "--format=esm", "--minify", f"--target={TARGET}", "--legal-comments=none")
    esbuild = folder / "node_modules" / ESBUILD.name / "bin/esbuild"
    subprocess.run(
        ["node", esbuild, entry, *how, f"--outfile={made}", "--log-level=warning"],
        check=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,  # it would wait for that to end, and sometimes dies of it
    )
    whole = Package(
        ", ".join(p.name for p in wanted.packages),
        ", ".join(p.version for p in wanted.packages),
        "",
        " and ".join(sorted({p.licence for p in wanted.packages})),
    )
    yield written(whole, wanted.name, made.read_bytes())
    yield written(whole, wanted.licences, "\n\n".join(licences).encode())


def unpack(package: Package, archive: Path, folder: Path) -> None:
    """Put a package's files where imports find them."""
    place = folder / "node_modules" / package.name
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            data = tar.extractfile(member)
            if data is None or path.parts[0] != "package" or ".." in path.parts:
                continue
            file = place.joinpath(*path.parts[1:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data.read())


def words(archive: Path) -> Iterator[dict[str, str]]:
    """The words of pass-phrases, as a module of our own."""
    found = sorted(set(WORD.findall(inside(archive, "esm/wordlists.js").decode())))
    lines = "\n".join(textwrap.wrap(" ".join(found), 96))
    text = f"{WORDS_HEAD}export const words = `\n{lines}\n`.trim().split(/\\s/);\n"
    yield written(WORDS, "words.js", text.encode())


def vendor() -> None:
    """Fetch everything and write vendor.json."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row for p in PACKAGES for row in copy(p, fetch(p, folder))]
        rows += [*bundle(SEALING, folder), *bundle(SCANNING, folder), *words(fetch(WORDS, folder))]
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
