"""The checks of a directory as a page of the documentation; `tools/write_docs.py` writes it."""

from __future__ import annotations

from typing import Final

from keyturn.rules.directories.health.catalogue import CATALOGUE, Place, place_of
from keyturn.rules.directories.health.forest import RULES, Explains
from keyturn.rules.directories.health.settled import ALARM_MS, FLAP_MS, FLAPS, STANDS_MS
from keyturn.rules.directories.health.spoken import OPTIONAL
from keyturn.rules.directories.health.view import FRESH_MS
from keyturn.rules.health.pages import told
from keyturn.rules.health.words import MINUTE, SECOND

PATH: Final = "docs/health.md"
TITLES: Final = {
    Place.DIRECTORY: "The directory as a whole",
    Place.AGENT: "Each agent",
    Place.CONTROLLER: "Each controller",
    Place.UNIT: "Each OU in scope",
    Place.POLICY: "Each fine-grained policy",
}
_OPTIONAL: Final = " and ".join(f"`{check}`" for check in OPTIONAL)
HEAD: Final = f"""\
# The health of a directory

<!-- Made by tools/write_docs.py from rules/directories/health. Change the catalogue, not this. -->

Agents look every minute; what they said counts for {FRESH_MS // MINUTE} minutes. Times and the
ends of certificates are judged by the server's clock, whatever the clock of an agent says.

**One root, its consequences beneath.** A failure that another one explains at the same place
stands under it, and needs no mending of its own; so does what cannot be known because of it.
Two faults at once are two roots. Roots come in the order of whom they hurt: first what keeps
everybody from a new password, then what hurts one OU or one controller, warnings last.

**Nothing alarms at first sight.** An answer counts when two looks in a row gave it, or when one
did and nothing contradicted it for {STANDS_MS // SECOND} seconds. A check whose answer changed
{FLAPS} times in {FLAP_MS // MINUTE} minutes is told as flapping, once. An alarm tells all new
roots together, at most one in {ALARM_MS // MINUTE} minutes; consequences, warnings and what is
not known never alarm, and nothing does before a directory's first agent has come.

**What nobody looks at is neither well nor wrong.** Agents look at `rights` on the OUs that were
chosen to be read (the console, or `keyturn directory sync`), and at `replication` in Active
Directory. Where no agent of a directory tells of {_OPTIONAL}, the report says that
it was not looked at.

`openssl`, `nc`, `repadmin`, `samba-tool` and `w32tm` below are run by a person, beside the place
that the check names. Keyturn runs none of them.
"""


def as_markdown() -> str:
    """docs/health.md."""
    parts = [HEAD]
    for place, title in TITLES.items():
        parts.append(f"## {title}\n")
        checks = (c for c in CATALOGUE.checks.values() if place_of(c.name) is place)
        parts += [told(CATALOGUE, check) for check in checks]
    return "\n".join([*parts, _rules()])


def _rules() -> str:
    rows = [f"| {_row(rule)} |" for rule in RULES]
    head = ["## What explains what", "", _FIRST, "", "| this | explains | at the same |"]
    return "\n".join([*head, "|---|---|---|", *rows, ""])


def _row(rule: Explains) -> str:
    above, beneath = (", ".join(f"`{c}`" for c in part) for part in (rule.above, rule.beneath))
    shared = (lower for upper, lower in rule.same if upper in _SPOKEN)
    return f"{above} | {beneath} | {', '.join(shared) or 'directory'}"


_SPOKEN: Final = frozenset({"agent", "controller", "machine"})
_FIRST: Final = (
    "The first line that holds decides. The last column says where: both name the same "
    "controller, agent or machine; or anywhere in the directory."
)
