"""The life of an agent's process, and what a copied key, a replay, a stranger come to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql.facts import GENERATION
from keyturn.flows import channel
from keyturn.ports.directories import Look
from keyturn.rules.accounts import Role
from keyturn.rules.budgets import SLIPS
from keyturn.rules.directories import topology
from keyturn.rules.directories.leases import ALIVE_MS, BEAT_MS, LEASE_MS
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.things import AgentRole, AgentState, Epoch
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.rules.lockout import HOUR
from keyturn.wire.messages import (
    COMMAND,
    AskPermit,
    Beat,
    Beaten,
    Begun,
    Charted,
    Denied,
    Fetch,
    Looked,
    Permitted,
    Release,
    Report,
    Seen,
    Taken,
    Work,
)
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.house import House, run
from tests.unit.flows.test_words import words

STAMP = Stamp(3, "aa", 1, 1)
CHART = topology.encode(
    Topology(
        "corp.example.test", "CORP", "DC=corp", "Samba", False,
        (Controller("dc1.corp.example.test", "Paris", "aa", False, True, True, True),), (),
    )
)  # fmt: skip


@pytest.fixture
def agency(house: House) -> Agency:
    return Agency(house)


def refused(why: str) -> Denied:
    return Denied(why, None)


def why(answer: object) -> str:
    """The word of a refusal."""
    assert isinstance(answer, Denied), answer
    return answer.why


def release(agency: Agency, machine: Machine, run_id: str | None = None) -> Taken | Denied:
    said = machine.said("bell")
    return run(channel.release(agency.parts, said, Release(run_id or machine.run_id)))


def fetch(agency: Agency, machine: Machine, run_id: str | None = None) -> Work | Denied:
    said = machine.said(run_id=run_id)
    return run(channel.fetch(agency.parts, said, Fetch(run_id or machine.run_id)))


def alarms(house: House) -> list[str]:
    """Kinds of the alarms that were heard."""
    return [str(e.facts["alarm"]) for e in house.trail() if e.event == "alarm.raised"]


# -- a run begins


def test_a_run_begins_and_what_it_says_of_itself_is_kept(agency: Agency) -> None:
    first = agency.first()
    answer = agency.begin(first, "next", replaces=first.run_id, version="0.2.0")
    assert isinstance(answer, Begun)
    assert (answer.approved, answer.bequest) == (True, None)
    stored = agency.stored(first)
    assert stored.run is not None
    assert (stored.run.id, stored.run.place, stored.version) == ("next", first.place, "0.2.0")
    assert agency.house.events().count("agent.started") == 2


def test_to_begin_again_as_the_same_run_changes_nothing_but_that_it_lives(agency: Agency) -> None:
    first = agency.first()
    before = agency.stored(first).run
    agency.house.clock.move(5_000)
    assert isinstance(agency.begin(first, first.run_id), Begun)
    after = agency.stored(first).run
    assert before is not None
    assert after == replace(before, seen_at=agency.house.clock.now())
    assert agency.house.events().count("agent.started") == 1


def test_a_second_process_is_refused_and_told_where_the_first_is(agency: Agency) -> None:
    first = agency.first()
    agency.house.clock.move(10_000)
    answer = agency.begin(replace(first, place="dc1 (twice)"), "second")
    assert isinstance(answer, Denied)
    assert answer.why == "run"
    assert answer.holder is not None
    assert (answer.holder.name, answer.holder.place) == ("dc1", "dc1 (192.0.2.10)")
    assert answer.holder.for_ms == 10_000
    assert answer.holder.ends_in_ms == ALIVE_MS - 10_000
    assert alarms(agency.house) == []


def test_a_refused_copy_uses_up_no_number_of_the_first(agency: Agency) -> None:
    first = agency.first()
    used = first.number["work"]
    for attempt in range(5):  # a copied folder: its numbers go on from where it was copied
        assert why(agency.begin(replace(first, machine="copy"), f"copy{attempt}")) == "run"
    first.number["work"] = used
    assert isinstance(agency.begin(first, "next", replaces=first.run_id), Begun)
    assert agency.stored(first).clone_at is None


def test_a_number_that_did_not_rise_begins_no_run(agency: Agency) -> None:
    first = agency.first()
    first.number["work"] = 0
    assert why(agency.begin(first, "next", replaces=first.run_id)) == "sequence"


def test_another_machine_with_the_same_key_is_refused_and_owners_hear_of_it(
    agency: Agency,
) -> None:
    owner = agency.house.user("owner@northwind.test", role=Role.OWNER)
    first = agency.first()
    for run_id in ("a", "b"):
        answer = agency.begin(first, run_id, machine="copy", place="evil (198.51.100.9)")
        assert why(answer) == "run"
    assert alarms(agency.house) == ["agent-twice"]
    assert agency.house.events().count("agent.refused") == 1
    letter = agency.house.last("alarm")
    assert letter.message.user_id == owner.id
    assert (letter.values["place"], letter.values["other"]) == (first.place, "evil (198.51.100.9)")
    assert isinstance(agency.beat(replace(first, run_id=agency.stored(first).run.id)), Beaten)  # type: ignore[union-attr]


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_a_run_that_is_silent_for_a_lease_gives_way(agency: Agency, after: int) -> None:
    first = agency.first()
    agency.house.clock.move(ALIVE_MS + after)
    answer = agency.begin(first, "next", machine="new hardware")
    assert isinstance(answer, Denied if after < 0 else Begun)


def test_a_forerunner_that_is_certainly_dead_gives_way_with_its_lease(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    assert isinstance(agency.begin(first, "next", replaces=first.run_id), Begun)
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch == Epoch(0, 2)


def test_nobody_knows_that_a_run_on_another_machine_is_dead(agency: Agency) -> None:
    first = agency.first()
    answer = agency.begin(first, "next", replaces=first.run_id, machine="copy")
    assert why(answer) == "run"


@pytest.mark.parametrize(
    "fields", [{"place": "p" * 301}, {"version": "v" * 41}, {"controller": "A B"}]
)
def test_what_cannot_be_stored_begins_nothing(agency: Agency, fields: dict[str, Any]) -> None:
    first = agency.first()
    assert agency.begin(first, first.run_id, **fields) == refused("message")


def test_the_run_that_signs_is_the_run_that_begins(agency: Agency) -> None:
    first = agency.first()
    assert agency.begin(first, "one", run_id="another") == refused("message")
    assert agency.begin(first, COMMAND) == refused("message")


def test_of_two_that_begin_at_once_one_is_told_of_the_other(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = agency.first()
    agency.house.clock.move(ALIVE_MS)
    kind = agency.house.write(lambda tx: type(tx.agents))
    monkeypatch.setattr(kind, "begin", lambda *_: False)
    assert why(agency.begin(first, "late")) == "run"


# -- a run ends


def test_a_run_that_ends_in_good_order_frees_its_lease_at_once(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    assert release(agency, first) == Taken()
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch == Epoch(0, 2)
    assert agency.stored(first).run is None
    assert agency.house.events()[-1] == "agent.stopped"


def test_whoever_ends_without_a_lease_frees_nobody_elses(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    assert release(agency, second) == Taken()
    beaten = agency.beat(first)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch == Epoch(0, 1)


def test_only_the_present_run_ends(agency: Agency) -> None:
    first = agency.first()
    assert why(release(agency, first, "another")) == "run"
    assert why(release(agency, replace(first, run_id="old"), "old")) == "run"
    assert release(agency, first) == Taken()
    assert release(agency, first) == refused("run")


# -- beats and the lease


def test_the_first_candidate_that_beats_is_primary_the_second_hears_who_is(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    agency.house.clock.move(1_000)
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert (beaten.epoch, beaten.lease_ms) == (None, 0)
    assert beaten.holder is not None
    assert (beaten.holder.name, beaten.holder.place) == ("dc1", first.place)
    assert beaten.holder.ends_in_ms == LEASE_MS - 1_000


def test_a_beat_renews_the_lease_with_the_same_epoch(agency: Agency) -> None:
    first = agency.first()
    agency.house.clock.move(BEAT_MS)
    beaten = agency.beat(first)
    assert isinstance(beaten, Beaten)
    assert (beaten.epoch, beaten.lease_ms) == (Epoch(0, 1), LEASE_MS)
    lease = agency.house.write(
        lambda tx: tx.directories.lease(agency.tenant.id, agency.directory.id)
    )
    assert lease is not None
    assert lease.until == agency.house.clock.now() + LEASE_MS


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_whoever_stands_by_takes_over_when_the_lease_has_ended(agency: Agency, after: int) -> None:
    first = agency.first()
    second = agency.second(first)
    agency.house.clock.move(LEASE_MS + after)
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch == (None if after < 0 else Epoch(0, 2))


def test_a_listener_never_leads_whatever_it_wants(agency: Agency) -> None:
    first = agency.first()
    ears = agency.second(first, "dc2", AgentRole.LISTENER)
    agency.house.clock.move(LEASE_MS)
    beaten = agency.beat(ears)
    assert isinstance(beaten, Beaten)
    assert (beaten.epoch, beaten.holder) == (None, None)


def test_a_restore_voids_the_leases_of_before(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    agency.house.write(lambda tx: tx.facts.set(GENERATION, "1"))
    assert channel.GENERATION == GENERATION
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch == Epoch(1, 2)


def test_beats_that_come_together_are_answered_each_in_its_place(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    batch = [
        (second.said("bell"), Beat(second.run_id, True, "")),
        (first.said("bell"), Beat(first.run_id, True, "")),
        (replace(first, id="nobody").said("bell"), Beat("r", True, "")),
    ]
    with agency.house.statements() as seen:
        answers = run(channel.beats(agency.parts, batch))
    assert [type(a) for a in answers] == [Beaten, Beaten, Denied]
    assert isinstance(answers[1], Beaten)
    assert answers[1].epoch == Epoch(0, 1)
    assert answers[2] == refused("signature")
    assert sum("SET seen_at" in s for s in seen) == 1


def test_a_lease_that_somebody_else_took_in_between_is_theirs(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = agency.first()
    second = agency.second(first)
    agency.house.clock.move(LEASE_MS)
    kind = agency.house.write(lambda tx: type(tx.directories))
    monkeypatch.setattr(kind, "take_lease", lambda *_: False)
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.epoch is None
    assert beaten.holder is not None
    monkeypatch.setattr(kind, "lease", lambda *_: None)
    beaten = agency.beat(second)
    assert beaten == Beaten(None, 0, None, False)


def test_a_holder_whose_run_has_ended_is_named_all_the_same(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    agency.house.write(lambda tx: tx.agents.end(first.id, first.run_id))
    beaten = agency.beat(second)
    assert isinstance(beaten, Beaten)
    assert beaten.holder is not None
    assert (beaten.holder.name, beaten.holder.place) == ("dc1", "")


def test_what_is_wrong_there_is_kept_unless_it_is_endless(agency: Agency) -> None:
    first = agency.first()
    agency.beat(first, health='{"tls": "old"}')
    assert agency.stored(first).facts == '{"tls": "old"}'
    agency.beat(first, health="x" * (channel.HEALTH_MAX + 1))
    assert agency.stored(first).facts == '{"tls": "old"}'


def test_a_beat_says_whether_there_is_work_in_the_own_directory(house: House) -> None:
    agency = Agency(house)
    first = agency.first()
    Agency(house, "other.test").job()
    beaten = agency.beat(first)
    assert isinstance(beaten, Beaten)
    assert not beaten.work
    agency.job()
    beaten = agency.beat(first)
    assert isinstance(beaten, Beaten)
    assert beaten.work


def test_nobody_beats_who_waits_for_approval(agency: Agency) -> None:
    agency.first()
    newcomer = agency.machine("dc2")
    agency.enrol(newcomer)
    begun = agency.begin(newcomer)
    assert isinstance(begun, Begun)
    assert not begun.approved
    assert agency.beat(newcomer) == refused("waiting")
    assert fetch(agency, newcomer) == refused("waiting")


def test_a_beat_for_another_run_than_the_one_that_signs_is_none(agency: Agency) -> None:
    first = agency.first()
    beat = Beat("another", True, "")
    assert run(channel.beats(agency.parts, [(first.said("bell"), beat)])) == [refused("message")]


# -- a key in two places


def copied(agency: Agency, machine: Machine) -> None:
    """It is stopped for good, the audit trail and the owners know."""
    assert agency.stored(machine).clone_at is not None
    assert agency.house.events().count("agent.copied") == 1
    assert "agent-copied" in alarms(agency.house)
    assert agency.beat(machine) == refused("cloned")
    assert agency.begin(machine, "new") == refused("cloned")


def test_a_first_one_that_is_back_with_the_numbers_of_before_is_still_seen(agency: Agency) -> None:
    first = agency.first()
    old = replace(first, number=Counter(first.number))
    agency.house.clock.move(ALIVE_MS)
    assert isinstance(agency.begin(first, "copy", machine="elsewhere"), Begun)
    for _ in range(5):
        agency.house.clock.move(BEAT_MS)
        assert isinstance(agency.beat(replace(first, run_id="copy")), Beaten)
    assert agency.beat(old) == refused("cloned")


def test_two_runs_that_alternate_are_a_copied_key_and_both_stop(agency: Agency) -> None:
    owner = agency.house.user("owner@northwind.test", role=Role.OWNER)
    first = agency.first()
    old = replace(first)
    agency.house.clock.move(ALIVE_MS)  # it slept; a copy elsewhere begins
    assert isinstance(agency.begin(first, "copy", machine="elsewhere", place="evil"), Begun)
    agency.house.clock.move(BEAT_MS)
    agency.beat(first)
    assert agency.beat(old) == refused("cloned")  # and the first wakes up
    copied(agency, first)
    assert agency.house.last("alarm").message.user_id == owner.id


def test_a_late_request_of_a_dead_forerunner_is_refused_and_nothing_more(agency: Agency) -> None:
    first = agency.first()
    old = replace(first)
    agency.begin(first, "next", replaces=first.run_id)
    agency.house.clock.move(BEAT_MS - 1)
    agency.beat(first)
    answer = agency.beat(old)
    assert why(answer) == "run"
    assert agency.stored(first).clone_at is None


def test_a_replayed_request_is_refused_and_changes_nothing(agency: Agency) -> None:
    first = agency.first()
    said, beat = first.said("bell"), Beat(first.run_id, True, "")
    run(channel.beats(agency.parts, [(said, beat)]))
    agency.house.clock.move(LEASE_MS)
    assert run(channel.beats(agency.parts, [(said, beat)])) == [refused("sequence")]
    lease = agency.house.write(
        lambda tx: tx.directories.lease(agency.tenant.id, agency.directory.id)
    )
    assert lease is not None
    assert lease.until == agency.house.clock.now()


def test_numbers_that_keep_falling_behind_are_a_copied_key(agency: Agency) -> None:
    first = agency.first()
    copy = replace(first, number=first.number.copy())  # a machine cloned while it ran
    answers = []
    for _ in range(SLIPS.limit + 1):
        agency.house.clock.move(BEAT_MS)
        assert isinstance(agency.beat(first), Beaten)
        answers.append(why(agency.beat(copy)))
    assert answers == ["sequence"] * SLIPS.limit + ["cloned"]
    copied(agency, first)


def test_what_was_late_twice_in_an_hour_is_forgiven(agency: Agency) -> None:
    first = agency.first()
    for _ in range(3):
        for _ in range(SLIPS.limit):
            late = [(first.said("bell", number=1), Beat(first.run_id, True, ""))]
            assert run(channel.beats(agency.parts, late)) == [refused("sequence")]
        agency.house.clock.move(HOUR)
    assert agency.stored(first).clone_at is None


def test_who_only_wants_to_be_rung_may_come_late_as_often_as_a_slow_server_has_it(
    agency: Agency,
) -> None:
    first = agency.first()
    for lane in ("bell", "wait"):
        assert isinstance(run(channel.listen(agency.parts, first.said(lane), first.run_id)),
                          channel.Listening)  # fmt: skip
        for _ in range(3 * SLIPS.limit):
            late = first.said(lane, number=1)
            assert why(run(channel.listen(agency.parts, late, first.run_id))) == "sequence"
    assert isinstance(agency.beat(first), Beaten)
    assert agency.stored(first).clone_at is None


def test_each_lane_counts_for_itself(agency: Agency) -> None:
    first = agency.first()
    for _ in range(5):
        agency.beat(first)
    assert isinstance(fetch(agency, first), Work)
    waits = run(channel.listen(agency.parts, first.said("wait"), first.run_id))
    assert isinstance(waits, channel.Listening)


@pytest.mark.parametrize("lane", ["work", "bell", "wait"])
def test_a_revoked_agent_hears_so_on_every_lane(agency: Agency, lane: str) -> None:
    first = agency.first()
    agency.change(first, lambda a: replace(a, state=AgentState.REVOKED, revoked_at=1))
    answers: dict[str, Callable[[], object]] = {
        "work": lambda: fetch(agency, first),
        "bell": lambda: agency.beat(first),
        "wait": lambda: run(channel.listen(agency.parts, first.said("wait"), first.run_id)),
    }
    assert answers[lane]() == refused("revoked")
    assert agency.begin(first) == refused("revoked")
    assert release(agency, first) == refused("revoked")


def test_an_agent_of_a_tenant_that_is_gone_is_nobody(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = agency.first()
    kind = agency.house.write(lambda tx: type(tx.tenants))
    monkeypatch.setattr(kind, "get", lambda *_: None)
    assert agency.beat(first) == refused("signature")


def test_the_letters_of_both_alarms_name_the_agent_and_both_places(agency: Agency) -> None:
    agency.house.user("owner@northwind.test", role=Role.OWNER)
    first = agency.first()
    agency.begin(first, "b", machine="copy", place="evil (198.51.100.9)")
    twice = words(agency.house, agency.house.last("alarm"))
    assert "The agent dc1 runs at dc1 (192.0.2.10)" in twice
    assert "evil (198.51.100.9)" in twice
    for _ in range(SLIPS.limit + 1):
        late = [(first.said("bell", number=1), Beat(first.run_id, True, ""))]
        run(channel.beats(agency.parts, late))
    copied = words(agency.house, agency.house.last("alarm"))
    assert "use the key of the agent dc1" in copied
    assert "the console and enrol it anew" in " ".join(copied.split())


# -- the bell


def test_whoever_listens_hears_what_stirs_already(agency: Agency) -> None:
    first = agency.first()
    job = agency.job()
    listening = run(channel.listen(agency.parts, first.said("bell"), first.run_id))
    assert listening == channel.Listening(frozenset({f"j|{job.id}|queued"}))
    assert why(run(channel.listen(agency.parts, first.said("bell", run_id="x"), "x"))) == "run"


def test_news_are_of_all_directories_and_name_who_was_stopped(house: House) -> None:
    agency, other = Agency(house), Agency(house, "other.test")
    first, second = agency.first(), other.first()
    job = other.job()
    now = house.clock.now()
    agency.change(first, lambda a: replace(a, state=AgentState.REVOKED, revoked_at=now))
    other.change(second, lambda a: replace(a, clone_at=now - 10))
    news = run(channel.news(agency.parts, now))
    assert news.marks == {(other.directory.id, f"j|{job.id}|queued")}
    assert news.stopped == {first.id}


# -- work


def test_the_primary_fetches_what_there_is_and_nobody_elses(house: House) -> None:
    agency = Agency(house)
    first = agency.first()
    second = agency.second(first)
    Agency(house, tenant=house.add_tenant("globex")).job()
    job = agency.job()
    work = fetch(agency, first)
    assert isinstance(work, Work)
    assert [t.job_id for t in work.tasks] == [job.id]
    work = fetch(agency, second)
    assert isinstance(work, Work)
    assert work.tasks == ()


def test_a_command_line_sees_who_waits_and_nothing_else(agency: Agency) -> None:
    first = agency.first()
    agency.job()
    newcomer = agency.machine("dc2")
    agency.enrol(newcomer)
    work = fetch(agency, first, COMMAND)
    assert isinstance(work, Work)
    assert [a.agent_id for a in work.applicants] == [newcomer.id]
    assert work.tasks == ()
    assert fetch(agency, newcomer, COMMAND) == Work((), (), (), (), ())
    assert fetch(agency, replace(first, id="nobody"), COMMAND) == refused("signature")


def test_a_command_line_acts_on_nothing_and_is_no_second_run(agency: Agency) -> None:
    first = agency.first()
    agency.house.clock.move(BEAT_MS)
    agency.beat(first)
    beat = [(first.said("command", run_id=COMMAND), Beat(COMMAND, True, ""))]
    assert run(channel.beats(agency.parts, beat)) == [refused("run")]
    assert agency.stored(first).clone_at is None


def asks(agency: Agency, machine: Machine, job_id: str, **fields: Any) -> Permitted | Denied:
    plain: dict[str, Any] = {
        "job_id": job_id, "run_id": machine.run_id, "epoch": Epoch(0, 1), "before": STAMP,
        "controller": "dc1.corp.example.test", "needs_ms": 10_000,
    }  # fmt: skip
    message = AskPermit(**{**plain, **fields})
    return run(channel.permit(agency.parts, machine.said(), message))


def reports(agency: Agency, machine: Machine, job_id: str, **fields: Any) -> Taken | Denied:
    plain: dict[str, Any] = {
        "job_id": job_id, "run_id": machine.run_id, "epoch": Epoch(0, 1), "outcome": "done",
        "reason": "", "data": {}, "diagnostic": "", "after": replace(STAMP, version=4),
        "bound": False,
    }  # fmt: skip
    return run(channel.report(agency.parts, machine.said(), Report(**{**plain, **fields})))


def state(agency: Agency, job_id: str) -> JobState:
    found = agency.house.write(lambda tx: tx.jobs.get(agency.tenant.id, job_id))
    assert found is not None
    return found.state


def test_the_primary_is_permitted_acts_and_reports(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    permitted = asks(agency, first, job.id)
    assert isinstance(permitted, Permitted)
    assert permitted.left_ms > 0
    assert reports(agency, first, job.id) == Taken()
    assert state(agency, job.id) is JobState.DONE


def test_an_old_epoch_gets_no_permit(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    permitted = asks(agency, first, job.id, epoch=Epoch(0, 0))
    assert permitted == Permitted(0, "lease")
    assert state(agency, job.id) is JobState.QUEUED


def test_whoever_is_not_primary_gets_no_permit(agency: Agency) -> None:
    first = agency.first()
    second, job = agency.second(first), agency.job()
    assert asks(agency, second, job.id) == Permitted(0, "lease")


def test_another_tenants_job_is_not_there(house: House) -> None:
    agency, other = Agency(house), Agency(house, tenant=house.add_tenant("globex"))
    first, job = agency.first(), other.job()
    assert asks(agency, first, job.id) == Permitted(0, "gone")
    assert reports(agency, first, job.id) == Taken()
    assert state(other, job.id) is JobState.QUEUED


def test_another_directorys_job_is_not_there(house: House) -> None:
    agency, other = Agency(house), Agency(house, "other.test")
    first, job = agency.first(), other.job()
    assert asks(agency, first, job.id) == Permitted(0, "gone")
    assert reports(agency, first, job.id, outcome="not_done") == Taken()
    assert state(other, job.id) is JobState.QUEUED


def test_a_permit_for_another_run_is_none(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    assert asks(agency, first, job.id, run_id="another") == refused("message")


def test_an_outcome_that_is_none_of_the_three_is_no_message(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    asks(agency, first, job.id)
    assert reports(agency, first, job.id, outcome="maybe") == refused("message")
    assert state(agency, job.id) is JobState.PERMITTED


def test_an_earlier_run_of_the_same_agent_is_reported_by_the_present_one(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    asks(agency, first, job.id)
    acted = first.run_id
    agency.begin(first, "next", replaces=acted)
    assert reports(agency, first, job.id, run_id=acted) == Taken()
    assert state(agency, job.id) is JobState.DONE


def test_only_whoever_is_listened_to_says_anything_of_jobs(agency: Agency) -> None:
    agency.first()
    nobody = replace(agency.machine("x"), id="nobody", run_id="r")
    job = agency.job()
    seen = Seen(job.id, "dc1.corp.example.test", "Paris", ProofState.ARRIVED, 10)
    for answer in (
        asks(agency, nobody, job.id), reports(agency, nobody, job.id),
        run(channel.seen(agency.parts, nobody.said(), seen)),
        run(channel.looked(agency.parts, nobody.said(), Looked("l", "", "gone"))),
        run(channel.chart(agency.parts, nobody.said(), Charted(CHART, {}))),
        fetch(agency, nobody),
    ):  # fmt: skip
        assert answer == refused("signature")


def test_what_a_watch_saw_is_kept(agency: Agency) -> None:
    first, job = agency.first(), agency.job()
    run(channel.chart(agency.parts, first.said(), Charted(CHART, {})))
    asks(agency, first, job.id, controller="dc9.corp.example.test")
    reports(agency, first, job.id)
    seen = Seen(job.id, "dc1.corp.example.test", "Paris", ProofState.ARRIVED, 10)
    assert run(channel.seen(agency.parts, first.said(), seen)) == Taken()
    proofs = agency.house.write(lambda tx: tx.jobs.proofs(agency.tenant.id, job.id))
    assert {p.controller: p.state for p in proofs}["dc1.corp.example.test"] is ProofState.ARRIVED


def test_a_look_is_answered_once_and_only_in_its_own_directory(house: House) -> None:
    agency, other = Agency(house), Agency(house, "other.test")
    first, stranger = agency.first(), other.first()
    now = house.clock.now()
    look = Look(
        id=house.random.id(now), tenant_id=agency.tenant.id, directory_id=agency.directory.id,
        user_id=None, guid="", name="ada", asked_by=agency.tenant.id, asked_at=now,
        expires_at=now + 10_000, view="", cause="", answered_at=None,
    )  # fmt: skip
    house.write(lambda tx: tx.jobs.ask(look))
    forged = Looked(look.id, json.dumps({"name": "eve"}), "")
    assert run(channel.looked(other.parts, stranger.said(), forged)) == Taken()
    told = Looked(look.id, json.dumps({"name": "ada"}), "")
    assert run(channel.looked(agency.parts, first.said(), told)) == Taken()
    answered = house.write(lambda tx: tx.jobs.look(agency.tenant.id, look.id))
    assert answered is not None
    assert answered.view == '{"name": "ada"}'
    endless = Looked(look.id, "x" * (channel.VIEW_MAX + 1), "")
    assert run(channel.looked(agency.parts, first.said(), endless)) == refused("message")


def test_the_primary_charts_its_directory_and_nobody_else_does(agency: Agency) -> None:
    first = agency.first()
    second = agency.second(first)
    charted = Charted(CHART, {"dc1.corp.example.test": ""})
    assert run(channel.chart(agency.parts, second.said(), charted)) == refused("epoch")
    assert run(channel.chart(agency.parts, first.said(), charted)) == Taken()
    stored = agency.again()
    assert (stored.topology, stored.topology_at) == (CHART, agency.house.clock.now())
    assert json.loads(stored.reachable) == {"dc1.corp.example.test": ""}
    for text in ("{}", CHART.replace("CORP", "x" * channel.TOPOLOGY_MAX)):
        answer = run(channel.chart(agency.parts, first.said(), Charted(text, {})))
        assert answer == refused("message")


# -- time


def test_the_sweep_ends_what_nobody_answered_for(agency: Agency) -> None:
    job = agency.job()
    assert run(channel.sweep(agency.parts)) == 0
    agency.house.clock.move(60_000)
    assert run(channel.sweep(agency.parts)) == 1
    assert state(agency, job.id) is JobState.NOT_DONE
    assert run(channel.sweep(agency.parts)) == 0
