"""Agents to try flows with: real keys, real certificates, the house's store.

agency = Agency(house)
dc1 = agency.first("dc1")           enrolled, has founded the identity, runs, is primary
dc2 = agency.second(dc1, "dc2")     enrolled, approved by the first, runs
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.adapters.agent_keys import RingNotary
from keyturn.adapters.sealing import KeyRing
from keyturn.flows import channel, enrolling
from keyturn.rules.accounts import Tenant
from keyturn.rules.directories.resets import Job, JobKind, JobState
from keyturn.rules.directories.things import Agent, AgentRole, Directory, EnrolmentToken
from keyturn.rules.lockout import DAY
from keyturn.steps import agents
from keyturn.steps.agents import Said
from keyturn.wire import certificates
from keyturn.wire.certificates import LIFE_MS, Certificate
from keyturn.wire.messages import (
    Approve,
    Beat,
    Beaten,
    Begin,
    Begun,
    Denied,
    Enrol,
    Enrolled,
    Found,
    Taken,
)
from tests.unit.flows.house import House, run

IP = "192.0.2.10"


@dataclass(slots=True)
class Machine:
    """An agent's own side. Attributes: `number`: the last one used, by lane."""

    name: str
    key: Ed25519PrivateKey
    sealing_key: bytes
    role: AgentRole = AgentRole.CANDIDATE
    id: str = ""
    run_id: str = ""
    place: str = ""
    machine: str = ""
    identity: Ed25519PrivateKey | None = None
    number: Counter[str] = field(default_factory=Counter)

    @property
    def signing_key(self) -> bytes:
        """Its public half."""
        return public(self.key)

    def said(
        self, lane: str = "work", run_id: str | None = None, number: int | None = None
    ) -> Said:
        """A verified request of this agent, with the next number unless one is given."""
        self.number[lane] += 1
        count = self.number[lane] if number is None else number
        return Said(self.id, self.run_id if run_id is None else run_id, lane, count, IP)


def public(key: Ed25519PrivateKey) -> bytes:
    """32 bytes."""
    return key.public_key().public_bytes_raw()


class Agency:
    """One directory and those who watch it."""

    def __init__(
        self, house: House, name: str = "corp.example.test", tenant: Tenant | None = None
    ) -> None:
        self.house = house
        self.parts = house.parts
        self.tenant = tenant or house.tenant
        self.notary = RingNotary(KeyRing(digest=bytes(32), sealing={"a": bytes(32)}))
        now = house.clock.now()
        self.directory = Directory(
            id=house.random.id(now), tenant_id=self.tenant.id, name=name, identity=None,
            topology="", topology_at=None, created_at=now,
        )  # fmt: skip
        house.write(lambda tx: tx.directories.add(self.directory))

    # -- what is stored

    def stored(self, machine: Machine) -> Agent:
        """The agent's row."""
        found = self.house.write(lambda tx: tx.agents.by_id(machine.id))
        assert found is not None
        return found

    def change(self, machine: Machine, change: Any) -> None:
        """Change the agent's row: `change(agent) -> agent`."""
        self.house.write(lambda tx: tx.agents.update(change(tx.agents.by_id(machine.id))))

    def again(self) -> Directory:
        """The directory's row."""
        found = self.house.write(lambda tx: tx.directories.get(self.tenant.id, self.directory.id))
        assert found is not None
        return found

    def token(self, role: AgentRole = AgentRole.CANDIDATE, life: int = DAY) -> str:
        """An enrolment token."""
        token, now = self.house.random.token(), self.house.clock.now()
        fresh = EnrolmentToken(
            digest=self.house.sealer.digest(agents.TOKEN, token), tenant_id=self.tenant.id,
            directory_id=self.directory.id, role=role, made_by=self.tenant.id,
            expires_at=now + life, used_at=None,
        )  # fmt: skip
        self.house.write(lambda tx: tx.directories.add_token(fresh))
        return token

    def job(self, **fields: Any) -> Job:
        """A queued unlock."""
        now = self.house.clock.now()
        plain: dict[str, Any] = {
            "id": self.house.random.id(now), "tenant_id": self.tenant.id,
            "directory_id": self.directory.id, "user_id": self.house.random.id(now),
            "guid": "ab" * 16, "kind": JobKind.UNLOCK, "state": JobState.QUEUED,
            "started_by": None, "must_change": False, "unlock": True, "created_at": now,
            "expires_at": now + 900_000, "deadline": now + 60_000, "envelopes": (),
            "permit": None, "reason": "", "detail": "", "after": None, "finished_at": None,
            "everywhere_at": None,
        }  # fmt: skip
        made = Job(**{**plain, **fields})
        self.house.write(lambda tx: tx.jobs.add(made))
        return made

    # -- what agents do

    def machine(self, name: str, role: AgentRole = AgentRole.CANDIDATE) -> Machine:
        """An agent that has made its keys."""
        key = Ed25519PrivateKey.generate()
        sealing = public(Ed25519PrivateKey.generate())  # 32 bytes; nothing is sealed here
        place = f"{name} (192.0.2.10)"
        return Machine(name, key, sealing, role, place=place, machine=f"machine-{name}")

    def asks(self, machine: Machine, token: str, /, **fields: Any) -> Enrol:
        """Its first message."""
        plain: dict[str, Any] = {
            "token": token, "name": machine.name, "controller": f"{machine.name}.corp.example.test",
            "signing_key": machine.signing_key, "sealing_key": machine.sealing_key,
            "machine": machine.machine, "place": machine.place, "version": "0.1.0",
            "kind": self.directory.kind,
        }  # fmt: skip
        return Enrol(**{**plain, **fields})

    def enrol(
        self, machine: Machine, token: str | None = None, /, **fields: Any
    ) -> Enrolled | Denied:
        """Say it."""
        asks = self.asks(machine, token or self.token(machine.role), **fields)
        answer = run(enrolling.enrol(self.parts, self.notary, IP, asks))
        if isinstance(answer, Enrolled):
            machine.id = answer.agent_id
        return answer

    def certificate(self, identity: Ed25519PrivateKey, machine: Machine, **fields: Any) -> bytes:
        """The identity's word for a machine."""
        plain: dict[str, Any] = {
            "directory_id": self.directory.id, "agent_id": machine.id,
            "sealing_key": machine.sealing_key, "serial": 1,
            "not_after": self.house.clock.now() + LIFE_MS,
        }  # fmt: skip
        return certificates.sign(identity, Certificate(**{**plain, **fields}))

    def found(self, machine: Machine, identity: Ed25519PrivateKey | None = None) -> Begun | Denied:
        """Offer an identity."""
        machine.identity = identity or machine.identity or Ed25519PrivateKey.generate()
        message = Found(public(machine.identity), self.certificate(machine.identity, machine))
        return run(enrolling.found(self.parts, self.notary, machine.said(run_id="enrol"), message))

    def approve(self, voucher: Machine, machine: Machine, **fields: Any) -> Taken | Denied:
        """One vouches for another."""
        assert voucher.identity is not None
        bequest = b"sealed" if machine.role is AgentRole.CANDIDATE else None
        plain = {
            "agent_id": machine.id, "bequest": bequest,
            "certificate": self.certificate(voucher.identity, machine),
        }  # fmt: skip
        message = Approve(**{**plain, **fields})
        return run(enrolling.approve(self.parts, self.notary, voucher.said(), message))

    def begin(self, machine: Machine, run_id: str = "", /, **fields: Any) -> Begun | Denied:
        """A new run, which is the machine's own if it may begin."""
        run_id = run_id or self.house.random.token(9)
        plain = {
            "run_id": run_id, "replaces": "", "machine": machine.machine, "place": machine.place,
            "controller": f"{machine.name}.corp.example.test", "version": "0.1.0",
        }  # fmt: skip
        message = Begin(**{**plain, **fields})
        answer = run(channel.begin(self.parts, machine.said(run_id=run_id), message))
        if isinstance(answer, Begun):
            machine.run_id = run_id
        return answer

    def beat(self, machine: Machine, *, wants: bool = True, health: str = "") -> Beaten | Denied:
        """One beat."""
        beat = Beat(machine.run_id, wants, health)
        return run(channel.beats(self.parts, [(machine.said("bell"), beat)]))[0]

    def first(self, name: str = "dc1") -> Machine:
        """An agent that has founded the identity, runs and is primary."""
        machine = self.machine(name)
        self.enrol(machine)
        self.found(machine)
        self.begin(machine)
        beaten = self.beat(machine)
        assert isinstance(beaten, Beaten)
        assert beaten.epoch is not None
        return machine

    def second(
        self, voucher: Machine, name: str = "dc2", role: AgentRole = AgentRole.CANDIDATE
    ) -> Machine:
        """Another, approved by the first, that runs and stands by."""
        machine = self.machine(name, role)
        self.enrol(machine)
        assert self.approve(voucher, machine) == Taken()
        machine.identity = voucher.identity
        self.begin(machine)
        return machine
