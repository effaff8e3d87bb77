"""A reset that is proved, through the whole product, beside a bare modify and bind.

A demo in a process of its own, a real Samba controller, one agent on a machine beside it.  In
turn, on one account: python-ldap sets a password and tries it; then the password is sealed as
the page does it and handed in by the API, and the job is looked at until it is done.

    seen     from handing in to the look that shows "done": looks are LOOK_S apart
    stored   from its beginning to its end as the job's record has them
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from keyturn.bench.figures import median, ms, quantile
from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.demo import company
from keyturn.demo.play.directory.cast import FINAL, Holder, Scenery
from keyturn.demo.play.directory.playing import TROUBLE
from keyturn.lab import people
from keyturn.lab.domain import Unable
from keyturn.rules.budgets import DIRECTORY_JOBS

SAMBA: Final = "samba"
JUDGED: Final = "a proved reset over bare modify and bind, ms"
MOST_MS: Final = 1000
LOOK_S, ANSWER_S = 0.05, 60.0
#: each may have so many jobs in an hour (rules/budgets.py), and no more
ACCOUNTS: Final = (people.ALICE, people.BOB, people.CAROL, people.DAVE, people.JUDY)
_NS: Final = 1_000_000


class NotDone(Exception):
    """A job had another end. Its argument: the job."""


@dataclass(slots=True)
class Times:
    """Nanoseconds of each round."""

    bare: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)


def measure(task: Task, found: Findings) -> None:
    """Measure and judge; a machine on which no controller runs has failed to."""
    try:
        times = _rounds(task)
    except (ImportError, Unable) as reason:
        found.unable(JUDGED, SAMBA, f"≤ {MOST_MS}", str(reason))
        return
    except (NotDone, *TROUBLE) as trouble:
        found.unable(JUDGED, SAMBA, f"≤ {MOST_MS}", f"{type(trouble).__name__}: {trouble}")
        return
    figures = found.figures[SAMBA] = _figures(times)
    found.most(JUDGED, SAMBA, figures["over_bare_ms"], MOST_MS)


def _rounds(task: Task) -> Times:
    from keyturn.bench.bare import Bare  # noqa: PLC0415  python-ldap comes with keyturn[agent]

    times = Times()
    with Scenery(controllers=1) as scene:
        ca = scene.lab.ca_file
        bare = Bare(scene.lab.controller("dc1").ip, ca, people.SERVICE.upn, people.SERVICE.password)
        ben = scene.holder(scene.person(company.BEN.email))
        for account in _turns(scene, task.numbers["resets"]):
            times.bare.append(bare.reset(account.dn, account.upn, _word()))
            _through(ben, times)
        bare.close()
    return times


def _turns(scene: Scenery, count: int) -> Iterator[people.Person]:
    """Whose password is set in each round; Ben is linked to one after the other."""
    for number in range(min(count, len(ACCOUNTS) * DIRECTORY_JOBS.limit)):
        account = ACCOUNTS[number // DIRECTORY_JOBS.limit]
        if number % DIRECTORY_JOBS.limit == 0:
            scene.estate.link(company.BEN.email, account.name)
        yield account


def _through(ben: Holder, times: Times) -> None:
    """The same account, through the whole product."""
    begun, word = ben.begin(), _word()
    began = time.perf_counter_ns()
    job = ben.when(
        ben.reset(word, begun), lambda seen: seen["state"] in FINAL, "an answer", ANSWER_S, LOOK_S
    )
    times.seen.append(time.perf_counter_ns() - began)
    if job["state"] != "done":
        raise NotDone(job)
    times.stored.append((job["finished_at"] - job["created_at"]) * _NS)


def _word() -> str:
    return f"Bench-{secrets.token_hex(12)}-Aa1"


def _figures(times: Times) -> dict[str, Any]:
    return {
        "rounds": len(times.seen),
        "over_bare_ms": round(ms(median(times.seen)) - ms(median(times.bare)), 1),
        "bare": _spread(times.bare),
        "seen": _spread(times.seen),
        "stored": _spread(times.stored),
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {"p50_ms": ms(median(values)), "p95_ms": ms(quantile(values, 0.95))}
