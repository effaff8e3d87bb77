"""The site as browsers reach it: a handshake under its name, no request."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from keyturn.adapters.probes import tls
from keyturn.adapters.probes.threads import aside
from keyturn.adapters.probes.ways import WAIT_S, reach
from keyturn.rules.health.sights import TlsSight, WebSight


@dataclass(frozen=True, slots=True)
class WebProbe:
    """See ports.health.Web. `ca_file`: trusted instead of the system's."""

    ca_file: str | None = None
    wait_s: float = WAIT_S

    async def look(self, host: str, port: int) -> WebSight:
        """See the port."""
        return await aside(lambda: self._look(host, port))

    def _look(self, host: str, port: int) -> WebSight:
        way, connection = reach(host, port, self.wait_s)
        if connection is None:
            return WebSight(host, way)
        secure, seen = tls.handshake(connection, host, self.ca_file)
        if secure is not None:
            secure.close()
        elif seen.fault != "protocol":
            seen = self._in_full(host, port, seen)
        return WebSight(host, way, seen)

    def _in_full(self, host: str, port: int, seen: TlsSight) -> TlsSight:
        """A second handshake that trusts anybody, only to read the certificate."""
        _, connection = reach(host, port, self.wait_s)
        if connection is None:
            return seen
        with contextlib.closing(connection):
            secure, found = tls.handshake(connection, host, trusting=True)
        if secure is None:
            return seen
        secure.close()
        return replace(found, fault=seen.fault, said=seen.said)
