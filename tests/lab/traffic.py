"""People who sign in all the time, as through a load balancer, while something is done.

with Traffic([origin], people=6) as traffic:
    …
    traffic.use([other])          as a balancer from which a server is taken first
assert traffic.failures == []
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import httpx

from tests.lab.seed import PASSWORD

PAUSE_S = 0.03
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What one sign-in got. `token`: of the session, "" if there is none."""

    origin: str
    status: int
    token: str
    said: str


def sign_in(client: httpx.Client, origin: str, person: int, password: str = PASSWORD) -> Answer:
    """One sign-in by a browser of its own."""
    given = {"identifier": f"person{person}@people.test", "password": password}
    answer = client.post(f"{origin}/api/v1/signin", json=given)
    signed = answer.json().get("signed_in") or {} if answer.status_code == 200 else {}
    return Answer(origin, answer.status_code, signed.get("session", ""), answer.text[:200])


def alive(origin: str, token: str) -> bool:
    """Whether a session still lives."""
    answer = httpx.get(f"{origin}/api/v1/session", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200


class Traffic:
    """See the module. Attributes: `answers`, all of them; `broken`, connections that failed."""

    def __init__(self, origins: Sequence[str], *, people: int, threads: int = 3) -> None:
        self.answers: list[Answer] = []
        self.broken: list[str] = []
        self._origins = list(origins)
        self._people = people
        self._stop = threading.Event()
        self._busy: Counter[str] = Counter()
        self._guard = threading.Condition()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def use(self, origins: Sequence[str]) -> None:
        """Send new requests only there; returns once nobody waits for another any more."""
        with self._guard:
            self._origins = list(origins)
            gone = set(self._busy) - set(origins)
            idle = self._guard.wait_for(
                lambda: not any(self._busy[name] for name in gone), PATIENCE_S
            )
        assert idle, gone

    def more(self, count: int) -> None:
        """Wait for so many further answers."""
        goal = len(self.answers) + count
        with self._guard:
            reached = self._guard.wait_for(lambda: len(self.answers) >= goal, PATIENCE_S)
        assert reached, (len(self.answers), goal, self.broken[:3])

    @property
    def failures(self) -> list[object]:
        """Whatever was not a sign-in that got in."""
        return [*self.broken, *(a for a in self.answers if not a.token)]

    def _run(self, number: int) -> None:
        with httpx.Client(timeout=PATIENCE_S) as client:
            for turn in itertools.count(number):
                if self._stop.wait(PAUSE_S):
                    return
                self._one(client, turn)

    def _one(self, client: httpx.Client, turn: int) -> None:
        with self._guard:
            origin = self._origins[turn % len(self._origins)]
            self._busy[origin] += 1
        try:
            answer = sign_in(client, origin, turn % self._people)
            self.answers.append(answer)
        except httpx.HTTPError as error:
            self.broken.append(f"{origin}: {error!r}")
        finally:
            with self._guard:
                self._busy[origin] -= 1
                self._guard.notify_all()
