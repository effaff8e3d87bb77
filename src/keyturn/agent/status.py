"""How the agent stands, in a small file that `keyturn agent status` reads without asking it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keyturn.agent.identity import certificate_end
from keyturn.agent.keeper import Clock, Life, Sight
from keyturn.agent.state import State
from keyturn.agent.who import Who
from keyturn.wire.certificates import fingerprint
from keyturn.wire.messages import Holder
from keyturn.wire.session import Held

FILE = "status.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the running agent sees of itself. ticks, wall: as in keeper.Tools."""

    ticks: Clock
    wall: Clock
    held: Callable[[], Held | None]
    socket: Callable[[], bool]
    busy: Callable[[], int]


class Status:
    """Writes the file."""

    def __init__(self, state: State, life: Life, seen: Seen) -> None:
        self._state, self._life, self._seen = state, life, seen
        self._since, self._phase = seen.wall.now(), ""

    def tell(self, sight: Sight, stopped: str = "") -> None:
        """Put down how things stand now. stopped: why this run is over."""
        seen, now = self._seen, self._seen.wall.now()
        if sight.phase != self._phase:
            self._phase, self._since = sight.phase, now
        held = seen.held()
        lease = held and {
            "generation": held.epoch.generation,
            "number": held.epoch.number,
            "ends_at": now + held.until - seen.ticks.now(),
        }
        self._state.write_json(
            FILE,
            {
                "at": now, "pid": os.getpid(), "run_id": self._life.run_id,
                "version": self._life.version, "place": self._life.place,
                "controller": self._life.controller, "phase": sight.phase, "since": self._since,
                "link": sight.link, "detail": sight.detail, "socket": seen.socket(),
                "lease": lease, "holder": _holder(sight.holder), "busy": seen.busy(),
                "stopped": stopped,
            },
        )  # fmt: skip


def _holder(holder: Holder | None) -> Mapping[str, object] | None:
    if holder is None:
        return None
    return {
        "name": holder.name, "place": holder.place, "for_ms": holder.for_ms,
        "ends_in_ms": holder.ends_in_ms,
    }  # fmt: skip


def document(state: State, who: Who | None, own_fingerprint: str) -> dict[str, Any]:
    """Everything that can be said of an agent from its folder; nothing secret. For `--json`.

    "last" is what the run has said of itself that goes on, or else the last one; None where a run
    has only begun: what the one before it said is not true any more.

    Raises StateUnusable.
    """
    pid = state.holder()
    last = state.read_json(FILE)
    if last is not None and pid not in (None, last.get("pid")):
        last = None
    identity = who.identity if who else None
    return {
        "enrolled": who is not None,
        "agent_id": who.agent_id if who else None,
        "name": who.name if who else None,
        "directory": who.directory if who else None,
        "role": who.role.value if who else None,
        "server": who.server if who else None,
        "fingerprint": own_fingerprint,
        "identity_fingerprint": fingerprint(identity) if identity else None,
        "certificate_ends_at": certificate_end(state),
        "running": pid is not None,
        "pid": pid,
        "last": last,
    }
