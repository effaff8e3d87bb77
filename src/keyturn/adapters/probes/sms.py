"""SMS gateways, asked whether they take our login in a way that cannot send a text.

kannel  sendsms without receiver and text: the login is looked at first, then what is missing
rest    a page of one of the account's own numbers
smpp    a bind as transmitter: no receipt comes over it, so none can be lost
"""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from keyturn.adapters.probes import tls
from keyturn.adapters.probes.threads import aside
from keyturn.adapters.probes.ways import WAIT_S, reach
from keyturn.adapters.replies import one_line
from keyturn.rules.health.sights import GatewaySight, Reached

REFUSED = frozenset({401, 403})
LONGEST = 120


@dataclass(frozen=True, slots=True)
class KannelProbe:
    """See ports.health.Gateway."""

    url: str
    user: str
    password: str = field(repr=False)
    wait_s: float = WAIT_S

    async def look(self) -> GatewaySight:
        """See the port."""
        login = {"username": self.user, "password": self.password}
        return await _asked(self.url, params=login, right=frozenset({200, 202, 400}))


@dataclass(frozen=True, slots=True)
class RestProbe:
    """See ports.health.Gateway."""

    url: str
    account: str
    user: str
    password: str = field(repr=False)
    wait_s: float = WAIT_S

    async def look(self) -> GatewaySight:
        """See the port."""
        account = quote(self.account, safe="")
        address = f"{self.url}/Accounts/{account}/IncomingPhoneNumbers.json?PageSize=1"
        login = (self.user, self.password)
        return await _asked(address, auth=login, right=frozenset({200}))


async def _asked(
    url: str,
    right: frozenset[int],
    params: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> GatewaySight:
    import httpx  # noqa: PLC0415  half a second that only this check costs

    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    way = await aside(lambda: _way(host, port))
    if way.connection != "open":
        return GatewaySight(way)
    try:
        async with httpx.AsyncClient(timeout=WAIT_S) as http:
            answer = await http.get(url, params=params, auth=auth)
    except httpx.HTTPError as error:
        words = one_line(str(error)) or type(error).__name__
        return GatewaySight(Reached("found", "unreachable", host, said=words[:LONGEST]))
    said = one_line(answer.text)[:LONGEST] or f"HTTP {answer.status_code}"
    if answer.status_code in REFUSED or "authorization failed" in said.lower():
        return GatewaySight(way, "refused", said)
    if answer.status_code in right:
        return GatewaySight(way, "right")
    return GatewaySight(way, "unclear", f"HTTP {answer.status_code}: {said}")


def _way(host: str, port: int) -> Reached:
    """The way alone. What it is called is the name in the settings, not the address."""
    way, connection = reach(host, port)
    if connection is not None:
        connection.close()
    return Reached(way.name, way.connection, host, way.ours, way.said)


#: SMPP 3.4 §5.1: commands and statuses
BIND_TRANSMITTER, UNBIND, VERSION = 2, 6, 0x34
BOUND, ALREADY = 0, 5
NOT_LET_IN = {0x0D: "bind failed", 0x0E: "invalid password", 0x0F: "invalid system_id"}
HEADER = struct.Struct(">IIII")


@dataclass(frozen=True, slots=True)
class SmppProbe:
    """See ports.health.Gateway."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    system_type: str = ""
    tls: bool = True
    ca_file: str | None = None
    wait_s: float = WAIT_S

    async def look(self) -> GatewaySight:
        """See the port."""
        return await aside(self._look)

    def _look(self) -> GatewaySight:
        way, connection = reach(self.host, self.port, self.wait_s)
        named = Reached(way.name, way.connection, self.host, way.ours, way.said)
        if connection is None:
            return GatewaySight(named)
        if self.tls:
            secure, seen = tls.handshake(connection, self.host, self.ca_file)
            if secure is None:
                failed = Reached("found", "unreachable", self.host, said=f"TLS: {seen.said}")
                return GatewaySight(failed)
            connection = secure
        with contextlib.closing(connection):
            try:
                return GatewaySight(named, *self._bound(connection))
            except OSError as error:
                return GatewaySight(named, "unclear", one_line(str(error)))

    def _bound(self, connection: socket.socket) -> tuple[str, str]:
        """Bind and leave; what came of it."""
        words = (self.user, self.password, self.system_type)
        texts = b"".join(word.encode("ascii", "replace") + b"\0" for word in words)
        body = texts + bytes((VERSION, 0, 0)) + b"\0"
        connection.sendall(HEADER.pack(HEADER.size + len(body), BIND_TRANSMITTER, 0, 1) + body)
        status = _status(connection)
        if status == BOUND:
            connection.sendall(HEADER.pack(HEADER.size, UNBIND, 0, 2))
            return "right", ""
        if status in NOT_LET_IN:
            return "refused", NOT_LET_IN[status]
        said = "already bound" if status == ALREADY else f"command_status {status:#010x}"
        return "unclear", said


def _status(connection: socket.socket) -> int:
    """The status of the next PDU. Raises OSError if there is none."""
    head = b""
    while len(head) < HEADER.size:
        more = connection.recv(HEADER.size - len(head))
        if not more:
            raise ConnectionResetError("closed without an answer")
        head += more
    return int(HEADER.unpack(head)[2])
