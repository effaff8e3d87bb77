"""agent.toml: every bad value is named, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.agent.config import Config, ConfigRefused, load

GOOD = """
server = "https://keyturn.example.com/"
directory = "Corp.Example.com"
controller = "DC1.corp.example.com"
account = "svc-keyturn@corp.example.com"
password_file = "{file}"
ca_file = "{file}"
"""


def written(tmp_path: Path, more: str = "", text: str = GOOD) -> Path:
    file, path = tmp_path / "file", tmp_path / "agent.toml"
    file.write_text("x")
    path.write_text(text.format(file=file) + more)
    return path


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(ConfigRefused) as caught:
        load(path)
    return {problem.name: problem.why for problem in caught.value.problems}


def test_good_settings_are_read_in_their_one_spelling(tmp_path: Path) -> None:
    config = load(written(tmp_path, '[addresses]\n"DC1.corp.example.com" = "192.0.2.10"'))
    assert (config.server, config.directory, config.controller) == (
        "https://keyturn.example.com", "corp.example.com", "dc1.corp.example.com",
    )  # fmt: skip
    assert config.addresses == {"dc1.corp.example.com": "192.0.2.10"}
    assert isinstance(config, Config)
    assert (config.look_s, load(written(tmp_path, "look_s = 5")).look_s) == (60, 5)


def test_the_file_is_found_by_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert load(None, {"KEYTURN_AGENT_CONFIG": str(path)}) == load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server", '"http://keyturn.example.com"'),
        ("server", '"https://keyturn.example.com/path"'),
        ("server", '"https://u:p@keyturn.example.com"'),
        ("server", '"https://keyturn.example.com:port"'),
        ("server", '"keyturn.example.com"'),
        ("server", "1"),
        ("look_s", "4"),
        ("look_s", "61"),
        ("look_s", "true"),
        ("look_s", '"60"'),
        ("directory", '"CORP"'),
        ("controller", '"192.0.2.10"'),
        ("controller", '"dc1"'),
        ("account", '""'),
        ("password_file", '"relative"'),
        ("ca_file", '"/there/is/none"'),
        ("server_ca_file", "true"),
        ("proxy", '"socks5://proxy:1"'),
        ("name", '"two words"'),
        ("addresses", "1"),
        ("addresses", '{ "dc1.corp.example.com" = "not an address" }'),
        ("addresses", '{ dc1 = "192.0.2.10" }'),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{name} ")]
    text = "\n".join([f"{name} = {value.replace('{', '{{').replace('}', '}}')}", *lines])
    assert list(problems(written(tmp_path, text=text))) == [name]


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('server = 1\nservre = "x"\n')
    assert problems(path) == {
        "account": "is missing", "ca_file": "is missing", "controller": "is missing",
        "directory": "is missing", "password_file": "is missing",
        "server": "must be a text, not empty", "servre": "there is no such setting",
    }  # fmt: skip


@pytest.mark.parametrize("server", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"])
def test_this_very_machine_may_be_asked_without_tls(tmp_path: Path, server: str) -> None:
    text = GOOD.replace("https://keyturn.example.com/", server)
    assert load(written(tmp_path, text=text)).server == server


@pytest.mark.parametrize("data", [b"\xff", b"= no toml"])
def test_a_file_that_is_none_is_told_as_such(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(data)
    assert problems(path)[""].startswith("no TOML")
    assert problems(tmp_path / "none.toml") == {"": "there is no such file"}
