"""Which source locks an account again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.logons.logon import BadLogon, Way, Why
from keyturn.rules.directories.logons.ranking import rank, rhythm, unseen
from keyturn.rules.directories.logons.source import (
    SOURCES_MAX,
    Counter,
    Found,
    Kind,
    Source,
    decode,
    encode,
)
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND

DC1, DC2 = "dc1.corp.example.test", "dc2.corp.example.test"
ADA = frozenset({"ada", "ada@corp.example.test"})
SET = 1_700_000_000_000
SINCE = SET - DAY


def tries(*moments: int, **changes: object) -> list[BadLogon]:
    """Bad logons of ada so long after the change of her password, from her phone's address."""
    one = BadLogon(0, "ada", DC1, Way.LDAP, Why.WRONG, "192.0.2.77")
    return [replace(one, at=SET + at, **changes) for at in moments]  # type: ignore[arg-type]


def first(logons: list[BadLogon], since: int = SINCE) -> Source:
    return rank(logons, ADA, SET, since)[0]


QUARTERS = tuple(n * 15 * MINUTE for n in range(1, 7))


def test_what_tries_by_the_clock_off_the_domain_is_a_phone() -> None:
    found = first(tries(*QUARTERS))
    assert (found.kind, found.client, found.every_ms) == (Kind.PHONE, "192.0.2.77", 15 * MINUTE)
    assert (found.count, found.since_change, found.ways) == (6, True, (Way.LDAP,))
    assert (found.first_at, found.last_at) == (SET + QUARTERS[0], SET + QUARTERS[-1])


def test_on_a_computer_it_is_a_service_or_a_task() -> None:
    found = first(tries(*QUARTERS, workstation="pc-14"))
    assert (found.kind, found.client, found.workstation) == (Kind.SERVICE, "pc-14", "pc-14")


@pytest.mark.parametrize("number", [4, 5])
def test_windows_says_so_itself_of_services_and_tasks(number: int) -> None:
    found = first(tries(MINUTE, workstation="pc-14", logon_type=number))
    assert found.kind is Kind.SERVICE
    assert found.strength > first(tries(*QUARTERS)).strength


def test_whether_it_began_with_the_change_is_known_only_if_the_logs_reach_back() -> None:
    late = first(tries(*QUARTERS), since=SET + 1)
    assert not late.since_change
    assert late.strength < first(tries(*QUARTERS)).strength


def test_what_tried_before_the_change_is_not_about_the_change() -> None:
    assert not first(tries(-HOUR, *QUARTERS)).since_change


def test_many_names_from_one_place_are_guesses() -> None:
    logons = tries(MINUTE) + [
        replace(one, account=f"user{n}", why=Why.NOBODY)
        for n, one in enumerate(tries(*range(4)))
    ]  # fmt: skip
    found = first(logons)
    assert (found.kind, found.names, found.count) == (Kind.GUESSING, 5, 1)


def test_names_of_yesterday_are_not_todays_guesses() -> None:
    logons = tries(DAY) + [
        replace(one, account=f"user{n}") for n, one in enumerate(tries(*range(9)))
    ]
    assert first(logons).names == 1


def test_many_names_from_nowhere_are_nobodys_guesses() -> None:
    logons = [
        replace(one, account=f"user{n}") for n, one in enumerate(tries(*range(9), address=""))
    ]
    found = first(logons + tries(9, address=""))
    assert (found.kind, found.client, found.names) == (Kind.PROGRAM, "", 1)


def test_ntlm_that_fails_from_the_second_hour_on_had_the_old_password() -> None:
    ntlm = {"way": Way.NTLM, "workstation": "pc-14"}
    assert first(tries(HOUR + MINUTE, HOUR + 9 * MINUTE, **ntlm)).kind is Kind.TOLERATED
    assert first(tries(MINUTE, HOUR + 9 * MINUTE, **ntlm)).kind is Kind.SAVED
    assert first(tries(2 * HOUR, **ntlm)).kind is Kind.SAVED
    assert first(tries(HOUR + MINUTE, workstation="pc-14")).kind is Kind.SAVED  # a bind


def test_a_few_tries_within_minutes_are_somebody_typing() -> None:
    assert first(tries(0, 20 * SECOND, 50 * SECOND, workstation="pc-14")).kind is Kind.TYPED
    assert first(tries(0, 10, 20, workstation="pc-14")).kind is Kind.SAVED  # all at once
    assert first(tries(0, HOUR, workstation="pc-14", logon_type=2)).kind is Kind.TYPED


def test_a_computer_that_keeps_no_clock_has_something_saved() -> None:
    found = first(tries(MINUTE, HOUR, 5 * HOUR, workstation="pc-14"))
    old = first(tries(-2 * HOUR, HOUR, 5 * HOUR, workstation="pc-14"))
    assert (found.kind, old.kind) == (Kind.SAVED, Kind.SAVED)
    assert found.strength > old.strength


def test_an_address_alone_is_some_program() -> None:
    here, nowhere = first(tries(MINUTE)), first(tries(MINUTE, address=""))
    assert (here.kind, nowhere.kind, nowhere.client) == (Kind.PROGRAM, Kind.PROGRAM, "")
    assert here.strength > nowhere.strength
    assert first(tries(-MINUTE)).strength < here.strength


def test_logs_that_know_the_name_and_the_address_are_tied_together() -> None:
    by_name = tries(MINUTE, address="", workstation="pc-14", way=Way.NTLM, controller=DC2)
    by_address = tries(2 * HOUR, address="192.0.2.14", way=Way.KERBEROS)
    tie = tries(3 * HOUR, address="192.0.2.14", workstation="pc-14", way=Way.NTLM)
    (found,) = rank(by_name + by_address + tie, ADA, SET, SINCE)
    assert (found.client, found.address, found.count) == ("pc-14", "192.0.2.14", 3)
    assert found.ways == (Way.KERBEROS, Way.NTLM)
    assert found.controllers == (DC1, DC2)


def test_an_address_of_several_computers_ties_nothing() -> None:
    shared = [
        *tries(MINUTE, address="192.0.2.1", workstation="pc-14"),
        *tries(MINUTE, address="192.0.2.1", workstation="pc-15"),
        *tries(MINUTE, address="192.0.2.1"),
    ]
    found = rank(shared, ADA, SET, SINCE)
    assert {one.client for one in found} == {"pc-14", "pc-15", "192.0.2.1"}


def test_whom_a_controller_names_comes_first() -> None:
    locked = tries(HOUR, why=Why.LOCKOUT, address="", workstation="pc-14", way=Way.OTHER)
    found = rank(tries(*QUARTERS[:3]) + locked, ADA, SET, SINCE)
    assert [one.client for one in found] == ["pc-14", "192.0.2.77"]
    assert (found[0].locked, found[0].count, found[0].ways) == (True, 0, ())


def test_nothing_of_others_is_told() -> None:
    logons = [replace(one, account="bob") for one in tries(*QUARTERS)]
    assert rank(logons, ADA, SET, SINCE) == ()


def test_without_a_moment_of_change_nothing_is_said_of_it() -> None:
    (found,) = rank(tries(*QUARTERS), ADA, None, SINCE)
    assert (found.kind, found.since_change) == (Kind.PHONE, False)


@pytest.mark.parametrize(
    ("moments", "every"),
    [
        ((), None), ((0, 60, 120), None),
        ((0, 60, 120, 180), 60), ((0, 62, 119, 181), 60), ((0, 1, 2, 60, 120, 121, 180), 60),
        ((0, 60, 180, 240, 420), 60),  # it slept
        ((0, 60, 480, 900, 960), None), ((0, 7, 100, 130, 900), None),
    ],
)  # fmt: skip
def test_a_rhythm_is_heard(moments: tuple[int, ...], every: int | None) -> None:
    found = rhythm([at * SECOND for at in moments])
    assert (found is None) == (every is None)
    assert found is None or every is None or abs(found - every * SECOND) <= 3 * SECOND


COUNTERS = (Counter(DC1, 2, SET), Counter(DC2, 3, SET + HOUR), Counter("dc3", 0, None))


def test_what_no_log_tells_of_is_told_by_its_counter() -> None:
    (found,) = unseen(COUNTERS, {DC1}, tries(MINUTE), ADA, SINCE)
    assert (found.kind, found.controllers, found.count) == (Kind.UNSEEN, (DC2,), 3)
    assert found.last_at == SET + HOUR


@pytest.mark.parametrize(
    ("counters", "read", "logons", "since"),
    [
        (COUNTERS, {DC1, DC2}, [], SINCE),
        (COUNTERS, {DC1}, tries(HOUR + SECOND), SINCE),  # it was forwarded
        (COUNTERS, {DC1}, [], SET + 2 * HOUR),
        ((replace(COUNTERS[1], at=None),), set(), [], SINCE),
    ],
)
def test_a_counter_that_is_explained_is_not(
    counters: tuple[Counter, ...], read: set[str], logons: list[BadLogon], since: int
) -> None:
    assert unseen(counters, read, logons, ADA, since) == ()


# --- whatever the logs hold

logons_ = st.lists(
    st.builds(
        BadLogon,
        at=st.integers(SET - DAY, SET + DAY),
        account=st.sampled_from(["ada", "ada@corp.example.test", "bob", "eve", "dan", "fay"]),
        controller=st.sampled_from([DC1, DC2]),
        way=st.sampled_from(Way), why=st.sampled_from(Why),
        address=st.sampled_from(["", "192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        workstation=st.sampled_from(["", "pc-1", "pc-2"]),
        service=st.sampled_from(["", "LDAP"]),
        logon_type=st.none() | st.integers(0, 12),
    ),
    max_size=40,
)  # fmt: skip


@given(logons_, st.randoms(use_true_random=False), st.none() | st.just(SET))
def test_the_order_of_the_logs_changes_nothing(
    logons: list[BadLogon], chance: object, set_at: int | None
) -> None:
    shuffled = list(logons)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled, ADA, set_at, SINCE) == rank(logons, ADA, set_at, SINCE)


@given(logons_)
def test_every_try_is_told_once_and_the_likeliest_first(logons: list[BadLogon]) -> None:
    found = rank(logons, ADA, SET, SINCE)
    mine = [one for one in logons if one.account in ADA and one.why is not Why.LOCKOUT]
    assert sum(one.count for one in found) == len(mine)
    assert [one.strength for one in found] == sorted((s.strength for s in found), reverse=True)
    assert all(0 < one.strength <= 100 and one.first_at <= one.last_at for one in found)
    assert len(found) <= SOURCES_MAX
    assert len({one.client for one in found}) == len(found)


@given(logons_)
def test_what_is_told_is_what_was_found(logons: list[BadLogon]) -> None:
    told = Found(SINCE, {DC1: "", DC2: "none"}, COUNTERS, rank(logons, ADA, SET, SINCE))
    assert decode(json.loads(json.dumps(encode(told)))) == told


# --- an agent's word


def good() -> dict:
    (source,) = rank(tries(*QUARTERS), ADA, SET, SINCE)
    told = encode(Found(SINCE, {DC1: ""}, COUNTERS[:1], (source,)))
    return json.loads(json.dumps(told))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("since", "1"), ("since", -1), ("since", True), ("since", 1 << 63), ("logs", {DC1: 5}),
        ("logs", {f"dc{n}": "" for n in range(51)}), ("logs", {"x" * 300: ""}), ("logs", None),
        ("counters", {}), ("counters", [{}]), ("counters", [5]), ("counters", [{}] * 51),
        ("sources", [{}] * 9), ("sources", None), ("sources", "s"),
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_nothing(where: str, value: object) -> None:
    assert decode(good() | {where: value}) is None


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("kind", "ghost"), ("client", "\x1b[2J"), ("client", 5), ("ways", ["x"]),
        ("ways", ["ntlm"] * 5),
        ("controllers", "dc1"), ("count", 1.5), ("every_ms", "often"), ("strength", -1),
    ],
)  # fmt: skip
def test_one_source_that_is_none_spoils_the_whole(where: str, value: object) -> None:
    told = good()
    told["sources"][0][where] = value
    assert decode(told) is None
    del told["sources"][0][where]
    assert decode(told) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda i: st.lists(i) | st.dictionaries(st.text(), i)))  # fmt: skip
def test_no_word_of_an_agent_is_too_strange(told: object) -> None:
    assert decode(told) is None


def test_no_agent_is_surer_than_certain() -> None:
    told = good()
    told["sources"][0]["strength"] = 900
    found = decode(told)
    assert found is not None
    assert found.sources[0].strength == 100
