"""Delivery: what leaves the outbox, once in effect, and what does not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory import MemoryMailer, MemoryTexter
from keyturn.adapters.smtp import compose
from keyturn.flows.deliver import (
    Courier,
    deliver_due,
    next_due,
    report,
    report_by_reference,
    sweep_lapsed,
)
from keyturn.ports import Mail, Receipt
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, MINUTE, SECOND, Lane, Reservation
from keyturn.rules.messages import (
    BACKOFF_MS,
    LEASE_MS,
    NOTICE_LIFE_MS,
    Message,
    MessageState,
)
from keyturn.steps.acts import begin
from keyturn.steps.outbox import enqueue
from tests.unit.flows.house import Browser, House, run

NUMBER = "+447400123456"


class Post:
    """The far side of a house: what arrived, and a courier to it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.mailer = MemoryMailer()
        self.texter = MemoryTexter()
        self.courier = Courier(self.mailer, self.texter, JinjaLetters(house.parts.link))

    def deliver(self, limit: int = 50) -> int:
        """One round."""
        return run(deliver_due(self.house.parts, self.courier, limit))

    def queue(self, kind: str, user: User | None = None, **changes: Any) -> str:
        """Queue a message; its id."""
        caller = self.house.browser().caller
        plain: dict[str, Any] = {
            "user": user, "address": user.email if user else None, "life_ms": NOTICE_LIFE_MS,
            "values": {"at": self.house.clock.now(), "ref": "KT-7F3K-2M"},
        }  # fmt: skip
        channel = changes.pop("channel", "mail")
        fields = {**plain, **changes}
        return self.house.write(
            lambda tx: enqueue(tx, begin(self.house.parts, caller), channel, kind, **fields)
        )

    def message(self, message_id: str) -> Message:
        """A message as stored."""
        found = self.house.write(lambda tx: tx.messages.get(self.house.tenant.id, message_id))
        assert found is not None
        return found


@pytest.fixture
def post(house: House) -> Post:
    return Post(house)


def test_a_message_is_sent_once_and_its_content_erased(house: House, post: Post) -> None:
    message_id = post.queue("case_opened", house.user())
    assert [post.deliver(), post.deliver()] == [1, 0]
    (mail,) = post.mailer.sent
    stored = post.message(message_id)
    assert (stored.state, stored.sealed, stored.attempt) == (MessageState.SENT, "", 1)
    assert stored.reference == compose(mail, 0)["Message-ID"]
    assert stored.detail == "250 OK"
    assert "Hello Ada Byron" in mail.text


def test_times_in_a_mail_are_the_persons_own(house: House, post: Post) -> None:
    post.queue("case_opened", house.user(timezone="America/New_York"))
    post.deliver()
    assert "(America/New_York)" in post.mailer.sent[0].text


def test_a_mail_speaks_the_language_that_its_user_chose(house: House, post: Post) -> None:
    post.queue("case_opened", house.user(language="de"))
    post.deliver()
    assert "Guten Tag Ada Byron" in post.mailer.sent[0].text


def test_an_absent_names_message_is_dropped_unseen(
    house: House, post: Post, browser: Browser
) -> None:
    browser.fail(5, "nobody@here.test")
    letter_id = house.last("lock_notice").message.id
    assert post.deliver() == 1
    assert post.mailer.sent == []
    assert post.message(letter_id).state is MessageState.DROPPED
    assert post.message(letter_id).sealed == ""
    assert house.write(lambda tx: tx.messages.recent(house.tenant.id, None, None, 10)) == []


def test_an_address_without_an_account_gets_its_mail(house: House, post: Post) -> None:
    post.queue("case_opened", None, address="new@northwind.test")
    post.deliver()
    assert "Hello,\n" in post.mailer.sent[0].text


@pytest.mark.parametrize(
    ("late", "state"),
    [(-1, MessageState.SENT), (0, MessageState.EXPIRED), (1, MessageState.EXPIRED)],
)
def test_a_message_that_is_too_old_is_not_sent(
    house: House, post: Post, late: int, state: MessageState
) -> None:
    message_id = post.queue("case_opened", house.user(), life_ms=NOTICE_LIFE_MS)
    house.clock.move(NOTICE_LIFE_MS + late)
    post.deliver()
    assert post.message(message_id).state is state
    assert post.message(message_id).sealed == ""


@pytest.mark.parametrize(("early", "sent"), [(1, 0), (0, 1)])
def test_a_message_waits_for_its_moment(house: House, post: Post, early: int, sent: int) -> None:
    post.queue("case_opened", house.user(), run_at=house.clock.now() + MINUTE)
    house.clock.move(MINUTE - early)
    assert post.deliver() == sent
    assert len(post.mailer.sent) == sent


def test_a_refusal_for_good_is_final_and_keeps_the_servers_words(house: House, post: Post) -> None:
    message_id = post.queue("case_opened", house.user("nobody@northwind.test"))
    post.deliver()
    stored = post.message(message_id)
    assert (stored.state, stored.sealed) == (MessageState.REJECTED, "")
    assert stored.detail == "550 5.1.1 no such user here"
    house.clock.move(DAY)
    assert post.deliver() == 0


def test_a_refusal_for_now_is_tried_again_later_and_later(house: House, post: Post) -> None:
    message_id = post.queue("case_opened", house.user())
    post.mailer.down = True
    for wait in BACKOFF_MS:
        post.deliver()
        stored = post.message(message_id)
        assert stored.state is MessageState.QUEUED
        assert stored.run_at == house.clock.now() + wait
        house.clock.move(wait - 1)
        assert post.deliver() == 0
        house.clock.move(1)
    post.mailer.down = False
    post.deliver()
    assert post.message(message_id).state is MessageState.SENT
    assert post.message(message_id).attempt == len(BACKOFF_MS) + 1


def test_a_message_that_would_be_too_old_at_the_next_try_expires_at_once(
    house: House, post: Post
) -> None:
    message_id = post.queue("case_opened", house.user(), life_ms=BACKOFF_MS[0])
    post.mailer.down = True
    post.deliver()
    stored = post.message(message_id)
    assert (stored.state, stored.detail) == (MessageState.EXPIRED, "connection refused")
    assert stored.sealed == ""


def test_a_worker_that_dies_after_sending_leaves_the_same_mail_to_be_sent_again(
    house: House, post: Post
) -> None:
    """At least once: the second has the same Message-ID, and a higher attempt."""
    message_id = post.queue("case_opened", house.user())
    with pytest.raises(asyncio.CancelledError):
        run(_die_after_sending(house, post))
    stored = post.message(message_id)
    assert (stored.state, stored.attempt) == (MessageState.SENDING, 1)
    house.clock.move(LEASE_MS - 1)
    assert post.deliver() == 0
    house.clock.move(1)
    assert post.deliver() == 1
    first, second = post.mailer.sent
    assert compose(first, 0)["Message-ID"] == compose(second, 0)["Message-ID"]
    assert post.message(message_id).attempt == 2


async def _die_after_sending(house: House, post: Post) -> None:
    class Dies(MemoryMailer):
        async def send(self, mail: Mail) -> Receipt:
            await post.mailer.send(mail)
            raise asyncio.CancelledError

    await deliver_due(house.parts, replace(post.courier, mailer=Dies()), 10)


def test_a_worker_that_was_too_slow_changes_nothing_any_more(house: House, post: Post) -> None:
    """Its lease ran out while it was sending, and another has sent and settled."""
    message_id = post.queue("case_opened", house.user("grey@northwind.test"))

    class Slow(MemoryMailer):
        async def send(self, mail: Mail) -> Receipt:
            house.clock.move(LEASE_MS)
            await deliver_due(house.parts, post.courier, 10)  # refused for now: queued
            house.clock.move(SECOND)
            return Receipt("late", "too late")

    run(deliver_due(house.parts, replace(post.courier, mailer=Slow()), 10))
    stored = post.message(message_id)
    assert (stored.state, stored.attempt, stored.reference) == (MessageState.QUEUED, 2, None)
    assert stored.sealed != ""


def test_one_broken_message_does_not_hold_up_the_others(house: House, post: Post) -> None:
    ada = house.user()
    broken = post.queue("no_such_letter", ada)
    good = post.queue("case_opened", ada)
    assert post.deliver() == 2
    assert post.message(good).state is MessageState.SENT
    stored = post.message(broken)
    assert (stored.state, stored.detail) == (MessageState.QUEUED, "TemplateNotFound")


def test_what_was_sealed_with_a_lost_key_is_refused_for_good(house: House, post: Post) -> None:
    message_id = post.queue("case_opened", house.user())
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 1))
    spoiled = replace(post.message(message_id), sealed="lost", state=MessageState.QUEUED)
    house.write(lambda tx: tx.messages.settle(spoiled, 1))
    house.clock.move(LEASE_MS)
    post.deliver()
    assert post.message(message_id).state is MessageState.REJECTED
    assert "key ring" in post.message(message_id).detail


def test_a_text_goes_to_the_gateway(house: House, post: Post) -> None:
    message_id = _text(house, post)
    post.deliver()
    (text,) = post.texter.sent
    assert (text.id, text.to) == (message_id, NUMBER)
    assert text.text.startswith("123456 is your Northwind code")
    assert post.message(message_id).state is MessageState.SENT


def _text(house: House, post: Post) -> str:
    values = {"code": "123456", "minutes": 10}
    return post.queue(
        "verify_phone", house.user(), channel="sms", address=NUMBER, values=values
    )  # fmt: skip


def test_without_a_gateway_a_text_is_refused_and_says_why(house: House, post: Post) -> None:
    message_id = _text(house, post)
    run(deliver_due(house.parts, replace(post.courier, texter=None), 10))
    stored = post.message(message_id)
    assert (stored.state, stored.detail) == (MessageState.REJECTED, "no SMS gateway is set up")


@pytest.mark.parametrize(
    "state",
    [MessageState.DELIVERED, MessageState.BOUNCED, MessageState.REJECTED, MessageState.EXPIRED],
)
def test_a_report_says_what_became_of_a_text(house: House, post: Post, state: MessageState) -> None:
    message_id = _text(house, post)
    post.deliver()
    assert run(report(house.parts, message_id, state, "x" * 400))
    assert post.message(message_id).state is state
    assert post.message(message_id).detail == "x" * 300
    assert not run(report(house.parts, message_id, MessageState.DELIVERED, "late"))
    assert post.message(message_id).state is state


def test_a_report_that_overtakes_the_note_of_sending_counts(house: House, post: Post) -> None:
    message_id = _text(house, post)

    class Fast(MemoryTexter):
        async def send(self, text: Any) -> Receipt:
            assert await report(house.parts, text.id, MessageState.BOUNCED, "absent subscriber")
            return await super().send(text)

    run(deliver_due(house.parts, replace(post.courier, texter=Fast()), 10))
    stored = post.message(message_id)
    assert (stored.state, stored.detail) == (MessageState.BOUNCED, "absent subscriber")
    assert stored.sealed == ""


def test_a_report_of_a_message_that_never_was_is_no_news(house: House) -> None:
    assert not run(report(house.parts, "nothing", MessageState.DELIVERED, ""))


def test_a_digest_counts_the_locks_until_it_is_sent(
    house: House, post: Post, browser: Browser
) -> None:
    house.user()
    for _ in range(5):
        browser.fail(5)
        house.clock.move(10 * MINUTE)
    post.deliver()
    assert len(post.mailer.sent) == 3
    house.clock.move(DAY)
    post.deliver()
    digest = post.mailer.sent[-1]
    assert digest.subject == "Your Northwind account was locked 5 times"


def test_a_lock_that_died_tries_complete_is_announced_without_another_try(
    house: House, post: Post
) -> None:
    ada = house.user()
    held = tuple(Reservation(house.clock.now() + 10 * SECOND, f"r{n}") for n in range(5))
    house.set_lane(f"u:{ada.id}", Lane(reservations=held), ada)
    house.clock.move(10 * SECOND - 1)
    assert run(sweep_lapsed(house.parts)) == 0
    house.clock.move(1)
    assert run(sweep_lapsed(house.parts)) == 1
    assert house.lane(f"u:{ada.id}").locked_until == house.clock.now() + 10 * MINUTE
    post.deliver()
    assert "an unknown program" in post.mailer.sent[0].text
    assert run(sweep_lapsed(house.parts)) == 0


@pytest.mark.parametrize("gone", [True, False])
def test_lapsed_tries_at_names_that_nobody_has_are_swept_too(
    house: House, post: Post, gone: bool
) -> None:
    """Also where the account has been deleted since."""
    ada = house.user()
    held = (Reservation(house.clock.now(), "r"),) * 5
    house.set_lane("a:absent", Lane(reservations=held), ada if gone else None)
    house.write(lambda tx: tx.users.delete(house.tenant.id, ada.id))
    assert run(sweep_lapsed(house.parts)) == 1
    assert house.events() == [Event.SIGNIN_LOCKED]
    post.deliver()
    assert post.mailer.sent == []


def test_a_lane_of_a_tenant_that_is_no_more_stops_nothing(house: House) -> None:
    held = (Reservation(house.clock.now(), "r"),)
    house.write(lambda tx: _stray_lane(tx, held, house.clock.now()))
    assert run(sweep_lapsed(house.parts)) == 1


def _stray_lane(tx: Any, held: tuple[Reservation, ...], now: int) -> None:
    tx.lanes.lock("no-tenant", "a:x", now)
    tx.lanes.save("no-tenant", "a:x", Lane(reservations=held), None)


def test_the_next_due_message_is_known(house: House, post: Post) -> None:
    assert run(next_due(house.parts)) is None
    at = house.clock.now() + MINUTE
    post.queue("case_opened", house.user(), run_at=at)
    assert run(next_due(house.parts)) == at


def test_at_most_so_many_are_taken_at_once(house: House, post: Post) -> None:
    ada = house.user()
    for _ in range(3):
        post.queue("case_opened", ada)
    assert [post.deliver(2), post.deliver(2)] == [2, 1]


def test_values_of_a_message_are_sealed_until_it_is_sent(house: House, post: Post) -> None:
    message_id = _text(house, post)
    sealed = post.message(message_id).sealed
    assert "123456" not in sealed
    opened = json.loads(house.sealer.open(sealed, f"message|{message_id}"))
    assert opened["code"] == "123456"


def _sent(house: House, reference: str, number: str = NUMBER, tenant: Tenant | None = None) -> str:
    """A text that a gateway took and calls `reference`."""
    at = begin(house.parts, house.browser(tenant=tenant).caller)

    def step(tx: Tx) -> str:
        message_id = enqueue(
            tx, at, "sms", "verify_phone", user=None, address=number, values={}, life_ms=MINUTE
        )
        (taken,) = tx.messages.claim(at.now, 1)
        sent = replace(taken, state=MessageState.SENT, reference=reference)
        assert tx.messages.settle(sent, taken.attempt)
        return message_id

    return house.write(step)


def _state(house: House, message_id: str, tenant: Tenant | None = None) -> MessageState:
    found = house.write(lambda tx: tx.messages.get((tenant or house.tenant).id, message_id))
    assert found
    return found.state


def _told(house: House, *names: str, number: str = NUMBER) -> bool:
    state = MessageState.DELIVERED
    return run(report_by_reference(house.parts, names, number, state, "DELIVRD err:000"))


def test_a_receipt_finds_its_text_by_the_gateways_name_and_the_phone(house: House) -> None:
    text = _sent(house, "1f")
    assert _told(house, "31", "1f", number=NUMBER.removeprefix("+"))
    assert _state(house, text) is MessageState.DELIVERED
    assert _told(house, "1f")  # a second receipt: known, and no news


def test_a_receipt_about_another_phone_tells_nothing(house: House) -> None:
    text = _sent(house, "1f")
    assert not _told(house, "1f", number="+447400999999")
    assert _state(house, text) is MessageState.SENT


def test_a_receipt_finds_the_right_tenants_text(house: House) -> None:
    other = house.add_tenant("southbank")
    mine, theirs = _sent(house, "1f"), _sent(house, "1f", "+447400777777", other)
    assert _told(house, "1f", number="+447400777777")
    assert _state(house, theirs, other) is MessageState.DELIVERED
    assert _state(house, mine) is MessageState.SENT


def test_of_what_a_name_may_mean_the_likeliest_is_believed(house: House) -> None:
    as_it_is, in_hex = _sent(house, "31"), _sent(house, "1f")
    assert _told(house, "31", "1f")
    assert _state(house, as_it_is) is MessageState.DELIVERED
    assert _state(house, in_hex) is MessageState.SENT


def test_a_receipt_without_a_number_counts_for_the_very_name_only(house: House) -> None:
    text = _sent(house, "1f")
    assert not _told(house, "31", "1f", number="")
    assert _told(house, "1f", number="")
    assert _state(house, text) is MessageState.DELIVERED


def test_a_receipt_for_a_name_nobody_knows_tells_nothing(house: House) -> None:
    assert not _told(house, "4711")


def test_a_gateway_is_told_for_how_long_a_text_is_worth_delivering(
    house: House, post: Post
) -> None:
    values = {"code": "042917", "minutes": 10}
    life = {"channel": "sms", "address": NUMBER, "values": values, "life_ms": 10 * MINUTE}
    post.queue("verify_phone", house.user(), **life)
    house.clock.move(MINUTE)
    post.deliver()
    assert [text.valid_s for text in post.texter.sent] == [9 * 60]
