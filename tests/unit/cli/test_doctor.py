"""`keyturn doctor`: what it prints, what programs read, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_health import MemoryDns, Sees, SeesDatabase
from keyturn.cli.doctor import Probing
from tests.unit.cli.conftest import Command
from tests.unit.flows.clinic import probes
from tests.unit.rules.health import scenes
from tests.unit.rules.sender.zones import Zone


def seeing(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """The command sees this."""
    monkeypatch.setattr(Probing, "probes", staticmethod(lambda _settings: probes(**changes)))


def dns(zone: Zone) -> MemoryDns:
    return MemoryDns(zone.records, zone.silent)


def test_where_all_is_well_it_says_so_line_by_line_and_ends_with_0(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing(monkeypatch)
    status, out, _ = keyturn("doctor")
    assert status == 0
    assert out.strip().startswith("Everything that was looked at is in order.")
    assert "What is wrong" not in out
    assert "SPF of north.test lists 203.0.113.7 and nobody else." in " ".join(out.split())


def test_what_is_wrong_comes_with_the_mend_and_its_consequences(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = replace(scenes.SETUP, mail_keys=())
    zone = scenes.other("north.test", MX=["10 mail.north.test"], TXT=["v=spf1 a:mail.x.test -all"])
    zone = Zone({**zone.records, "mail.x.test": {"A": ["192.0.2.9"]}})
    seeing(monkeypatch, setup=setup, dns=dns(zone))
    status, out, _ = keyturn("doctor")
    told = " ".join(out.split())
    assert status == 1
    assert told.startswith(
        "Everything works but mail: many providers will put it into junk folders. "
        "1 more thing is wrong."
    )
    assert "keyturn mail-key north.test kt1 --rsa" in told
    assert 'north.test. IN TXT "v=spf1 ip4:203.0.113.7 a:mail.x.test -all"' in out
    beneath = told.partition("because of this")[2].partition("SPF [spf")[0]
    assert "so it fails DMARC" in beneath


def test_without_a_network_it_cannot_tell_and_ends_with_2(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing(monkeypatch, dns=MemoryDns(silent="*"))
    status, out, _ = keyturn("doctor")
    assert status == 2
    assert "no DNS" in out
    assert "What could not be looked at" in out


def test_a_warning_alone_ends_with_0(keyturn: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, database=SeesDatabase(replace(scenes.DATABASE, backup_at=None)))
    status, out, _ = keyturn("doctor")
    assert status == 0
    assert "Everything works; 1 thing could be better." in out


def test_the_document_for_programs_has_roots_with_their_consequences(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    sight = replace(scenes.MAIL, way=replace(scenes.OPEN, name="absent"), greeted=False)
    seeing(monkeypatch, mail_server=Sees(sight))
    status, out, _ = keyturn("doctor", "--json")
    told = json.loads(out)
    assert (status, told["state"]) == (1, "fail")
    assert set(told) == {"at", "state", "headline", "roots", "fine"}
    (root,) = told["roots"]
    assert set(root) == {
        "check", "cause", "subject", "state", "what", "mend", "copy", "at", "evidence",
        "consequences",
    }  # fmt: skip
    assert (root["check"], root["cause"]) == ("smtp-name", "smtp-name.absent")
    assert root["evidence"]["host"] == "mail.north.test"
    assert root["at"].endswith("Z")
    assert {c["cause"] for c in root["consequences"]} >= {"smtp-tls.unreached"}


def test_one_check_can_be_asked_for(keyturn: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch)
    status, out, _ = keyturn("doctor", "--only", "spf", "--json")
    assert status == 0
    assert [f["cause"] for f in json.loads(out)["fine"]] == ["spf.ok"]
    status, _, err = keyturn("doctor", "--only", "spff")
    assert status == 2
    assert "There is no check `spff`." in err


def test_one_tenant_can_be_asked_for(keyturn: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    south = replace(scenes.TENANT, id="t2", slug="south", sender="a@south.shop")
    two = replace(scenes.DATABASE, tenants=(scenes.TENANT, south))
    seeing(monkeypatch, database=SeesDatabase(two))
    status, out, _ = keyturn("doctor", "--tenant", "south", "--only", "domain", "--json")
    assert status == 1
    assert [r["subject"] for r in json.loads(out)["roots"]] == ["south.shop"]
    status, _, err = keyturn("doctor", "--tenant", "west")
    assert status == 2
    assert "There is: north, south." in err


def test_a_tenant_of_a_database_that_is_down_is_no_mistake_of_whoever_asks(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = replace(scenes.DATABASE, reached="down", tenants=())
    seeing(monkeypatch, database=SeesDatabase(down))
    status, out, _ = keyturn("doctor", "--tenant", "north")
    assert status == 1
    assert "nobody gets in until it answers" in out


def test_what_was_seen_is_shown_when_asked_for(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = scenes.other("north.test", MX=["10 mail.north.test"], TXT=["v=spf1 ?all"])
    seeing(monkeypatch, dns=dns(zone))
    assert "record = v=spf1 ?all" in keyturn("doctor", "--evidence")[1]
    assert "record = " not in keyturn("doctor")[1]


def test_what_the_far_side_says_moves_no_cursor(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = scenes.other("north.test", MX=["10 m.test"], TXT=["v=spf1 \x1b[2Jx"])
    seeing(monkeypatch, dns=dns(zone))
    assert "\x1b" not in keyturn("doctor", "--evidence")[1]


def test_settings_that_are_bad_end_it_with_2(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYTURN_DOCTOR__ADDRESSES", "mail.north.test")
    status, _, err = keyturn("doctor")
    assert status == 2
    assert "doctor.addresses" in err
