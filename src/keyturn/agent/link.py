"""Signed POSTs over HTTPS: the agent's `ports.Link`."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx

from keyturn.agent.config import NO_PROXY
from keyturn.agent.failing import link_down
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.wire.codec import MAX_SIZE, Unreadable
from keyturn.wire.messages import Answer, Denied, Request, Wait
from keyturn.wire.paths import MESSAGES
from keyturn.wire.session import METHOD, Said, Speaker, lane_of
from keyturn.wire.signatures import Forged, Lane

A = TypeVar("A")

#: seconds: to connect, and to be answered; a long-poll hangs for so much longer than it asked
CONNECT_S, ANSWER_S, GRACE_S = 10.0, 15.0, 10.0
_HEADERS: Final = {
    "content-type": "application/json",
    "accept-encoding": "identity",  # what is signed are the octets as they come
}


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, the server's name and chain checked.

    Args:
        ca_file: who vouches for the server; None for the system's authorities.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def http_client(
    origin: str, ca_file: Path | None, proxy: str, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client for one server.

    Args:
        proxy: URL; "" for what the environment says (HTTPS_PROXY, NO_PROXY); "none".
        transport: tests bring a server in the same process.
    """
    return httpx.AsyncClient(
        base_url=origin,
        headers=_HEADERS,
        verify=tls_context(ca_file) if origin.startswith("https:") else True,
        proxy=proxy if proxy not in {"", NO_PROXY} else None,
        trust_env=not proxy,
        timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
        follow_redirects=False,
        transport=transport,
    )


class HttpLink:
    """The way to the server.

    Args:
        speaker: signs and checks.
        client: closed at the end of the `async with` block.
    """

    def __init__(self, speaker: Speaker, client: httpx.AsyncClient) -> None:
        self._speaker, self._client = speaker, client
        self._lanes: defaultdict[Lane, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def call(self, message: Request, want: type[A]) -> A:
        # A number is taken in its turn, so that numbers reach the server as they rise.
        async with self._lanes[lane_of(message, self._speaker.run_id)]:
            answer = await self._post(self._speaker.ask(message), message)
        if isinstance(answer, Denied):
            raise LinkDenied(answer)
        if not isinstance(answer, want):  # `want` and the message do not belong together
            raise LinkDown("message", type(answer).__name__)
        return answer

    async def _post(self, said: Said, message: Request) -> Answer:
        hangs = message.for_ms / 1000 + GRACE_S if isinstance(message, Wait) else ANSWER_S
        timeout = httpx.Timeout(hangs, connect=CONNECT_S)
        try:
            async with (
                asyncio.timeout(hangs + CONNECT_S),  # a trickle of octets is no answer either
                self._client.stream(
                    METHOD, MESSAGES, content=said.body, headers=said.headers, timeout=timeout
                ) as response,
            ):
                body = await _read(response)
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise link_down(error) from error
        return self._heard(said, response, body)

    def _heard(self, said: Said, response: httpx.Response, body: bytes) -> Answer:
        if "signature" not in response.headers and response.status_code != httpx.codes.OK:
            raise LinkDown("status", str(response.status_code))
        try:
            return self._speaker.hear(said, response.status_code, response.headers, body)
        except Forged as forged:
            cause = "unsigned" if forged.why == "missing" else "signature"
            raise LinkDown(cause, forged.why) from forged
        except Unreadable as unreadable:
            raise LinkDown("message", f"{unreadable.why} {unreadable.where}".strip()) from None


async def _read(response: httpx.Response) -> bytes:
    """The body as it comes, no longer than a message can be."""
    body = bytearray()
    async for some in response.aiter_raw():
        body += some
        if len(body) > MAX_SIZE:
            raise LinkDown("message", "size")
    return bytes(body)
