"""Exactly five guesses are compared, whatever comes at once, over any number of processes.

Guesses are counted inside the server, where a password is really hashed: an answer can
say anything.  Every round has an account of its own and unknown clients only; meanwhile
somebody else signs in to another account.

    bursts   all wrong, all at once: five compared, one lock, one notice
    hidden   one right among the wrong ones: in the first rounds at a known place (so many
             wrong ones were answered before it), then anywhere in the burst
    right    all right, all at once: all get in
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keyturn.bench.client import Browser, Reply, browsers, hang_up
from keyturn.bench.figures import binomial_most, ms, quantile
from keyturn.bench.people import RIGHT, WRONG, Town
from keyturn.bench.places import Server, mail_sink, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.ports.store import Tx

LIMIT = 5
#: known places of the right password: before, at and after the fifth
PLACES = 10
RIGHT_ROUNDS = 3
SEE_OTHER, FAULT, UNAVAILABLE = 303, 500, 503
#: a browser that keeps its own id and nothing else is an unknown client for ever
OWN_ID = b"kt-browser"
_CHANCE = secrets.SystemRandom()


@dataclass(slots=True)
class Scene:
    """A server, its town, the crowd at its door, and somebody who has nothing to do with it.

    Attributes:
        waits: nanoseconds of the other one's sign-ins, form and try, during bursts.
        statuses: how often each was answered to the crowd.
    """

    task: Task
    server: Server
    town: Town
    crowd: list[Browser]
    other: Browser
    other_name: str
    waits: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def mixed(self, count: int) -> list[Browser]:
        """Some of the crowd in any order."""
        return _CHANCE.sample(self.crowd, count)

    async def all(self, name: str, words: Sequence[str]) -> list[Reply]:
        """Try all these passwords at once; the answers in the same order."""
        crowd = self.mixed(len(words))
        tries = (b.attempt(name, word) for b, word in zip(crowd, words, strict=True))
        replies = await asyncio.gather(*tries)
        for reply in replies:
            self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
        return replies

    async def visit(self) -> int:
        """The other one signs in; nanoseconds."""
        form = await self.other.get("/signin")
        reply = await self.other.attempt(self.other_name, RIGHT)
        assert reply.status == SEE_OTHER, reply.head  # noqa: S101  nothing stands in the way
        return form.ns + reply.ns

    async def burst(self, name: str, words: Sequence[str]) -> tuple[list[Reply], int]:
        """All at once, the other one beside; answers and guesses compared of the crowd."""
        before, over = self.server.hashing().compared, asyncio.Event()
        beside = asyncio.create_task(self._beside(over))
        replies = await self.all(name, words)
        over.set()
        visits = await beside
        return replies, self.server.hashing().compared - before - visits

    async def _beside(self, over: asyncio.Event) -> int:
        """Sign-ins of the other one until the burst is over, one hash each; how many."""
        visits = 0
        while not over.is_set():
            self.waits.append(await self.visit())
            visits += 1
        return visits


def is_in(reply: Reply) -> bool:
    """Whether the answer is a session."""
    return reply.status == SEE_OTHER and b"kt-session" in reply.head


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("lockout")
    for engine in task.engines:
        task.reporter.say(f"lockout on {engine}, {task.numbers['processes']} processes")
        figures = found.figures[engine] = await _engine(task, engine)
        _judge(found, engine, figures)
    found.notes.append(
        "compared: guesses hashed inside the server per burst. Measured on such a machine "
        "elsewhere: django-axes 18–66, privacyIDEA 51–60, Canaille 39."
    )
    return found


async def _engine(task: Task, engine: str) -> dict[str, Any]:
    url, numbers = task.databases.fresh(engine), task.numbers
    town = Town(url)
    try:
        with (
            mail_sink() as smtp,
            serving("keyturn", url, task.folder, numbers["processes"], smtp) as server,
        ):
            count = max(numbers["parallel"], numbers["right"])
            crowd = await browsers(server.port, count, OWN_ID)
            (other,) = await browsers(server.port, 1)
            for browser in crowd:
                await browser.get("/signin")
            figures = await _scenes(Scene(task, server, town, crowd, other, town.settle(1)[0]))
            hang_up([*crowd, other])
            return figures
    finally:
        town.close()


async def _scenes(scene: Scene) -> dict[str, Any]:
    alone = [await scene.visit() for _ in range(4 if scene.task.quick else 40)]
    bursts = await _bursts(scene)
    hidden = await _hidden(scene)
    right = await _right(scene)
    return {
        **bursts,
        "http_500": scene.statuses.get(FAULT, 0),
        "http_503": scene.statuses.get(UNAVAILABLE, 0),
        "processes_that_hashed": scene.server.hashing().processes,
        "hidden": hidden,
        "right": right,
        "another_account": {
            "alone_p95_ms": ms(quantile(alone, 0.95)),
            "p50_ms": ms(quantile(scene.waits, 0.5)),
            "p95_ms": ms(quantile(scene.waits, 0.95)),
            "sign_ins": len(scene.waits),
        },
    }


async def _bursts(scene: Scene) -> dict[str, Any]:
    numbers, counts, signed_in = scene.task.numbers, [], 0
    loop, spans = asyncio.get_running_loop(), []
    names = scene.town.settle(numbers["rounds"])
    with scene.task.reporter.progress() as bar:
        for name in bar.track(names, description="bursts"):
            began = loop.time()
            replies, compared = await scene.burst(name, [WRONG] * numbers["parallel"])
            spans.append(loop.time() - began)
            counts.append(compared)
            signed_in += sum(map(is_in, replies))
    notices = _notices(scene.town, names)
    return {
        "rounds": len(counts),
        "parallel": numbers["parallel"],
        "min_compared": min(counts),
        "max_compared": max(counts),
        "signed_in": signed_in,
        "notices_per_lock": sum(notices) / len(notices),
        "locks_without_one_notice": sum(count != 1 for count in notices),
        "burst_p50_s": round(quantile(spans, 0.5), 3),
        "burst_max_s": round(max(spans), 3),
    }


def _notices(town: Town, names: Sequence[str]) -> list[int]:
    """How many lock notices each account has in the outbox."""

    def step(tx: Tx) -> list[int]:
        users = (tx.users.named(town.tenant.id, name) for name in names)
        theirs = (tx.messages.of_user(town.tenant.id, u.id, 50) for u in users if u)
        return [sum(m.kind == "lock_notice" for m in messages) for messages in theirs]

    return town.store.submit_read(step).result()


async def _hidden(scene: Scene) -> dict[str, Any]:
    """The right password at a known place, then anywhere."""
    numbers = scene.task.numbers
    places = [n % PLACES for n in range(min(PLACES, numbers["hidden"]))]
    anywhere = numbers["hidden"] - len(places)
    placed = [await _placed(scene, name, n) for n, name in _named(scene, places)]
    loose, beyond = [], 0
    with scene.task.reporter.progress() as bar:
        for name in bar.track(scene.town.settle(anywhere), description="hidden"):
            words = [WRONG] * numbers["parallel"]
            words[_CHANCE.randrange(len(words))] = RIGHT
            replies, compared = await scene.burst(name, words)
            loose.append(any(map(is_in, replies)))
            # who got in ended the streak: four before it, itself, five after it at most
            beyond += compared > (2 * LIMIT if loose[-1] else LIMIT)
    share = LIMIT / numbers["parallel"]
    return {
        "at_known_places": {"signed_in": sum(placed), "allowed": sum(n < LIMIT for n in places)},
        "anywhere": {
            "rounds": anywhere,
            "signed_in": sum(loose),
            "allowed": binomial_most(anywhere, share),
            "rounds_with_too_many_compared": beyond,
        },
    }


def _named(scene: Scene, places: Sequence[int]) -> list[tuple[int, str]]:
    return list(zip(places, scene.town.settle(len(places)), strict=True))


async def _placed(scene: Scene, name: str, place: int) -> bool:
    """So many wrong ones are answered, then the right one, then the rest at once."""
    await scene.all(name, [WRONG] * place)
    (reply,) = await scene.all(name, [RIGHT])
    await scene.all(name, [WRONG] * (scene.task.numbers["parallel"] - place - 1))
    return is_in(reply)


async def _right(scene: Scene) -> dict[str, Any]:
    """Everybody knows the password."""
    count, ins = scene.task.numbers["right"], []
    for name in scene.town.settle(1 if scene.task.quick else RIGHT_ROUNDS):
        replies = await scene.all(name, [RIGHT] * count)
        ins.append(sum(map(is_in, replies)))
    return {"parallel": count, "rounds": len(ins), "signed_in": ins}


def _judge(found: Findings, engine: str, figures: dict[str, Any]) -> None:
    hidden, right = figures["hidden"], figures["right"]
    known, anywhere = hidden["at_known_places"], hidden["anywhere"]
    found.equal("min_compared", engine, figures["min_compared"], LIMIT)
    found.equal("max_compared", engine, figures["max_compared"], LIMIT)
    found.equal("notices_per_lock", engine, figures["notices_per_lock"], 1)
    found.equal("locks_without_one_notice", engine, figures["locks_without_one_notice"], 0)
    found.equal("http_500", engine, figures["http_500"], 0)
    found.equal("wrong passwords signed in", engine, figures["signed_in"], 0)
    found.equal("right password, known place", engine, known["signed_in"], known["allowed"])
    found.most("right password, anywhere", engine, anywhere["signed_in"], anywhere["allowed"])
    found.equal("hidden: too many compared", engine, anywhere["rounds_with_too_many_compared"], 0)
    everybody = [right["parallel"]] * right["rounds"]
    found.equal("right at once: signed in", engine, right["signed_in"], everybody)
