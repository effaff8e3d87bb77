"""`keyturn bounce`: what a mail system gives the mail of the bounce address to.

The exit status is the mail system's (sysexits.h): 0, it is dealt with, whatever it was; 75,
keep it and try again later. A report that is lost is never sent again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from keyturn.cli import failures
from keyturn.cli.failures import NotDone
from keyturn.cli.opened import opened
from keyturn.cli.options import CONFIG
from keyturn.flows import bounces
from keyturn.flows.bounces import Came
from keyturn.settings import load

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_CHUNK = 64 * 1024
_WORDS = {
    Came.NEWS: "the message's state is known now",
    Came.KNOWN: "nothing new",
    Came.NOT_OURS: "about no message of ours; nothing was kept",
    Came.NO_REPORT: "no delivery report; nothing was kept",
}


@app.command()
def bounce(
    address: Annotated[
        str, typer.Argument(help="The address that the mail came to, e.g. ${recipient}.")
    ] = "",
    config: CONFIG = None,
) -> None:
    """Read one mail on standard input: a delivery report (RFC 3464) updates its message.

    For a mail system's pipe; docs/delivery.md has the lines. Status 0: dealt with; 75: the
    database or the settings cannot be read now, keep the mail and try again.
    """
    try:
        came = _take(config, address)
    except Exception as fault:  # whatever it is: the mail must not be lost
        if failures.expected(fault):
            failures.show(fault)
        else:
            logging.getLogger("keyturn.bounce").exception("the report could not be taken")
        raise typer.Exit(os.EX_TEMPFAIL) from fault
    typer.echo(_WORDS[came])


def _take(config: Path | None, address: str) -> Came:
    ring = load(config).store.data_dir / "keys.json"
    if not ring.is_file():  # opening it would make a new, empty installation
        raise NotDone(f"There is no installation: {ring} is missing or not ours to read.")
    raw = _stdin()
    with opened(config) as house:
        return asyncio.run(bounces.take(house.parts, raw, address))


def _stdin() -> bytes:
    """The mail's beginning. The rest is read and dropped, or the mail system would see a
    broken pipe.
    """
    source = sys.stdin.buffer
    raw = source.read(bounces.MOST_BYTES)
    while source.read(_CHUNK):
        pass
    return raw
