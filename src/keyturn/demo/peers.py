"""The demo's mail server and SMS gateway, in one thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Self

from keyturn.demo.gateway import Gateway
from keyturn.demo.mailbox import Mailbox

PATIENCE_S = 10


class Peers:
    """Starts and stops both; a context manager.

    What they keep (`mailbox.mails`, `gateway.texts`) may be read from any thread: copy it
    first, `list(peers.mailbox.mails)`.

    Args:
        records: see Mailbox.
        username, password, delay_s: see Gateway.
    """

    def __init__(
        self,
        records: Mapping[str, str] | None = None,
        username: str = "keyturn",
        password: str = "demo",  # noqa: S107  of a gateway that lives on loopback for minutes
        delay_s: float = 1.0,
    ) -> None:
        self.mailbox = Mailbox(records)
        self.gateway = Gateway(username, password, delay_s)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self, mail_port: int = 0, sms_port: int = 0) -> None:
        """Listen; 0 takes any free port. Raises OSError if a port is taken."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="peers", daemon=True)
        self._thread.start()
        try:
            self._run(self.mailbox.start(mail_port))
            self._run(self.gateway.start(sms_port))
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Listen no more and end the thread."""
        if self._loop is None or self._thread is None:
            return
        self._run(self.mailbox.stop())
        self._run(self.gateway.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()
        self._loop = self._thread = None

    def __enter__(self) -> Self:
        if self._loop is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, work: Coroutine[object, object, None]) -> None:
        if self._loop is None:
            raise RuntimeError
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)
