"""The whole lab: the demo's company, a domain of three controllers in two sites, three agents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keyturn.demo.estate import Estate
from keyturn.demo.process import DemoProcess
from keyturn.lab.domain import Lab


@contextmanager
def landscape(port: int, tell: Callable[[str], None]) -> Iterator[Estate]:
    """Everything connected, for the length of a block.

    Args:
        port: of the demo, on 127.0.0.1; 0 for any. tell: hears what is being made.

    Raises Unable, DidNotStart, CommandFailed, CommandRefused, InVain.
    """
    tell("three controllers in two sites come up")
    with (
        tempfile.TemporaryDirectory(prefix="keyturn-lab-demo-") as folder,
        Lab(controllers=3) as lab,
        DemoProcess(Path(folder) / "demo", port) as demo,
        Estate(lab, demo.origin, demo.keyturn) as estate,
    ):
        estate.connect(tell)
        yield estate
