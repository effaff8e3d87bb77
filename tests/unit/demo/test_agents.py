"""What an agent of the lab is told is what an agent reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keyturn.agent.config import ConfigRefused, load
from keyturn.demo.agents import AgentProcess
from keyturn.rules.directories.entries import DirectoryKind

SERVER = "http://127.0.0.1:8080"


class Ground:
    """A directory of which only the settings are known."""

    domain, agent_password = "corp.example.test", "Secret-Word-1"
    apart, server_address, places = False, "127.0.0.1", ("one",)

    def __init__(self, kind: DirectoryKind, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.ca_file = folder / "ca.pem"
        self.ca_file.touch()

    def beside(self, _name: str) -> tuple[str, ...]:
        return ()

    def agent_settings(self, name: str) -> dict[str, object]:
        told: dict[str, object] = {
            "kind": str(self.kind), "directory": self.domain, "account": "cn=svc,dc=x",
            "controller": f"{name}.corp.example.test",
            "addresses": {"one.corp.example.test": "127.0.0.2"},
        }  # fmt: skip
        more: dict[DirectoryKind, dict[str, object]] = {
            DirectoryKind.ACTIVE_DIRECTORY: {"ca_file": str(self.ca_file)},
            DirectoryKind.OPENLDAP: {
                "ca_file": str(self.ca_file), "base": "dc=x", "port": 1636,
                "servers": ["two.corp.example.test"], "protected": ["cn=admins,dc=x"],
            },
            DirectoryKind.WORKGROUP: {"port": 4450},
        }  # fmt: skip
        return told | more[self.kind]


@pytest.mark.parametrize("kind", DirectoryKind)
def test_what_is_written_is_read(kind: DirectoryKind, tmp_path: Path) -> None:
    ground = Ground(kind, tmp_path)
    agent = AgentProcess(ground, "one", SERVER)
    found = load(agent.config)
    assert (found.kind, found.server, found.name) == (kind, SERVER, "agent-one")
    assert (found.directory, found.controller) == (ground.domain, "one.corp.example.test")
    assert found.addresses == {"one.corp.example.test": "127.0.0.2"}
    assert found.password_file.read_text() == "Secret-Word-1"
    assert found.password_file.stat().st_mode & 0o777 == 0o600
    more: dict[str, Any] = ground.agent_settings("one")
    assert found.port == more.get("port", 0)
    assert list(found.servers) == more.get("servers", [])


def test_somebody_may_take_it_for_another_kind(tmp_path: Path) -> None:
    ground = Ground(DirectoryKind.OPENLDAP, tmp_path)
    told = {"kind": "workgroup", "directory": ground.domain, "controller": ground.domain,
            "account": "svc"}  # fmt: skip
    assert load(AgentProcess(ground, "one", SERVER, "stranger", told).config).kind == "workgroup"
    wrong = AgentProcess(ground, "one", SERVER, "odd", {**told, "base": "dc=x"})
    with pytest.raises(ConfigRefused):
        load(wrong.config)
