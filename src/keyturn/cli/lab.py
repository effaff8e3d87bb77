"""`keyturn lab`: the demo's company with a real Active Directory of three controllers."""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keyturn.cli.commands import DONE, NOT_DONE
from keyturn.cli.failures import NotDone
from keyturn.cli.terminal import ERR, OUT
from keyturn.demo import company
from keyturn.demo.agents import CommandRefused
from keyturn.demo.estate import ACCOUNTS, Estate
from keyturn.demo.landscape import landscape
from keyturn.demo.process import DidNotStart
from keyturn.demo.run import PortTaken, free_port
from keyturn.lab import people
from keyturn.lab.commands import CommandFailed, InVain
from keyturn.lab.domain import Unable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PORT = 8080
SILENT_MIN = 2.0


class Play(StrEnum):
    """What is played."""

    DIRECTORY = "directory"
    HEALTH = "health"


STORY = (
    ("Reset a password", "as Ben: account › Windows password. Watch it arrive on dc1, dc2, dc3."),
    ("A stricter policy", "as Tom: fewer than 15 characters are refused, with their number."),
    ("Protected", "make Nadia's erin a Domain Admin: she is told why that is not done here."),
    ("As technician", "Tom in the console: Ben › Start reset. Ben chooses, nobody else."),
    ("The map", "in the console: Directories. Sites, controllers, agents, delays."),
    ("Lock it", "five wrong passwords for bob in the domain, then Unlock as Ben:"),
)


@app.command()
def lab(
    play: Annotated[
        bool, typer.Option("--play", help="Play every behaviour through from outside, and end.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any.")] = PORT,
    of: Annotated[Play, typer.Option("--of", help="Which play.")] = Play.DIRECTORY,
    silent: Annotated[
        float, typer.Option("--silent", min=0, help="Minutes that a healthy domain is heard out.")
    ] = SILENT_MIN,
    only: Annotated[str, typer.Option("--only", help="Faults with this in their name.")] = "",
) -> None:
    """Three real domain controllers in two sites, three agents, and the demo's company.

    Needs root on Debian, network namespaces and Samba (`make setup` installs it).
    """
    try:
        if play:
            raise typer.Exit(DONE if _played(of, silent, only) else NOT_DONE)
        _serve(free_port(port) if port else 0)
    except PortTaken:
        remedy = "Stop whatever listens there, or choose another: keyturn lab --port 8090"
        raise NotDone(f"Port {port} on this machine is taken.", remedy) from None
    except Unable as why:
        raise NotDone(f"The lab failed to run: {why}.") from None
    except (CommandFailed, CommandRefused, InVain, DidNotStart) as error:
        raise NotDone("The lab failed to run: " + " ".join(map(str, error.args))) from error


def _played(which: Play, silent: float, only: str) -> bool:
    """Whether every check of a play held."""
    if which is Play.HEALTH:
        from keyturn.demo.play.health.playing import play as health  # noqa: PLC0415  the play only

        return health(silent, only)
    from keyturn.demo.play.directory.playing import play as directory  # noqa: PLC0415  as above

    return directory()


def _serve(port: int) -> None:
    with ERR.status("Setting up …") as status:

        def tell(what: str) -> None:
            status.update(f"Setting up: {what} …")

        with landscape(port, tell) as estate:
            status.stop()
            _welcome(estate)
            threading.Event().wait()  # until Ctrl-C


def _welcome(estate: Estate) -> None:
    """Where to go, whom to be, what to try; fits into 80 columns."""
    OUT.print()
    OUT.print(_where(estate))
    OUT.print(Text("\nWhom to be", "bold"))
    for person, account in ACCOUNTS.items():
        line = f"  {person.email:22} {person.password:22} [dim]{account.down_level}[/dim]"
        OUT.print(line)
    OUT.print("  [dim]the desk shows their authenticators' codes[/dim]")
    OUT.print(Text("\nWhat to try", "bold"))
    for what, how in STORY:
        OUT.print(Text.assemble("  ", (f"{what:18}", "bold"), how))
    OUT.print(f"  {'':18}{_wrong_password(estate)}", soft_wrap=True)
    OUT.print(Text("\nAs administrator of the domain", "bold"))
    where = " ".join(estate.lab.beside("dc1")[:4])
    OUT.print(f"  {where} ldapwhoami …  [dim]runs beside dc1[/dim]", soft_wrap=True)
    OUT.print(f"  {people.ADMIN} / {people.ADMIN_PASSWORD}, CA: {estate.lab.ca_file}")
    OUT.print(Text("\nStop with Ctrl-C. Everything goes with it.\n", "green"))
    OUT.file.flush()


def _where(estate: Estate) -> Panel:
    table = Table.grid(padding=(0, 2))
    for path, note in (
        ("/account/directory", "one's Windows password"),
        ("/console/directories", "directories, agents, the map, jobs"),
        ("/demo", "the desk: authenticators and the clock"),
    ):
        table.add_row(Text(estate.origin + path, "cyan", no_wrap=True), Text(note))
    for each in estate.lab.controllers.values():
        table.add_row(Text(each.host, "cyan"), Text(each.ip))
    title = f"The lab is ready: {company.SLUG} and {estate.lab.domain}"
    return Panel(table, title=title, title_align="left", border_style="green", expand=False)


def _wrong_password(estate: Estate) -> str:
    uri = f"ldaps://{estate.lab.controller('dc1').ip}"
    return (
        f"LDAPTLS_CACERT={estate.lab.ca_file} ldapwhoami -x -H {uri} -D {people.BOB.upn} -w wrong"
    )
