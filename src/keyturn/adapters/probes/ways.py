"""The way to a server: its name, then a connection."""

from __future__ import annotations

import socket
from dataclasses import replace

from keyturn.rules.health.sights import Reached

WAIT_S = 4.0
#: what getaddrinfo says of names that are not there; whatever else, nobody could say
ABSENT = {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA")} - {None}
ADDRESSES_TRIED = 3


def reach(host: str, port: int, wait_s: float = WAIT_S) -> tuple[Reached, socket.socket | None]:
    """Find and connect; the socket, which the caller closes, where that went well."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        name = "absent" if error.errno in ABSENT else "silent"
        return Reached(name, said=str(error.strerror)), None
    except (OSError, UnicodeError) as error:
        return Reached("silent", said=type(error).__name__), None
    way = Reached("found")
    for family, kind, protocol, _, address in found[:ADDRESSES_TRIED]:
        way, connection = _connect(family, kind, protocol, address, wait_s)
        if connection is not None:
            return way, connection
    return way, None


def _connect(
    family: int, kind: int, protocol: int, address: tuple[object, ...], wait_s: float
) -> tuple[Reached, socket.socket | None]:
    way = Reached("found", address=str(address[0]))
    try:
        connection = socket.socket(family, kind, protocol)
    except OSError as error:  # a family that this host does not have
        return replace(way, connection="unreachable", said=str(error.strerror)), None
    try:
        connection.settimeout(wait_s)
        connection.connect(address)
    except OSError as error:
        connection.close()
        said = error.strerror or type(error).__name__
        return replace(way, connection=_fault(error), said=said), None
    ours = str(connection.getsockname()[0])
    return replace(way, connection="open", ours=ours), connection


def _fault(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"
