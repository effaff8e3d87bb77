"""Which changes weaken security, in both directions."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import Contact
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.rules.policies.weaker import weakened
from tests.unit.rules.policies.worlds import TENANT, having

#: key, what it is, what it becomes, whether that is weaker, and whether the way back is
TABLE = [
    ("signup", False, True, True, False),
    ("phone", "required", "optional", True, False),
    ("phone", "required", "off", True, False),
    ("phone", "optional", "off", True, False),
    ("activation_again", False, True, True, False),
    ("password_min", 12, 8, True, False),
    ("lockout_scope", "client", "account", True, False),
    ("directory_domains", ("a.test", "b.test"), ("a.test",), True, False),
    ("directory_domains", ("a.test",), ("b.test",), True, True),
    ("sms_second", False, True, True, True),
    ("sms_countries", ("GB",), ("GB", "IE"), True, False),
    ("sms_countries", ("GB",), (), True, False),
    ("sms_countries", ("GB",), ("IE",), True, True),
    ("sender", "a@a.test", "b@a.test", True, True),
    ("support", (), (Contact("Phone", "1"),), True, True),
    ("voice", False, True, False, False),
    ("region", "GB", "DE", False, False),
    ("language", "en", "de", False, False),
    ("timezone", "UTC", "Europe/London", False, False),
    ("name", "North", "South", False, False),
    ("accent", "#000000", "#ffffff", False, False),
]


@pytest.mark.parametrize(("key", "one", "other", "there", "back"), TABLE)
def test_what_guards_less_is_weaker_and_nothing_else(
    key: str, one: object, other: object, there: bool, back: bool
) -> None:
    before, after = having(**{key: one}), having(**{key: other})
    assert weakened(before, after) == ((key,) if there else ())
    assert weakened(after, before) == ((key,) if back else ())
    assert weakened(before, before) == ()


def test_every_policy_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(POLICIES)


def test_several_at_once_are_all_told() -> None:
    before = having(password_min=12, signup=False)
    after = having(password_min=8, signup=True, sender="x@y.test", name="South")
    assert weakened(before, after) == ("signup", "password_min", "sender")
    assert weakened(TENANT, TENANT) == ()
