"""Checks that changes arrive everywhere, and finds the one controller that is to blame.

Each controller tells whom it takes changes from and how that goes.  One that stands still
shows on every line to it and from it; so blame goes to the controller that most of the failing
lines have in common, then to the next with what is left.  Before that to one that is known to
be dead or was decommissioned, and to one of which an error says that it refuses to replicate.
Where all that leaves two, it is rather not the PDC emulator, with which most of the others
replicate, and then the one at the receiving end, because that one saw it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.rules.directories.health.controllers import alive, said
from keyturn.rules.directories.health.facts import Partner
from keyturn.rules.directories.health.view import View
from keyturn.rules.directories.topology import left_over
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import HOUR, MINUTE, listed

#: within a site a change takes seconds; between sites, twice what the link replicates at
LATE_MS: Final = 5 * MINUTE
STOPPED_MS: Final = HOUR
#: so many failures in a row are no accident
FAILURES: Final = 3
#: one end refuses (MS-ERREF 2.2): ERROR_DS_DRA_SOURCE_DISABLED, ERROR_DS_DRA_SINK_DISABLED
_SOURCE_REFUSES: Final = 8456
_SINK_REFUSES: Final = 8457


@dataclass(frozen=True, slots=True)
class Line:
    """One controller takes changes from another, and it does not go well."""

    to: str
    source: str
    at: int
    partner: Partner


def replication(view: View) -> Iterator[Finding]:
    """One answer for each controller that has to be watched, or is: a read-only one hands
    nothing on, and needs nobody beside it. Where agents are heard and none tells of it at all,
    nobody was asked: no answer then, and spoken.untold says so.
    """
    if not _told(view):
        return
    stopped, late = _troubles(view)
    gone, pdc = _gone(view), next((c.host for c in view.controllers if c.pdc), "")
    blamed = _named("stopped", blame(stopped, gone, pdc))
    rest = [line for line in late if blamed.keys().isdisjoint((line.to, line.source))]
    blamed |= _named("late", blame(rest, gone, pdc))
    watched = view.writable | {agent.controller for agent in view.agents}
    hosts = [c.host for c in view.controllers if c.host in watched]
    for host in dict.fromkeys([*hosts, *sorted(blamed)]):
        yield _of(view, host, *blamed.get(host, ("", ())))


Blamed = dict[str, tuple[str, Sequence[Line]]]


def _told(view: View) -> bool:
    """Whether somebody who is heard tells of it, or nobody is heard: that has to be said."""
    partners = [sight.partners for _at, _agent, sight in view.beside.values()]
    return not partners or any(one is not None for one in partners)


def _named(word: str, found: Mapping[str, Sequence[Line]]) -> Blamed:
    return {host: (word, lines) for host, lines in found.items()}


def _of(view: View, host: str, word: str, lines: Sequence[Line]) -> Finding:
    told = view.beside.get(host)
    if lines:
        return said(view, f"replication.{word}", host, max(x.at for x in lines), **_evidence(lines))
    if told is None or told[2].partners is None:
        return said(view, "replication.unseen", host, view.now)
    return said(view, "replication.ok", host, told[0], partners=len(told[2].partners))


def _evidence(lines: Sequence[Line]) -> Mapping[str, Value]:
    silent = [x.partner.silent_ms for x in lines if x.partner.silent_ms is not None]
    lags = [x.partner.lag_ms for x in lines if x.partner.lag_ms is not None]
    return {
        "lines": listed([f"{x.source} to {x.to}" for x in lines]),
        "silent_ms": max(silent, default=None), "lag_ms": max(lags, default=None),
        "failures": max(x.partner.failures for x in lines),
        "error": next((x.partner.error for x in lines if x.partner.error), None),
    }  # fmt: skip


def _troubles(view: View) -> tuple[list[Line], list[Line]]:
    """Lines that stand still, and lines that are late, between controllers of this domain."""
    stopped: list[Line] = []
    late: list[Line] = []
    sites = {c.host: c.site for c in view.topology.controllers} if view.topology else {}
    for line in _lines(view):
        if not sites.keys() >= {line.to, line.source}:
            continue
        patience = _patience(view, sites[line.to], sites[line.source])
        if _stopped(line.partner, patience):
            stopped.append(line)
        elif (line.partner.lag_ms or 0) > LATE_MS + patience:
            late.append(line)
    return stopped, late


def _lines(view: View) -> Iterator[Line]:
    for to, (at, _agent, sight) in sorted(view.beside.items()):
        for partner in sorted(sight.partners or (), key=lambda partner: partner.host):
            yield Line(to, partner.host, at, partner)


def _stopped(partner: Partner, patience: int) -> bool:
    silent = partner.silent_ms is None or partner.silent_ms > LATE_MS + patience
    failing = partner.failures >= FAILURES or (partner.failures > 0 and silent)
    return failing or (partner.lag_ms or 0) > STOPPED_MS + patience


def _patience(view: View, one: str, other: str) -> int:
    """What is added to a delay between two sites."""
    if one == other or view.topology is None:
        return 0
    links = view.topology.links
    joining = [link.interval for link in links if {one, other} <= set(link.sites)]
    interval = min(joining) if joining else max((link.interval for link in links), default=0)
    return 2 * interval * MINUTE


def _gone(view: View) -> frozenset[str]:
    """Controllers that cannot replicate whatever the others do."""
    left = {c.host for c in left_over(view.topology)} if view.topology else set()
    there = {c.host for c in view.controllers}  # one that was promoted again leaves both
    dead = {host for host in there if alive(view, host).cause == "controller.dead"}
    return frozenset((left - there) | dead)


def blame(lines: Sequence[Line], gone: Collection[str], pdc: str) -> dict[str, tuple[Line, ...]]:
    """Which controllers explain these lines, the fewest that do as far as a greedy choice
    finds them; each with the lines it explains.

    Args:
        gone: to be blamed first, if a line ends there at all. pdc: last, if all else is equal.
    """
    left, found = list(lines), dict[str, tuple[Line, ...]]()
    while left:
        ends = Counter(host for line in left for host in (line.to, line.source))
        readers = {line.to for line in left}
        refuse = Counter(map(_refusing, left))
        worst = min(
            ends,
            key=lambda h: (h not in gone, -refuse[h], -ends[h], h == pdc, h not in readers, h),
        )
        found[worst] = tuple(x for x in left if worst in (x.to, x.source))
        left = [x for x in left if worst not in (x.to, x.source)]
    return found


def _refusing(line: Line) -> str:
    """Which end says that it does not want to; "" for neither."""
    ends = {_SOURCE_REFUSES: line.source, _SINK_REFUSES: line.to}
    return ends.get(line.partner.error, "")
