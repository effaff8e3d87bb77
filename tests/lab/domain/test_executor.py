"""The executor on a real Samba controller: thirty resets, and its process dies again and again."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  which moment it dies at
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.lab import people
from keyturn.lab.domain import Lab
from keyturn.lab.people import SERVICE, Person
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.resets import FINAL, JobState
from tests.lab.domains import domain
from tests.unit.agent.machine import Machine
from tests.unit.agent.office import Office
from tests.unit.agent.virtual import ticks

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
TIMEOUT_MS = 4_000
ROUNDS = 3
#: some of them disabled, expired, bound by a policy of their own, or without an hour to log on
TEN = (
    people.ALICE, people.BOB, people.CAROL, people.DAVE, people.ERIN, people.FRANK, people.IVAN,
    people.JUDY, people.LEO, people.MIA,
)  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with domain(1) as running:
        yield running


class Trial:
    """Rounds of resets on real accounts, and what the directory says of each afterwards."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._settings = Settings(
            SERVICE.upn, SERVICE.password, lab.ca_file, addresses=lab.hosts, timeout_ms=TIMEOUT_MS
        )
        self._reader = self._driver()
        self._random = random.Random(20)
        self.office = Office(ticks, {"A": X25519PrivateKey.generate()})
        self.machine = Machine("A", HOST, self.office, self._driver, folder / "journal.sqlite")
        self.kills = 0

    def _driver(self) -> ActiveDirectory:
        return ActiveDirectory(self._settings, SystemClock().now)

    def close(self) -> None:
        self._reader.close()

    async def guids(self) -> dict[Person, str]:
        return {one: (await self._reader.find(HOST, one.name)).guid for one in TEN}

    async def stamp(self, guid: str) -> Stamp:
        return await self._reader.stamp(HOST, guid, "unicodePwd")

    async def right(self, guid: str, password: str) -> bool:
        return await self._reader.try_password(HOST, guid, password) is Bind.RIGHT

    async def alive(self) -> None:
        if not self.machine.alive:
            await self.machine.ended()
            self.machine.start()

    async def dies_now_and_then(self, until: asyncio.Event) -> None:
        """It is killed within a moment, and started again a moment later."""
        while not until.is_set():
            await self.alive()
            await asyncio.sleep(self._random.uniform(0.05, 1.5))
            self.machine.kill()
            self.kills += 1
            await asyncio.sleep(self._random.uniform(0, 0.5))
        await self.alive()

    async def settled(self, seconds: float) -> float:
        """Until all have an answer; how long that took."""
        begun = time.monotonic()
        while any(self.office.state(job) not in FINAL for job in self.office.jobs):
            assert time.monotonic() < begun + seconds, "undecided"
            await asyncio.sleep(0.1)
        return time.monotonic() - begun


async def _round(trial: Trial, number: int, guids: dict[Person, str]) -> dict[JobState, int]:
    before = {who: await trial.stamp(guid) for who, guid in guids.items()}
    words = dict.fromkeys(guids, f"Quite-Long-And-Fresh-{number}-Zephyr")
    enough = asyncio.Event()
    dying = asyncio.ensure_future(trial.dies_now_and_then(enough))
    jobs = {}
    for who, guid in guids.items():
        jobs[who] = trial.office.submit(guid, words[who])
        await asyncio.sleep(0.3)
    await asyncio.sleep(3)
    enough.set()
    await dying
    assert await trial.settled(60) < 60
    counts: dict[JobState, int] = {}
    for who, job in jobs.items():
        state = trial.office.state(job)
        counts[state] = counts.get(state, 0) + 1
        raised = (await trial.stamp(guids[who])).version - before[who].version
        assert raised == (1 if state is JobState.DONE else 0), (who.name, state, raised)
        if state is JobState.DONE:
            assert await trial.right(guids[who], words[who]), who.name
    return counts


# a process that is killed closes nothing, and here its sockets are this process's
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_thirty_resets_with_a_process_that_dies_end_as_the_directory_says(
    lab: Lab, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:

    async def whole() -> dict[JobState, int]:
        trial = Trial(lab, tmp_path)
        guids = await trial.guids()
        counts: dict[JobState, int] = {}
        for number in range(ROUNDS):
            for state, many in (await _round(trial, number, guids)).items():
                counts[state] = counts.get(state, 0) + many
        trial.machine.kill()
        await trial.machine.ended()
        trial.close()
        record_property("kills", trial.kills)
        record_property("answers", str(counts))
        for one in guids:  # a proof costs nobody a try
            assert lab.hand.bad_count("dc1", one) == 0, one.name
        return counts

    counts = asyncio.run(whole())
    assert sum(counts.values()) == ROUNDS * len(TEN)
    assert counts[JobState.DONE] > 0
    assert set(counts) <= {JobState.DONE, JobState.NOT_DONE}
