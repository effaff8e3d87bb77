"""One primary for a directory, and one place for a key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.leases import (
    ALIVE_MS,
    BEAT_MS,
    LEASE_MS,
    Other,
    alive,
    alternates,
    decide,
    leads,
    may_begin,
    release,
)
from keyturn.rules.directories.things import Epoch, Lease, Run

NOW = 1_000_000
HELD = Lease("d", "a", "run", Epoch(1, 7), NOW + 1)
RUN = Run("run", "machine", "dc1 (192.0.2.10)", since=NOW - 10**6, seen_at=NOW)


def asked(
    lease: Lease | None, agent: str = "a", run: str = "run", *, wants: bool = True,
    generation: int = 1,
) -> Lease | Other | None:  # fmt: skip
    return decide(lease, "d", agent, run, NOW, wants=wants, generation=generation)


def test_the_first_one_gets_it() -> None:
    assert asked(None) == Lease("d", "a", "run", Epoch(1, 1), NOW + LEASE_MS)
    assert asked(None, wants=False) is None


def test_its_holder_keeps_its_epoch_even_if_it_was_late() -> None:
    for until in (NOW + 1, NOW - 10**6):
        assert asked(replace(HELD, until=until)) == replace(HELD, until=NOW + LEASE_MS)
    assert asked(HELD, wants=False) is None


@pytest.mark.parametrize(("agent", "run"), [("b", "run"), ("a", "new")])
def test_another_key_and_another_run_wait_until_it_ends_and_raise_the_epoch(
    agent: str, run: str
) -> None:
    assert asked(HELD, agent, run) == Other(HELD)
    assert asked(HELD, agent, run, wants=False) == Other(HELD)
    over = replace(HELD, until=NOW)
    assert asked(over, agent, run) == Lease("d", agent, run, Epoch(1, 8), NOW + LEASE_MS)
    assert asked(over, agent, run, wants=False) is None


def test_a_restore_voids_every_lease_of_before() -> None:
    assert asked(HELD, generation=2) == Lease("d", "a", "run", Epoch(2, 8), NOW + LEASE_MS)
    newer = replace(HELD, epoch=Epoch(3, 1), until=NOW)
    assert asked(newer, "b", generation=2) == Lease("d", "b", "run", Epoch(3, 2), NOW + LEASE_MS)


def test_whoever_leads_leads_until_its_lease_ends() -> None:
    assert leads(HELD, "a", "run", NOW)
    assert not leads(HELD, "a", "run", NOW + 1)
    assert not leads(HELD, "a", "new", NOW)
    assert not leads(None, "a", "run", NOW)


def test_a_released_lease_is_free_at_once_and_keeps_its_epoch() -> None:
    assert release(HELD, "a", "run", NOW) == replace(HELD, until=NOW)
    over = replace(HELD, until=NOW - 5)
    assert release(over, "a", "run", NOW) == over
    assert release(HELD, "a", "new", NOW) is None
    assert release(None, "a", "run", NOW) is None


def test_a_second_run_begins_only_when_the_first_is_dead() -> None:
    assert may_begin(None, "new", "", "machine", NOW)
    assert may_begin(RUN, "run", "", "machine", NOW)
    assert not may_begin(RUN, "new", "", "machine", NOW)
    assert may_begin(RUN, "new", "run", "machine", NOW)
    assert not may_begin(RUN, "new", "run", "elsewhere", NOW)
    assert not may_begin(RUN, "new", "older", "machine", NOW)
    assert may_begin(RUN, "new", "", "elsewhere", NOW + ALIVE_MS)


def test_a_run_that_was_followed_and_speaks_again_shows_a_copied_key() -> None:
    young = replace(RUN, since=NOW)
    assert not alternates(None, "old", NOW)
    assert not alternates(RUN, "run", NOW)
    assert alternates(RUN, "old", NOW)
    assert not alternates(RUN, "old", NOW + ALIVE_MS)
    assert not alternates(young, "old", NOW + BEAT_MS - 1)
    assert alternates(young, "old", NOW + BEAT_MS)
    assert not alive(None, NOW)
