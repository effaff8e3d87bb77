"""The server processes: one master that binds the port, workers that answer.

The master imports everything, then forks; each worker builds its own app, because threads
and database connections do not survive a fork.

    master   binds --> forks workers --> all ready --> on_ready --> watches
    worker   builds the app --> ready --> answers --> (told to stop) leaves --> finishes --> ends

A worker that dies is replaced, at once the first time, then after ever longer pauses.  One
that cannot even start while the server starts ends the server: an administrator who looks
at a failed start finds the reason sooner than one who looks at a restart loop.  SIGTERM and
SIGINT let requests finish (ten seconds), a second one does not.  When the master dies,
however it dies, the workers see the end of a pipe that only it holds, and stop.

A server behind a balancer leaves before it finishes: for `leave_s` it answers as ever, but
its health check says 503 and every answer closes its connection, so that nobody is sent here
any more and no connection is left that somebody might use at the moment when it ends.  Then
whoever is in line already is let in and answered, and whoever comes later is refused at once
by the system: a balancer knows that such a request was not begun, and gives it to another
server.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import uvicorn
import uvicorn.lifespan.on
import uvicorn.protocols.http.httptools_impl  # uvicorn imports both late: in every worker

from keyturn import steady_gc
from keyturn.heads import BoundedProtocol
from keyturn.leaving import Door, Leave, close_the_line

if TYPE_CHECKING:
    from starlette.types import ASGIApp

FINISH_S = 10
"""How long requests under way may take to finish."""

KILL_S = FINISH_S + 5
"""When a worker that was told to stop is ended."""

SETTLE_S = 0.25
"""How long whoever was let in last may take to say what they want."""

TICK_S = 1
"""How often the time in answers changes (RFC 9110 §5.6.7: it has whole seconds)."""

KEEP_ALIVE_S = 30
BACKLOG = 1024
FRAME_MAX = 32 * 1024
"""Longest message by a WebSocket, in octets."""

START_FAILED = 3

_STABLE_S = 60
_LONGEST_PAUSE_S = 30
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_log = logging.getLogger("keyturn.serving")


def run(
    build_app: Callable[[], ASGIApp],
    *,
    host: str,
    port: int,
    workers: int,
    on_ready: Callable[[int], None],
    leave_s: float = 0,
) -> int:
    """Serve until SIGTERM or SIGINT; call it from the main thread, before others start.

    Args:
        build_app: makes the app, in each worker.
        host: an IP address or "localhost".
        port: 0 for any that is free.
        workers: how many processes answer.
        on_ready: called in the master with the port, once every worker answers.
        leave_s: how long it still answers everybody after it was told to stop.

    Returns: the process's exit status: 0, or 3 if a worker could not start.
    Raises OSError if the port cannot be bound.
    """
    most_open_files()
    with bind(host, port) as listener, _Bell() as bell:
        # what was imported is not looked at again, so its pages stay shared; nor now: to find the
        # few dozen objects that imports leave in circles would take 50 ms
        gc.freeze()
        return _Master(build_app, listener, bell, on_ready, leave_s).run(workers)


def most_open_files() -> int:
    """Open as many files as this process may, sockets included; how many that are.

    The usual soft limit, 1,024, is for programs that call select(2) with every file they have:
    agents of a thousand directories would find the door shut.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; "::" takes IPv4 as well."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both
    )
    # Connections inherit it. Without, each body waits 40 ms for the other side to have
    # acknowledged the head (asyncio sets it only where the protocol number is not 0).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Bell:
    """Turns signals into bytes on a pipe, so that one wait sees them and the workers."""

    def __enter__(self) -> Self:
        self.reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old_fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, _heard) for number in _SIGNALS}
        return self

    def __exit__(self, *_error: object) -> None:
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        os.close(self.reader)
        os.close(self._writer)

    def heard(self) -> set[int]:
        """The signals that came since the last look."""
        with contextlib.suppress(BlockingIOError):
            return set(os.read(self.reader, 4096))
        return set()

    def leave(self) -> None:
        """In a worker: signals are its own matter from here on."""
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """The byte on the pipe is enough."""


@dataclass(slots=True)
class _Place:
    """A worker's place: who holds it, or when it is taken again."""

    pid: int = 0
    started: float = 0
    ready: bool = False
    deaths: int = 0
    due: float = 0


@dataclass(slots=True)
class _Master:
    build_app: Callable[[], ASGIApp]
    listener: socket.socket
    bell: _Bell
    on_ready: Callable[[int], None]
    leave_s: float
    places: list[_Place] = field(default_factory=list)
    announced: bool = False
    stopping: bool = False
    kill_at: float = 0
    status: int = 0
    lifeline: tuple[int, int] = field(default_factory=os.pipe)
    ready: tuple[int, int] = field(default_factory=os.pipe)

    def run(self, workers: int) -> int:
        self.places = [_Place() for _ in range(workers)]
        with selectors.DefaultSelector() as selector:
            for reader in (self.bell.reader, self.ready[0]):
                selector.register(reader, selectors.EVENT_READ)
            while not self.stopping or any(place.pid for place in self.places):
                self._fill()
                for key, _ in selector.select(self._patience()):
                    self._note_ready() if key.fd == self.ready[0] else None
                self._attend(self.bell.heard())
        for end in (*self.lifeline, *self.ready):
            os.close(end)
        return self.status

    def _fill(self) -> None:
        """Start a worker in every place that is free and due."""
        now = time.monotonic()
        for place in self.places:
            if not place.pid and not self.stopping and place.due <= now:
                place.pid, place.started, place.ready = self._fork(), now, False

    def _fork(self) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            self.bell.leave()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self.lifeline[1])
            _work(self.build_app, self.listener, self.lifeline[0], self.ready[1], self.leave_s)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return pid

    def _patience(self) -> float | None:
        """Seconds until something is due by itself; None to wait for a signal."""
        now = time.monotonic()
        if self.stopping:
            return max(0, self.kill_at - now)
        due = [place.due for place in self.places if not place.pid]
        return max(0, min(due) - now) if due else None

    def _note_ready(self) -> None:
        """Workers write their process id, eight digits, when they answer."""
        raw = os.read(self.ready[0], 4096)
        pids = {int(raw[at : at + 8]) for at in range(0, len(raw), 8)}
        for place in self.places:
            place.ready |= place.pid in pids
        everybody = all(place.ready for place in self.places)
        if everybody and not self.announced and not self.stopping:
            self.announced = True
            self.on_ready(self.listener.getsockname()[1])

    def _attend(self, heard: set[int]) -> None:
        if heard & {signal.SIGTERM, signal.SIGINT}:
            self._stop(0)
        self._reap()
        if self.stopping and time.monotonic() >= self.kill_at:
            self._tell(signal.SIGKILL)

    def _stop(self, status: int) -> None:
        """Let the workers finish; asked a second time, end them."""
        now = time.monotonic()
        self.kill_at = now if self.stopping else now + self.leave_s + KILL_S
        if not self.stopping:
            self.stopping, self.status = True, status
            self.listener.close()  # it ends with the last worker's, and nobody waits in vain
            self._tell(signal.SIGTERM)

    def _tell(self, number: signal.Signals) -> None:
        for place in self.places:
            if place.pid:
                os.kill(place.pid, number)

    def _reap(self) -> None:
        for place in self.places:
            if place.pid and os.waitpid(place.pid, os.WNOHANG)[0]:
                self._bury(place)

    def _bury(self, place: _Place) -> None:
        """Plan the replacement of a dead worker."""
        now = time.monotonic()
        _log.log(logging.INFO if self.stopping else logging.ERROR, "worker %d ended", place.pid)
        place.pid = 0
        if not self.announced and not self.stopping:
            self._stop(START_FAILED)
        place.deaths = 1 if now - place.started > _STABLE_S else place.deaths + 1
        pause = 0 if place.deaths == 1 else min(2.0**place.deaths / 4, _LONGEST_PAUSE_S)
        place.due = now + pause


class _Server(uvicorn.Server):
    """uvicorn, which says when it answers and leaves signals to us."""

    ready: Callable[[], None]

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def stop(self, *_signal: object) -> None:
        """Shut down, and soon."""
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Keep the time that answers are dated with until told to stop. uvicorn looks ten times a
        second whether it was, which costs an idle worker more than all its looks at the store.
        """
        while not await self.on_tick(0):  # 0: the time is to be told anew
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let in whoever is in line, close the door, hear them out, and only then finish."""
        line = sockets or []
        for listener in line:
            close_the_line(listener)
        await asyncio.sleep(SETTLE_S)  # for those who are half in line
        end = time.monotonic() + SETTLE_S
        while select.select(line, [], [], 0)[0] and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0)  # and the loop lets them in
        for server in self.servers:
            server.close()
        for listener in line:
            listener.close()
        await asyncio.sleep(SETTLE_S)
        await super().shutdown([])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(BACKLOG)  # asyncio has set it to `backlog`, see _config
        self.ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=BoundedProtocol,
        ws=_socket,  # type: ignore[arg-type]  # what makes one, in place of its class
        ws_max_size=FRAME_MAX,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the doors judge X-Forwarded-For themselves
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=FINISH_S,
        backlog=1,  # asyncio takes up to this many connections at once: leave some to others
    )


def _socket(**given: Any) -> asyncio.Protocol:
    """A WebSocket's protocol; what it needs is loaded with the first one."""
    from keyturn.sockets import Socket  # noqa: PLC0415  most servers have no agents

    return Socket(**given)


def _work(
    build_app: Callable[[], ASGIApp], listener: socket.socket, lifeline: int, ready: int,
    leave_s: float,
) -> NoReturn:  # fmt: skip
    """A worker's life. Ends the process without the master's exit handlers."""
    status = START_FAILED
    try:
        door = Door(build_app())
        steady_gc()
        server = _Server(_config(door))
        server.ready = lambda: _announce(ready)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.stop)
        asyncio.run(_serve(server, listener, lifeline, Leave(door, server.stop, leave_s)))
        status = 0
    except BaseException:  # noqa: BLE001  whatever it was, the worker ends here
        _log.exception("worker %d failed", os.getpid())
    finally:
        logging.shutdown()
        os._exit(status)


def _announce(ready: int) -> None:
    os.write(ready, b"%08d" % os.getpid())


async def _serve(server: _Server, listener: socket.socket, lifeline: int, leave: Leave) -> None:
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(lifeline)
        leave.stop()

    loop.add_reader(lifeline, orphaned)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.begin)
    await server.serve(sockets=[listener])
