"""A domain to reset passwords in: an agency of two candidates, three controllers, one person.

domain = Domain(house)
view = domain.handed_in()                     a reset, sealed to both agents
domain.permit(domain.dc1, view.id)            leave for the primary
domain.report(domain.dc1, view.id)            done, as it says
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.flows import channel, resets
from keyturn.flows.resets import Choosing, JobView
from keyturn.ports.parts import Parts
from keyturn.rules.accounts import User
from keyturn.rules.callers import Caller
from keyturn.rules.directories import topology
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import Envelope, Job
from keyturn.rules.directories.things import AgentRole, Epoch, LinkedAccount
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.steps.stepup import Signed
from keyturn.wire.messages import (
    AskPermit,
    Denied,
    Fetch,
    Looked,
    Permitted,
    Report,
    Seen,
    Taken,
    Work,
)
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.house import House, run

GUID = "ab" * 16
BEFORE = Stamp(3, "aa" * 16, 1_000, 100)
AFTER = replace(BEFORE, version=4, at=2_000, usn=101)
NEEDS_MS = 10_000


def host(name: str) -> str:
    """Its DNS name."""
    return f"{name}.corp.example.test"


def controller(name: str, site: str = "HQ", *, read_only: bool = False) -> Controller:
    """A controller that is all there."""
    return Controller(
        host=host(name), site=site, invocation="", read_only=read_only, has_settings=True,
        has_computer=True, pdc=name == "dc1",
    )  # fmt: skip


CHART = Topology(
    domain="corp.example.test", netbios="CORP", base="DC=corp,DC=example,DC=test", vendor="",
    policy_hints=False,
    controllers=(controller("dc1"), controller("dc2"), controller("dc3", "Branch", read_only=True)),
    links=(),
)  # fmt: skip


class Domain(Agency):
    """See the module. dc1 is primary, dc2 stands by; Ada has an account and a second step."""

    def __init__(self, house: House, ada: User | None = None) -> None:
        super().__init__(house)
        self.dc1 = self.first("dc1")
        self.dc2 = self.second(self.dc1, "dc2")
        self.chart(CHART)
        self.ada = ada or house.user()
        house.totp(self.ada)
        self.link(GUID)
        self.browser = house.browser()
        self.signed = house.signed(self.browser, self.ada)

    def chart(self, known: Topology | None) -> None:
        """What the primary has charted."""
        text = topology.encode(known) if known else ""
        fresh = replace(self.again(), topology=text, topology_at=self.house.clock.now())
        self.house.write(lambda tx: tx.directories.update(fresh))

    def link(self, guid: str) -> LinkedAccount:
        """Ada's account in the directory."""
        account = LinkedAccount(
            tenant_id=self.tenant.id, directory_id=self.directory.id, user_id=self.ada.id,
            guid=guid, name="ada", upn="ada@corp.example.test", linked_at=self.house.clock.now(),
        )  # fmt: skip
        self.house.write(lambda tx: tx.directories.link(account))
        return account

    def listener(self, name: str = "dc3") -> Machine:
        """An agent that only watches its own controller."""
        return self.second(self.dc1, name, AgentRole.LISTENER)

    # -- Ada

    @property
    def me(self) -> tuple[Parts, Caller, Signed]:
        """What every flow of hers begins with."""
        return (self.parts, self.browser.caller, self.signed)

    def choosing(self) -> Choosing:
        """She has begun a reset."""
        answer = run(resets.start(*self.me, self.directory.id))
        assert isinstance(answer, Choosing)
        return answer

    def sealed(self, *machines: Machine) -> tuple[Envelope, ...]:
        """What her page makes."""
        to = machines or (self.dc1, self.dc2)
        return tuple(Envelope(one.id, bytes(32), one.id.encode().ljust(272)) for one in to)

    def handed_in(self, *machines: Machine) -> JobView:
        """She has chosen a password."""
        return self.submit(self.choosing().job.id, *machines)

    def submit(self, job_id: str, *machines: Machine) -> JobView:
        """Hand it in."""
        answer = run(resets.submit(*self.me, job_id, self.sealed(*machines)))
        assert isinstance(answer, JobView)
        return answer

    def unlocked(self) -> JobView:
        """She has asked to unlock."""
        answer = run(resets.unlock(*self.me, self.directory.id))
        assert isinstance(answer, JobView)
        return answer

    def view(self, job_id: str) -> JobView:
        """What her page shows."""
        answer = run(resets.view(*self.me, job_id))
        assert isinstance(answer, JobView)
        return answer

    def stored(self, machine: Machine | str) -> Any:
        """A machine's agent, or a job by its id."""
        if isinstance(machine, Machine):
            return super().stored(machine)
        found = self.house.write(lambda tx: tx.jobs.get(self.tenant.id, machine))
        assert isinstance(found, Job)
        return found

    # -- agents

    def work(self, machine: Machine) -> Work:
        """What there is for it to do."""
        answer = run(channel.fetch(self.parts, machine.said(), Fetch(machine.run_id)))
        assert isinstance(answer, Work)
        return answer

    @property
    def epoch(self) -> Epoch:
        """The directory's."""
        lease = self.house.write(lambda tx: tx.directories.lease(self.tenant.id, self.directory.id))
        assert lease is not None
        return lease.epoch

    def permit(self, machine: Machine, job_id: str, **fields: Any) -> Permitted:
        """It asks for leave."""
        plain: dict[str, Any] = {
            "job_id": job_id, "run_id": machine.run_id, "epoch": self.epoch, "before": BEFORE,
            "controller": host("dc1"), "needs_ms": NEEDS_MS,
        }  # fmt: skip
        message = AskPermit(**{**plain, **fields})
        answer = run(channel.permit(self.parts, machine.said(), message))
        assert isinstance(answer, Permitted)
        return answer

    def report(self, machine: Machine, job_id: str, outcome: str = "done", **fields: Any) -> None:
        """It says how a job ended."""
        plain: dict[str, Any] = {
            "job_id": job_id, "run_id": machine.run_id, "epoch": self.epoch, "outcome": outcome,
            "reason": "", "data": {}, "diagnostic": "",
            "after": AFTER if outcome == "done" else None, "bound": outcome == "done",
        }  # fmt: skip
        message = Report(**{**plain, **fields})
        assert run(channel.report(self.parts, machine.said(), message)) == Taken()

    def done(self, view: JobView | None = None) -> JobView:
        """A reset that is done on dc1."""
        view = view or self.handed_in()
        assert self.permit(self.dc1, view.id).why == ""
        self.report(self.dc1, view.id)
        return self.view(view.id)

    def sees(
        self, machine: Machine, job_id: str, name: str, state: ProofState, delay: int | None = 900
    ) -> Taken | Denied:
        """It says what a controller shows."""
        message = Seen(job_id, host(name), "HQ", state, delay)
        return run(channel.seen(self.parts, machine.said(), message))

    def answers(self, machine: Machine, look_id: str, view: str, cause: str = "") -> Taken | Denied:
        """It answers a look."""
        return run(channel.looked(self.parts, machine.said(), Looked(look_id, view, cause)))

    def passes(self, ms: int, *beating: Machine) -> None:
        """Time passes, the machines named beat at the end of it, and the sweep comes by."""
        self.house.clock.move(ms)
        for machine in beating:
            self.beat(machine)
        run(channel.sweep(self.parts, 100))
