"""Clock and chance: the contract that the real ones and their memory twins keep."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import START, MemoryClock, SeededRandom
from keyturn.adapters.system import CROCKFORD, SystemClock, SystemRandom, ulid
from keyturn.ports import Clock, Random

SECOND_NS = 1_000_000_000


@pytest.fixture(params=[SystemClock, MemoryClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


@pytest.fixture(params=[SystemRandom, SeededRandom])
def chance(request: pytest.FixtureRequest) -> Random:
    return request.param()


def test_time_is_milliseconds_of_this_century(clock: Clock) -> None:
    assert START <= clock.now() < 4_102_444_800_000


def test_time_never_runs_backwards(clock: Clock) -> None:
    seen = [clock.now() for _ in range(1_000)]
    assert seen == sorted(seen)


class Hands:
    """A wall clock and a steady one that a test turns by hand."""

    def __init__(self) -> None:
        self.wall_ns = START * 1_000_000
        self.steady_ns = 5 * SECOND_NS
        self.clock = SystemClock(wall=lambda: self.wall_ns, steady=lambda: self.steady_ns)

    def pass_(self, ns: int) -> None:
        self.wall_ns += ns
        self.steady_ns += ns


def test_a_wall_clock_set_forward_is_followed() -> None:
    hands = Hands()
    hands.clock.now()
    hands.wall_ns += 3600 * SECOND_NS
    assert hands.clock.now() == START + 3_600_000


def test_after_the_wall_was_set_back_time_goes_on_at_half_its_pace() -> None:
    hands = Hands()
    before = hands.clock.now()
    hands.wall_ns -= 3600 * SECOND_NS
    assert hands.clock.now() == before
    hands.pass_(60 * SECOND_NS)
    assert hands.clock.now() == before + 30_000


def test_once_the_wall_has_caught_up_time_is_the_wall_again() -> None:
    hands = Hands()
    hands.clock.now()
    hands.wall_ns -= 10 * SECOND_NS
    hands.pass_(20 * SECOND_NS)
    assert hands.clock.now() == START + 10_000
    hands.pass_(5 * SECOND_NS)
    assert hands.clock.now() == START + 15_000


def test_small_steps_are_not_lost_to_rounding() -> None:
    hands = Hands()
    before = hands.clock.now()
    hands.wall_ns -= 3600 * SECOND_NS
    for _ in range(4_000):
        hands.pass_(500_000)
        hands.clock.now()
    assert hands.clock.now() == before + 1_000


def test_a_memory_clock_moves_only_when_told_and_only_forwards() -> None:
    clock = MemoryClock(1_000)
    clock.move(5)
    assert clock.now() == 1_005
    with pytest.raises(ValueError, match="-1"):
        clock.move(-1)


def test_tokens_carry_the_bytes_asked_for_and_differ(chance: Random) -> None:
    tokens = {chance.token() for _ in range(100)} | {chance.token(16)}
    assert len(tokens) == 101
    assert {len(token) for token in tokens} == {43, 22}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", token) for token in tokens)


def test_digits_keep_leading_zeros_and_use_every_digit(chance: Random) -> None:
    drawn = [chance.digits(6) for _ in range(400)]
    assert all(re.fullmatch(r"[0-9]{6}", digits) for digits in drawn)
    assert {digits[0] for digits in drawn} == set("0123456789")


def test_letters_are_crockfords_in_upper_case(chance: Random) -> None:
    drawn = chance.letters(2_000)
    assert len(drawn) == 2_000
    assert set(drawn) == set(CROCKFORD)


def test_ids_are_unique_and_in_the_order_of_their_making(chance: Random) -> None:
    ids = [chance.id(now) for now in (START, START, START, START + 1, START + 1, START + 9)]
    ids += [chance.id(START + 10) for _ in range(500)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", made) for made in ids)


def test_an_id_of_an_earlier_moment_sorts_before(chance: Random) -> None:
    later = chance.id(START + 1)
    assert chance.id(START) < later


def test_the_system_does_not_repeat_itself_and_a_seed_does() -> None:
    assert SystemRandom().token() != SystemRandom().token()
    assert SeededRandom("a").token() == SeededRandom("a").token() != SeededRandom("b").token()


@given(
    st.lists(
        st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1)), min_size=2, max_size=2
    )
)
def test_ulids_sort_as_the_numbers_they_spell(pair: list[tuple[int, int]]) -> None:
    assert [ulid(*parts) for parts in sorted(pair)] == sorted(ulid(*parts) for parts in pair)


def test_a_ulid_is_spelled_as_the_specification_spells_it() -> None:
    assert ulid(1469918176385, 0)[:10] == "01aryz6s41"
    assert ulid(2**48 - 1, 2**80 - 1) == "7zzzzzzzzzzzzzzzzzzzzzzzzz"
