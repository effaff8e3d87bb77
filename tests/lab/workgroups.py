"""A stand-alone machine for tests. Without root they are left out, loudly; else what cannot run
fails.
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
from keyturn.agent.directories.workgroup import Settings, Workgroup
from keyturn.lab.people import SERVICE, Person
from keyturn.lab.workgroup import Standalone, Unable

T = TypeVar("T")

now = SystemClock().now


class Alone:
    """The one machine."""

    def __init__(self, lab: Standalone) -> None:
        self.lab = lab
        self.hosts = (lab.host,)

    def settings(self, **changes: Any) -> Settings:
        usual = Settings(
            account=SERVICE.name,
            password=SERVICE.password,
            port=self.lab.port,
            addresses={self.lab.host: self.lab.address},
        )
        return replace(usual, **changes)

    def play(self, story: Callable[[Workgroup], Awaitable[T]], **changes: Any) -> T:
        async def playing() -> T:
            driver = Workgroup(self.settings(**changes), now)
            try:
                return await story(driver)
            finally:
                driver.close()

        return asyncio.run(playing())

    def by_hand(self, host: str, person: Person, password: str) -> None:
        assert host == self.lab.host
        self.lab.hand.set_password(person, password)

    def spread(self, source: str, target: str, person: Person) -> None:
        raise NotImplementedError


@contextmanager
def alone() -> Iterator[Alone]:
    """A machine for the length of a block. Where it cannot be, the test would prove nothing."""
    machine = Standalone()
    try:
        machine.__enter__()
    except Unable as unable:
        if os.geteuid() != 0:
            pytest.skip(f"a machine needs root: {unable}")
        pytest.fail(f"failed to run: no machine here: {unable}", pytrace=False)
    try:
        yield Alone(machine)
    finally:
        machine.close()
