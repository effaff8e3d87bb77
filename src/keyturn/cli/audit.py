"""`keyturn audit`: what happened."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso, moment, pairs
from keyturn.flows import staff
from keyturn.rules.events import Entry

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
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """What happened: sign-ins, locks, codes, changes; the newest last."""
    with desk(config, tenant) as at:
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
        page = at.run(staff.audit(at.house.parts, at.staff, about, event, before, size))
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


def document(entry: Entry) -> dict[str, object]:
    """An entry for programs."""
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "event": str(entry.event),
        "user": entry.user_id,
        "actor": entry.actor_id,
        "ip": entry.ip or None,
        "client": entry.client,
        "facts": dict(entry.facts),
    }


def _lines(entries: Iterable[Entry]) -> list[Text]:
    return [
        Text.assemble(
            (moment(entry.at), "dim"), "  ", (f"{entry.event!s:20}", "cyan"), "  ",
            f"{entry.ip or '-':15}  {clean(entry.client):24}  ",
            (clean(pairs(entry.facts)), "dim"),
        )
        for entry in entries
    ]  # fmt: skip
