"""The audit trail for other programs: CSV, JSON lines, CEF.

    csv     RFC 4180 with the columns of `COLUMNS`; for spreadsheets (rules/sheets.py)
    jsonl   one JSON object a line (jsonlines.org), the same as `keyturn audit --json`
    cef     ArcSight Common Event Format 0, as log collectors (SIEM) take it: severity 0 to 10

Times are UTC, ISO 8601 with milliseconds; CEF's `rt` is milliseconds since the epoch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from keyturn.rules import sheets
from keyturn.rules.events import Entry, Event


class Format(StrEnum):
    """See the module."""

    CSV = "csv"
    JSONL = "jsonl"
    CEF = "cef"


#: of the CSV file; user and actor by name, where one is known
COLUMNS: Final = ("id", "at", "event", "user_id", "user", "actor_id", "actor", "ip", "client",
                  "facts")  # fmt: skip
MEDIA: Final[Mapping[Format, str]] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSONL: "application/jsonl",
    Format.CEF: "text/plain; charset=utf-8",
}
#: what a log collector is to wake somebody for, and what it is to count
_SEVERE: Final[Mapping[Event, int]] = {
    Event.ALARM_RAISED: 9, Event.AGENT_COPIED: 9, Event.PASSKEY_CLONED: 9, Event.CLIENT_COPIED: 9,
    Event.APPROVAL_FORGED: 9, Event.NOT_ME: 8, Event.OWNER_LINK: 8, Event.RESTORED: 8,
    Event.ROLE_GRANTED: 7, Event.ROLE_REVOKED: 7, Event.DATA_EXPORTED: 6, Event.TRAIL_EXPORTED: 6,
    Event.USERS_EXPORTED: 6,
    Event.SIGNIN_LOCKED: 6, Event.APPROVAL_DENIED: 6, Event.SIGNIN_FAILED: 4,
    Event.SECOND_FAILED: 4, Event.CODE_FAILED: 4, Event.PROOF_FAILED: 4, Event.SIGNIN_REFUSED: 4,
}  # fmt: skip
_USUAL: Final = 3
_ESCAPED: Final = re.compile(r"[\\=]")
_BREAKS: Final[Mapping[str, str]] = {"\r\n": r"\n", "\r": r"\r", "\n": r"\n"}
#: no line of a log holds a control character or another kind of line end
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def iso(ms: int) -> str:
    """A moment, e.g. 2026-03-01T09:30:00.250Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(entry: Entry) -> dict[str, object]:
    """An entry as a JSON object."""
    return {
        "id": entry.id, "at": iso(entry.at), "event": str(entry.event), "user": entry.user_id,
        "actor": entry.actor_id, "ip": entry.ip or None, "client": entry.client,
        "facts": dict(entry.facts),
    }  # fmt: skip


def head(form: Format) -> str:
    """What a file begins with."""
    return sheets.MARK + sheets.rows([COLUMNS]) if form is Format.CSV else ""


def lines(
    form: Format, entries: Iterable[Entry], names: Mapping[str, str], version: str
) -> str:  # fmt: skip
    """Entries, each ended.

    Args:
        names: who is who, by id. version: of Keyturn, for CEF.
    """
    if form is Format.CSV:
        return sheets.rows(_cells(entry, names) for entry in entries)
    if form is Format.JSONL:
        return "".join(
            json.dumps(document(entry), ensure_ascii=False, default=str) + "\n" for entry in entries
        )
    return "".join(_cef(entry, names, version) + "\n" for entry in entries)


def _cells(entry: Entry, names: Mapping[str, str]) -> tuple[str, ...]:
    user, actor = entry.user_id or "", entry.actor_id or ""
    facts = json.dumps(dict(entry.facts), ensure_ascii=False, default=str)
    return (entry.id, iso(entry.at), str(entry.event), user, names.get(user, ""), actor,
            names.get(actor, ""), entry.ip, entry.client, facts)  # fmt: skip


def _cef(entry: Entry, names: Mapping[str, str], version: str) -> str:
    """`CEF:0|vendor|product|version|event|name|severity|extension`. Bars stand in none of the
    heads, which are our own words; in the extension equals signs, backslashes and line ends are
    escaped.
    """
    severity = _SEVERE.get(entry.event, _USUAL)
    name = str(entry.event).replace(".", " ").replace("_", " ")
    told = {
        "rt": str(entry.at), "externalId": entry.id, "cat": str(entry.event).partition(".")[0],
        "duid": entry.user_id, "duser": names.get(entry.user_id or ""),
        "suid": entry.actor_id, "suser": names.get(entry.actor_id or ""),
        "src": entry.ip, "requestClientApplication": entry.client,
        "cs1Label": "facts", "cs1": json.dumps(dict(entry.facts), ensure_ascii=False, default=str),
    }  # fmt: skip
    extension = " ".join(f"{key}={_value(text)}" for key, text in told.items() if text)
    return f"CEF:0|Keyturn|Keyturn|{version}|{entry.event}|{name}|{severity}|{extension}"


def _value(text: str) -> str:
    text = _ESCAPED.sub(r"\\\g<0>", text)
    for broken, written in _BREAKS.items():
        text = text.replace(broken, written)
    return _CONTROL.sub(" ", text)
