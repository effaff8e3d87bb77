"""The demo's clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.demo.clock import FURTHEST_MS, DemoClock


def test_it_goes_as_the_host_does_until_it_is_moved(tmp_path: Path) -> None:
    real = MemoryClock()
    clock = DemoClock(tmp_path / "clock", real)
    assert clock.now() == real.now()
    real.move(5)
    assert clock.now() == real.now()
    assert clock.advance(600_000) == 600_000
    assert clock.now() == real.now() + 600_000


def test_whoever_opens_the_same_file_has_the_same_time(tmp_path: Path) -> None:
    real = MemoryClock()
    one, other = (DemoClock(tmp_path / "clock", real) for _ in range(2))
    one.advance(7)
    assert other.now() == one.now()
    other.advance(3)
    assert one.offset == 10
    assert DemoClock(tmp_path / "clock", real).offset == 10


@pytest.mark.parametrize("by", [-1, -(2**62), FURTHEST_MS + 1, 2**62])
def test_it_moves_neither_back_nor_to_the_end_of_time(tmp_path: Path, by: int) -> None:
    clock = DemoClock(tmp_path / "clock", MemoryClock())
    with pytest.raises(ValueError, match=str(by)):
        clock.advance(by)
    assert clock.offset == 0


def test_it_moves_to_the_furthest_and_not_beyond(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "clock", MemoryClock())
    assert clock.advance(FURTHEST_MS - 1) == FURTHEST_MS - 1
    assert clock.advance(1) == FURTHEST_MS
    with pytest.raises(ValueError, match="1"):
        clock.advance(1)
