"""How a policy's value is written, and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import Contact
from keyturn.rules.policies.catalogue import POLICIES, label
from keyturn.rules.policies.spelling import Unreadable, drafted, field, read, spelled
from tests.unit.rules.policies.worlds import TENANT, having

PLAIN = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=20)
VALUES = {
    **{key: st.booleans() for key in ("signup", "voice", "sms_second", "activation_again")},
    "phone": st.sampled_from(["off", "optional", "required"]),
    "password_min": st.integers(0, 999),
    "lockout_scope": st.sampled_from(["client", "account"]),
    "region": st.from_regex("[A-Z]{2}", fullmatch=True),
    "sms_countries": st.lists(
        st.from_regex("[A-Z]{2}", fullmatch=True), unique=True, max_size=5
    ).map(tuple),
    "directory_domains": st.lists(
        st.from_regex(r"[a-z]{1,9}\.test", fullmatch=True), unique=True, max_size=5
    ).map(tuple),
    "language": st.sampled_from(["en", "de"]),
    "support": st.lists(
        st.builds(Contact, PLAIN, PLAIN, st.one_of(st.just(""), PLAIN)), max_size=4
    ).map(tuple),
    **dict.fromkeys(("name", "accent", "sender", "timezone"), PLAIN),
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(POLICIES))
@given(data=st.data())
def test_what_is_written_is_read_again(key: str, data: st.DataObject) -> None:
    tenant = having(**{key: data.draw(VALUES[key])})
    assert drafted(TENANT, {key: read(key, spelled(tenant, key))}) == tenant


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("signup", "yes"), ("signup", ""), ("phone", "maybe"), ("lockout_scope", "On"),
        ("password_min", ""), ("password_min", "twelve"), ("password_min", "-8"),
        ("password_min", "1234"), ("password_min", "٨"), ("support", "Phone"),
        ("support", "Phone|1|2|3"), ("support", "|1"), ("language", "fr"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_not_read(key: str, text: str) -> None:
    with pytest.raises(Unreadable):
        read(key, text)


def test_lists_are_read_however_they_are_parted_and_each_thing_once() -> None:
    assert read("sms_countries", " gb,IE\r\nie ; de ") == ("GB", "IE", "DE")
    assert read("directory_domains", "\r\na.test\r\n\r\nb.test a.test") == ("a.test", "b.test")
    assert read("support", " Desk | 12 Quay St, Bristol \r\n\r\n") == (
        Contact("Desk", "12 Quay St, Bristol"),
    )
    assert read("region", " gb ") == "GB"


def test_a_value_is_shown_by_its_name_or_as_it_is_written() -> None:
    assert label("lockout_scope", "account") == "The whole account"
    assert label("password_min", "12") == "12"
    assert label("sms_countries", "") == "all countries"
    assert label("directory_domains", "") == "none"
    two = having(support=(Contact("Phone", "1", "always"), Contact("Mail", "a@b.test")))
    assert label("support", spelled(two, "support")) == "Phone, 1, always; Mail, a@b.test"


def test_nothing_but_what_is_named_is_drafted_and_the_trail_has_its_own_names() -> None:
    after = having(password_min=12, name="South")
    assert (after.name, after.policy.password_min) == ("South", 12)
    assert (after.sender, after.policy.signup) == (TENANT.sender, TENANT.policy.signup)
    assert [field("password_min"), field("name")] == ["policy.password_min", "name"]
    assert spelled(TENANT, "host") == ""
