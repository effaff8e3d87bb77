"""Where one account's bad logons come from: the logs that can be read, and what each controller
counts by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from keyturn.agent.logons.ports import Logged, Logs, Unread
from keyturn.agent.ports import AccountView, Driver, NotFound, Unreachable
from keyturn.rules.directories.logons.ranking import rank, unseen
from keyturn.rules.directories.logons.source import SOURCES_MAX, Counter, Found
from keyturn.rules.lockout import DAY, SECOND

T = TypeVar("T")
#: how far back it is asked for; how long it may take; controllers that are asked for counters
BACK_MS, TAKES_MS, COUNTED = DAY, 12 * SECOND, 20
#: what a log that was not read in time is said to be; one that agent.toml does not name
LATE, NONE = "timeout", "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked.

    Attributes:
        account: as `controller` has just shown it.
        others: further controllers, by DNS name.
    """

    account: AccountView
    controller: str
    others: Sequence[str]


async def gather(driver: Driver, logs: Logs, asked: Asked, left_ms: int) -> Found:
    """What can be told within `left_ms`; what came too late is said to be so."""
    since = logs.now() - BACK_MS
    others = [host for host in asked.others if host != asked.controller][:COUNTED]
    within = min(left_ms, TAKES_MS) / 1000
    reads = {host: _read(log.bad_logons(since)) for host, log in logs.of.items()}
    looks = {host: _count(driver, host, asked.account.guid) for host in others}
    done_reads, counts = await asyncio.gather(_in_time(reads, within), _in_time(looks, within))
    own = Counter(asked.controller, asked.account.bad_count, asked.account.bad_at)
    counters = (own, *(one for one in counts.values() if one is not None))
    said = {host: done_reads.get(host, LATE) for host in reads}
    told = dict.fromkeys((asked.controller, *others), NONE)
    told |= {host: "" if isinstance(one, Logged) else one for host, one in said.items()}
    return _found(asked.account, since, logs.now(), said, told, counters)


def _found(
    account: AccountView, since: int, now: int, said: Mapping[str, Logged | str],
    told: Mapping[str, str], counters: tuple[Counter, ...],
) -> Found:  # fmt: skip
    read = [one for one in said.values() if isinstance(one, Logged)]
    logons = [one for log in read for one in log.logons]
    reached = max([since, *(now if log.since is None else log.since for log in read)])
    names = {account.name.lower(), account.upn.lower()} - {""}
    heard = {host for host, cause in told.items() if not cause}
    sources = (
        *rank(logons, names, account.password_set_at, reached),
        *unseen(counters, heard, logons, names, since),
    )
    return Found(reached if read else since, dict(told), counters, sources[:SOURCES_MAX])


async def _read(reading: Coroutine[Any, Any, Logged]) -> Logged | str:
    try:
        return await reading
    except Unread as why:
        return why.cause


async def _count(driver: Driver, host: str, guid: str) -> Counter | None:
    try:
        view = await driver.look(host, guid)
    except (Unreachable, NotFound):
        return None
    return Counter(host, view.bad_count, view.bad_at)


async def _in_time(what: Mapping[str, Coroutine[Any, Any, T]], seconds: float) -> Mapping[str, T]:
    """What was done within so many seconds; the rest is given up."""
    if not what:
        return {}
    going = {name: asyncio.ensure_future(one) for name, one in what.items()}
    try:
        await asyncio.wait(going.values(), timeout=seconds)
        return {name: one.result() for name, one in going.items() if one.done()}
    finally:
        for one in going.values():
            one.cancel()
