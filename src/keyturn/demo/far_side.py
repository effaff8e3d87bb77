"""The demo's mail server, SMS gateway and push service, in a process of their own; and, where
other devices are to reach the demo, the door through which they do (front.py).

The server forks its workers, so nothing may run in threads beside it; and what arrives
must be seen by all of them.  Hence a child that writes into the spool, and ends when the
process that started it does, however that ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from keyturn.demo.front import Front, Plan
from keyturn.demo.gateway import Gateway
from keyturn.demo.mailbox import Mailbox
from keyturn.demo.pushes import Pushed, PushService
from keyturn.demo.spool import Spool
from keyturn.ports.system import Clock

USERNAME, PASSWORD = "keyturn", "demo"


@dataclass(frozen=True, slots=True)
class FarSide:
    """Where they listen, on 127.0.0.1.

    Attributes:
        lifeline: file descriptor; closing it ends the far side.
    """

    pid: int
    mail_port: int
    sms_port: int
    push_port: int
    lifeline: int

    @property
    def sms_url(self) -> str:
        """The gateway's sendsms."""
        return f"http://127.0.0.1:{self.sms_port}/cgi-bin/sendsms"

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        os.close(self.lifeline)
        os.waitpid(self.pid, 0)


@dataclass(frozen=True, slots=True)
class Sides:
    """What it is made of.

    Attributes:
        records: DKIM's TXT records by name, which stand for the DNS.
        pushed: where messages to phones are kept; tls: what the push service shows.
        front: how other devices come in; None: they do not.
    """

    spool: Spool
    clock: Clock
    records: Mapping[str, str]
    pushed: Pushed
    tls: ssl.SSLContext
    front: Plan | None = None


def start(sides: Sides) -> FarSide:
    """Fork it. Call this before any thread is started."""
    lifeline, held = os.pipe()
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(held)
        os.close(heard)
        _live(sides, lifeline, told)
    os.close(lifeline)
    os.close(told)
    with os.fdopen(heard, "rb") as answer:
        mail_port, sms_port, push_port = (int(port) for port in answer.read().split())
    return FarSide(pid, mail_port, sms_port, push_port, held)


def _live(sides: Sides, lifeline: int, told: int) -> NoReturn:
    """The child's life. Ctrl-C is the parent's matter."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asyncio.run(_serve(sides, lifeline, told))
        status = 0
    finally:
        os._exit(status)


async def _serve(sides: Sides, lifeline: int, told: int) -> None:
    spool, clock = sides.spool, sides.clock
    mailbox, gateway = Mailbox(sides.records), Gateway(USERNAME, PASSWORD)
    pushes = PushService(sides.tls, clock, sides.pushed.add)
    front = Front(sides.front) if sides.front else None
    mailbox.listener = lambda mail: spool.add_mail(clock.now(), mail)
    gateway.listener = lambda text: spool.add_text(clock.now(), text)
    gateway.reporter = spool.add_report
    await mailbox.start()
    await gateway.start()
    await pushes.start()
    if front is not None:
        await front.start()
    os.write(told, f"{mailbox.port} {gateway.port} {pushes.port}".encode())
    os.close(told)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(lifeline, over.set)
    await over.wait()
    if front is not None:
        await front.stop()
    pushes.stop()
    await gateway.stop()
    await mailbox.stop()
