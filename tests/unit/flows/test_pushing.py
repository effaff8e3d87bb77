"""Pushes on their way to a phone: what is sent, and what its fate teaches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.adapters.memory_push import MemoryBrowser, MemoryPushService
from keyturn.adapters.sealing import KeyRing, Sealer
from keyturn.flows import asking, staff
from keyturn.flows.asking import Standing
from keyturn.ports.phones import Subscribed
from keyturn.rules.approvals import LIFE_MS, Approval
from keyturn.rules.lockout import SECOND
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.phone_app import Push, PushState
from keyturn.rules.pushing import Urgency
from keyturn.steps import subscriptions
from keyturn.steps.views import UserPage
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import NAME, Pocket, deliver


@pytest.fixture
def service(house: House) -> MemoryPushService:
    return MemoryPushService(house.clock)


@pytest.fixture
def pocket(house: House) -> Pocket:
    return Pocket(house, house.user())


@pytest.fixture
def phone(pocket: Pocket, service: MemoryPushService) -> MemoryBrowser:
    """The phone's browser, subscribed."""
    return pocket.subscribes(service)


def ask(house: House) -> Approval:
    browser = house.browser()
    browser.sign_in()
    answer = run(asking.for_flow(house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def fate(house: House) -> Message:
    """Of the newest push."""
    found = house.write(lambda tx: tx.messages.recent(house.tenant.id, "push", None, 1))
    return found[0]


def test_a_push_tells_id_and_kind_alone(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    one = ask(house)
    house.clock.move(2 * SECOND)
    assert deliver(house, service) == 1
    (push,) = phone.received
    assert json.loads(push.payload) == {"id": one.id, "kind": "second"}
    assert (push.ttl_s, push.urgency) == (LIFE_MS // SECOND - 2, Urgency.HIGH)
    assert push.topic
    assert len(push.topic) == 32
    sent = fate(house)
    assert (sent.state, sent.detail) == (MessageState.SENT, "taken by the push service (201)")
    assert (sent.address, sent.sealed) == (NAME, "")


def test_a_newer_question_replaces_an_undelivered_one(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    phone.leave()
    asked = []
    for _ in range(2):
        asked.append(ask(house).id)
        deliver(house, service)
    phone.come()
    assert [json.loads(push.payload)["id"] for push in phone.received] == asked[1:]


def test_without_a_subscription_nothing_is_queued(house: House, pocket: Pocket) -> None:
    ask(house)
    assert house.outbox() == []
    assert house.trail()[-1].facts["pushed"] is False


def test_a_dead_subscription_is_forgotten(
    house: House, pocket: Pocket, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    phone.unsubscribe()
    ask(house)
    deliver(house, service)
    assert (fate(house).state, fate(house).detail) == (
        MessageState.REJECTED, "the subscription is dead (410)",
    )  # fmt: skip
    assert pocket.again().push.state is PushState.DEAD
    ask(house)
    assert deliver(house, service) == 0
    assert len(pocket.waiting()) == 1


def test_a_subscription_that_was_renewed_meanwhile_stays(
    house: House, pocket: Pocket, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    phone.unsubscribe()
    ask(house)
    service_take = service.take

    def renewed(*args: Any) -> tuple[int | str, str]:
        service.take = service_take  # type: ignore[method-assign]
        pocket.subscribes(service)
        return service_take(*args)

    service.take = renewed  # type: ignore[method-assign, assignment]
    deliver(house, service)
    assert pocket.again().push.state is PushState.WORKS


def test_later_is_tried_again_within_its_life(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    phone.answers(503, "7")
    deliver(house, service)
    waits = fate(house)
    assert (waits.state, waits.run_at) == (MessageState.QUEUED, house.clock.now() + 7 * SECOND)
    phone.answers(None)
    house.clock.move(7 * SECOND)
    assert deliver(house, service) == 1
    assert len(phone.received) == 1


def test_what_would_come_too_late_is_not_tried_again(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    phone.answers(429, "60")
    deliver(house, service)
    assert fate(house).state is MessageState.EXPIRED


def test_a_service_that_is_not_reached_is_tried_again(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    phone.answers("lost")
    deliver(house, service)
    assert (fate(house).state, fate(house).detail) == (MessageState.QUEUED, "not reached: lost")


def test_what_a_service_refuses_is_told(
    house: House, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    phone.answers(401)
    deliver(house, service)
    assert fate(house).state is MessageState.REJECTED
    assert fate(house).detail == "refused: unauthorized (401)"


def test_what_was_answered_meanwhile_is_not_pushed(
    house: House, pocket: Pocket, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    pocket.approves()
    deliver(house, service)
    assert phone.received == []
    assert fate(house).detail == "answered or over before it went"


def test_where_no_push_is_set_up_that_is_told(house: House, phone: MemoryBrowser) -> None:
    ask(house)
    deliver(house, None)
    assert fate(house).detail == "no push is set up"


def test_a_subscription_of_another_key_ring_is_no_way(
    house: House, pocket: Pocket, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    other = Sealer(KeyRing(digest=b"e" * 32, sealing={"other": b"t" * 32}))
    sealed = subscriptions.seal(other, pocket.phone.id, "https://push.example.test/s/1", "", "")
    row = Subscribed(pocket.phone.id, sealed, Push(PushState.WORKS, 0))
    house.write(lambda tx: tx.phones.subscribe(house.tenant.id, row))
    deliver(house, service)
    assert fate(house).detail == "the phone has no subscription that opens"


def test_staff_see_the_fate_of_every_push(
    house: House, pocket: Pocket, phone: MemoryBrowser, service: MemoryPushService
) -> None:
    ask(house)
    deliver(house, service)
    by = staff.on_the_host(house.browser().caller)
    page = run(staff.user(house.parts, by, pocket.user.id))
    assert isinstance(page, UserPage)
    (row,) = page.messages
    assert (row.channel, row.kind, row.address_masked) == ("push", "question", NAME)
