"""`keyturn doctor --directory`: the one true cause first, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from keyturn import wiring
from keyturn.ports.store import Tx
from keyturn.settings import load
from tests.unit.cli.conftest import Command
from tests.unit.web.corp import DOMAIN, Corp


def test_without_an_agent_that_is_the_root_and_the_rest_stands_beneath(northwind: Command) -> None:
    northwind("directory", "add", DOMAIN)
    status, out, _ = northwind("doctor", "--directory", DOMAIN)
    told = " ".join(out.split())
    assert status == 1
    assert told.startswith("No password can be set in this directory.")
    assert "[primary.never]" in told
    assert "keyturn agent enrol" in told
    assert "because of this" in told.partition("[primary.never]")[2]


def test_programs_read_the_same(northwind: Command) -> None:
    northwind("directory", "add", DOMAIN)
    house = wiring.open_house(load(None))

    def write(step: Callable[[Tx], Any]) -> Any:
        return house.store.submit_write(step).result(10)

    (tenant,) = write(lambda tx: tx.tenants.all())
    other = "other.example.test"
    Corp(write, house.parts, tenant, domain=other)
    house.close()
    status, out, _ = northwind("doctor", "--directory", DOMAIN, "--json")
    told = json.loads(out)
    assert status == 1
    assert told["directory"] == DOMAIN
    assert told["state"] == "fail"
    (first, *_) = told["roots"]
    assert first["cause"] == "primary.never"
    assert "resets.no-primary" in {each["cause"] for each in first["consequences"]}
    _, out, _ = northwind("doctor", "--directory", other, "--json")
    assert "primary.never" not in {root["cause"] for root in json.loads(out)["roots"]}


def test_a_directory_that_is_not_there_is_named(northwind: Command) -> None:
    northwind("directory", "add", DOMAIN)
    status, _, err = northwind("doctor", "--directory", "other.test")
    assert status != 0
    assert f"There is: {DOMAIN}." in err


def test_only_chooses_checks_of_the_installation(northwind: Command) -> None:
    status, _, err = northwind("doctor", "--directory", DOMAIN, "--only", "mail")
    assert status == 2
    assert "--only" in err
