"""Name servers, through dnspython, as /etc/resolv.conf names them."""

from __future__ import annotations

import asyncio

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from keyturn.rules.sender.dns import ABSENT, EMPTY, SILENT, Answer, Query, Reply

#: seconds for one name server, and for one question over all of them
ONE_S, ALL_S = 1.5, 4.0
AT_ONCE = 8
#: what may stand in a name that is asked for; dnspython would take escapes, too
LONGEST = 253


class DnsProbe:
    """See ports.health.Dns.

    Args:
        servers: addresses to ask instead of those of /etc/resolv.conf, and their port.
    """

    def __init__(self, servers: tuple[str, ...] = (), port: int = 53) -> None:
        self._servers = servers
        self._port = port
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def look(self, query: Query) -> Answer:
        """See the port."""
        if len(query.name) > LONGEST or not query.name.isascii() or "\\" in query.name:
            return ABSENT
        try:
            name = dns.name.from_text(query.name or ".")
            async with self._slots:
                found = await self._resolving().resolve(
                    name, query.kind, raise_on_no_answer=False, search=False
                )
        except dns.resolver.NXDOMAIN:
            return ABSENT
        except (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong):
            return ABSENT
        except (dns.exception.DNSException, OSError):
            return SILENT
        records = _records(found)
        return Answer(Reply.FOUND, records) if records else EMPTY

    def _resolving(self) -> dns.asyncresolver.Resolver:
        """The resolver, made when it is first used. Raises dns.resolver.NoResolverConfiguration."""
        if self._resolver is None:
            made = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                made.nameservers = list(self._servers)
                made.port = self._port
            made.timeout, made.lifetime = ONE_S, ALL_S
            made.cache = dns.resolver.LRUCache(1000)
            self._resolver = made
        return self._resolver


def _records(found: dns.resolver.Answer) -> tuple[str, ...]:
    if found.rrset is None:
        return ()
    rows = list(found.rrset)
    if found.rdtype == dns.rdatatype.MX:
        pairs = sorted((row.preference, _name(row.exchange)) for row in rows if isinstance(row, MX))
        return tuple(f"{preference} {exchange}" for preference, exchange in pairs)
    if found.rdtype == dns.rdatatype.TXT:
        texts = (b"".join(row.strings) for row in rows if isinstance(row, TXT))
        return tuple(text.decode("latin-1") for text in texts)
    return tuple(row.to_text().rstrip(".").lower() for row in rows)


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")
