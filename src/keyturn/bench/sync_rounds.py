"""The rounds of `keyturn bench sync`; see sync.py."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from keyturn.agent.directories.active_directory.reading.entries import ATTRIBUTES
from keyturn.agent.directories.active_directory.reading.roll import PEOPLE
from keyturn.agent.ports import Source
from keyturn.bench.bare import Bare, Entry
from keyturn.bench.figures import median, ms
from keyturn.bench.report import Findings
from keyturn.bench.sync_book import Book
from keyturn.bench.sync_reader import EVERYBODY, Order, Weighed
from keyturn.bench.task import Task
from keyturn.lab import bulk, people
from keyturn.lab.commands import InVain
from keyturn.lab.domain import Lab
from keyturn.rules.directories.entries import PAGE, Changes

SAMBA: Final = "samba"
OVER: Final = "a full read over a bare one"
PEAK: Final = "the agent's memory at its most, MiB"
ADDED: Final = "memory that further full reads add, MiB"
SLOWEST: Final = "slowest of the changes seen, ms"
MOST_OVER, MOST_MIB, MOST_ADDED, MOST_MS = 1.5, 150, 2, 2000
TENTHS: Final = 10
_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Field:
    """Where it is measured.

    Attributes:
        bare: as the agents' account. admin: may write.
    """

    lab: Lab
    order: Order
    bare: Bare
    admin: Bare
    users: int


@contextmanager
def prepared(task: Task) -> Iterator[Field]:
    """A domain full of people. Raises Unable, CommandFailed, InVain."""
    users = task.numbers["users"]
    task.reporter.say(f"{users} people in a domain; the first time they are made")
    with Lab(users=users) as lab:
        controller, who = lab.controller("dc1"), people.SERVICE
        ca = lab.ca_file
        order = Order(controller.host, controller.ip, str(ca), who.upn, who.password)
        bare = Bare(controller.ip, ca, who.upn, who.password)
        admin = Bare(controller.ip, ca, f"{people.ADMIN}@{lab.domain}", people.ADMIN_PASSWORD)
        yield Field(lab, order, bare, admin, users)
        bare.close()
        admin.close()


# --- everybody


async def read(task: Task, field: Field, found: Findings) -> None:
    """A full read and a bare one in turn; the first of each is not counted in times."""
    rounds = task.numbers["rounds"]
    task.reporter.say(f"{rounds} full reads, each beside a bare one")
    weighed: list[Weighed] = []
    bare: list[int] = []
    counted: set[int] = set()
    with _reader(field.order) as reader:
        for _ in range(rounds + 1):
            weighed.append(_weighed(reader))
            began = time.perf_counter_ns()
            count = sum(1 for _entry in _everybody(field))
            bare.append(time.perf_counter_ns() - began)
            counted.add(count)
    agent_ns, bare_ns = median([one.ns for one in weighed[1:]]), median(bare[1:])
    rss = [round(one.rss_kib / _MIB, 1) for one in weighed]
    figures = found.figures[SAMBA]["read"] = {
        "agent_s": [round(one.ns / 1e9, 2) for one in weighed],
        "bare_s": [round(ns / 1e9, 2) for ns in bare],
        "ratio": round(agent_ns / bare_ns, 2),
        "rss_mib": rss,
        "peak_mib": round(weighed[-1].peak_kib / _MIB, 1),
        "added_mib": round(rss[-1] - rss[0], 1),
    }
    read_by_us = sorted({one.entries for one in weighed})
    found.equal("people found, the bare read's too", SAMBA, read_by_us, sorted(counted))
    found.most(OVER, SAMBA, figures["ratio"], MOST_OVER, "×")
    found.most(PEAK, SAMBA, figures["peak_mib"], MOST_MIB)
    found.most(ADDED, SAMBA, figures["added_mib"], MOST_ADDED)


def _everybody(field: Field) -> Iterator[Entry]:
    """The bare read."""
    return field.bare.entries(field.lab.base, f"(&{PEOPLE})", ATTRIBUTES)


def _weighed(reader: subprocess.Popen[str]) -> Weighed:
    assert reader.stdin  # noqa: S101  both are pipes
    assert reader.stdout  # noqa: S101
    reader.stdin.write("again\n")
    reader.stdin.flush()
    said = reader.stdout.readline()
    if not said:
        raise InVain("a reader to come to its end", 0)
    return Weighed(**json.loads(said))


@contextmanager
def _reader(order: Order) -> Iterator[subprocess.Popen[str]]:
    """A process of sync_reader.py; killed at the end if it still runs."""
    command = [sys.executable, "-m", "keyturn.bench.sync_reader"]
    with subprocess.Popen(  # noqa: S603  ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin  # noqa: S101  it is a pipe
        reader.stdin.write(order.text())
        reader.stdin.flush()
        try:
            yield reader
        finally:
            reader.kill()


# --- one change


async def change(task: Task, field: Field, found: Findings) -> None:
    """Notice and changes, as an agent waits for them."""
    rounds, driver = task.numbers["changes"], field.order.driver()
    task.reporter.say(f"{rounds} changes, one at a time")
    times: list[int] = []
    try:
        source, host = driver.source, field.order.host
        cursor = (await source.roll(host, EVERYBODY)).cursor
        await source.noticed(host)
        for number in range(rounds):
            cursor = await _drained(source, host, cursor)
            mail = f"changed{number}@example.test"
            began = time.perf_counter_ns()
            dn = bulk.dn(number * 37 % field.users)
            await asyncio.to_thread(field.admin.replace, dn, "mail", mail)
            told: Changes | None = None
            while told is None or mail not in {entry.mail for entry in told.entries}:
                if told is None or not told.more:
                    await source.noticed(host)
                told = await source.changes(host, cursor, EVERYBODY)
                cursor = told.cursor
            times.append(time.perf_counter_ns() - began)
    finally:
        driver.close()
    figures = found.figures[SAMBA]["change"] = {
        "rounds": rounds, "p50_ms": ms(median(times)), "most_ms": ms(max(times)),
    }  # fmt: skip
    found.most(SLOWEST, SAMBA, figures["most_ms"], MOST_MS)


async def _drained(source: Source, host: str, cursor: bytes) -> bytes:
    """The cursor behind all that is told."""
    while True:
        told: Changes = await source.changes(host, cursor, EVERYBODY)
        cursor = told.cursor
        if not told.more:
            return cursor


# --- crashes


async def crash(task: Task, field: Field, found: Findings) -> None:
    """Kill a reader after each tenth of the way; what is stored in the end is what is so."""
    task.reporter.say(f"{TENTHS} readers killed on the way")
    path = task.folder / "sync-book"
    size = max(1, min(PAGE, field.users // (4 * TENTHS)))
    order = replace(field.order, book=str(path), page=size)
    total = -(-sum(1 for _entry in _everybody(field)) // size)
    killed = 0
    for tenth in range(1, TENTHS + 1):
        killed += _kill_after(order, path, min(total * tenth // TENTHS, total - 1))
        _meanwhile(field, tenth)
    with _reader(order) as last:
        last.communicate()
    with Book(path) as book:
        await _follow(order, book)
        figures = found.figures[SAMBA]["crash"] = {"killed": killed, **_compared(field, book)}
    found.equal("readers killed while they read", SAMBA, killed, TENTHS)
    for what in ("lost", "too many", "wrong", "told twice"):
        found.equal(f"accounts {what} after {TENTHS} crashes", SAMBA, figures[what], 0)


def _kill_after(order: Order, path: Path, pages: int) -> bool:
    """Let a reader come so far, and kill it; whether it still read then."""
    with Book(path) as book:
        stored = book.place().pages
    with _reader(order) as reader:
        assert reader.stdout  # noqa: S101  it is a pipe
        while stored < pages and reader.stdout.readline():
            stored += 1
        return reader.poll() is None


def _meanwhile(field: Field, tenth: int) -> None:
    """People are written, one goes, one comes: wherever the reader is, some of them are behind it
    and some before it.
    """
    for step in range(5):
        number = (tenth * 11 + step * 97) % field.users
        field.admin.replace(bulk.dn(number), "mail", f"tenth{tenth}-{step}@example.test")
    name = f"new{tenth}"
    field.admin.add(
        f"CN={name},{bulk.CROWD}", objectClass="user", sAMAccountName=name,
        mail=f"{name}@example.test", userAccountControl="544",
    )  # fmt: skip
    if tenth > 1:
        field.admin.delete(f"CN=new{tenth - 1},{bulk.CROWD}")


async def _follow(order: Order, book: Book) -> None:
    """Everything that changed since the read began."""
    driver = order.driver()
    try:
        more = True
        while more:
            part = await driver.source.changes(order.host, book.place().cursor, EVERYBODY)
            book.part(part)
            more = part.more
    finally:
        driver.close()


def _compared(field: Field, book: Book) -> dict[str, int]:
    """What is stored, against what a bare read finds."""
    real = {entry["objectGUID"][0].hex(): entry for entry in _everybody(field)}
    stored = book.bodies()
    return {
        "pages": book.place().pages,
        "accounts": len(real),
        "lost": len(real.keys() - stored.keys()),
        "too many": len(stored.keys() - real.keys()),
        "wrong": sum(
            _mail(real[id_]) != body["mail"] for id_, body in stored.items() if id_ in real
        ),
        "told twice": book.twice(),
    }


def _mail(entry: Entry) -> str:
    return b"".join(entry.get("mail", ())).decode()
