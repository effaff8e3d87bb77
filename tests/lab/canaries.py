"""A password by which one sees where it has been: every spelling of it, looked for everywhere."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

Clues = Mapping[str, bytes]
#: of memory, read at a time; no clue is as long as what two pieces share
PIECE, SHARED = 8 << 20, 4096
_REGION = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ (\d+) *(.*)$")


def clues(password: str, nt_hash: str) -> Clues:
    """Every spelling of a password, and of its NT hash (hex), by a name for people."""
    plain = {
        "UTF-8": password.encode(),
        "UTF-16": password.encode("utf-16-le"),
        "UTF-16, big end first": password.encode("utf-16-be"),
    }
    digest = {"NT hash": bytes.fromhex(nt_hash)}
    found = {**plain, **digest}
    found |= {f"{name}, reversed": raw[::-1] for name, raw in found.items()}
    found["reversed"] = password[::-1].encode()
    for name, raw in {**plain, **digest}.items():
        found[f"{name}, hex"] = raw.hex().encode()
        found[f"{name}, HEX"] = raw.hex().upper().encode()
        for shift in range(3):
            coded = _base64(raw, shift)
            found[f"{name}, base64+{shift}"] = coded
            found[f"{name}, base64url+{shift}"] = coded.translate(bytes.maketrans(b"+/", b"-_"))
    for name, url in {
        "URL": quote(password, safe=""), "form": quote_plus(password),
        "encodeURIComponent": quote(password, safe="!'()*"),
    }.items():  # fmt: skip
        found[name] = url.encode()
        found[f"{name}, lower"] = re.sub("%..", lambda c: c[0].lower(), url).encode()
    escaped = json.dumps(password)[1:-1]
    found["JSON"] = escaped.encode()
    found["JSON, upper"] = re.sub(r"(?<=\\u)....", lambda c: c[0].upper(), escaped).encode()
    return {name: clue for name, clue in found.items() if len(clue) > 7}


def _base64(raw: bytes, shift: int) -> bytes:
    """The characters that are the same whatever stands before (`shift` bytes) and after."""
    coded = base64.b64encode(bytes(shift) + raw)
    return coded[-(-8 * shift // 6) : (shift + len(raw)) * 8 // 6]


def hits(place: str, data: bytes, wanted: Clues) -> list[str]:
    """Which clues are in some bytes, in words."""
    return [f"{place}: {name}" for name, clue in wanted.items() if clue in data]


def in_files(folders: Iterable[Path], wanted: Clues) -> tuple[list[str], int]:
    """Clues in all files of these folders, and how many bytes were looked at. What is gzipped
    is looked at unpacked too.
    """
    found, size = [], 0
    for path in _files(folders):
        data = path.read_bytes()
        size += len(data)
        found += hits(str(path), data, wanted)
        if data[:2] == b"\x1f\x8b":
            found += hits(f"{path}, unpacked", gzip.decompress(data), wanted)
    return found, size


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        every = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        yield from (path for path in every if path.is_file() and not path.is_symlink())


def in_memory(pid: int, wanted: Clues) -> tuple[list[str], int]:
    """Clues in what a process has in memory, and how many bytes that are (root only).

    Parts of files that it cannot have written to are left out.
    """
    found: dict[str, None] = {}
    size = 0
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for start, end in _regions(pid):
            for at in range(start, end, PIECE - SHARED):
                data = _read(memory, at, min(PIECE, end - at))
                size += len(data)
                found |= dict.fromkeys(hits(f"memory of {pid}", data, wanted))
    return list(found), size


def _regions(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        region = _REGION.match(line)
        if region is None or region[5] in {"[vvar]", "[vvar_vclock]", "[vsyscall]", "[vdso]"}:
            continue
        if region[4] == "0" or "w" in region[3]:
            yield int(region[1], 16), int(region[2], 16)


def _read(memory: object, at: int, count: int) -> bytes:
    """Nothing, where the kernel gives nothing."""
    try:
        memory.seek(at)  # type: ignore[attr-defined]
        data: bytes = memory.read(count)  # type: ignore[attr-defined]
    except OSError:
        return b""
    return data
