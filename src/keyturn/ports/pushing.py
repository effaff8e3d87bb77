"""Messages to phones and browsers."""

from __future__ import annotations

from typing import Protocol

from keyturn.rules.pushing import Answer, Push, Subscription


class Pusher(Protocol):
    """Web Push: RFC 8030 (delivery), RFC 8188 and RFC 8291 (aes128gcm, ECDH on P-256, HKDF),
    RFC 8292 (VAPID: an ES256 JWT for the endpoint's origin that ends within 24 hours).
    """

    @property
    def public_key(self) -> str:
        """For `applicationServerKey` when a browser subscribes: an uncompressed point of P-256,
        unpadded base64url. A subscription made under another key takes no message of ours, so an
        app that finds another one in its subscription subscribes anew.
        """
        ...

    async def send(self, to: Subscription, push: Push) -> Answer:
        """Hand one message to the subscription's push service. Raises nothing: every way that
        it can end is an Answer (see rules.pushing). Accepted is no receipt; a message may come
        twice where an answer was lost (Unreachable, `uncertain`) and it is sent again.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
