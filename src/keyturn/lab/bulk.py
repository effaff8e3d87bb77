"""People by the thousand, for what only shows among many.

They are written into the database of a stopped controller by Samba's own modules, so that the
directory is as any other; only the password's digests, which cost most of the time, are left away:
nobody logs on as one of them.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from typing import Final

from keyturn.lab.controllers import BASE, DOMAIN, PLAIN, Controller
from keyturn.lab.hand import SYSTEM_PYTHON, show_deleted
from keyturn.lab.people import SERVICE

CROWD: Final = f"OU=Crowd,{BASE}"
DEPARTMENTS: Final = 20
"""OUs below it, in which people are by turns."""

_SCRIPT: Final = """
import json, sys, ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

order = json.load(sys.stdin)
settings = LoadParm()
settings.load(order["configuration"])
directory = SamDB(
    url=order["database"], session_info=system_session(), lp=settings,
    flags=ldb.FLG_DONT_CREATE_DB | ldb.FLG_NOSYNC,
)
crowd, departments = order["crowd"], order["departments"]
# DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID: pwdLastSet is taken as it is written
bypass = ["local_oid:1.3.6.1.4.1.7165.4.3.12:0"]
directory.transaction_start()
if not order["first"]:
    directory.add({"dn": crowd, "objectClass": "organizationalUnit"})
    for number in range(departments):
        directory.add({"dn": f"OU=D{number:02},{crowd}", "objectClass": "organizationalUnit"})
for number in range(order["first"], order["last"]):
    name = f"crowd{number:06}"
    directory.add({
        "dn": f"CN=Crowd Person {number:06},OU=D{number % departments:02},{crowd}",
        "objectClass": "user",
        "sAMAccountName": name,
        "userPrincipalName": f"{name}@{order['domain']}",
        "givenName": "Crowd",
        "sn": f"Person {number:06}",
        "displayName": f"Crowd Person {number:06}",
        "mail": f"{name}@example.test",
        "telephoneNumber": f"+48500{number:06}",
        "userAccountControl": "512",
        "pwdLastSet": order["set_at"],
    }, bypass)
directory.transaction_commit()
"""
_AT_ONCE: Final = 1000
"""In one transaction: Samba keeps what it changes in memory."""
_SET_AT: Final = 134_000_000_000_000_000
"""Some time in 2025, as a file time (MS-DTYP 2.3.3)."""


def kind(users: int) -> str:
    """The name of its prepared folder: changes with what is in it."""
    source = inspect.getsource(sys.modules[__name__])
    return f"crowd{users}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


def fill(controller: Controller, users: int) -> None:
    """Add so many people below CROWD; the agents' account may see who is deleted. The controller
    does not run. Raises CommandFailed.
    """
    controller.configure(PLAIN)
    show_deleted(controller, SERVICE)
    order = {
        "configuration": str(controller.configuration),
        "database": str(controller.database),
        "domain": DOMAIN,
        "crowd": CROWD,
        "departments": DEPARTMENTS,
        "set_at": str(_SET_AT),
    }
    for first in range(0, users, _AT_ONCE):
        some = {**order, "first": first, "last": min(first + _AT_ONCE, users)}
        controller.tool(SYSTEM_PYTHON, "-c", _SCRIPT, given=json.dumps(some))


def dn(number: int) -> str:
    """The distinguished name of one of them, from 0 on."""
    return f"CN=Crowd Person {number:06},OU=D{number % DEPARTMENTS:02},{CROWD}"
