"""Keys of a tenant's programs: their shape, how they begin, and how they are called."""

from __future__ import annotations

import pytest

from keyturn.rules import api_keys

TOKEN = "aB3-_" * 8 + "xyz"


def test_a_key_is_recognised_by_its_beginning_and_told_by_few_letters() -> None:
    key = api_keys.written(TOKEN)
    assert key == f"ktk_{TOKEN}"
    assert api_keys.is_key(key)
    assert api_keys.hint(key) == f"ktk_{TOKEN[:6]}"


@pytest.mark.parametrize(
    "text",
    ["", TOKEN, "ktk_", f"ktk_{TOKEN[1:]}", f"ktk_{TOKEN}a", f"KTK_{TOKEN}", f" ktk_{TOKEN}",
     f"ktk_{TOKEN}\n", f"ktk_{TOKEN[1:]}é", f"ktk_{TOKEN[1:]}."],
)  # fmt: skip
def test_what_has_not_the_shape_is_no_key(text: str) -> None:
    assert not api_keys.is_key(text)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" ServiceDesk ", "ServiceDesk"), ("Zammad (EU)", "Zammad (EU)"), ("x" * 40, "x" * 40),
        ("x" * 41, None), ("", None), ("  ", None), ("a\nb", None), ("a\u202eb", None),
        ("https://evil.test", None), ("www.evil.test", None),
    ],
)  # fmt: skip
def test_a_name_is_one_that_a_phone_can_show(typed: str, name: str | None) -> None:
    assert api_keys.name(typed) == name
