"""Kills an installation's processes at random moments of resets, and lets them come back.

Every strike is `kill -9`: an agent, a worker of the server, or the server with all its
workers.  What is down comes back after a while of its own; whoever is struck meanwhile is
struck while the others are still down.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keyturn.demo.agents import AgentProcess
from keyturn.lab.commands import InVain, until
from tests.lab.estates import UP_S, Installed, phase
from tests.lab.powered import WORKERS

if TYPE_CHECKING:
    from random import Random  # noqa: TID251  which moment it dies at

#: from when somebody leads to the next strike; until the victim comes back, s
PAUSE_S, DOWN_S = (0.3, 6.0), (0.1, 3.0)
#: how often another strike follows at once
AGAIN = 0.2
#: now and then an agent stays away for longer than a lease lasts, so that the other takes over
LONG_S, LONG_EVERY = 50.0, 9
LOOK_S = 0.1


class Strikes(threading.Thread):
    """See the module.

    Args:
        busy: whether a reset is under way; strikes wait for that.

    Attributes:
        count: strikes by what was struck. enough: set it, and no new strike comes.
        broke: what went wrong in here.
    """

    def __init__(self, at: Installed, chance: Random, busy: Callable[[], bool]) -> None:
        super().__init__(name="strikes")
        self.count: Counter[str] = Counter()
        self.enough = threading.Event()
        self.broke: BaseException | None = None
        self._at, self._chance, self._busy = at, chance, busy
        self._back: dict[Any, float] = {}
        self._turn = threading.RLock()

    def run(self) -> None:
        """Strike until it is enough; then bring everything back."""
        try:
            while not self.enough.wait(LOOK_S):
                self._revive()
                if self._busy() and self._at.leads():
                    self.enough.wait(self._chance.uniform(*PAUSE_S))
                    self._strike()
                    while self._chance.random() < AGAIN:
                        self._strike()
            self._back = dict.fromkeys(self._back, 0)
            self._revive()
        except BaseException as error:
            self.broke = error
            raise

    def primary(self) -> None:
        """Strike whoever is primary now, from any thread; it comes back by itself."""
        with self._turn:
            for agent in self._at.agents:
                if phase(agent) == "primary":
                    self._down(agent)

    def _strike(self) -> None:
        what = self._chance.choices(("agent", "worker", "server"), (6, 3, 2))[0]
        with self._turn:
            if what == "agent":
                self._strike_agent()
            elif self._at.server.ended or len(self._at.server.workers) < WORKERS:
                return
            elif what == "worker":
                self._at.server.kill_worker(self._chance.randrange(WORKERS))
                self.count["worker"] += 1
            else:
                self._at.server.cut()
                self._count("server", self._at.server, self._chance.uniform(*DOWN_S))

    def _strike_agent(self) -> None:
        here = [agent for agent in self._at.agents if phase(agent) in {"primary", "standby"}]
        leads = [agent for agent in here if phase(agent) == "primary"]
        chosen = leads if leads and self._chance.random() < 0.75 else here
        if chosen:
            self._down(self._chance.choice(chosen))

    def _down(self, agent: AgentProcess) -> None:
        agent.kill()
        long = self.count["agent"] % LONG_EVERY == LONG_EVERY - 1
        self._count("agent", agent, LONG_S if long else self._chance.uniform(*DOWN_S))

    def _count(self, kind: str, victim: Any, away_s: float) -> None:
        self.count[kind] += 1
        self._back[victim] = time.monotonic() + away_s

    def _revive(self) -> None:
        with self._turn:
            if self._at.server.ended:  # a worker was struck while it started: it gave up
                self._back.setdefault(self._at.server, 0)
            for victim, due in list(self._back.items()):
                if time.monotonic() >= due:
                    victim.start()
                    del self._back[victim]

    def recovered(self) -> None:
        """Wait until everything is up again. Raises AssertionError, and what went wrong here."""
        self.join(LONG_S + UP_S)
        if self.broke is not None:
            raise self.broke
        try:
            until(self._at.up, UP_S, "everything to be up again", LOOK_S)
        except InVain as vain:
            raise AssertionError(self._at.said()) from vain
