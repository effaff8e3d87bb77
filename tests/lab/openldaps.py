"""Real slapds for tests, and drivers that reach them. Without root they are left out where there
is none, else that fails.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.openldap import OpenLdap, Settings
from keyturn.agent.directories.openldap.values import hex_of
from keyturn.agent.ports import Change, Driver, Refused, Source
from keyturn.lab.openldap import HOST, Options, Slapd, Unable, changed
from keyturn.lab.openldap_people import (
    ADMINS,
    BASE,
    DEFAULT,
    DEFAULT_POLICY,
    GROUPS,
    SERVICE,
    SERVICE_PASSWORD,
    Person,
    person_ldif,
)
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind
from tests.lab.line import Line
from tests.unit.agent.directories.contract import fresh

T = TypeVar("T")
now = SystemClock().now


@contextmanager
def slapd(options: Options | None = None, first: Slapd | None = None) -> Iterator[Slapd]:
    """A directory for the length of a block, or a second provider of one."""
    try:
        with Slapd(options, first) as running:
            yield running
    except Unable as unable:
        if os.geteuid() != 0:
            pytest.skip(f"no slapd: {unable}")
        pytest.fail(f"failed to run: no slapd here: {unable}", pytrace=False)


class Stage:
    """A slapd or two, and drivers that reach them."""

    def __init__(self, server: Slapd, *others: Slapd) -> None:
        self.slapd = server
        self._addresses = {one.host: one.address for one in (server, *others)}

    def settings(self, **changes: Any) -> Settings:
        usual = Settings(
            account=SERVICE, password=SERVICE_PASSWORD, ca_file=self.slapd.ca_file,
            addresses=self._addresses, port=self.slapd.port, base=BASE, policy=DEFAULT_POLICY,
            servers=tuple(self._addresses), protected=(ADMINS,), skew_ms=0,
        )  # fmt: skip
        return replace(usual, **changes)

    def play(self, story: Callable[[OpenLdap], Awaitable[T]], **changes: Any) -> T:
        async def playing() -> T:
            driver = OpenLdap(self.settings(**changes), now)
            try:
                return await story(driver)
            finally:
                driver.close()

        return asyncio.run(playing())


async def guid_of(driver: Driver, person: Person) -> str:
    return (await driver.find(HOST, person.name)).guid


async def known(driver: Driver, person: Person) -> tuple[str, str]:
    """Id, and a new password that was just set, unlocked."""
    guid, password = await guid_of(driver, person), fresh()
    await driver.apply(HOST, guid, Change(password, unlock=True))
    return guid, password


async def lock(driver: OpenLdap, guid: str) -> None:
    for _ in range(DEFAULT.failures):
        assert await driver.tried(HOST, guid, "wrong") in {
            Tried(Bind.WRONG, "wrong"), Tried(Bind.SILENT, "locked"),
        }  # fmt: skip


async def cut(line: Line, pieces: int) -> None:
    """Hang up when so many were sent, and slapd has had the time to read them."""
    async with asyncio.timeout(5):
        while line.sent < pieces:  # noqa: ASYNC110  a line tells nobody
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    line.hang_up()


async def reads(driver: OpenLdap, line: Line, guid: str) -> int:
    """How many pieces a change takes before its first write: a refused one has no other. It and
    the next one come when the second of the last change is over, so that neither waits.
    """
    await asyncio.sleep(1.1)
    line.count_from_here()
    with pytest.raises(Refused):
        await driver.apply(HOST, guid, Change("aB1-x"))
    return line.sent - 1


_NUMBERS = itertools.count(1)
_SOMEBODY = f"cn=nobody,{BASE}"


class Populated:
    """A slapd in which people come and go."""

    slack_s = 5.0

    def __init__(self, server: Slapd, *others: Slapd) -> None:
        self.slapd = server
        self.hosts = (server.host, *(other.host for other in others))
        self._server = Stage(server, *others)
        self._others = others
        self._where: dict[str, str] = {}

    def play(self, story: Callable[[Source], Awaitable[T]], **changes: Any) -> T:
        async def told(driver: OpenLdap) -> T:
            return await story(driver.source)

        return self._server.play(told, **changes)

    def unit(self, name: str) -> str:
        dn = f"ou={name},{BASE}"
        self.slapd.apply(
            f"dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\nou: {name}\n"
        )
        return dn

    def rename_unit(self, dn: str, name: str) -> str:
        self.slapd.apply(f"dn: {dn}\nchangetype: modrdn\nnewrdn: ou={name}\ndeleteoldrdn: 1\n")
        return f"ou={name},{BASE}"

    def group(self, name: str) -> str:
        dn = f"cn={name},{GROUPS}"
        self.slapd.apply(
            f"dn: {dn}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n"
            f"member: {_SOMEBODY}\n"
        )
        return dn

    def hire(self, names: Sequence[str], unit: str) -> list[str]:
        people = [Person(name, f"Mx {name}", f"Quiet-{name}-Rain-1", where=unit) for name in names]
        self.slapd.apply("\n".join(map(person_ldif, people)))
        self._where.update((person.name, person.dn) for person in people)
        return [self._id(person.dn) for person in people]

    def _id(self, dn: str) -> str:
        return hex_of(self.slapd.read(dn, "entryUUID")["entryUUID"][0])

    def dismiss(self, name: str) -> None:
        self.slapd.apply(f"dn: {self._where[name]}\nchangetype: delete\n")

    def move(self, name: str, unit: str) -> None:
        self.slapd.apply(
            f"dn: {self._where[name]}\nchangetype: modrdn\nnewrdn: uid={name}\ndeleteoldrdn: 1\n"
            f"newsuperior: {unit}\n"
        )
        self._where[name] = f"uid={name},{unit}"

    def write(self, name: str, what: str) -> None:
        number = next(_NUMBERS)
        lines = {
            "display": f"replace: displayName\ndisplayName: Mx {name} {number}",
            "mail": f"replace: mail\nmail: {name}{number}@example.test",
            "no phone": "delete: mobile",
            "disable": "replace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z",
            "enable": "delete: pwdAccountLockedTime",
            "lock": "replace: pwdAccountLockedTime\npwdAccountLockedTime: 20261101120000Z",
            "unlock": "delete: pwdAccountLockedTime",
            "must change": "replace: pwdReset\npwdReset: TRUE",
        }
        if what == "password":
            self.wait()  # or the date would be the same
            self.slapd.set_password(self._where[name], f"Quiet-{number}-Storm-1")
        else:
            self.slapd.apply(changed(self._where[name], lines[what]))

    def wait(self) -> None:
        """Until another second has begun."""
        threading.Event().wait(1.1)

    def join(self, group: str, member: str) -> None:
        self.slapd.apply(changed(group, f"add: member\nmember: {self._where.get(member, member)}"))

    def leave(self, group: str, member: str) -> None:
        self.slapd.apply(
            changed(group, f"delete: member\nmember: {self._where.get(member, member)}")
        )

    def spread(self) -> None:
        for other in self._others:
            other.wait_for(self.slapd)
