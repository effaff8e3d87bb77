"""`keyturn bounce`: dealt with (0), or keep it and try again (75); never anything else."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keyturn import wiring
from keyturn.adapters.sealing import Sealer as KeyedSealer
from keyturn.adapters.sealing import load_key_ring
from keyturn.ports.store import Tx
from keyturn.rules import verp
from keyturn.rules.messages import Message, MessageState
from keyturn.settings import Settings
from keyturn.wiring import House
from tests.unit.cli.conftest import Command, Said
from tests.unit.rules.reports_of_mail import HOLIDAY, dsn


class Pipe:
    """A mail system that pipes a mail into the command."""

    def __init__(self, keyturn: Command, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.keyturn = keyturn
        self.folder = folder
        self._patch = monkeypatch

    def give(self, raw: bytes, *words: str) -> Said:
        """What the command answers."""
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        return self.keyturn("bounce", *words)

    @contextmanager
    def house(self) -> Iterator[House]:
        """The installation."""
        opened = wiring.open_house(Settings.model_validate({"store": {"data_dir": self.folder}}))
        try:
            yield opened
        finally:
            opened.close()

    def sent(self) -> Message:
        """A mail that has left."""
        with self.house() as house:
            parts = house.parts
            now = parts.clock.now()
            message = Message(
                id=parts.random.id(now), tenant_id="t" * 26, user_id=None, channel="mail",
                kind="case_opened", address="ada@far.test", sealed="", state=MessageState.SENT,
                attempt=1, run_at=now, expires_at=now, reference=None, detail="250 OK",
                created_at=now, updated_at=now,
            )  # fmt: skip
            house.store.submit_write(lambda tx: tx.messages.add(message)).result()
        return message

    def address(self, message: Message) -> str:
        """Where its reports come back to."""
        sealer = KeyedSealer(load_key_ring(self.folder / "keys.json"))
        digest = sealer.digest(verp.PURPOSE, message.id)
        return verp.return_path("bounce@mail.north.test", message.id, digest).address

    def state(self, message: Message) -> MessageState:
        """How it stands."""

        def look(tx: Tx) -> MessageState:
            found = tx.messages.get(message.tenant_id, message.id)
            assert found is not None
            return found.state

        with self.house() as house:
            return house.store.submit_read(look).result()


@pytest.fixture
def pipe(northwind: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipe:
    return Pipe(northwind, monkeypatch, tmp_path / "data")


def test_a_report_changes_the_state_of_its_message(pipe: Pipe) -> None:
    message = pipe.sent()
    status, out, _ = pipe.give(dsn(pipe.address(message)))
    assert (status, out) == (0, "the message's state is known now\n")
    assert pipe.state(message) is MessageState.BOUNCED
    assert pipe.give(dsn(pipe.address(message)))[:2] == (0, "nothing new\n")


def test_the_address_may_be_given_beside_the_mail(pipe: Pipe) -> None:
    message = pipe.sent()
    assert pipe.give(dsn("x@y.test", "delayed"), pipe.address(message))[0] == 0
    assert pipe.state(message) is MessageState.DEFERRED


@pytest.mark.parametrize("raw", [b"", b"\xff\x00" * 5000, HOLIDAY, dsn("x@y.test")])
def test_whatever_is_no_report_of_ours_is_dealt_with(pipe: Pipe, raw: bytes) -> None:
    status, out, err = pipe.give(raw)
    assert (status, err) == (0, "")
    assert "nothing was kept" in out


def test_a_mail_of_any_length_is_read_to_its_end(pipe: Pipe) -> None:
    message = pipe.sent()
    raw = dsn(pipe.address(message)) + b"x" * 3_000_000
    pipe._patch.setattr("sys.stdin", source := io.TextIOWrapper(io.BytesIO(raw)))
    assert pipe.keyturn("bounce")[0] == 0
    assert source.buffer.read() == b""
    assert pipe.state(message) is MessageState.BOUNCED


def test_without_an_installation_the_mail_is_kept_and_none_is_made(
    keyturn: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(HOLIDAY)))
    status, _, err = keyturn("bounce")
    assert status == os.EX_TEMPFAIL
    assert "There is no installation" in err
    assert not (tmp_path / "data").exists()


def test_while_the_settings_are_bad_the_mail_is_kept(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYTURN_MAIL__PORT", "none")
    assert pipe.give(HOLIDAY)[0] == os.EX_TEMPFAIL


def test_while_the_database_is_away_the_mail_is_kept(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = pipe.address(pipe.sent())
    monkeypatch.setenv("KEYTURN_STORE__URL", "postgresql+psycopg://u@127.0.0.1:1/none")
    assert pipe.give(dsn(address))[0] == os.EX_TEMPFAIL


def test_while_the_keys_cannot_be_used_the_mail_is_kept(pipe: Pipe) -> None:
    (pipe.folder / "keys.json").chmod(0o644)
    assert pipe.give(HOLIDAY)[0] == os.EX_TEMPFAIL


def test_whatever_else_happens_the_mail_is_kept(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("keyturn.cli.bounce.opened", broken)
    assert pipe.give(HOLIDAY)[0] == os.EX_TEMPFAIL
