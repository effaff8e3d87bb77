"""A demo from start to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from keyturn import serving, wiring
from keyturn.demo import far_side, past
from keyturn.demo.folder import HOST, DemoFolder
from keyturn.demo.site import pages
from keyturn.settings import Settings


class PortTaken(Exception):
    """Somebody else listens on the port."""


def free_port(wanted: int) -> int:
    """`wanted` if it can be bound, any free one for 0. Raises PortTaken, OSError."""
    try:
        with serving.bind(HOST, wanted) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        if wanted:
            raise PortTaken from error
        raise


def run(
    folder: DemoFolder,
    port: int,
    *,
    workers: int,
    tell: Callable[[str], None],
    before: Callable[[], None],
    on_ready: Callable[[], None],
) -> int:
    """Serve a demo in `folder`, which was taken, until SIGTERM or Ctrl-C; the exit status.

    Args:
        port: on 127.0.0.1, known to be free.
        tell: hears what is being made.
        before: called when all is made, before workers are forked.
        on_ready: called once every worker answers.
    """
    record = folder.record()
    far = far_side.start(folder.spool, folder.clock, {record.name: record.value})
    try:
        settings = folder.remember(far, port, workers)
        if not folder.old:
            _populate(folder, settings, tell)
        before()
        return serving.run(
            partial(application, folder, settings),
            host=HOST,
            port=port,
            workers=workers,
            on_ready=lambda _port: on_ready(),
        )
    finally:
        far.stop()


def _populate(folder: DemoFolder, settings: Settings, tell: Callable[[str], None]) -> None:
    """Write the company and its past; the people last, so that they say it is complete."""
    house = wiring.open_house(settings, demo=True)
    try:
        folder.roster.write(past.write(house, folder.clock.now(), tell))
    finally:
        house.close()


def application(folder: DemoFolder, settings: Settings) -> ASGIApp:
    """What each worker runs: the whole server, with the demo's clock and pages."""
    clock = folder.clock
    house = wiring.build(settings, clock=clock)
    return wiring.application(house, demo=pages(clock, folder.spool, folder.roster))
