"""Which source locks an account again.

Bad logons are gathered by client: the computer's name where any log has it, else its address
(a log that has both ties them together).  What a source is follows from how it tries: by the
clock or not, since the password was changed or before, one name or many, at a keyboard or
without one.  Whoever still tries when the account is locked counts too: that is how a program
gives itself away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Final

from keyturn.rules.diagnosis.cause import CERTAIN, HINT, LIKELY, POSSIBLE, STRONG
from keyturn.rules.directories.logons.logon import RUN, TYPED, BadLogon, Way, Why
from keyturn.rules.directories.logons.source import NAMED_MAX, SOURCES_MAX, Counter, Kind, Source
from keyturn.rules.lockout import HOUR, MINUTE, SECOND

#: names from one place within an hour that make it a guesser's
GUESSES: Final = 5
#: tries within so long are one visit: programs try a password several times at once
VISIT_MS: Final = 5 * SECOND
#: visits that show a rhythm; how far they may stray; which share of them must keep it
VISITS, STRAY, KEPT = 4, 0.2, 0.75
#: visits that a device slept through at most
MISSED: Final = 3
#: a person gives up after so many tries, within so long
HAND_TRIES, HAND_MS = 10, 5 * MINUTE
#: controllers take the old password by NTLM for an hour (OldPasswordAllowedPeriod, Microsoft's
#: KB 906305; Samba's "old password allowed period"); what used it shows within the next one
TOLERATED_MS: Final = HOUR
#: a counter and a log that tell of the same logon differ by no more
SAME_MS: Final = 2 * SECOND
#: earlier than the password's change by a controller's clock and yet after it
CLOCKS_MS: Final = 2 * SECOND


@dataclass(frozen=True, slots=True)
class _Group:
    """The tries of one client at one account, by time, and what is known of it."""

    tries: Sequence[BadLogon]
    names: int
    every_ms: int | None
    set_at: int | None
    covered: bool

    @property
    def first(self) -> int:
        return self.tries[0].at

    @property
    def last(self) -> int:
        return self.tries[-1].at

    @property
    def since_change(self) -> bool:
        """It began after the change, and the logs reach back to before it."""
        return self.covered and self.set_at is not None and self.first >= self.set_at - CLOCKS_MS

    @property
    def ways(self) -> set[Way]:
        return {one.way for one in self.tries if one.why is not Why.LOCKOUT}

    @property
    def types(self) -> set[int | None]:
        return {one.logon_type for one in self.tries}

    def said(self, part: Callable[[BadLogon], str]) -> str:
        """The newest word of the tries, "" if none has one."""
        return next((part(one) for one in reversed(self.tries) if part(one)), "")


def rank(
    logons: Iterable[BadLogon], names: Collection[str], password_set_at: int | None, since: int
) -> tuple[Source, ...]:
    """Where an account's bad logons come from, the likeliest cause of its locks first.

    Args:
        logons: of all accounts, in any order; the same one told by two logs counts twice.
        names: the account's: sAMAccountName and UPN, lower case.
        password_set_at: ms since the epoch; None: not known.
        since: from when on `logons` are all that there were.
    """
    every = sorted(logons, key=_order)
    known = _stations(every)
    mine: dict[str, list[BadLogon]] = defaultdict(list)
    others: dict[str, list[BadLogon]] = defaultdict(list)
    for one in every:
        client = _client(one, known)
        others[client].append(one)
        if one.account in names:
            mine[client].append(one)
    covered = password_set_at is not None and since <= password_set_at
    sources = [
        _source(client, _group(tries, others[client] if client else (), password_set_at, covered))
        for client, tries in mine.items()
    ]
    sources.sort(key=lambda s: (-s.strength, -s.count, -s.last_at, s.client))
    return tuple(sources[:SOURCES_MAX])


def unseen(
    counters: Iterable[Counter], read: Collection[str], logons: Iterable[BadLogon],
    names: Collection[str], since: int,
) -> tuple[Source, ...]:  # fmt: skip
    """Controllers that have counted bad logons of the account which no log tells of.

    A controller forwards what it refuses to the PDC emulator, whose counter then moves as well
    (on Windows; Samba forwards nothing): what a log elsewhere tells of at that moment explains it.

    Args:
        read: controllers whose logs were read.
    """
    moments = [one.at for one in logons if one.account in names]
    found = [
        _counted(one, one.at)
        for one in counters
        if one.count and one.at is not None and one.at >= since and one.controller not in read
        and not any(abs(one.at - at) <= SAME_MS for at in moments)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda s: (-s.last_at, s.controllers)))


def _counted(counter: Counter, at: int) -> Source:
    return Source(
        kind=Kind.UNSEEN, client="", address="", workstation="", service="", ways=(),
        controllers=(counter.controller,), count=counter.count, first_at=at, last_at=at,
        every_ms=None, names=1, since_change=False, locked=False, strength=HINT,
    )  # fmt: skip


# --- who is who


def _order(one: BadLogon) -> tuple[int, str, str, str, str, str]:
    return (one.at, one.account, one.controller, one.workstation, one.address, one.service)


def _stations(logons: Iterable[BadLogon]) -> Mapping[str, str]:
    """The computer at each address, where logs name exactly one."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in logons:
        if one.address and one.workstation:
            seen[one.address].add(one.workstation)
    return {where: next(iter(found)) for where, found in seen.items() if len(found) == 1}


def _client(one: BadLogon, known: Mapping[str, str]) -> str:
    return one.workstation or known.get(one.address, one.address)


def _group(
    tries: Sequence[BadLogon], there: Sequence[BadLogon], set_at: int | None, covered: bool
) -> _Group:
    last = tries[-1].at
    names = {one.account for one in there if last - HOUR < one.at <= last}
    logons = [one for one in tries if one.why is not Why.LOCKOUT] or tries
    return _Group(tries, max(1, len(names)), rhythm([t.at for t in logons]), set_at, covered)


def rhythm(moments: Sequence[int]) -> int | None:
    """How often something is tried by the clock, ms; None if it is not.

    Args:
        moments: ms, ascending.
    """
    visits: list[int] = []
    last = None
    for at in moments:
        if last is None or at - last > VISIT_MS:
            visits.append(at)
        last = at
    if len(visits) < VISITS:
        return None
    gaps = [after - before for before, after in pairwise(visits)]
    usual = median_low(gaps)
    kept = sum(_keeps(gap, usual) for gap in gaps)
    return usual if kept >= KEPT * len(gaps) else None


def _keeps(gap: int, usual: int) -> bool:
    """Whether a gap is the usual one, or that of a device which slept through a few."""
    times = round(gap / usual)
    return 1 <= times <= MISSED and abs(gap - times * usual) <= STRAY * usual


# --- what a source is


def _source(client: str, group: _Group) -> Source:
    kind, strength = next(told for judge in _JUDGES if (told := judge(client, group)))
    locked = any(one.why is Why.LOCKOUT for one in group.tries)
    return Source(
        kind=kind,
        client=client,
        address=group.said(lambda one: one.address),
        workstation=group.said(lambda one: one.workstation),
        service=group.said(lambda one: one.service),
        ways=tuple(sorted(group.ways)),
        controllers=tuple(sorted({one.controller for one in group.tries}))[:NAMED_MAX],
        count=sum(one.why is not Why.LOCKOUT for one in group.tries),
        first_at=group.first,
        last_at=group.last,
        every_ms=group.every_ms,
        names=group.names,
        since_change=group.since_change,
        locked=locked,
        strength=min(CERTAIN, strength + 10 * locked),
    )


_Judged = tuple[Kind, int] | None


def _guessing(_client: str, group: _Group) -> _Judged:
    return (Kind.GUESSING, STRONG) if group.names >= GUESSES else None


def _run(_client: str, group: _Group) -> _Judged:
    """Windows says itself that a service or a task tries."""
    return (Kind.SERVICE, STRONG + 5) if group.types & RUN else None


def _clockwork(_client: str, group: _Group) -> _Judged:
    if group.every_ms is None:
        return None
    kind = Kind.SERVICE if group.said(lambda one: one.workstation) else Kind.PHONE
    return kind, LIKELY + (15 if group.since_change else 5)


def _tolerated(_client: str, group: _Group) -> _Judged:
    """It was let in with the old password for an hour, and then no longer."""
    if not group.since_change or group.set_at is None:
        return None
    waited = group.first - group.set_at
    within = TOLERATED_MS <= waited < 2 * TOLERATED_MS
    return (Kind.TOLERATED, LIKELY + 5) if group.ways == {Way.NTLM} and within else None


def _typed(_client: str, group: _Group) -> _Judged:
    if group.types & TYPED:
        return Kind.TYPED, LIKELY + 5
    few = 1 < len(group.tries) <= HAND_TRIES and group.last - group.first <= HAND_MS
    return (Kind.TYPED, POSSIBLE) if few and group.last - group.first > VISIT_MS else None


def _saved(_client: str, group: _Group) -> _Judged:
    if not group.said(lambda one: one.workstation):
        return None
    return Kind.SAVED, LIKELY if group.since_change else POSSIBLE + 5


def _program(client: str, group: _Group) -> _Judged:
    likely = POSSIBLE + 5 if group.since_change else POSSIBLE
    return Kind.PROGRAM, likely if client else HINT + 5


_JUDGES: Final = (_guessing, _run, _clockwork, _tolerated, _typed, _saved, _program)
