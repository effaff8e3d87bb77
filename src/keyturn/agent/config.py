"""agent.toml: what an agent is told by whoever installs it. Strict; every bad value is named."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from keyturn.rules.directories.entries import DirectoryKind

DEFAULT_FILE: Final = Path("/etc/keyturn/agent.toml")
DEFAULT_STATE: Final = Path("/var/lib/keyturn-agent")
_ENVIRONMENT = "KEYTURN_AGENT_CONFIG"
_DNS_NAME = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    re.ASCII,
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
#: what every part of a distinguished name has; the driver reads it to the letter
_PART = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9.-]*\s*=\s*[^\s,=].*", re.ASCII)
#: between two looks at the directory: what was said counts for three minutes only
LOOK_AT_LEAST_S: Final = 5
LOOK_AT_MOST_S: Final = 60
_LAST_PORT: Final = 65_535
#: no proxy at all, not even the environment's
NO_PROXY: Final = "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. name: of the setting, "" for the file. why: a few words."""

    name: str
    why: str


class ConfigRefused(Exception):
    """The settings cannot be used.

    Attributes:
        path: the file.
        problems: all of them.
    """

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(str(path), problems)
        self.path = path
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """An agent's settings; the comments in docs/agent.md explain each.

    Attributes:
        server: origin of the Keyturn server, exactly as it is configured there.
        kind: of directory.
        directory: the domain's DNS name.
        controller: DNS name of the controller (OpenLDAP: provider) that this agent stands beside.
        account: whom it binds as. password_file: its password, nothing else in it.
        ca_file: who vouches for controllers; nothing of the kind for a workgroup.
        server_ca_file: who vouches for the server; None as above.
        proxy: URL; "" for what the environment says (HTTPS_PROXY), "none" for none.
        name: of this agent, for people.
        base, policy, servers, protected: of OpenLDAP (agent/directories/openldap/settings.py);
            `servers` are providers besides `controller`.
        port: where OpenLDAP or a workgroup's machine listens; 0 for the usual one.
        audit_logs: by controller, Samba's audit log as this host sees it.
        event_programs: by controller, what prints its security log (agent/logons/events.py).
        look_s: seconds between two looks at how the directory is (docs/health.md).
    """

    server: str
    directory: str
    controller: str
    account: str
    password_file: Path
    ca_file: Path = Path()
    addresses: Mapping[str, str] = field(default_factory=dict)
    server_ca_file: Path | None = None
    proxy: str = ""
    name: str = field(default_factory=lambda: socket.gethostname().partition(".")[0])
    state: Path = DEFAULT_STATE
    kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY
    base: str = ""
    policy: str = ""
    servers: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    port: int = 0
    audit_logs: Mapping[str, Path] = field(default_factory=dict)
    event_programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    look_s: int = LOOK_AT_MOST_S


class _Bad(ValueError):
    """Why a value is refused."""


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The settings out of `path`, else $KEYTURN_AGENT_CONFIG, else /etc/keyturn/agent.toml.

    Raises ConfigRefused.
    """
    found = path or Path(environment.get(_ENVIRONMENT) or DEFAULT_FILE)
    try:
        document = tomllib.loads(found.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigRefused(found, (Problem("", "there is no such file"),)) from None
    except OSError as refused:
        raise ConfigRefused(found, (Problem("", refused.strerror or "not readable"),)) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise ConfigRefused(found, (Problem("", f"no TOML: {broken}"),)) from None
    return _checked(found, document)


def _checked(path: Path, document: Mapping[str, Any]) -> Config:
    problems = [Problem(name, "there is no such setting") for name in document.keys() - _READ]
    problems += [Problem(name, "is missing") for name in _NEEDED if name not in document]
    problems += _of_kind(document)
    values: dict[str, Any] = {}
    for name, read in _READ.items():
        if name in document:
            try:
                values[name] = read(document[name])
            except _Bad as bad:
                problems.append(Problem(name, str(bad)))
    if problems:
        raise ConfigRefused(path, tuple(sorted(set(problems), key=lambda p: p.name)))
    return Config(**values)


def _of_kind(document: Mapping[str, Any]) -> list[Problem]:
    """What one kind of directory wants, and no other takes."""
    kind = document.get("kind", DirectoryKind.ACTIVE_DIRECTORY)
    problems = _logs(document)
    if kind == DirectoryKind.ACTIVE_DIRECTORY and "port" in document:  # its ports cannot be moved
        problems.append(Problem("port", f'is not for kind = "{DirectoryKind.ACTIVE_DIRECTORY}"'))
    if kind == DirectoryKind.WORKGROUP:  # SMB 3 knows no certificates
        if "ca_file" in document:
            problems.append(Problem("ca_file", f'is not for kind = "{DirectoryKind.WORKGROUP}"'))
    elif "ca_file" not in document:
        problems.append(Problem("ca_file", "is missing"))
    if kind == DirectoryKind.OPENLDAP:
        return problems + _of_openldap(document)
    why = f'is for kind = "{DirectoryKind.OPENLDAP}" only'
    return problems + [Problem(name, why) for name in _OPENLDAP if name in document]


def _logs(document: Mapping[str, Any]) -> list[Problem]:
    """One log of bad logons for each controller, and only domains have any that is read."""
    named = [document.get(name) for name in _LOGS]
    files, programs = (one if isinstance(one, dict) else {} for one in named)
    problems = [Problem(_LOGS[1], f"{host} is named twice") for host in programs if host in files]
    if document.get("kind", DirectoryKind.ACTIVE_DIRECTORY) != DirectoryKind.ACTIVE_DIRECTORY:
        why = f'is for kind = "{DirectoryKind.ACTIVE_DIRECTORY}" only'
        problems += [Problem(name, why) for name in _LOGS if name in document]
    return problems


def _of_openldap(document: Mapping[str, Any]) -> list[Problem]:
    """Everybody is beneath a base there, and signs in by a distinguished name."""
    problems = [] if "base" in document else [Problem("base", "is missing")]
    try:
        _distinguished(document.get("account", "cn=x"))  # that it is missing is said elsewhere
    except _Bad as bad:
        problems.append(Problem("account", str(bad)))
    return problems


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _Bad("must be a text, not empty")
    return value


def _origin(value: object) -> str:
    text = _text(value)
    parts = _url(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
        raise _Bad('must be an address such as "https://keyturn.example.com"')
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _Bad("must end with the host name or port: no path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _Bad("must be https (http is for this very machine only)")
    return text.rstrip("/")


def _url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  it is read for its complaint
    except ValueError:
        raise _Bad("is no address") from None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _proxy(value: object) -> str:
    if value in {"", NO_PROXY}:
        return str(value)
    text = _text(value)
    parts = _url(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _Bad('must be an address such as "http://proxy.example.com:3128", "" or "none"')
    return text


def _dns_name(value: object) -> str:
    text = _text(value).lower().rstrip(".")
    if not _DNS_NAME.fullmatch(text):
        raise _Bad('must be a full DNS name such as "corp.example.com"')
    return text


def _kind(value: object) -> DirectoryKind:
    try:
        return DirectoryKind(_text(value))
    except ValueError:
        raise _Bad(f"must be one of {', '.join(DirectoryKind)}") from None


def _distinguished(value: object) -> str:
    text = _text(value)
    if not _PART.fullmatch(text):
        raise _Bad('must be a distinguished name such as "dc=example,dc=com"')
    return text


def _list(read: Callable[[object], str]) -> Callable[[object], tuple[str, ...]]:
    def checked(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise _Bad('must be a list: [ "…", "…" ]')
        return tuple(map(read, value))

    return checked


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LAST_PORT:
        raise _Bad(f"must be a number from 1 to {_LAST_PORT}")
    return value


def _addresses(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _Bad("must be a table: name = address")
    try:
        return {_dns_name(name): str(ipaddress.ip_address(text)) for name, text in value.items()}
    except ValueError as bad:
        raise _Bad(str(bad)) from None


def _by_controller(read: Callable[[object], Any]) -> Callable[[object], dict[str, Any]]:
    def checked(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Bad("must be a table: controller = …")
        return {_dns_name(name): read(what) for name, what in value.items()}

    return checked


def _program(value: object) -> tuple[str, ...]:
    words = _list(_text)(value)
    if not words:
        raise _Bad("must name a program")
    return words


def _look(value: object) -> int:
    if type(value) is not int or not LOOK_AT_LEAST_S <= value <= LOOK_AT_MOST_S:
        raise _Bad(f"must be a number of seconds, {LOOK_AT_LEAST_S} to {LOOK_AT_MOST_S}")
    return value


def _name(value: object) -> str:
    text = _text(value)
    if not _NAME.fullmatch(text):
        raise _Bad("must be 1 to 63 letters, digits, dots, dashes")
    return text


def _path(value: object) -> Path:
    path = Path(_text(value))
    if not path.is_absolute():
        raise _Bad("must be an absolute path")
    return path


def _file(value: object) -> Path:
    path = _path(value)
    if not path.is_file():
        raise _Bad("there is no such file")
    return path


_READ: Mapping[str, Callable[[object], object]] = {
    "server": _origin,
    "directory": _dns_name,
    "controller": _dns_name,
    "account": _text,
    "password_file": _file,
    "ca_file": _file,
    "addresses": _addresses,
    "server_ca_file": _file,
    "proxy": _proxy,
    "name": _name,
    "state": _path,
    "kind": _kind,
    "base": _distinguished,
    "policy": _distinguished,
    "servers": _list(_dns_name),
    "protected": _list(_distinguished),
    "port": _port,
    "audit_logs": _by_controller(_path),
    "event_programs": _by_controller(_program),
    "look_s": _look,
}
_NEEDED = ("server", "directory", "controller", "account", "password_file")
_LOGS = ("audit_logs", "event_programs")
_OPENLDAP = ("base", "policy", "servers", "protected")
