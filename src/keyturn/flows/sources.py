"""Why a user's directory account locks again: what a look that staff asked for has told.

The asking is `flows.resetting.ask_look_for`; the answer lives as long as a look does
(rules/retention.py) and is read by whoever has a role here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import Finding, Symptom, diagnose, directory_again
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.directories.logons.source import Found, Source, decode
from keyturn.steps import directory_looks
from keyturn.steps.acts import begin


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such look at an account of that user in this tenant."""


@dataclass(frozen=True, slots=True)
class Told:
    """A source, and the cause that it makes."""

    source: Source
    finding: Finding


@dataclass(frozen=True, slots=True)
class Sources:
    """What the directory told.

    Attributes:
        directory: its name.
        look: as it is now; without `view` and `cause` it is still open.
        locked: it was locked at that moment.
        found: None while there is no answer, and where the agent tells nothing of the kind.
        told: the likeliest source first.
    """

    user: User
    directory: str
    look: Look
    locked: bool
    found: Found | None
    told: tuple[Told, ...]


async def sources(parts: Parts, staff: Staff, user_id: str, look_id: str) -> Sources | NotFound:
    """What a look has told of a user's bad logons."""

    def step(tx: Tx) -> Sources | NotFound:
        act = begin(parts, staff.caller, staff.user)
        look = tx.jobs.look(act.tenant.id, look_id)
        user = tx.users.get(act.tenant.id, user_id) if look and look.user_id == user_id else None
        directory = tx.directories.get(act.tenant.id, look.directory_id) if look else None
        if look is None or user is None or directory is None or not look.guid:
            return NotFound()
        view = _view(look.view)
        found = decode(view.get("again"))
        told = tuple(_told(one, act.now) for one in found.sources) if found else ()
        locked = view.get("locked_until") is not None
        shown = directory_looks.shown(look, act.now)
        return Sources(user, directory.name, shown, locked, found, told)

    return await parts.store.read(step)


def _view(text: str) -> dict[str, Any]:
    """What an agent told: its word, of whatever type."""
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _told(source: Source, now: int) -> Told:
    facts = Facts(directory_again.facts(source))
    return Told(source, diagnose(facts, now, Symptom.DIRECTORY).findings[0])
