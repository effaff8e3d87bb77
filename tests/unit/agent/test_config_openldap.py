"""agent.toml beside an OpenLDAP directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.agent.config import load
from keyturn.rules.directories.entries import DirectoryKind
from tests.unit.agent import test_config
from tests.unit.agent.test_config import problems

GOOD = test_config.GOOD.replace("svc-keyturn@corp.example.com", "cn=keyturn,dc=example,dc=com")
OURS = """
kind = "openldap"
base = "dc=example,dc=com"
policy = "cn=default,ou=policies,dc=example,dc=com"
servers = ["Ldap2.example.com"]
protected = ["cn=admins,ou=groups,dc=example,dc=com"]
"""


def written(tmp_path: Path, more: str = "", text: str = GOOD) -> Path:
    return test_config.written(tmp_path, more, text)


def test_good_settings_are_read(tmp_path: Path) -> None:
    config = load(written(tmp_path, OURS))
    assert (config.kind, config.base) == (DirectoryKind.OPENLDAP, "dc=example,dc=com")
    assert config.servers == ("ldap2.example.com",)
    assert config.protected == ("cn=admins,ou=groups,dc=example,dc=com",)


def test_without_a_kind_it_is_active_directory(tmp_path: Path) -> None:
    assert load(written(tmp_path)).kind is DirectoryKind.ACTIVE_DIRECTORY


@pytest.mark.parametrize("port", [1, 1636, 65535])
def test_it_may_listen_elsewhere_but_a_domain_may_not(tmp_path: Path, port: int) -> None:
    assert load(written(tmp_path, f"{OURS}\nport = {port}")).port == port
    assert load(written(tmp_path, OURS)).port == 0
    assert list(problems(written(tmp_path, f"port = {port}"))) == ["port"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('kind = "novell"', "kind"),
        ("kind = 1", "kind"),
        ('base = "example.com"', "base"),
        ('base = "=x"', "base"),
        ("base = 1", "base"),
        ('policy = "default"', "policy"),
        ('servers = "ldap2.example.com"', "servers"),
        ('servers = ["ldap2"]', "servers"),
        ('protected = ["admins"]', "protected"),
        ("protected = [1]", "protected"),
        ("port = 0", "port"),
        ("port = 65536", "port"),
        ("port = true", "port"),
        ('port = "636"', "port"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, line: str, name: str) -> None:
    kept = [one for one in OURS.splitlines() if not one.startswith(f"{name} ")]
    found = problems(written(tmp_path, "\n".join([line, *kept])))
    assert name in found
    assert name == "kind" or list(found) == [name]


@pytest.mark.parametrize("account", ["svc-keyturn@example.com", "keyturn", ""])
def test_the_account_is_a_distinguished_name(tmp_path: Path, account: str) -> None:
    text = GOOD.replace("cn=keyturn,dc=example,dc=com", account)
    assert list(problems(written(tmp_path, OURS, text))) == ["account"]


def test_a_base_is_needed_and_what_is_of_openldap_is_refused_elsewhere(tmp_path: Path) -> None:
    assert problems(written(tmp_path, 'kind = "openldap"')) == {"base": "is missing"}
    for kind in ("", 'kind = "workgroup"\n'):
        text = kind + OURS.replace('kind = "openldap"\n', "")
        found = problems(written(tmp_path, text))
        ours = {"base", "policy", "servers", "protected"}
        assert {name: found[name] for name in ours} == dict.fromkeys(
            ours, 'is for kind = "openldap" only'
        )
