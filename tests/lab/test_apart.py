"""Whoever runs these tests has a network that nobody else changes; see apart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from keyturn.demo.lan import addresses
from tests.lab.apart import HOME

ROOT = Path(__file__).parents[2]
#: goes there, listens on this machine, connects, and tells of its network
TOLD = """
import os, socket
from keyturn.demo.lan import addresses
from tests.lab import apart
moved = apart.move()
with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()):
    print(moved, os.stat("/proc/self/ns/net").st_ino, *sorted(addresses()))
"""


def test_a_process_moves_to_a_network_of_its_own_and_leaves_that_of_others_as_it_is() -> None:
    before = addresses()
    told = subprocess.run(
        [sys.executable, "-c", TOLD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    moved, network, *found = told.stdout.split()
    ours = str(Path("/proc/self/ns/net").stat().st_ino)
    if os.geteuid():
        assert (moved, network) == ("False", ours)
    else:
        assert (moved, found) == ("True", ["127.0.0.1", HOME.partition("/")[0]])
        assert network != ours
    assert addresses() == before
