"""`keyturn lab`: the demo's company with a real directory: a domain of three controllers, two
OpenLDAP providers, or a machine without a domain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from keyturn.cli import lab_words
from keyturn.cli.commands import DONE, NOT_DONE
from keyturn.cli.failures import NotDone
from keyturn.cli.terminal import ERR
from keyturn.demo.agents import CommandRefused
from keyturn.demo.estate import ELSEWHERE
from keyturn.demo.landscape import landscape
from keyturn.demo.process import DidNotStart
from keyturn.demo.run import PortTaken, free_port
from keyturn.lab import openldap, workgroup
from keyturn.lab.commands import CommandFailed, InVain
from keyturn.lab.domain import Lab, Unable
from keyturn.lab.providers import Providers
from keyturn.rules.directories.entries import DirectoryKind

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PORT = 8080
SILENT_MIN = 2.0


class Play(StrEnum):
    """What is played."""

    DIRECTORY = "directory"
    HEALTH = "health"


@app.command()
def lab(
    play: Annotated[
        bool, typer.Option("--play", help="Play every behaviour through from outside, and end.")
    ] = False,
    directory: Annotated[
        DirectoryKind, typer.Option("--directory", help="Of which kind.")
    ] = DirectoryKind.ACTIVE_DIRECTORY,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any.")] = PORT,
    of: Annotated[Play, typer.Option("--of", help="Which play.")] = Play.DIRECTORY,
    silent: Annotated[
        float, typer.Option("--silent", min=0, help="Minutes that a healthy domain is heard out.")
    ] = SILENT_MIN,
    only: Annotated[str, typer.Option("--only", help="Faults with this in their name.")] = "",
) -> None:
    """A real directory, agents beside it, and the demo's company.

    A domain is three Samba controllers in two sites and needs root on Debian and network
    namespaces; a workgroup is a stand-alone Samba and needs root; OpenLDAP is two providers and
    needs none. `make setup` installs what they need.
    """
    try:
        if play:
            raise typer.Exit(DONE if _played(of, directory, silent, only) else NOT_DONE)
        _serve(directory, free_port(port) if port else 0)
    except PortTaken:
        remedy = "Stop whatever listens there, or choose another: keyturn lab --port 8090"
        raise NotDone(f"Port {port} on this machine is taken.", remedy) from None
    except (Unable, openldap.Unable, workgroup.Unable) as why:
        raise NotDone(f"The lab failed to run: {why}.") from None
    except (CommandFailed, CommandRefused, InVain, DidNotStart) as error:
        raise NotDone("The lab failed to run: " + " ".join(map(str, error.args))) from error


def _played(which: Play, kind: DirectoryKind, silent: float, only: str) -> bool:
    """Whether every check of a play held."""
    if which is Play.HEALTH:
        if kind is not DirectoryKind.ACTIVE_DIRECTORY:
            raise NotDone("The faults are a domain's.", "Leave --directory out.")
        from keyturn.demo.play.health.playing import play as health  # noqa: PLC0415  the play only

        return health(silent, only)
    from keyturn.demo.play.directory.playing import play as directory  # noqa: PLC0415  as above

    return directory(kind)


def _serve(kind: DirectoryKind, port: int) -> None:
    with ERR.status("Setting up …") as status:

        def tell(what: str) -> None:
            status.update(f"Setting up: {what} …")

        with _opened(kind, port, tell) as welcome:
            status.stop()
            welcome()
            threading.Event().wait()  # until Ctrl-C


@contextmanager
def _opened(
    kind: DirectoryKind, port: int, tell: Callable[[str], None]
) -> Iterator[Callable[[], None]]:
    """Everything connected, for the length of a block; says where to go and what to try."""
    match kind:
        case DirectoryKind.ACTIVE_DIRECTORY:
            with landscape(Lab(controllers=3), port, tell) as domain:
                yield partial(lab_words.domain, domain)
        case DirectoryKind.OPENLDAP:
            with landscape(Providers(), port, tell, ELSEWHERE) as providers:
                yield partial(lab_words.openldap, providers)
        case DirectoryKind.WORKGROUP:
            with landscape(workgroup.Standalone(), port, tell, ELSEWHERE) as machine:
                yield partial(lab_words.workgroup, machine)
