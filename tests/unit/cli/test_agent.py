"""`keyturn agent`: what it asks, what it prints, what it leaves behind; the server is a fake."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent import keys as keyring
from keyturn.agent import status as statuses
from keyturn.agent import system, wiring
from keyturn.agent import who as known
from keyturn.agent.identity import public
from keyturn.agent.state import State
from keyturn.cli.commands import run
from keyturn.rules.directories.things import AgentRole
from keyturn.wire import seals
from keyturn.wire.certificates import fingerprint
from keyturn.wire.messages import (
    Answer,
    Applicant,
    Approve,
    Begun,
    Denied,
    Enrol,
    Enrolled,
    Fetch,
    Found,
    Request,
    Taken,
    Work,
)
from tests.unit.agent.linked import ORIGIN, SERVER_KEY, Server

TOKEN = "a-token-that-is-secret"
IDENTITY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
NEWCOMER = Applicant(
    "agent-2", "dc2", "dc2.corp.example.com", AgentRole.CANDIDATE, b"s" * 32,
    X25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw(),
    "dc2 (192.0.2.11)",
)  # fmt: skip
SHOWN = fingerprint(NEWCOMER.signing_key, NEWCOMER.sealing_key)


class Desk:
    """A machine with agent.toml on it, and a server that answers by a script."""

    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("x")
        (tmp_path / "secret").chmod(0o600)
        self.config = tmp_path / "agent.toml"
        self.state = tmp_path / "state"
        self.config.write_text(
            f'server = "{ORIGIN}"\ndirectory = "corp.example.com"\nname = "dc1"\n'
            f'controller = "dc1.corp.example.com"\naccount = "svc@corp.example.com"\n'
            f'password_file = "{tmp_path}/secret"\nca_file = "{tmp_path}/secret"\n'
            f'state = "{self.state}"\n'
        )
        self.server = Server(self._answer)
        self.identity: bytes | None = None
        self.role = AgentRole.CANDIDATE
        self.answers: dict[type, Answer] = {}

    def _answer(self, message: Request) -> Answer:
        if type(message) in self.answers:
            return self.answers[type(message)]
        match message:
            case Enrol():
                self.server.keys["agent"] = message.signing_key
                return Enrolled(
                    "agent", "directory", "corp.example.com", self.role, SERVER_KEY,
                    self.identity, approved=False,
                )  # fmt: skip
            case Found():
                return Begun(
                    approved=True, certificate=message.certificate, bequest=None,
                    identity=message.identity,
                )  # fmt: skip
            case Fetch():
                return Work((), (), (), (), (NEWCOMER,))
        return Taken()

    def run(self, *words: str) -> int:
        return run(["agent", words[0], "--config", str(self.config), *words[1:]])

    def said(self) -> list[Request]:
        return [heard.message for heard in self.server.heard]

    def folder(self) -> State:
        return State(self.state)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose server is reached without a socket."""
    made = Desk(tmp_path)

    def client(origin: str, *_: object) -> httpx.AsyncClient:
        assert origin == ORIGIN
        return made.server.client()

    monkeypatch.setattr(wiring, "http_client", client)
    monkeypatch.setattr(system, "place", lambda: "dc1 (192.0.2.10)")  # it asks the resolver
    return made


Typed = Callable[[str], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """What is piped in."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_the_first_agent_founds_the_directory(
    desk: Desk, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(f"{TOKEN}\n")
    assert desk.run("enrol") == 0
    state = desk.folder()
    who, key, keys = known.load(state), keyring.identity(state), keyring.load(state)
    assert who is not None
    assert key is not None
    assert keys is not None
    assert who.identity == public(key)
    assert who.server_key == SERVER_KEY
    out = capsys.readouterr().out
    assert keys.fingerprint in out
    assert "export-identity" in out
    enrolled = desk.said()[0]
    assert isinstance(enrolled, Enrol)
    assert enrolled.token == TOKEN


def test_a_further_agent_says_what_is_to_be_compared(
    desk: Desk, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.identity = public(IDENTITY)
    typed(TOKEN)
    assert desk.run("enrol") == 0
    keys = keyring.load(desk.folder())
    out = capsys.readouterr().out
    assert keys is not None
    assert keys.fingerprint in out
    assert "keyturn agent approve" in out
    assert not any(isinstance(message, Found) for message in desk.said())


def test_a_token_never_stays_on_this_machine(desk: Desk, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    assert desk.run("enrol", "--token-file", str(token)) == 0
    for file in desk.state.iterdir():
        assert TOKEN.encode() not in file.read_bytes()


def test_a_lost_answer_costs_nothing_the_same_keys_ask_again(desk: Desk, typed: Typed) -> None:
    desk.server.mangle = lambda *_: (502, {}, b"")
    typed(TOKEN)
    assert desk.run("enrol") == 1
    desk.server.mangle = lambda status, headers, body: (status, headers, body)
    typed(TOKEN)
    assert desk.run("enrol") == 0
    first, second = (m for m in desk.said() if isinstance(m, Enrol))
    assert first == second


@pytest.mark.parametrize(
    ("why", "words"), [("token", "does not take this token"), ("name", "has this name"),
                       ("later", "Too many wrong tokens"), ("kind", "of another kind"),
                       ("odd\x1b[2J", "refuses")],
)  # fmt: skip
def test_a_refusal_is_told_in_words(
    desk: Desk, typed: Typed, capsys: pytest.CaptureFixture[str], why: str, words: str
) -> None:
    desk.answers[Enrol] = Denied(why, None)
    typed(TOKEN)
    assert desk.run("enrol") == 1
    err = capsys.readouterr().err
    assert words in err
    assert "\x1b[2J" not in err
    assert known.load(desk.folder()) is None


def test_an_agent_is_enrolled_once_and_anew_only_when_told(desk: Desk, typed: Typed) -> None:
    typed(TOKEN)
    assert desk.run("enrol") == 0
    before = keyring.load(desk.folder())
    typed(TOKEN)
    assert desk.run("enrol") == 1
    typed(TOKEN)
    assert desk.run("enrol", "--anew") == 0
    after = keyring.load(desk.folder())
    assert before is not None
    assert after is not None
    assert before.fingerprint != after.fingerprint


def test_no_token_is_wrong_usage(desk: Desk, typed: Typed) -> None:
    typed("\n")
    assert desk.run("enrol") == 2
    assert desk.said() == []


def enrolled(desk: Desk, typed: Typed) -> None:
    typed(TOKEN)
    assert desk.run("enrol") == 0
    desk.server.heard.clear()


def test_an_approval_vouches_and_bequeaths(desk: Desk, typed: Typed) -> None:
    enrolled(desk, typed)
    assert desk.run("approve", "dc2", "--fingerprint", SHOWN) == 0
    _, approval = desk.said()
    assert isinstance(approval, Approve)
    assert approval.bequest is not None
    newcomer = X25519PrivateKey.from_private_bytes(b"k" * 32)
    raw = seals.inherit(newcomer, "directory", "agent-2", approval.bequest)
    key = keyring.identity(desk.folder())
    assert key is not None
    assert raw == key.private_bytes_raw()


def test_a_listener_gets_no_bequest(desk: Desk, typed: Typed) -> None:
    enrolled(desk, typed)
    listener = replace(NEWCOMER, role=AgentRole.LISTENER)
    desk.answers[Fetch] = Work((), (), (), (), (listener,))
    assert desk.run("approve", "--fingerprint", SHOWN) == 0
    approval = desk.said()[1]
    assert isinstance(approval, Approve)
    assert approval.bequest is None


@pytest.mark.parametrize(
    "words", [["--fingerprint", "00000 11111 22222 33333 44444 55555"], ["dc3"], []]
)
def test_nobody_is_approved_without_a_comparison(
    desk: Desk, typed: Typed, words: list[str]
) -> None:
    enrolled(desk, typed)
    typed("n\n")
    assert desk.run("approve", *words) in {1, 2}
    assert not any(isinstance(message, Approve) for message in desk.said())


def test_commands_beside_the_agent_have_numbers_of_their_own(desk: Desk, typed: Typed) -> None:
    enrolled(desk, typed)
    with desk.folder().lock():  # the agent runs
        assert desk.run("approve", "--fingerprint", SHOWN) == 0
        assert desk.run("approve", "--fingerprint", SHOWN) == 0
    numbers = [heard.sender.sequence for heard in desk.server.heard]
    assert numbers == sorted(set(numbers))
    assert {heard.sender.lane for heard in desk.server.heard} == {"command"}


def test_status_says_how_it_stands(
    desk: Desk, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    State(desk.state, make=True)
    assert desk.run("status") == 1
    assert "not enrolled" in capsys.readouterr().out
    enrolled(desk, typed)
    capsys.readouterr()
    assert desk.run("status", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["role"], found["running"]) == ("dc1", "candidate", False)
    assert found["certificate_ends_at"].endswith("Z")
    with desk.folder().lock():
        assert desk.run("status") == 0
    assert "… begins" in capsys.readouterr().out


def test_what_an_earlier_run_said_is_not_told_of_the_one_that_begins(
    desk: Desk, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(desk, typed)
    told = {
        "at": 1, "pid": os.getpid() + 1, "run_id": "r", "version": "1", "place": "here",
        "controller": "dc1", "phase": "primary", "since": 1, "link": "", "detail": "",
        "socket": True, "lease": None, "holder": None, "busy": 0, "stopped": "",
    }  # fmt: skip
    desk.folder().write_json(statuses.FILE, told)
    capsys.readouterr()
    assert desk.run("status", "--json") == 1  # it does not run: that was the last
    assert json.loads(capsys.readouterr().out)["last"]["phase"] == "primary"
    with desk.folder().lock():
        assert desk.run("status") == 0
        assert "… begins" in capsys.readouterr().out
        desk.folder().write_json(statuses.FILE, {**told, "pid": os.getpid()})
        assert desk.run("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["last"]["phase"] == "primary"


def test_the_key_goes_into_a_safe_and_out_of_it(
    desk: Desk, typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(desk, typed)
    key = keyring.identity(desk.folder())
    assert key is not None
    file = tmp_path / "safe.json"
    typed("short\n")
    assert desk.run("export-identity", str(file)) == 2
    typed("correct horse battery\n")
    assert desk.run("export-identity", str(file)) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    typed("correct horse battery\n")
    assert desk.run("export-identity", str(file)) == 1  # nothing is written over
    desk.folder().remove(keyring.IDENTITY)
    typed("wrong\n")
    assert desk.run("import-identity", str(file)) == 1
    typed("correct horse battery\n")
    assert desk.run("import-identity", str(file)) == 0
    again = keyring.identity(desk.folder())
    assert again is not None
    assert public(again) == public(key)
    assert "correct horse" not in capsys.readouterr().out


def test_settings_that_are_wrong_are_told_all_at_once(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.config.write_text('server = "x"\n')
    assert desk.run("status") == 2
    err = capsys.readouterr().err
    assert "server: must be an address" in err
    assert "ca_file: is missing" in err


def test_a_server_that_is_another_now_is_told(desk: Desk, typed: Typed) -> None:
    enrolled(desk, typed)
    text = desk.config.read_text()
    desk.config.write_text(text.replace(ORIGIN, "https://other.example.test"))
    assert desk.run("run") == 2


def test_run_without_enrolment_says_what_comes_first(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    State(desk.state, make=True)
    assert desk.run("run") == 1
    assert "keyturn agent enrol" in capsys.readouterr().err
