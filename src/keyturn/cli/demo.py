"""`keyturn demo`: the real server with a small company in it, on this machine only, unless LAN is
said.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from keyturn import wiring
from keyturn.cli import demo_words
from keyturn.cli.commands import COMMANDS, WRONG_USAGE
from keyturn.cli.failures import NotDone
from keyturn.cli.terminal import ERR, OUT
from keyturn.demo import lan as network
from keyturn.demo import run as running
from keyturn.demo.folder import HOST, DemoFolder, InUse, NotADemo
from keyturn.demo.front import Plan
from keyturn.demo.neighbour import Neighbour
from keyturn.wiring import House

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PORT, FOLDER, WORKERS = 8080, Path("var/demo"), 2
#: from one port to the one by TLS, for other devices: 8443 beside 8080
TO_TLS = 363
#: commands that may look into a running demo, by its clock
BESIDE = ("user", "tenant", "audit", "device", "diagnose", "directory", "doctor")


@app.command(context_settings={"allow_extra_args": True, "allow_interspersed_args": False})
def demo(
    context: typer.Context,
    play: Annotated[
        bool, typer.Option("--play", help="Play every behaviour through from outside, and end.")
    ] = False,
    helpdesk: Annotated[
        bool, typer.Option("--helpdesk", help="Play callers at the help desk instead.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any.")] = PORT,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the last demo.")] = False,
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Where it is.")] = FOLDER,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line when it runs.")] = False,
    alone: Annotated[bool, typer.Option("--alone", help="Without a domain beside it.")] = False,
    lan: Annotated[
        str,
        typer.Option(
            "--lan",
            metavar="1|ADDRESS",
            help="For other devices too, at this machine's address in its own network.",
        ),
    ] = "",
) -> None:
    """A small company to try out: mails, texts and the clock are on pages of its own.

    `keyturn demo diagnose USER` (and user, tenant, audit) look into a demo that runs.
    """
    if context.args:
        raise typer.Exit(_beside(data, context.args))
    if play or helpdesk:
        from keyturn.cli.demo_play import play as played  # noqa: PLC0415  the play only

        raise typer.Exit(played(helpdesk=helpdesk))
    address = _address(lan) if lan else ""
    how = How(keep=keep, quiet=quiet, alone=alone or bool(address), address=address)
    raise typer.Exit(_serve(DemoFolder(data), port, how))


@dataclass(frozen=True, slots=True)
class How:
    """What was asked for. Attributes: `address`: at which other devices come in, or ""."""

    keep: bool
    quiet: bool
    alone: bool
    address: str


def _serve(folder: DemoFolder, wanted: int, how: How) -> int:
    quiet = how.quiet
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger("keyturn.serving").setLevel(logging.ERROR)
    port = _port(wanted)
    front_ports = _front_ports(how.address, wanted)
    _take(folder, keep=how.keep)
    going_on = folder.old
    front = _plan(folder, how.address, front_ports, port) if how.address else None
    origin = front.origin if front else f"http://localhost:{port}"
    console = ERR if quiet else OUT
    # a domain is made once; an old demo's is gone, and its agents' keys with it
    beside = None if how.alone or going_on else _neighbour(folder, origin)
    with console.status("Setting up a small company …") as status:

        def on_ready() -> None:
            if quiet:
                print(f"ready {origin}", flush=True)
            else:
                demo_words.welcome(origin, folder.roster.read(), _typed(folder), going_on=going_on)
                if front is not None:
                    demo_words.for_phones(front)
            if beside is not None:
                beside.start()

        def tell(what: str) -> None:
            status.update(f"Setting up a small company: {what} …")

        try:
            return running.run(
                folder, port, workers=WORKERS, tell=tell, on_ready=on_ready, before=status.stop,
                front=front,
            )  # fmt: skip
        finally:
            if beside is not None:
                beside.stop()
            if front is not None and not quiet:
                demo_words.taken_away(front)


def _address(wanted: str) -> str:
    """This machine's address in its own network. Raises NotDone, saying what there is."""
    own = network.addresses()
    try:
        return network.chosen(wanted, own, network.outward())
    except network.NotHere:
        what = f"{wanted} is no address of this machine in a network of its own."
    except network.NoLan as error:
        if error.found:
            what = f"This machine has several: {', '.join(error.found)}."
            raise NotDone(what, f"Say which: make demo LAN={error.found[0]}") from None
        what = "This machine has no address in a network of its own (10.…, 172.16.…, 192.168.…)."
    remedy = "A demo is never put on a public address: everybody knows its passwords."
    raise NotDone(what, remedy) from None


def _front_ports(address: str, wanted: int) -> tuple[int, int]:
    """By TLS, and plain; both 0 where no other device comes in."""
    if not address:
        return 0, 0
    tls = wanted + TO_TLS if wanted else 0
    return _port(tls, address), _port(wanted, address)


def _plan(folder: DemoFolder, address: str, ports: tuple[int, int], behind: int) -> Plan:
    made = folder.papers(address)
    return Plan(address=address, tls=ports[0], plain=ports[1], behind=behind, papers=made)


def _neighbour(folder: DemoFolder, origin: str) -> Neighbour:
    """A domain beside the demo, and what is said of it."""

    def keyturn(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "keyturn", "demo", "--data", str(folder.path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

    return Neighbour(origin, keyturn, lambda why: demo_words.neighbour(origin, why))


def _typed(folder: DemoFolder) -> str:
    """How the demo's commands begin when they are typed in this folder."""
    here = Path(sys.argv[0])
    if shutil.which(here.name) == str(here) or here.name != "keyturn":
        program = "keyturn"
    else:
        program = str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)
    return f"{program} demo" + ("" if folder.path == FOLDER else f" --data {folder.path}")


def _port(wanted: int, address: str = HOST) -> int:
    try:
        return running.free_port(wanted, address)
    except running.PortTaken:
        remedy = "Stop whatever listens there, or choose another: keyturn demo --port 8090"
        raise NotDone(f"Port {wanted} on this machine is taken.", remedy) from None


def _take(folder: DemoFolder, *, keep: bool) -> None:
    try:
        folder.take(keep=keep)
    except NotADemo:
        what = f"{folder.path} holds files that no demo made. They are left alone."
        raise NotDone(what, "Choose another folder with --data.") from None
    except InUse:
        remedy = "Stop it with Ctrl-C, or choose another --data and --port."
        raise NotDone(f"A demo runs in {folder.path} already.", remedy) from None
    except OSError as error:
        raise NotDone(f"{folder.path} cannot be used: {error.strerror}.") from error


def _beside(data: Path, words: list[str]) -> int:
    """Another command, in the demo's installation and by its clock."""
    from keyturn.cli import commands, opened  # noqa: PLC0415  not for the demo itself

    if words[0] not in BESIDE:
        names = ", ".join(f"`keyturn demo {name}`" for name in BESIDE if name in COMMANDS)
        ERR.print(f"There is no `keyturn demo {words[0][:40]}`, but {names}.")
        return WRONG_USAGE
    folder = DemoFolder(data)

    def into_the_demo(_config: Path | None) -> House:
        if not folder.old:
            raise NotDone(f"There is no demo in {data}.", "`keyturn demo` makes one.")
        return wiring.open_house(folder.settings(), demo=True, clock=folder.clock)

    opened.OPENER.open = into_the_demo
    return commands.run(words)
