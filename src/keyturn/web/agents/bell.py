"""The bell: a WebSocket by which an agent beats, and is rung when there is work.

Its opening is a signed GET, verified before the socket is accepted; what comes by it are
beats, each signed, and nothing else.  Rings are bound to the opening's signature and counted.
There are no pings: a beat every 15 s says more, and whoever is not heard for as long as a
lease lasts is hung up on.  An idle bell holds a coroutine, a socket and no timer.

Why a bell is closed is said by the codes in wire/paths.py.  An opening that is refused gets
an HTTP status: 400 unsigned, 403 with a signed Denied, 429, 503.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.flows import channel
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.callers import network_of
from keyturn.rules.directories.things import Agent
from keyturn.steps.agents import denied
from keyturn.web import parsing, upgrades
from keyturn.web.agents.desk import Desk, said_by
from keyturn.web.agents.hub import Marks
from keyturn.web.refusals import Refusal
from keyturn.wire import session, signatures
from keyturn.wire.codec import Unreadable
from keyturn.wire.messages import Beat, Denied
from keyturn.wire.paths import FORGED, LATER, STOPPED
from keyturn.wire.session import Opened
from keyturn.wire.signatures import Forged

#: how long a frame may take to leave; whoever does not read for so long is not rung
SEND_S: Final = 5.0
#: RFC 6455 §7.4.1: the server did not expect this
_FAULT: Final = 1011
#: after these the agent has nothing more to say by this socket
_FINAL: Final = frozenset({"signature", "revoked", "cloned", "run", "waiting"})

_LOG = logging.getLogger("keyturn.web.agents")


class Bells:
    """The ASGI application that takes WebSockets."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One bell, from its opening to its end. Raises Refusal, StoreUnavailable before it is
        open.
        """
        await receive()  # websocket.connect
        bell = await self._opened(scope, send)
        if bell is not None:
            with self._desk.hub.present(bell, bell.network):
                await self._live(bell, receive, send)

    async def _opened(self, scope: Any, send: Any) -> Bell | None:
        """Whose bell it is, as far as its signature says; None if that was refused."""
        hub = self._desk.hub
        ip, headers = self._desk.ip(scope), parsing.headers_of(scope)
        hub.watch(scope)
        if hub.leaving:
            raise Refusal(503, "leaving", headers={"retry-after": "1"})
        if not hub.room_for(network_of(ip)):
            raise Refusal(429, "too-many", headers={"retry-after": "5"})
        if parsing.header(scope, b"origin") is not None:
            raise Refusal(403, "other-origin")  # a browser: no agent sends this
        try:
            signature = signatures.claimed_signature(headers)
            claimed = signatures.read_sender(headers)
        except Forged as error:
            raise Refusal(400, "not-signed") from error
        agent, key = await self._desk.key_of(claimed.agent_id)
        try:
            opened = session.hear_opening(key, self._desk.site.origin, headers)
        except Forged:
            self._desk.forged(ip)
            await self._refuse(send, signature, denied("signature"))
            return None
        if agent is None:
            await self._refuse(send, signature, denied("signature"))
            return None
        return Bell(send, self._desk.notary.key, agent, opened, ip)

    async def _refuse(self, send: Any, signature: bytes, answer: Denied) -> None:
        head, body = session.say(self._desk.notary.key, answer, signature, 403)
        await upgrades.refuse(send, 403, head, body)

    async def _live(self, bell: Bell, receive: Any, send: Any) -> None:
        """Accept, and hear every beat until it ends."""
        said = said_by(bell.opened.sender, bell.ip)
        listening = await channel.listen(self._desk.parts, said, bell.opened.sender.run_id)
        if isinstance(listening, Denied):
            await self._refuse(send, bell.opened.signature, listening)
            return
        await upgrades.accept(send)
        self._desk.hub.take_over(bell)
        bell.accepted(listening.marks)
        try:
            await self._hear(bell, receive)
        except StoreUnavailable:
            await bell.close(LATER)
        except Exception:  # noqa: BLE001  the socket is open: nobody above can answer
            _LOG.exception("fault room=bell")
            await bell.close(_FAULT)

    async def _hear(self, bell: Bell, receive: Any) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            try:
                heard = session.hear_beat(
                    bell.key, self._desk.site.origin, message.get("bytes") or b"", bell.opened
                )
            except (Forged, Unreadable):
                self._desk.forged(bell.ip)
                await bell.close(FORGED)
                return
            if isinstance(heard.message, Beat):
                answer = await self._desk.beats.take(said_by(heard.sender, bell.ip), heard.message)
                await bell.send(session.say_beaten(self._desk.notary.key, answer, heard))
                if isinstance(answer, Denied) and answer.why in _FINAL:
                    await bell.close(STOPPED)
                    return
            bell.heard_at = asyncio.get_running_loop().time()


class Bell:
    """One agent's bell; see hub.Listener.

    Attributes:
        key: the agent's signing key. opened: what its rings are bound to.
    """

    __slots__ = (
        "_due",
        "_open",
        "_send",
        "_sent",
        "_server_key",
        "_stopped",
        "_task",
        "agent_id",
        "directory_id",
        "heard_at",
        "ip",
        "key",
        "opened",
    )  # fmt: skip

    def __init__(
        self, send: Any, server_key: Ed25519PrivateKey, agent: Agent, opened: Opened, ip: str
    ) -> None:
        self._send = send
        self._server_key = server_key
        self._due = self._open = self._stopped = False
        self._sent = 0
        self._task: asyncio.Task[None] | None = None
        self.agent_id = agent.id
        self.directory_id = agent.directory_id
        self.key = agent.signing_key
        self.opened = opened
        self.ip = ip
        self.heard_at = asyncio.get_running_loop().time()

    @property
    def network(self) -> str:
        """Whose room it takes."""
        return network_of(self.ip)

    def accepted(self, marks: Marks) -> None:
        """It is open; what stirred before rings now."""
        self._open = True
        if marks or self._due:
            self.ring(marks)

    def ring(self, marks: Marks) -> None:  # noqa: ARG002  the agent asks what there is
        """See hub.Listener. Rings that come while one is being sent become one."""
        self._due = True
        if self._open and self._task is None:
            self._task = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        try:
            while self._due:
                self._due = False
                self._sent += 1
                await self.send(session.ring(self._server_key, self.opened, self._sent))
        finally:
            self._task = None

    def stop(self, code: int) -> None:
        """See hub.Listener."""
        if self._stopped:
            return  # said already; whoever does not read takes its time to go
        self._open, self._due, self._stopped = False, False, True
        self._task = asyncio.create_task(self.close(code))

    def quiet_since(self) -> float | None:
        """See hub.Listener."""
        return self.heard_at

    async def send(self, frame: bytes) -> None:
        """A frame, unless the other side is gone or does not read."""
        await self._said({"type": "websocket.send", "bytes": frame})

    async def close(self, code: int) -> None:
        """Hang up."""
        await self._said({"type": "websocket.close", "code": code})

    async def _said(self, message: Any) -> None:
        with suppress(TimeoutError, OSError, RuntimeError):  # it was closed already
            async with asyncio.timeout(SEND_S):
                await self._send(message)
