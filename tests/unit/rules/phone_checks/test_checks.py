"""Check my phone: each failure shows its own true cause; what nobody can know is not guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.phone_checks import vectors
from keyturn.rules.phone_checks.checks import CAUSES, Check, Result, Verdict, first, results
from keyturn.rules.phone_checks.platforms import Platform, System, platform
from keyturn.rules.phone_checks.seen import (
    COUNT_MAX,
    COUNTS,
    FLAGS,
    NAMES,
    TEXTS,
    WORDS,
    Seen,
    read,
)
from keyturn.rules.phone_checks.vectors import ABLE, AGENTS, WELL

_WORDS = {name: st.sampled_from((*words, None)) for name, words in WORDS.items()}
ANY = st.builds(
    Seen,
    **{name: st.booleans() | st.none() for name in FLAGS},
    **{name: st.integers(-COUNT_MAX, COUNT_MAX) | st.none() for name in COUNTS},
    **{
        name: st.sampled_from((*AGENTS.values(), "Android", "7.0", "")) | st.none()
        for name in TEXTS
    },
    **_WORDS,
)


def told(**change: Any) -> dict[Check, tuple[Verdict, str]]:
    """What each check says of the phone that is well, with a change."""
    return {one.check: (one.verdict, one.cause) for one in results(Seen(**{**WELL, **change}))}


def cause(word: str) -> tuple[Verdict, str]:
    return Verdict.CAUSE, word


FINE, UNTOLD = (Verdict.WELL, ""), (Verdict.UNTOLD, "")
BARE: dict[str, Any] = {"platform": None, "platform_version": None, "chromium": None}
NO_PUSH: dict[str, Any] = {"push": False, "notices": False}


def by_agent(name: str, **change: Any) -> dict[Check, tuple[Verdict, str]]:
    return told(**{**BARE, **NO_PUSH, "agent": AGENTS[name], **change})


def test_a_phone_that_is_well_is_well() -> None:
    assert set(told().values()) == {FINE}
    assert first(results(Seen(**WELL))) is None


def test_of_a_phone_that_says_nothing_nothing_is_told() -> None:
    found = {one.check: one.verdict for one in results(Seen())}
    assert found.pop(Check.HOME) is Verdict.WELL  # it concerns iOS alone
    assert set(found.values()) == {Verdict.UNTOLD}


def test_what_works_is_able_whatever_its_versions_say() -> None:
    found = told(platform_version="4.4.2", chromium="30.0.0.0")
    assert (found[Check.SYSTEM], found[Check.BROWSER]) == (FINE, FINE)


@pytest.mark.parametrize(
    ("agent", "system", "browser"),
    [
        ("chrome, reduced", UNTOLD, cause("unable")),
        ("chrome 119 on android 7", UNTOLD, cause("unable")),
        ("chrome 95 on android 6", cause("old"), cause("old")),
        ("chrome 95 on android 9", FINE, cause("old")),
        ("samsung", UNTOLD, cause("old")),
        ("webview", FINE, cause("within")),
        ("firefox on android", FINE, UNTOLD),
        ("android without a version", UNTOLD, UNTOLD),
        ("windows", UNTOLD, cause("unable")),
        ("strange", UNTOLD, UNTOLD),
    ],
)
def test_where_something_is_missing_the_version_says_why(
    agent: str, system: object, browser: object
) -> None:
    found = by_agent(agent)
    assert (found[Check.SYSTEM], found[Check.BROWSER]) == (system, browser)


@pytest.mark.parametrize(
    ("version", "engine", "system", "browser"),
    [
        ("6.0.1", "118.0", cause("old"), cause("old")),
        ("7.0.0", "118.0.1", FINE, cause("old")),
        ("7.0.0", "119.0.6045.66", FINE, cause("unable")),
        ("", "", UNTOLD, cause("unable")),  # the user agent knows the engine
    ],
)
def test_client_hints_go_before_the_user_agent(
    version: str, engine: str, system: object, browser: object
) -> None:
    found = told(**NO_PUSH, platform_version=version, chromium=engine)
    assert (found[Check.SYSTEM], found[Check.BROWSER]) == (system, browser)


@pytest.mark.parametrize(
    ("agent", "home", "system", "browser", "on_home"),
    [
        ("iphone 16.3", False, cause("old"), FINE, cause("not-added")),
        ("iphone 16.4", False, FINE, FINE, cause("not-added")),
        ("iphone 16.4", True, FINE, cause("unable"), FINE),
        ("iphone 26, frozen, home screen", True, FINE, cause("unable"), FINE),
        ("chrome on iphone", False, FINE, FINE, cause("not-added")),
        ("ipad as a mac", False, FINE, FINE, cause("not-added")),
        ("old ipad", False, cause("old"), FINE, cause("not-added")),
        ("iphone without a version", None, UNTOLD, UNTOLD, UNTOLD),
    ],
)
def test_on_ios_the_home_screen_is_asked_for_and_no_browser_blamed(
    agent: str, home: bool | None, system: object, browser: object, on_home: object
) -> None:
    found = by_agent(agent, home=home)
    assert (found[Check.SYSTEM], found[Check.BROWSER], found[Check.HOME]) == (
        system, browser, on_home,
    )  # fmt: skip


def test_a_feature_that_nobody_tried_makes_no_cause() -> None:
    assert told(keys=None)[Check.BROWSER] == UNTOLD
    assert told(database=False)[Check.BROWSER] == FINE  # storage says that


@pytest.mark.parametrize(
    ("change", "check", "answer"),
    [
        ({"database": False}, Check.STORAGE, cause("off")),
        ({"database": False, "free_bytes": 4_999_999}, Check.STORAGE, cause("full")),
        ({"free_bytes": 5_000_000}, Check.STORAGE, FINE),
        ({"free_bytes": None}, Check.STORAGE, FINE),
        ({"database": None}, Check.STORAGE, UNTOLD),
        ({"online": False}, Check.NETWORK, cause("offline")),
        ({"online": None}, Check.NETWORK, UNTOLD),
        ({"ahead_ms": 90_000}, Check.CLOCK, cause("ahead")),
        ({"ahead_ms": -90_000}, Check.CLOCK, cause("behind")),
        ({"ahead_ms": 30_000, "trip_ms": 0}, Check.CLOCK, FINE),
        ({"ahead_ms": 30_001, "trip_ms": 0}, Check.CLOCK, cause("ahead")),
        ({"ahead_ms": 30_001, "trip_ms": 2}, Check.CLOCK, UNTOLD),
        ({"ahead_ms": 30_000, "trip_ms": 2}, Check.CLOCK, UNTOLD),
        ({"ahead_ms": None}, Check.CLOCK, UNTOLD),
        ({"trip_ms": None}, Check.CLOCK, UNTOLD),
        ({"camera": "refused"}, Check.CAMERA, cause("refused")),
        ({"camera": "absent"}, Check.CAMERA, cause("absent")),
        ({"camera": "busy"}, Check.CAMERA, cause("busy")),
        ({"camera": None}, Check.CAMERA, UNTOLD),
        ({"permission": "denied"}, Check.NOTIFICATIONS, cause("denied")),
        ({"permission": "default", "asked": True}, Check.NOTIFICATIONS, cause("dismissed")),
        ({"permission": "default", "asked": False}, Check.NOTIFICATIONS, cause("unasked")),
        ({"permission": "default", "asked": None}, Check.NOTIFICATIONS, UNTOLD),
        ({"permission": None}, Check.NOTIFICATIONS, UNTOLD),
        ({"subscription": "dead"}, Check.PUSH, FINE),  # the test arrived all the same
        ({"test": "lost"}, Check.PUSH, cause("lost")),
        ({"test": "lost", "subscription": "dead"}, Check.PUSH, cause("dead")),
        ({"test": None, "subscription": "none"}, Check.PUSH, cause("none")),
        ({"test": None}, Check.PUSH, UNTOLD),
    ],
)
def test_each_failure_has_its_own_cause(
    change: dict[str, Any], check: Check, answer: object
) -> None:
    assert told(**change)[check] == answer


def test_what_comes_first_is_mended_first() -> None:
    found = results(Seen(**{**WELL, **NO_PUSH, "platform_version": "6.0", "permission": None}))
    assert first(found) == Result(Check.SYSTEM, Verdict.CAUSE, "old")


@given(ANY)
def test_whatever_is_seen_every_check_answers_in_order_with_a_cause_that_it_has(seen: Seen) -> None:
    found = results(seen)
    assert [one.check for one in found] == list(Check)
    for one in found:
        words = CAUSES[one.check] if one.verdict is Verdict.CAUSE else ("",)
        assert one.cause in words


@pytest.mark.parametrize(
    ("agent", "touch", "found"),
    [
        ("ipad as a mac", 5, Platform(System.IOS, (17, 4), None, within=False)),
        ("ipad as a mac", 0, Platform(System.OTHER, None, None, within=False)),
        ("old ipad", 5, Platform(System.IOS, (12, 5), None, within=False)),
        ("chrome 95 on android 9", 5, Platform(System.ANDROID, (9, 0), (95, 0), within=False)),
        ("windows", 0, Platform(System.OTHER, None, (142, 0), within=False)),
    ],
)
def test_platforms_by_user_agent(agent: str, touch: int, found: Platform) -> None:
    assert platform(Seen(agent=AGENTS[agent], touch=touch)) == found


# -- reading


def test_what_a_phone_says_is_read() -> None:
    assert read({}) == Seen()
    assert read(WELL) == Seen(**WELL)
    assert read(dict.fromkeys(NAMES)) == Seen()


@pytest.mark.parametrize(
    "data",
    [
        {"other": True}, {"push": 1}, {"push": "true"}, {"ahead_ms": True}, {"ahead_ms": 1.5},
        {"ahead_ms": COUNT_MAX + 1}, {"free_bytes": -COUNT_MAX - 1}, {"camera": "broken"},
        {"camera": 1}, {"agent": "x" * 513}, {"agent": "line\nend"}, {"agent": "Zoë"},
        {"agent": []}, {"test": None, "": None},
    ],
)  # fmt: skip
def test_what_has_no_word_is_not_read(data: dict[str, object]) -> None:
    assert read(data) is None


_JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), _JSON))
def test_nothing_upsets_the_reader(data: dict[str, object]) -> None:
    found = read(data)
    assert found is None or results(found)


def test_able_is_all_that_is_needed() -> None:
    assert set(ABLE) < set(FLAGS)


def test_the_vectors_are_what_the_checks_say_and_hold_every_cause() -> None:
    stored = Path("tests/vectors/phone_checks.json").read_text("utf-8")
    assert stored == vectors.as_json()
    cases = json.loads(stored)["cases"]
    said = {one for case in cases for one in case["results"].items()}
    assert said >= {(check, word) for check, words in CAUSES.items() for word in words}
    assert {case["platform"]["system"] for case in cases} == set(System)
