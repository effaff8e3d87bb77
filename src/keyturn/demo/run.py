"""A demo from start to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from keyturn import serving, wiring
from keyturn.demo import far_side, past
from keyturn.demo.far_side import FarSide, Sides
from keyturn.demo.folder import HOST, DemoFolder
from keyturn.demo.front import Plan
from keyturn.demo.phones import PhonePages
from keyturn.demo.pushes import PATH
from keyturn.demo.site import pages
from keyturn.settings import Settings


class PortTaken(Exception):
    """Somebody else listens on the port."""


def free_port(wanted: int, host: str = HOST) -> int:
    """`wanted` if it can be bound, any free one for 0. Raises PortTaken, OSError."""
    try:
        with serving.bind(host, wanted) as listener:
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
    front: Plan | None = None,
) -> int:
    """Serve a demo in `folder`, which was taken, until SIGTERM or Ctrl-C; the exit status.

    Args:
        port: on 127.0.0.1, known to be free.
        tell: hears what is being made.
        before: called when all is made, before workers are forked.
        on_ready: called once every worker answers.
        front: how other devices come in; None: only this machine does.
    """
    far = far_side.start(_sides(folder, front))
    try:
        settings = folder.remember(far, port, workers, front.origin if front else "")
        if not folder.old:
            _populate(folder, settings, tell)
        before()
        return serving.run(
            partial(application, folder, settings, far, alone=front is None),
            host=HOST,
            port=port,
            workers=workers,
            on_ready=lambda _port: on_ready(),
        )
    finally:
        far.stop()


def _sides(folder: DemoFolder, front: Plan | None) -> Sides:
    record = folder.record()
    return Sides(
        spool=folder.spool, clock=folder.clock, records={record.name: record.value},
        pushed=folder.pushed, tls=folder.push_tls(), front=front,
    )  # fmt: skip


def _populate(folder: DemoFolder, settings: Settings, tell: Callable[[str], None]) -> None:
    """Write the company and its past; the people last, so that they say it is complete."""
    house = wiring.open_house(settings, demo=True)
    try:
        folder.roster.write(past.write(house, folder.clock.now(), tell))
    finally:
        house.close()


def application(
    folder: DemoFolder, settings: Settings, far: FarSide, *, alone: bool = True
) -> ASGIApp:
    """What each worker runs: the whole server, with the demo's clock and pages.

    Args:
        alone: no other device comes in; then browsers' own push services are not asked.
    """
    clock = folder.clock
    house = wiring.build(settings, clock=clock)
    phones = PhonePages(folder.pushed, f"https://localhost:{far.push_port}{PATH}", own=alone)
    more = pages(clock, folder.spool, folder.roster)
    return wiring.application(house, demo=lambda site: [*more(site), *phones.routes(site)])
