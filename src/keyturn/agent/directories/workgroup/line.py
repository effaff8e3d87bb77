"""What one call waits on, and how it is ended from outside its thread."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Protocol

#: of a call's time: the rest is for what is sent and its answer
_FOR_READING = 0.5


class Broken(Exception):
    """The connection is of no use any more. Whether a call arrived is not known."""


class Ends(Protocol):
    """What can be hung up."""

    def close(self) -> None: ...


class Line:
    """Shared by the thread that works and the loop that waits for it.

    Attributes:
        seconds: what the call may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._sending = False
        self._latest = time.monotonic() + seconds * _FOR_READING
        self._held: list[Ends] = []

    def hold(self, connection: Ends) -> None:
        """Let this be hung up when the call is ended. Raises Broken if it was ended before."""
        with self._lock:
            self.going()
            self._held.append(connection)

    def going(self) -> None:
        """Raises Broken if the call was ended."""
        if self._end.is_set():
            raise Broken

    def sending(self) -> None:
        """What cannot be taken back is going to be sent. Raises Broken if the call was ended,
        TimeoutError if too little of its time is left for an answer.
        """
        if time.monotonic() > self._latest:
            raise TimeoutError
        with self._lock:
            self.going()
            self._sending = True

    @property
    def sent(self) -> bool:
        """Whether it may have been sent."""
        return self._sending

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises Broken if the call is ended meanwhile."""
        if self._end.wait(seconds):
            raise Broken

    def end(self) -> bool:
        """No step begins any more; whether something may have been sent. At once."""
        with self._lock:
            self._end.set()
            return self._sending

    def hang_up(self) -> None:
        """Close what is held, so that whoever reads there is woken. May take a moment."""
        while self._held:
            with suppress(OSError):  # the other end was faster
                self._held.pop().close()
