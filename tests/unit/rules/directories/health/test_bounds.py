"""Where one answer ends and the next begins, to the millisecond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keyturn.rules.directories.health.agents import DRIFT_MS, SECOND_MS, WRONG_MS
from keyturn.rules.directories.health.certificates import SOON_MS
from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.controllers import AGREE_MS
from keyturn.rules.directories.health.facts import Account, Facts, Heard
from keyturn.rules.directories.health.view import FRESH_MS
from keyturn.rules.directories.health.whole import EXPIRES_MS
from keyturn.rules.directories.leases import ALIVE_MS
from keyturn.rules.health.words import DAY, HOUR, MINUTE
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    HOSTS,
    NOW,
    WELL,
    a_sight,
    an_agent,
    replication_stopped,
    seen,
    with_probe,
)

DOMAIN, AGENT2 = "", "agent-dc2"


def _silent(ms: int) -> Facts:
    return an_agent(WELL, DC2, heard_at=NOW - ms)


def _second(ms: int) -> Facts:
    return an_agent(WELL, DC1, second_at=NOW - ms)


def _agents_clock(ms: int) -> Facts:
    return an_agent(WELL, DC2, ahead_ms=ms)


def _controllers_clock(ms: int) -> Facts:
    return a_sight(an_agent(WELL, DC2, ahead_ms=0), DC2, ahead_ms=ms)


def _all_clocks(spread: int) -> Facts:
    """All ten minutes ahead, but the last agent more."""
    facts = WELL
    for host in HOSTS:
        facts = a_sight(an_agent(facts, host, ahead_ms=10 * MINUTE), host, ahead_ms=0)
    return a_sight(an_agent(facts, DC3, ahead_ms=10 * MINUTE + spread), DC3, ahead_ms=0)


def _certificate(ms: int) -> Facts:
    return with_probe(ends_at=NOW + ms)


def _account(ms: int) -> Facts:
    return seen(WELL, account=Account("svc-keyturn", NOW + ms))


def _primary(ms: int) -> Facts:
    return replace(WELL, primary_at=NOW - ms)


def _beside(ms: int) -> Facts:
    """DC2 told long ago that it replicates with nobody."""
    old = replication_stopped(WELL, DC2).beside
    return replace(WELL, beside=tuple(replace(heard, at=NOW - ms) for heard in old))


def _newest(ms: int) -> Facts:
    """DC2 told the same, and then that all is well, or before."""
    old = replication_stopped(WELL, DC2).beside[1].sight
    return replace(WELL, beside=(*WELL.beside, Heard(AGENT2, WELL.beside[1].at + ms, old)))


#: name of a scene, a moment in it, the check and place, and what is so then
BOUNDS: tuple[tuple[Callable[[int], Facts], int, str, str, str], ...] = (
    (_silent, ALIVE_MS - 1, "agent", AGENT2, "ok"),
    (_silent, ALIVE_MS, "agent", AGENT2, "silent"),
    (_second, SECOND_MS - 1, "second", "agent-dc1", "refused"),
    (_second, SECOND_MS, "second", "agent-dc1", "ok"),
    (_agents_clock, DRIFT_MS, "clock", AGENT2, "ok"),
    (_agents_clock, -DRIFT_MS, "clock", AGENT2, "ok"),
    (_agents_clock, DRIFT_MS + 1, "clock", AGENT2, "drift"),
    (_agents_clock, -DRIFT_MS - 1, "clock", AGENT2, "drift"),
    (_agents_clock, WRONG_MS, "clock", AGENT2, "drift"),
    (_agents_clock, WRONG_MS + 1, "clock", AGENT2, "wrong"),
    (_agents_clock, -WRONG_MS - 1, "clock", AGENT2, "wrong"),
    (_controllers_clock, DRIFT_MS, "controller-clock", DC2, "ok"),
    (_controllers_clock, WRONG_MS + 1, "controller-clock", DC2, "wrong"),
    (_all_clocks, AGREE_MS, "domain-clock", DOMAIN, "apart"),
    (_all_clocks, AGREE_MS + 1, "domain-clock", DOMAIN, "ok"),
    (_certificate, 0, "end", DC2, "expired"),
    (_certificate, 1, "end", DC2, "soon"),
    (_certificate, SOON_MS, "end", DC2, "soon"),
    (_certificate, SOON_MS + 1, "end", DC2, "ok"),
    (_account, EXPIRES_MS, "account", DOMAIN, "expires"),
    (_account, EXPIRES_MS + 1, "account", DOMAIN, "ok"),
    (_primary, FRESH_MS - 1, "telling", DOMAIN, "ok"),
    (_primary, FRESH_MS, "telling", DOMAIN, "late"),
    (_beside, FRESH_MS - 1, "replication", DC2, "stopped"),
    (_beside, FRESH_MS, "replication", DC2, "unseen"),
    (_newest, 1, "replication", DC2, "stopped"),
    (_newest, -1, "replication", DC2, "ok"),
)


@pytest.mark.parametrize(("scene", "ms", "check", "subject", "word"), BOUNDS)
def test_a_bound_is_where_it_says(
    scene: Callable[[int], Facts], ms: int, check: str, subject: str, word: str
) -> None:
    (found,) = (f for f in judge(scene(ms)) if (f.check, f.subject) == (check, subject))
    assert found.cause == f"{check}.{word}"


def test_bounds_are_what_the_documentation_says() -> None:
    assert (DRIFT_MS, WRONG_MS, SECOND_MS) == (MINUTE, 5 * MINUTE, HOUR)
    assert (SOON_MS, EXPIRES_MS, FRESH_MS) == (30 * DAY, 30 * DAY, 3 * MINUTE)
