"""The journal: durable steps, one writer, and whether it is the true one."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from keyturn.agent import journal as journals
from keyturn.agent.journal import Ending, Intent, Journal, Step, at_once
from keyturn.agent.journal_file import Locked
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.resets import JobKind, Outcome
from keyturn.rules.directories.things import Epoch

T = TypeVar("T")
INTENT = Intent(Stamp(3, "aa", 17, 90), "dc1", "bb", Epoch(1, 2), 12_345)
DONE = Ending(Outcome.DONE, "", {"minimum": 9, "why": "x"}, "0000052D", Stamp(4, "bb", 18, 7), True)


def run(act: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(act)


def opened(path: Path) -> Journal:
    return Journal(path, at_once)


async def _asked(book: Journal, job_id: str = "j1", run_id: str = "r1") -> None:
    await book.asked(job_id, "guid", JobKind.RESET, run_id)


def test_a_job_goes_on_step_by_step_and_is_there_after_a_restart(tmp_path: Path) -> None:
    async def first(book: Journal) -> None:
        await _asked(book)
        assert await book.intended("j1", INTENT)
        await book.ended("j1", DONE)

    book = Journal(tmp_path / "j.sqlite")  # with its own thread, as an agent has it
    run(first(book))
    book.close()
    book = opened(tmp_path / "j.sqlite")
    entry = run(book.entry("j1"))
    assert entry == journals.Entry("j1", Step.ENDED, "guid", JobKind.RESET, "r1", INTENT, DONE)
    assert run(book.unreported()) == [entry]
    run(book.reported("j1"))
    assert run(book.unreported()) == []
    assert book.intact


def test_what_was_intended_once_is_never_intended_again(tmp_path: Path) -> None:
    async def act(book: Journal) -> None:
        assert not await book.intended("j1", INTENT)  # nobody asked
        await _asked(book)
        await _asked(book, run_id="r2")
        assert await book.intended("j1", INTENT)
        await _asked(book, run_id="r3")
        assert not await book.intended("j1", INTENT)
        entry = await book.entry("j1")
        assert entry is not None
        assert (entry.run_id, entry.step) == ("r2", Step.INTENDED)

    run(act(opened(tmp_path / "j.sqlite")))


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    first = opened(tmp_path / "j.sqlite")
    with pytest.raises(Locked):
        opened(tmp_path / "j.sqlite")
    first.close()
    opened(tmp_path / "j.sqlite").close()


def test_an_entry_in_a_journal_that_was_put_back_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    book = opened(path)
    run(_asked(book))
    run(_asked(book, "j2"))
    run(book.intended("j2", INTENT))
    book.close()
    shutil.copy(path, tmp_path / "copy")
    opened(path).close()
    shutil.copy(tmp_path / "copy", path)
    book = opened(path)
    assert not book.intact
    assert run(book.entry("j1")) is None
    assert run(book.entry("j2")) is not None  # that something may have been sent stays true
    book.close()
    assert opened(path).intact


@pytest.mark.parametrize("lost", ["j.sqlite", "j.sqlite.id"])
def test_a_journal_without_its_other_half_is_not_intact(tmp_path: Path, lost: str) -> None:
    book = opened(tmp_path / "j.sqlite")
    run(_asked(book))
    book.close()
    (tmp_path / lost).unlink()
    book = opened(tmp_path / "j.sqlite")
    assert not book.intact
    assert run(book.entry("j1")) is None


def test_a_crash_while_the_identity_is_renewed_looks_like_no_other_file(tmp_path: Path) -> None:
    path, beside = tmp_path / "j.sqlite", tmp_path / "j.sqlite.id"
    opened(path).close()
    before = beside.read_text()
    opened(path).close()
    after = beside.read_text().strip()
    beside.write_text(f"{before.strip()} {after}\n")  # as it stands between the two writes
    assert opened(path).intact


def test_what_is_no_database_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    opened(path).close()
    path.write_bytes(b"no database at all" * 99)
    book = opened(path)
    assert not book.intact
    assert (tmp_path / "j.sqlite.bad").exists()
    run(_asked(book))


def test_a_commit_waits_for_the_disk_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    book = opened(path)
    assert book._file._db.execute("pragma synchronous").fetchone() == (2,)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "j.sqlite.id").stat().st_mode & 0o777 == 0o600


def test_old_finished_entries_go_and_open_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "KEEP", 5)
    monkeypatch.setattr(journals, "KEEP_AT_MOST", 20)

    async def act(book: Journal) -> list[str]:
        await _asked(book, "open")
        await book.intended("open", INTENT)
        for n in range(12):
            await _asked(book, f"j{n}")
            await book.ended(f"j{n}", DONE)
            await book.reported(f"j{n}")
            await book.trying(f"j{n}", "dc1")
        left = [n for n in ("open", *(f"j{i}" for i in range(12))) if await book.entry(n)]
        for n in range(20, 40):
            await _asked(book, f"j{n}")
            await book.reported(f"j{n}")
            await book.trying(f"j{n}", "dc1")
        assert await book.entry("open") is None  # bounded, whatever happens
        return left

    book = opened(tmp_path / "j.sqlite")
    assert run(act(book)) == ["open", "j7", "j8", "j9", "j10", "j11"]
    (tries,) = book._file._db.execute("select count(*) from tries").fetchone()
    assert tries == 20


def test_a_try_is_remembered_with_what_was_said(tmp_path: Path) -> None:
    async def act(book: Journal) -> None:
        assert await book.trying("j1", "dc1")
        assert await book.try_of("j1", "dc1") is None
        assert not await book.trying("j1", "dc1")
        await book.tried("j1", "dc1", Bind.RIGHT)
        assert await book.try_of("j1", "dc1") is Bind.RIGHT
        await book.tried("j1", "dc1", None)
        assert await book.trying("j1", "dc1")

    run(act(opened(tmp_path / "j.sqlite")))


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    book = opened(tmp_path / "j.sqlite")
    run(_asked(book))
    book._file._db.execute("drop table tries")
    with pytest.raises(sqlite3.OperationalError):
        run(book.trying("j1", "dc1"))
    run(book.keep("note", "still writes"))
    assert run(book.kept("note")) == "still writes"
    assert run(book.kept("nothing")) == ""
