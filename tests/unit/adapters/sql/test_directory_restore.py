"""What a restore voids of directories, agents and jobs, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, directory_restore, open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Tx
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.resets import Job, JobState
from keyturn.rules.directories.signins.budget import Streak
from keyturn.rules.directories.signins.tries import begun
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import Agent, AgentState
from tests.unit.adapters.stores import new_id, read, write
from tests.unit.adapters.test_directories_contract import (
    at_once,
    make_account,
    make_agent,
    make_job,
    make_lease,
    make_permit,
    make_run,
    make_token,
)

AFTER = NOW + 1000


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """A store of its own for each test."""
    opened = open_store(store_url)
    engine = engine_of(opened)
    complete().drop_all(engine)
    complete().create_all(engine)
    yield opened
    opened.close()


def void(store: SqlStore, gone: list[str]) -> None:
    with engine_of(store).begin() as connection:
        directory_restore.void(connection, NOW, AFTER, gone)


def test_no_lease_and_no_token_of_the_backup_is_good(store: SqlStore) -> None:
    here, place = new_id(), new_id()
    write(store, lambda tx: tx.directories.take_lease(here, make_lease(place), None))
    tokens = [make_token(here, place, expires_at=NOW + late) for late in (-5, 5)]
    for token in tokens:
        write(store, lambda tx, token=token: tx.directories.add_token(token))
    void(store, [])
    assert read(store, lambda tx: tx.directories.lease(here, place)) is None
    ends = [read(store, lambda tx, t=t: tx.directories.token(t.digest)).expires_at for t in tokens]
    assert ends == [NOW - 5, NOW]
    assert write(store, lambda tx: tx.directories.take_lease(here, make_lease(place), None))


def test_agents_begin_anew_and_who_was_revoked_since_stays_so(store: SqlStore) -> None:
    here, place = new_id(), new_id()
    states = (AgentState.ACTIVE, AgentState.WAITING, AgentState.REVOKED, AgentState.ACTIVE)
    made = [
        make_agent(here, place, name=f"a{n}", state=state, run=make_run(), bequest=b"key",
                   revoked_at=NOW if state is AgentState.REVOKED else None)
        for n, state in enumerate(states)
    ]  # fmt: skip

    def fill(tx: Tx) -> None:
        for agent in made:
            tx.agents.add(agent)

    def seen() -> list[Agent]:
        found: list[Agent] = read(store, lambda tx: tx.agents.of(here, place))
        return found

    write(store, fill)
    with engine_of(store).connect() as connection:
        assert directory_restore.revoked(connection) == [made[2].id]
    void(store, [made[1].id, made[2].id])
    quiet = [replace(agent, run=None) for agent in made]
    quiet[1] = replace(quiet[1], state=AgentState.REVOKED, revoked_at=AFTER, bequest=None)
    assert seen() == quiet


@pytest.mark.parametrize("state", JobState)
def test_what_agents_had_under_way_is_not_done_or_is_settled_by_reading(
    store: SqlStore, state: JobState
) -> None:
    account = make_account(new_id(), new_id())
    permit = make_permit() if state in (JobState.PERMITTED, JobState.UNSETTLED) else None
    job = make_job(account, state=state, permit=permit)
    assert at_once(store, [lambda tx: tx.jobs.add(job)]) == [None]
    void(store, [])
    over: dict[str, Any] = {"state": JobState.NOT_DONE, "reason": "restored", "finished_at": AFTER}
    changes: dict[str, Any] = {
        JobState.CHOOSING: over, JobState.QUEUED: over,
        JobState.PERMITTED: {"state": JobState.UNSETTLED},
    }.get(state, {})  # fmt: skip
    wanted: Job = replace(job, envelopes=(), **changes)
    assert read(store, lambda tx: tx.jobs.get(account.tenant_id, job.id)) == wanted
    assert read(store, lambda tx: tx.jobs.due(2 * NOW, 99)) == []


def test_a_directory_is_read_anew_and_nothing_of_before_is_taken(store: SqlStore) -> None:
    here, place_id = new_id(), new_id()
    followed = Sync(place_id, Scope(), 4, Phase.FOLLOWING, "", 9, 9, b"cursor", NOW, NOW, NOW)
    write(store, lambda tx: tx.syncs.put(here, followed))
    void(store, [])
    found = read(store, lambda tx: tx.syncs.get(here, place_id))
    assert found == replace(followed, phase=Phase.DUE, number=5)


def test_no_try_of_the_backup_is_answered_and_what_was_counted_stays_counted(
    store: SqlStore,
) -> None:
    here, place = new_id(), new_id()
    one, counted = begun(new_id(), here, place, NOW), Streak(count=2, last_at=NOW)
    write(store, lambda tx: tx.signins.add(one))
    write(store, lambda tx: tx.signins.streak(here, place, "g:1"))
    write(store, lambda tx: tx.signins.keep(here, place, "g:1", counted))
    void(store, [])
    assert read(store, lambda tx: tx.signins.get(here, one.id)) is None
    assert write(store, lambda tx: tx.signins.streak(here, place, "g:1")) == counted
