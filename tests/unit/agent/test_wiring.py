"""The wiring picks the driver by kind, and hangs up on the way out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from keyturn.agent import keys as keyring
from keyturn.agent import wiring
from keyturn.agent.config import Config, load
from keyturn.agent.directories.active_directory import ActiveDirectory
from keyturn.agent.directories.memory import MemoryDomain, MemoryDriver
from keyturn.agent.directories.openldap import OpenLdap
from keyturn.agent.state import State
from keyturn.agent.who import Who
from keyturn.lab.certificates import Authority
from keyturn.rules.directories.things import AgentRole
from tests.unit.agent.test_config_openldap import GOOD, OURS


class Hung(MemoryDriver):
    """A driver that counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def settings(folder: Path, more: str = "") -> Config:
    authority, path = Authority(folder / "ca"), folder / "agent.toml"
    text = GOOD.format(file=folder / "password").replace(
        f'ca_file = "{folder / "password"}"', f'ca_file = "{authority.ca}"'
    )
    (folder / "password").write_text("Secret-Word-1\n")
    path.write_text(text + more)
    return load(path)


def test_without_a_kind_it_is_active_directory(tmp_path: Path) -> None:
    driver = wiring.driver(settings(tmp_path))
    assert isinstance(driver, ActiveDirectory)
    driver.close()


def test_openldap_gets_what_its_settings_say(tmp_path: Path) -> None:
    driver = wiring.driver(settings(tmp_path, OURS))
    assert isinstance(driver, OpenLdap)
    told = driver._settings
    assert (told.base, told.password) == ("dc=example,dc=com", "Secret-Word-1")
    assert told.servers == ("dc1.corp.example.com", "ldap2.example.com")
    assert told.protected == ("cn=admins,ou=groups,dc=example,dc=com",)
    assert told.policy == "cn=default,ou=policies,dc=example,dc=com"
    assert told.port == 636
    driver.close()
    elsewhere = wiring.driver(settings(tmp_path, f"{OURS}\nport = 1636"))
    assert isinstance(elsewhere, OpenLdap)
    assert elsewhere._settings.port == 1636
    elsewhere.close()


def test_what_only_looks_like_a_name_is_refused_by_the_driver(tmp_path: Path) -> None:
    config = settings(tmp_path, OURS.replace('base = "dc=example,dc=com"', 'base = "dc=a,b"'))
    with pytest.raises(ValueError, match=r"^dc=a,b$"):
        wiring.driver(config)


def test_an_agent_hangs_up_at_its_directory_on_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyturn.agent.system.place", lambda: "here")  # else it asks a resolver
    config, state = settings(tmp_path), State(tmp_path / "state", make=True)
    who = Who(
        "a", "d", "corp.example.com", AgentRole.CANDIDATE, "dc1", "http://127.0.0.1:9", b"k" * 32,
        None,
    )  # fmt: skip
    driver = Hung(MemoryDomain(lambda: 0))

    async def story() -> None:
        async with wiring.built(config, state, who, keyring.load_or_make(state), driver):
            assert driver.closed == 0

    asyncio.run(story())
    assert driver.closed == 1
