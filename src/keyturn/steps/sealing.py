"""Whom a new password is sealed to, and whether what was handed in is sealed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.directories.resets import Envelope, Job
from keyturn.steps import standby

#: bytes of an encapsulated X25519 key, and of 256 padded bytes with their tag (wire/seals.py)
ENC_SIZE, CIPHERTEXT_SIZE = 32, 272


@dataclass(frozen=True, slots=True)
class Recipient:
    """An agent to seal to.

    Attributes:
        certificate: the directory's word for `sealing_key` (wire/certificates.py); the page
            checks it against the identity it has pinned.
    """

    agent_id: str
    name: str
    sealing_key: bytes
    certificate: bytes


def recipients(tx: Tx, job: Job, now: int) -> tuple[Recipient, ...]:
    """Every living candidate of the job's directory."""
    return recipients_of(tx, job.tenant_id, job.directory_id, now)


def recipients_of(tx: Tx, tenant_id: str, directory_id: str, now: int) -> tuple[Recipient, ...]:
    """Every living candidate of a directory."""
    agents = standby.sealed_to(tx.agents.of(tenant_id, directory_id), now)
    return tuple(
        Recipient(a.id, a.name, a.sealing_key, a.certificate) for a in agents if a.certificate
    )


def fit(tx: Tx, job: Job, envelopes: Sequence[Envelope], now: int) -> bool:
    """As `fit_for`, for a job."""
    return fit_for(tx, job.tenant_id, job.directory_id, envelopes, now)


def fit_for(
    tx: Tx, tenant_id: str, directory_id: str, envelopes: Sequence[Envelope], now: int
) -> bool:
    """Whether these are envelopes of the right size, at most one for each candidate, none for
    anybody else, and at least one for somebody who lives. Agents come and go while a
    password is typed: whoever came since can do without one.
    """
    agents = standby.candidates(tx.agents.of(tenant_id, directory_id))
    known = {agent.id for agent in agents}
    alive = {agent.id for agent in standby.living(agents, now)}
    to = [envelope.agent_id for envelope in envelopes]
    sized = all(len(e.enc) == ENC_SIZE and len(e.ciphertext) == CIPHERTEXT_SIZE for e in envelopes)
    return sized and len(set(to)) == len(to) and known.issuperset(to) and bool(alive & set(to))
