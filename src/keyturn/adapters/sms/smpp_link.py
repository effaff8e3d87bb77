"""One TCP or TLS connection with an SMPP session on it: the only part that meets a socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

from keyturn.adapters.sms import pdu
from keyturn.adapters.sms.pdu import Malformed, ShortMessage, Status
from keyturn.adapters.sms.smpp_session import (
    Answered,
    Arrived,
    BindRefused,
    Ended,
    Event,
    Session,
    State,
)

CHUNK = 16_384
#: how long leaving may take: unbind is a courtesy
LEAVE_S = 2.0


class Closed(Exception):
    """The link is of no more use.

    Attributes:
        why: for an administrator, e.g. "bind refused: 0x0000000e INVALID_PASSWORD".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Link:
    """See the module. Every failure is Closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._session: Session | None = None
        self._answers: dict[int, asyncio.Future[Answered]] = {}
        self._over = asyncio.Event()
        self._early: list[Event] = []

    @classmethod
    async def open(
        cls, host: str, port: int, context: ssl.SSLContext | None, wait_s: float
    ) -> Link:
        """Connect. Raises Closed."""
        try:
            async with asyncio.timeout(wait_s):
                return cls(*await asyncio.open_connection(host, port, ssl=context))
        except (OSError, TimeoutError) as error:
            raise Closed(f"no connection: {_words(error)}") from error

    async def bind(self, user: str, password: str, system_type: str, wait_s: float) -> None:
        """Log in. Raises Closed."""
        try:
            session = self._session = Session(user, password, system_type)
            self._flush()
            async with asyncio.timeout(wait_s):
                while session.state is State.BINDING:
                    self._early += _judged(await self._read())
        except (TimeoutError, Malformed) as error:
            raise Closed(f"bind: {_words(error)}") from error

    async def attend(self, enquire_s: float, arrived: Callable[[Link, Arrived], None]) -> None:
        """Take what comes until the link ends. Raises Closed, always.

        Args:
            enquire_s: after so much silence the other side is asked whether it is there,
                and has as much time to answer.
        """
        asked, early = False, self._early
        try:
            for event in early:
                self._dispatch(event, arrived)
            while True:
                try:
                    async with asyncio.timeout(enquire_s):
                        events = await self._read()
                    asked = False
                except TimeoutError:
                    if asked:
                        raise Closed("enquire_link was not answered") from None
                    asked = True
                    self._bound().enquire()
                    self._flush()
                    continue
                for event in events:
                    self._dispatch(event, arrived)
        finally:
            self._end()

    def _dispatch(self, event: Event, arrived: Callable[[Link, Arrived], None]) -> None:
        match event:
            case Answered(sequence=sequence):
                waiting = self._answers.pop(sequence, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(event)
            case Arrived():
                arrived(self, event)
            case Ended():
                raise Closed("the other side took leave")

    async def submit(self, message: ShortMessage, wait_s: float) -> Answered:
        """Hand over one text and wait for the answer. Raises Closed."""
        if self._over.is_set():
            raise Closed("the link broke")
        session = self._bound()
        sequence = session.submit(message)
        waiting: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = waiting
        self._flush()
        try:
            async with asyncio.timeout(wait_s):
                return await waiting
        except TimeoutError as late:
            raise Closed(f"no answer within {wait_s:g} s") from late
        finally:
            self._answers.pop(sequence, None)
            session.forget(sequence)

    def acknowledge(self, sequence: int, status: Status = Status.OK) -> None:
        """Answer a deliver_sm, if the link still stands."""
        if not self._over.is_set():
            self._bound().acknowledge(sequence, status)
            self._flush()

    async def leave(self) -> None:
        """Unbind, if the link still stands, and wait a moment for the answer."""
        if not self._over.is_set() and self._bound().state is State.BOUND:
            self._bound().unbind()
            self._flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._over.wait()

    async def close(self) -> None:
        """Close the connection; whoever waits for an answer is told."""
        self._end()
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._writer.wait_closed()

    def _end(self) -> None:
        self._over.set()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(Closed("the link broke"))
        self._answers.clear()

    async def _read(self) -> list[Event]:
        """The events of what comes next. Raises Closed."""
        try:
            data = await self._reader.read(CHUNK)
            if not data:
                raise Closed("the other side closed the connection")
            events = self._bound().receive(data)
            self._flush()
            # a side that sends and does not read must not fill our memory with answers
            await self._writer.drain()
        except (OSError, Malformed) as error:
            raise Closed(_words(error)) from error
        return events

    def _bound(self) -> Session:
        if self._session is None:
            raise Closed("not bound")
        return self._session

    def _flush(self) -> None:
        """Send what the session has to say; a broken connection shows when reading."""
        data = self._bound().outgoing()
        if data and not self._writer.is_closing():
            self._writer.write(data)


def _judged(events: list[Event]) -> list[Event]:
    """What came with the answer to our bind: receipts that waited for us come at once."""
    for event in events:
        if isinstance(event, BindRefused):
            raise Closed(f"bind refused: {pdu.described(event.status)}")
    return events


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
