"""Two hundred resets while agents, workers and the server are killed at random moments.

Whatever was killed, and whenever: every final answer agrees with what the directory itself
remembers, nothing was set twice or after its deadline, and nothing is undecided a minute
after everything is up again.
"""

from __future__ import annotations

import os
import random  # noqa: TID251  which moment it dies at
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.lab.domain import Lab
from keyturn.rules.directories.resets import ACTING, FINAL, Job, JobKind, JobState
from tests.figures import Figure
from tests.lab.domains import domain
from tests.lab.estates import DC, Installed
from tests.lab.holders import Holder, Linked
from tests.lab.installation import empty
from tests.lab.powered import PoweredServer
from tests.lab.strikes import Strikes
from tests.lab.witness import Change, nt_hashes

Says = Callable[[str, object], None]
#: KEYTURN_CRASH_SEED repeats the choices of a run (not the moments of other processes)
SEED = int(os.environ.get("KEYTURN_CRASH_SEED") or random.randrange(1_000_000))
#: resets of each person (the budget is 10 an hour); between two of them, s
EACH, PAUSE_S = 4, (0.3, 6.0)
#: how often the person goes on without waiting; somebody else changes the password in between
HURRIED, MEDDLED = 0.08, 0.07
#: a reset ends within this or is looked at again after everything is up, s
ANSWER_S, RECOVERY_S = 75.0, 60.0
#: the directory notes whole seconds
SECOND_MS = 1_000


@dataclass(slots=True)
class Try:
    """One reset."""

    job_id: str
    password: str


@dataclass
class Life:
    """One person, who resets their password again and again."""

    who: Linked
    holder: Holder
    chance: random.Random
    tries: list[Try] = field(default_factory=list)
    #: passwords by hand, and those of resets of which it is not known that they were handed in
    hands: list[str] = field(default_factory=list)
    #: when somebody else set one, from and to, ms. It may fall into more than one job: an earlier
    #: one can still be unsettled while the one it was meant for has given up at its deadline
    moments: list[tuple[int, int]] = field(default_factory=list)


class Run:
    """Many lives at once, and the strikes among them."""

    def __init__(self, at: Installed, seed: int) -> None:
        self.at = at
        self._under_way: Counter[str] = Counter()
        self.strikes = Strikes(at, random.Random(seed), lambda: bool(+self._under_way))
        self.lives = [
            Life(who, Holder(at.server.origin, who), random.Random(f"{seed}|{number}"))
            for number, who in enumerate(at.holders)
        ]

    def play(self) -> None:
        """All resets, with strikes until the last one is handed in; then everything is up."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda life: life.holder.sign_in(), self.lives))
        self.strikes.start()
        watching = threading.Event()
        with ThreadPoolExecutor(len(self.lives) + 1) as pool:
            witness = pool.submit(self._watch, watching)
            living = [pool.submit(self._live, life) for life in self.lives]
            try:
                for each in living:
                    each.result()
            finally:
                self.strikes.enough.set()
                watching.set()
            witness.result()
        self.strikes.recovered()

    def _watch(self, enough: threading.Event) -> None:
        """The witness looks often enough to miss nothing."""
        while not enough.wait(1.5):
            self.at.witness.look()

    def _live(self, life: Life) -> None:
        pause = threading.Event()
        for number in range(EACH):
            pause.wait(life.chance.uniform(*PAUSE_S))
            if self.strikes.broke is not None:
                raise self.strikes.broke
            self._reset(life, number)

    def _reset(self, life: Life, number: int) -> None:
        name, token = life.who.account.name, f"{life.chance.getrandbits(48):012x}"
        password = f"Otter-{number}-{token}-Q"
        self._under_way[name] += 1
        try:
            handed = life.holder.reset(password)
            done = Try(handed["id"], password)
            life.tries.append(done)
            kind = life.chance.random()
            if kind < MEDDLED:
                self._meddle(life, done)
            elif kind < MEDDLED + HURRIED:
                return
            life.holder.answer(done.job_id, ANSWER_S)
        finally:
            self._under_way[name] -= 1

    def _meddle(self, life: Life, done: Try) -> None:
        """Kill whoever does it while it is being done; then somebody else sets the password."""
        pause = threading.Event()
        while (state := life.holder.job(done.job_id).get("state")) not in {*ACTING, *FINAL}:
            pause.wait(0.02 if state else 0.3)
        self.strikes.primary()
        by_hand, clock = f"By-Hand-{done.password}", SystemClock()
        life.hands.append(by_hand)
        began = clock.now()
        self.at.lab.hand.set_password(DC, life.who.account, by_hand)
        life.moments.append((began, clock.now()))

    # --- afterwards

    def jobs(self, life: Life) -> list[Job]:
        """This person's jobs as the server has them, in the order they were handed in."""
        user = life.who.user
        found: Sequence[Job] = self.at.read(
            lambda tx: tx.jobs.of(user.tenant_id, None, user.id, 1000)
        )
        return sorted(found, key=lambda job: job.id)

    def undecided(self) -> list[Job]:
        """Jobs without a final answer."""
        return [job for life in self.lives for job in self.jobs(life) if job.state not in FINAL]

    def settled(self) -> float:
        """Wait for the last answer, a minute at most; the seconds that took."""
        began, pause = time.monotonic(), threading.Event()
        while self.undecided() and time.monotonic() < began + RECOVERY_S:
            pause.wait(0.5)
        return time.monotonic() - began


# --- what must be so


@dataclass
class Judged:
    """What came of it. wrong: in words; nothing must be."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    #: of answers "changed", how often ours had been set before
    ours_first: int = 0
    #: of those, where whoever could try the password was away for more than a minute
    untried: int = 0
    late_ms: list[int] = field(default_factory=list)


def judge(
    life: Life, jobs: Sequence[Job], seen: Sequence[Change], digests: dict[str, str], found: Judged
) -> None:
    """Compare every answer with what the directory remembers of one account."""
    name, history = life.who.account.name, [change.digest for change in seen]
    by_id = {job.id: job for job in jobs}
    if set(by_id) != {one.job_id for one in life.tries}:
        found.wrong.append(f"{name}: jobs that nobody handed in, or lost ones")
        return
    ordered: list[int] = []
    for one in life.tries:
        job, digest = by_id[one.job_id], digests[one.password]
        where = f"{name} {job.id} {job.state} {job.reason}"
        _compare(job, life.moments, history.count(digest), where, found)
        if digest in history:
            ordered.append(history.index(digest))
            _in_time(job, seen[ordered[-1]], where, found)
    hands = [history.count(digests[each]) for each in life.hands]
    known = [digests[each] for each in (*(one.password for one in life.tries), *life.hands)]
    for so, what in (
        (ordered == sorted(ordered), f"an older one over a newer one: {ordered}"),
        (set(history) <= set(known), "a password that nobody chose"),
        (hands == [1] * len(hands), "by hand, not once"),
    ):
        if not so:
            found.wrong.append(f"{name}: {what}")


def _compare(
    job: Job, moments: Sequence[tuple[int, int]], times: int, where: str, found: Judged
) -> None:
    """An answer, how often that password was set, and when somebody else set another."""
    found.answers[job.state] += 1
    fits = {JobState.DONE: times == 1, JobState.NOT_DONE: times == 0, JobState.CHANGED: times < 2}
    if not fits.get(job.state, False):
        found.wrong.append(f"{where}: set {times} times")
    if job.state is JobState.CHANGED:
        found.ours_first += times
        found.untried += job.reason == "untried"
        over = job.finished_at or 0
        meddled = any(job.created_at <= ended and began <= over for began, ended in moments)
        if not meddled and job.reason != "untried":
            found.wrong.append(f"{where}: nobody else changed it")


def _in_time(job: Job, change: Change, where: str, found: Judged) -> None:
    """A password was set between its handing-in and its deadline."""
    if change.at is None or job.deadline is None:
        return
    found.late_ms.append(change.at - job.deadline)
    if not job.created_at - SECOND_MS <= change.at <= job.deadline:
        found.wrong.append(f"{where}: set at {change.at}, deadline {job.deadline}")


def facts(state: JobState, reason: str = "") -> Job:
    """A job as a server would say it ended, handed in at 1,000 s and good until 1,060 s."""
    return Job(
        id="j", tenant_id="t", directory_id="d", user_id="u", guid="g", kind=JobKind.RESET,
        state=state, started_by=None, must_change=False, unlock=True, created_at=1_000_000,
        expires_at=1_900_000, deadline=1_060_000, envelopes=(), permit=None, reason=reason,
        detail="", after=None, finished_at=1_010_000, everywhere_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "seen", "wrong"),
    [
        (JobState.DONE, ["ours"], ""),
        (JobState.NOT_DONE, [], ""),
        (JobState.DONE, [], "set 0 times"),
        (JobState.DONE, ["ours", "ours"], "set 2 times"),
        (JobState.NOT_DONE, ["ours"], "set 1 times"),
        (JobState.CHANGED, ["ours"], "nobody else changed it"),
        (JobState.UNSETTLED, ["ours"], "set 1 times"),
        (JobState.DONE, ["ours", "somebody's"], "a password that nobody chose"),
    ],
)
def test_a_wrong_answer_would_be_seen(state: JobState, seen: list[str], wrong: str) -> None:
    found = judged(facts(state), [Change(digest, 1_005_000) for digest in seen])
    assert (found.wrong == []) == (wrong == "")
    assert wrong in "".join(found.wrong)


@pytest.mark.parametrize(("at", "late"), [(1_060_000, False), (1_061_000, True), (998_000, True)])
def test_what_was_set_too_late_or_too_early_would_be_seen(at: int, *, late: bool) -> None:
    found = judged(facts(JobState.DONE), [Change("ours", at)])
    assert ("deadline" in "".join(found.wrong)) == late


@pytest.mark.parametrize(
    ("moment", "fits"),
    [
        ((1_004_000, 1_005_000), True),
        ((999_000, 1_000_000), True),
        ((1_010_000, 1_011_000), True),
        ((998_000, 999_999), False),
        ((1_010_001, 1_011_000), False),
    ],
)
def test_a_change_by_hand_explains_only_what_was_open_then(
    moment: tuple[int, int], *, fits: bool
) -> None:
    found = judged(facts(JobState.CHANGED), [Change("ours", 1_005_000)], [moment])
    assert (found.wrong == []) == fits


def judged(job: Job, seen: Sequence[Change], moments: Sequence[tuple[int, int]] = ()) -> Judged:
    """One job of somebody, and what the directory remembers."""
    who: Any = SimpleNamespace(account=SimpleNamespace(name="crash00"))
    life = Life(who, holder=who, chance=random.Random(0), tries=[Try("j", "a password")],
                moments=list(moments))  # fmt: skip
    found = Judged()
    judge(life, [job], seen, {"a password": "ours"}, found)
    return found


@contextmanager
def installed(lab: Lab, folder: Path, url: str, people: int) -> Iterator[Installed]:
    """The installation, on either database."""
    more = {"KEYTURN_STORE__URL": url} if url else {}
    server = PoweredServer(
        folder, KEYTURN_MAIL__PORT="1", KEYTURN_LIMITS__NETWORK_FAILURES="100000", **more
    )
    with Installed(lab, server, people, "pgcrash" if url else "crash") as at:
        yield at


def crash(lab: Lab, folder: Path, url: str, people: int, figure: Figure) -> str:
    """Play and judge; what came of it, in one line."""
    began = time.monotonic()
    with installed(lab, folder, url, people) as at, ExitStack() as around:
        run = Run(at, SEED)
        for life in run.lives:
            around.callback(life.holder.close)
        run.play()
        took = run.settled()
        undecided = [(job.id, job.state) for job in run.undecided()]
        # what was sent late would show by now: no permit outlives its deadline
        at.witness.look()
        passwords = [one.password for life in run.lives for one in life.tries]
        digests = nt_hashes([*passwords, *(p for life in run.lives for p in life.hands)])
        found = Judged()
        for life in run.lives:
            judge(life, run.jobs(life), at.witness.changes(life.who.account), digests, found)
        logs = at.said()
    answers, killed = found.answers, run.strikes.count
    kills = ", ".join(f"{number} {what}s" for what, number in sorted(killed.items()))
    said = (
        f"{len(passwords)} resets, {killed.total()} kills ({kills}), seed {SEED}: "
        f"{answers['done']} done, {answers['not_done']} not done, {answers['changed']} changed "
        f"({found.ours_first} of them after ours was set, {found.untried} untried), "
        f"{len(undecided)} undecided; "
        f"last answer {took:.0f} s after recovery; nearest to a deadline "
        f"{-max(found.late_ms, default=0) / 1000:.0f} s; {time.monotonic() - began:.0f} s"
    )
    figure("resets between kills", len(passwords))
    figure("kills during resets", killed.total())
    figure("answers that the directory contradicts", len(found.wrong))
    figure("resets undecided after recovery", len(undecided))
    assert undecided == [], (said, undecided)
    assert found.wrong == [], (said, found.wrong, logs)
    assert answers["done"] > len(passwords) // 3, said
    assert killed.total() >= people // 4, said
    return said


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One controller for both databases."""
    with domain(1) as running:
        yield running


@pytest.mark.parametrize(("engine", "people"), [("sqlite", 50), ("postgresql", 10)])
def test_every_answer_agrees_with_the_directory(
    lab: Lab, engine: str, people: int, tmp_path: Path, request: pytest.FixtureRequest,
    figure: Figure, record_property: Says,
) -> None:  # fmt: skip
    url = ""
    if engine == "postgresql":
        url = request.getfixturevalue("pg_url")
        empty(url)
    record_property("says", f"{engine}: {crash(lab, tmp_path, url, people, figure)}")
