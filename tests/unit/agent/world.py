"""A directory, a server and two agents, and what must be true of them in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.directories.memory import Fault, MemoryDomain, MemoryDriver
from keyturn.agent.ports import Change
from keyturn.rules.directories.resets import ACTING, ALREADY, FINAL, Job, JobKind, JobState
from tests.unit.agent.machine import TIMEOUT_MS, Machine
from tests.unit.agent.office import Office
from tests.unit.agent.virtual import ticks

EPOCH = 1_700_000_000_000
DC1, DC2, DC3 = (f"dc{n}.corp.example.test" for n in (1, 2, 3))
OLD, NEW, BY_HAND = "Old-password-1", "Fresh-Password-7", "By-Hand-Pass-3"
#: how often the controllers replicate
REPLICATE_MS = 700


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for journals, in memory where the machine has such a place: hundreds of stories
    would wait for a disk else.
    """
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        yield Path(name)


class World:
    """Everything that stands around a job."""

    def __init__(self, folder: Path) -> None:
        self.domain = MemoryDomain(lambda: EPOCH + ticks())
        self.domain.answered = self._answered
        self.guid = self.domain.add("ann", OLD)
        keys = {name: X25519PrivateKey.generate() for name in ("A", "B")}
        self.office = Office(ticks, keys)
        self.a = Machine("A", DC1, self.office, self._driver, folder / "a.sqlite")
        self.b = Machine("B", DC2, self.office, self._driver, folder / "b.sqlite")
        self.applied: list[tuple[str, int, Change]] = []
        self.calls: list[tuple[str, str]] = []
        self.by_hand = 0
        self.replicates = True
        self._background: asyncio.Task[None] | None = None

    def _driver(self) -> MemoryDriver:
        return MemoryDriver(self.domain, TIMEOUT_MS)

    async def _answered(self, host: str, call: str) -> None:
        self.calls.append((host, call))
        changes = self.domain.controllers[host].changes
        if call == "apply" and len(changes) > sum(where == host for where, _, _ in self.applied):
            self.applied.append((host, ticks(), changes[-1][1]))

    async def __aenter__(self) -> Self:
        self._background = asyncio.ensure_future(self._replicate())
        return self

    async def __aexit__(self, *_: object) -> None:
        for machine in (self.a, self.b):
            machine.kill()
            await machine.ended()
        assert self._background
        self._background.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._background

    async def _replicate(self) -> None:
        while True:
            await asyncio.sleep(REPLICATE_MS / 1000)
            if self.replicates:
                self.domain.replicate()

    def somebody_else(self, host: str, password: str = BY_HAND) -> None:
        """An administrator sets the password by hand."""
        self.by_hand += 1
        self.domain.by_hand(host, self.guid, password=password)

    def cut(self, host: str) -> None:
        self.domain.controllers[host].fault = Fault(unreachable="timeout")

    def heal(self) -> None:
        """Everything works again."""
        for controller in self.domain.controllers.values():
            controller.fault = None
        for machine in (self.a, self.b):
            machine.down, machine.answers_lost, machine.late_ms = False, 0, 0
        self.replicates = True

    async def until_final(self, at_most_ms: int = 180_000) -> None:
        """Until every job has its answer; fails if one is undecided by then."""
        end = ticks() + at_most_ms
        while any(self.office.state(job_id) not in FINAL for job_id in self.office.jobs):
            assert ticks() < end, [
                (job.id, self.office.state(job.id)) for job in self.office.jobs.values()
            ]
            await asyncio.sleep(0.1)

    def check(self) -> None:
        """What is promised: applied at most once, never late, and every answer is so."""
        for job in self.office.jobs.values():
            if job.kind is JobKind.RESET:
                self._check_reset(job)
        for kind in (JobKind.UNLOCK, JobKind.REQUIRE_CHANGE):
            self._check_flags(kind)
        if not self.by_hand and len(self.office.jobs) == 1:
            assert not any(each.bad for each in self.domain.controllers.values())

    def _check_reset(self, job: Job) -> None:
        """Each job has a password of its own, which tells whose change it was."""
        password, state = self.password_of(job.id), self.office.state(job.id)
        ours = [moment for _, moment, change in self.applied if change.password == password]
        assert len(ours) <= 1, (job.id, "applied twice")
        assert ours or state is not JobState.DONE, (job.id, "done, and it is not")
        assert not ours or state is not JobState.NOT_DONE, (job.id, "not done, and it is")
        assert self.by_hand or state is not JobState.CHANGED, (job.id, "by nobody else")
        assert all(moment <= (job.deadline or 0) for moment in ours), (job.id, "late")

    def _check_flags(self, kind: JobKind) -> None:
        """Whose unlock it was cannot be seen, so all of a kind are counted together."""
        jobs = [job for job in self.office.jobs.values() if job.kind is kind]
        made = sum(
            change.password is None and change.unlock is (kind is JobKind.UNLOCK)
            for _, _, change in self.applied
        )
        states = [self.office.state(job.id) for job in jobs if ALREADY not in job.detail]
        assert made >= states.count(JobState.DONE), (kind, "done, and it is not")
        assert made <= len(jobs) - states.count(JobState.NOT_DONE), (kind, "not done, and it is")

    def password_of(self, job_id: str) -> str:
        return f"{NEW}-{job_id}"

    def submit(self, kind: JobKind = JobKind.RESET) -> str:
        number = len(self.office.jobs)
        password = self.password_of(f"job-{number}") if kind is JobKind.RESET else None
        return self.office.submit(self.guid, password, kind)

    def busy(self) -> bool:
        return any(self.office.state(j) in ACTING for j in self.office.jobs)


__all__ = ["DC1", "DC2", "DC3", "EPOCH", "NEW", "OLD", "TIMEOUT_MS", "World"]
