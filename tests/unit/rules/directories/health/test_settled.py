"""When an answer counts, what goes into history, and what is worth an alarm."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import Facts, ServerSight
from keyturn.rules.directories.health.forest import Key, arrange, key
from keyturn.rules.directories.health.remembered import recall, store
from keyturn.rules.directories.health.settled import (
    ALARM_MS,
    FLAP_MS,
    FLAPPING,
    FLAPS,
    STANDS_MS,
    Alarm,
    Change,
    Event,
    Kept,
    alarm,
    held,
    settle,
)
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.health.words import HOUR, MINUTE, SECOND
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    FAULTS,
    NOW,
    WELL,
    dead,
    disk_full,
    everything,
    expired,
    listener_missing,
    port_blocked,
    server,
)

OK, BLOCKED, CLOSED = "port.ok", "port.blocked", "port.closed"
UNSEEN, SOON = "port.unseen", "end.soon"
PLACE: Key = ("port", DC2)


class Watch:
    """One check at one place, looked at again and again; and the alarms of it."""

    def __init__(self) -> None:
        self.now = NOW
        self.memory: dict[Key, Kept] = {}
        self.last: int | None = None

    def look(self, cause: str, after: int = 15 * SECOND, *, fresh: bool = True) -> list[str]:
        """Look at it; whether anybody looked at the directory since. What went into history."""
        self.now += after
        at = self.now if fresh else NOW
        return self.settle([Finding(cause, DC2, at, {"at": self.now})])

    def settle(self, findings: list[Finding]) -> list[str]:
        self.memory, events = settle(self.memory, findings, self.now)
        return [f"{event.change} {event.finding.cause}" for event in events]

    def alarm(self) -> Alarm | None:
        report = arrange(held(self.memory), self.now)
        self.memory, told = alarm(self.memory, report, self.last, self.now)
        if told is not None:
            self.last = self.now
        return told

    def counts(self) -> str | None:
        kept = self.memory[PLACE].held
        return kept.cause if kept else None


def watch(*causes: str) -> Watch:
    """After these looks."""
    made = Watch()
    for cause in causes:
        made.look(cause)
    return made


def settled(facts: Facts) -> Watch:
    """After two looks at a domain."""
    made = Watch()
    for _ in range(2):
        made.now += MINUTE
        made.settle([replace(f, at=made.now) for f in judge(facts)])
    return made


# -- when it counts


def test_an_answer_counts_when_two_looks_gave_it() -> None:
    seen = watch(OK)
    assert seen.counts() is None
    assert seen.look(OK) == []
    assert seen.counts() == OK
    assert seen.look(BLOCKED) == []
    assert seen.counts() == OK
    assert seen.look(BLOCKED) == ["opened port.blocked"]
    assert seen.counts() == BLOCKED


def test_what_was_seen_once_and_not_again_never_counts() -> None:
    seen = watch(OK, OK, BLOCKED)
    assert seen.look(OK) == []
    assert seen.look(BLOCKED) == []
    assert seen.counts() == OK


def test_facts_that_are_judged_twice_were_seen_once() -> None:
    seen = watch(OK, OK)
    seen.look(BLOCKED, fresh=False)
    assert seen.look(BLOCKED, fresh=False) == []
    assert seen.counts() == OK


def test_or_when_nothing_contradicted_it_for_a_minute() -> None:
    seen = watch(OK, OK)
    seen.look(BLOCKED, fresh=False)
    assert seen.look(BLOCKED, STANDS_MS - 1, fresh=False) == []
    assert seen.look(BLOCKED, 1, fresh=False) == ["opened port.blocked"]


def test_the_newest_evidence_is_kept_and_since_when_it_counts() -> None:
    seen = watch(OK, OK, BLOCKED, BLOCKED)
    since = seen.now
    seen.look(BLOCKED)
    kept = seen.memory[PLACE]
    assert kept.held
    assert (kept.since, kept.held.facts) == (since, {"at": seen.now})


def test_what_is_coming_counts_its_looks_for_itself() -> None:
    seen = watch(OK, OK, BLOCKED)
    assert seen.look(CLOSED) == []
    assert seen.look(CLOSED) == ["opened port.closed"]


# -- history


def test_history_tells_what_opened_changed_and_closed() -> None:
    seen = watch(BLOCKED)
    told = [
        seen.look(cause)
        for cause in (BLOCKED, CLOSED, CLOSED, UNSEEN, UNSEEN, CLOSED, CLOSED, OK, OK)
    ]
    assert [line for lines in told for line in lines] == [
        "opened port.blocked", "changed port.closed", "changed port.unseen", "changed port.closed",
        "closed port.ok",
    ]  # fmt: skip


def test_what_was_well_and_cannot_be_seen_is_no_line_of_history() -> None:
    seen = watch(OK, OK, UNSEEN)
    assert seen.look(UNSEEN) == []
    assert seen.counts() == UNSEEN
    assert [seen.look(cause) for cause in (OK, OK)] == [[], []]
    assert seen.counts() == OK


def test_a_place_that_is_not_there_any_more_is_closed() -> None:
    seen = watch(BLOCKED, BLOCKED)
    assert seen.settle([]) == ["closed port.blocked"]
    assert seen.memory == {}
    assert watch(OK, OK).settle([]) == []
    assert watch(BLOCKED).settle([]) == []


def test_an_event_says_what_counted_before() -> None:
    seen = watch(OK, OK, BLOCKED)
    seen.now += 1
    found = Finding(BLOCKED, DC2, seen.now)
    _, events = settle(seen.memory, [found], seen.now)
    assert events == (Event(Change.OPENED, found, OK, seen.now),)


# -- flapping


def flapping() -> Watch:
    """A check that changes with each look."""
    seen = watch(OK, OK)
    for number in range(FLAPS - 1):
        assert seen.look((BLOCKED, OK)[number % 2]) == []
    return seen


def test_a_check_that_changes_again_and_again_is_said_to_flap_once() -> None:
    seen = flapping()
    assert seen.look(OK) == ["flapping port.ok"]
    assert [seen.look(cause) for cause in (BLOCKED, BLOCKED, OK, OK)] == [[]] * 4


def test_it_calms_when_it_was_quiet_and_says_what_is() -> None:
    seen = flapping()
    seen.look(OK)
    seen.look(BLOCKED)
    assert seen.look(BLOCKED, FLAP_MS - 1) == []
    assert seen.look(BLOCKED, 1) == ["calmed port.blocked"]
    assert seen.memory[PLACE].open
    assert seen.look(BLOCKED) == []


def test_changes_that_are_far_apart_are_no_flapping() -> None:
    seen = watch(OK, OK)
    for number in range(4 * FLAPS):
        assert "flapping" not in "".join(seen.look((BLOCKED, OK)[number % 2], FLAP_MS // 2))


# -- alarms


def test_an_alarm_tells_new_roots_together_once_and_no_consequence() -> None:
    seen = settled(expired(dead(WELL, DC2), DC3))
    told = seen.alarm()
    assert told
    assert [f.cause for f in told.roots] == ["controller.dead", "end.expired"]
    assert (told.flapping, told.over) == ((), ())
    seen.now += HOUR
    assert seen.alarm() is None


def test_nothing_alarms_before_it_counts_nor_for_a_warning() -> None:
    once = Watch()
    once.settle(list(judge(dead(WELL, DC2))))
    assert once.alarm() is None
    assert settled(FAULTS["second primary"].do(WELL, DC2)).alarm() is None
    assert settled(WELL).alarm() is None


def test_alarms_are_no_more_than_one_in_ten_minutes_and_nothing_is_lost_for_it() -> None:
    seen = settled(port_blocked(WELL, DC2))
    assert seen.alarm()
    both = disk_full(port_blocked(WELL, DC2), DC3)
    for _ in range(2):
        seen.now += MINUTE
        seen.settle([replace(f, at=seen.now) for f in judge(both)])
    assert seen.alarm() is None
    seen.now += ALARM_MS
    told = seen.alarm()
    assert told
    assert [f.cause for f in told.roots] == ["disk.full"]


def test_a_directory_whose_first_agent_has_not_come_yet_alarms_nobody() -> None:
    fresh = Facts(NOW, ServerSight("corp.example.test", "0.1.0", (), ""))
    assert settled(fresh).alarm() is None
    first = replace(server(WELL).server.agents[0], heard_at=None)
    enrolled = replace(fresh, server=replace(fresh.server, agents=(first,)))
    assert settled(enrolled).alarm() is None
    came = replace(fresh, server=replace(fresh.server, agents=(replace(first, heard_at=0),)))
    told = settled(came).alarm()
    assert told
    assert [f.cause for f in told.roots] == ["agent.silent"]


def test_what_was_told_is_told_to_be_over() -> None:
    seen = settled(listener_missing(WELL, DC2))
    seen.alarm()
    for _ in range(2):
        seen.now += ALARM_MS
        seen.settle([replace(f, at=seen.now) for f in judge(WELL)])
    told = seen.alarm()
    assert told == Alarm((), (), (("listener", DC2),))
    seen.now += ALARM_MS
    assert seen.alarm() is None


def test_a_place_that_went_away_is_told_to_be_over_and_then_forgotten() -> None:
    seen = watch(BLOCKED, BLOCKED)
    seen.alarm()
    seen.settle([])
    seen.now += ALARM_MS
    assert seen.alarm() == Alarm((), (), (PLACE,))
    assert seen.memory == {}


def test_a_consequence_that_stays_when_its_root_is_gone_alarms_then() -> None:
    seen = watch()
    above = [Finding("controller.dead", DC2, NOW, {"controller": DC2}),
             Finding(BLOCKED, DC2, NOW, {"controller": DC2})]  # fmt: skip
    for _ in range(2):
        seen.now += MINUTE
        seen.settle([replace(f, at=seen.now) for f in above])
    first = seen.alarm()
    seen.now += ALARM_MS
    well = replace(above[0], cause="controller.ok")
    for _ in range(2):
        seen.now += MINUTE
        seen.settle([replace(f, at=seen.now) for f in (well, above[1])])
    second = seen.alarm()
    assert first
    assert second
    assert [f.cause for f in (*first.roots, *second.roots)] == ["controller.dead", BLOCKED]
    assert second.over == (("controller", DC2),)


def test_another_failure_in_the_place_of_the_first_alarms_anew() -> None:
    seen = watch(BLOCKED, BLOCKED)
    seen.alarm()
    seen.look(CLOSED, ALARM_MS)
    seen.look(CLOSED)
    told = seen.alarm()
    assert told
    assert [f.cause for f in told.roots] == [CLOSED]


def test_what_flaps_alarms_once_as_such() -> None:
    seen = flapping()
    seen.look(OK)
    told = seen.alarm()
    assert told
    assert (told.roots, [key(f) for f in told.flapping], told.over) == ((), [PLACE], ())
    assert seen.memory[PLACE].told == FLAPPING
    seen.look(BLOCKED, ALARM_MS)
    seen.look(BLOCKED, MINUTE)
    assert seen.alarm() is None
    seen.look(BLOCKED, FLAP_MS)
    again = seen.alarm()
    assert again
    assert [f.cause for f in again.roots] == [BLOCKED]


def test_what_flaps_before_anything_counted_alarms_too() -> None:
    seen = Watch()
    for number in range(FLAPS + 1):
        seen.look((BLOCKED, OK)[number % 2])
    assert seen.counts() is None
    told = seen.alarm()
    assert told
    assert [key(f) for f in told.flapping] == [PLACE]
    seen.now += ALARM_MS
    assert seen.alarm() is None


# -- kept between looks


def test_memory_survives_being_stored() -> None:
    seen = settled(dead(WELL, DC2))
    seen.alarm()
    seen.settle(list(judge(server(WELL, name="CORP"))))
    assert recall(store(seen.memory)) == seen.memory
    assert recall(store({})) == {}


def test_what_another_release_stored_is_kept_as_far_as_it_is_known() -> None:
    text = store(watch(OK, OK, BLOCKED).memory)
    assert recall(text.replace(OK, "gone.away")) == {}
    assert recall(text.replace(BLOCKED, "gone.away")) == {}
    for strange in ("", "[]", "{}", '{"rows": [1]}'):
        assert recall(strange) == {}


ANY = [finding for scene in everything() for finding in scene]
LOOKS = st.lists(
    st.tuples(st.lists(st.sampled_from(ANY), max_size=12), st.integers(0, 20 * MINUTE)), max_size=8
)


@given(LOOKS)
def test_history_never_opens_what_is_open_nor_closes_what_is_not(
    looks: list[tuple[list[Finding], int]],
) -> None:
    memory: dict[Key, Kept] = {}
    now, last, opened = NOW, None, set[Key]()
    for findings, pause in looks:
        now += pause
        memory, events = settle(memory, [replace(f, at=now) for f in findings], now)
        for event in events:
            if event.change is Change.OPENED:
                assert key(event.finding) not in opened
                opened.add(key(event.finding))
            elif event.change in {Change.CLOSED, Change.FLAPPING}:
                opened.discard(key(event.finding))
        report = arrange(held(memory), now)
        assert len(report.findings) == len(held(memory))
        memory, told = alarm(memory, report, last, now)
        if told is not None:
            assert last is None or now >= last + ALARM_MS
            last = now
        assert recall(store(memory)) == memory


def test_the_primary_of_a_domain_is_not_forgotten() -> None:
    assert {key(f) for f in held(settled(WELL).memory)} >= {("primary", ""), ("port", DC1)}
