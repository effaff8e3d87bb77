"""A reset that waits for its password: what the page is to seal to."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.directories.resets import Job
from keyturn.steps import job_views, sealing
from keyturn.steps.acts import Act
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered
from keyturn.steps.sealing import Recipient


@dataclass(frozen=True, slots=True)
class Choosing:
    """A reset waits for its password.

    Attributes:
        identity: the directory's identity key, Ed25519, 32 bytes; the page has it pinned.
        recipients: seal to each of them, to no other.
        user_id, expires_at: what the seal binds besides job, directory and agent
            (wire/seals.py).
    """

    job: JobView
    identity: bytes
    recipients: tuple[Recipient, ...]
    user_id: str
    expires_at: int


def choosing(tx: Tx, act: Act, job: Job) -> Choosing | Hindered:
    """What to seal the password of `job` to, at this moment."""
    directory = tx.directories.get(job.tenant_id, job.directory_id)
    recipients = sealing.recipients(tx, job, act.now)
    if directory is None or directory.identity is None or not recipients:
        return Hindered("no_agent")
    view = job_views.view(tx, job, act.now)
    return Choosing(view, directory.identity, recipients, job.user_id, job.expires_at)
