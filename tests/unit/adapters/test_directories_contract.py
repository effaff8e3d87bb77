"""What every store promises of directories, agents and jobs (ports.directories)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.directories import Look
from keyturn.ports.store import Taken, Tx
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import (
    Envelope,
    Job,
    JobKind,
    JobState,
    Permit,
    Proof,
    due_at,
)
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    EnrolmentToken,
    Epoch,
    Lease,
    LinkedAccount,
    Run,
)
from keyturn.rules.lockout import MINUTE, SECOND
from tests.unit.adapters.stores import RANDOM, new_id, read, write

STAMP = Stamp(7, "ab" * 16, NOW, 4711)


def at_once(store: SqlStore, steps: Sequence[Callable[..., Any]]) -> list[Any]:
    """What many transactions that begin at the same moment answer."""
    futures = [store.submit_write(step) for step in steps]
    answers: list[Any] = []
    for future in futures:
        try:
            answers.append(future.result(timeout=30))
        except Taken as taken:
            answers.append(taken.what)
    return answers


def make_directory(tenant: str, **fields: Any) -> Directory:
    plain = Directory(new_id(), tenant, f"d{new_id().lower()}.test", None, "", None, NOW)
    return replace(plain, **fields)


def make_token(tenant: str, directory: str, **fields: Any) -> EnrolmentToken:
    plain = EnrolmentToken(
        RANDOM.token(), tenant, directory, AgentRole.CANDIDATE, new_id(), NOW + MINUTE, None
    )
    return replace(plain, **fields)


def make_run(**fields: Any) -> Run:
    plain = Run(RANDOM.token(), "machine", "dc1 (192.0.2.10)", NOW, NOW)
    return replace(plain, **fields)


def make_agent(tenant: str, directory: str, **fields: Any) -> Agent:
    plain = Agent(
        id=new_id(), tenant_id=tenant, directory_id=directory, name="dc1",
        role=AgentRole.CANDIDATE, state=AgentState.WAITING, controller="dc1.corp.test",
        signing_key=bytes(range(32)), sealing_key=b"\xff" * 32, certificate=None, bequest=None,
        run=None, sequences={}, version="1.0", facts="", enrolled_at=NOW, approved_by=None,
        revoked_at=None, clone_at=None,
    )  # fmt: skip
    return replace(plain, **fields)


def make_lease(directory: str, number: int = 1, **fields: Any) -> Lease:
    plain = Lease(directory, new_id(), RANDOM.token(), Epoch(3, number), NOW + 45 * SECOND)
    return replace(plain, **fields)


def make_account(tenant: str, directory: str, **fields: Any) -> LinkedAccount:
    guid = f"{RANDOM.id(NOW).lower():0>32}"
    plain = LinkedAccount(tenant, directory, new_id(), guid, "ada", "ada@corp.test", NOW)
    return replace(plain, **fields)


def make_job(account: LinkedAccount, **fields: Any) -> Job:
    plain = Job(
        id=new_id(), tenant_id=account.tenant_id, directory_id=account.directory_id,
        user_id=account.user_id, guid=account.guid, kind=JobKind.RESET, state=JobState.QUEUED,
        started_by=None, must_change=False, unlock=True, created_at=NOW,
        expires_at=NOW + 15 * MINUTE, deadline=NOW + MINUTE,
        envelopes=(Envelope(new_id(), b"\x00enc", b"\xfftext"),), permit=None, reason="",
        detail="", after=None, finished_at=None, everywhere_at=None,
    )  # fmt: skip
    return replace(plain, **fields)


def make_permit(**fields: Any) -> Permit:
    plain = Permit(
        new_id(), RANDOM.token(), Epoch(3, 9), STAMP, "dc1.corp.test", NOW, NOW + 30 * SECOND
    )
    return replace(plain, **fields)


def make_look(account: LinkedAccount, **fields: Any) -> Look:
    plain = Look(
        new_id(), account.tenant_id, account.directory_id, account.user_id, account.guid, "",
        account.user_id, NOW, NOW + MINUTE, "", "", None,
    )  # fmt: skip
    return replace(plain, **fields)


def test_an_account_may_have_an_id_as_long_as_a_sid(store: SqlStore, here: str) -> None:
    account = make_account(here, new_id(), guid="ab" * 68)
    write(store, lambda tx: tx.directories.link(account))
    place = (here, account.directory_id, account.guid)
    assert read(store, lambda tx: tx.directories.holder(*place)) == account
    job = add_job(store, make_job(account))
    assert read(store, lambda tx: tx.jobs.get(here, job.id)) == job
    look = make_look(account)
    write(store, lambda tx: tx.jobs.ask(look))
    assert read(store, lambda tx: tx.jobs.last_look(*place)) == look


def add_job(store: SqlStore, job: Job) -> Job:
    write(store, lambda tx: tx.jobs.add(job))
    return job


# -- directories


def test_a_directory_is_kept_changed_and_listed_by_name(store: SqlStore, here: str) -> None:
    second = make_directory(here, name="b.corp.test")
    first = make_directory(here, name="a.corp.test", identity=b"\x00\xff" * 16, topology_at=NOW)
    for made in (second, first):
        write(store, lambda tx, made=made: tx.directories.add(made))
    assert read(store, lambda tx: tx.directories.all(here)) == [first, second]
    changed = replace(second, topology='{"a":1}', topology_at=NOW)
    write(store, lambda tx: tx.directories.update(changed))
    assert read(store, lambda tx: tx.directories.get(here, second.id)) == changed


@pytest.mark.parametrize("kind", DirectoryKind)
def test_a_directory_is_of_one_kind_for_its_whole_life(
    store: SqlStore, here: str, kind: DirectoryKind
) -> None:
    made = make_directory(here, kind=kind)
    write(store, lambda tx: tx.directories.add(made))
    other = next(each for each in DirectoryKind if each is not kind)
    write(store, lambda tx: tx.directories.update(replace(made, kind=other, topology="{}")))
    found = read(store, lambda tx: tx.directories.get(here, made.id))
    assert found == replace(made, topology="{}")


def test_of_many_identities_the_first_stays(store: SqlStore, here: str) -> None:
    made = make_directory(here)
    write(store, lambda tx: tx.directories.add(made))
    keys = [bytes([n]) * 32 for n in range(6)]
    place = (here, made.id)
    taken = at_once(
        store, [lambda tx, key=key: tx.directories.take_identity(*place, key) for key in keys]
    )
    assert sorted(taken) == [False] * 5 + [True]
    write(store, lambda tx: tx.directories.update(replace(made, topology="{}")))
    first = replace(made, identity=keys[taken.index(True)], topology="{}")
    assert read(store, lambda tx: tx.directories.get(*place)) == first


def test_a_directory_name_is_unique_in_its_tenant_only(
    store: SqlStore, here: str, there: str
) -> None:
    made = make_directory(here)
    write(store, lambda tx: tx.directories.add(made))
    write(store, lambda tx: tx.directories.add(make_directory(there, name=made.name)))
    with pytest.raises(Taken, match="directory"):
        write(store, lambda tx: tx.directories.add(make_directory(here, name=made.name)))


def test_a_token_lets_in_once_however_many_come_at_once(store: SqlStore, here: str) -> None:
    token = make_token(here, new_id())
    write(store, lambda tx: tx.directories.add_token(token))
    used = at_once(store, [lambda tx: tx.directories.use_token(token.digest, NOW)] * 8)
    assert sorted(used) == [False] * 7 + [True]
    spent = replace(token, used_at=NOW)
    assert read(store, lambda tx: tx.directories.token(token.digest)) == spent


@pytest.mark.parametrize(("late", "used"), [(-1, True), (0, False), (1, False)])
def test_a_token_is_good_until_its_end(store: SqlStore, here: str, late: int, used: bool) -> None:
    token = make_token(here, new_id())
    write(store, lambda tx: tx.directories.add_token(token))
    now = token.expires_at + late
    left = [token] if used else []
    assert read(store, lambda tx: tx.directories.tokens(here, token.directory_id, now)) == left
    assert write(store, lambda tx: tx.directories.use_token(token.digest, now)) is used
    assert read(store, lambda tx: tx.directories.tokens(here, token.directory_id, now)) == []


def test_of_many_who_take_a_free_lease_one_has_it(store: SqlStore, here: str) -> None:
    directory = new_id()
    leases = [make_lease(directory) for _ in range(8)]
    takes = [lambda tx, one=one: tx.directories.take_lease(here, one, None) for one in leases]
    taken = at_once(store, takes)
    assert sorted(taken) == [False] * 7 + [True]
    held = leases[taken.index(True)]
    assert read(store, lambda tx: tx.directories.lease(here, directory)) == held


def test_of_many_who_take_over_one_does(store: SqlStore, here: str) -> None:
    directory = new_id()
    was = make_lease(directory)
    write(store, lambda tx: tx.directories.take_lease(here, was, None))
    leases = [make_lease(directory, 2) for _ in range(8)]
    takes = [lambda tx, one=one: tx.directories.take_lease(here, one, was) for one in leases]
    assert sorted(at_once(store, takes)) == [False] * 7 + [True]


@pytest.mark.parametrize(
    "other",
    [{"agent_id": "x" * 26}, {"run_id": "x"}, {"until": NOW}, {"epoch": Epoch(3, 2)},
     {"epoch": Epoch(2, 1)}, {"directory_id": "x" * 26}],
    ids=lambda fields: next(iter(fields)),
)  # fmt: skip
def test_a_lease_that_has_changed_is_not_taken(
    store: SqlStore, here: str, other: dict[str, Any]
) -> None:
    held = make_lease(new_id())
    assert write(store, lambda tx: tx.directories.take_lease(here, held, None))
    mine = replace(held, epoch=Epoch(3, 5))
    seen = replace(held, **other)
    assert not write(store, lambda tx: tx.directories.take_lease(here, mine, seen))
    assert write(store, lambda tx: tx.directories.take_lease(here, mine, held))


def test_an_account_belongs_to_one_user_and_a_user_has_one_a_directory(
    store: SqlStore, here: str
) -> None:
    directory = new_id()
    ada = make_account(here, directory)
    write(store, lambda tx: tx.directories.link(ada))
    bob = make_account(here, directory, guid=ada.guid)
    with pytest.raises(Taken, match="account"):
        write(store, lambda tx: tx.directories.link(bob))
    other = replace(ada, guid="e" * 32, name="ada.b")
    write(store, lambda tx: tx.directories.link(other))
    assert read(store, lambda tx: tx.directories.linked(here, ada.user_id)) == [other]
    write(store, lambda tx: tx.directories.link(bob))  # free again
    assert read(store, lambda tx: tx.directories.holder(here, directory, ada.guid)) == bob
    write(store, lambda tx: tx.directories.unlink(here, directory, bob.user_id))
    assert read(store, lambda tx: tx.directories.holder(here, directory, ada.guid)) is None


def test_of_many_who_link_one_account_at_once_one_gets_it(store: SqlStore, here: str) -> None:
    directory, guid = new_id(), "f" * 32
    accounts = [make_account(here, directory, guid=guid) for _ in range(6)]
    links = [lambda tx, one=one: tx.directories.link(one) for one in accounts]
    assert sorted(at_once(store, links), key=str) == [None] + ["account"] * 5


# -- agents


def test_an_agent_is_kept_and_changed_but_for_its_run_and_numbers(
    store: SqlStore, here: str
) -> None:
    made = make_agent(here, new_id(), run=make_run(), sequences={"work": 3})
    write(store, lambda tx: tx.agents.add(made))
    assert read(store, lambda tx: tx.agents.by_id(made.id)) == made
    changed = replace(
        made, state=AgentState.ACTIVE, certificate=b"c" * 80, bequest=b"\x00b",
        approved_by=new_id(), run=None, sequences={}, sealing_key=b"s" * 32, facts="{}",
    )  # fmt: skip
    write(store, lambda tx: tx.agents.update(changed))
    kept = replace(changed, run=made.run, sequences=made.sequences)
    assert read(store, lambda tx: tx.agents.by_id(made.id)) == kept
    assert read(store, lambda tx: tx.agents.of(here, made.directory_id)) == [kept]


def test_a_name_is_free_again_when_its_agent_is_revoked(store: SqlStore, here: str) -> None:
    first = make_agent(here, new_id())
    second = make_agent(here, first.directory_id)
    write(store, lambda tx: tx.agents.add(first))
    with pytest.raises(Taken, match="agent"):
        write(store, lambda tx: tx.agents.add(second))
    gone = replace(first, state=AgentState.REVOKED, revoked_at=NOW)
    write(store, lambda tx: tx.agents.update(gone))
    write(store, lambda tx: tx.agents.add(second))
    with pytest.raises(Taken, match="agent"):
        write(store, lambda tx: tx.agents.update(first))
    assert read(store, lambda tx: tx.agents.of(here, first.directory_id)) == [gone, second]


def test_a_number_is_taken_once_and_only_rises_in_its_lane(store: SqlStore, here: str) -> None:
    made = make_agent(here, new_id())
    write(store, lambda tx: tx.agents.add(made))

    def take(lane: str, number: int) -> bool:
        return bool(write(store, lambda tx: tx.agents.advance(made.id, lane, number)))

    assert [take("work", n) for n in (5, 5, 4, 6)] == [True, False, False, True]
    assert take("bell", 1)
    same = [lambda tx: tx.agents.advance(made.id, "work", 9)] * 8
    assert sorted(at_once(store, same)) == [False] * 7 + [True]
    found = read(store, lambda tx: tx.agents.by_id(made.id))
    assert found.sequences == {"work": 9, "bell": 1}


def test_nobody_has_no_numbers(store: SqlStore) -> None:
    nobody = new_id()
    assert not write(store, lambda tx: tx.agents.advance(nobody, "work", 1))
    assert read(store, lambda tx: tx.agents.by_id(nobody)) is None


def test_of_many_runs_that_begin_at_once_one_does(store: SqlStore, here: str) -> None:
    made = make_agent(here, new_id())
    write(store, lambda tx: tx.agents.add(made))
    runs = [make_run() for _ in range(6)]
    begun = at_once(
        store, [lambda tx, one=one: tx.agents.begin(made.id, one, None) for one in runs]
    )
    assert sorted(begun) == [False] * 5 + [True]
    first = runs[begun.index(True)]
    later = make_run(since=NOW + 1)
    assert not write(store, lambda tx: tx.agents.begin(made.id, later, "another"))
    assert write(store, lambda tx: tx.agents.begin(made.id, later, first.id))
    assert read(store, lambda tx: tx.agents.by_id(made.id)).run == later


def test_only_the_present_run_ends(store: SqlStore, here: str) -> None:
    made = make_agent(here, new_id(), run=make_run(id="now"))
    write(store, lambda tx: tx.agents.add(made))
    assert not write(store, lambda tx: tx.agents.end(made.id, "before"))
    assert read(store, lambda tx: tx.agents.by_id(made.id)) == made
    assert write(store, lambda tx: tx.agents.end(made.id, "now"))
    assert not write(store, lambda tx: tx.agents.end(made.id, "now"))
    assert read(store, lambda tx: tx.agents.by_id(made.id)).run is None


def test_who_was_stopped_since_is_known(store: SqlStore, here: str) -> None:
    at = NOW + 99 * MINUTE
    told: dict[str, dict[str, Any]] = {
        "lives": {},
        "revoked": {"state": AgentState.REVOKED, "revoked_at": at},
        "cloned": {"clone_at": at + 1},
        "both": {"revoked_at": at, "clone_at": at},
        "before": {"revoked_at": at - 1},
    }
    named = {name: make_agent(here, new_id(), **fields) for name, fields in told.items()}
    for agent in named.values():
        write(store, lambda tx, agent=agent: tx.agents.add(agent))
    stopped = read(store, lambda tx: tx.agents.stopped(at))
    assert sorted(stopped) == sorted(named[name].id for name in ("revoked", "cloned", "both"))


def test_only_a_commit_that_concerns_agents_wakes_them(store: SqlStore, here: str) -> None:
    heard: list[int] = []
    store.on_work(lambda: heard.append(1))
    agent = make_agent(here, new_id())
    write(store, lambda tx: tx.agents.heard([agent.id], NOW))
    write(store, lambda _tx: None)  # announced after the answer, before the next item
    assert not heard
    write(store, lambda tx: tx.agents.add(agent))
    write(store, lambda tx: tx.agents.update(replace(agent, state=AgentState.ACTIVE)))
    write(store, lambda _tx: None)
    assert heard == [1, 1]


def test_an_agent_that_is_locked_is_changed_by_nobody_else(store: SqlStore, here: str) -> None:
    agent = make_agent(here, new_id())
    write(store, lambda tx: tx.agents.add(agent))

    def see(tx: Tx, name: str) -> None:
        found = tx.agents.lock(agent.id)
        assert found is not None
        tx.agents.update(replace(found, facts=found.facts + name))

    at_once(store, [lambda tx, n=n: see(tx, str(n)) for n in range(8)])
    found = read(store, lambda tx: tx.agents.by_id(agent.id))
    assert sorted(found.facts) == list("01234567")
    assert write(store, lambda tx: tx.agents.lock("nobody")) is None


def test_that_many_agents_live_is_written_at_once_and_never_back(
    store: SqlStore, here: str
) -> None:
    directory = new_id()
    many = [make_agent(here, directory, name=f"a{n}", run=make_run()) for n in range(1100)]
    silent = make_agent(here, directory)

    def add(tx: Tx) -> None:
        for agent in [*many, silent]:
            tx.agents.add(agent)

    write(store, add)
    everybody = [agent.id for agent in [*many, silent]]
    for now in (NOW + 15 * SECOND, NOW):
        write(store, lambda tx, now=now: tx.agents.heard(everybody, now))
    found = read(store, lambda tx: tx.agents.of(here, directory))
    assert {agent.run and agent.run.seen_at for agent in found} == {NOW + 15 * SECOND, None}


# -- jobs


@pytest.fixture
def ada(here: str) -> LinkedAccount:
    """An account that jobs are about."""
    return make_account(here, new_id())


def test_a_job_comes_back_as_it_was(store: SqlStore, ada: LinkedAccount) -> None:
    plain = make_job(ada)
    whole = make_job(
        ada, kind=JobKind.UNLOCK, state=JobState.DONE, started_by=new_id(), must_change=True,
        unlock=False, deadline=None, envelopes=(), permit=make_permit(), reason="gone",
        detail='{"minimum":15}', after=STAMP, finished_at=NOW, everywhere_at=NOW,
    )  # fmt: skip
    for job in (plain, whole):
        add_job(store, job)
        assert read(store, lambda tx, job=job: tx.jobs.get(ada.tenant_id, job.id)) == job


def test_a_job_is_stored_only_from_the_state_it_was_in(store: SqlStore, ada: LinkedAccount) -> None:
    job = add_job(store, make_job(ada))
    permitted = replace(job, state=JobState.PERMITTED, permit=make_permit())
    takes = [lambda tx: tx.jobs.update(permitted, JobState.QUEUED)] * 8
    assert sorted(at_once(store, takes)) == [False] * 7 + [True]
    assert read(store, lambda tx: tx.jobs.get(ada.tenant_id, job.id)) == permitted
    done = replace(permitted, state=JobState.DONE, envelopes=(), after=STAMP, finished_at=NOW)
    assert write(store, lambda tx: tx.jobs.update(done, JobState.PERMITTED))
    assert not write(store, lambda tx: tx.jobs.update(permitted, JobState.PERMITTED))


def test_one_permit_for_an_account_however_many_ask_at_once(
    store: SqlStore, ada: LinkedAccount
) -> None:
    queued = [add_job(store, make_job(ada)) for _ in range(5)]
    asked = [replace(job, state=JobState.PERMITTED, permit=make_permit()) for job in queued]
    takes = [lambda tx, job=job: tx.jobs.update(job, JobState.QUEUED) for job in asked]
    answers = at_once(store, takes)
    assert sorted(answers, key=str) == [True] + ["permit"] * 4
    first = asked[answers.index(True)]
    unsettled = replace(first, state=JobState.UNSETTLED)
    assert write(store, lambda tx: tx.jobs.update(unsettled, JobState.PERMITTED))
    second = next(job for job in asked if job.id != first.id)
    with pytest.raises(Taken, match="permit"):
        write(store, lambda tx: tx.jobs.update(second, JobState.QUEUED))
    failed = replace(unsettled, state=JobState.NOT_DONE)
    assert write(store, lambda tx: tx.jobs.update(failed, JobState.UNSETTLED))
    assert write(store, lambda tx: tx.jobs.update(second, JobState.QUEUED))
    with pytest.raises(Taken, match="permit"):
        add_job(store, make_job(ada, state=JobState.PERMITTED))


def test_whoever_locks_a_job_has_all_open_ones_of_the_account(
    store: SqlStore, ada: LinkedAccount
) -> None:
    """Each of many counts those that are queued and ends one: nobody counts the same."""
    jobs = [add_job(store, make_job(ada)) for _ in range(6)]

    def end(job: Job) -> Callable[[Tx], int]:
        def step(tx: Tx) -> int:
            held = tx.jobs.lock(ada.tenant_id, job.id)
            assert held == job
            seen = tx.jobs.open_of(ada.tenant_id, ada.directory_id, ada.guid)
            tx.jobs.update(replace(job, state=JobState.NOT_DONE), JobState.QUEUED)
            return len(seen)

        return step

    assert sorted(at_once(store, [end(job) for job in jobs])) == [1, 2, 3, 4, 5, 6]
    assert write(store, lambda tx: tx.jobs.lock(ada.tenant_id, new_id())) is None


def test_jobs_are_listed_by_what_is_to_be_done_with_them(
    store: SqlStore, ada: LinkedAccount
) -> None:
    bob = make_account(ada.tenant_id, ada.directory_id)
    by_state = {state: add_job(store, make_job(ada, state=state)) for state in JobState
                if state is not JobState.UNSETTLED}  # fmt: skip
    unsettled = add_job(store, make_job(bob, state=JobState.UNSETTLED))
    everywhere = add_job(store, make_job(bob, state=JobState.DONE, everywhere_at=NOW, envelopes=()))
    tried = add_job(store, make_job(bob, state=JobState.DONE, everywhere_at=NOW))
    given_up = add_job(store, make_job(bob, state=JobState.DONE, reason="unreachable"))
    place = (ada.tenant_id, ada.directory_id)

    def listed(fn: Callable[[Tx], Any]) -> list[str]:
        return [job.id for job in read(store, fn)]

    is_open = [by_state[JobState.QUEUED].id, by_state[JobState.PERMITTED].id]
    assert listed(lambda tx: tx.jobs.open(*place)) == [*is_open, unsettled.id]
    of_ada = listed(lambda tx: tx.jobs.open_of(*place, ada.guid))
    assert of_ada == [by_state[JobState.CHOOSING].id, *is_open]
    assert listed(lambda tx: tx.jobs.watched(*place)) == [by_state[JobState.DONE].id, tried.id]
    newest = [given_up.id, tried.id, everywhere.id, unsettled.id]
    assert listed(lambda tx: tx.jobs.of(*place, bob.user_id, 9)) == newest
    assert listed(lambda tx: tx.jobs.of(ada.tenant_id, None, bob.user_id, 2)) == newest[:2]
    assert len(listed(lambda tx: tx.jobs.of(*place, None, 99))) == len(by_state) + 4
    assert listed(lambda tx: tx.jobs.of(ada.tenant_id, new_id(), None, 9)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"state": JobState.CHOOSING, "deadline": None},
        {"state": JobState.QUEUED},
        {"state": JobState.PERMITTED, "permit": make_permit()},
        {"state": JobState.DONE, "finished_at": NOW},
    ],
    ids=lambda fields: str(fields["state"]),
)
def test_the_sweep_finds_a_job_from_the_moment_it_is_due(
    store: SqlStore, ada: LinkedAccount, fields: dict[str, Any]
) -> None:
    job = make_job(ada, **fields)
    due = due_at(job)
    assert due is not None
    add_job(store, job)

    def found(now: int) -> bool:
        return job in read(store, lambda tx: tx.jobs.due(now, 9999))

    assert [found(due - 1), found(due)] == [False, True]
    over = replace(job, state=JobState.NOT_DONE, permit=None)
    assert due_at(over) is None
    assert write(store, lambda tx: tx.jobs.update(over, job.state))
    assert not found(due)


def test_the_first_due_come_first_and_no_more_than_asked(
    store: SqlStore, ada: LinkedAccount
) -> None:
    ends = [NOW // 2 + n for n in (3, 1, 2)]
    jobs = [add_job(store, make_job(ada, deadline=at)) for at in ends]
    assert read(store, lambda tx: tx.jobs.due(NOW // 2 + 9, 2)) == [jobs[1], jobs[2]]


def test_a_proof_takes_the_place_of_the_one_before(store: SqlStore, ada: LinkedAccount) -> None:
    job = add_job(store, make_job(ada))
    first = Proof("dc2.corp.test", "B", ProofState.WAITING, NOW, None)
    other = Proof("dc1.corp.test", "A", ProofState.PROVED, NOW, 250)
    for proof in (first, other, replace(first, state=ProofState.ARRIVED, at=NOW + 1, delay_ms=9)):
        write(store, lambda tx, one=proof: tx.jobs.put_proof(ada.tenant_id, job.id, one))
    last = Proof("dc2.corp.test", "B", ProofState.ARRIVED, NOW + 1, 9)
    assert read(store, lambda tx: tx.jobs.proofs(ada.tenant_id, job.id)) == [other, last]


def test_a_look_is_answered_once(store: SqlStore, ada: LinkedAccount) -> None:
    look = make_look(ada)
    write(store, lambda tx: tx.jobs.ask(look))
    place = (ada.tenant_id, ada.directory_id)
    assert read(store, lambda tx: tx.jobs.unanswered(*place, look.expires_at - 1)) == [look]
    assert read(store, lambda tx: tx.jobs.unanswered(*place, look.expires_at)) == []
    answer = [lambda tx: tx.jobs.answer(ada.tenant_id, look.id, "{}", "", NOW + 1)] * 4
    assert sorted(at_once(store, answer)) == [False] * 3 + [True]
    told = replace(look, view="{}", answered_at=NOW + 1)
    assert read(store, lambda tx: tx.jobs.look(ada.tenant_id, look.id)) == told
    assert read(store, lambda tx: tx.jobs.unanswered(*place, NOW)) == []
    assert not write(store, lambda tx: tx.jobs.answer(ada.tenant_id, new_id(), "", "gone", NOW))


def test_what_stirs_keeps_its_mark_until_something_happens_to_it(
    store: SqlStore, ada: LinkedAccount
) -> None:
    place = ada.directory_id
    states: set[JobState] = set(JobState) - {JobState.PERMITTED}
    jobs = {state: make_job(ada, state=state) for state in states}
    looks = [make_look(ada), make_look(ada, expires_at=NOW), make_look(ada, answered_at=NOW)]
    agents = [make_agent(ada.tenant_id, place, name=state, state=state) for state in AgentState]

    def fill(tx: Tx) -> None:
        for job in jobs.values():
            tx.jobs.add(job)
        for look in looks:
            tx.jobs.ask(look)
        for agent in agents:
            tx.agents.add(agent)

    def marks() -> set[str]:
        found = read(store, lambda tx: tx.jobs.stirring(NOW))
        return {mark for directory, mark in found if directory == place}

    write(store, fill)
    moving = (JobState.QUEUED, JobState.UNSETTLED, JobState.DONE)
    wanted = {f"j|{jobs[state].id}|{state}" for state in moving}
    wanted |= {f"l|{looks[0].id}", f"a|{agents[0].id}"}
    assert marks() == wanted
    queued = jobs[JobState.QUEUED]
    over = replace(queued, state=JobState.NOT_DONE)
    write(store, lambda tx: tx.jobs.update(over, JobState.QUEUED))
    assert marks() == wanted - {f"j|{queued.id}|queued"}


def test_the_last_look_is_the_newest_of_the_account(store: SqlStore, ada: LinkedAccount) -> None:
    place = (ada.tenant_id, ada.directory_id, ada.guid)
    assert read(store, lambda tx: tx.jobs.last_look(*place)) is None
    first, second = make_look(ada), make_look(ada)
    by_name = make_look(ada, guid="", name="ada")
    for look in (first, second, by_name):
        write(store, lambda tx, look=look: tx.jobs.ask(look))
    assert read(store, lambda tx: tx.jobs.last_look(*place)) == second


# -- the wall


def test_nothing_of_one_tenant_is_found_or_changed_from_another(  # noqa: PLR0915  every method
    store: SqlStore, here: str, there: str
) -> None:
    directory, job_of = make_directory(here), make_account(here, new_id())
    account = replace(job_of, directory_id=directory.id)
    token, lease = make_token(here, directory.id), make_lease(directory.id)
    agent, job, look = make_agent(here, directory.id), make_job(account), make_look(account)
    proof = Proof("dc1.corp.test", "A", ProofState.WAITING, NOW, None)

    def fill(tx: Tx) -> None:
        tx.directories.add(directory)
        tx.directories.add_token(token)
        tx.directories.take_lease(here, lease, None)
        tx.directories.link(account)
        tx.agents.add(agent)
        tx.jobs.add(job)
        tx.jobs.put_proof(here, job.id, proof)
        tx.jobs.ask(look)

    def changed_from_there(tx: Tx) -> list[object]:
        place = (there, directory.id)
        tx.directories.unlink(*place, account.user_id)
        tx.directories.update(replace(directory, tenant_id=there, topology="x"))
        tx.agents.update(replace(agent, tenant_id=there, facts="x"))
        tx.jobs.put_proof(there, job.id, replace(proof, site="X"))
        return [
            tx.directories.take_lease(there, make_lease(directory.id, 2), lease),
            tx.directories.take_lease(there, make_lease(directory.id, 2), None),
            tx.jobs.update(replace(job, tenant_id=there), job.state),
            tx.jobs.answer(there, look.id, "x", "", NOW),
        ]

    def seen_from_there(tx: Tx) -> list[object]:
        place = (there, directory.id)
        return [
            tx.directories.get(*place), tx.directories.all(there), tx.directories.lease(*place),
            tx.directories.tokens(*place, NOW), tx.directories.linked(there, account.user_id),
            tx.directories.holder(*place, account.guid), tx.agents.of(*place),
            tx.jobs.get(there, job.id), tx.jobs.lock(there, job.id), tx.jobs.open(*place),
            tx.jobs.open_of(*place, job.guid), tx.jobs.watched(*place),
            tx.jobs.of(*place, job.user_id, 9), tx.jobs.proofs(there, job.id),
            tx.jobs.look(there, look.id), tx.jobs.last_look(*place, look.guid),
            tx.jobs.unanswered(*place, NOW),
        ]  # fmt: skip

    write(store, fill)
    assert not any(write(store, changed_from_there))
    assert not any(read(store, seen_from_there))
    place = (here, directory.id)
    assert read(store, lambda tx: tx.directories.get(*place)) == directory
    assert read(store, lambda tx: tx.directories.lease(*place)) == lease
    assert read(store, lambda tx: tx.directories.linked(here, account.user_id)) == [account]
    assert read(store, lambda tx: tx.agents.of(*place)) == [agent]
    assert read(store, lambda tx: tx.jobs.get(here, job.id)) == job
    assert read(store, lambda tx: tx.jobs.proofs(here, job.id)) == [proof]
    assert read(store, lambda tx: tx.jobs.look(here, look.id)) == look
