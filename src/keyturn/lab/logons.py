"""A logon at a stand-alone machine from the network, as a program of its own would make it.

It shares nothing with the agent's way in but the library, so that what the agent says can be held
against it.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Final
from uuid import uuid4

from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBException, SMBResponseException
from smbprotocol.session import Session

from keyturn.lab.people import Person
from keyturn.lab.workgroup import Standalone

RIGHT: Final = "right"
WRONG: Final = "C000006D"
LOCKED: Final = "C0000234"
MUST_CHANGE: Final = "C0000224"
_PATIENCE_S: Final = 10
logging.getLogger("smbprotocol").setLevel(logging.CRITICAL)


def log_on(machine: Standalone, person: Person, password: str) -> str:
    """RIGHT, or the machine's NTSTATUS in hex. A wrong one costs the account a try."""
    connection = Connection(uuid4(), machine.address, machine.port, require_signing=True)
    connection.connect(timeout=_PATIENCE_S)
    try:
        name = f"{machine.netbios}\\{person.name}"
        Session(connection, name, password, require_encryption=True, auth_protocol="ntlm").connect()
    except SMBResponseException as said:
        return f"{said.status:08X}"
    finally:
        with contextlib.suppress(SMBException, OSError):
            connection.disconnect(close=True, timeout=_PATIENCE_S)
    return RIGHT


def lock(machine: Standalone, person: Person, times: int) -> None:
    """Wrong passwords, so many."""
    for _ in range(times):
        log_on(machine, person, "Wrong-Wrong-Wrong-0")
