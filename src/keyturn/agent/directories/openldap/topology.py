"""Providers, as slapd's configuration lists them, or else as agent.toml does.

OpenLDAP has neither sites nor a list that everybody may read: providers that replicate with each
other stand in `olcServerID` of cn=config ("1 ldap://ldap1.example.com"), which takes a right that
a delegated account seldom has.  Servers that only consume are in no list; they are not followed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import texts
from keyturn.agent.directories.openldap.accounts import not_read
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.values import dns_name
from keyturn.rules.directories.topology import Controller, Topology

VENDOR = "OpenLDAP"


async def read(connection: Connection) -> Topology:
    """The providers. Raises Unreachable, Broken."""
    settings = connection.settings
    try:
        await connection.read(settings.base, ["entryUUID"])
    except Said as said:
        raise not_read(connection, said) from None
    hosts = list(dict.fromkeys([*settings.servers, *await _listed(connection), connection.host]))
    return Topology(
        domain=dns_name(settings.base) or settings.domain,
        netbios="",
        base=settings.base,
        vendor=VENDOR,
        policy_hints=True,
        controllers=tuple(_controller(host, first=host == hosts[0]) for host in hosts),
        links=(),
    )


async def _listed(connection: Connection) -> list[str]:
    """What cn=config says; nothing where it may not be read, or names no hosts. Raises Broken."""
    try:
        _name, entry = await connection.read("cn=config", ["olcServerID"])
    except Said:
        return []
    return list(filter(None, map(_host, texts(entry, "olcServerID"))))


def _host(value: str) -> str:
    """The host of "1 ldap://ldap1.example.com:389/"; "" where there is no address."""
    try:
        return (urlsplit(value.partition(" ")[2]).hostname or "").lower()
    except ValueError:
        return ""


def _controller(host: str, *, first: bool) -> Controller:
    """A provider. It counts nothing, so it has no id that a stamp would name."""
    return Controller(
        host=host,
        site="",
        invocation="",
        read_only=False,
        has_settings=True,
        has_computer=True,
        pdc=first,
    )
