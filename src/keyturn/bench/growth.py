"""Whether a million accounts and ten million rows make anybody wait.

A big and a small database of the same engine, a server on each, side by side on this
machine.  Sign-ins, right and wrong ones, are sent to one and the other in turn, in an order
drawn at random, so that whatever else the machine does meets both alike: judged is the
ratio of the two p99, not the times.  Then the console of the big one, over HTTP as staff.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from keyturn.bench import console
from keyturn.bench.client import browsers, hang_up
from keyturn.bench.figures import ms, quantile
from keyturn.bench.grown import GIB, Place, filled, room_for
from keyturn.bench.people import RIGHT, WRONG
from keyturn.bench.places import Server, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task

MOST_LOAD_S, MOST_RATIO = 600, 1.5
SMALL = 5_000
#: sign-ins on each that are not counted
WARM = 10
SEE_OTHER, UNAUTHORISED = 303, 401
_CHANCE = secrets.SystemRandom()
#: a browser that keeps its own id only stays an unknown client
OWN_ID = b"kt-browser"
SIZES = ("big", "small")


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("growth")
    accounts, rows = task.numbers["accounts"], task.numbers["rows"]
    for engine in task.engines:
        room_for(task, accounts + rows)
        big = filled(task, engine, accounts, rows)
        few = min(SMALL, accounts // 2)
        small = filled(task, engine, few, 2 * few)
        with _both(task, big, small) as servers:
            signins = await _sign_ins(task, engine, big, small, servers)
            pages = await console.look(task, engine, big, servers["big"])
        found.figures[engine] = {
            "accounts": accounts, "lanes": rows, "audit": rows, "load_s": big.load_s,
            "bytes_gib": round(big.size / GIB, 2), "signin": signins, "console": pages,
        }  # fmt: skip
        _judge(found, engine, task.quick)
        big.remove()
    found.notes.append(
        "Sign-ins of both databases are interleaved: compare them with each other, not with "
        "another run. lanes and audit rows are as many each; accounts share one hash."
    )
    if task.quick:
        found.notes.append("Few rows and few samples: times are printed and not judged.")
    return found


def _judge(found: Findings, engine: str, quick: bool) -> None:
    figures = found.figures[engine]
    for kind, figure in figures["signin"].items():
        found.equal(f"{kind} sign-ins: unexpected answers", engine, figure["unexpected"], 0)
        if not quick:
            found.most(f"{kind} sign-ins: p99 big / small", engine, figure["ratio"], MOST_RATIO)
    found.most("load_s", engine, figures["load_s"], MOST_LOAD_S, "s")
    console.judge(found, engine, figures["console"], quick=quick)


@contextmanager
def _both(task: Task, big: Place, small: Place) -> Iterator[dict[str, Server]]:
    with (
        serving("keyturn", big.url, task.folder, 1) as one,
        serving("keyturn", small.url, task.folder, 1) as other,
    ):
        yield {"big": one, "small": other}


# -- sign-ins


async def _sign_ins(
    task: Task, engine: str, big: Place, small: Place, servers: Mapping[str, Server]
) -> dict[str, Any]:
    """Right and wrong ones, on both databases in turn."""
    task.reporter.say(f"growth on {engine}: sign-ins on both in turn")
    people = {"big": big.people(), "small": small.people()}
    crews = {size: (await browsers(servers[size].port, 1, OWN_ID))[0] for size in SIZES}
    waits: dict[tuple[str, str], list[int]] = defaultdict(list)
    unexpected = dict.fromkeys(("right", "wrong"), 0)
    order = [(size, kind) for size in SIZES for kind in unexpected]
    warm = min(WARM, task.numbers["samples"])
    with task.reporter.progress() as bar:
        for turn in bar.track(range(task.numbers["samples"] + warm), description="sign-ins"):
            _CHANCE.shuffle(order)
            for size, kind in order:
                reply = await crews[size].sign_in(
                    next(people[size]).username, RIGHT if kind == "right" else WRONG
                )
                wanted = SEE_OTHER if kind == "right" else UNAUTHORISED
                unexpected[kind] += reply.status != wanted
                if turn >= warm:
                    waits[size, kind].append(reply.ns)
    hang_up(list(crews.values()))
    return {kind: {**_compared(waits, kind), "unexpected": n} for kind, n in unexpected.items()}


def _compared(waits: Mapping[tuple[str, str], list[int]], kind: str) -> dict[str, Any]:
    big, small = waits["big", kind], waits["small", kind]
    return {
        "samples": len(big),
        "big_ms": {"p50": ms(quantile(big, 0.5)), "p99": ms(quantile(big, 0.99))},
        "small_ms": {"p50": ms(quantile(small, 0.5)), "p99": ms(quantile(small, 0.99))},
        "ratio": round(quantile(big, 0.99) / quantile(small, 0.99), 3),
    }
