"""Counts that cross processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from keyturn.adapters.argon import Hasher
from keyturn.bench.counters import CountedHasher, Counter, Hashing, read


def test_every_comparison_is_published_before_its_answer(tmp_path: Path) -> None:
    inner = Hasher(time_cost=1, memory_kib=8)
    hasher = CountedHasher(inner, Counter(tmp_path))

    async def live() -> None:
        encoded = await hasher.hash("right")
        assert read(tmp_path).made == 1
        assert await hasher.verify(encoded, "right")
        assert not await hasher.verify(hasher.decoy, "wrong")

    asyncio.run(live())
    inner.close()
    counted = read(tmp_path)
    assert (counted.compared, counted.made, counted.processes) == (2, 1, 1)
    assert counted.cpu_ns == inner.cpu_ns > 0


def test_processes_are_summed(tmp_path: Path) -> None:
    Counter(tmp_path).write(2, 1, 10)
    (tmp_path / "1").write_bytes((tmp_path / next(tmp_path.iterdir()).name).read_bytes())
    assert read(tmp_path) == Hashing(compared=4, made=2, cpu_ns=20, processes=2)
    assert read(tmp_path).since(Hashing(1, 1, 5, 1)) == Hashing(3, 1, 15, 2)


def test_nothing_published_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == Hashing()
