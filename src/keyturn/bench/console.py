"""How long the console's lists, searches and pages take staff.

A database of 100,000 people and a million rows of the audit trail, a server on it, and every list
and search over HTTP, again and again with different words.  Timed is the whole request, on the
side of whoever asks: the server's own part of it is less.  `growth` looks at the same pages of a
database ten times as big.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from keyturn.adapters.sealing import Sealer, load_key_ring
from keyturn.bench.client import browsers, hang_up
from keyturn.bench.crowd import DOMAIN, FIRST, LAST, Person, row_id
from keyturn.bench.figures import ms, quantile
from keyturn.bench.grown import Place, filled, room_for
from keyturn.bench.people import SLUG, Town
from keyturn.bench.places import Server, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, Session
from keyturn.rules.cases import reference
from keyturn.rules.lockout import HOUR
from keyturn.steps.sessions import PURPOSE

MOST_MS = 300
OK = 200
_CHANCE = secrets.SystemRandom()


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("console")
    accounts, rows = task.numbers["accounts"], task.numbers["rows"]
    for engine in task.engines:
        room_for(task, accounts + rows)
        place = filled(task, engine, accounts, rows)
        with serving("keyturn", place.url, task.folder, 1) as server:
            pages = await look(task, engine, place, server)
        found.figures[engine] = {"accounts": accounts, "audit": rows, "console": pages}
        judge(found, engine, pages, quick=task.quick)
        place.remove()
    found.notes.append("Times are of whole requests, as whoever asks sees them.")
    return found


async def look(task: Task, engine: str, place: Place, server: Server) -> dict[str, Any]:
    """Every list and search, as staff, over and over with different words.

    Returns: by page, its p50 and p95 in milliseconds; "failed": pages that were not 200.
    """
    task.reporter.say(f"on {engine}: the console's lists and searches")
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


def judge(found: Findings, engine: str, pages: dict[str, Any], *, quick: bool) -> None:
    """Every page answers; and but for a few looks only, in time. Takes "failed" out of `pages`."""
    found.equal("console: pages that were not 200", engine, pages.pop("failed"), [])
    if not quick:
        slowest = max(pages, key=lambda name: pages[name]["p95_ms"])
        what = f"console: slowest p95 ({slowest})"
        found.most(what, engine, pages[slowest]["p95_ms"], MOST_MS, "ms")


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


def _after(place: Place) -> str:
    """Where a list by name goes on, somewhere in it."""
    person = _someone(place)
    return f"{person.id}{person.first}+{person.last}"


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
    "users: locked, newest lock first": lambda _: "users?sort=-lock",
    "users: by name": lambda _: "users?sort=name",
    "users: by name, deep page": lambda place: "users?sort=name&after=" + _after(place),
    "users: by last sign-in": lambda _: "users?sort=-signin",
    "users: never signed in": lambda p: f"users?sort=-signin&after={row_id(p.accounts // 2)}",
    "users: newest account": lambda _: "users?sort=-created",
    "users: disabled, by name": lambda _: "users?state=disabled&sort=name",
    "users: invited (nobody), by name": lambda _: "users?state=invited&sort=name",
    "users: locked, by last sign-in": lambda _: "users?lock=locked&sort=-signin",
    "users: with the phone app (nobody)": lambda _: "users?enrolled=app",
    "users: with a second step (nobody), by name": lambda _: "users?enrolled=second&sort=name",
    "users: without one, by last sign-in": lambda _: "users?enrolled=no-second&sort=signin",
    "users: staff": lambda _: "users?role=any&sort=name",
    "users: in no directory, by name": lambda _: "users?directory=none&sort=name",
    "find: first name, by last sign-in": lambda _: f"users?q={_CHANCE.choice(FIRST)}&sort=-signin",
    "find: both names, by name": _find(lambda p: f"{p.first} {p.last}", "&sort=name"),
    "find: everybody's domain, by name": lambda _: f"users?q={DOMAIN}&sort=name",
    "find: domain and name, locked, newest lock": _find(
        lambda person: f"{DOMAIN} {person.last}", "&sort=-lock"
    ),
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
    "audit: sign-ins of a day": lambda _: (
        "audit?event=signin.passed&first=2026-01-01&last=2026-01-01"
    ),
    "figures: days": lambda _: "figures",
    "figures: months": lambda _: "figures?by=month",
    "report of a month": lambda _: "report",
    "cases": lambda _: "cases",
    "cases: open": lambda _: "cases?state=open",
    "a case's page": lambda place: "cases/" + _case(place),
}
