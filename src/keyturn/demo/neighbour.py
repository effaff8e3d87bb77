"""A domain beside a demo, brought up while people look around already."""

from __future__ import annotations

import threading
from collections.abc import Callable

from keyturn.demo.agents import CommandRefused
from keyturn.demo.estate import Command, Estate
from keyturn.lab.able import able
from keyturn.lab.commands import CommandFailed, InVain
from keyturn.lab.domain import Lab, Unable

#: what can go wrong while a domain comes up
TROUBLE = (Unable, CommandFailed, CommandRefused, InVain, OSError)


class Neighbour:
    """One controller and its agent, in a thread.

    Args:
        origin: of the demo. keyturn: a command in it.
        tell: hears, once, how it went: "" when the domain is connected, else why it is not.
    """

    def __init__(self, origin: str, keyturn: Command, tell: Callable[[str], None]) -> None:
        self._origin = origin
        self._keyturn = keyturn
        self._tell = tell
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._live, name="neighbour")

    def start(self) -> None:
        """Begin to bring it up."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until nothing of it is left."""
        self._enough.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _live(self) -> None:
        here = able()
        if here.controller:
            self._tell(here.controller)
            return
        try:
            with (
                Lab(controllers=1, loopback=bool(here.network)) as lab,
                Estate(lab, self._origin, self._keyturn) as estate,
            ):
                estate.connect()
                self._tell("")
                self._enough.wait()
        except TROUBLE as error:
            self._tell(" ".join(str(part) for part in error.args) or type(error).__name__)
