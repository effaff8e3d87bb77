"""Real slapds for tests, and drivers that reach them. Without root they are left out where there
is none, else that fails.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.openldap import OpenLdap, Settings
from keyturn.agent.ports import Change, Driver, Refused
from keyturn.lab.openldap import ADDRESS, HOST, Options, Slapd, Unable
from keyturn.lab.openldap_people import (
    ADMINS,
    BASE,
    DEFAULT,
    DEFAULT_POLICY,
    SERVICE,
    SERVICE_PASSWORD,
    Person,
)
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind
from tests.lab.line import Line
from tests.unit.agent.directories.contract import fresh

T = TypeVar("T")
now = SystemClock().now


@contextmanager
def slapd(options: Options | None = None) -> Iterator[Slapd]:
    """A directory for the length of a block."""
    try:
        with Slapd(options) as running:
            yield running
    except Unable as unable:
        if os.geteuid() != 0:
            pytest.skip(f"no slapd: {unable}")
        pytest.fail(f"failed to run: no slapd here: {unable}", pytrace=False)


class Stage:
    """A slapd, and drivers that reach it."""

    def __init__(self, server: Slapd) -> None:
        self.slapd = server

    def settings(self, **changes: Any) -> Settings:
        usual = Settings(
            account=SERVICE, password=SERVICE_PASSWORD, ca_file=self.slapd.ca_file,
            addresses={HOST: ADDRESS}, port=self.slapd.port, base=BASE, policy=DEFAULT_POLICY,
            servers=(HOST,), protected=(ADMINS,), skew_ms=0,
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
    """How many pieces a change takes before its first write: a refused one has no other."""
    line.count_from_here()
    with pytest.raises(Refused):
        await driver.apply(HOST, guid, Change("aB1-x"))
    return line.sent - 1
