"""The numbers of requests, which only ever rise, over all runs and crashes."""

from __future__ import annotations

from keyturn.agent.state import State, StateUnusable
from keyturn.wire.signatures import Lane

FILE = "sequences.json"
COMMAND_FILE = "sequences-command.json"
#: a crash skips at most so many; none is given twice
BLOCK = 1_000


class Numbers:
    """Gives each lane its next number.

    A block is written down as used before its first number is given, so that the disk is asked
    once in a thousand requests and a crash cannot bring a number back.

    Args:
        state: locked by whoever uses this.
        file: commands beside the running agent keep theirs in another.
    """

    def __init__(self, state: State, file: str = FILE, block: int = BLOCK) -> None:
        self._state, self._file, self._block = state, file, block
        self._used = _read(state, file)
        self._next = {lane: number + 1 for lane, number in self._used.items()}

    def next(self, lane: Lane) -> int:
        """A number higher than all before it in this lane, from 1. Raises StateUnusable."""
        number = self._next.get(lane, 1)
        if number > self._used.get(lane, 0):
            used = {**self._used, lane: number + self._block - 1}
            self._state.write_json(self._file, {lane.value: top for lane, top in used.items()})
            self._used = used
        self._next[lane] = number + 1
        return number


def _read(state: State, file: str) -> dict[Lane, int]:
    found = state.read_json(file) or {}
    try:
        used = {Lane(lane): top for lane, top in found.items()}
    except ValueError:
        raise StateUnusable(state.path / file, "damaged") from None
    if not all(type(top) is int and top > 0 for top in used.values()):
        raise StateUnusable(state.path / file, "damaged")
    return used
