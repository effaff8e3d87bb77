"""A directory with agents whose part a test plays, with real keys, certificates and seals.

    corp = Corp(house.write, house.parts, house.tenant)
    corp.link(user, "ada")
    corp.answer(locked_until=0)         every question that is open
    job = corp.take()                   the newest job gets its permit
    corp.done(job); corp.seen(job, "dc2", ProofState.PROVED)
    corp.opened(job)                    the password, as the first agent reads it

What the server does with it is the server's own steps; nothing of it is imitated.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.directories import topology
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import Job, JobKind
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    Epoch,
    Lease,
    LinkedAccount,
    Run,
)
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.steps import guesses, jobs
from keyturn.wire import certificates, seals
from keyturn.wire.certificates import LIFE_MS, Certificate
from keyturn.wire.messages import AskPermit, AskTry, Guessed, Looked, Report, Sealed, Seen

T = TypeVar("T")
DOMAIN = "corp.example.test"
POLICY: dict[str, Any] = {
    "source": "domain", "min_length": 14, "complexity": True, "history": 24,
    "history_on_reset": True, "min_age_ms": DAY, "max_age_ms": 42 * DAY, "lockout_threshold": 5,
    "lockout_ms": 30 * MINUTE, "observation_ms": 30 * MINUTE,
}  # fmt: skip
BEFORE, AFTER = Stamp(3, "aa" * 16, 1, 100), Stamp(4, "aa" * 16, 2, 101)
NEEDS_MS = 8_000


def host(name: str) -> str:
    """DNS name of a controller."""
    return f"{name}.{DOMAIN}"


class Corp:
    """See the module. Attributes: `directory`, `identity`, `agents` (the first is primary)."""

    def __init__(
        self, write: Callable[[Callable[[Tx], Any]], Any], parts: Parts, tenant: Tenant,
        *, agents: Sequence[str] = ("dc1", "dc2"), domain: str = DOMAIN,
        kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY,
    ) -> None:  # fmt: skip
        self._write, self._parts, self._tenant = write, parts, tenant
        self.identity = Ed25519PrivateKey.generate()
        self.keys: dict[str, X25519PrivateKey] = {}
        self.directory = replace(self._directory(domain), kind=kind)
        write(lambda tx: tx.directories.add(self.directory))
        known = self.identity.public_key().public_bytes_raw()
        tenant_id, directory_id = tenant.id, self.directory.id
        write(lambda tx: tx.directories.take_identity(tenant_id, directory_id, known))
        self.agents = [self._agent(name) for name in agents]
        write(self._enrol)
        self.beat()

    def _enrol(self, tx: Tx) -> None:
        for agent in self.agents:
            tx.agents.add(agent)

    @property
    def now(self) -> int:
        """By the server's clock."""
        return self._parts.clock.now()

    def _directory(self, domain: str) -> Directory:
        controllers = [
            Controller(host("dc1"), "Hamburg", "a1" * 16, False, True, True, True),
            Controller(host("dc2"), "Hamburg", "a2" * 16, False, True, True, False),
            Controller(host("dc3"), "Lisbon", "a3" * 16, False, True, True, False),
            Controller(host("dc4"), "Lisbon", "a4" * 16, True, True, True, False),
        ]
        chart = Topology(domain, "CORP", "DC=x", "", policy_hints=False,
                         controllers=tuple(controllers), links=())  # fmt: skip
        return Directory(
            id=self._parts.random.id(self.now), tenant_id=self._tenant.id, name=domain,
            identity=None, topology=topology.encode(chart), topology_at=self.now,
            created_at=self.now,
        )  # fmt: skip

    def _agent(self, name: str) -> Agent:
        agent_id, key = self._parts.random.id(self.now), X25519PrivateKey.generate()
        self.keys[agent_id] = key
        return Agent(
            id=agent_id, tenant_id=self._tenant.id, directory_id=self.directory.id, name=name,
            role=AgentRole.CANDIDATE, state=AgentState.ACTIVE, controller=host(name),
            signing_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw(),
            sealing_key=key.public_key().public_bytes_raw(),
            certificate=self.certificate(agent_id, key), bequest=None,
            run=Run(f"run-{name}", "machine", name, self.now, self.now), sequences={},
            version="test", facts="", enrolled_at=self.now, approved_by=None, revoked_at=None,
            clone_at=None,
        )  # fmt: skip

    def certificate(self, agent_id: str, key: X25519PrivateKey, **changed: Any) -> bytes:
        """The identity's word for a sealing key, or for something else."""
        plain: dict[str, Any] = {
            "directory_id": self.directory.id, "agent_id": agent_id,
            "sealing_key": key.public_key().public_bytes_raw(), "serial": 1,
            "not_after": self.now + LIFE_MS,
        }  # fmt: skip
        return certificates.sign(self.identity, Certificate(**plain | changed))

    def certify(self, number: int, certificate: bytes) -> None:
        """Give an agent another certificate."""
        self.agents[number] = replace(self.agents[number], certificate=certificate)
        self._write(lambda tx: tx.agents.update(self.agents[number]))

    def beat(self) -> None:
        """All agents live, and the first, if there is one, holds the lease."""
        if not self.agents:
            return
        primary, now = self.agents[0], self.now
        assert primary.run is not None
        lease = Lease(self.directory.id, primary.id, primary.run.id, Epoch(1, 1), now + 45_000)

        def step(tx: Tx) -> None:
            tx.agents.heard([agent.id for agent in self.agents], now)
            was = tx.directories.lease(self._tenant.id, self.directory.id)
            tx.directories.take_lease(self._tenant.id, lease, was)

        self._write(step)

    def link(self, user: User, name: str) -> LinkedAccount:
        """A user's account there."""
        account = LinkedAccount(
            tenant_id=user.tenant_id, directory_id=self.directory.id, user_id=user.id,
            guid=user.id.encode().hex()[-32:], name=name, upn=f"{name}@{DOMAIN}",
            linked_at=self.now,
        )  # fmt: skip
        self._write(lambda tx: tx.directories.link(account))
        return account

    # -- an agent's part

    def _by_primary(self, step: Callable[[Tx, Any, Agent], T]) -> T:
        act = jobs.by_agent(self._parts, self._tenant, self.agents[0], "", self.now)
        found: T = self._write(lambda tx: step(tx, act, self.agents[0]))
        return found

    def answer(self, cause: str = "", **changes: Any) -> int:
        """Answer every question that is open; how many there were."""
        plain: dict[str, Any] = {
            "controller": host("dc1"), "guid": "00", "name": "ada", "upn": "", "display": "Ada B.",
            "locked_until": None, "disabled": False, "expired_account": False,
            "must_change": False, "password_expires_at": self.now + 12 * DAY,
            "password_set_at": self.now - 30 * DAY, "bad_count": 0, "bad_at": None,
            "policy": POLICY, "protected": "", "must_change_binds": "",
        }  # fmt: skip
        view = "" if cause else json.dumps(plain | changes)

        def step(tx: Tx, act: Any, agent: Agent) -> int:
            asked = tx.jobs.unanswered(agent.tenant_id, agent.directory_id, act.now)
            for look in asked:
                jobs.looked(tx, act, agent, Looked(look.id, view, cause))
            return len(asked)

        return self._by_primary(step)

    def job(self, job_id: str | None = None) -> Job:
        """A job as stored; the newest if none is named."""

        def step(tx: Tx) -> Job:
            found = tx.jobs.get(self._tenant.id, job_id) if job_id else None
            return found or tx.jobs.of(self._tenant.id, self.directory.id, None, 1)[0]

        stored: Job = self._write(step)
        return stored

    def take(self) -> Job:
        """The newest job gets its permit."""
        self.beat()
        job = self.job()
        asked = AskPermit(job.id, "run-dc1", Epoch(1, 1), BEFORE, host("dc1"), NEEDS_MS)
        answer = self._by_primary(lambda tx, act, agent: jobs.permit(tx, act, agent, asked))
        assert answer.why == "", answer
        return self.job(job.id)

    def done(self, job: Job, *, bound: bool = True) -> str:
        """It is set, and proved on the first controller."""
        return self.report(job, "done", after=AFTER, bound=bound)

    def report(
        self, job: Job, outcome: str, reason: str = "", *, after: Stamp | None = None,
        bound: bool = False, **data: int | str,
    ) -> str:  # fmt: skip
        """How it ended; "" if the server takes it."""
        told = Report(job.id, "run-dc1", Epoch(1, 1), outcome, reason, data, "", after, bound)
        return self._by_primary(lambda tx, act, agent: jobs.report(tx, act, agent, told))

    def seen(self, job: Job, name: str, state: ProofState, delay_ms: int | None = None) -> None:
        """What there is to see of it on a controller."""
        told = Seen(job.id, host(name), "Hamburg", state, delay_ms)
        self._by_primary(lambda tx, act, agent: jobs.seen(tx, act, agent, told))

    def tried(self, bind: str, reason: str = "") -> str:
        """The oldest password to sign in with is tried: it reads like this."""
        self.beat()
        here = (self._tenant.id, self.directory.id)

        def step(tx: Tx, act: Any, agent: Agent) -> str:
            one = tx.signins.queued(*here, act.now, 1)[0]
            asked = AskTry(one.id, "run-dc1", 5, 30 * MINUTE, readable=True, needs_ms=NEEDS_MS)
            guesses.permit(tx, act, agent, asked)
            guesses.guessed(tx, act, agent, Guessed(one.id, "run-dc1", bind, reason))
            sealed = next(e for e in one.envelopes if e.agent_id == agent.id)
            purpose = seals.Purpose(
                one.id, seals.SIGN_IN, one.directory_id, agent.id, one.expires_at
            )
            return seals.unseal(self.keys[agent.id], purpose, Sealed(sealed.enc, sealed.ciphertext))

        return self._by_primary(step)

    def opened(self, job: Job, number: int = 0) -> str:
        """The password, as one of the agents reads it."""
        assert job.kind is JobKind.RESET
        agent = self.agents[number]
        envelope = next(e for e in job.envelopes if e.agent_id == agent.id)
        purpose = seals.Purpose(job.id, job.user_id, job.directory_id, agent.id, job.expires_at)
        return seals.unseal(self.keys[agent.id], purpose, Sealed(envelope.enc, envelope.ciphertext))


def handed_in(asked: dict[str, Any], password: str) -> str:
    """What static/seal.js makes of what the server told it."""

    def bare(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def wrapped(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    found = []
    for to in asked["recipients"]:
        purpose = seals.Purpose(
            asked["job"], asked["user"], asked["directory"], to["agent"], asked["expires_at"]
        )
        sealed = seals.seal(bare(to["key"]), purpose, password)
        found.append(
            {"agent": to["agent"], "enc": wrapped(sealed.enc),
             "ciphertext": wrapped(sealed.ciphertext)}
        )  # fmt: skip
    return json.dumps(found)
