"""Sites, controllers and links, as the directory lists them (MS-ADTS 6.1.1.2.2)."""

from __future__ import annotations

import ldap

from keyturn.agent.directories.active_directory.accounts import dns_name, netbios
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.policies import hints
from keyturn.agent.directories.ldap.connection import SUBTREE, Said
from keyturn.agent.directories.ldap.values import Entry, number, text, texts
from keyturn.agent.ports import Unreachable
from keyturn.rules.directories.topology import Controller, Link, Topology

_SERVERS = "(objectClass=server)"
_SETTINGS = "(|(objectClass=nTDSDSA)(objectClass=nTDSDSARO))"
_COMPUTERS = "(&(objectCategory=computer)(userAccountControl:1.2.840.113556.1.4.803:={bit}))"
#: SERVER_TRUST_ACCOUNT: a writable controller's computer; PARTIAL_SECRETS_ACCOUNT: an RODC's
_COMPUTER_BITS = (0x2000, 0x0400_0000)
_LINKS = "(objectClass=siteLink)"


async def read(connection: Connection) -> Topology:
    """The whole topology. Raises Unreachable, Broken."""
    try:
        return Topology(
            domain=dns_name(connection),
            netbios=await netbios(connection),
            base=connection.root.base,
            vendor="Samba" if "samba" in connection.root.vendor.lower() else connection.root.vendor,
            policy_hints=hints(connection) is not None,
            controllers=await _controllers(connection),
            links=await _links(connection),
        )
    except Said as said:
        raise Unreachable(connection.host, "credentials", said.diagnostic) from None


async def _controllers(connection: Connection) -> tuple[Controller, ...]:
    """Of this domain: a server object names its computer account, and so its domain."""
    sites = _sites(connection)
    servers = await connection.search(sites, SUBTREE, _SERVERS, ["dNSHostName", "serverReference"])
    wanted = ["objectClass", "invocationId", "msDS-isRODC", "msDS-HasDomainNCs"]
    found = await connection.search(sites, SUBTREE, _SETTINGS, wanted)
    settings = {_parent(dn).lower(): entry for dn, entry in found}
    computers = await _computers(connection)
    pdc = await _pdc(connection)
    entries = [
        _controller(dn, entry, settings.get(dn.lower()), computers, pdc)
        for dn, entry in servers
        if _is_ours(connection, entry, settings.get(dn.lower()))
    ]
    return tuple(sorted(entries, key=lambda c: (c.site.lower(), c.host)))


def _is_ours(connection: Connection, server: Entry, settings: Entry | None) -> bool:
    """Not one of another domain of the forest."""
    base = connection.root.base.lower()
    domains = texts(settings or {}, "msDS-HasDomainNCs")
    if domains:
        return base in {name.lower() for name in domains}
    reference = text(server, "serverReference").lower()
    return not reference or reference.endswith(f",{base}")


def _controller(
    dn: str, server: Entry, settings: Entry | None, computers: frozenset[str], pdc: str
) -> Controller:
    rdns = _values(dn)
    told = settings or {}
    classes = {name.lower() for name in texts(told, "objectClass")}
    return Controller(
        host=(text(server, "dNSHostName") or rdns[0]).lower(),
        site=rdns[2],
        invocation=next((value.hex() for value in told.get("invocationId", ())), ""),
        read_only="ntdsdsaro" in classes or text(told, "msDS-isRODC") == "TRUE",
        has_settings=settings is not None,
        has_computer=text(server, "serverReference").lower() in computers,
        pdc=dn.lower() == pdc,
    )


async def _computers(connection: Connection) -> frozenset[str]:
    """The distinguished names of the controllers' computer accounts."""
    found = [
        await connection.search(
            connection.root.base, SUBTREE, _COMPUTERS.format(bit=bit), ["dNSHostName"]
        )
        for bit in _COMPUTER_BITS
    ]
    return frozenset(dn.lower() for entries in found for dn, _entry in entries)


async def _pdc(connection: Connection) -> str:
    """The server object of the PDC emulator: above the settings that the domain names."""
    _name, domain = await connection.read(connection.root.base, ["fSMORoleOwner"])
    return _parent(text(domain, "fSMORoleOwner")).lower()


async def _links(connection: Connection) -> tuple[Link, ...]:
    wanted = ["cn", "siteList", "cost", "replInterval"]
    found = await connection.search(_sites(connection), SUBTREE, _LINKS, wanted)
    links = (
        Link(
            name=text(entry, "cn"),
            sites=tuple(sorted(_values(site)[0] for site in texts(entry, "siteList"))),
            cost=number(entry, "cost") or 0,
            interval=number(entry, "replInterval") or 0,
        )
        for _dn, entry in found
    )
    return tuple(sorted(links, key=lambda link: link.name))


def _sites(connection: Connection) -> str:
    return f"CN=Sites,{connection.root.configuration}"


def _parent(dn: str) -> str:
    """The distinguished name above; "" above none."""
    return ldap.dn.dn2str(ldap.dn.str2dn(dn)[1:]) if dn else ""


def _values(dn: str) -> list[str]:
    """The value of each part: CN=DC1,CN=Servers,CN=Main → DC1, Servers, Main."""
    return [rdn[0][1] for rdn in ldap.dn.str2dn(dn)]
