"""This machine: its clock, its disks, its files with secrets."""

from __future__ import annotations

import asyncio
import ctypes
import os
import stat
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keyturn.adapters.dkim import UnusableKey, load_key
from keyturn.adapters.probes import ntp
from keyturn.adapters.probes.threads import aside
from keyturn.adapters.sealing import KeyRingUnusable, load_key_ring
from keyturn.adapters.system import wall_and_steady_ms
from keyturn.rules.health.sights import HostSight, KeyFile, MailKey, Place

#: how long the clock is watched for jumps, seconds
WATCH_S = 1.0
#: adjtimex(2): where `status` lies in struct timex on 64-bit Linux, and STA_UNSYNC in it
TIMEX_SIZE, STATUS_AT, UNSYNCHRONISED = 208, 40, 0x40


@dataclass(frozen=True, slots=True)
class HostProbe:
    """See ports.health.Host.

    Attributes:
        places: folders that data live in.
        ring: the key ring's file.
        time_server: whom else to ask the time, or None.
    """

    places: Sequence[Path]
    ring: Path
    mail_keys: Sequence[MailKey]
    time_server: str | None = None
    watch_s: float = WATCH_S

    async def look(self) -> HostSight:
        """See the port."""
        wall, steady = wall_and_steady_ms()
        sight, _ = await asyncio.gather(aside(self._look), asyncio.sleep(self.watch_s))
        later_wall, later_steady = wall_and_steady_ms()
        jump = (later_wall - wall) - (later_steady - steady)
        return HostSight(
            places=sight.places, ring=sight.ring, mail_keys=sight.mail_keys, jump_ms=jump,
            synchronised=synchronised(), time_server=sight.time_server,
            time_server_ms=sight.time_server_ms,
        )  # fmt: skip

    def _look(self) -> HostSight:
        server = self.time_server
        return HostSight(
            places=tuple(map(place, dict.fromkeys(self.places))),
            ring=key_file(self.ring, _ring_fault),
            mail_keys=tuple(
                key_file(Path(key.path), lambda path, k=key: _mail_fault(path, k))  # type: ignore[misc]
                for key in self.mail_keys
            ),
            time_server=server or "",
            time_server_ms=ntp.ahead_ms(server) if server else None,
        )


def place(path: Path) -> Place:
    """A folder and the disk under it."""
    try:
        disk = os.statvfs(path)
    except OSError:
        return Place(str(path), there=False)
    return Place(
        path=str(path),
        there=path.is_dir(),
        writable=os.access(path, os.W_OK | os.X_OK) and not disk.f_flag & os.ST_RDONLY,
        free=disk.f_bavail * disk.f_frsize,
        size=disk.f_blocks * disk.f_frsize,
        inodes_free=disk.f_favail,
        inodes=disk.f_files,
    )


def key_file(path: Path, fault: Callable[[Path], str]) -> KeyFile:
    """A file with a secret. It is not read while others may read it: that is mended first."""
    try:
        found = path.stat()
    except OSError:
        return KeyFile(str(path), there=False)
    mode = stat.S_IMODE(found.st_mode)
    closed = not mode & (stat.S_IRWXG | stat.S_IRWXO)
    return KeyFile(
        path=str(path), there=True, mode=mode, ours=found.st_uid == os.getuid(),
        changed_at=int(found.st_mtime * 1000), fault=fault(path) if closed else "",
    )  # fmt: skip


def _ring_fault(path: Path) -> str:
    try:
        load_key_ring(path)
    except KeyRingUnusable:
        return "not-a-ring"
    except OSError:
        return "unreadable"
    return ""


def _mail_fault(path: Path, key: MailKey) -> str:
    try:
        load_key(key.domain, key.selector, path.read_bytes())
    except UnusableKey as error:
        return error.reason
    except OSError:
        return "unreadable"
    return ""


def synchronised() -> bool | None:
    """Whether something keeps the kernel's clock right; None where that is not told."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:  # noqa: PLR2004  64 bits
        return None
    timex = ctypes.create_string_buffer(TIMEX_SIZE)  # modes = 0: only look
    if ctypes.CDLL(None).adjtimex(timex) < 0:
        return None
    (status,) = struct.unpack_from("@i", timex.raw, STATUS_AT)
    return not status & UNSYNCHRONISED
