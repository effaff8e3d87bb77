"""One question to a time server (SNTP, RFC 4330)."""

from __future__ import annotations

import socket
import struct

from keyturn.adapters.system import wall_ms

PORT, WAIT_S, SIZE = 123, 2.0, 48
#: version 4, client
ASK = b"\x23" + bytes(SIZE - 1)
#: seconds from 1900 to 1970
EPOCH = 2_208_988_800
MODE, SERVER, KISS = 7, 4, 0


def ahead_ms(host: str, port: int = PORT) -> int | None:
    """How far this host's clock is ahead of the server's; None without an answer."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(found[0], socket.SOCK_DGRAM) as link:
            link.settimeout(WAIT_S)
            link.connect(found[4])
            sent = wall_ms()
            link.send(ASK)
            answer = link.recv(512)
            return _offset(answer, sent, wall_ms())
    except OSError:
        return None


def _offset(answer: bytes, sent: int, came: int) -> int | None:
    """Half the sum of both ways' differences (§5); None for an answer that is none."""
    if len(answer) < SIZE or answer[0] & MODE != SERVER or answer[1] == KISS:
        return None
    taken, given = (_ms(answer[start : start + 8]) for start in (32, 40))
    return -((taken - sent) + (given - came)) // 2


def _ms(stamp: bytes) -> int:
    seconds, fraction = struct.unpack(">II", stamp)
    return int((seconds - EPOCH) * 1000 + (fraction * 1000 >> 32))
