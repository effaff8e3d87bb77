"""A report joined to its message, and what changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows.bounces import Came, take
from keyturn.ports.store import Tx
from keyturn.rules import verp
from keyturn.rules.lockout import MINUTE
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.verp import ReturnPath
from keyturn.steps.acts import begin
from keyturn.steps.outbox import mail_notice
from tests.unit.flows.house import House, run
from tests.unit.rules.reports_of_mail import HOLIDAY, dsn

BOUNCES = "bounce@mail.northwind.test"


@pytest.fixture
def message_id(house: House) -> str:
    """A mail that has left."""
    act = begin(house.parts, house.browser().caller)
    user = house.user()

    def step(tx: Tx) -> str:
        mail_notice(tx, act, "case_opened", user, {"ref": "KT"})
        (message,) = tx.messages.claim(act.now, 1)
        tx.messages.settle(replace(message, state=MessageState.SENT, sealed=""), 1)
        return message.id

    return house.write(step)


def path(house: House, message_id: str) -> ReturnPath:
    """Where the reports of a message come back to."""
    digest = house.sealer.digest(verp.PURPOSE, message_id)
    return verp.return_path(BOUNCES, message_id, digest)


def stored(house: House, message_id: str) -> Message:
    found = house.write(lambda tx: tx.messages.get(house.tenant.id, message_id))
    assert found is not None
    return found


def test_a_bounce_is_joined_to_its_message(house: House, message_id: str) -> None:
    house.clock.move(MINUTE)
    raw = dsn(path(house, message_id).address)
    assert run(take(house.parts, raw)) is Came.NEWS
    message = stored(house, message_id)
    assert message.state is MessageState.BOUNCED
    assert message.detail == "550 5.1.1 <ada@far.test>: no such user"
    assert message.updated_at == house.clock.now()


def test_the_address_that_the_mail_system_names_is_enough(house: House, message_id: str) -> None:
    raw = dsn("postmaster@northwind.test")
    address = path(house, message_id).address.upper()
    assert run(take(house.parts, raw, address)) is Came.NEWS


def test_a_report_that_came_elsewhere_is_joined_by_its_envelope_identifier(
    house: House, message_id: str
) -> None:
    raw = dsn("postmaster@northwind.test", envid=path(house, message_id).envelope_id)
    assert run(take(house.parts, raw)) is Came.NEWS


def test_a_mail_that_was_put_off_is_delivered_later_and_then_put_off_no_more(
    house: House, message_id: str
) -> None:
    to = path(house, message_id).address
    delayed, delivered = dsn(to, "delayed", "4.7.1"), dsn(to, "delivered", "2.0.0")
    states = [
        (run(take(house.parts, raw)), stored(house, message_id).state)
        for raw in (delayed, delayed, delivered, delayed, dsn(to))
    ]
    assert states == [
        (Came.NEWS, MessageState.DEFERRED),
        (Came.KNOWN, MessageState.DEFERRED),
        (Came.NEWS, MessageState.DELIVERED),
        (Came.KNOWN, MessageState.DELIVERED),
        (Came.KNOWN, MessageState.DELIVERED),
    ]


def test_a_forged_or_altered_address_changes_nothing(house: House, message_id: str) -> None:
    to = path(house, message_id).address
    tag = to.partition(".")[2].partition("@")[0]
    wrong = ("a" if tag[0] != "a" else "b") + tag[1:]
    before = house.dump("messages", "audit")
    assert run(take(house.parts, dsn(to.replace(tag, wrong)))) is Came.NOT_OURS
    other = message_id[:-1] + ("0" if message_id[-1] != "0" else "1")
    assert run(take(house.parts, dsn(to.replace(message_id, other)))) is Came.NOT_OURS
    assert run(take(house.parts, dsn("bounce@mail.northwind.test"))) is Came.NOT_OURS
    assert house.dump("messages", "audit") == before


def test_a_true_claim_beside_false_ones_is_found(house: House, message_id: str) -> None:
    raw = dsn(path(house, message_id).address)
    forged = f"bounce+{message_id}.{'a' * 16}@mail.northwind.test"
    assert run(take(house.parts, raw, forged)) is Came.NEWS


def test_a_report_about_a_message_that_is_gone_is_no_news(house: House) -> None:
    gone = house.random.id(house.clock.now())
    assert run(take(house.parts, dsn(path(house, gone).address))) is Came.KNOWN


def test_a_signature_elsewhere_in_a_report_names_no_message(house: House, message_id: str) -> None:
    """Somebody quotes a mail of theirs in a report that came to another address."""
    quoted = path(house, message_id).envelope_id
    raw = dsn("postmaster@northwind.test", words=f"smtp; 550 {quoted}")
    assert run(take(house.parts, raw)) is Came.NOT_OURS
    assert stored(house, message_id).state is MessageState.SENT


def test_a_mail_without_our_signature_is_not_even_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading costs time, and anybody may send."""
    monkeypatch.setattr("keyturn.rules.mail_reports.read", None)
    for raw in (dsn("bounce@northwind.test"), HOLIDAY, b"", b"\xff" * 3_000_000):
        assert run(take(house.parts, raw)) is Came.NOT_OURS


def test_a_holiday_answer_is_no_report(house: House, message_id: str) -> None:
    to = path(house, message_id).address
    assert run(take(house.parts, HOLIDAY.replace(b"TO", to.encode()), to)) is Came.NO_REPORT
    assert stored(house, message_id).state is MessageState.SENT
