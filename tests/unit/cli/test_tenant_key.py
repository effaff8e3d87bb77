"""`keyturn tenant key`: made and shown once, listed without it, revoked by its name."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Command, parsed

KEY = ("tenant", "key")


def test_a_key_is_made_listed_and_revoked(northwind: Command) -> None:
    assert "There is no key" in northwind(*KEY, "list", "northwind")[1]
    (made,) = parsed(northwind(*KEY, "add", "northwind", "ServiceDesk", "--json"))
    assert made["key"].startswith(made["begins"])
    (listed,) = parsed(northwind(*KEY, "list", "northwind", "--json"))
    assert set(listed) == {"id", "name", "begins", "made_at", "used_at", "opens"}
    said = northwind(*KEY, "list", "northwind")[1]
    assert "ServiceDesk" in said
    assert "never used" in said
    assert made["key"] not in said
    assert northwind(*KEY, "revoke", "northwind", "ServiceDesk")[0] == 0
    assert northwind(*KEY, "revoke", "northwind", "ServiceDesk")[0] == 1
    assert parsed(northwind(*KEY, "list", "northwind", "--json")) == []


def test_it_is_shown_once_for_people(northwind: Command) -> None:
    status, out, _ = northwind(*KEY, "add", "northwind", "Zammad [EU]")
    assert status == 0
    first, key = out.splitlines()
    assert first == "The key of Zammad [EU], shown this once:"
    assert key.startswith("ktk_")


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [("a\nb", 2, "No key can be called like that"), ("ServiceDesk", 1, "Another key has this")],
)
def test_a_name_that_cannot_be_is_told(
    northwind: Command, name: str, status: int, why: str
) -> None:
    northwind(*KEY, "add", "northwind", "ServiceDesk")
    said = northwind(*KEY, "add", "northwind", name)
    assert said[0] == status
    assert why in " ".join(said[2].split())


def test_a_key_for_cases_begins_otherwise(northwind: Command) -> None:
    (made,) = parsed(northwind(*KEY, "add", "northwind", "Desk", "--cases", "--json"))
    assert made["key"].startswith("ktc_")
    assert made["opens"] == "cases"
    (other,) = parsed(northwind(*KEY, "add", "northwind", "Tickets", "--json"))
    assert (other["key"][:4], other["opens"]) == ("ktk_", "verify")
