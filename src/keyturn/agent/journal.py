"""What this agent was about to do, kept through any crash of its own.

    asked ──► intended ──► ended ──► reported

*asked*: a permit is wanted; *intended*: from here on something may have been sent; *ended*: how
it went is known here; *reported*: the server knows too.  Each step is on the disk before the
next thing happens, so that whoever reads it after a crash knows: no entry beyond *asked*, and
nothing was ever sent.  That conclusion needs the true journal, not a copy of last week's: an
identity, new at each opening, stands in the file and beside it, and where they differ the
journal is not intact and entries that are merely *asked* are forgotten.

It never holds a password, nor an envelope.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from keyturn.agent.journal_file import Opened, Row, open_file
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.resets import JobKind, Outcome
from keyturn.rules.directories.things import Epoch

T = TypeVar("T")

#: finished entries, and tries of passwords, that are kept
KEEP = 2_000
#: entries in all: one that another agent has settled is never finished here
KEEP_AT_MOST = 10_000


class Step(StrEnum):
    """How far a job has come on this agent."""

    ASKED = "asked"
    INTENDED = "intended"
    ENDED = "ended"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be sent.

    Attributes:
        before: the account's stamp that the permit was asked with.
        controller: DNS name; origin: its invocationId, "" if that is not known.
        until: when the permit ends, ms of CLOCK_BOOTTIME (of that boot: for people to read).
    """

    before: Stamp
    controller: str
    origin: str
    epoch: Epoch
    until: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job went, as wire/messages.Report says it."""

    outcome: Outcome
    reason: str = ""
    data: dict[str, int | str] | None = None
    diagnostic: str = ""
    after: Stamp | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One job.

    Attributes:
        run_id: the run that asked for the permit last.
        intent: from INTENDED on; None in a later step if nothing was ever about to be sent.
        ending: from ENDED on.
    """

    job_id: str
    step: Step
    guid: str
    kind: JobKind
    run_id: str
    intent: Intent | None
    ending: Ending | None


class Runner(Protocol):
    """Runs a function where it may block."""

    def __call__(self, act: Callable[[], T]) -> Awaitable[T]: ...


async def at_once(act: Callable[[], T]) -> T:
    """A Runner that blocks whoever calls: for tests, whose disk is memory."""
    return act()


class _OneThread:
    """A Runner with one thread of its own: the journal has one writer."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, "journal")

    async def __call__(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, act)


class Journal:
    """The agent's own memory of its jobs; one SQLite file, one writer.

    Every method that changes something returns when it is on the disk.

    Args:
        path: of the file; made (0600) if it is not there. Its identity stands beside it.
        runner: None for a thread of its own.

    Attributes:
        intact: it is the very file that was left the last time; True for the first one.

    Raises: Locked, if another process has it.
    """

    def __init__(self, path: Path, runner: Runner | None = None) -> None:
        self._threads = None if runner else _OneThread()
        self._runner: Runner = runner or self._threads or at_once
        opened: Opened = open_file(path)
        self._file, self.intact = opened.file, opened.intact

    def close(self) -> None:
        """Let go of the file; what was written stays."""
        if self._threads:
            self._threads.pool.shutdown()
        self._file.close()

    async def asked(self, job_id: str, guid: str, kind: JobKind, run_id: str) -> None:
        """A permit is about to be asked for. What stands there beyond *asked* stays."""
        row = Row(job_id, Step.ASKED, guid, kind, run_id, "", "")
        await self._runner(lambda: self._file.ask(row))

    async def intended(self, job_id: str, intent: Intent) -> bool:
        """From now on something may be sent; whether this was the first time. A job that was
        intended once is never sent again.
        """
        text = json.dumps(asdict(intent))
        return await self._runner(
            lambda: self._file.advance(job_id, (Step.ASKED,), Step.INTENDED, intent=text)
        )

    async def ended(self, job_id: str, ending: Ending) -> None:
        """How it went is known. A job that never was asked for (it was refused by us) has no
        entry, and gets none: nothing depends on it.
        """
        text, steps = json.dumps(asdict(ending)), (Step.ASKED, Step.INTENDED)
        await self._runner(lambda: self._file.advance(job_id, steps, Step.ENDED, ending=text))

    async def reported(self, job_id: str) -> None:
        """The server has it, or wants to hear no more of it."""

        def act() -> None:
            self._file.advance(job_id, tuple(Step), Step.REPORTED)
            self._file.prune(tuple({Step.REPORTED, Step.ASKED}), KEEP, KEEP_AT_MOST)

        await self._runner(act)

    async def entry(self, job_id: str) -> Entry | None:
        """What is known of one job."""
        row = await self._runner(lambda: self._file.row(job_id))
        return _entry(row) if row else None

    async def unreported(self) -> list[Entry]:
        """Endings that the server may not have heard of."""
        return [_entry(row) for row in await self._runner(lambda: self._file.rows(Step.ENDED))]

    async def trying(self, job_id: str, controller: str) -> bool:
        """A password is about to be tried; False if it was before."""
        return await self._runner(lambda: self._file.try_once(job_id, controller, KEEP_AT_MOST))

    async def tried(self, job_id: str, controller: str, bind: Bind | None) -> None:
        """What the controller said; None: it was not asked after all."""
        await self._runner(lambda: self._file.set_try(job_id, controller, bind))

    async def try_of(self, job_id: str, controller: str) -> Bind | None:
        """What a controller said; None: nothing known."""
        said = await self._runner(lambda: self._file.get_try(job_id, controller))
        return Bind(said) if said else None

    async def keep(self, name: str, text: str) -> None:
        """Remember a note over restarts (the topology)."""
        await self._runner(lambda: self._file.note(name, text))

    async def kept(self, name: str) -> str:
        """A note, "" if there is none."""
        return await self._runner(lambda: self._file.noted(name))


def _entry(row: Row) -> Entry:
    intent = json.loads(row.intent) if row.intent else None
    ending = json.loads(row.ending) if row.ending else None
    if intent:
        intent["before"] = Stamp(**intent["before"])
        intent["epoch"] = Epoch(**intent["epoch"])
    if ending:
        ending["outcome"] = Outcome(ending["outcome"])
        ending["after"] = Stamp(**ending["after"]) if ending["after"] else None
    return Entry(
        row.job_id, Step(row.step), row.guid, JobKind(row.kind), row.run_id,
        Intent(**intent) if intent else None, Ending(**ending) if ending else None,
    )  # fmt: skip
