"""A phone's push: subscribed, off, and whether one arrives."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from keyturn.adapters.memory_push import MemoryBrowser, MemoryPusher, MemoryPushService
from keyturn.flows import phone_push as flow
from keyturn.flows.phone_push import Sent, Trip, Wanted
from keyturn.ports.phones import Subscribed
from keyturn.rules.accounts import User
from keyturn.rules.phone_app import Push, PushState
from keyturn.rules.pushing import Subscription
from keyturn.steps import subscriptions
from keyturn.steps.phone_door import Refused, Why
from tests.unit.flows.handsets import Handset, phones, reset
from tests.unit.flows.house import House, run

Ask = Callable[[Handset, MemoryPusher], Coroutine[Any, Any, Any]]


@pytest.fixture
def user(house: House) -> User:
    return house.user()


@pytest.fixture
def phone(house: House, user: User) -> Handset:
    handset = Handset(house)
    handset.bind(user)
    return handset


@pytest.fixture
def service(house: House) -> MemoryPushService:
    return MemoryPushService(house.clock)


@pytest.fixture
def pusher(service: MemoryPushService) -> MemoryPusher:
    return MemoryPusher(service)


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def wanted(to: Subscription) -> Wanted:
    return Wanted(to.endpoint, plain(to.p256dh), plain(to.auth))


def subscribe(phone: Handset, browser: MemoryBrowser) -> Push | Refused:
    asked = wanted(browser.subscription)
    return run(flow.subscribe(phone.house.parts, phone.caller, phone.said(), asked))


def note(phone: Handset, permission: str) -> Push | Refused:
    return run(flow.noted(phone.house.parts, phone.caller, phone.said(), permission))


def sent(phone: Handset, pusher: MemoryPusher) -> Sent | Refused:
    return run(flow.begin_test(phone.house.parts, phone.caller, phone.said(), pusher))


def arrived(phone: Handset, test_id: str) -> Refused | None:
    return run(flow.arrived(phone.house.parts, phone.caller, phone.said(), test_id))


def came(phone: Handset, test_id: str) -> Trip | Refused:
    return run(flow.tested(phone.house.parts, phone.caller, phone.said(), test_id))


def stored(phone: Handset) -> Subscribed | None:
    house = phone.house
    return house.write(lambda tx: tx.phones.subscription(house.tenant.id, phone.id))


@pytest.mark.parametrize(
    "ask",
    [
        lambda phone, _: flow.subscribe(
            phone.house.parts, phone.caller, phone.said(), Wanted("", "", "")
        ),
        lambda phone, _: flow.noted(phone.house.parts, phone.caller, phone.said(), "denied"),
        lambda phone, pusher: flow.begin_test(
            phone.house.parts, phone.caller, phone.said(), pusher
        ),
        lambda phone, _: flow.arrived(phone.house.parts, phone.caller, phone.said(), "x"),
        lambda phone, _: flow.tested(phone.house.parts, phone.caller, phone.said(), "x"),
    ],
    ids=["subscribe", "noted", "test", "arrived", "tested"],
)
def test_a_phone_that_was_taken_away_is_not_heard(
    house: House, user: User, phone: Handset, pusher: MemoryPusher, ask: Ask
) -> None:
    now = house.clock.now()
    house.write(lambda tx: reset(tx, user, now, house.random.id(now)))
    assert run(ask(phone, pusher)) == Refused(Why.UNBOUND, {"why": "revoked", "at": now})
    assert stored(phone) is None


class TestSubscription:
    def test_it_is_sealed_and_push_works(
        self, house: House, user: User, phone: Handset, service: MemoryPushService
    ) -> None:
        browser, now = service.subscribe("key"), house.clock.now()
        assert subscribe(phone, browser) == Push(PushState.WORKS, now)
        assert phones(house, user)[0].push == Push(PushState.WORKS, now)
        kept = stored(phone)
        assert kept is not None
        assert subscriptions.unseal(house.sealer, kept) == browser.subscription
        assert browser.subscription.endpoint not in house.dump("phones")

    def test_one_that_does_not_open_is_none(self, house: House, phone: Handset) -> None:
        other = Subscribed(phone.id, house.sealer.seal(b"{}", "another"), Push(PushState.WORKS, 0))
        assert subscriptions.unseal(house.sealer, other) is None

    @pytest.mark.parametrize(
        ("permission", "state"),
        [("denied", PushState.DENIED), ("default", PushState.NONE), ("granted", PushState.DEAD)],
    )
    def test_where_the_app_has_none_ours_is_forgotten(
        self, phone: Handset, service: MemoryPushService, permission: str, state: PushState
    ) -> None:
        subscribe(phone, service.subscribe("key"))
        push = note(phone, permission)
        assert isinstance(push, Push)
        assert push.state is state
        assert stored(phone) is None


class TestThereAndBack:
    def test_it_is_sent_and_arrives(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        browser, began = service.subscribe(pusher.public_key), house.clock.now()
        subscribe(phone, browser)
        test = sent(phone, pusher)
        assert isinstance(test, Sent)
        assert json.loads(browser.received[0].payload) == {"kind": "test", "id": test.test_id}
        assert came(phone, test.test_id) == Trip(began, None)
        house.clock.move(3000)
        assert arrived(phone, test.test_id) is None
        house.clock.move(3000)
        assert arrived(phone, test.test_id) is None
        assert came(phone, test.test_id) == Trip(began, began + 3000)

    def test_a_newer_one_takes_its_place_and_has_not_arrived_by_that(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        subscribe(phone, service.subscribe(pusher.public_key))
        began = house.clock.now()
        first = sent(phone, pusher)
        house.clock.move(1000)
        sent(phone, pusher)
        assert isinstance(first, Sent)
        assert came(phone, first.test_id) == Trip(began, None)

    def test_nobody_elses_is_told(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        subscribe(phone, service.subscribe(pusher.public_key))
        test = sent(phone, pusher)
        assert isinstance(test, Sent)
        other = Handset(house, "another key")
        other.bind(house.user("bob@northwind.test"))
        for told in (arrived(other, test.test_id), came(other, test.test_id)):
            assert told == Refused(Why.UNKNOWN)
        phone.browser.token = "the same phone, by another browser"
        assert came(phone, test.test_id) == Refused(Why.UNKNOWN)
        assert came(phone, house.random.id(0)) == Refused(Why.UNKNOWN)

    def test_a_flow_of_another_users_phone_is_none(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        subscribe(phone, service.subscribe(pusher.public_key))
        test = sent(phone, pusher)
        assert isinstance(test, Sent)
        other = Handset(house, "another key")
        other.browser = phone.browser
        other.bind(house.user("bob@northwind.test"))
        assert came(other, test.test_id) == Refused(Why.UNKNOWN)

    def test_without_a_subscription_there_is_nothing_to_send_to(
        self, phone: Handset, pusher: MemoryPusher
    ) -> None:
        assert sent(phone, pusher) == Refused(Why.PUSH, {"why": "none"})

    @pytest.mark.parametrize(
        ("status", "data"),
        [
            (404, {"why": "gone"}),
            (410, {"why": "gone"}),
            (403, {"why": "refused", "said": "unauthorized"}),
            (429, {"why": "later"}),
            (503, {"why": "later"}),
            ("lost", {"why": "unreachable"}),
        ],
    )
    def test_what_the_service_says_is_told_at_once(
        self, phone: Handset, service: MemoryPushService, pusher: MemoryPusher,
        status: int | str, data: dict[str, str],
    ) -> None:  # fmt: skip
        browser = service.subscribe(pusher.public_key)
        subscribe(phone, browser)
        browser.answers(status)
        assert sent(phone, pusher) == Refused(Why.PUSH, data)
        assert (stored(phone) is None) is (data == {"why": "gone"})

    def test_a_subscription_that_was_renewed_meanwhile_stays(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        dead, fresh = service.subscribe(pusher.public_key), service.subscribe(pusher.public_key)
        subscribe(phone, dead)
        dead.answers(410)

        class Slow(MemoryPusher):
            async def send(self, to: Any, push: Any) -> Any:
                answer = await super().send(to, push)
                asked = wanted(fresh.subscription)
                await flow.subscribe(house.parts, phone.caller, phone.said(), asked)
                return answer

        assert sent(phone, Slow(service)) == Refused(Why.PUSH, {"why": "gone"})
        kept = stored(phone)
        assert kept is not None
        assert subscriptions.unseal(house.sealer, kept) == fresh.subscription
        assert kept.push.state is PushState.WORKS

    def test_ten_an_hour(
        self, house: House, phone: Handset, service: MemoryPushService, pusher: MemoryPusher
    ) -> None:
        subscribe(phone, service.subscribe(pusher.public_key))
        for _ in range(flow.TESTS.limit):
            assert isinstance(sent(phone, pusher), Sent)
        until = house.clock.now() + flow.TESTS.window_ms
        assert sent(phone, pusher) == Refused(Why.TOO_MANY, {"until": until})
