"""This machine: its clocks, chance and what tells it apart. The agent's only clock reader."""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from pathlib import Path

_NS_PER_MS = 1_000_000
_MACHINE_ID = Path("/etc/machine-id")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class BootClock:
    """Milliseconds since this boot, the machine's sleep included (CLOCK_BOOTTIME).

    What leases are counted by: nobody can set it, and it does not stand still in suspend.
    """

    def now(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NS_PER_MS


class WallClock:
    """Milliseconds since the epoch, as this machine believes: for certificates and people only."""

    def now(self) -> int:
        return time.time_ns() // _NS_PER_MS


def fresh_id() -> str:
    """A random name for one run, 128 bits."""
    return secrets.token_hex(16)


def chance_ms(below: int) -> int:
    """A random wait of 0 to `below` ms ("full jitter")."""
    return secrets.randbelow(below + 1)


def machine() -> str:
    """What tells this machine apart, as a digest; machine-id(5) itself is not to be told.

    The host's name where there is no machine-id.
    """
    try:
        told = _MACHINE_ID.read_bytes().strip()
    except OSError:
        told = socket.gethostname().encode()
    return hashlib.sha256(b"keyturn-machine-v1\0" + told).hexdigest()


def boot_id() -> str:
    """This boot of the machine; "" if it cannot be told."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def place() -> str:
    """Where the agent runs, for people: "dc1 (192.0.2.10)"."""
    name = socket.gethostname()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return name
    addresses = [str(address[0]) for *_, address in found]
    outside = [a for a in addresses if not a.startswith("127.") and a != "::1"]
    return f"{name} ({(outside or addresses)[0]})"
