"""Threads that do work for coroutines and for whoever waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from keyturn.adapters.threads import Threads, Waited

SOON_S = 30


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(2, "hand")
    yield made
    made.shutdown()


class Held:
    """Work that is under way until it is let go."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.began.set()
        assert self.go.wait(SOON_S)
        return threading.current_thread().name


def given(threads: Threads, work: Held) -> Waited[str]:
    slot = Waited[str]()
    threads.give(work, slot)
    return slot


def test_a_coroutine_gets_the_answer_or_the_error(threads: Threads) -> None:
    async def play() -> int:
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        return await threads.run(lambda: 7)

    assert asyncio.run(play()) == 7


def test_whoever_has_no_loop_waits_for_the_same(threads: Threads) -> None:
    right, wrong = Waited[int](), Waited[int]()
    threads.give(lambda: 7, right)
    threads.give(lambda: 1 // 0, wrong)
    assert right.future.result(SOON_S) == 7
    with pytest.raises(ZeroDivisionError):
        wrong.future.result(SOON_S)


def test_one_after_the_other_is_done_by_one_thread(threads: Threads) -> None:
    async def play() -> set[str]:
        return {await threads.run(lambda: threading.current_thread().name) for _ in range(50)}

    assert asyncio.run(play()) == {"hand_0"}


def test_the_thread_that_was_busy_last_is_the_next(threads: Threads) -> None:
    first, second = Held(), Held()
    slots = [given(threads, first), given(threads, second)]
    second.go.set()
    assert slots[1].future.result(SOON_S) == "hand_1"
    first.go.set()
    assert slots[0].future.result(SOON_S) == "hand_0"
    third = Held()
    third.go.set()
    assert given(threads, third).future.result(SOON_S) == "hand_0"


def test_work_waits_in_order_while_all_are_busy(threads: Threads) -> None:
    held = [Held(), Held()]
    for work in held:
        given(threads, work)
    order: list[int] = []
    slots = [Waited[None]() for _ in range(20)]
    for number, slot in enumerate(slots):
        threads.give(lambda n=number: order.append(n), slot)  # type: ignore[misc]
    assert threads.load == 22
    assert not order
    held[0].go.set()  # one goes on alone
    slots[-1].future.result(SOON_S)
    assert order == [*range(20)]
    held[1].go.set()


def test_it_stands_ready_before_it_tells_what_it_did(threads: Threads) -> None:
    async def play() -> int:
        for _ in range(200):
            await threads.run(lambda: None)
            assert threads.load == 0
        return len(threads._hands)

    assert asyncio.run(play()) == 1


def test_what_nobody_waits_for_any_more_is_not_done(threads: Threads) -> None:
    held = [Held(), Held()]
    for work in held:
        given(threads, work)
    done: list[str] = []

    async def play() -> int:
        kept = threads.run(lambda: done.append("kept"))
        gone = threads.run(lambda: done.append("gone"))
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        await asyncio.sleep(0)
        waiting = threads.load
        for work in held:
            work.go.set()
        await kept
        return waiting

    left = Waited[None]()
    threads.give(lambda: done.append("left"), left)
    assert left.future.cancel()
    assert asyncio.run(play()) == 4  # two under way; of three in line, one was taken out
    assert done == ["kept"]


def test_whoever_goes_away_meanwhile_stops_nothing(threads: Threads) -> None:
    held = Held()

    async def play() -> None:
        asked = threads.run(held)
        await asyncio.to_thread(held.began.wait, SOON_S)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert threads.load == 1
        held.go.set()
        assert await threads.run(lambda: 7) == 7

    asyncio.run(play())


def test_an_answer_to_a_loop_that_is_closed_is_nobodys(threads: Threads) -> None:
    held = Held()

    async def leave() -> None:
        threads.run(held)
        await asyncio.to_thread(held.began.wait, SOON_S)

    asyncio.run(leave())
    held.go.set()
    slot = Waited[int]()
    threads.give(lambda: 7, slot)
    assert slot.future.result(SOON_S) == 7


def test_at_the_end_what_waits_is_done_and_nothing_more_is_taken() -> None:
    threads, held = Threads(1, "hand"), Held()
    first = given(threads, held)
    last = Waited[int]()
    threads.give(lambda: 7, last)
    end = threading.Thread(target=threads.shutdown)
    end.start()
    held.go.set()
    end.join(SOON_S)
    assert (first.future.result(0), last.future.result(0)) == ("hand_0", 7)
    with pytest.raises(RuntimeError):
        threads.give(lambda: 8, Waited())
    assert not any(hand.thread.is_alive() for hand in threads._hands)


def test_who_is_dropped_hears_of_it() -> None:
    threads, held = Threads(1, "hand"), Held()
    first = given(threads, held)
    dropped, gone = Waited[int](), Waited[int]()
    threads.give(lambda: 7, dropped)
    threads.give(lambda: 8, gone)
    assert gone.future.cancel()
    threads.drop()
    with pytest.raises(RuntimeError):
        dropped.future.result(SOON_S)
    with pytest.raises(CancelledError):
        gone.future.result(SOON_S)
    held.go.set()
    assert first.future.result(SOON_S) == "hand_0"
