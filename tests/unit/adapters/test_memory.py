"""The memory twins keep the contracts of the real adapters."""

from __future__ import annotations

import asyncio

import pytest

from keyturn.adapters.memory import (
    MemoryMailer,
    MemoryNumbering,
    MemoryTexter,
    text_fate,
)
from keyturn.adapters.numbering import Numbering
from keyturn.ports.delivery import NotDelivered, NumberingPlan, Text
from keyturn.rules.messages import MessageState
from tests.unit.adapters.delivery_contract import (
    MailerContract,
    NumberingContract,
    TexterContract,
    a_mail,
    refused,
    send,
)


class TestMemoryMailer(MailerContract):
    @pytest.fixture
    def mailer(self) -> MemoryMailer:
        return MemoryMailer()

    def test_it_keeps_what_it_took_and_nothing_else(self, mailer: MemoryMailer) -> None:
        send(mailer, a_mail())
        refused(mailer, a_mail("nobody@example.test"))
        assert mailer.sent == [a_mail()]

    def test_while_down_all_is_refused_for_now(self, mailer: MemoryMailer) -> None:
        mailer.down = True
        assert not refused(mailer, a_mail()).final
        assert mailer.sent == []


class TestMemoryTexter(TexterContract):
    @pytest.fixture
    def texter(self) -> MemoryTexter:
        return MemoryTexter()

    def test_while_down_all_is_refused_for_now(self, texter: MemoryTexter) -> None:
        texter.down = True
        with pytest.raises(NotDelivered) as caught:
            asyncio.run(texter.send(Text("1", "+447700900120", "x")))
        assert not caught.value.final
        assert texter.sent == []


class TestNumberings(NumberingContract):
    @pytest.fixture(params=[MemoryNumbering, Numbering])
    def plan(self, request: pytest.FixtureRequest) -> NumberingPlan:
        return request.param()


@pytest.mark.parametrize(
    ("last", "fate"),
    [
        ("9", MessageState.BOUNCED),
        ("8", MessageState.EXPIRED),
        ("7", MessageState.REJECTED),
        ("6", None),
        ("5", MessageState.DELIVERED),
        ("0", MessageState.DELIVERED),
    ],
)
def test_the_last_digit_decides_what_becomes_of_a_text(
    last: str, fate: MessageState | None
) -> None:
    assert text_fate(f"+44770090012{last}") is fate
