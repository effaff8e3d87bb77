"""Delivery status notifications: what is read of them, and that nothing breaks the reading."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyturn.rules import mail_reports
from keyturn.rules.mail_reports import MailReport
from keyturn.rules.messages import MessageState
from keyturn.rules.verp import Claim
from tests.unit.rules.reports_of_mail import ENCLOSED, EXIM, HOLIDAY, ID, READ, dsn

TAG = "a" * 16
TO = f"bounce+{ID}.{TAG}@northwind.test"
CLAIM = Claim(ID, TAG)


def read(raw: bytes, addressed: str = "") -> MailReport:
    found = mail_reports.read(raw, addressed)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("action", "status", "state"),
    [
        ("failed", "5.1.1", MessageState.BOUNCED),
        ("FAILED (user unknown)", "5.1.1", MessageState.BOUNCED),
        ("failed", "", MessageState.BOUNCED),
        ("failed", "4.7.1", MessageState.EXPIRED),
        ("failed", "5.4.7", MessageState.EXPIRED),
        ("delayed", "4.7.1", MessageState.DEFERRED),
        ("delivered", "2.0.0", MessageState.DELIVERED),
        ("relayed", "2.0.0", MessageState.RELAYED),
        ("expanded", "2.0.0", MessageState.RELAYED),
    ],
)
def test_each_action_has_its_state(action: str, status: str, state: MessageState) -> None:
    assert read(dsn(TO, action, status)).state is state


def test_the_far_sides_words_are_kept_on_one_line_with_their_status() -> None:
    assert read(dsn(TO)).detail == "550 5.1.1 <ada@far.test>: no such user"
    assert read(dsn(TO, words="smtp; 550 no\n  such user")).detail == "5.1.1 550 no such user"
    assert read(dsn(TO, words="no such user")).detail == "5.1.1 no such user"
    assert read(dsn(TO, status="", words="")).detail == ""
    assert len(read(dsn(TO, words="smtp; " + "long " * 500)).detail) <= 300


def test_words_in_a_wrong_charset_are_kept_as_far_as_they_can_be_read() -> None:
    raw = dsn(TO, words="smtp; 550 5.1.1 kein Empf\xe4nger").replace("ä".encode(), b"\xe4")
    assert read(raw).detail.startswith("550 5.1.1 kein Empf")
    assert read(raw).detail.isprintable()


@pytest.mark.parametrize("field", ["To", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_the_message_is_named_by_the_address_that_the_report_came_to(field: str) -> None:
    raw = dsn("postmaster@northwind.test").replace(b"Date:", f"{field}: {TO}\nDate:".encode(), 1)
    assert read(raw).claims == (CLAIM,)


def test_what_the_mail_system_tells_of_the_address_comes_first() -> None:
    other = f"bounce+{ID[:-1]}z.{TAG}@northwind.test"
    assert read(dsn(TO), other).claims[0] == Claim(f"{ID[:-1]}z", TAG)


def test_the_message_is_named_by_its_envelope_identifier_where_the_address_is_another() -> None:
    assert read(dsn("postmaster@northwind.test", envid=f"{ID}.{TAG}")).claims == (CLAIM,)
    assert read(dsn("postmaster@northwind.test", envid="x")).claims == ()


def test_of_several_recipients_the_best_news_counts() -> None:
    """An alias: one of the mailboxes behind it has the mail."""
    more = "\nFinal-Recipient: rfc822; b@far.test\nAction: delivered\nStatus: 2.0.0\n"
    assert read(dsn(TO, recipients=more)).state is MessageState.DELIVERED


def test_exims_report_is_read() -> None:
    found = read(EXIM.replace(b"TO", TO.encode()))
    assert (found.claims, found.state) == ((CLAIM,), MessageState.BOUNCED)
    assert "5.2.1 The account is disabled" in found.detail


def test_a_report_that_a_gateway_wrapped_is_read() -> None:
    head = f"To: {TO}\nContent-Type: multipart/mixed; boundary=w\n\n--w\n".encode()
    assert read(head + dsn("x@y.test") + b"\n--w--\n").claims == (CLAIM,)


@pytest.mark.parametrize(
    "raw",
    [
        HOLIDAY,
        READ,
        ENCLOSED,
        b"",
        b"\x00\xff",
        dsn(TO, action="reported"),
        dsn(TO).replace(b"message/delivery-status", b"text/plain"),
        dsn(TO).replace(b'boundary="4F1', b'boundary="other'),
        b"Content-Type: message/delivery-status\n\nAction: failed\n\n",
    ],
    ids=["holiday", "read", "enclosed", "empty", "noise", "action", "part", "boundary", "bare"],
)
def test_what_is_no_report_is_none(raw: bytes) -> None:
    assert mail_reports.read(raw.replace(b"TO", TO.encode()), TO) is None


def test_parts_within_parts_without_end_are_not_looked_at() -> None:
    nest = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)
    )
    assert mail_reports.read(nest) is None


def test_the_parser_running_out_of_depth_is_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_reports, "_MOST_PARTS", 10**6)
    nest = b"Content-Type: message/rfc822\n\n" * 5000
    assert mail_reports.read(nest) is None


def test_a_mail_of_any_length_is_read_so_far_and_no_further() -> None:
    assert read(dsn(TO) + b"x" * mail_reports.MOST_BYTES).claims == (CLAIM,)
    assert mail_reports.read(b"X: y\n" * mail_reports.MOST_BYTES + dsn(TO)) is None


def test_claims_and_blocks_have_an_end() -> None:
    many = "".join(f"To: b+{ID[:-2]}{n}.{TAG}@n.test\n" for n in range(10, 60))
    raw = many.encode() + dsn(TO, recipients="\nAction: failed\n" * 500)
    assert len(read(raw).claims) == 20


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2000), st.integers(0, 200))
def test_a_report_cut_and_spoiled_anywhere_breaks_nothing(noise: bytes, at: int, gone: int) -> None:
    raw = dsn(TO)
    found = mail_reports.read(raw[:at] + noise + raw[at + gone :], noise.decode("latin-1"))
    if found is not None:
        assert found.state in MessageState
        assert found.detail.isprintable()
        assert len(found.detail) <= 300


HEADERS = st.sampled_from(
    [
        "Content-Type: multipart/report; boundary=b", "Content-Type: message/delivery-status",
        "Content-Type: multipart/mixed; boundary*0=b; boundary*1*=utf-8''%ff",
        "Content-Type: text/plain; charset=nonsense", "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: x-uuencode", "Action: failed", "Action: =?utf-8?q?failed?=",
        "Status: 9.9.9", "Diagnostic-Code: ;;;", "Diagnostic-Code: =?x?b?////?=", "--b", "--b--",
        "", "", ":", "\udcff: \udcff", "To: " + TO, "Original-Envelope-Id: " + ID,
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(HEADERS, max_size=30))
def test_no_mail_breaks_the_reading(lines: list[str]) -> None:
    mail_reports.read("\n".join(lines).encode("utf-8", "surrogateescape"))
