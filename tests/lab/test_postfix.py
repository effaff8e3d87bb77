"""A real Postfix between us and the far side: signatures after a hop, bounces, deferral."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email import policy
from email.message import Message

import pytest

from keyturn.adapters.dkim import Signer, dns_record, generate_key
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.smtp import SmtpMailer, SmtpServer
from keyturn.demo.mailbox import KeptMail
from keyturn.demo.peers import Peers
from tests.lab.own import until
from tests.lab.postfix import postfix
from tests.unit.adapters.delivery_contract import a_mail, send

BOUNCES = "bounces@northwind.test"
KEYS = [generate_key("northwind.test", f"{kind}1", kind) for kind in ("rsa", "ed25519")]

MAIN = """
transport_maps = inline:{{
  {{ example.test = smtp:[127.0.0.1]:{far} }}, {{ northwind.test = smtp:[127.0.0.1]:{far} }} }}
"""


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers(dict(dns_record(key) for key in KEYS)) as far_side:
        yield far_side


@pytest.fixture(scope="module")
def mailer(peers: Peers) -> Iterator[SmtpMailer]:
    """Our mailer, whose server is a Postfix of the tests' own."""
    with postfix(MAIN.format(far=peers.mailbox.port)) as port:
        server = SmtpServer("127.0.0.1", port, "none", envelope=BOUNCES)
        ours = SmtpMailer(server, MemoryClock(), Signer(KEYS))
        yield ours
        ours.close()


def arrived(peers: Peers, to: str) -> KeptMail:
    """The mail to an address, once it is there."""

    def found() -> list[KeptMail]:
        return [kept for kept in list(peers.mailbox.mails) if kept.to == to]

    until(lambda: bool(found()), what=f"the mail to {to}")
    return found()[0]


def test_signatures_hold_after_a_hop(mailer: SmtpMailer, peers: Peers) -> None:
    receipt = send(mailer, a_mail("ada@example.test", subject="Zwölf “Boxkämpfer”"))
    assert receipt.detail.startswith("250")
    kept = arrived(peers, "ada@example.test")
    assert b"Received: " in kept.raw
    assert (kept.signatures, kept.genuine) == (2, True)
    assert (kept.envelope, kept.message_id) == (BOUNCES, receipt.reference)
    assert kept.text == a_mail().text


def delivery_status(message: Message) -> Message:
    """The part of a bounce (RFC 3464) about its one recipient."""
    status = next(p for p in message.walk() if p.get_content_type() == "message/delivery-status")
    fields = status.get_payload()
    assert isinstance(fields, list)
    recipient = fields[1]
    assert isinstance(recipient, Message)
    return recipient


def test_an_unknown_mailbox_comes_back_to_the_envelope_address(
    mailer: SmtpMailer, peers: Peers
) -> None:
    receipt = send(mailer, a_mail("nobody@example.test"))
    bounce = arrived(peers, BOUNCES)
    assert bounce.envelope == "<>"
    assert receipt.reference.encode() in bounce.raw
    status = delivery_status(email.message_from_bytes(bounce.raw, policy=policy.default))
    assert status["Final-Recipient"] == "rfc822; nobody@example.test"
    assert (status["Action"], status["Status"]) == ("failed", "5.1.1")


def test_a_mail_that_is_put_off_arrives_later(mailer: SmtpMailer, peers: Peers) -> None:
    send(mailer, a_mail("grey@example.test"))
    assert arrived(peers, "grey@example.test").genuine
