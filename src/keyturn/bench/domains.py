"""Directories for a measurement, each with its agent, put into the store directly."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.bench.agents import Card
from keyturn.bench.people import Town
from keyturn.ports.store import Tx
from keyturn.rules.directories.resets import DEADLINE_MS, Job, JobKind, JobState
from keyturn.rules.directories.things import Agent, AgentRole, AgentState, Directory, Run
from keyturn.wire import certificates
from keyturn.wire.certificates import LIFE_MS, Certificate

_BATCH = 250


@dataclass(frozen=True, slots=True)
class Domain:
    """A directory with one agent, which becomes its primary: the dearest kind, because each
    beat renews a lease.
    """

    directory: Directory
    agent: Agent
    card: Card


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that was committed. at_ns: just before that (CLOCK_MONOTONIC)."""

    job_id: str
    at_ns: int


class Domains:
    """The directories of a town."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._clock, self._random = SystemClock(), SystemRandom()
        (name,) = town.settle(1)
        tenant = town.tenant.id
        user = town.store.submit_read(lambda tx: tx.users.named(tenant, name)).result()
        self._user = user.id if user else ""

    def settle(self, count: int) -> list[Domain]:
        """So many directories, each with its approved agent."""
        domains = [self._domain(n) for n in range(count)]
        for at in range(0, count, _BATCH):
            self._town.store.submit_write(partial(_add, domains[at : at + _BATCH])).result()
        return domains

    def _domain(self, number: int) -> Domain:
        now, tenant = self._clock.now(), self._town.tenant.id
        identity, signing = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        sealing = X25519PrivateKey.generate().public_key().public_bytes_raw()
        directory = Directory(
            id=self._random.id(now), tenant_id=tenant, name=f"corp{number}.example.test",
            identity=identity.public_key().public_bytes_raw(), topology="", topology_at=None,
            created_at=now,
        )  # fmt: skip
        agent_id, host = self._random.id(now), f"dc1.{directory.name}"
        vouched = Certificate(directory.id, agent_id, sealing, 1, now + LIFE_MS)
        agent = Agent(
            id=agent_id, tenant_id=tenant, directory_id=directory.id, name="agent-dc1",
            role=AgentRole.CANDIDATE, state=AgentState.ACTIVE, controller=host,
            signing_key=signing.public_key().public_bytes_raw(), sealing_key=sealing,
            certificate=certificates.sign(identity, vouched), bequest=None,
            run=Run(secrets.token_hex(16), "bench", "bench (127.0.0.1)", now, now),
            sequences={}, version="0", facts="", enrolled_at=now, approved_by=None,
            revoked_at=None, clone_at=None,
        )  # fmt: skip
        seed = signing.private_bytes_raw().hex()
        return Domain(directory, agent, Card(agent_id, agent.run.id if agent.run else "", seed))

    async def ask(self, domain: Domain) -> Asked:
        """Commit an unlock as another host of the installation does: no process of the server
        under test is told of it.
        """
        job = self._job(domain)

        def step(tx: Tx) -> Asked:
            tx.jobs.add(job)
            return Asked(job.id, time.monotonic_ns())

        return await self._town.store.write(step)

    def _job(self, domain: Domain) -> Job:
        now = self._clock.now()
        return Job(
            id=self._random.id(now), tenant_id=self._town.tenant.id,
            directory_id=domain.directory.id, user_id=self._user, guid=secrets.token_hex(16),
            kind=JobKind.UNLOCK, state=JobState.QUEUED, started_by=None, must_change=False,
            unlock=True, created_at=now, expires_at=now + DEADLINE_MS,
            deadline=now + DEADLINE_MS, envelopes=(), permit=None, reason="", detail="",
            after=None, finished_at=None, everywhere_at=None,
        )  # fmt: skip


def _add(domains: Sequence[Domain], tx: Tx) -> None:
    for domain in domains:
        tx.directories.add(domain.directory)
        tx.agents.add(domain.agent)
