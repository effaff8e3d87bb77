"""Samba's audit log: a file of lines (smb.conf: `log level = 1 auth_json_audit:2@/var/log/…`).

It is read backwards from its end, and on into what rotation has put aside, until a line is older
than what was asked for, or enough was read.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from keyturn.agent.logons.ports import LOGONS_MAX, Logged, Unread
from keyturn.rules.directories.logons import samba
from keyturn.rules.directories.logons.logon import BadLogon
from keyturn.rules.lockout import MINUTE

#: bytes that one reading looks at, in all files together; at a time
READ_MAX, BLOCK = 16 * 1024 * 1024, 64 * 1024
#: lines of several processes may stand out of order by so long
ORDER_MS: Final = MINUTE
#: where Samba (max log size) and logrotate put the file before
ROTATED: Final = (".old", ".1")


class AuditFile:
    """The port's `LogonLog` on such a file."""

    def __init__(self, controller: str, path: Path) -> None:
        self._controller = controller
        self._path = path

    async def bad_logons(self, since: int) -> Logged:
        try:
            return await asyncio.to_thread(self._read, since)
        except OSError:
            raise Unread("unreadable") from None

    def _read(self, since: int) -> Logged:
        found: list[BadLogon] = []
        oldest: int | None = None
        for line in self._lines():
            at = samba.stamp(line)
            if at is None:
                continue
            if at < since - ORDER_MS:
                return Logged(found[::-1], since)
            oldest = at if oldest is None else min(oldest, at)
            one = samba.read(line, self._controller)
            if one is not None and one.at >= since:
                found.append(one)
            if len(found) == LOGONS_MAX:
                break
        return Logged(found[::-1], None if oldest is None else max(oldest, since))

    def _lines(self) -> Iterator[str]:
        """The newest first, of all files. Raises Unread if there is not even one."""
        left, seen = READ_MAX, set[tuple[int, int]]()
        for path in (self._path, *(Path(f"{self._path}{end}") for end in ROTATED)):
            try:
                file = _opened(path)
            except Unread:
                if not seen:
                    raise
                continue
            with file:
                status = os.fstat(file.fileno())
                here = (status.st_dev, status.st_ino)
                if here not in seen:  # else it was renamed between two looks
                    seen.add(here)
                    yield from backwards(file, min(left, status.st_size))
                    left -= min(left, status.st_size)


def _opened(path: Path) -> BinaryIO:
    """The file, if it is one. Raises Unread."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unread("missing") from None
    except PermissionError:
        raise Unread("denied") from None
    except OSError:
        raise Unread("unreadable") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unread("unreadable")
    return os.fdopen(handle, "rb")


def backwards(file: BinaryIO, most: int) -> Iterator[str]:
    """The lines of a file, the last one first; those beyond `samba.LINE_MAX` are left out.

    Args:
        most: bytes that are looked at, from the end; at most its size.
    """
    end = file.seek(0, os.SEEK_END)
    stop, rest, spoilt = max(0, end - most), b"", False
    while end > stop:
        size = min(BLOCK, end - stop)
        end -= size
        file.seek(end)
        first, *whole = (file.read(size) + rest).split(b"\n")
        if whole and spoilt:  # the end of a line that was too long
            whole.pop()
            spoilt = False
        yield from (_text(line) for line in reversed(whole) if 0 < len(line) <= samba.LINE_MAX)
        spoilt = spoilt or len(first) > samba.LINE_MAX
        rest = b"" if spoilt else first
    if rest and not spoilt and not end:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
