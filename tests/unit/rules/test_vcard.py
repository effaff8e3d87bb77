"""The contact card: read back by the standard's own rules, whatever names and hours hold."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import Contact
from keyturn.rules.vcard import LINE, card, escaped

SUPPORT = (
    Contact("Phone", "+44 20 7946 0100", "Mon to Fri 8:00–20:00, Sat 9:00–16:00"),
    Contact("Mail", "help@northwind.test", "answered within a day"),
    Contact("Page", "https://northwind.test/help", ""),
    Contact("Shop", "12 Lens Yard; London", ""),
)
PROMISE = "Support never asks for a password."


def made(name: str = "Northwind Cameras", *contacts: Contact) -> bytes:
    return card(name, "urn:x", "https://id.test/contact", PROMISE, contacts or SUPPORT)


def read(octets: bytes) -> list[tuple[str, str]]:
    """Unfolded (RFC 6350 §3.2), unescaped (§3.4): name with parameters, and value."""
    text = octets.decode().replace("\r\n ", "")
    assert text.endswith("\r\n")
    lines = [line.partition(":") for line in text.removesuffix("\r\n").split("\r\n")]
    return [
        (key, re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value))
        for key, _, value in lines
    ]


def test_what_a_phone_finds_in_it() -> None:
    found = read(made())
    assert found[:3] == [("BEGIN", "VCARD"), ("VERSION", "4.0"), ("KIND", "org")]
    assert found[-1] == ("END", "VCARD")
    told = dict(found)
    assert (told["FN"], told["ORG"], told["UID"]) == ("Northwind Cameras",) * 2 + ("urn:x",)
    assert told["TEL;TYPE=work"] == "+44 20 7946 0100"
    assert told["EMAIL;TYPE=work"] == "help@northwind.test"
    pages = [value for key, value in found if key == "URL"]
    assert pages == ["https://northwind.test/help", "https://id.test/contact"]
    assert told["NOTE"].splitlines() == [
        "Phone: +44 20 7946 0100 (Mon to Fri 8:00–20:00, Sat 9:00–16:00)",
        "Mail: help@northwind.test (answered within a day)",
        "Page: https://northwind.test/help", "Shop: 12 Lens Yard; London", PROMISE,
    ]  # fmt: skip


@given(st.text(), st.text(), st.text(), st.text())
def test_no_name_or_hour_adds_a_line_and_no_line_is_too_long(
    name: str, label: str, value: str, hours: str
) -> None:
    name = name.encode("utf-8", "ignore").decode()
    pieces = [part.encode("utf-8", "ignore").decode() for part in (label, value, hours)]
    octets = made(name, Contact(*pieces))
    for line in octets.split(b"\r\n"):
        assert len(line) <= LINE
        line.decode()  # no character is cut in two
    found = read(octets)
    allowed = {"BEGIN", "VERSION", "KIND", "UID", "FN", "ORG", "TEL;TYPE=work", "EMAIL;TYPE=work",
               "URL", "NOTE", "END"}  # fmt: skip
    assert {key for key, _ in found} <= allowed
    assert [key for key, _ in found].count("END") == 1
    kept = re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", "", re.sub(r"\r\n?", "\n", name))
    assert dict(found)["FN"] == kept


def test_escaping_is_the_standards() -> None:
    assert escaped("a,b;c\\d\ne\r\nf\rg\0h\u0085") == "a\\,b\\;c\\\\d\\ne\\nf\\ngh"
