"""Sealing: the contract of both sealers, key rings on disk, older keys."""

from __future__ import annotations

import json
import multiprocessing
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sealing import KeyRing, KeyRingUnusable, Sealer, load_key_ring
from keyturn.ports import Unsealable

NEW, OLD = b"n" * 32, b"o" * 32
ROOT = b"r" * 32


def real() -> Sealer:
    return Sealer(KeyRing(digest=ROOT, sealing={"new": NEW, "old": OLD}))


@pytest.fixture(params=[real, MemorySealer])
def sealer(request: pytest.FixtureRequest) -> Sealer:
    return request.param()


@given(plain=st.binary(max_size=300), context=st.text(max_size=30))
def test_what_was_sealed_opens_in_its_context(plain: bytes, context: str) -> None:
    sealer = real()
    sealed = sealer.seal(plain, context)
    assert sealer.open(sealed, context) == plain
    assert re.fullmatch(r"new\.[A-Za-z0-9_-]+", sealed)


def test_sealing_twice_gives_two_spellings(sealer: Sealer) -> None:
    assert sealer.seal(b"secret", "c") != sealer.seal(b"secret", "c")


def test_another_context_opens_nothing(sealer: Sealer) -> None:
    with pytest.raises(Unsealable):
        sealer.open(sealer.seal(b"secret", "messages:1"), "messages:2")


def test_no_character_can_be_changed(sealer: Sealer) -> None:
    sealed = sealer.seal(b"secret", "c")
    for place, letter in enumerate(sealed):
        other = "B" if letter == "A" else "A"
        with pytest.raises(Unsealable):
            sealer.open(sealed[:place] + other + sealed[place + 1 :], "c")


@pytest.mark.parametrize("sealed", ["", ".", "new", "new.", "nobody.AAAA", "new.ä", "new.A", "\0"])
def test_rubbish_is_unsealable_and_no_other_error(sealer: Sealer, sealed: str) -> None:
    with pytest.raises(Unsealable):
        sealer.open(sealed, "c")


def test_a_digest_is_the_same_each_time_and_differs_by_purpose_and_value(sealer: Sealer) -> None:
    once = sealer.digest("session", "token")
    assert once == sealer.digest("session", "token")
    assert len({once, sealer.digest("csrf", "token"), sealer.digest("session", "tokem")}) == 3
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", once)


def test_only_the_value_of_that_purpose_matches(sealer: Sealer) -> None:
    stored = sealer.digest("session", "token")
    assert sealer.matches("session", "token", stored)
    for purpose, value, digest in [
        ("csrf", "token", stored),
        ("session", "token ", stored),
        ("session", "token", stored[:-1]),
        ("session", "token", "ä"),
        ("session", "\ud800", stored),
    ]:
        assert not sealer.matches(purpose, value, digest)


def test_what_an_older_key_sealed_still_opens_and_digests_stay() -> None:
    before = Sealer(KeyRing(digest=ROOT, sealing={"old": OLD}))
    after = real()
    assert after.open(before.seal(b"secret", "c"), "c") == b"secret"
    assert before.digest("session", "token") == after.digest("session", "token")


def test_a_key_that_left_the_ring_opens_nothing() -> None:
    sealed = real().seal(b"secret", "c")
    with pytest.raises(Unsealable):
        Sealer(KeyRing(digest=ROOT, sealing={"old": OLD})).open(sealed, "c")


def test_the_first_start_makes_a_ring_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys.json"
    ring = load_key_ring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert load_key_ring(path) == ring
    assert len({ring.digest, *ring.sealing.values()}) == 2
    assert "b'" not in repr(ring)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_ring_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    load_key_ring(path)
    path.chmod(mode)
    with pytest.raises(KeyRingUnusable) as refused:
        load_key_ring(path)
    assert (refused.value.path, refused.value.cause, refused.value.mode) == (
        path,
        "open to others",
        mode,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda ring: {},
        lambda ring: [],
        lambda ring: {**ring, "sealing": []},
        lambda ring: {**ring, "sealing": {"id": "a"}},
        lambda ring: {**ring, "digest": "AAAA"},
        lambda ring: {**ring, "digest": 7},
        lambda ring: {**ring, "sealing": ring["sealing"] * 2},
        lambda ring: {**ring, "sealing": [{"id": "a.b", "key": ring["digest"]}]},
        lambda ring: {**ring, "sealing": [{"id": "a", "key": ring["digest"] + "="}]},
    ],
)
def test_a_damaged_ring_is_refused_and_left_as_it_is(
    tmp_path: Path, change: Callable[[Any], object]
) -> None:
    path = tmp_path / "keys.json"
    load_key_ring(path)
    damaged = json.dumps(change(json.loads(path.read_text())))
    path.write_text(damaged)
    with pytest.raises(KeyRingUnusable) as refused:
        load_key_ring(path)
    assert refused.value.cause == "not a key ring"
    assert path.read_text() == damaged


def test_processes_that_start_together_agree_on_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        rings = pool.map(load_key_ring, [path] * 16, chunksize=1)
    assert len({ring.digest for ring in rings}) == 1
    assert list(tmp_path.iterdir()) == [path]
