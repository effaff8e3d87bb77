"""What agents say of a directory travels as JSON, and anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.health.codec import BEYOND, LEAST, LONGEST, MOST, decode, encode
from keyturn.rules.directories.health.facts import (
    AgentSight,
    Facts,
    ListenerSight,
    PrimarySight,
    Told,
    hear,
)
from keyturn.rules.directories.topology import Unreadable
from tests.unit.rules.directories.health.anything import BESIDE, PRIMARY
from tests.unit.rules.directories.health.scenes import WELL, scenes

ALL = json.loads(encode(WELL.primary))


def test_every_scene_survives_the_trip() -> None:
    for facts in scenes():
        assert decode(Facts, encode(facts)) == facts


@given(BESIDE)
def test_what_is_said_beside_a_controller_survives_the_trip(sight: ListenerSight) -> None:
    assert decode(ListenerSight, encode(sight)) == sight


@given(PRIMARY)
def test_what_the_primary_sees_survives_the_trip(sight: PrimarySight) -> None:
    assert decode(PrimarySight, encode(sight)) == sight


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    if not isinstance(value, dict | list):
        return [at]
    here = value.items() if isinstance(value, dict) else enumerate(value)
    return [at, *(spot for name, one in here for spot in spots(one, (*at, name)))]


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place replaced."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = changed(copy[at[0]], at[1:], new)
    return copy


@given(st.sampled_from(spots(ALL)), JSON)
def test_whatever_stands_in_one_place_is_read_exactly_or_refused(
    spot: tuple[Any, ...], new: Any
) -> None:
    text = json.dumps(changed(ALL, spot, new))
    try:
        sight = decode(PrimarySight, text)
    except Unreadable:
        return
    assert json.loads(encode(sight)) == json.loads(text)
    assert encode(sight).encode()


@given(st.text() | JSON.map(json.dumps))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        decode(PrimarySight, text)


LISTENER: dict[str, object] = {
    "controller": "dc1.corp.test", "cause": "", "ahead_ms": 1, "partners": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"cause": None},
        {"cause": "x" * (LONGEST + 1)},
        {"cause": "a\0b"},
        {"cause": "\ud800"},
        {"ahead_ms": True},
        {"ahead_ms": 1.0},
        {"ahead_ms": float("nan")},
        {"ahead_ms": BEYOND},
        {"ahead_ms": LEAST - 1},
        {"ahead_ms": "1"},
        {"partners": {}},
        {"partners": [1]},
        {"partners": [{}]},
        {"partners": [None] * (MOST + 1)},
    ],
    ids=str,
)
def test_what_is_not_exactly_right_is_refused(changes: dict[str, object]) -> None:
    decode(ListenerSight, json.dumps(LISTENER))
    with pytest.raises(Unreadable):
        decode(ListenerSight, json.dumps({**LISTENER, **changes}))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", "[]", "9" * 5000])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        decode(ListenerSight, text)


def test_a_role_that_there_is_not_is_refused() -> None:
    whole = json.loads(encode(WELL.server.agents[0]))
    for role in ("king", 1, None):
        with pytest.raises(Unreadable):
            decode(AgentSight, json.dumps({**whole, "role": role}))


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ("", Told()),
        ("{}", Told()),
        ('{"disk_free": 5, "journal": "lost"}', Told(5, journal_lost=True)),
        ('{"stopped": ["bell", 3]}', Told(stopped=("bell",))),
        ('{"stopped": "bell", "disk_free": true, "journal": 1}', Told()),
        ('{"disk_free": -1}', Told()),
        ('{"disk_free": 100000000000000}', Told()),
        ('{"stopped": [' + '"x",' * 30 + '"x"]}', Told(stopped=("x",) * 20)),
        ('{"news": {}}', Told()),
        ("[]", Told()),
        ("{", Told()),
        ("[" * 100_000, Told()),
    ],
)
def test_beats_are_heard_as_far_as_they_are_understood(health: str, told: Told) -> None:
    assert hear(health) == told
