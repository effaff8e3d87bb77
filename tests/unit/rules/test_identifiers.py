"""Names: generous at sign-in, strict at registration."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.identifiers import (
    Email,
    EmailFault,
    EmailProblem,
    NameFault,
    NameProblem,
    canonical,
    display_name,
    masked_email,
    masked_phone,
    parse_email,
    parse_username,
)

LOCALS = st.from_regex(r"[A-Za-z0-9]{1,20}([.+_-][A-Za-z0-9]{1,20})?", fullmatch=True)
DOMAINS = st.from_regex(r"[A-Za-z0-9]{1,20}(-[A-Za-z0-9]{1,5})?\.[A-Za-z]{2,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ada", "ada"),
        ("  Ada\t\n", "ada"),
        ("Ada@Northwind.TEST", "ada@northwind.test"),
        ("NORTHWIND\\Ada", "northwind\\ada"),
        ("Ada@corp.northwind.test", "ada@corp.northwind.test"),
        ("ＡＤＡ", "ada"),
        ("Straße", "strasse"),
        ("+447700900123", "+447700900123"),
        ("+44 7700 900-123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("0044 7700.900/123", "+447700900123"),
        ("＋４４ 7700 900123", "+447700900123"),
        ("+44\u00a07700\u2011900123", "+447700900123"),
        ("07700 900123", "07700900123"),
        ("(020) 7946-0123", "02079460123"),
        ("12-34", "12-34"),
        ("1234567890123456", "1234567890123456"),
        ("+44", "+44"),
        ("x" * 254, "x" * 254),
    ],
)
def test_every_spelling_of_a_name_becomes_one(typed: str, meant: str) -> None:
    assert canonical(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "\n", "x" * 255, "ad\0a", "ad\ra", "ad\na", "ad\u200ba", "\u202eada",
        "ada\u2066", "a\u00adda", "a\ufeffda", "a\u3164da", "a\ufe0fda", "\ud800", "\ue000",
        "\ufdfa" * 20,
    ],
)  # fmt: skip
def test_what_cannot_be_a_name_is_none(typed: str) -> None:
    assert canonical(typed) is None


@given(st.text(max_size=300))
def test_a_canonical_name_is_its_own_canonical_name(typed: str) -> None:
    name = canonical(typed)
    assert name is None or canonical(name) == name


@given(st.text(max_size=300))
def test_a_canonical_name_holds_nothing_that_cannot_be_seen_or_stored(typed: str) -> None:
    name = canonical(typed)
    if name is not None:
        assert 0 < len(name) <= 254
        assert not {unicodedata.category(c) for c in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.integers(10**6, 10**14 - 1), st.lists(st.sampled_from(["", " ", ".", "-", " - "])))
def test_separators_in_a_phone_number_do_not_matter(number: int, separators: list[str]) -> None:
    gaps = [*separators, *[""] * 14]
    typed = "".join(digit + gap for digit, gap in zip(str(number), gaps, strict=False))
    assert canonical("+1" + typed) == f"+1{number}"


def test_an_address_keeps_its_local_part_and_lowers_its_domain() -> None:
    email = parse_email(" Ada.L+k@Mail.Northwind.TEST ")
    assert email == Email("Ada.L+k", "mail.northwind.test")
    assert email.address == "Ada.L+k@mail.northwind.test"
    assert email.canonical == "ada.l+k@mail.northwind.test"


@given(LOCALS, DOMAINS)
def test_an_address_signs_in_under_the_name_it_was_registered_with(local: str, domain: str) -> None:
    email = parse_email(f"{local}@{domain}")
    assert isinstance(email, Email)
    assert canonical(f" {local}@{domain} ".upper()) == email.canonical


@pytest.mark.parametrize(
    ("typed", "fault", "character"),
    [
        ("", EmailFault.EMPTY, ""),
        ("   ", EmailFault.EMPTY, ""),
        ("x" * 255, EmailFault.TOO_LONG, ""),
        ("ada@b.test\r\nBcc: eve@c.test", EmailFault.CONTROL, "\r"),
        ("ada\0@b.test", EmailFault.CONTROL, "\0"),
        ("\u0430da@b.test", EmailFault.LOOKALIKE, "\u0430"),
        ("ada@b\u00fccher.test", EmailFault.LOOKALIKE, "\u00fc"),
        ("ada@b\u3002test", EmailFault.LOOKALIKE, "\u3002"),
        ("ada.b.test", EmailFault.NO_AT, ""),
        ("ada@b@c.test", EmailFault.MANY_AT, ""),
        ("@b.test", EmailFault.LOCAL, ""),
        (".ada@b.test", EmailFault.LOCAL, ""),
        ("ada.@b.test", EmailFault.LOCAL, ""),
        ("a..da@b.test", EmailFault.LOCAL, ""),
        ("a da@b.test", EmailFault.LOCAL, " "),
        ('"ada"@b.test', EmailFault.LOCAL, '"'),
        ("ada<x>@b.test", EmailFault.LOCAL, "<"),
        ("x" * 65 + "@b.test", EmailFault.LOCAL_TOO_LONG, ""),
        ("ada@", EmailFault.DOMAIN, ""),
        ("ada@.test", EmailFault.DOMAIN, ""),
        ("ada@b.test.", EmailFault.DOMAIN, ""),
        ("ada@-b.test", EmailFault.DOMAIN, ""),
        ("ada@b-.test", EmailFault.DOMAIN, ""),
        ("ada@b_c.test", EmailFault.DOMAIN, "_"),
        ("ada@[192.0.2.1]", EmailFault.DOMAIN, "["),
        ("ada@192.0.2.1", EmailFault.DOMAIN, ""),
        ("ada@" + "x" * 64 + ".test", EmailFault.DOMAIN, ""),
        ("ada@localhost", EmailFault.NO_DOT, ""),
    ],
)
def test_what_is_wrong_with_an_address_is_named(
    typed: str, fault: EmailFault, character: str
) -> None:
    assert parse_email(typed) == EmailProblem(fault, character)


def test_a_local_part_of_64_and_a_domain_in_punycode_are_taken() -> None:
    assert isinstance(parse_email("x" * 64 + "@xn--bcher-kva.test"), Email)


@given(st.text(max_size=80))
def test_no_text_at_all_breaks_the_address_parser(typed: str) -> None:
    email = parse_email(typed)
    if isinstance(email, Email):
        assert email.address.isascii()
        assert email.address.isprintable()


@pytest.mark.parametrize("name", ["ad", "Ada.Lovelace", "_svc", "e1234567", "123456", "x" * 64])
def test_a_plain_user_name_is_taken_as_typed(name: str) -> None:
    assert parse_username(name) == name


@pytest.mark.parametrize(
    ("typed", "fault", "character"),
    [
        ("", NameFault.EMPTY, ""),
        ("a", NameFault.TOO_SHORT, ""),
        ("x" * 65, NameFault.TOO_LONG, ""),
        ("ada lovelace", NameFault.CHARACTER, " "),
        ("ada@b.test", NameFault.CHARACTER, "@"),
        ("\u0430da", NameFault.CHARACTER, "\u0430"),
        ("ada\n", NameFault.CHARACTER, "\n"),
        ("...", NameFault.CHARACTER, "."),
        ("07700900123", NameFault.PHONE, ""),
        ("00447700900123", NameFault.PHONE, ""),
        ("770-0900", NameFault.PHONE, ""),
    ],
)
def test_what_is_wrong_with_a_user_name_is_named(
    typed: str, fault: NameFault, character: str
) -> None:
    assert parse_username(typed) == NameProblem(fault, character)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  Ada ", "Ada"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("\u0645\u06cc\u200c\u0631\u0648\u0645", "\u0645\u06cc\u200c\u0631\u0648\u0645"),
        ("J.R.R. O'Neill-\u5c71\u7530", "J.R.R. O'Neill-\u5c71\u7530"),
        ("x" * 100, "x" * 100),
        ("e\u0301" * 100, "\u00e9" * 100),
    ],
)
def test_a_display_name_of_any_script_is_taken(typed: str, name: str) -> None:
    assert display_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "fault", "character"),
    [
        ("", NameFault.EMPTY, ""),
        ("  ", NameFault.EMPTY, ""),
        ("\u200d", NameFault.EMPTY, ""),
        ("x" * 101, NameFault.TOO_LONG, ""),
        ("x" * 401, NameFault.TOO_LONG, ""),
        ("Ada\r\nBcc: eve@b.test", NameFault.CHARACTER, "\r"),
        ("Ada\n", NameFault.CHARACTER, "\n"),
        ("Ada\0", NameFault.CHARACTER, "\0"),
        ("\u202eadA", NameFault.CHARACTER, "\u202e"),
        ("A\u200bda", NameFault.CHARACTER, "\u200b"),
        ("Ada\u2028", NameFault.CHARACTER, "\u2028"),
        ("\ud83d", NameFault.CHARACTER, "\ud83d"),
        ("You won https://evil.test", NameFault.LINK, ""),
        ("Go to WWW.evil.test", NameFault.LINK, ""),
    ],
)
def test_what_is_wrong_with_a_display_name_is_named(
    typed: str, fault: NameFault, character: str
) -> None:
    assert display_name(typed) == NameProblem(fault, character)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ada@northwind.test", "a•••@n•••.test"),
        ("a@b.test", "a•••@b•••.test"),
        ("ada@mail.northwind.co.uk", "a•••@m•••.uk"),
    ],
)
def test_a_masked_address_shows_two_letters_and_the_last_label(address: str, masked: str) -> None:
    assert masked_email(address) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+447700900123", "+44 •••• ••0123"),
        ("+12025550123", "+1 •••• ••0123"),
        ("+79991234567", "+7 •••• ••4567"),
        ("+353861234567", "+353 •••• ••4567"),
        ("+3545812345", "+354 •••• ••45"),
        ("+2901234", "+290 •••• ••"),
        ("07700900123", "•••• ••0123"),
    ],
)
def test_a_masked_number_shows_its_country_and_its_end(number: str, masked: str) -> None:
    assert masked_phone(number) == masked
