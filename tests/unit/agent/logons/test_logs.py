"""Logs of bad logons: Samba's file, Windows' events, and the memory twin."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.agent.logons import audit_file
from keyturn.agent.logons import events as printouts
from keyturn.agent.logons.audit_file import AuditFile, backwards
from keyturn.agent.logons.events import EventLog, events
from keyturn.agent.logons.memory import MemoryLog
from keyturn.agent.logons.ports import LOGONS_MAX, LogonLog, Unread
from keyturn.rules.directories.logons.logon import BadLogon
from keyturn.rules.directories.logons.samba import LINE_MAX
from tests.unit.agent.logons.contract import AT, HOST, HOUR, MANY, LogContract, read, seen


def moment(at: int) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)).isoformat()


def line(one: BadLogon, status: str = "NT_STATUS_WRONG_PASSWORD") -> str:
    """As Samba writes it to a file: a line of its own before each, and spaces."""
    fields = {"status": status, "serviceDescription": "SMB2", "authDescription": "NTLMSSP",
              "mappedAccount": one.account, "workstation": one.workstation,
              "remoteAddress": "ipv4:192.0.2.14:1", "passwordType": "NTLMv2"}  # fmt: skip
    told = {"timestamp": moment(one.at), "type": "Authentication", "Authentication": fields}
    return f"[2026/11/22 13:52:08.1,  2] ../../auth/auth_log.c:753(x)\n  {json.dumps(told)}\n"


def event(one: BadLogon) -> str:
    data = {"TargetUserName": one.account, "Workstation": one.workstation, "Status": "0xc000006a"}
    told = "".join(f"<Data Name={quoteattr(n)}>{v}</Data>" for n, v in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<EventID>4776</EventID><TimeCreated SystemTime='{moment(one.at)}'/></System>"
        f"<EventData>{told}</EventData></Event>\r\n"
    )


def program(text: str, path: Path) -> tuple[str, ...]:
    """Prints that, as wevtutil would."""
    path.write_text(text)
    return (sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", str(path))


class TestMemory(LogContract):
    def log(self, entries: Sequence[BadLogon]) -> LogonLog:
        return MemoryLog(list(entries))

    def broken(self) -> LogonLog:
        return MemoryLog(fault="missing")


class TestAuditFile(LogContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "audit.log"

    def log(self, entries: Sequence[BadLogon]) -> LogonLog:
        self.path.write_text("".join(map(line, entries)))
        return AuditFile(HOST, self.path)

    def broken(self) -> LogonLog:
        return AuditFile(HOST, self.path)

    @pytest.mark.parametrize("end", [".old", ".1"])
    def test_what_rotation_put_aside_is_read_too(self, end: str) -> None:
        self.log(MANY[:3])
        self.path.rename(f"{self.path}{end}")
        log = self.log(MANY[3:])
        assert len(seen(read(log, AT))) == 6
        assert read(log, AT + 4 * HOUR).since == AT + 4 * HOUR

    def test_a_file_that_is_read_under_two_names_counts_once(self) -> None:
        log = self.log(MANY)
        os.link(self.path, f"{self.path}.1")
        assert len(seen(read(log, AT))) == 6

    def test_what_was_written_meanwhile_is_there_the_next_time(self) -> None:
        log = self.log(MANY[:3])
        assert len(seen(read(log, AT))) == 3
        with self.path.open("a") as file:
            file.write(line(MANY[3]))
        assert len(seen(read(log, AT))) == 4

    def test_logons_that_succeeded_show_since_when_it_is_kept(self) -> None:
        self.path.write_text(line(MANY[0], "NT_STATUS_OK") + line(MANY[1]))
        logged = read(AuditFile(HOST, self.path), AT - HOUR)
        assert (len(seen(logged)), logged.since) == (1, AT)

    def test_only_so_many_are_kept_and_since_when_is_said(self) -> None:
        many = [BadLogon(AT + n, "ada", HOST, MANY[0].way, MANY[0].why)
                for n in range(LOGONS_MAX + 7)]  # fmt: skip
        logged = read(self.log(many), AT)
        assert (len(logged.logons), logged.since) == (LOGONS_MAX, AT + 7)

    def test_only_so_much_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = self.log(MANY)
        monkeypatch.setattr(audit_file, "READ_MAX", 2 * len(line(MANY[0])) + 9)
        logged = read(log, AT)
        assert (len(seen(logged)), logged.since) == (2, AT + 4 * HOUR)

    def test_what_is_no_file_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "file" / "x"):
            (tmp_path / "file").touch()
            with pytest.raises(Unread) as unread:
                read(AuditFile(HOST, path), AT)
            assert unread.value.cause == "unreadable"

    def test_a_file_that_may_not_be_read_is_named_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = self.log(MANY)

        def denied(*_: object) -> int:
            raise PermissionError  # root, as whom tests may run, is never refused

        monkeypatch.setattr("os.open", denied)
        with pytest.raises(Unread) as unread:
            read(log, AT)
        assert unread.value.cause == "denied"

    def test_a_disk_that_fails_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = self.log(MANY)

        def failing(*_: object) -> list[str]:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(audit_file, "backwards", failing)
        with pytest.raises(Unread) as unread:
            read(log, AT)
        assert unread.value.cause == "unreadable"


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))),
       st.integers(1, 40))  # fmt: skip
def test_lines_come_backwards_whatever_the_blocks(lines: list[str], block: int) -> None:
    data = "\n".join(lines).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_file, "BLOCK", block)
        found = list(backwards(io.BytesIO(data), len(data)))
    assert found == [one for one in data.decode().split("\n") if one][::-1]


@pytest.mark.parametrize("block", [7, 1_000, LINE_MAX, 64 * 1024])
def test_lines_that_are_too_long_are_left_out(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_file, "BLOCK", block)
    long, whole = "x" * (LINE_MAX + 1), "y" * LINE_MAX
    data = "\n".join([long, "a", long * 3, "b", whole, long]).encode()
    assert list(backwards(io.BytesIO(data), len(data))) == [whole, "b", "a"]


def test_a_line_that_was_cut_in_two_is_left_out() -> None:
    assert list(backwards(io.BytesIO(b"first\nsecond\nthird"), 9)) == ["third"]
    assert list(backwards(io.BytesIO(b"first"), 99)) == ["first"]  # it was cut off meanwhile


class TestEventLog(LogContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "events.xml"

    def log(self, entries: Sequence[BadLogon]) -> LogonLog:
        text = "".join(event(one) for one in reversed(entries))
        return EventLog(HOST, program(f"<Events>{text}</Events>", self.path))

    def broken(self) -> LogonLog:
        return EventLog(HOST, ["/there/is/no/wevtutil"])

    @pytest.mark.parametrize(
        ("words", "cause"),
        [
            (("/",), "denied"),
            ((sys.executable, "-c", "raise SystemExit(5)"), "unreadable"),
            (("x" * 5_000,), "unreadable"),
        ],
    )
    def test_a_program_that_fails_tells_nothing(self, words: tuple[str, ...], cause: str) -> None:
        with pytest.raises(Unread) as unread:
            read(EventLog(HOST, words), AT)
        assert unread.value.cause == cause

    def test_a_program_that_hangs_is_ended_with_all_it_started(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(printouts, "TIMEOUT_S", 0.3)
        with pytest.raises(Unread) as unread:
            read(EventLog(HOST, ["/bin/sh", "-c", "sleep 99 & sleep 99"]), AT)
        assert unread.value.cause == "timeout"

    def test_only_so_much_of_a_print_out_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = self.log(MANY)
        monkeypatch.setattr(printouts, "READ_MAX", 2 * len(event(MANY[0])) + 9)
        logged = read(log, AT)
        assert (len(seen(logged)), logged.since) == (2, AT + 4 * HOUR)


@given(st.binary())
def test_no_print_out_is_too_strange(printed: bytes) -> None:
    assert all(text.startswith("<Event ") for text in events(printed + b"</Event>"))


def test_an_event_that_is_too_long_is_left_out() -> None:
    long = f"<Event {'x' * 40_000}</Event>"
    assert list(events(f"{long}<Event a</Event>{long}".encode())) == ["<Event a</Event>"]


def test_a_reading_that_is_given_up_ends_its_program() -> None:
    async def act() -> None:
        log = EventLog(HOST, ["/bin/sh", "-c", "sleep 99"])
        reading = asyncio.ensure_future(log.bad_logons(AT))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(act())
