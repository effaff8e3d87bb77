"""Handing messages to push services (RFC 8030 §5)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.adapters.push.encryption import encrypted
from keyturn.adapters.push.vapid import VapidKey
from keyturn.adapters.replies import one_line
from keyturn.ports.system import Clock
from keyturn.rules.public_addresses import place
from keyturn.rules.pushing import (
    Answer,
    Push,
    Refusal,
    Refused,
    Subscription,
    Unreachable,
    allowed,
    judged,
)

if TYPE_CHECKING:
    import httpx

    from keyturn.adapters.public_hosts import PublicTransport

#: octets of an answer that are read, and seconds that they may take
WORDS, WORDS_S = 1024, 2.0


@dataclass(frozen=True, slots=True)
class PushServices:
    """Which services messages go to; endpoints come from browsers, that is, from anybody.

    Attributes:
        hosts: names, or "*.NAME".
        networks: that may be reached although they are not public (CIDR): a service of one's own.
        ca_file: certificates to trust instead of the system's.
        wait_s: seconds that a service may take for its answer, looking up its name included.
    """

    hosts: Sequence[str]
    ports: Sequence[int] = (443,)
    networks: Sequence[str] = ()
    ca_file: str | None = None
    wait_s: float = 10


class WebPusher:
    """The Pusher port. `aclose` it at the end.

    Args:
        transport: another way than by real connections; only tests have one.
    """

    def __init__(
        self,
        services: PushServices,
        key: VapidKey,
        clock: Clock,
        transport: PublicTransport | None = None,
    ) -> None:
        self._services = services
        self._key = key
        self._clock = clock
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    @property
    def public_key(self) -> str:
        """See the port."""
        return self._key.public

    async def send(self, to: Subscription, push: Push) -> Answer:
        """See the port."""
        services, there = self._services, place(to.endpoint)
        if there is None or not allowed(to.endpoint, services.hosts, services.ports):
            return Refused(Refusal.ENDPOINT)
        try:
            body = encrypted(push.payload, to)
        except ValueError:
            return Refused(Refusal.KEYS)
        fields = headers(push, self._key.authorization(there.origin, self._clock.now()))
        return await self._posted(to.endpoint, fields, body)

    async def aclose(self) -> None:
        """See the port."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _posted(self, url: str, fields: dict[str, str], body: bytes) -> Answer:
        import httpx  # noqa: PLC0415  loaded when the first message goes, not at every start

        from keyturn.adapters.public_hosts import NotPublic  # noqa: PLC0415  as above

        client = self._client()
        request = client.build_request("POST", url, headers=fields, content=body)
        try:
            async with asyncio.timeout(self._services.wait_s):
                answer = await client.send(request, stream=True)
        except NotPublic:
            return Refused(Refusal.ADDRESS)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Unreachable(one_line(str(error)) or type(error).__name__, uncertain=False)
        except (httpx.HTTPError, OSError) as error:  # OSError: also TLS that breaks, and time-outs
            return Unreachable(one_line(str(error)) or type(error).__name__, uncertain=True)
        try:
            said = "" if answer.is_success else await _words(answer)
        finally:
            await answer.aclose()
        retry_after = answer.headers.get("retry-after", "")
        return judged(answer.status_code, retry_after, said, self._clock.now())

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx  # noqa: PLC0415  as above

            from keyturn.adapters.public_hosts import PublicTransport  # noqa: PLC0415  as above

            services = self._services
            way = self._transport or PublicTransport(services.networks, services.ca_file)
            self._http = httpx.AsyncClient(
                transport=way, timeout=services.wait_s, follow_redirects=False, trust_env=False
            )
        return self._http


def headers(push: Push, authorization: str) -> dict[str, str]:
    """What goes before a body (RFC 8030 §5, RFC 8291 §4)."""
    fields = {
        "Authorization": authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Accept-Encoding": "identity",
        "TTL": str(push.ttl_s),
        "Urgency": str(push.urgency),
    }
    return fields if push.topic is None else {**fields, "Topic": push.topic}


async def _words(answer: httpx.Response) -> str:
    """What the service said, as it came: its beginning, for as long as it does not tarry."""
    import httpx  # noqa: PLC0415  as above

    said = b""
    with suppress(httpx.HTTPError, OSError):
        async with asyncio.timeout(WORDS_S):
            async for part in answer.aiter_raw():
                said += part
                if len(said) >= WORDS:
                    break
    return one_line(said[:WORDS].decode("utf-8", "replace"))
