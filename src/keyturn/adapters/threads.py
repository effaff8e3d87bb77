"""Threads that do work, the one that was busy last first.

The standard library's executor gives work to the thread that has been idle longest, and each
piece of it wakes a second one that finds nothing left to do: a queue tells the next in line
whenever somebody took from it.  Here work is handed to one thread.  It is the one whose
connection and caches are warmest, and only as many threads are started as are busy at once.
Answers go straight to the coroutine that waits: a sign-in waits for three.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Slot(Protocol[T_contra]):
    """Where an answer is put."""

    def wanted(self) -> bool:
        """Whether anybody still waits for it. To be asked before it is put, and once."""

    def put(self, answer: T_contra) -> None:
        """Here it is."""

    def fail(self, error: BaseException) -> None:
        """There is none."""


class Waited(Generic[T]):
    """A slot for whoever has no event loop: a thread waits."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: futures.Future[T] = futures.Future()

    def wanted(self) -> bool:
        """See Slot."""
        return self.future.set_running_or_notify_cancel()

    def put(self, answer: T) -> None:
        """See Slot."""
        self.future.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """See Slot."""
        self.future.set_exception(error)


class Awaited(Generic[T]):
    """A slot for a coroutine of the running loop."""

    __slots__ = ("_loop", "future")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def wanted(self) -> bool:
        """See Slot."""
        return not self.future.cancelled()

    def put(self, answer: T) -> None:
        """See Slot."""
        self._tell(self.future.set_result, answer)

    def fail(self, error: BaseException) -> None:
        """See Slot."""
        self._tell(self.future.set_exception, error)

    def _tell(self, told: Callable[[Any], None], what: Any) -> None:
        def tell() -> None:
            if not self.future.done():  # whoever waited may have gone away meanwhile
                told(what)

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(tell)


class _Piece(Generic[T]):
    """Something to do, and where its answer goes."""

    __slots__ = ("_slot", "_work")

    def __init__(self, work: Callable[[], T], slot: Slot[T]) -> None:
        self._work, self._slot = work, slot

    def done(self) -> Callable[[], None] | None:
        """Do it, unless nobody wants it any more; what tells of the answer."""
        if not self._slot.wanted():
            return None
        try:
            answer = self._work()
        except BaseException as error:  # noqa: BLE001  it is the caller's, and goes to the caller
            return partial(self._slot.fail, error)
        return partial(self._slot.put, answer)

    def refuse(self, error: BaseException) -> None:
        """It is not going to be done."""
        if self._slot.wanted():
            self._slot.fail(error)


class _Hand:
    """One thread, and what it was given."""

    __slots__ = ("bell", "piece", "thread")

    def __init__(self, life: Callable[[_Hand], None], name: str, piece: _Piece[Any]) -> None:
        self.bell = threading.Lock()
        self.bell.acquire()
        self.piece: _Piece[Any] | None = piece
        self.thread = threading.Thread(target=life, args=(self,), name=name, daemon=True)


class Threads:
    """A few threads; work waits in order of arrival while all are busy."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._guard = threading.Lock()
        self._hands: list[_Hand] = []
        self._idle: list[_Hand] = []
        self._line: deque[_Piece[Any]] = deque()
        self._closed = False

    @property
    def load(self) -> int:
        """How much is under way or waiting."""
        with self._guard:
            return len(self._hands) - len(self._idle) + len(self._line)

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have `work` done for the running loop. Whoever gives up while it waits takes it out
        of the line. Raises RuntimeError after `shutdown`.
        """
        slot = Awaited[T]()
        piece = self.give(work, slot)

        def settled(future: asyncio.Future[T]) -> None:
            if future.cancelled():
                self._withdraw(piece)

        slot.future.add_done_callback(settled)
        return slot.future

    def give(self, work: Callable[[], T], slot: Slot[T]) -> _Piece[T]:
        """Have `work` done; its answer, or what it raised, goes to `slot`. Raises RuntimeError
        after `shutdown`.
        """
        piece = _Piece(work, slot)
        with self._guard:
            if self._closed:
                raise RuntimeError(self._name)
            hand = self._idle.pop() if self._idle else None
            if hand is not None:
                hand.piece = piece
            elif len(self._hands) < self._most:
                self._hire(piece)
            else:
                self._line.append(piece)
        if hand is not None:
            hand.bell.release()
        return piece

    def _withdraw(self, piece: _Piece[Any]) -> None:
        with self._guard, suppress(ValueError):  # it is under way, or done
            self._line.remove(piece)

    def _hire(self, piece: _Piece[Any]) -> None:
        hand = _Hand(self._live, f"{self._name}_{len(self._hands)}", piece)
        hand.thread.start()
        self._hands.append(hand)

    def _live(self, hand: _Hand) -> None:
        """A thread's life: it ends when there is nothing to do and never will be. It stands
        ready again before it tells of what it did: whoever hears of it may have more.
        """
        while hand.piece is not None:
            tell = hand.piece.done()
            with self._guard:
                hand.piece = self._line.popleft() if self._line else None
                idle = hand.piece is None and not self._closed
                if idle:
                    self._idle.append(hand)
            if tell is not None:
                tell()
            tell = None  # an answer may be large, and the next piece a long time coming
            if idle:
                hand.bell.acquire()

    def shutdown(self) -> None:
        """Do what waits, and end."""
        self._close()
        for hand in self._hands:
            hand.thread.join()

    def drop(self) -> None:
        """End without doing what waits: whoever waits for it hears RuntimeError. What is under
        way goes on by itself.
        """
        with self._guard:
            dropped, self._line = self._line, deque()
        self._close()
        for piece in dropped:
            piece.refuse(RuntimeError(self._name))

    def _close(self) -> None:
        """Take nothing more, and let those go who have nothing to do."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for hand in idle:
            hand.bell.release()
