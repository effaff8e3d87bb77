"""What people type for their directory account."""

from __future__ import annotations

import pytest

from keyturn.rules.directories.signins.spellings import spelt


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ada", ("ada", "")),
        ("corp\\ada", ("ada", "")),
        ("corp\\", ("", "")),
        ("ada@corp.example.test", ("ada", "ada@corp.example.test")),
        ("ada@example.com", ("", "ada@example.com")),
        ("ada@mycorp.example.test", ("", "ada@mycorp.example.test")),
        ("@corp.example.test", ("", "@corp.example.test")),
    ],
)
def test_a_name_is_read_as_people_type_it(name: str, found: tuple[str, str]) -> None:
    assert spelt(name, "corp.example.test") == found
