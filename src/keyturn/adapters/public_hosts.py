"""HTTPS to places that a stranger named: only to public addresses, and pinned to them.

A name is looked up once, each address it has is judged, and the connection goes to one of
those very addresses: between judging and calling, the name cannot come to lead elsewhere (DNS
rebinding).  One address that is not public condemns the name.  The certificate must be the
name's; TLS 1.2 or later.

Every request has a connection of its own: connections are kept by address, and one that was
opened, and proved, for one name must not carry requests for another.  No proxy is used, whatever
the environment says: it would look the name up again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import httpx

from keyturn.rules.public_addresses import HTTPS_PORT, is_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
#: addresses of one name that are tried, one after the other
TRIED = 3
CONNECTIONS = 20


class NotPublic(Exception):
    """A name leads into a network that is not public. Nothing was sent.

    Attributes:
        address: one of its addresses.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


async def resolved(host: str, port: int) -> Sequence[str]:
    """A name's addresses in the system's order. Raises OSError, UnicodeError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PublicTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient`. Raises NotPublic besides what httpx raises.

    Args:
        also: networks of the operator's own that may be reached, too (CIDR).
        ca_file: certificates to trust instead of the system's.
        resolve, inner: looking up and carrying; tests have their own.
    """

    def __init__(
        self,
        also: Sequence[str] = (),
        ca_file: str | None = None,
        resolve: Resolve = resolved,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._also = also
        self._resolve = resolve
        self._inner = inner or httpx.AsyncHTTPTransport(
            verify=_trusting(ca_file),
            trust_env=False,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request to the first of its name's addresses that takes a connection."""
        if request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("https only", request=request)
        addresses = await self._addresses(request)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_pinned(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _addresses(self, request: httpx.Request) -> Sequence[str]:
        """Public ones, at least one. Raises NotPublic, httpx.ConnectError."""
        try:
            found = await self._resolve(request.url.host, request.url.port or HTTPS_PORT)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("the name was not found", request=request) from error
        for address in found:
            if not is_public(address, self._also):
                raise NotPublic(address)
        if not found:
            raise httpx.ConnectError("the name has no address", request=request)
        return list(dict.fromkeys(found))[:TRIED]


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """The same request to an address. Host field, server name and certificate stay the name's."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=ca_file)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made
