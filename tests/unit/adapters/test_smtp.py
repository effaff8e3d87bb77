"""Mails as they are composed and signed; the conversation itself is tested in tests/lab."""

from __future__ import annotations

import email
import re
from email import policy

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.dkim import (
    Kind,
    Signer,
    SigningKey,
    UnusableKey,
    dns_record,
    generate_key,
    load_key,
)
from keyturn.adapters.replies import one_line
from keyturn.adapters.smtp import Security, SmtpServer, compose
from keyturn.ports.delivery import Mail, NotDelivered
from tests.unit.adapters.delivery_contract import ID, a_mail

NOW = 1_783_083_420_000
KEYS = {kind: generate_key("northwind.test", f"{kind}1", kind) for kind in ("rsa", "ed25519")}


def raw(mail: Mail) -> bytes:
    return compose(mail, NOW).as_bytes()


def genuine(message: bytes, *keys: SigningKey) -> list[bool]:
    records = {f"{dns_record(key).name}.".encode(): dns_record(key).value for key in keys}

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        return records[name].encode()

    def check(index: int) -> bool:
        try:
            return dkim.DKIM(message).verify(index, dnsfunc=lookup)
        except dkim.ValidationError:
            return False

    return [check(index) for index in range(message.count(b"DKIM-Signature:"))]


def test_a_mail_carries_what_the_standards_ask_for() -> None:
    message = compose(a_mail(), NOW)
    assert message["From"] == "Northwind <account@northwind.test>"
    assert message["Message-ID"] == f"<{ID}@northwind.test>"
    assert message["Date"] == "Fri, 03 Jul 2026 12:57:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_the_same_message_has_the_same_id_however_often_it_is_sent() -> None:
    again = compose(a_mail(), NOW + 60_000)
    assert again["Message-ID"] == compose(a_mail(), NOW)["Message-ID"]


def test_a_mail_is_seven_bit_so_that_no_relay_rewrites_it() -> None:
    assert raw(a_mail()).isascii()
    assert all(len(line) <= 998 for line in raw(a_mail()).split(b"\r\n"))


def test_a_display_name_cannot_become_an_address() -> None:
    sender = ('Eve" <eve@evil.test>, "', "account@northwind.test")
    mail = Mail(ID, sender, "a@b.test", "s", "t", "h")
    addresses = compose(mail, NOW)["From"].addresses
    assert [address.addr_spec for address in addresses] == ["account@northwind.test"]


def test_a_domain_beyond_ascii_goes_in_its_ascii_form() -> None:
    assert compose(a_mail("ada@bücher.test"), NOW)["To"] == "ada@xn--bcher-kva.test"


@given(st.text(max_size=60))
def test_any_subject_arrives_as_it_was_or_is_refused(subject: str) -> None:
    try:
        sent = raw(a_mail(subject=subject))
    except NotDelivered:
        assert not subject.isprintable()
        return
    header = sent.split(b"\r\n\r\n", 1)[0]
    assert len(re.findall(rb"^Subject:", header, re.MULTILINE)) == 1
    fields = email.message_from_bytes(sent, policy=policy.default)
    assert set(fields.keys()) == set(compose(a_mail(), NOW).keys())


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_signature_is_right_and_breaks_with_what_it_covers(kind: Kind) -> None:
    key = KEYS[kind]
    signed = Signer([key]).sign(raw(a_mail()), "Northwind.TEST")
    assert genuine(signed, key) == [True]
    assert genuine(signed.replace(b"Hello,", b"Hallo,"), key) == [False]
    assert genuine(signed.replace(b"Your account", b"Your amount"), key) == [False]


def test_a_second_field_of_a_signed_kind_breaks_the_signature() -> None:
    key = KEYS["ed25519"]
    signed = Signer([key]).sign(raw(a_mail()), "northwind.test")
    for added in (b"Subject: Send money\r\n", b"Reply-To: eve@evil.test\r\n"):
        assert genuine(added + signed, key) == [False]


def test_two_keys_of_a_domain_make_two_signatures() -> None:
    signed = Signer(KEYS.values()).sign(raw(a_mail()), "northwind.test")
    assert genuine(signed, *KEYS.values()) == [True, True]


def test_a_domain_without_a_key_is_left_unsigned() -> None:
    assert Signer(KEYS.values()).sign(b"From: a\r\n\r\n", "other.test") == b"From: a\r\n\r\n"


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_record_is_split_for_the_zone_file(kind: Kind) -> None:
    record = dns_record(KEYS[kind])
    assert record.name == f"{kind}1._domainkey.northwind.test"
    assert record.value.startswith(f"v=DKIM1; k={kind}; p=")
    parts = re.findall(r'"([^"]*)"', record.zone_line())
    assert "".join(parts) == record.value
    assert all(len(part) <= 255 for part in parts)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_a_key_from_a_file_signs_as_the_one_it_is() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    key = load_key("northwind.test", "s1", pem(private))
    assert genuine(Signer([key]).sign(raw(a_mail()), "northwind.test"), key) == [True]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "unreadable"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "unreadable"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "kind"),
        (pem(rsa.generate_private_key(65537, 1024)), "short"),
    ],
)
def test_a_key_that_must_not_sign_is_refused_with_the_reason(file: bytes, reason: str) -> None:
    with pytest.raises(UnusableKey) as caught:
        load_key("northwind.test", "s1", file)
    assert caught.value.reason == reason


def test_a_private_key_does_not_show_in_its_repr() -> None:
    assert KEYS["ed25519"].private.decode() not in repr(KEYS["ed25519"])
    assert "s3cret" not in repr(SmtpServer("127.0.0.1", password="s3cret", security="none"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_mail_may_go_in_clear_to_this_machine(host: str) -> None:
    assert SmtpServer(host, security="none").host == host


@pytest.mark.parametrize("host", ["mail.example.test", "10.0.0.1", "localhost.evil.test", "0"])
def test_mail_never_goes_in_clear_to_another_machine(host: str) -> None:
    with pytest.raises(ValueError, match="security"):
        SmtpServer(host, security="none")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_another_machine_is_spoken_to_encrypted(security: Security) -> None:
    assert SmtpServer("mail.example.test", security=security).security == security


@given(st.text())
def test_what_a_server_says_becomes_one_printable_line(said: str) -> None:
    line = one_line(said)
    assert len(line) <= 300
    assert line.isprintable()
    assert line == line.strip()
