"""A directory's report for people and programs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import Facts
from keyturn.rules.directories.health.forest import arrange
from keyturn.rules.directories.health.settled import Kept
from keyturn.rules.directories.health.spoken import document, headline
from keyturn.rules.health.words import HOUR
from tests.unit.rules.directories.health.scenes import (
    DC1,
    DC2,
    DC3,
    FAULTS,
    NOW,
    WELL,
    a_sight,
    agent_stopped,
    dead,
    disk_full,
    expired,
    old_tls,
    report,
    seen,
    server,
)


def told(facts: Facts) -> dict[str, Any]:
    found = judge(facts)
    memory = {(f.check, f.subject): Kept(f, NOW - HOUR) for f in found}
    return document(arrange(found, NOW), memory, str)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (WELL, "Everything that was looked at is in order."),
        (FAULTS["second primary"].do(WELL, DC2), "Everything works; 1 thing could be better."),
        (
            replace(WELL, primary_at=NOW - HOUR),
            "Nothing is wrong as far as can be seen; 1 thing could not be looked at.",
        ),
        (old_tls(WELL, DC2), "Nothing can be set or proved on dc2.corp.test."),
        (
            expired(old_tls(WELL, DC2), DC3),
            "Nothing can be set or proved on dc2.corp.test. 1 more thing is wrong.",
        ),
        (
            agent_stopped(server(WELL, primary="", agents=WELL.server.agents[:1]), DC1),
            "No password can be set in this directory. 2 more things are wrong.",
        ),
        (disk_full(WELL, DC1), "No password can be set in this directory."),
    ],
)
def test_one_sentence_says_how_things_stand(facts: Facts, said: str) -> None:
    assert headline(report(facts)) == said


def test_a_document_names_places_since_when_and_nests_consequences() -> None:
    found = told(dead(WELL, DC2))
    (root,) = found["roots"]
    assert (root["cause"], root["subject"], root["place"]) == ("controller.dead", DC2, "controller")
    assert root["since"] == str(NOW - HOUR)
    assert root["flapping"] is False
    below = {(one["cause"], one["place"]) for one in root["consequences"]}
    assert {("agent.silent", "agent"), ("port.blocked", "controller")} <= below
    assert all("consequences" not in one for one in root["consequences"])
    assert found["headline"] == "Nothing can be set or proved on dc2.corp.test."
    assert json.loads(json.dumps(found)) == found


def test_what_is_well_is_in_the_document_too() -> None:
    found = told(WELL)
    assert (found["state"], found["roots"]) == ("ok", [])
    places = {one["check"]: one["place"] for one in found["fine"]}
    assert places["rights"] == "unit"
    assert places["fine-policy"] == "policy"
    assert places["resets"] == "directory"


def test_what_no_agent_looks_at_is_no_trouble_and_is_said() -> None:
    facts = seen(WELL, rights=None)
    for host in (DC1, DC2, DC3):
        facts = a_sight(facts, host, partners=None)
    found = told(facts)
    assert (found["state"], found["roots"]) == ("ok", [])
    assert found["untold"] == ["rights", "replication"]
    assert told(WELL)["untold"] == []


def test_rights_that_could_not_be_looked_at_are_a_trouble() -> None:
    found = told(seen(WELL, rights=None, policy=None, unreadable=None, account=None))
    assert "rights.unseen" in {root["cause"] for root in found["roots"]}
    assert found["untold"] == []
