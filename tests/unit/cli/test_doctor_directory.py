"""`keyturn doctor --directory`: the one true cause first, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn import __version__, wiring
from keyturn.ports.directory_health import AgentNote
from keyturn.ports.store import Tx
from keyturn.rules.directories import topology
from keyturn.rules.directories.health import codec
from keyturn.rules.directories.health.facts import (
    Account,
    ListenerSight,
    PrimarySight,
    Probe,
    Way,
)
from keyturn.settings import load
from tests.unit.cli.conftest import Command
from tests.unit.web.corp import DOMAIN, Corp

#: a controller's port as it should be
GOOD = Probe("TLSv1.2", "TLSv1.3", True, True, "Our CA", (), None)


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


def test_what_no_agent_looks_at_is_said_and_is_no_reason_to_fail(northwind: Command) -> None:
    house = wiring.open_house(load(None))

    def write(step: Callable[[Tx], Any]) -> Any:
        return house.store.submit_write(step).result(10)

    (tenant,) = write(lambda tx: tx.tenants.all())
    corp = Corp(write, house.parts, tenant, agents=("dc1", "dc2", "dc3"))
    known = topology.decode(corp.directory.topology)
    ways = tuple(Way(c.host, "", probe=GOOD, ahead_ms=0) for c in known.controllers)
    seen = codec.encode(PrimarySight(known, ways, None, True, (), Account("svc", None)))

    def survey(tx: Tx) -> None:
        at = (tenant.id, corp.directory.id)
        tx.health.saw(*at, seen, corp.now)
        for agent in corp.agents:
            tx.agents.update(replace(agent, version=__version__))
            beside = codec.encode(ListenerSight(agent.controller, "", 0, None))
            noted = AgentNote(agent.id, *at, ahead_ms=0, beside=beside, beside_at=corp.now)
            tx.health.put_note(noted)

    write(survey)
    house.close()
    status, out, _ = northwind("doctor", "--directory", DOMAIN)
    said = " ".join(out.split())
    assert status == 0, out
    assert said.startswith("Everything that was looked at is in order.")
    assert "no agent of this directory tells of it: Delegated rights, Replication." in said
