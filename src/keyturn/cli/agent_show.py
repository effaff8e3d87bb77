"""How an agent stands, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from keyturn.agent.state import State
from keyturn.cli.terminal import OUT, clean, iso, moment
from keyturn.wire.certificates import fingerprint
from keyturn.wire.messages import Applicant

_PHASES: Mapping[str, tuple[str, str, str]] = {
    "beginning": ("…", "begins", "cyan"),
    "waiting": ("!", "waits for approval", "yellow"),
    "primary": ("✓", "primary", "green"),
    "standby": ("✓", "stands by", "green"),
    "listener": ("✓", "listens", "green"),
}
_STOPPED: Mapping[str, str] = {
    "revoked": "revoked on the console",
    "cloned": "its key was used in two places",
    "run": "another process runs under its key",
}
_TIMES = ("certificate_ends_at",)
_LAST_TIMES = ("at", "since")


def for_programs(document: dict[str, Any]) -> dict[str, Any]:
    """The document with times as programs read them (RFC 3339)."""
    last = document["last"]
    if last is not None:
        lease = last["lease"] and {**last["lease"], "ends_at": iso(last["lease"]["ends_at"])}
        last = {**last, **{name: iso(last[name]) for name in _LAST_TIMES}, "lease": lease}
    return {**document, **{name: iso(document[name]) for name in _TIMES}, "last": last}


def show_status(document: dict[str, Any], state: State) -> None:
    """Print how the agent stands."""
    OUT.print()
    OUT.print(_headline(document))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    for label, text in _facts(document, state).items():
        table.add_row(f"  {label}", Text(clean(text)))
    OUT.print(table)
    OUT.print()


def _headline(document: dict[str, Any]) -> Text:
    last = document["last"] or {}
    if not document["enrolled"]:
        return Text.assemble(("✗ not enrolled", "red"), "  `keyturn agent enrol` comes first.")
    if not document["running"]:
        why = _STOPPED.get(last.get("stopped", ""), "")
        return Text.assemble(("✗ does not run", "red"), f"  {why}" if why else "")
    if last.get("link"):
        text = ("✗ runs, but the server does not answer", "red")
        return Text.assemble(text, f"  {clean(last['link'])} {clean(last['detail'])}".rstrip())
    mark, word, style = _PHASES.get(last.get("phase", ""), _PHASES["beginning"])
    since = f"  since {moment(last['since'])}" if last else ""
    return Text.assemble((f"{mark} {word}", style), since)


def _facts(document: dict[str, Any], state: State) -> dict[str, str]:
    last = document["last"] or {}
    facts = {
        "agent": f"{document['name']}, {document['role']}" if document["enrolled"] else "",
        "directory": document["directory"] or "",
        "server": document["server"] or "",
        "fingerprint": document["fingerprint"],
        "directory's key": document["identity_fingerprint"] or "not known yet",
        "certificate": _until(document["certificate_ends_at"]),
        "state folder": str(state.path),
    }
    if document["running"]:
        facts["process"] = f"{document['pid']}"
        facts |= _live(last) if last else {}
    return {label: text for label, text in facts.items() if text}


def _live(last: Mapping[str, Any]) -> dict[str, str]:
    facts = {"bell": "WebSocket" if last.get("socket") else "long-poll"}
    if last.get("lease"):
        lease = last["lease"]
        facts["lease"] = (
            f"until {moment(lease['ends_at'])}, epoch {lease['generation']}.{lease['number']}"
        )
    if last.get("holder"):
        facts["primary"] = f"{last['holder']['name']} at {last['holder']['place']}"
    facts["at work on"] = f"{last.get('busy', 0)}"
    facts["seen"] = moment(last.get("at"))
    return facts


def _until(ends_at: int | None) -> str:
    return f"until {moment(ends_at)}" if ends_at is not None else "none yet"


def show_applicant(applicant: Applicant) -> None:
    """Print who wants to be approved, and what is to be compared."""
    keys = fingerprint(applicant.signing_key, applicant.sealing_key)
    OUT.print()
    OUT.print(
        Text.assemble((clean(applicant.name), "bold"), f"  {applicant.role.value}, waits for yes")
    )
    OUT.print(Text(f"  beside       {clean(applicant.controller)}"))
    OUT.print(Text(f"  runs at      {clean(applicant.place)}"))
    OUT.print(Text.assemble("  fingerprint  ", (keys, "bold cyan")))


def show_limits(limits: Mapping[str, str]) -> None:
    """Print what this kind of directory cannot do; nothing for a domain."""
    if not limits:
        return
    OUT.print(Text("What is unlike a domain here", "bold"))
    for word, sentence in limits.items():
        OUT.print(Text.assemble("  ", (f"{word}: ", "dim"), sentence))
    OUT.print()
