"""`keyturn device`: what a tenant has registered, and a camera to try it with."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from keyturn.cli import device_run
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import ERR, OUT, as_json, clean, iso, moment
from keyturn.flows import device_stock, presence
from keyturn.flows.device_stock import Registered, Row, Stocked, Wrong
from keyturn.flows.presence import Released
from keyturn.rules.devices import label_letters, label_shown

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

_COLUMNS = 3
_WRONG = {
    Wrong.MODEL: "the model is empty, too long, or not plain text",
    Wrong.SERIAL: "the serial number is empty, too long, or not plain text",
    Wrong.DIGEST: "the digest is not 64 hexadecimal digits in lower case",
    Wrong.TAKEN: "this device is registered with another label, or this label with another device",
}


@app.command()
def label(
    model: Annotated[str, typer.Argument(help="As it stands on the device.")],
    serial: Annotated[str, typer.Argument(help="Its serial number.")],
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """A fresh code for a device's label, and the line that registers it.

    The code is printed this once and stored nowhere: it belongs on the label.
    """
    with desk(config, tenant) as at:
        fresh = device_stock.new_label(at.house.parts)
    if json:
        as_json({"label": fresh.shown, "model": model, "serial": serial, "digest": fresh.digest})
        return
    ERR.print(Text(f"For the label: {fresh.shown}", "bold"))
    csv.writer(sys.stdout, lineterminator="\n").writerow([model, serial, fresh.digest])


@app.command()
def register(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV; - for standard input.")],
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Register devices: lines of MODEL,SERIAL,DIGEST.

    DIGEST is SHA-256, in hexadecimal, of keyturn-label-v1, a zero byte and the sixteen letters
    of the label's code. Lines that are registered already change nothing.
    """
    with _lines(file) as lines:
        rows = list(_rows(lines))
    with desk(config, tenant) as at:
        done = at.run(device_stock.register(at.house.parts, at.staff, rows))
    if not isinstance(done, Registered):
        raise NotDone("That may not be done.")
    if json:
        wrong = [{"line": row.number, "why": str(why)} for row, why in done.wrong]
        as_json({"registered": done.fresh, "known": done.known, "wrong": wrong})
    else:
        OUT.print(f"{done.fresh} registered, {done.known} were known.")
        for row, why in done.wrong:
            ERR.print(Text(f"Line {row.number}: {_WRONG[why]}."))
    if done.wrong:
        raise typer.Exit(1)


@contextmanager
def _lines(file: str) -> Iterator[Iterable[str]]:
    if file == "-":
        yield sys.stdin
        return
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as opened:
            yield opened
    except (OSError, UnicodeDecodeError) as error:
        raise NotDone(f"{file} cannot be read.", "It is CSV in UTF-8.") from error


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, cells in enumerate(csv.reader(lines), 1):
        plain = [cell.strip() for cell in cells]
        if not any(plain) or (number == 1 and plain[0].lower() == "model"):
            continue
        if len(plain) != _COLUMNS:
            raise WrongUse(f"Line {number} has {len(plain)} columns.", "MODEL,SERIAL,DIGEST")
        yield Row(number, plain[0], plain[1], plain[2].lower())


@app.command("list")
def list_(tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """The tenant's devices, and whose they are."""
    with desk(config, tenant) as at:
        found = list(_every(at))
    if json:
        for one in found:
            as_json(_document(one))
        return
    if not found:
        OUT.print("No device is registered.")
        return
    table = Table("model", "serial", "whose", "last heard", "pairing", box=None, pad_edge=False)
    for one in found:
        owner = clean(one.owner.email) if one.owner is not None else ""
        heard = moment(one.seen_at) if one.pairing is not None else ""
        pairing = one.pairing.id if one.pairing is not None else ""
        table.add_row(clean(one.device.model), clean(one.device.serial), owner, heard, pairing)
    OUT.print(table)


def _every(at: Desk) -> Iterator[Stocked]:
    after = ""
    while True:
        page = at.run(device_stock.listed(at.house.parts, at.staff, after))
        yield from page.devices
        after = page.after
        if not after:
            return


def _document(one: Stocked) -> dict[str, object]:
    pairing = one.pairing
    return {
        "id": one.device.id, "model": one.device.model, "serial": one.device.serial,
        "registered_at": iso(one.device.registered_at),
        "pairing": None if pairing is None else {
            "id": pairing.id, "user": pairing.user_id, "paired_at": iso(pairing.paired_at),
            "seen_at": iso(one.seen_at),
        },
    }  # fmt: skip


@app.command()
def release(
    serial: Annotated[str, typer.Argument(help="Its serial number, or the pairing's id.")],
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Take a lost, sold or broken device from its owner, who hears of it."""
    with desk(config, tenant) as at:
        found = [one for one in _every(at) if one.pairing is not None]
        these = [one for one in found if serial in {one.device.serial, one.pairing.id}]  # type: ignore[union-attr]  # has one
        if len(these) != 1 or these[0].pairing is None:
            what = (
                "Several devices have that serial number." if these else "Nobody has that device."
            )
            raise NotDone(what, "`keyturn device list` shows the pairing's id.")
        one = these[0].pairing
        done = at.run(presence.release(at.house.parts, at.staff, one.user_id, one.id))
    if not isinstance(done, Released):
        raise NotDone("That device is nobody's any more.")
    as_json({"released": one.id}) if json else OUT.print("It is nobody's now.")


@app.command()
def run(
    server: Annotated[
        str, typer.Option("--server", metavar="URL", help="The tenant's address, with /t/SLUG.")
    ],
    code: Annotated[
        str, typer.Option("--label", metavar="CODE", help="On its label; asked for if left out.")
    ] = "",
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where it keeps its key.")
    ] = Path("camera"),
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="Who vouches for the server (PEM).")
    ] = None,
) -> None:
    """A camera on this terminal: it is set up, shows its code, and Enter is its button."""
    typed = code or typer.prompt("The code on its label", err=True)
    letters = label_letters(typed)
    if letters is None:
        raise WrongUse("That is no label's code.", "It has sixteen letters, ABCD-EFGH-JKMN-PQRS.")
    raise typer.Exit(asyncio.run(device_run.run(server, label_shown(letters), folder, ca)))
