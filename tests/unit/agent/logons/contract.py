"""What every log of bad logons keeps, whatever it is kept in."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import pytest

from keyturn.agent.logons.ports import Logged, LogonLog, Unread
from keyturn.rules.directories.logons.logon import BadLogon, Way, Why

HOST = "dc1.corp.example.test"
AT = 1_700_000_000_000
HOUR = 3_600_000
ONE = BadLogon(AT, "ada", HOST, Way.NTLM, Why.WRONG, workstation="pc-14")
MANY = [replace(ONE, at=AT + n * HOUR, account=f"user{n}") for n in range(6)]


def seen(logged: Logged) -> list[tuple[int, str, str, str]]:
    return [(one.at, one.account, one.workstation, one.controller) for one in logged.logons]


def read(log: LogonLog, since: int) -> Logged:
    return asyncio.run(log.bad_logons(since))


class LogContract(ABC):
    """The contract; a subclass says how a log is written."""

    @abstractmethod
    def log(self, entries: Sequence[BadLogon]) -> LogonLog:
        """A log that holds these, the oldest first."""

    @abstractmethod
    def broken(self) -> LogonLog:
        """One that is not there."""

    def test_what_happened_since_is_told_the_newest_last(self) -> None:
        logged = read(self.log(MANY), AT + HOUR)
        assert [one[:2] for one in seen(logged)] == [
            (AT + n * HOUR, f"user{n}") for n in range(1, 6)
        ]
        assert {one[2:] for one in seen(logged)} == {("pc-14", HOST)}
        assert logged.since == AT + HOUR

    def test_a_log_that_begins_later_says_so(self) -> None:
        assert read(self.log(MANY), AT - HOUR).since == AT

    def test_nobody_knows_since_when_an_empty_log_is_kept(self) -> None:
        logged = read(self.log(()), AT)
        assert (list(logged.logons), logged.since) == ([], None)

    def test_reading_again_tells_the_same(self) -> None:
        log = self.log(MANY)
        assert read(log, AT) == read(log, AT)

    def test_what_is_not_there_cannot_be_read(self) -> None:
        with pytest.raises(Unread) as unread:
            read(self.broken(), AT)
        assert unread.value.cause == "missing"
