"""Pure checks of single settings. Each raises ValueError; what is allowed stands in the model."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic_core import PydanticCustomError

LEAST_HASH_WORK = 5 * 7168
"""Passes x KiB: the weakest argon2id that OWASP still lists."""

BOUNCE_LOCAL_MAX = 20

_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*"
)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<host>[^@]+)")
_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9][A-Za-z0-9 ]{0,10}|MG[0-9a-f]{32}")
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


def clash(name: str, allowed: str) -> PydanticCustomError:
    """The setting `name` of a section does not go with its others."""
    return PydanticCustomError("clash", "clash", {"name": name, "allowed": allowed})


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(value: str) -> str:
    """A DNS name in lower case."""
    lowered = value.lower()
    if not _HOST.fullmatch(lowered):
        raise ValueError
    return lowered


def host(value: str) -> str:
    """A host name or an IP address."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return host_name(value)


def listening_host(value: str) -> str:
    """An address that a socket can be bound to."""
    return value if value == "localhost" else str(ipaddress.ip_address(value))


def split(value: object) -> object:
    """The environment's spelling of a list: "a, b"."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def from_json(value: object) -> object:
    """The environment's spelling of tables."""
    return json.loads(value) if isinstance(value, str) else value


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Networks in their canonical spelling; a network of everybody trusts anybody."""
    parsed = [ipaddress.ip_network(text) for text in value]
    if any(network.prefixlen == 0 for network in parsed):
        raise ValueError
    return tuple(str(network) for network in parsed)


def addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    """IP addresses in their canonical spelling."""
    return tuple(str(ipaddress.ip_address(text)) for text in value)


def _address(value: str) -> tuple[SplitResult, str]:
    """A web address with a host and without user, query and fragment, and that host."""
    parts = urlsplit(value)
    name = parts.hostname or ""
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in _DEFAULT_PORTS or not plain or not value.isascii():
        raise ValueError
    if parts.port == 0 or any(letter.isspace() for letter in value):
        raise ValueError
    return parts, host(name)


def origin(value: str) -> str:
    """scheme://host[:port] as browsers spell it in the Origin header."""
    parts, name = _address(value)
    if parts.path not in {"", "/"} or "?" in value or "#" in value:
        raise ValueError
    if parts.scheme == "http" and name not in _LOOPBACK_NAMES:
        raise ValueError
    shown = f"[{name}]" if ":" in name else name
    default = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{shown}" + ("" if default else f":{parts.port}")


def gateway_url(value: str) -> str:
    """Https anywhere; http only to this machine or a private network."""
    parts, name = _address(value)
    if parts.scheme == "http" and not is_near(name):
        raise ValueError
    return value.rstrip("/")


def is_near(name: str) -> bool:
    """Whether `name` is this machine or an address of a private network."""
    if is_loopback(name):
        return True
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return False


def service_names(value: tuple[str, ...]) -> tuple[str, ...]:
    """Host names, or "*.NAME" for all under a name; never all under a top-level domain."""
    kept = []
    for pattern in value:
        any_under, name = pattern.startswith("*."), host_name(pattern.removeprefix("*."))
        if any_under and "." not in name:
            raise ValueError
        kept.append(f"*.{name}" if any_under else name)
    return tuple(kept)


def port_numbers(value: tuple[int, ...]) -> tuple[int, ...]:
    """TCP ports."""
    if not all(1 <= port <= _LAST_PORT for port in value):
        raise ValueError
    return value


def contact(value: str) -> str:
    """Where a person is reached: mailto:ADDRESS or an https address (RFC 8292 §2.1)."""
    if value.startswith("mailto:"):
        mail_address(value.removeprefix("mailto:"))
    elif _address(value)[0].scheme != "https":
        raise ValueError
    return value


def store_url(value: str) -> str:
    """A database that the store speaks with."""
    parts = urlsplit(value)
    file = value.startswith("sqlite:///") and len(value) > len("sqlite:///")
    server = parts.scheme == "postgresql+psycopg" and len(parts.path) > 1
    if not (file or server):
        raise ValueError
    return value


def mail_address(value: str) -> str:
    """One plain address (RFC 5321), without a display name."""
    match = _MAIL.fullmatch(value)
    if not match:
        raise ValueError
    host_name(match["host"])
    return value


def bounce_address(value: str) -> str:
    """An address with room for what each mail adds to its local part (rules.verp): "+",
    26 letters, "." and 16 letters, of the 64 that there may be.
    """
    mail_address(value)
    if len(value.rpartition("@")[0]) > BOUNCE_LOCAL_MAX or not value.islower():
        raise ValueError
    return value


def sms_sender(value: str) -> str:
    """A number, a name of at most eleven characters, or a messaging service."""
    if not _SENDER.fullmatch(value):
        raise ValueError
    return value


def readable(value: Path) -> Path:
    """A file that can be read now, not only when the first password is chosen."""
    try:
        with value.open("rb"):
            return value
    except OSError:
        raise ValueError from None
