"""`keyturn user`, `tenant`, `audit`, `diagnose`: done, not done, wrong usage; for programs, too."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from keyturn import wiring
from keyturn.settings import Settings
from tests.unit.cli.conftest import Command, parsed

ADA = ("user", "create", "ada@people.test", "--name", "Ada Byron")


def test_a_user_is_made_found_and_shown(northwind: Command) -> None:
    [made] = parsed(northwind(*ADA, "--username", "ada", "--json"))
    assert (made["email"], made["state"], made["changed"]) == ("ada@people.test", "active", 1)
    for query in ("", "ada", "Byron", "people"):
        assert [row["id"] for row in parsed(northwind("user", "list", query, "--json"))] == [
            made["id"]
        ]
    for name in ("ada", "ADA@People.test", made["id"]):
        [shown] = parsed(northwind("user", "show", name, "--json"))
        assert shown["id"] == made["id"]
    status, out, _ = northwind("user", "show", "ada")
    assert status == 0
    assert "Ada Byron" in out
    assert "user.created" in out


def test_nobody_of_that_name_is_not_done(northwind: Command) -> None:
    for command in ("show", "unlock", "enable", "end-sessions", "unfreeze"):
        status, out, err = northwind("user", command, "nobody@people.test")
        assert (status, out) == (1, "")
        assert "Nobody in Northwind" in err


def test_what_is_so_already_is_said(northwind: Command) -> None:
    northwind(*ADA)
    assert "was not locked" in northwind("user", "unlock", "ada@people.test")[1]
    assert "is disabled" in northwind("user", "disable", "ada@people.test", "--yes")[1]
    assert "was disabled already" in northwind("user", "disable", "ada@people.test", "--yes")[1]
    assert "is enabled" in northwind("user", "enable", "ada@people.test")[1]
    assert "was not disabled" in northwind("user", "enable", "ada@people.test")[1]


def test_disabling_asks_first(northwind: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    northwind(*ADA)
    for answer, status, state in (("n\n", 1, "active"), ("", 1, "active"), ("y\n", 0, "disabled")):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert northwind("user", "disable", "ada@people.test")[0] == status
        [shown] = parsed(northwind("user", "show", "ada@people.test", "--json"))
        assert shown["state"] == state


def test_bad_names_are_wrong_usage_and_taken_ones_not_done(northwind: Command) -> None:
    assert northwind("user", "create", "no address", "--name", "Ada")[0] == 2
    assert northwind("user", "create", "ada@people.test", "--name", "a\x00b")[0] == 2
    northwind(*ADA)
    status, _, err = northwind(*ADA)
    assert status == 1
    assert "email" in err


def test_roles_come_and_go(northwind: Command) -> None:
    northwind(*ADA)
    assert northwind("user", "role", "grant", "ada@people.test", "emperor")[0] == 2
    assert northwind("user", "role", "grant", "ada@people.test", "auditor")[0] == 0
    [shown] = parsed(northwind("user", "show", "ada@people.test", "--json"))
    assert shown["role"] == "auditor"
    assert northwind("user", "role", "revoke", "ada@people.test")[0] == 0
    assert "had no role" in northwind("user", "role", "revoke", "ada@people.test")[1]


def test_a_second_owner_needs_the_glass_to_be_broken_and_the_trail_says_so(
    northwind: Command,
) -> None:
    [first] = parsed(northwind("user", "owner", "--json"))
    assert "/t/northwind/setup/" in first["link"]
    northwind(*ADA)
    northwind("user", "role", "grant", "ada@people.test", "owner")
    status, out, err = northwind("user", "owner")
    assert (status, out) == (1, "")
    assert "--break-glass" in err
    status, out, _ = northwind("user", "owner", "--break-glass", "--yes")
    assert status == 0
    assert "BREAK GLASS" in out
    [*_, last] = parsed(northwind("audit", "--event", "owner.link", "--json"))
    assert last["facts"]["break_glass"] is True
    assert last["client"].startswith("command on the host")


def test_the_audit_trail_is_written_for_other_programs(northwind: Command) -> None:
    northwind(*ADA)
    status, out, _ = northwind("audit", "--event", "user.", "--format", "cef")
    assert status == 0
    (line,) = out.splitlines()
    assert line.startswith("CEF:0|Keyturn|Keyturn|")
    assert "|user.created|" in line
    _, out, _ = northwind("audit", "--format", "csv", "--limit", "1")
    assert [line.count('","') for line in out.splitlines()] == [9, 9]
    assert "data.trail" in out
    assert northwind("audit", "--format", "xml")[0] == 2


def test_the_audit_trail_is_searched_newest_last(northwind: Command) -> None:
    northwind(*ADA)
    northwind("user", "disable", "ada@people.test", "--yes")
    northwind("user", "enable", "ada@people.test")
    events = [e["event"] for e in parsed(northwind("audit", "ada@people.test", "--json"))]
    assert events[0] == "user.created"
    assert events[-1] == "user.enabled"
    [newest] = parsed(northwind("audit", "--limit", "1", "--json"))
    assert newest["event"] == "user.enabled"
    assert parsed(northwind("audit", "--event", "signin.", "--json")) == []
    assert "Nothing of that" in northwind("audit", "--event", "signin.")[1]


def test_diagnosis_says_what_it_looked_at_found_and_could_not_see(northwind: Command) -> None:
    northwind(*ADA)
    status, out, _ = northwind("diagnose", "ada@people.test")
    assert status == 0
    for words in ("Ada Byron", "has no password yet", "Looked at", "Could not see"):
        assert words in out
    [found] = parsed(northwind("diagnose", "ada@people.test", "--json"))
    assert found["causes"][0]["cause"] == "signin.no-password"
    assert found["looked_at"]["account.state"] == "active"
    status, out, _ = northwind("diagnose", "nobody@people.test")
    assert status == 0
    assert "Nobody is called" in out


def test_a_tenant_is_made_changed_and_listed(keyturn: Command) -> None:
    assert "no tenant" in keyturn("tenant", "list")[1]
    keyturn("tenant", "add", "north", "--name", "North", "--sender", "a@north.test")
    changed = keyturn(
        "tenant", "set", "north", "--name", "Northwind", "--accent", "#123456", "--host",
        "id.north.test", "--support", "Phone|+44 20 7946 0100|always", "--phone", "required",
        "--timezone", "Europe/London", "--no-signup", "--no-activation-again",
        "--json",
    )  # fmt: skip
    [tenant] = parsed(changed)
    assert (tenant["name"], tenant["accent"]) == ("Northwind", "#123456")
    assert tenant["support"] == [{"label": "Phone", "value": "+44 20 7946 0100", "hours": "always"}]
    assert tenant["policy"]["phone"] == "required"
    assert tenant["policy"]["signup"] is tenant["policy"]["activation_again"] is False
    assert tenant["policy"]["password_min"] == 8
    assert parsed(keyturn("tenant", "list", "--json")) == [tenant]
    [event] = parsed(keyturn("audit", "--event", "tenant.changed", "--json"))
    assert set(event["facts"]["what"]) >= {"name", "policy.phone", "support"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--accent", "red"), ("--sender", "nobody"), ("--timezone", "Mars/Olympus"),
        ("--timezone", "../../etc/passwd"), ("--phone", "maybe"), ("--phone-unique", "all"),
        ("--password-min", "4"),
        ("--lockout-scope", "none"), ("--region", "gb"), ("--host", "a b"), ("--host", "x/y"),
        ("--support", "Phone"), ("--name", "a\x1bb"),
    ],
)  # fmt: skip
def test_a_tenant_takes_only_what_fits(northwind: Command, option: str, value: str) -> None:
    before = parsed(northwind("tenant", "list", "--json"))
    assert northwind("tenant", "set", "northwind", option, value)[0] == 2
    assert parsed(northwind("tenant", "list", "--json")) == before


def test_slugs_and_hosts_are_unique(northwind: Command) -> None:
    again = northwind("tenant", "add", "northwind", "--name", "N", "--sender", "a@n.test")
    assert again[0] == 1
    assert northwind("tenant", "add", "NORTH", "--name", "N", "--sender", "a@n.test")[0] == 2
    northwind("tenant", "add", "south", "--name", "South", "--sender", "a@s.test")
    northwind("tenant", "set", "south", "--host", "id.south.test")
    assert northwind("tenant", "set", "northwind", "--host", "id.south.test")[0] == 1


def test_with_several_tenants_one_must_be_named(northwind: Command) -> None:
    northwind("tenant", "add", "south", "--name", "South", "--sender", "a@s.test")
    status, _, err = northwind("user", "list")
    assert status == 2
    assert "northwind, south" in err
    assert northwind("user", "list", "--tenant", "south")[0] == 0
    assert northwind("user", "list", "--tenant", "west")[0] == 1


def test_commands_do_not_open_a_database_that_a_demo_made(keyturn: Command, tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"data_dir": str(tmp_path / "data")}})
    wiring.open_house(settings, demo=True).close()
    status, _, err = keyturn("user", "list")
    assert status == 1
    assert "belong to a demo" in err


def test_a_key_ring_open_to_others_is_refused_by_name(northwind: Command, tmp_path: Path) -> None:
    (tmp_path / "data" / "keys.json").chmod(0o644)
    status, _, err = northwind("user", "list")
    assert status == 1
    assert "keys.json" in err


def test_a_mail_key_is_written_once_for_its_owner_alone(keyturn: Command, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    status, out, _ = keyturn("mail-key", "north.test", "kt1", "--file", str(file))
    assert status == 0
    assert "kt1._domainkey.north.test. IN TXT" in out
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    status, _, err = keyturn("mail-key", "north.test", "kt1", "--file", str(file))
    assert status == 1
    assert "key.pem" in err
    assert file.read_bytes() == before


def test_directory_domains_are_set_replaced_and_taken_away(northwind: Command) -> None:
    def now(*domains: str) -> object:
        options = [word for domain in domains for word in ("--directory-domain", domain)]
        [shown] = parsed(northwind("tenant", "set", "northwind", *options, "--json"))
        return shown["policy"]["directory_domains"]

    assert now() == []
    assert now("Corp.example", "bücher.example") == ["Corp.example", "bücher.example"]
    assert now() == ["Corp.example", "bücher.example"]
    assert now("b.example") == ["b.example"]
    assert now("") == []
    assert northwind("tenant", "set", "northwind", "--directory-domain", "corp")[0] == 2
