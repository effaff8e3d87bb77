"""Names: one mailbox has one spelling, and two mailboxes never share one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyturn.adapters.numbering import Numbering
from keyturn.rules.accounts import TenantPolicy
from keyturn.rules.identifiers import (
    DISPLAY_MAX,
    Email,
    canonical,
    display_name,
    masked_email,
    masked_phone,
    parse_email,
    parse_username,
)
from keyturn.rules.passwords import normalised
from keyturn.rules.phones import Ask, MaySend, advice
from keyturn.steps.naming import digits_of, name_of
from tests.fuzz.budget import tries
from tests.unit.flows.house import House

TEXT = st.text(max_size=80) | st.text("ADadİıſK@.+-\u0307ﬁß０９（）", max_size=30)
LOCAL = st.from_regex(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,16}(\.[A-Za-z0-9+_-]{1,8})?", fullmatch=True
)
DOMAIN = st.from_regex(r"([A-Za-z0-9]{1,10}|xn--[a-z0-9]{2,8})(\.[A-Za-z0-9]{1,6})?\.[A-Za-z]{2,5}",
                       fullmatch=True)  # fmt: skip
ADDRESS = st.builds("{}@{}".format, LOCAL, DOMAIN)
#: what keyboards, phones and copying make of an address
HABITS: tuple[Callable[[str], str], ...] = (
    str.upper, str.lower, str.swapcase, str.title, lambda t: f"  {t}\t", lambda t: f"{t}\r\n",
    lambda t: f"\u00a0{t}\u3000",
    lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),  # full width
    lambda t: unicodedata.normalize("NFD", t), lambda t: unicodedata.normalize("NFKD", t),
    lambda t: t.replace("k", "\u212a"), lambda t: t.replace("s", "\u017f"),
    lambda t: t.replace("fi", "\ufb01"), lambda t: t.replace(".", "\uff0e"),
)  # fmt: skip
#: letters that look like others and are not: each would make another mailbox
LOOKALIKES = {"a": "\u0430", "e": "\u0435", "o": "\u03bf", "i": "\u0131", "c": "\u0441",
              "p": "\u0440", ".": "\u3002", "@": "\ufe6b\u200b", "-": "\u2010",
              "l": "\u04cf"}  # fmt: skip


# -- mail addresses


@tries(500)
@given(ADDRESS, st.sampled_from(HABITS), st.sampled_from(HABITS))
def test_one_mailbox_never_has_two_spellings(
    address: str, habit: Callable[[str], str], other: Callable[[str], str]
) -> None:
    email = parse_email(address)
    assert isinstance(email, Email)
    assert canonical(habit(address)) == email.canonical
    assert canonical(other(habit(address))) == email.canonical


@tries(500)
@given(ADDRESS, ADDRESS)
def test_two_mailboxes_never_share_a_spelling(one: str, other: str) -> None:
    assume(one.lower() != other.lower())
    assert canonical(one) != canonical(other)


@tries(500)
@given(address=ADDRESS, data=st.data())
def test_a_look_alike_names_somebody_else_and_cannot_be_registered(
    address: str, data: st.DataObject
) -> None:
    swapped = [c for c in sorted(LOOKALIKES) if c in address.lower()]
    assume(swapped)
    letter = data.draw(st.sampled_from(swapped))
    fake = address.lower().replace(letter, LOOKALIKES[letter])
    email = parse_email(address)
    assert isinstance(email, Email)
    assert canonical(fake) != email.canonical
    assert not isinstance(parse_email(fake), Email)


@tries(800)
@given(TEXT)
def test_whoever_types_another_spelling_of_a_name_can_register_nothing_under_it(text: str) -> None:
    """What folds to a registered address names it at sign-in; it is an address of its own
    only if it differs in nothing but ASCII case.
    """
    name = canonical(text)
    email = parse_email(text)
    if isinstance(email, Email):
        assert email.canonical == name
        assert email.address.lower() == text.strip(" ").lower()
    elif name is not None and isinstance(parse_email(name), Email):
        assert text.strip(" ") != name


@tries(800)
@given(TEXT)
def test_a_spelling_is_final_and_nothing_in_it_is_unseen(text: str) -> None:
    name = canonical(text)
    if name is not None:
        assert canonical(name) == name
        assert unicodedata.is_normalized("NFKC", name)
        assert name == name.strip()
        assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in name)


@pytest.mark.parametrize("plane", range(17))
def test_every_letter_of_unicode_folds_at_once_to_where_it_stays(plane: int) -> None:
    for letter in map(chr, range(plane << 16, (plane + 1) << 16)):
        for text in (f"a{letter}z", letter * 2, f"{letter}\u0301"):
            found = canonical(text)
            assert found is None or canonical(found) == found, letter


@tries(500)
@given(TEXT)
def test_an_address_that_is_taken_can_stand_in_a_mail(text: str) -> None:
    email = parse_email(text)
    if isinstance(email, Email):
        assert email.address.isascii()
        assert email.address.isprintable()
        assert not set(email.address) & set(' \t,;:<>()[]\\"')
        assert email.address.count("@") == 1
        assert parse_email(email.address) == email


# -- user names and display names


@tries(400)
@given(TEXT | st.from_regex(r"[A-Za-z0-9._-]{2,20}", fullmatch=True))
def test_a_user_name_that_is_taken_is_found_by_any_case_and_is_no_number_or_address(
    text: str,
) -> None:
    name = parse_username(text)
    if isinstance(name, str):
        assert name == text
        assert canonical(name.upper()) == canonical(name) == name.lower()
        assert "@" not in name
        assert not isinstance(parse_email(name), Email)


@tries(500)
@given(st.text(max_size=450) | TEXT)
def test_a_display_name_that_is_taken_is_one_line_and_stays_as_it_is(text: str) -> None:
    name = display_name(text)
    if isinstance(name, str):
        assert display_name(name) == name
        assert 0 < len(name) <= DISPLAY_MAX
        assert len(name.splitlines()) == 1
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Zl", "Zp"} for c in name)
        assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")


@tries(300)
@given(TEXT, st.text("+0123456789", max_size=20))
def test_a_mask_hides_all_but_what_it_may_show(text: str, number: str) -> None:
    email = parse_email(text)
    if isinstance(email, Email) and len(email.local) > 1:
        assert email.local not in masked_email(email.address).partition("@")[0]
    shown = sum(c.isdigit() for c in masked_phone(number))
    assert shown <= 7
    masked_email(text)


@tries(300)
@given(TEXT)
def test_a_password_is_compared_in_one_form_and_loses_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert normalised(unicodedata.normalize("NFD", text)) == normalised(text)
    assert normalised(f" {text} ") == f" {normalised(text)} " or unicodedata.combining(text[:1])


# -- phone numbers

REGIONS = ("GB", "US", "DE", "IT", "FR", "BR", "IN", "JP", "UZ", "NU", "AR", "MX", "SG", "ZA")
FORMATS = (
    phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
)  # fmt: skip
SEPARATORS = (lambda t: t, lambda t: t.replace(" ", "-"), lambda t: t.replace(" ", "."),
              lambda t: t.replace(" ", "\u00a0"), lambda t: t.replace("+", "00"),
              lambda t: f" {t} ", lambda t: t.replace("+", "\uff0b"))  # fmt: skip


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@tries(300)
@given(
    region=st.sampled_from(REGIONS), end=st.integers(0, 99), form=st.sampled_from(FORMATS),
    habit=st.sampled_from(SEPARATORS),
)  # fmt: skip
def test_one_number_signs_in_by_whatever_spelling_of_it(
    house: House, region: str, end: int, form: int, habit: Callable[[str], str]
) -> None:
    kind = phonenumbers.PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(region, kind)
    assert example is not None
    number = phonenumbers.parse(f"{phonenumbers.format_number(example, 0)[:-2]}{end:02}")
    assume(phonenumbers.is_possible_number(number))
    stored = Numbering().look(phonenumbers.format_number(number, 0), region)
    assert stored is not None
    assert canonical(stored.e164) == stored.e164
    national = form == phonenumbers.PhoneNumberFormat.NATIONAL
    tenant = replace(house.tenant, policy=TenantPolicy(region=region if national else "GB"))
    typed = habit(phonenumbers.format_number(number, form))
    assert name_of(replace(house.parts, plan=Numbering()), tenant, typed) == stored.e164


@tries(500)
@given(st.text("+0123456789 ()-./x;=abcABC٠١٢３４\u2010\u00a0", max_size=45) | TEXT,
       st.sampled_from([*REGIONS, "", "ZZ", "gb", "XXXX"]))  # fmt: skip
def test_whatever_is_typed_the_numbering_plan_answers(text: str, region: str) -> None:
    found = Numbering().look(text, region)
    if found is not None:
        assert found.e164[0] == "+"
        assert found.e164[1:].isascii()
        assert found.e164[1:].isdigit()
        assert len(found.e164) <= 18
        again = Numbering().look(found.e164, region)
        assert again is not None
        assert again.e164 == found.e164
        assert isinstance(advice(found.line, insisted=False, voice=False), MaySend | Ask)


@tries(300)
@given(st.text(max_size=30))
def test_what_people_put_into_codes_does_not_matter_and_nothing_else_is_dropped(text: str) -> None:
    assert digits_of(digits_of(text)) == digits_of(text)
    assert digits_of(" ".join("123456") + "-") == "123456"
    assert set(text) - set(" -\u00a0\t") == set(digits_of(text))
