"""What every Mailer, Texter and NumberingPlan does: twins in unit tests, real ones in the lab."""

from __future__ import annotations

import asyncio

import pytest

from keyturn.ports.delivery import (
    Mail,
    Mailer,
    NotDelivered,
    NumberingPlan,
    Receipt,
    Text,
    Texter,
)

ID = "01k2m3n4p5q6r7s8t9v0w1x2y3"


def a_mail(to: str = "ada@example.test", subject: str = "Your account") -> Mail:
    return Mail(
        id=ID,
        sender=("Northwind", "account@northwind.test"),
        to=to,
        subject=subject,
        text="Hello,\n\nzwölf Boxkämpfer\n.\n",
        html="<p>Hello</p>",
        headers={"X-Auto-Response-Suppress": "All"},
    )


def send(mailer: Mailer, mail: Mail) -> Receipt:
    return asyncio.run(mailer.send(mail))


def refused(mailer: Mailer, mail: Mail) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        send(mailer, mail)
    assert caught.value.detail.isprintable()
    assert 0 < len(caught.value.detail) <= 300
    return caught.value


class MailerContract:
    """A subclass gives the fixture `mailer`, whose far side chooses fates by `mail_fate`."""

    def test_a_mail_that_is_taken_is_known_by_its_message_id(self, mailer: Mailer) -> None:
        receipt = send(mailer, a_mail())
        assert receipt.reference == f"<{ID}@northwind.test>"
        assert receipt.detail.startswith("250")

    def test_an_unknown_mailbox_is_a_refusal_for_good(self, mailer: Mailer) -> None:
        refusal = refused(mailer, a_mail("nobody.here@example.test"))
        assert refusal.final
        assert refusal.detail.startswith("550 5.1.1")

    def test_greylisting_is_a_refusal_for_now(self, mailer: Mailer) -> None:
        refusal = refused(mailer, a_mail("grey@example.test"))
        assert not refusal.final
        assert refusal.detail.startswith("451")
        assert send(mailer, a_mail("grey@example.test")).detail.startswith("250")

    @pytest.mark.parametrize("bad", ["x\r\nBcc: eve@evil.test", "x\n", "\rx", "x\x00", "x\u2028y"])
    def test_no_field_can_be_smuggled_into_the_header(self, mailer: Mailer, bad: str) -> None:
        assert refused(mailer, a_mail(subject=bad)).final
        assert refused(mailer, a_mail(to=f"ada@example.test{bad}")).final

    @pytest.mark.parametrize(
        "bad", ["", "ada", "@example.test", "ada@", "a@b.test, c@d.test", "<ada@example.test>"]
    )
    def test_what_is_no_address_is_refused_for_good(self, mailer: Mailer, bad: str) -> None:
        assert refused(mailer, a_mail(to=bad)).final


class TexterContract:
    """A subclass gives the fixture `texter`."""

    def test_a_text_that_is_taken_is_known_by_its_id(self, texter: Texter) -> None:
        receipt = asyncio.run(texter.send(Text(ID, "+447700900120", "Your code")))
        assert receipt.reference == ID
        assert receipt.detail.startswith("0: Accepted")

    def test_a_number_that_is_none_is_refused_for_good(self, texter: Texter) -> None:
        with pytest.raises(NotDelivered) as caught:
            asyncio.run(texter.send(Text(ID, "+44x", "Your code")))
        assert caught.value.final
        assert "rejected" in caught.value.detail


class NumberingContract:
    """A subclass gives the fixture `plan`."""

    @pytest.mark.parametrize(
        ("typed", "region", "e164", "line", "home", "national"),
        [
            ("07400 123456", "GB", "+447400123456", "mobile", "GB", "07400 123456"),
            ("+44 7400 123456", "US", "+447400123456", "mobile", "GB", "07400 123456"),
            ("020 7946 0123", "GB", "+442079460123", "landline", "GB", "020 7946 0123"),
            ("07700 900123", "GB", "+447700900123", "other", "GB", "07700 900123"),
            ("056 1234 5678", "GB", "+445612345678", "voip", "GB", "056 1234 5678"),
            ("+1 (212) 555-0123", "GB", "+12125550123", "either", "US", "(212) 555-0123"),
        ],
    )
    def test_a_number_is_told_with_its_line(
        self, plan: NumberingPlan, typed: str, region: str,
        e164: str, line: str, home: str, national: str,
    ) -> None:  # fmt: skip
        found = plan.look(typed, region)
        assert found is not None
        assert (found.e164, found.line, found.region, found.national) == (
            e164, line, home, national,
        )  # fmt: skip

    @pytest.mark.parametrize("typed", ["", "12", "abc", "\0", "0" * 41, "ada@example.test", "+"])
    def test_what_cannot_be_a_number_is_none(self, plan: NumberingPlan, typed: str) -> None:
        assert plan.look(typed, "GB") is None
