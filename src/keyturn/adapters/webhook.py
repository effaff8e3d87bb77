"""Calls a tenant's address for alarms, and nobody else (ports.webhooks.Caller).

The name is looked up here, every address it leads to is judged, and the connection goes to one of
those that were judged: between the look and the call nothing can change.  Nothing is followed
elsewhere, no proxy stands between, and of the answer only its status is read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from keyturn.ports.delivery import NotDelivered, Receipt
from keyturn.ports.webhooks import Call
from keyturn.rules.messages import one_line
from keyturn.rules.webhooks import public

#: one call, from looking up the name to the answer's status: mails of the same round wait for it
_SECONDS: Final = 5.0
_TAKEN: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)
_GONE: Final = 410
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


async def addresses(host: str, port: int) -> Sequence[str]:
    """What a name leads to, as the host's resolver says. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class HttpsCaller:
    """The Caller port.

    Args:
        private: whether addresses of private networks may be called.
        look_up: names to addresses.
        ca_file: certificates to trust instead of the system's.
    """

    def __init__(
        self, *, private: bool, look_up: LookUp = addresses, ca_file: str | None = None
    ) -> None:
        self._private, self._look_up, self._ca_file = private, look_up, ca_file

    async def send(self, call: Call) -> Receipt:
        try:
            async with asyncio.timeout(_SECONDS):
                return judged(await self._called(call))
        except TimeoutError:
            raise NotDelivered("no answer in time", final=False) from None

    async def _called(self, call: Call) -> int:
        """The answer's status."""
        import ssl  # noqa: PLC0415  loaded when the first alarm goes, not at every start

        import httpx  # noqa: PLC0415  as above

        parts = urlsplit(call.url)
        host, port = parts.hostname or "", parts.port or 443
        ip = await self._allowed(host, port)
        trust = ssl.create_default_context(cafile=self._ca_file)
        there = httpx.URL(call.url).copy_with(host=ip)
        headers = {**call.headers, "host": parts.netloc}
        try:
            async with (
                httpx.AsyncClient(verify=trust, trust_env=False, timeout=_SECONDS) as client,
                client.stream(
                    "POST", there, content=call.body, headers=headers,
                    extensions={"sni_hostname": host},
                ) as answer,
            ):  # fmt: skip
                return answer.status_code
        except httpx.HTTPError as error:
            words = f"not taken: {type(error).__name__} {error}"
            raise NotDelivered(one_line(words), final=False) from error

    async def _allowed(self, host: str, port: int) -> str:
        """An address of the name; none if one of them may not be called."""
        try:
            found = await self._look_up(host, port)
        except OSError as error:
            words = one_line(f"the name is not found: {error}")
            raise NotDelivered(words, final=False) from error
        if not self._private and not all(map(public, found)):
            raise NotDelivered("the name leads into a private network", final=False)
        if not found:
            raise NotDelivered("the name leads nowhere", final=False)
        return found[0]


def judged(status: int) -> Receipt:
    """What a status says. Raises NotDelivered."""
    if status in _TAKEN:
        return Receipt("", f"HTTP {status}")
    final = status == _GONE or status in _ELSEWHERE
    raise NotDelivered(f"HTTP {status}", final=final)
