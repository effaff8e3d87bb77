"""Memory twin of Pusher: a push service with its browsers, and who hands messages to it.

What is sent is encrypted and opened for real.  A service can be told what to answer; a browser
can be away, and then the service keeps what its time to live allows, the last of each topic.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyturn.adapters.push.encryption import (
    CURVE,
    HEADER,
    LAST,
    RECORD_SIZE,
    content_keys,
    encrypted,
    point,
)
from keyturn.adapters.push.vapid import VapidKey
from keyturn.ports.system import Clock
from keyturn.rules.pushing import (
    POINT,
    SECRET,
    Answer,
    Push,
    Refusal,
    Refused,
    Subscription,
    Unreachable,
    judged,
)

Opens = Callable[[bytes, Subscription, ec.EllipticCurvePrivateKey], bytes]


class Unreadable(Exception):
    """A browser could not open a message."""


def opened(body: bytes, to: Subscription, private: ec.EllipticCurvePrivateKey) -> bytes:
    """What a browser finds in a body: one record of aes128gcm. Raises Unreadable."""
    try:
        salt, size, length = HEADER.unpack_from(body)
        ours, record = body[HEADER.size : HEADER.size + length], body[HEADER.size + length :]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, ours)
        key, nonce = content_keys(private.exchange(ec.ECDH(), sender), to, ours, salt)
        plain = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
    except (struct.error, ValueError, InvalidTag):
        raise Unreadable from None
    if length != POINT or len(record) >= size or not plain.endswith(LAST):
        raise Unreadable
    return plain.removesuffix(LAST)


@dataclass(slots=True)
class MemoryBrowser:
    """An app in a browser, subscribed.

    Attributes:
        key: the application server's key that it subscribed under.
        status: what the service answers for it; None: what is true, "lost" for no answer.
        away: it does not come by.
        received: what its service worker got, with what the service was told.
    """

    service: MemoryPushService
    subscription: Subscription
    key: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    status: int | str | None = None
    retry_after: str = ""
    away: bool = False
    received: list[Push] = field(default_factory=list)
    _kept: list[tuple[int, Push]] = field(default_factory=list)

    def answers(self, status: int | str | None, retry_after: str = "") -> None:
        """From now on the service answers so for this subscription."""
        self.status, self.retry_after = status, retry_after

    def unsubscribe(self) -> None:
        """The subscription is dead; the service forgets it."""
        del self.service.browsers[self.subscription.endpoint]

    def leave(self) -> None:
        """Off the network."""
        self.away = True

    def come(self) -> None:
        """Back on the network: it gets what was kept and is not over."""
        self.away = False
        now = self.service.clock.now()
        self.received += [push for until, push in self._kept if until > now]
        self._kept.clear()

    def take(self, push: Push) -> None:
        """A message that the service has for it."""
        if not self.away:
            self.received.append(push)
            return
        self._kept = [
            (at, old) for at, old in self._kept if old.topic is None or old.topic != push.topic
        ]
        self._kept.append((self.service.clock.now() + push.ttl_s * 1000, push))


class MemoryPushService:
    """A push service (RFC 8030).

    Args:
        base: what stands before the name of each subscription.
        opens: how its browsers open messages.
    """

    def __init__(
        self, clock: Clock, base: str = "https://push.example.test/s/", opens: Opens = opened
    ) -> None:
        self.clock = clock
        self.base = base
        self.browsers: dict[str, MemoryBrowser] = {}
        self._opens = opens
        self._numbers = count(1)

    def subscribe(self, key: str) -> MemoryBrowser:
        """A new browser, whose subscription takes messages from the holder of `key` alone
        (RFC 8292 §4).
        """
        private = ec.generate_private_key(CURVE)
        public = point(private.public_key())
        to = Subscription(f"{self.base}{next(self._numbers)}", public, secrets.token_bytes(SECRET))
        self.browsers[to.endpoint] = MemoryBrowser(self, to, key, private)
        return self.browsers[to.endpoint]

    def take(self, endpoint: str, key: str, body: bytes, about: Push) -> tuple[int | str, str]:
        """A message posted to an endpoint: the status and the Retry-After field to answer.

        Args:
            key: whose signature came with it.
            about: the message's fields; its payload is in `body`.
        """
        browser = self.browsers.get(endpoint)
        if browser is None:
            return 410, ""
        if browser.status is not None:
            return browser.status, browser.retry_after
        if browser.key != key:
            return 403, ""
        if len(body) > RECORD_SIZE:
            return 413, ""
        payload = self._opens(body, browser.subscription, browser.private)
        browser.take(Push(payload, about.ttl_s, about.urgency, about.topic))
        return 201, ""


class MemoryPusher:
    """As ports.Pusher, straight into a MemoryPushService."""

    def __init__(self, service: MemoryPushService, key: VapidKey | None = None) -> None:
        self._service = service
        self._key = key or VapidKey(ec.derive_private_key(1, CURVE))

    @property
    def public_key(self) -> str:
        """As the port."""
        return self._key.public

    async def send(self, to: Subscription, push: Push) -> Answer:
        """As the port."""
        if not to.endpoint.startswith(self._service.base):
            return Refused(Refusal.ENDPOINT)
        try:
            body = encrypted(push.payload, to)
        except ValueError:
            return Refused(Refusal.KEYS)
        status, retry_after = self._service.take(to.endpoint, self.public_key, body, push)
        if isinstance(status, str):
            return Unreachable(status, uncertain=True)
        return judged(status, retry_after, "", self._service.clock.now())

    async def aclose(self) -> None:
        """As the port: there is nothing to let go of."""
