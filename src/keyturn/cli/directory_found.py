"""Directories, agents and jobs for commands: found by name, and as JSON for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn.cli.failures import NotDone
from keyturn.cli.opened import Desk
from keyturn.cli.terminal import clean, iso
from keyturn.flows import directories as flow
from keyturn.flows.resetting import JobView
from keyturn.rules.directories.things import Directory
from keyturn.steps.directory_views import AgentRow, DirectoryRow
from keyturn.wire.certificates import fingerprint

DIRECTORY = Annotated[
    str, typer.Argument(metavar="DIRECTORY", help="The domain's DNS name, or the id.")
]


# -- what all need


def row_of(at: Desk, typed: str) -> DirectoryRow:
    """The directory of that name or id. Raises NotDone."""
    rows = at.run(flow.everyone(at.house.parts, at.staff))
    name = typed.strip().lower().removesuffix(".")
    for row in rows:
        if name in (row.directory.name, row.directory.id):
            return row
    there = ", ".join(row.directory.name for row in rows) or "none"
    raise NotDone(f"There is no directory `{clean(typed[:60])}`.", f"There is: {there}.")


def directory_of(at: Desk, typed: str) -> Directory:
    """As `row_of`, the directory alone."""
    return row_of(at, typed).directory


def directory_document(directory: Directory) -> dict[str, object]:
    """A directory for programs."""
    identity = directory.identity
    return {
        "id": directory.id, "name": directory.name, "kind": directory.kind,
        "created_at": iso(directory.created_at),
        "identity": fingerprint(identity) if identity else None,
        "charted_at": iso(directory.topology_at),
    }  # fmt: skip


def row_document(row: DirectoryRow) -> dict[str, object]:
    """The same, with how it stands."""
    return {
        **directory_document(row.directory), "standing": row.standing,
        "primary": row.primary.name if row.primary else None, "lease_until": iso(row.until),
    }  # fmt: skip


def agent_document(row: AgentRow) -> dict[str, object]:
    """An agent for programs."""
    agent, run = row.agent, row.agent.run
    return {
        "id": agent.id, "name": agent.name, "role": agent.role, "standing": row.standing,
        "primary": row.primary, "controller": agent.controller, "version": agent.version,
        "place": run.place if run else None, "heard_at": iso(run.seen_at) if run else None,
        "fingerprint": fingerprint(agent.signing_key, agent.sealing_key),
        "enrolled_at": iso(agent.enrolled_at), "revoked_at": iso(agent.revoked_at),
        "copied_at": iso(agent.clone_at),
    }  # fmt: skip


def job_document(job: JobView) -> dict[str, object]:
    """A job for programs."""
    return {
        "id": job.id, "kind": job.kind, "state": job.state, "reason": job.reason,
        "data": dict(job.data), "diagnostic": job.diagnostic, "directory": job.directory,
        "account": job.account, "user": job.user_id, "started_by": job.started_by,
        "created_at": iso(job.created_at), "finished_at": iso(job.finished_at),
        "everywhere_at": iso(job.everywhere_at), "settled_on": job.settled_on,
        "proofs": [
            {"controller": p.controller, "site": p.site, "state": p.state, "at": iso(p.at),
             "delay_ms": p.delay_ms} for p in job.proofs
        ],
    }  # fmt: skip
