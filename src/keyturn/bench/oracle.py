"""Whether time or bytes of an answer tell who has an account.

One server process, one keep-alive connection, one try after the other; classes of names
are mixed in an order drawn at random, so that whatever else happens on the machine meets
them alike.  Three groups, and within a group no class may stand out:

    open     a wrong password, every name fresh and tried at most four times
    locked   any password, every name locked by five failures
    forgot   "forgotten password", and the page that follows

Judged by each pair's AUC (the chance that an answer of the one class takes longer than an
answer of the other; 0.5 tells nothing) and by the answers' bytes, headers included, with
only those fields blanked that are declared in `masks.py`.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from keyturn.bench.client import Browser, Reply, browsers, hang_up
from keyturn.bench.figures import auc, ms, quantile
from keyturn.bench.masks import masked
from keyturn.bench.people import WRONG, Town
from keyturn.bench.places import mail_sink, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.rules.accounts import FactorKind, UserState

LOW, HIGH = 0.45, 0.55
LIMIT, OPEN_TRIES, MAILS = 5, 4, 3
#: refusals of one lock that leave a row in the audit trail; all of ours do
LOCKED_TRIES = 20
_CHANCE = secrets.SystemRandom()

Names = Mapping[str, Sequence[str]]
Step = Callable[[Browser, str], Awaitable[dict[str, Reply]]]


@dataclass(slots=True)
class Seen:
    """Answers of one kind, by class.

    Attributes:
        waits: nanoseconds.
        shapes: the different answers, as far as they are not declared random.
    """

    waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    def add(self, kind: str, name: str, reply: Reply) -> None:
        """One answer to `name`, of class `kind`."""
        self.waits[kind].append(reply.ns)
        self.shapes[kind].add(masked(reply.head, reply.body, name))

    def aucs(self) -> dict[str, float]:
        """Of each pair of classes."""
        return {
            f"{a}/{b}": round(auc(self.waits[a], self.waits[b]), 4)
            for a, b in combinations(sorted(self.waits), 2)
        }

    def equal(self) -> bool:
        """Whether all classes were answered with the same bytes."""
        shapes = list(self.shapes.values())
        return all(shape == shapes[0] for shape in shapes)

    def differences(self) -> list[str]:
        """Lines that not all classes were shown, for whoever has to find out why."""
        lines = [set(b"\n".join(shape).splitlines()) for shape in self.shapes.values()]
        odd = set[bytes]().union(*lines) - lines[0].intersection(*lines)
        return sorted(line.decode("utf-8", "replace").strip()[:200] for line in odd)


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("oracle")
    for engine in task.engines:
        found.figures[engine] = {}
        for group, step in GROUPS.items():
            task.reporter.say(f"oracle on {engine}: {group}, {task.numbers['samples']} of each")
            for what, seen in (await _group(task, engine, group, step)).items():
                found.figures[engine][f"{group}.{what}"] = _figures(seen)
                if not task.quick:
                    worst = max(seen.aucs().values(), key=lambda value: abs(value - 0.5))
                    found.within(f"{group}, {what}: worst AUC", engine, worst, LOW, HIGH)
                found.equal(f"{group}, {what}: equal bytes", engine, seen.equal(), True)
    found.notes.append(
        "AUC: the chance that an answer of one class takes longer than one of the other; with "
        "1,000 of each its standard error is 0.013. Blanked before bytes are compared: form "
        "token, cookie values, Date, the name typed, times and what is left until then."
    )
    if task.quick:
        found.notes.append("Few samples: only bytes are judged, not times.")
    return found


def _figures(seen: Seen) -> dict[str, Any]:
    return {
        "samples": {kind: len(waits) for kind, waits in seen.waits.items()},
        "p50_ms": {kind: ms(quantile(waits, 0.5)) for kind, waits in seen.waits.items()},
        "auc": seen.aucs(),
        "equal_bytes": seen.equal(),
        "shapes": max(len(shapes) for shapes in seen.shapes.values()),
        "lines_that_differ": seen.differences()[:10],
    }


async def _group(task: Task, engine: str, group: str, step: Step) -> dict[str, Seen]:
    """A server of its own for each group, so that none meets what another left behind."""
    url = task.databases.fresh(engine)
    town = Town(url)
    try:
        with mail_sink() as smtp, serving("keyturn", url, task.folder, 1, smtp) as server:
            (browser,) = await browsers(server.port, 1)
            await browser.get("/signin")
            each = TRIES[group]
            names = _names(town, -(-task.numbers["samples"] // each), group)
            if group == "locked":
                await _lock(task, browser, names)
            seen = await _mixed(task, browser, names, each, step)
            hang_up([browser])
            return seen
    finally:
        town.close()


def _names(town: Town, count: int, group: str) -> dict[str, list[str]]:
    """Names by class."""
    names = {
        "known": town.settle(count),
        "absent": town.names(count),
        "disabled": town.settle(count, UserState.DISABLED),
        "unverified": town.settle(count, UserState.UNVERIFIED),
    }
    if group == "forgot":
        names["invited"] = town.settle(count, UserState.INVITED)
        names["second step"] = town.settle(count, factors=[FactorKind.TOTP])
    return names


async def _lock(task: Task, browser: Browser, names: Names) -> None:
    everybody = [name for some in names.values() for name in some]
    with task.reporter.progress() as bar:
        for name in bar.track(everybody, description="locking"):
            for _ in range(LIMIT):
                await browser.attempt(name, WRONG)


async def _mixed(
    task: Task, browser: Browser, names: Names, each: int, step: Step
) -> dict[str, Seen]:
    """Every name so often, all mixed."""
    order = [(kind, name) for kind, some in names.items() for name in some] * each
    _CHANCE.shuffle(order)
    seen: dict[str, Seen] = defaultdict(Seen)
    with task.reporter.progress() as bar:
        for kind, name in bar.track(order, description="asking"):
            for what, reply in (await step(browser, name)).items():
                seen[what].add(kind, name, reply)
    return dict(seen)


async def _try(browser: Browser, name: str) -> dict[str, Reply]:
    return {"try": await browser.attempt(name, WRONG)}


async def _forgot(browser: Browser, name: str) -> dict[str, Reply]:
    """A browser nobody has seen asks for a code, and looks at where it is sent."""
    browser.forget()
    await browser.get("/recover")
    asked = await browser.post("/recover", {"identifier": name})
    return {"ask": asked, "page": await browser.get("/recover/code")}


GROUPS: dict[str, Step] = {"open": _try, "locked": _try, "forgot": _forgot}
TRIES = {"open": OPEN_TRIES, "locked": LOCKED_TRIES, "forgot": MAILS}
