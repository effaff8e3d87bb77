"""What is made of entries that the lab's domains do not hold: read-only controllers, left-overs,
other domains of a forest, names that need escaping, several answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from keyturn.agent.directories.active_directory import accounts, topology
from keyturn.agent.directories.active_directory.connection import Root
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import Entry
from keyturn.agent.ports import NotFound, Unreachable
from keyturn.rules.directories.topology import Controller, Link

BASE = "DC=corp,DC=test"
SITES = f"CN=Sites,CN=Configuration,{BASE}"
MAIN, BRANCH = f"CN=Servers,CN=Main,{SITES}", f"CN=Servers,CN=Branch\\, north,{SITES}"
COMPUTERS = f"OU=Domain Controllers,{BASE}"
Rows = list[tuple[str, Entry]]


class Answers:
    """A connection that answers searches by what their filter holds."""

    host = "dc1.corp.test"
    root = Root(BASE, f"CN=Configuration,{BASE}", frozenset(), "Samba Team", frozenset())

    def __init__(self, rows: Mapping[str, Rows], says: Said | None = None) -> None:
        self.asked: list[str] = []
        self._rows = rows
        self._says = says

    async def search(
        self, _base: str, _scope: int, text: str, _attributes: Sequence[str], most: int = 0
    ) -> Rows:
        self.asked.append(text)
        if self._says:
            raise self._says
        found = [row for key, rows in self._rows.items() if key in text for row in rows]
        return found[:most] if most else found

    async def read(
        self, _name: str, _attributes: Sequence[str], _controls: Sequence[object] = ()
    ) -> tuple[str, Entry]:
        return BASE, {"fSMORoleOwner": [f"CN=NTDS Settings,CN=DC1,{MAIN}".encode()]}


def server(name: str, where: str, host: str = "", reference: str = "") -> tuple[str, Entry]:
    entry: dict[str, list[bytes]] = {}
    if host:
        entry["dNSHostName"] = [host.encode()]
    if reference:
        entry["serverReference"] = [reference.encode()]
    return f"CN={name},{where}", entry


def settings(name: str, where: str, kind: bytes, domain: str = BASE) -> tuple[str, Entry]:
    return f"CN=NTDS Settings,CN={name},{where}", {
        "objectClass": [b"top", b"applicationSettings", kind],
        "invocationId": [name.encode().ljust(16, b"\0")],
        "msDS-HasDomainNCs": [domain.encode()],
    }


def computer(name: str) -> str:
    return f"CN={name},{COMPUTERS}"


FOREST: dict[str, Rows] = {
    "objectClass=server)": [
        server("DC1", MAIN, "DC1.corp.test", computer("DC1")),
        server("RODC1", BRANCH, "rodc1.corp.test", computer("RODC1")),
        server("GONE", MAIN, "gone.corp.test", computer("GONE")),
        server("BARE", MAIN),
        server("CHILD1", MAIN, "child1.child.corp.test", f"CN=CHILD1,OU=x,DC=child,{BASE}"),
        server("LOST", MAIN, "lost.other.test", "CN=LOST,OU=x,DC=other,DC=test"),
    ],
    "objectClass=nTDSDSA)": [
        settings("DC1", MAIN, b"nTDSDSA"),
        settings("RODC1", BRANCH, b"nTDSDSARO"),
        settings("GONE", MAIN, b"nTDSDSA"),
        settings("CHILD1", MAIN, b"nTDSDSA", f"DC=child,{BASE}"),
    ],
    ":=8192": [(computer("DC1"), {})],
    ":=67108864": [(computer("RODC1"), {})],
    "objectClass=siteLink": [
        (
            "CN=Main-Branch,CN=IP",
            {
                "cn": [b"Main-Branch"],
                "siteList": [
                    f"CN=Main,{SITES}".encode(),
                    f"CN=Branch\\, north,{SITES}".encode(),
                ],
                "cost": [b"50"],
                "replInterval": [b"15"],
            },
        )
    ],
    "nETBIOSName=*": [("CN=CORP", {"nETBIOSName": [b"CORP"]})],
}


def test_a_forest_with_all_that_can_stand_in_it() -> None:
    found = asyncio.run(topology.read(Answers(FOREST)))  # type: ignore[arg-type]  # a twin
    dc1, rodc = b"DC1".ljust(16, b"\0").hex(), b"RODC1".ljust(16, b"\0").hex()
    gone = b"GONE".ljust(16, b"\0").hex()
    assert (found.domain, found.netbios, found.vendor) == ("corp.test", "CORP", "Samba")
    assert found.controllers == (
        Controller("rodc1.corp.test", "Branch, north", rodc, True, True, True, False),
        Controller("bare", "Main", "", False, False, False, False),
        Controller("dc1.corp.test", "Main", dc1, False, True, True, True),
        Controller("gone.corp.test", "Main", gone, False, True, False, False),
    )
    assert found.links == (Link("Main-Branch", ("Branch, north", "Main"), 50, 15),)


def test_what_may_not_be_read_is_our_own_accounts_fault() -> None:
    with pytest.raises(Unreachable) as told:
        asyncio.run(topology.read(Answers({}, Said(50, "no"))))  # type: ignore[arg-type]  # a twin
    assert told.value.cause == "credentials"


def find(connection: Answers, name: str) -> str:
    return asyncio.run(accounts.find(connection, name))  # type: ignore[arg-type]  # a twin


def person(guid: bytes) -> tuple[str, Entry]:
    return "CN=x", {"objectGUID": [guid * 16]}


def test_an_explicit_upn_comes_before_name_and_domain() -> None:
    both = {"(userPrincipalName=ada@": [person(b"\1")], "(sAMAccountName=ada)": [person(b"\2")]}
    assert find(Answers(both), "ada@corp.test") == "01" * 16
    only = {"(sAMAccountName=ada)": [person(b"\2")]}
    assert find(Answers(only), "ada@CORP.test") == "02" * 16
    with pytest.raises(NotFound):
        find(Answers(only), "ada@elsewhere.test")


def test_two_of_a_name_are_none() -> None:
    with pytest.raises(NotFound):
        find(Answers({"(sAMAccountName=ada)": [person(b"\1"), person(b"\2")]}), "ada")


@pytest.mark.parametrize("name", ["*", "a)(b=*", "a\\28", "a\0b", "\u00e4", "CORP\\*"])
def test_nothing_of_a_name_becomes_filter(name: str) -> None:
    connection = Answers({"nETBIOSName=*": FOREST["nETBIOSName=*"]})
    with pytest.raises(NotFound):
        find(connection, name)
    for text in (text for text in connection.asked if "sAMAccountName" in text):
        value = text.partition("(sAMAccountName=")[2].removesuffix("))")
        assert not set(value) & set("*()\0")


@pytest.mark.parametrize(
    ("result", "cause"), [(51, "timeout"), (52, "timeout"), (50, "credentials")]
)
def test_why_a_search_was_not_answered(result: int, cause: str) -> None:
    with pytest.raises(Unreachable) as told:
        find(Answers({}, Said(result, "")), "ada")
    assert told.value.cause == cause
