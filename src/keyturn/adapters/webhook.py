"""Calls a tenant's address for alarms, and nobody else (ports.webhooks.Caller).

Whom it may call, and that it calls them and nobody else, is adapters/public_hosts.py.  Nothing is
followed elsewhere, and of the answer only its status is read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from keyturn.ports.delivery import NotDelivered, Receipt
from keyturn.ports.webhooks import Call
from keyturn.rules.messages import one_line

if TYPE_CHECKING:
    from keyturn.adapters.public_hosts import Resolve

#: one call, from looking up the name to the answer's status: mails of the same round wait for it
_SECONDS: Final = 5.0
_TAKEN: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)
_GONE: Final = 410
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


class HttpsCaller:
    """The Caller port.

    Args:
        private: whether addresses of private networks may be called.
        resolve: names to addresses; None: as this host's resolver says.
        ca_file: certificates to trust instead of the system's.
    """

    def __init__(
        self, *, private: bool, resolve: Resolve | None = None, ca_file: str | None = None
    ) -> None:
        self._also = _EVERYWHERE if private else ()
        self._resolve, self._ca_file = resolve, ca_file

    async def send(self, call: Call) -> Receipt:
        try:
            async with asyncio.timeout(_SECONDS):
                return judged(await self._called(call))
        except TimeoutError:
            raise NotDelivered("no answer in time", final=False) from None

    async def _called(self, call: Call) -> int:
        """The answer's status. Raises NotDelivered."""
        import httpx  # noqa: PLC0415  loaded when the first alarm goes, not at every start

        from keyturn.adapters.public_hosts import (  # noqa: PLC0415  as above
            NotPublic,
            PublicTransport,
            resolved,
        )

        there = PublicTransport(self._also, self._ca_file, self._resolve or resolved)
        try:
            async with (
                httpx.AsyncClient(transport=there, timeout=_SECONDS) as client,
                client.stream(
                    "POST", call.url, content=call.body, headers=call.headers
                ) as answer,
            ):  # fmt: skip
                return answer.status_code
        except NotPublic as error:
            words = "the name leads into a private network"
            raise NotDelivered(words, final=False) from error
        except (httpx.HTTPError, OSError) as error:  # what breaks TLS itself is no HTTPError
            words = f"not taken: {type(error).__name__} {error}"
            raise NotDelivered(one_line(words), final=False) from error


def judged(status: int) -> Receipt:
    """What a status says. Raises NotDelivered."""
    if status in _TAKEN:
        return Receipt("", f"HTTP {status}")
    final = status == _GONE or status in _ELSEWHERE
    raise NotDelivered(f"HTTP {status}", final=final)
