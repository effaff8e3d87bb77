"""WebSockets, as uvicorn serves them; loaded when the first one comes.

Only one door takes any (web/agents/bell.py), and what it takes is small: a frame longer than
FRAME_MAX ends the connection (1009), nothing is compressed, and uvicorn sends no pings of its
own, because agents beat.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which knows that an opening that was refused is complete."""

    async def send(self, message: Any) -> None:
        """See uvicorn, which would log each refusal as a fault of the application."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True
