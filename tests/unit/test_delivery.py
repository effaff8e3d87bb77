"""The delivery loop: woken, never stopped by one message, patient with an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keyturn import delivery
from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory import MemoryMailer
from keyturn.adapters.memory_push import MemoryPusher, MemoryPushService
from keyturn.delivery import BATCH, PACE, Pace, collect, run, run_pushes, wake_on_commit
from keyturn.flows import bounces
from keyturn.flows.bounces import Came
from keyturn.flows.deliver import Courier
from keyturn.ports import Mail, Receipt, StoreUnavailable
from keyturn.ports.parts import Parts
from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, Kind
from keyturn.rules.pushing import Push
from keyturn.steps import questions
from keyturn.steps.acts import begin
from keyturn.steps.outbox import mail_notice
from keyturn.steps.questions import Wanted
from tests.unit.flows.house import House
from tests.unit.flows.pockets import Pocket
from tests.unit.rules.reports_of_mail import HOLIDAY, dsn

QUICK = Pace(nap=1, look=5, delay=0, spread=1, patience=5, outage=1, outage_max=4)


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


class Arrivals(MemoryMailer):
    """Sets `enough` when so many mails have arrived; `stuck@…` waits for `release`."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.enough = asyncio.Event()
        self.began = asyncio.Event()
        self.release = asyncio.Event()

    async def send(self, mail: Mail) -> Receipt:
        if mail.to.startswith("stuck"):
            self.began.set()
            await self.release.wait()
        receipt = await super().send(mail)
        if len(self.sent) == self.count:
            self.enough.set()
        return receipt


async def _queue(house: House, user: User) -> None:
    act = begin(house.parts, house.browser().caller)
    values = {"ref": "KT-7F3K-2M", "at": act.now}
    await house.store.write(lambda tx: mail_notice(tx, act, "case_opened", user, values))


async def _lives(house: House, mailer: Arrivals, during: Callable[[], Any]) -> None:
    """The loop from its start until `mailer` has enough, with something happening meanwhile."""
    courier = Courier(mailer, None, JinjaLetters(house.parts.link))
    wake, stop = wake_on_commit(house.store), asyncio.Event()
    loop = asyncio.create_task(run(house.parts, courier, wake, stop, QUICK))
    async with asyncio.timeout(20):
        await during()
        await mailer.enough.wait()
        stop.set()
        mailer.release.set()
        await loop


def test_a_commit_wakes_the_loop(house: House) -> None:
    ada = house.user()

    async def story() -> list[Mail]:
        mailer = Arrivals(2)

        async def twice() -> None:
            await _queue(house, ada)
            await _queue(house, ada)

        await _lives(house, mailer, twice)
        return mailer.sent

    assert [m.to for m in asyncio.run(story())] == [ada.email] * 2


def test_more_than_a_batch_is_sent_without_another_wake(house: House) -> None:
    ada = house.user()

    async def story() -> int:
        mailer = Arrivals(2 * BATCH + 1)
        for _ in range(mailer.count):
            await _queue(house, ada)
        await _lives(house, mailer, _nothing)
        return len(mailer.sent)

    assert asyncio.run(story()) == 2 * BATCH + 1


async def _nothing() -> None:
    """Nothing happens."""


def test_what_hardly_ever_is_there_is_looked_for_every_five_seconds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, stop, looks = iter(range(1, 10)), asyncio.Event(), list[int]()
    now = 0

    async def due(_parts: Parts) -> None:
        nonlocal now
        now = next(rounds)
        house.clock.move({3: PACE.besides - 1, 6: 1}.get(now, 0))
        if now == 9:
            stop.set()

    async def lapsed(_parts: Parts) -> None:
        looks.append(now)

    monkeypatch.setattr(delivery, "next_due", due)
    monkeypatch.setattr(delivery, "sweep_lapsed", lapsed)
    courier = Courier(MemoryMailer(), None, JinjaLetters(house.parts.link))
    asyncio.run(run(house.parts, courier, asyncio.Event(), stop, QUICK))
    assert looks == [1, 6]


def test_a_server_that_hangs_holds_up_its_own_batch_only(house: House) -> None:
    stuck, ada = house.user("stuck@northwind.test"), house.user()

    async def story() -> list[str]:
        mailer = Arrivals(1)
        await _queue(house, stuck)

        async def later() -> None:
            await mailer.began.wait()
            await _queue(house, ada)

        await _lives(house, mailer, later)
        return [m.to for m in mailer.sent]

    assert asyncio.run(story()) == [ada.email, stuck.email]


def test_an_outage_of_the_store_is_waited_out(house: House) -> None:
    ada = house.user()
    failures = iter(range(5))
    glance = house.store.glance

    async def sometimes(fn: Any) -> Any:
        if next(failures, None) is not None:
            raise StoreUnavailable
        return await glance(fn)

    async def story() -> int:
        mailer = Arrivals(1)
        await _queue(house, ada)
        house.store.glance = sometimes  # type: ignore[method-assign]
        await _lives(house, mailer, _nothing)
        return len(mailer.sent)

    assert asyncio.run(story()) == 1
    assert next(failures, None) is None


def test_a_batch_that_fails_late_is_heard_of_and_stops_nothing(house: House) -> None:
    """What it had sent and could not settle goes again when its lease is over."""
    stuck, ada = house.user("stuck@northwind.test"), house.user()
    write = house.store.write
    broken, failed = asyncio.Event(), asyncio.Event()

    async def sometimes(fn: Any) -> Any:
        if broken.is_set() and not failed.is_set():
            failed.set()
            raise StoreUnavailable
        return await write(fn)

    async def story() -> list[str]:
        mailer = Arrivals(2)
        await _queue(house, stuck)
        house.store.write = sometimes  # type: ignore[method-assign]

        async def release() -> None:
            broken.set()
            mailer.release.set()
            await failed.wait()
            await _queue(house, ada)

        await _lives(house, mailer, release)
        return [m.to for m in mailer.sent]

    assert asyncio.run(story()) == [stuck.email, ada.email]


def test_when_a_mail_leaves_cannot_be_timed_against_the_request() -> None:
    assert (PACE.delay, PACE.delay + PACE.spread) == (50, 300)


def test_a_wake_after_the_loop_has_ended_is_ignored(house: House) -> None:
    async def story() -> None:
        wake_on_commit(house.store)

    asyncio.run(story())
    user = house.user()
    asyncio.run(_queue(house, user))
    assert len(house.outbox()) == 1


class Bag:
    """A Postbag in memory. Stops who reads it once `enough` is true of it."""

    def __init__(self, enough: Callable[[Bag], bool], **mails: bytes | None) -> None:
        self.enough = enough
        self.mails = dict(mails)
        self.looks = 0

    async def read_by(self, house: House) -> None:
        """Be read until it is enough."""
        loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.stopped = lambda: loop.call_soon_threadsafe(self.stop.set)
        async with asyncio.timeout(20):
            await collect(house.parts, self, self.stop, Pace(collect=1))

    def waiting(self, limit: int) -> list[str]:
        self.looks += 1
        if self.enough(self):
            self.stopped()
        return list(self.mails)[:limit]

    def read(self, name: str, most: int) -> bytes | None:
        raw = self.mails[name]
        return raw if raw is None else raw[:most]

    def remove(self, name: str) -> bool:
        del self.mails[name]
        return True


def test_what_came_back_is_read_and_removed_whatever_it_is(house: House) -> None:
    bag = Bag(
        lambda bag: not bag.mails, holiday=HOLIDAY, odd=None, bounce=dsn("bounce@northwind.test")
    )
    asyncio.run(bag.read_by(house))
    assert bag.mails == {}


def test_a_report_waits_for_a_store_that_does_not_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = Bag(lambda bag: not bag.mails, bounce=HOLIDAY)
    down = [True, True]

    async def take(parts: Parts, raw: bytes) -> Came:
        if down and down.pop():
            raise StoreUnavailable
        return Came.NO_REPORT

    monkeypatch.setattr(bounces, "take", take)
    asyncio.run(bag.read_by(house))
    assert bag.looks >= 3


def test_a_report_that_cannot_be_taken_stays_and_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bag = Bag(lambda bag: bag.looks > 2, bad=b"bad", good=b"good")

    async def take(parts: Parts, raw: bytes) -> Came:
        if raw == b"bad":
            raise ZeroDivisionError
        return Came.NO_REPORT

    monkeypatch.setattr(bounces, "take", take)
    asyncio.run(bag.read_by(house))
    assert list(bag.mails) == ["bad"]
    assert "stays name=bad" in caplog.text


# -- pushes


class Ringing(list[Push]):
    """Sets `bell` when something arrives."""

    def __init__(self, bell: asyncio.Event) -> None:
        super().__init__()
        self.bell = bell

    def append(self, push: Push) -> None:
        super().append(push)
        self.bell.set()


def test_a_push_does_not_wait_behind_mails(house: House) -> None:
    service = MemoryPushService(house.clock)
    pocket = Pocket(house, house.user())
    phone, stuck = pocket.subscribes(service), house.user("stuck@northwind.test")

    async def story() -> None:
        mailer, stop, arrived = Arrivals(1), asyncio.Event(), asyncio.Event()
        phone.received = Ringing(arrived)
        courier = Courier(
            mailer, None, JinjaLetters(house.parts.link), pusher=lambda: MemoryPusher(service)
        )
        wakes = [wake_on_commit(house.store) for _ in range(2)]
        async with asyncio.timeout(20):
            mails = asyncio.create_task(run(house.parts, courier, wakes[0], stop, QUICK))
            await _queue(house, stuck)
            await mailer.began.wait()
            await house.store.write(lambda tx: _ask(house, tx, pocket))
            pushes = asyncio.create_task(run_pushes(house.parts, courier, wakes[1], stop, QUICK))
            await arrived.wait()
            stop.set()
            mailer.release.set()
            await asyncio.gather(mails, pushes)

    asyncio.run(story())
    assert len(phone.received) == 1


def _ask(house: House, tx: Any, pocket: Pocket) -> None:
    act = begin(house.parts, house.browser().caller)
    wanted = Wanted(Kind.SECOND, "s" * 26, "Firefox", "203.0.113.7")
    assert isinstance(questions.ask(tx, act, pocket.user.id, wanted), Approval)
