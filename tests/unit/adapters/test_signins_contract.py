"""What every store promises of directory sign-in (ports.signins), on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.budget import Streak
from keyturn.rules.directories.signins.tries import Try, TryState, begun
from keyturn.rules.directories.things import LinkedAccount
from tests.unit.adapters.stores import new_id, read, write


def made(store: SqlStore, tenant: str, directory: str, **fields: Any) -> Try:
    one = replace(begun(new_id(), tenant, directory, NOW), **fields)
    write(store, lambda tx: tx.signins.add(one))
    return one


def queued(store: SqlStore, tenant: str, directory: str, **fields: Any) -> Try:
    named = {"state": TryState.QUEUED, "guid": "ab" * 16, "user_id": new_id(), "lane": "g:ab",
             "asked_at": NOW, "deadline": NOW + 1,
             "envelopes": (Envelope(new_id(), b"\x00enc", b"\xfftext"),)}  # fmt: skip
    return made(store, tenant, directory, **{**named, **fields})


def ids(found: Sequence[Try]) -> list[str]:
    return [one.id for one in found]


def test_a_try_comes_back_as_it_was_stored(store: SqlStore, here: str, there: str) -> None:
    one = queued(store, here, new_id())
    assert read(store, lambda tx: tx.signins.get(here, one.id)) == one
    assert write(store, lambda tx: tx.signins.lock(here, one.id)) == one
    assert read(store, lambda tx: tx.signins.get(there, one.id)) is None
    assert write(store, lambda tx: tx.signins.lock(there, one.id)) is None
    assert read(store, lambda tx: tx.signins.get(here, new_id())) is None


def test_it_is_stored_over_the_state_that_it_was_in(store: SqlStore, here: str, there: str) -> None:
    one = queued(store, here, new_id())
    over = replace(
        one, state=TryState.ANSWERED, envelopes=(), bind=Bind.WRONG, reason="wrong",
        agent_id=new_id(), run_id="run", until=NOW + 5, answered_at=NOW + 3, rest_ms=600_000,
    )  # fmt: skip
    stranger = replace(over, tenant_id=there)
    assert not write(store, lambda tx: tx.signins.save(stranger, TryState.QUEUED))
    assert not write(store, lambda tx: tx.signins.save(over, TryState.TRYING))
    assert read(store, lambda tx: tx.signins.get(here, one.id)) == one
    assert write(store, lambda tx: tx.signins.save(over, TryState.QUEUED))
    assert read(store, lambda tx: tx.signins.get(here, one.id)) == over
    assert not write(store, lambda tx: tx.signins.save(over, TryState.QUEUED))


def test_those_that_wait_come_in_order_and_as_many_as_asked_for(
    store: SqlStore, here: str, there: str
) -> None:
    directory, other = new_id(), new_id()
    waiting = [queued(store, here, directory) for _ in range(3)]
    made(store, here, directory)
    queued(store, here, directory, deadline=NOW)
    queued(store, here, directory, state=TryState.TRYING, until=NOW + 1)
    queued(store, here, other)
    queued(store, there, directory)
    assert read(store, lambda tx: tx.signins.queued(here, directory, NOW, 9)) == waiting
    two = read(store, lambda tx: tx.signins.queued(here, directory, NOW, 2))
    assert ids(two) == ids(waiting[:2])
    assert read(store, lambda tx: tx.signins.waiting(here, directory, NOW)) == 3
    assert read(store, lambda tx: tx.signins.waiting(here, directory, NOW + 1)) == 0


def test_agents_hear_of_those_that_wait(store: SqlStore, here: str) -> None:
    directory = new_id()
    one = queued(store, here, directory)
    made(store, here, directory)

    def marks(now: int) -> set[str]:
        found = read(store, lambda tx: tx.jobs.stirring(now))
        return {mark for place, mark in found if place == directory}

    assert marks(NOW) == {f"t|{one.id}"}
    assert marks(NOW + 1) == set()


def test_whoever_hands_one_in_rings_the_bell(store: SqlStore, here: str) -> None:
    rung: list[bool] = []
    store.on_work(lambda: rung.append(True))
    one = made(store, here, new_id())
    assert not rung
    after = replace(one, state=TryState.QUEUED, deadline=NOW + 1)
    write(store, lambda tx: tx.signins.save(after, TryState.SEALING))
    assert rung
    rung.clear()
    over = replace(after, state=TryState.ANSWERED, answered_at=NOW)
    write(store, lambda tx: tx.signins.save(over, TryState.QUEUED))
    assert not rung


def test_a_streak_is_there_before_it_is_stored(store: SqlStore, here: str) -> None:
    directory = new_id()
    assert write(store, lambda tx: tx.signins.streak(here, directory, "g:1")) == Streak()
    streak = Streak(count=2, last_at=NOW, holder=new_id(), run_id="run", until=NOW + 9)
    write(store, lambda tx: tx.signins.keep(here, directory, "g:1", streak))
    assert write(store, lambda tx: tx.signins.streak(here, directory, "g:1")) == streak
    assert write(store, lambda tx: tx.signins.streak(here, directory, "g:2")) == Streak()
    assert write(store, lambda tx: tx.signins.streak(here, new_id(), "g:1")) == Streak()


def test_no_other_tenant_has_or_changes_a_streak(store: SqlStore, here: str, there: str) -> None:
    directory, streak = new_id(), Streak(count=3, last_at=NOW)
    write(store, lambda tx: tx.signins.streak(here, directory, "g:1"))
    write(store, lambda tx: tx.signins.keep(here, directory, "g:1", streak))
    with pytest.raises(IndexError):
        write(store, lambda tx: tx.signins.streak(there, directory, "g:1"))
    write(store, lambda tx: tx.signins.keep(there, directory, "g:1", Streak()))
    assert write(store, lambda tx: tx.signins.streak(here, directory, "g:1")) == streak


def test_of_those_who_count_at_one_moment_each_sees_the_one_before(
    store: SqlStore, here: str
) -> None:
    directory = new_id()

    def counts(tx: Any) -> int:
        streak = tx.signins.streak(here, directory, "g:1")
        more = replace(streak, count=streak.count + 1)
        tx.signins.keep(here, directory, "g:1", more)
        return int(more.count)

    futures = [store.submit_write(counts) for _ in range(50)]
    assert sorted(future.result(timeout=30) for future in futures) == list(range(1, 51))


def linked(store: SqlStore, tenant: str, directory: str, name: str, upn: str) -> LinkedAccount:
    account = LinkedAccount(tenant, directory, new_id(), f"{new_id():0>32}", name, upn, NOW)
    write(store, lambda tx: tx.directories.link(account))
    return account


@pytest.mark.parametrize(
    ("name", "upn", "found"),
    [
        ("ada", "", True),
        ("", "ada.byron@corp.test", True),
        ("nobody", "ada.byron@corp.test", True),
        ("ada", "nobody@corp.test", True),
        ("ada.byron@corp.test", "", False),
        ("", "ada", False),
        ("", "", False),
    ],
)
def test_an_account_is_found_by_its_names_whatever_their_capitals(
    store: SqlStore, here: str, there: str, name: str, upn: str, found: bool
) -> None:
    directory = new_id()
    ada = linked(store, here, directory, "Ada", "Ada.Byron@corp.test")
    linked(store, here, directory, "Ben", "")
    linked(store, here, new_id(), "Ada", "Ada.Byron@corp.test")
    assert read(store, lambda tx: tx.signins.called(here, directory, name, upn)) == [ada][:found]
    assert read(store, lambda tx: tx.signins.called(there, directory, name, upn)) == []


def test_of_accounts_that_share_a_name_two_are_enough_to_know(store: SqlStore, here: str) -> None:
    directory = new_id()
    for name in ("ada", "Ada", "ADA"):
        linked(store, here, directory, name, "")
    assert len(read(store, lambda tx: tx.signins.called(here, directory, "ada", ""))) == 2
