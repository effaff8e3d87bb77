"""Whether a million accounts and ten million rows make anybody wait.

A big and a small database of the same engine, a server on each, side by side on this
machine.  Sign-ins, right and wrong ones, are sent to one and the other in turn, in an order
drawn at random, so that whatever else the machine does meets both alike: judged is the
ratio of the two p99, not the times.  Then the console of the big one, over HTTP as staff.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from keyturn.adapters.sealing import Sealer, load_key_ring
from keyturn.bench import crowd
from keyturn.bench.client import browsers, hang_up
from keyturn.bench.crowd import DOMAIN, FIRST, LAST, Person, row_id
from keyturn.bench.figures import ms, quantile
from keyturn.bench.people import RIGHT, SLUG, WRONG, Town
from keyturn.bench.places import SQLITE, Server, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, Session
from keyturn.rules.cases import reference
from keyturn.rules.lockout import HOUR
from keyturn.steps.sessions import PURPOSE

MOST_LOAD_S, MOST_RATIO, MOST_CONSOLE_MS = 600, 1.5, 300
SMALL = 5_000
#: people who sign in once each, right or wrong
MOST_PEOPLE = 100_000
SEE_OTHER, OK, UNAUTHORISED = 303, 200, 401
GIB = 2**30
#: what a big database takes at most, with its indexes and the log it is written by
BYTES_PER_ROW = 1_500
_CHANCE = secrets.SystemRandom()
#: a browser that keeps its own id only stays an unknown client
OWN_ID = b"kt-browser"
SIZES = ("big", "small")


@dataclass(frozen=True, slots=True)
class Place:
    """A database that was filled.

    Attributes:
        load_s: how long filling took.
        accounts: how many people there are.
    """

    url: str
    accounts: int
    load_s: float

    def people(self) -> Iterator[Person]:
        """People who can sign in, in an order drawn at random, none twice."""
        numbers = _CHANCE.sample(range(1, self.accounts + 1), min(self.accounts, MOST_PEOPLE))
        return (person for person in map(Person, numbers) if person.usual)


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("growth")
    accounts, rows = task.numbers["accounts"], task.numbers["rows"]
    for engine in task.engines:
        _room_for(task, accounts + rows)
        big = _filled(task, engine, accounts, rows)
        small = _filled(task, engine, SMALL, 2 * SMALL)
        with _both(task, big, small) as servers:
            signins = await _sign_ins(task, engine, big, small, servers)
            console = await _console(task, engine, big, servers["big"])
        found.figures[engine] = {
            "accounts": accounts, "lanes": rows, "audit": rows, "load_s": big.load_s,
            "bytes_gib": round(_size(big.url) / GIB, 2), "signin": signins, "console": console,
        }  # fmt: skip
        _judge(found, engine, task.quick)
        _remove(big.url)
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
    pages = figures["console"]
    found.equal("console: pages that were not 200", engine, pages.pop("failed"), [])
    found.most("load_s", engine, figures["load_s"], MOST_LOAD_S, "s")
    if not quick:
        slowest = max(pages, key=lambda name: pages[name]["p95_ms"])
        found.most(
            f"console: slowest p95 ({slowest})", engine, pages[slowest]["p95_ms"],
            MOST_CONSOLE_MS, "ms",
        )  # fmt: skip


# -- places


def _room_for(task: Task, rows: int) -> None:
    """Say so in time if the disk will not do."""
    free, wanted = shutil.disk_usage(task.folder).free, 2 * rows * BYTES_PER_ROW
    if free < wanted:
        raise crowd.NoRoom(wanted // GIB, free // GIB)


def _filled(task: Task, engine: str, accounts: int, rows: int) -> Place:
    task.reporter.say(f"growth on {engine}: filling with {accounts:,} accounts, {rows:,} rows")
    url = task.databases.fresh(engine)
    began = time.monotonic()
    crowd.load(url, accounts, rows, task.reporter.say)
    return Place(url, accounts, round(time.monotonic() - began, 1))


@contextmanager
def _both(task: Task, big: Place, small: Place) -> Iterator[dict[str, Server]]:
    with (
        serving("keyturn", big.url, task.folder, 1) as one,
        serving("keyturn", small.url, task.folder, 1) as other,
    ):
        yield {"big": one, "small": other}


def _size(url: str) -> int:
    """Bytes of a database."""
    if url.startswith(SQLITE):
        return Path(url.removeprefix("sqlite:///")).stat().st_size
    engine = create_engine(url)
    with engine.connect() as link:
        size = int(link.execute(text("select pg_database_size(current_database())")).scalar_one())
    engine.dispose()
    return size


def _remove(url: str) -> None:
    """A file of many gigabytes is not kept until all is done."""
    if url.startswith(SQLITE):
        for file in Path(url.removeprefix("sqlite:///")).parent.glob("*.db*"):
            file.unlink()


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
    warm = 10
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


# -- the console


async def _console(task: Task, engine: str, place: Place, server: Server) -> dict[str, Any]:
    """Every list and search, as staff, over and over with different words."""
    task.reporter.say(f"growth on {engine}: the console's lists and searches")
    (browser,) = await browsers(server.port, 1)
    browser.cookies[f"kt-session-{SLUG}".encode()] = _staff(task, place).encode()
    failed: set[str] = set()
    figures: dict[str, Any] = {}
    for name, path in PAGES.items():
        waits = []
        for _ in range(task.numbers["looks"]):
            reply = await browser.get("/console/" + path(place))
            if reply.status != OK:
                failed.add(name)
            waits.append(reply.ns)
        figures[name] = {"p50_ms": ms(quantile(waits, 0.5)), "p95_ms": ms(quantile(waits, 0.95))}
    hang_up([browser])
    return {**figures, "failed": sorted(failed)}


def _staff(task: Task, place: Place) -> str:
    """The token of a session of somebody who may see everything."""
    sealer = Sealer(load_key_ring(task.folder / "keys" / "keys.json"))
    token = secrets.token_urlsafe(32)
    town = Town(place.url)

    def sign_in(tx: Tx, name: str) -> None:
        user = tx.users.named(town.tenant.id, name)
        assert user is not None  # noqa: S101  it was settled a moment ago
        tx.roles.grant(town.tenant.id, user.id, Role.OWNER)
        now = user.created_at
        tx.sessions.add(
            Session(
                digest=sealer.digest(PURPOSE, token), tenant_id=town.tenant.id, user_id=user.id,
                client_id=None, level=2, epoch=user.epoch, ip="127.0.0.1", client_name="bench",
                created_at=now, seen_at=now, expires_at=now + 8 * HOUR,
            )
        )  # fmt: skip

    try:
        (name,) = town.settle(1)
        town.store.submit_write(lambda tx: sign_in(tx, name)).result()
    finally:
        town.close()
    return token


def _someone(place: Place) -> Person:
    """Somebody who has a phone."""
    return Person(2 * (1 + secrets.randbelow(place.accounts // 2)))


def _case(place: Place) -> str:
    return reference(f"{1 + secrets.randbelow(place.accounts // 10):06d}")


def _find(words: Callable[[Person], str], more: str = "") -> Callable[[Place], str]:
    def path(place: Place) -> str:
        return "users?q=" + words(_someone(place)).replace(" ", "+").replace("@", "%40") + more

    return path


#: what a page is called in the figures, and its address
PAGES: dict[str, Callable[[Place], str]] = {
    "users": lambda _: "users",
    "users: deep page": lambda place: f"users?after={row_id(place.accounts * 9 // 10)}",
    "users: disabled": lambda _: "users?state=disabled",
    "users: disabled, deep page": lambda p: f"users?state=disabled&after={row_id(p.accounts // 2)}",
    "users: invited (nobody)": lambda _: "users?state=invited",
    "users: locked": lambda _: "users?state=locked",
    "find: first name": lambda _: f"users?q={_CHANCE.choice(FIRST)}",
    "find: beginning of a last name": lambda _: f"users?q={_CHANCE.choice(LAST)[:3]}",
    "find: both names": _find(lambda person: f"{person.first} {person.last}"),
    "find: user name": _find(lambda person: person.username),
    "find: beginning of an address": _find(lambda person: person.email.partition("@")[0][:-1]),
    "find: address": _find(lambda person: person.email),
    "find: everybody's domain": lambda _: f"users?q={DOMAIN}",
    "find: domain and name": _find(lambda person: f"{DOMAIN} {person.last}"),
    "find: number": _find(lambda person: person.phone.replace("+", "%2B")),
    "find: last four digits": _find(lambda person: person.phone[-4:]),
    "find: last seven digits": _find(lambda person: person.phone[-7:]),
    "find: nobody": lambda _: "users?q=" + secrets.token_hex(6),
    "find: nobody at everybody's domain": lambda _: f"users?q={DOMAIN}+x" + secrets.token_hex(6),
    "find: two that never meet": lambda _: "users?q=ada+linbarby1+northwind",
    "find: disabled, by name": _find(lambda person: person.first, "&state=disabled"),
    "find: locked, by name": _find(lambda person: person.last, "&state=locked"),
    "find: invited (nobody), by domain": lambda _: f"users?q={DOMAIN}&state=invited",
    "a user's page": lambda place: f"users/{_someone(place).id}",
    "messages": lambda _: "messages",
    "messages: deep page": lambda place: f"messages?before={row_id(place.accounts // 10)}",
    "messages: bounced": lambda _: "messages?state=bounced",
    "messages: rejected (none)": lambda _: "messages?state=rejected",
    "messages: texts": lambda _: "messages?channel=sms",
    "audit": lambda _: "audit",
    "audit: deep page": lambda place: f"audit?before={row_id(place.accounts)}",
    "audit: by user": lambda place: "audit?q=" + _someone(place).username,
    "audit: by address": lambda _: f"audit?q=10.0.{secrets.randbelow(250)}.7",
    "audit: sign-ins": lambda _: "audit?event=signin.",
    "audit: roles (few)": lambda _: "audit?event=role.",
    "audit: objections (none)": lambda _: "audit?event=owner.objected",
    "audit: by address and event": lambda _: "audit?q=10.0.1.7&event=second.",
    "cases": lambda _: "cases",
    "cases: open": lambda _: "cases?state=open",
    "a case's page": lambda place: "cases/" + _case(place),
}
