"""Why a mail came back, by the words of real mail systems."""

from __future__ import annotations

import pytest

from keyturn.rules.diagnosis import Facts, Symptom, diagnose
from tests.unit.rules.diagnosis.snapshots import AGO, NOW

NAMES = ("mail.detail", "mail.attempts", "mail.next_at", "mail.updated_at", "mail.address")


def cause(state: str, detail: str) -> str:
    known: dict[str, object] = dict.fromkeys(NAMES)
    known |= {"mail.state": state, "mail.at": AGO, "mail.detail": detail}
    facts = Facts({**known, "tenant.sender": "a@b.test"})
    return diagnose(facts, NOW, Symptom.MAIL).findings[0].cause


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("550 5.1.1 <a@b.test>: Recipient address rejected: User unknown", "mail.no-mailbox"),
        ("550-5.1.1 The email account that you tried to reach does not exist", "mail.no-mailbox"),
        ("5.0.0 550-Callout failed: 550 5.2.1 The account is disabled", "mail.closed"),
        ("5.4.4 Host or domain name not found", "mail.no-domain"),
        ("5.1.2 bad destination system", "mail.no-domain"),
        ("556 5.1.10 Recipient address has null MX", "mail.no-domain"),
        ("552 5.2.2 The email account that you tried to reach is over quota", "mail.full"),
        ("452 4.2.2 mailbox full", "mail.full"),
        ("552 5.3.4 Message size exceeds fixed limit", "mail.too-big"),
        ("550 5.2.3 message too large for this mailbox", "mail.too-big"),
        ("550 5.7.26 unauthenticated mail from northwind.test", "mail.blocked"),
        ("553 5.1.8 sender domain does not exist", "mail.blocked"),
        ("550 no such user", "mail.came-back"),
        ("", "mail.came-back"),
    ],
)
@pytest.mark.parametrize("state", ["bounced", "rejected"])
def test_each_status_has_its_reason(state: str, detail: str, expected: str) -> None:
    assert cause(state, detail) == expected


@pytest.mark.parametrize(
    ("state", "detail", "expected"),
    [
        ("deferred", "452 4.2.2 mailbox full", "mail.full"),
        ("expired", "452 4.2.2 mailbox full", "mail.full"),
        ("deferred", "450 4.7.1 greylisted", "mail.put-off"),
        ("deferred", "4.4.1 connect to mx.far.test: Connection timed out", "mail.put-off"),
        ("expired", "450 4.7.1 greylisted", "mail.too-late"),
    ],
)
def test_what_only_lasts_is_not_taken_for_a_refusal(state: str, detail: str, expected: str) -> None:
    assert cause(state, detail) == expected
