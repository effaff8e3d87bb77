"""A bad logon out of an event of Windows' security log, as `wevtutil qe Security /f:xml` and
forwarded logs write it.

    4740  an account was locked; TargetDomainName is the computer that it came from
    4771  Kerberos pre-authentication failed; the client's address
    4776  a controller refused NTLM credentials; the workstation's name
    4625  a logon failed on the controller itself; name, address, logon type, process

Fields as Microsoft publishes them (learn.microsoft.com, "Advanced security auditing").  What no
test here can show, for want of a controller on Windows: that events come just so.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Final

from keyturn.rules.directories.logons import logon
from keyturn.rules.directories.logons.logon import BadLogon, Way, Why

#: a longer event is none of these
EVENT_MAX: Final = 32 * 1024
_SPACE: Final = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]{1,8}", re.ASCII)
_TYPE: Final = re.compile(r"[0-9]{1,2}", re.ASCII)

#: RFC 4120 7.5.9: pre-authentication failed; the client's credentials have been revoked, which is
#: how a controller says "locked" (and "disabled")
_KERBEROS: Final[Mapping[int, Why]] = {0x18: Why.WRONG, 0x12: Why.LOCKED}
#: MS-ERREF 2.3.1
_STATUS: Final[Mapping[int, Why]] = {
    0xC000006A: Why.WRONG, 0xC000006D: Why.WRONG, 0xC0000234: Why.LOCKED, 0xC0000064: Why.NOBODY,
}  # fmt: skip


def read(event: str, controller: str) -> BadLogon | None:
    """The bad logon that an event tells of; None for every other text, whatever is in it.

    Args:
        controller: DNS name of the controller whose log it is.
    """
    root = _parsed(event)
    if root is None:
        return None
    number = root.findtext(f"{_SPACE}System/{_SPACE}EventID")
    created = root.find(f"{_SPACE}System/{_SPACE}TimeCreated")
    at = logon.moment(created.get("SystemTime")) if created is not None else None
    data = {
        str(one.get("Name")): one.text or ""
        for one in root.findall(f"{_SPACE}EventData/{_SPACE}Data")
    }
    return fields(number or "", data, at, controller) if at is not None else None


def _parsed(event: str) -> ET.Element | None:
    if len(event) > EVENT_MAX or "<!" in event:
        return None  # no event declares entities
    try:
        return ET.fromstring(event)  # noqa: S314  without a DOCTYPE there is nothing to expand
    except (ET.ParseError, ValueError):
        return None


def fields(number: str, data: Mapping[str, str], at: int, controller: str) -> BadLogon | None:
    """The same out of an event's number, its EventData by name and its moment."""
    name = logon.account(data.get("TargetUserName"))
    told = _TOLD.get(number)
    if told is None or not name:
        return None
    way, status = told(data)
    why = Why.LOCKOUT if number == "4740" else status
    if why is None:
        return None
    caller = data.get("TargetDomainName") if number == "4740" else None
    station = caller or data.get("WorkstationName") or data.get("Workstation")
    kind = data.get("LogonType", "")
    return BadLogon(
        at=at, account=name, controller=controller, way=way, why=why,
        address=logon.address(data.get("IpAddress")), workstation=logon.workstation(station),
        service=logon.plain(data.get("ProcessName")) or logon.plain(data.get("ServiceName")),
        code=_code(data), logon_type=int(kind) if _TYPE.fullmatch(kind) else None,
    )  # fmt: skip


def _code(data: Mapping[str, str]) -> str:
    """The reason in the log's own number; a detail of nought is none."""
    detail = logon.plain(data.get("SubStatus"))
    return detail if _number(detail) else logon.plain(data.get("Status"))


def _number(text: str | None) -> int:
    return int(text, 16) if text and _HEX.fullmatch(text.strip()) else 0


def _lockout(_data: Mapping[str, str]) -> tuple[Way, Why | None]:
    return Way.OTHER, Why.LOCKOUT


def _kerberos(data: Mapping[str, str]) -> tuple[Way, Why | None]:
    return Way.KERBEROS, _KERBEROS.get(_number(data.get("Status")))


def _ntlm(data: Mapping[str, str]) -> tuple[Way, Why | None]:
    return Way.NTLM, _STATUS.get(_number(data.get("Status")))


def _logon(data: Mapping[str, str]) -> tuple[Way, Why | None]:
    package = data.get("AuthenticationPackageName", "").upper()
    way = Way.NTLM if "NTLM" in package else Way.KERBEROS if "KERBEROS" in package else Way.OTHER
    detail = _number(data.get("SubStatus")) or _number(data.get("Status"))
    return way, _STATUS.get(detail)


_TOLD: Final = {"4740": _lockout, "4771": _kerberos, "4776": _ntlm, "4625": _logon}
