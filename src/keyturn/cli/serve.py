"""`keyturn serve`: the server. It has no way to move time."""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import urlsplit

import typer
from rich.text import Text
from starlette.types import ASGIApp

from keyturn import serving, wiring
from keyturn.cli.failures import NotDone
from keyturn.cli.logs import set_up_logs
from keyturn.cli.opened import caller, refusal
from keyturn.cli.options import CONFIG
from keyturn.cli.terminal import OUT
from keyturn.flows import owner, tenants
from keyturn.rules.accounts import Tenant
from keyturn.settings import Settings, load
from keyturn.wiring import CannotOpen, House

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(config: CONFIG = None) -> None:
    """Run the server until SIGTERM or Ctrl-C.

    The first start makes keys, tables and a first tenant, and prints a link with which the
    first owner is made. Every later start brings the tables up to this release.
    """
    settings = load(config)
    set_up_logs(settings)
    link = _first_steps(settings)
    server = settings.server
    try:
        status = serving.run(
            partial(_application, settings),
            host=server.host,
            port=server.port,
            workers=server.workers,
            on_ready=lambda port: _ready(settings, port, link),
            leave_s=server.leave_seconds,
        )
    except OSError as error:
        raise _cannot_listen(settings, error) from error
    raise typer.Exit(status)


def _application(settings: Settings) -> ASGIApp:
    """What each worker runs, with adapters of its own."""
    return wiring.application(wiring.build(settings))


def _first_steps(settings: Settings) -> str | None:
    """Open the data once, before any worker does; the set-up link if there is no owner."""
    try:
        wiring.check_ranges(settings)
        house = wiring.open_house(settings)
    except CannotOpen as error:
        raise refusal(error) from error
    try:
        return asyncio.run(_owner_link(house))
    finally:
        house.close()


async def _owner_link(house: House) -> str | None:
    found = await tenants.everyone(house.parts)
    home = found[0] if found else await _first_tenant(house)
    return await owner.setup_link(house.parts, home, break_glass=False)


async def _first_tenant(house: House) -> Tenant:
    """Something to begin with; `keyturn tenant set` gives it its real name."""
    host = urlsplit(house.settings.server.origin).hostname or "localhost"
    domain = host if "." in host and not host[-1].isdigit() else "keyturn.invalid"
    fresh = tenants.new_tenant(house.parts, "main", "Keyturn", f"no-reply@{domain}")
    await tenants.add(house.parts, caller(fresh))
    return fresh


def _ready(settings: Settings, port: int, link: str | None) -> None:
    server = settings.server
    OUT.print(
        f"Keyturn listens on {server.host}, port {port}; people reach it at {server.origin}",
    )
    if settings.sms.driver == "none":
        OUT.print("No SMS gateway is set: phone numbers cannot be proved (sms.driver).")
    if link is not None:
        OUT.print()
        OUT.print(Text("There is no owner yet. Open this link to become the first:", "bold"))
        OUT.print(link)
        OUT.print("It works once, for an hour; the next start prints a fresh one.", style="dim")
        OUT.print("Name your organisation with `keyturn tenant set`.", style="dim")
    OUT.file.flush()


def _cannot_listen(settings: Settings, error: OSError) -> NotDone:
    server = settings.server
    what = f"Keyturn cannot listen on {server.host}, port {server.port}: {error.strerror}."
    return NotDone(what, "Is another server running there? server.host and server.port choose.")
