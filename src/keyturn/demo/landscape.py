"""The whole lab: the demo's company, a directory, and an agent at each of its places."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from keyturn.demo.company import Person
from keyturn.demo.estate import Estate
from keyturn.demo.grounds import Grounds
from keyturn.demo.process import DemoProcess

G = TypeVar("G", bound=Grounds)


@contextmanager
def landscape(
    directory: AbstractContextManager[G],
    port: int,
    tell: Callable[[str], None],
    accounts: Mapping[Person, str] | None = None,
) -> Iterator[Estate[G]]:
    """Everything connected, for the length of a block.

    Args:
        directory: not open yet. port: of the demo, on 127.0.0.1; 0 for any.
        tell: hears what is being made. accounts: as of Estate.

    Raises Unable (of the lab), DidNotStart, CommandFailed, CommandRefused, InVain.
    """
    tell("the directory comes up")
    with (
        tempfile.TemporaryDirectory(prefix="keyturn-lab-demo-") as folder,
        directory as lab,
        DemoProcess(Path(folder) / "demo", port) as demo,
        Estate(lab, demo.origin, demo.keyturn, accounts=accounts) as estate,
    ):
        estate.connect(tell)
        yield estate
