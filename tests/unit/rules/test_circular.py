"""Mailboxes that open with the password that was lost, in every spelling of their domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.circular import is_circular, is_domain

DOMAINS = ("corp.test", "bücher.test", "straße.test")


@pytest.mark.parametrize(
    "address",
    [
        "ada@corp.test", "Ada@CORP.Test", " ada@corp.test ", "ada@corp.test.",
        "ada@mail.eu.corp.test", '"a@b"@corp.test', "ada@corp\u3002test",
        "ada@bücher.test", "ada@BÜCHER.test", "ada@xn--bcher-kva.test",
        "ada@XN--BCHER-KVA.test", "ada@b\u0075\u0308cher.test", "ada@post.xn--bcher-kva.test",
        "ada@straße.test", "ada@strasse.test", "ada@xn--strae-oqa.test",
        "ada@\uff43orp.test",
    ],
)  # fmt: skip
def test_every_spelling_of_a_directorys_domain_is_recognised(address: str) -> None:
    assert is_circular(address, DOMAINS)


@pytest.mark.parametrize(
    "address",
    [
        "ada@notcorp.test", "ada@corp.test.example", "ada@test", "ada@corp", "corp.test", "",
        "@corp.test", "ada@", "ada@bucher.test", "ada@corp..test", "+447400123456",
        "ada@" + "x" * 64 + ".test",
    ],
)  # fmt: skip
def test_no_other_address_is(address: str) -> None:
    assert not is_circular(address, DOMAINS)


def test_without_a_directory_no_address_is_circular() -> None:
    assert not is_circular("ada@corp.test", ())


def test_a_setting_in_ascii_form_means_the_same() -> None:
    assert is_circular("ada@bücher.test", ("XN--bcher-kva.test.",))


@pytest.mark.parametrize("text", ["corp.test", "Corp.Test.", "bücher.test", "xn--bcher-kva.de"])
def test_a_domain_is_one(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "corp", "a..b", "-a.test", "a b.test", "ada@corp.test", "10.0.0.1",
     "x" * 64 + ".test", ("x" * 60 + ".") * 5 + "test", "a\u200d..test", "*.corp.test"],
)  # fmt: skip
def test_what_is_no_domain_is_refused(text: str) -> None:
    assert not is_domain(text)


@given(st.text(), st.text())
def test_no_text_breaks_the_recognition(address: str, domain: str) -> None:
    assert is_circular(address, [domain]) in {True, False}
    assert is_domain(domain) in {True, False}


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,3}", fullmatch=True))
def test_a_domain_and_its_sub_domains_belong_to_it(domain: str) -> None:
    assert is_circular(f"a@{domain.upper()}", [domain])
    assert is_circular(f"a@x.{domain}", [f"{domain}."])
    assert not is_circular(f"a@x{domain}", [domain])


@pytest.mark.parametrize("domain", ["ü" * 64 + ".test", "\ufdfa" * 60 + ".test", "ü" * 60_000])
def test_what_is_too_long_for_a_domain_belongs_to_none_and_costs_nothing(domain: str) -> None:
    """Python, CVE-2022-45061 (2022): IDNA's work grew with the square of a name's length."""
    assert not is_circular(f"ada@{domain}", [domain])
    assert not is_domain(domain)
