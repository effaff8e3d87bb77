"""`keyturn audit`: what happened."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.text import Text

from keyturn import __version__
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, moment, pairs
from keyturn.flows import trail
from keyturn.flows.trail import Asked, NotAllowed
from keyturn.rules.events import Entry
from keyturn.rules.trail_formats import Format, document, head, lines

app = typer.Typer(add_completion=False, rich_markup_mode=None)
LOOK_S = 1.0
PAGE = 200


@app.command()
def audit(
    about: Annotated[
        str, typer.Argument(help="A user's name or id, or an IP address; nothing for all.")
    ] = "",
    event: Annotated[
        str, typer.Option("--event", help='An event, or its beginning: "signin."')
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000_000, help="How many.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="As a file of this kind, the newest first: no screen's."),
    ] = None,
) -> None:
    """What happened: sign-ins, locks, codes, changes; the newest last."""
    with desk(config, tenant) as at:
        if form is not None:
            _export(at, Asked(about, event), form, limit)
            return
        entries = _newest(at, about, event, limit)
        _show(entries, json=json)
        if not entries and not json and not follow:
            OUT.print("Nothing of that is in the audit trail.")
        if follow:
            _follow(at, about, event, entries[-1].id if entries else "", json=json)


def _newest(at: Desk, about: str, event: str, limit: int) -> list[Entry]:
    """The newest entries, oldest first."""
    found: list[Entry] = []
    before: str | None = None
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = at.run(trail.look(at.house.parts, at.staff, Asked(about, event), before, size))
        found.extend(page.entries)
        before = page.before
        if before is None:
            break
    return found[::-1]


def _follow(at: Desk, about: str, event: str, last: str, *, json: bool) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_S):
        fresh = [e for e in _newest(at, about, event, PAGE) if e.id > last]
        if fresh:
            last = fresh[-1].id
            _show(fresh, json=json)


def _show(entries: Sequence[Entry], *, json: bool) -> None:
    if json:
        for entry in entries:
            as_json(document(entry))
    else:
        OUT.print(*_lines(entries), sep="\n", end="\n" if entries else "")


def _export(at: Desk, asked: Asked, form: Format, limit: int) -> None:
    """To standard output, as it is read: a long trail fits into no memory."""

    async def write() -> None:
        pages = await trail.export(at.house.parts, at.staff, asked, form, limit)
        assert not isinstance(pages, NotAllowed)  # noqa: S101  a command on the host may do all
        sys.stdout.write(head(form))
        async for page in pages:
            sys.stdout.write(lines(form, page.entries, page.names, __version__))
        sys.stdout.flush()

    at.run(write())


def _lines(entries: Iterable[Entry]) -> list[Text]:
    return [
        Text.assemble(
            (moment(entry.at), "dim"), "  ", (f"{entry.event!s:20}", "cyan"), "  ",
            f"{entry.ip or '-':15}  {clean(entry.client):24}  ",
            (clean(pairs(entry.facts)), "dim"),
        )
        for entry in entries
    ]  # fmt: skip
