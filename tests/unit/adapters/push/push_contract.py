"""What every Pusher does: the twin in unit tests, the real one in the lab.

The far side of both is a MemoryPushService: of the real one, with HTTPS and a second opinion
on encryption in front of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NamedTuple

import pytest

from keyturn.adapters.memory_push import MemoryBrowser, MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.ports.pushing import Pusher
from keyturn.rules.pushing import (
    PAYLOAD_MAX,
    Accepted,
    Answer,
    Gone,
    Later,
    Push,
    Refusal,
    Refused,
    Subscription,
    Unreachable,
    Urgency,
)

HELLO = Push(b'{"kind":"sign-in"}', ttl_s=60, urgency=Urgency.HIGH, topic="b3JkZXI_-")


class Far(NamedTuple):
    """A pusher and the service it hands messages to."""

    pusher: Pusher
    service: MemoryPushService
    clock: MemoryClock

    def browser(self) -> MemoryBrowser:
        """Subscribed under the pusher's key."""
        return self.service.subscribe(self.pusher.public_key)

    def send(self, to: MemoryBrowser | Subscription, push: Push = HELLO) -> Answer:
        """Each with connections of its own."""
        there = to.subscription if isinstance(to, MemoryBrowser) else to

        async def once() -> Answer:
            try:
                return await self.pusher.send(there, push)
            finally:
                await self.pusher.aclose()

        return asyncio.run(once())


class PusherContract:
    """A subclass gives the fixture `far`."""

    def test_a_message_reaches_its_browser_and_no_other(self, far: Far) -> None:
        one, two = far.browser(), far.browser()
        assert far.send(one) == Accepted(201)
        assert one.received == [HELLO]
        assert two.received == []

    @pytest.mark.parametrize(
        "push",
        [
            Push(b"", ttl_s=0),
            Push(bytes(PAYLOAD_MAX), ttl_s=2_419_200, urgency=Urgency.VERY_LOW),
            Push(b"\x02\x00\x02", ttl_s=1, urgency=Urgency.LOW, topic="t" * 32),
        ],
    )
    def test_every_field_arrives_as_it_was_given(self, far: Far, push: Push) -> None:
        browser = far.browser()
        assert far.send(browser, push) == Accepted(201)
        assert browser.received == [push]

    def test_a_browser_that_was_away_gets_the_last_of_each_topic(self, far: Far) -> None:
        browser = far.browser()
        browser.leave()
        for text in (b"old", b"new"):
            assert far.send(browser, replace(HELLO, payload=text)) == Accepted(201)
        assert far.send(browser, Push(b"other", ttl_s=60)) == Accepted(201)
        assert browser.received == []
        browser.come()
        assert [push.payload for push in browser.received] == [b"new", b"other"]

    def test_what_its_time_is_over_for_is_dropped(self, far: Far) -> None:
        browser = far.browser()
        browser.leave()
        far.send(browser, Push(b"now or never", ttl_s=0))
        far.send(browser, Push(b"a minute", ttl_s=60))
        far.send(browser, Push(b"an hour", ttl_s=3600))
        far.clock.move(60_000)
        browser.come()
        assert [push.payload for push in browser.received] == [b"an hour"]

    def test_a_subscription_that_ended_is_gone(self, far: Far) -> None:
        browser = far.browser()
        browser.unsubscribe()
        assert far.send(browser) == Gone(410)
        assert browser.received == []

    def test_a_service_that_does_not_know_it_any_more_says_so_too(self, far: Far) -> None:
        browser = far.browser()
        browser.answers(404)
        assert far.send(browser) == Gone(404)

    def test_a_subscription_made_under_another_key_is_refused(self, far: Far) -> None:
        browser = far.service.subscribe("another key")
        answer = far.send(browser)
        assert isinstance(answer, Refused)
        assert (answer.why, answer.status) == (Refusal.UNAUTHORIZED, 403)
        assert browser.received == []

    @pytest.mark.parametrize(
        ("status", "why"),
        [
            (400, Refusal.MALFORMED),
            (401, Refusal.UNAUTHORIZED),
            (413, Refusal.TOO_LARGE),
            (302, Refusal.REDIRECT),
            (418, Refusal.OTHER),
        ],
    )
    def test_a_refusal_is_told_with_its_reason(self, far: Far, status: int, why: Refusal) -> None:
        browser = far.browser()
        browser.answers(status)
        answer = far.send(browser)
        assert isinstance(answer, Refused)
        assert (answer.why, answer.status) == (why, status)

    @pytest.mark.parametrize(
        ("status", "retry_after", "seconds"),
        [(429, "120", 120), (503, "", 60), (500, "Thu, 01 Jan 2026 00:05:00 GMT", 300)],
    )
    def test_a_service_that_is_busy_says_for_how_long(
        self, far: Far, status: int, retry_after: str, seconds: int
    ) -> None:
        browser = far.browser()
        browser.answers(status, retry_after)
        answer = far.send(browser)
        assert isinstance(answer, Later)
        assert (answer.status, answer.retry_after) == (status, seconds)
        assert browser.received == []

    def test_no_answer_is_told_as_such(self, far: Far) -> None:
        browser = far.browser()
        browser.answers("lost")
        answer = far.send(browser)
        assert isinstance(answer, Unreachable)
        assert answer.uncertain
        assert answer.said

    def test_another_service_than_the_allowed_ones_is_not_asked(self, far: Far) -> None:
        to = replace(far.browser().subscription, endpoint="https://evil.example.test/s/1")
        assert far.send(to) == Refused(Refusal.ENDPOINT)

    def test_a_key_that_is_none_is_refused(self, far: Far) -> None:
        to = replace(far.browser().subscription, p256dh=b"\x04" + bytes(64))
        assert far.send(to) == Refused(Refusal.KEYS)
