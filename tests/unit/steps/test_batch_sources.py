"""Where accounts stand in a directory, as far as people choose by it."""

from __future__ import annotations

import pytest

from keyturn.steps.batch_sources import _above


@pytest.mark.parametrize(
    ("unit", "found"),
    [("OU=Sales,OU=Staff,DC=corp,DC=test", ["OU=Sales,OU=Staff,DC=corp,DC=test",
                                            "OU=Staff,DC=corp,DC=test"]),
     ("ou=people,o=corp", ["ou=people,o=corp"]), ("OU=A,OU=B", ["OU=A,OU=B", "OU=B"]),
     ("", [])],
)  # fmt: skip
def test_an_ou_and_what_holds_it_end_before_the_domain(unit: str, found: list[str]) -> None:
    assert list(_above(unit)) == found
