"""A bad logon out of a line of Samba's audit log (smb.conf: `log level = … auth_json_audit:2`).

    {"timestamp": "2026-11-22T13:52:08.166134+0000", "type": "Authentication",
     "Authentication": {"status": "NT_STATUS_WRONG_PASSWORD", "serviceDescription": "LDAP", …}}

The document may stand behind a syslog header.  Fields: wiki.samba.org, "Interpreting JSON Audit
Logs"; Samba's auth/auth_log.c.  "KDC Authorization" (Samba 4.18) is about tickets for services:
no password is tried there, so it says nothing of a lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from keyturn.rules.directories.logons import logon
from keyturn.rules.directories.logons.logon import BadLogon, Way, Why

#: a longer line is none of Samba's
LINE_MAX: Final = 16 * 1024

_STAMP: Final = re.compile(r'"timestamp": ?"([^"]{1,40})"')

_WHY: Final[Mapping[str, Why]] = {
    "NT_STATUS_WRONG_PASSWORD": Why.WRONG,
    "NT_STATUS_LOGON_FAILURE": Why.WRONG,
    "NT_STATUS_ACCOUNT_LOCKED_OUT": Why.LOCKED,
    "NT_STATUS_NO_SUCH_USER": Why.NOBODY,
}


def read(line: str, controller: str) -> BadLogon | None:
    """The bad logon that a line tells of; None for every other line, whatever is in it.

    Args:
        controller: DNS name of the controller whose log it is.
    """
    told = _authentication(line)
    if told is None:
        return None
    at, fields = told
    why = _WHY.get(logon.plain(fields.get("status")))
    name = logon.account(fields.get("mappedAccount")) or logon.account(fields.get("clientAccount"))
    if why is None or not name:
        return None
    number, way = fields.get("logonType"), _way(fields)
    # a simple bind names no computer, and Samba writes its own name there
    station = "" if way is Way.LDAP else logon.workstation(fields.get("workstation"))
    return BadLogon(
        at=at, account=name, controller=controller, way=way, why=why,
        address=_address(fields.get("remoteAddress")),
        workstation=station,
        service=logon.plain(fields.get("serviceDescription")),
        code=logon.plain(fields.get("status")),
        logon_type=number if type(number) is int else None,
    )  # fmt: skip


def stamp(line: str) -> int | None:
    """When a line of the log was written, whatever it tells of, ms since the epoch."""
    found = _STAMP.search(line)
    return logon.moment(found[1]) if found else None


def _authentication(line: str) -> tuple[int, Mapping[str, object]] | None:
    """The moment and the fields of an authentication."""
    start = line.find("{")
    if start < 0 or len(line) > LINE_MAX or '"Authentication"' not in line:
        return None
    try:
        document = json.loads(line[start:])
    except (ValueError, RecursionError):
        return None
    fields = document.get("Authentication") if isinstance(document, dict) else None
    at = logon.moment(document.get("timestamp")) if isinstance(fields, dict) else None
    return None if at is None or not isinstance(fields, dict) else (at, fields)


def _way(fields: Mapping[str, object]) -> Way:
    service = logon.plain(fields.get("serviceDescription"))
    description = logon.plain(fields.get("authDescription")).lower()
    kind = logon.plain(fields.get("passwordType")).upper()
    if service.startswith("Kerberos"):
        return Way.KERBEROS
    if service == "LDAP" and description.startswith("simple bind"):
        return Way.LDAP
    return Way.NTLM if "ntlm" in description or kind.startswith("NTLM") else Way.OTHER


def _address(value: object) -> str:
    """Out of "ipv4:192.0.2.7:50222" or "ipv6:2001:db8::7:50222"."""
    family, _, rest = logon.plain(value).partition(":")
    return logon.address(rest.rpartition(":")[0]) if family in {"ipv4", "ipv6"} else ""
