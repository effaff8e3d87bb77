"""A process that reads everybody out of a directory as an agent does.

It is given an Order on its first line.  Without a book, it reads everybody for each further line
and answers with a line of JSON (Weighed); with one, it goes on from the book's place to the end,
and says "page" after each page that is stored.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.agent.ports import Source
from keyturn.bench.sync_book import Book
from keyturn.rules.directories.entries import PAGE, Entry, Scope

EVERYBODY = Scope()


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to do.

    Attributes:
        host: DNS name of the controller. address: where it is reached. ca: who vouches for it.
        book: file to store pages in; "" to store nothing.
        page: entries of a page, at most PAGE.
    """

    host: str
    address: str
    ca: str
    account: str
    password: str
    book: str = ""
    page: int = PAGE

    def text(self) -> str:
        """As the process reads it, on one line."""
        return json.dumps(asdict(self)) + "\n"

    def driver(self) -> ActiveDirectory:
        """The agent's way into this directory."""
        addresses = {self.host: self.address}
        settings = Settings(self.account, self.password, Path(self.ca), addresses=addresses)
        return ActiveDirectory(settings, SystemClock().now)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A full read.

    Attributes:
        entries: how many were made. rss_kib: the process's memory afterwards; peak_kib: its most
            since it began.
    """

    ns: int
    entries: int
    rss_kib: int
    peak_kib: int


async def pages(
    source: Source, host: str, ids: Sequence[bytes], size: int
) -> AsyncIterator[tuple[str, Sequence[Entry]]]:
    """The last id of each page, and its entries."""
    for at in range(0, len(ids), size):
        some = [id_.hex() for id_ in ids[at : at + size]]
        yield some[-1], await source.read(host, some, EVERYBODY)


async def _weigh(order: Order) -> None:
    """A full read for each line."""
    driver = order.driver()
    for _line in sys.stdin:
        began, count = time.perf_counter_ns(), 0
        roll = await driver.source.roll(order.host, EVERYBODY)
        async for _upto, entries in pages(driver.source, order.host, roll.ids, order.page):
            count += len(entries)
        took = time.perf_counter_ns() - began
        _say(json.dumps(asdict(Weighed(took, count, _kib("VmRSS"), _kib("VmHWM")))))
    driver.close()


async def _store(order: Order) -> None:
    """From the book's place to the end."""
    driver = order.driver()
    with Book(Path(order.book)) as book:
        roll = await driver.source.roll(order.host, EVERYBODY)
        place = book.begin(roll.cursor)
        ahead = [id_ for id_ in roll.ids if id_.hex() > place.after]
        async for upto, entries in pages(driver.source, order.host, ahead, order.page):
            book.page(upto, entries)
            _say("page")
    driver.close()


def _kib(name: str) -> int:
    """A figure of /proc/self/status."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  read by the bench


def main() -> int:
    """As the module says."""
    order = Order(**json.loads(sys.stdin.readline()))
    asyncio.run(_store(order) if order.book else _weigh(order))
    return 0


if __name__ == "__main__":
    sys.exit(main())
