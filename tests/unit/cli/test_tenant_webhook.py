"""`keyturn tenant webhook`: where a tenant's alarms go besides its owners' mailboxes."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.unit.cli.conftest import Command, parsed

HOOK = "https://hooks.example.com/a-secret-path"


def test_an_address_is_set_told_of_and_removed(northwind: Command) -> None:
    said = northwind("tenant", "webhook", "northwind")
    assert "by mail only" in said[1]
    (made,) = parsed(northwind("tenant", "webhook", "northwind", "--url", HOOK, "--json"))
    assert made["host"] == "hooks.example.com"
    assert made["secret"].startswith("whsec_")
    (told,) = parsed(northwind("tenant", "webhook", "northwind", "--json"))
    assert set(told) == {"host", "made_at"}
    assert "hooks.example.com" in northwind("tenant", "webhook", "northwind")[1]
    assert northwind("tenant", "webhook", "northwind", "--off")[0] == 0
    assert northwind("tenant", "webhook", "northwind", "--off")[0] == 1
    assert parsed(northwind("tenant", "webhook", "northwind", "--json")) == [{"host": None}]


def test_an_address_that_is_a_secret_comes_by_standard_input(
    northwind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{HOOK}\n".encode())))
    status, out, _ = northwind("tenant", "webhook", "northwind", "--url", "-")
    assert status == 0
    assert "shown this once" in out
    assert "whsec_" in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--url", "http://hooks.example.com"), "https only"),
        (("--url", "https://10.0.0.1/"), "private network"),
        (("--url", "https://a:b@hooks.example.com/"), "a name or a password"),
        (("--url", "https://"), "no address"),
        (("--url", HOOK, "--off"), "An address, or none"),
    ],
)
def test_what_is_refused_says_why(northwind: Command, words: tuple[str, ...], why: str) -> None:
    status, _, err = northwind("tenant", "webhook", "northwind", *words)
    assert status == 2
    assert why in " ".join(err.split())


def test_the_installation_may_allow_private_networks(
    northwind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYTURN_WEBHOOK__PRIVATE", "true")
    said = northwind("tenant", "webhook", "northwind", "--url", "https://10.0.0.1/", "--json")
    assert json.loads(said[1])["host"] == "10.0.0.1"
