"""Calls of the agent's account: each in a thread and a session of its own, bounded in number and
time.  Nothing is kept between two calls, so that nothing kept can be stale.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from keyturn.agent.directories.workgroup.channel import Channel, Denied, Unprotected
from keyturn.agent.directories.workgroup.line import Broken, Line
from keyturn.agent.directories.workgroup.machine import Machine
from keyturn.agent.directories.workgroup.ndr import Malformed
from keyturn.agent.directories.workgroup.rpc import Client, Fault
from keyturn.agent.directories.workgroup.samr import Said, Sam
from keyturn.agent.directories.workgroup.settings import Settings
from keyturn.agent.ports import Uncertain, Unreachable

T = TypeVar("T")

_THREADS = 16
#: after our own sign-in was refused: no further try for so long, or we lock ourselves out
_HOLD_OFF_S = 60.0


class Service:
    """Signs in, does one piece of work, signs out."""

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """Args:
        now: ms since the epoch; only ever used for how much time went by.
        """
        self._settings = settings
        self._now = now
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="smb")
        self._limits: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(settings.connections)
        )
        self._one = threading.Lock()
        self._let_in: set[str] = set()
        self._refused: dict[str, tuple[float, Unreachable]] = {}

    async def using(self, host: str, work: Callable[[Line, Machine], T]) -> T:
        """Do `work`, signed in as the agent's account.

        Raises Unreachable; Uncertain once `work` has said that it sends (Line.sending); and what
        `work` raises.
        """
        host = host.lower()
        self._not_refused(host)

        def signed_in(line: Line, address: str) -> T:
            channel = self._channel(line, host, address)
            try:
                return work(line, self._machine(channel, host))
            finally:
                channel.close()

        return await self.bare(host, signed_in)

    def _channel(self, line: Line, host: str, address: str) -> Channel:
        """Until one sign-in has succeeded there is one try at a time, and none after a refusal:
        several wrong ones at once would lock our own account.
        """
        if host in self._let_in:
            return self._sign_in(line, host, address)
        with self._one:
            self._not_refused(host)
            channel = self._sign_in(line, host, address)
            self._let_in.add(host)
            return channel

    def _sign_in(self, line: Line, host: str, address: str) -> Channel:
        settings = self._settings
        try:
            return Channel(line, address, settings.port, settings.account, settings.password)
        except Denied as denied:
            self._let_in.discard(host)
            refused = Unreachable(host, "credentials", str(denied))
            self._refused[host] = time.monotonic() + _HOLD_OFF_S, refused
            raise refused from None

    def _machine(self, channel: Channel, host: str) -> Machine:
        client = Client(channel)
        client.bind()
        opened, shown = self._now(), channel.server_ms
        sam = Sam(client, channel.key, host)
        return Machine(sam, self._settings.account, lambda: shown + self._now() - opened)

    async def bare(self, host: str, work: Callable[[Line, str], T]) -> T:
        """Do `work` with an address, without signing in. Raises as `using`."""
        seconds = self._settings.timeout_ms / 1000
        line = Line(seconds)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                address = await self._address(host)
                async with self._limits[host.lower()]:
                    return await loop.run_in_executor(
                        self._pool, _told, host, line, lambda: work(line, address)
                    )
        except TimeoutError:
            if line.end():
                raise Uncertain("timeout") from None
            raise Unreachable(host, "timeout") from None
        finally:
            line.end()
            loop.run_in_executor(None, line.hang_up)

    async def _address(self, host: str) -> str:
        known = self._settings.addresses.get(host.lower())
        if known:
            return known
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, self._settings.port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # ValueError: no name that a resolver could have
            raise Unreachable(host, "name", str(error)) from None
        return str(found[0][4][0])

    def _not_refused(self, host: str) -> None:
        until, refused = self._refused.get(host, (0.0, None))
        if refused and time.monotonic() < until:
            raise Unreachable(host, refused.cause, refused.detail)

    def close(self) -> None:
        """Threads end by themselves: each call ends within its time."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _told(host: str, line: Line, work: Callable[[], T]) -> T:
    """What went wrong, as the port says it; in the thread, where a time-out is a socket's."""
    try:
        return work()
    except Unprotected as error:
        raise Unreachable(host, "tls", str(error)) from None
    except Said as said:
        raise Unreachable(host, "credentials", str(said)) from None
    except (OSError, Broken, Fault, Malformed) as error:
        if line.sent:
            raise Uncertain(str(error)) from None
        raise Unreachable(host, _cause(error), str(error)) from None


def _cause(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "timeout" if isinstance(error, OSError) else "gone"
