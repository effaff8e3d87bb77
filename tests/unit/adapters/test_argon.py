"""Hashing: the contract of both hashers, then the queue and the counters of the real one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import argon2
import pytest

from keyturn.adapters.argon import QUEUE_LEAST, Hasher
from keyturn.adapters.memory_secrets import PlainHasher
from keyturn.ports import Busy

AnyHasher = Hasher | PlainHasher

RIGHT = "correct horse battery staple"


def weak() -> Hasher:
    """The real one, as cheap as argon2 goes."""
    return Hasher(time_cost=1, memory_kib=8, slots=2)


@pytest.fixture(params=[weak, PlainHasher])
def hasher(request: pytest.FixtureRequest) -> Iterator[AnyHasher]:
    made = request.param()
    yield made
    made.close()


def test_only_the_very_password_is_right(hasher: AnyHasher) -> None:
    async def play() -> list[bool]:
        encoded = await hasher.hash(RIGHT)
        tries = (RIGHT, RIGHT + " ", RIGHT.upper(), "", RIGHT + "\0")
        return [await hasher.verify(encoded, typed) for typed in tries]

    assert asyncio.run(play()) == [True, False, False, False, False]


def test_the_same_password_gets_a_hash_that_does_not_tell_it(hasher: AnyHasher) -> None:
    assert RIGHT not in asyncio.run(hasher.hash(RIGHT))


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$", "päss", "\0"])
def test_a_stored_hash_that_is_none_is_wrong_and_no_error(hasher: AnyHasher, stored: str) -> None:
    assert asyncio.run(hasher.verify(stored, RIGHT)) is False
    assert hasher.outdated(stored)


def test_a_lone_surrogate_is_a_character_like_any_other(hasher: AnyHasher) -> None:
    async def play() -> tuple[bool, bool]:
        encoded = await hasher.hash("pass\ud800word")
        return await hasher.verify(encoded, "pass\ud800word"), await hasher.verify(encoded, "pass")

    assert asyncio.run(play()) == (True, False)


def test_the_decoy_is_nobodys_password_and_not_outdated(hasher: AnyHasher) -> None:
    assert asyncio.run(hasher.verify(hasher.decoy, RIGHT)) is False
    assert not hasher.outdated(hasher.decoy)


def test_comparisons_are_counted_and_new_hashes_apart(hasher: AnyHasher) -> None:
    async def play() -> None:
        encoded = await hasher.hash(RIGHT)
        await hasher.verify(encoded, RIGHT)
        await hasher.verify(hasher.decoy, RIGHT)

    asyncio.run(play())
    assert (hasher.hashes, hasher.made) == (2, 1)


def test_a_new_hash_is_not_outdated(hasher: AnyHasher) -> None:
    assert not hasher.outdated(asyncio.run(hasher.hash(RIGHT)))


@pytest.mark.parametrize(
    ("time_cost", "memory_kib", "outdated"),
    [(2, 16, False), (3, 16, False), (2, 17, False), (1, 16, True), (2, 15, True), (9, 8, True)],
)
def test_weaker_in_any_parameter_is_outdated(
    time_cost: int, memory_kib: int, outdated: bool
) -> None:
    other = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
    today = Hasher(time_cost=2, memory_kib=16)
    assert today.outdated(other.hash(RIGHT)) is outdated


def test_argon2i_is_outdated() -> None:
    other = argon2.PasswordHasher(time_cost=9, memory_cost=64, parallelism=1, type=argon2.Type.I)
    assert Hasher(time_cost=1, memory_kib=8).outdated(other.hash(RIGHT))


def test_by_default_hashes_cost_what_owasp_asks_for() -> None:
    made = argon2.extract_parameters(Hasher().decoy)
    assert (made.type, made.time_cost, made.memory_cost, made.parallelism) == (
        argon2.Type.ID,
        2,
        19456,
        1,
    )
    assert (made.hash_len, made.salt_len, made.version) == (32, 16, 19)


def test_a_broken_stored_hash_costs_what_the_decoy_costs() -> None:
    hasher = Hasher(time_cost=3, memory_kib=8192)

    async def cost(stored: str) -> int:
        before = hasher.cpu_ns
        await hasher.verify(stored, RIGHT)
        return hasher.cpu_ns - before

    decoy, broken = (min(asyncio.run(cost(s)) for _ in range(5)) for s in (hasher.decoy, "none"))
    assert 0.5 < broken / decoy < 2


class Gate:
    """A hasher whose work stands still until the test lets it go."""

    def __init__(self) -> None:
        self.hasher = weak()
        self.go = threading.Event()
        compare = self.hasher._compare

        def held(encoded: str, password: str) -> bool:
            self.go.wait(10)
            return compare(encoded, password)

        self.hasher._compare = held  # type: ignore[method-assign]


def test_sixty_four_may_always_wait_and_beyond_the_bound_it_is_busy() -> None:
    gate = Gate()
    gate.hasher._usual_ns = 10**12  # a machine so slow that three seconds hold nothing

    async def play() -> tuple[int, Busy]:
        waiting = [
            asyncio.ensure_future(gate.hasher.verify(gate.hasher.decoy, RIGHT))
            for _ in range(QUEUE_LEAST)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy) as refused:
            await gate.hasher.verify(gate.hasher.decoy, RIGHT)
        gate.go.set()
        return len(await asyncio.gather(*waiting)), refused.value

    compared, refused = asyncio.run(play())
    assert compared == QUEUE_LEAST == gate.hasher.hashes
    assert refused.retry_after >= 1_000


def test_the_bound_is_three_seconds_of_work_over_all_slots() -> None:
    hasher = Hasher(slots=2)
    hasher._usual_ns = 10_000_000
    assert hasher.room == 600


def test_whoever_went_away_while_waiting_leaves_their_place() -> None:
    gate = Gate()

    async def play() -> None:
        waiting = [
            asyncio.ensure_future(gate.hasher.verify(gate.hasher.decoy, RIGHT)) for _ in range(20)
        ]
        await asyncio.sleep(0)
        for one in waiting[10:]:
            one.cancel()
        await asyncio.gather(*waiting[10:], return_exceptions=True)
        assert gate.hasher.waiting == 10
        gate.go.set()
        await asyncio.gather(*waiting[:10])

    asyncio.run(play())
    assert gate.hasher.hashes == 10
    assert gate.hasher.waiting == 0


def test_cpu_time_of_hashes_adds_up() -> None:
    hasher = Hasher(time_cost=2, memory_kib=4096)
    asyncio.run(hasher.verify(hasher.decoy, RIGHT))
    once = hasher.cpu_ns
    asyncio.run(hasher.verify(hasher.decoy, RIGHT))
    assert 0 < once < hasher.cpu_ns


def test_a_full_memory_hasher_refuses_as_the_real_one_does() -> None:
    hasher = PlainHasher()
    hasher.full = True
    with pytest.raises(Busy):
        asyncio.run(hasher.verify(hasher.decoy, RIGHT))
    assert hasher.hashes == 0


def test_raising_a_memory_hashers_strength_makes_older_hashes_outdated() -> None:
    hasher = PlainHasher()
    encoded = asyncio.run(hasher.hash(RIGHT))
    hasher.strength = 2
    assert hasher.outdated(encoded)
    assert asyncio.run(hasher.verify(encoded, RIGHT))
