"""Everything that reads text of strangers: doors, rules, reports of other machines.

As a program it reads one text from its input with each of them (see test_bounded.py).
"""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from collections.abc import Callable, Iterator
from typing import Any

from keyturn.adapters.numbering import Numbering
from keyturn.rules import (
    cases,
    circular,
    clients,
    identifiers,
    mail_reports,
    messages,
    passkeys,
    passwords,
    recovery_codes,
    search,
    texts,
    verp,
)
from keyturn.rules.sender import spf_macro, spf_record, tags
from keyturn.steps.naming import digits_of
from keyturn.web import cookies, parsing, strict_json
from keyturn.web.refusals import Refusal

NET = [ipaddress.ip_network("10.0.0.0/8")]
CONTEXT = ("northwind", "Ada Byron", "ada@northwind.test")
REPORT = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
PART = b"\n\n--b\nContent-Type: message/delivery-status\n\n"


def _scope(**headers: str) -> dict[str, Any]:
    found = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {"client": ("10.0.0.1", 1), "headers": found, "query_string": b""}


def reports(text: str) -> Iterator[bytes]:
    """Mail reports with `text` in their head, in the part that counts, and nested in parts."""
    raw = text.encode("utf-8", "replace")
    yield b"Subject: " + raw + b"\n" + REPORT + PART + b"Action: failed\n\n--b--"
    yield REPORT + PART + b"Final-Recipient: rfc822;" + raw + b"\nAction: failed\n\n--b--"
    yield REPORT + b"\n\n" + (b"--b\nContent-Type: message/rfc822\n\n" + raw[:900]) * 60
    yield REPORT + PART + b"Status: " + b"5.1.1 " * (len(raw) // 6) + b"\n\n--b--"
    yield raw


def _passwords(text: str) -> None:
    for each in (text, text[:1024], text[-1024:]):
        passwords.check(each, minimum=8, context=CONTEXT, is_common=lambda _: False)
        passwords.spaces(each)


def _names(text: str) -> None:
    for each in (text, text[:254]):
        identifiers.canonical(each)
        identifiers.parse_email(each)
        identifiers.parse_username(each)
        identifiers.display_name(each)


def _records(text: str) -> None:
    tags.parse(text)
    spf_macro.has_macro(text)
    with contextlib.suppress(spf_record.Malformed):
        spf_record.parse("v=spf1 " + text)


def _refusable(read: Callable[[str], object]) -> Callable[[str], object]:
    """A reader that may refuse."""

    def reader(text: str) -> None:
        with contextlib.suppress(Refusal):
            read(text)

    return reader


READERS: dict[str, Callable[[str], object]] = {
    "names": _names,
    "masks": lambda t: (identifiers.masked_email(t), identifiers.masked_phone(t)),
    "passwords": _passwords,
    "secrets in notes": lambda t: (cases.looks_like_secret(t), cases.looks_like_secret(t[:2000])),
    "codes": lambda t: (digits_of(t), recovery_codes.canonical(t)),
    "clients": lambda t: (clients.client_name(t), clients.client_name("Mozilla/5.0 (" + t[:490])),
    "cookies": lambda t: (parsing.cookies(_scope(cookie=t)), cookies.token(t)),
    "addresses": lambda t: (parsing.address(_scope(x_forwarded_for=t), NET), parsing.node(t)),
    "forms": _refusable(
        lambda t: parsing.form(_scope(content_type=parsing.FORM), t.encode(), {"a": 9})
    ),
    "json": _refusable(
        lambda t: strict_json.read_object(_scope(content_type="application/json"), t.encode())
    ),
    "numbers": lambda t: [Numbering().look(x, "GB") for x in (t, t[:40], "+44" + t[:36])],
    "mail reports": lambda t: [mail_reports.read(raw) for raw in reports(t)],
    "claims": lambda t: (
        verp.claims(t), verp.claims_anywhere(t.encode()), verp.envelope_claim(t)
    ),
    "words of gateways": lambda t: (messages.one_line(t), texts.reason_of(t)),
    "records": _records,
    "searches": lambda t: (search.terms(t), search.terms(t[:120])),
    "passkeys": lambda t: (
        passkeys.attestation({"id": t, "response": {"clientDataJSON": t}}),
        passkeys.assertion({"id": t, "response": t}),
        passkeys.as_name(t),
    ),
    "domains": lambda t: (circular.is_domain(t), circular.is_circular("a@" + t, ["x.test"])),
}  # fmt: skip


if __name__ == "__main__":
    given = sys.stdin.buffer.read().decode()
    for reader in READERS.values():
        reader(given)
