"""People who hold a directory account and set its password through the API, patiently.

A server that is being killed answers nothing, or 5xx, and half of what it was told may have
happened: whoever asks here asks again in the same words, as the page's script does.
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from keyturn.adapters.system import SystemClock
from keyturn.demo.play.app import App, Reply
from keyturn.lab.commands import InVain
from keyturn.lab.people import Person
from keyturn.rules.accounts import User
from keyturn.rules.directories.resets import FINAL
from keyturn.wire import certificates, seals
from keyturn.wire.seals import Purpose
from tests.lab.served import PASSWORD

OK, BROKEN = 200, 500
PATIENCE_S, PAUSE_S, LOOK_S = 90.0, 0.3, 0.7
STEP_MS = 30_000


@dataclass(frozen=True, slots=True)
class Linked:
    """A user of the server and the directory account that is theirs. secret: of their app."""

    user: User
    account: Person
    secret: str


class Holder:
    """One of them, signed in with a second step."""

    def __init__(self, origin: str, who: Linked) -> None:
        self.who = who
        self.app = App(origin, "Northwind/2.1 (Android 14)")
        self.account = ""

    def close(self) -> None:
        """Let go of the connections."""
        self.app.close()

    def sign_in(self) -> None:
        """By password and authenticator. Raises AssertionError."""
        first = self.app.sign_in(str(self.who.user.email), PASSWORD)
        assert first.step == "second_factor", first.body
        now = SystemClock().now() // STEP_MS
        second = self.app.call(
            "POST", "/signin/second", code=pyotp.TOTP(self.who.secret).generate_otp(now)
        )
        assert second.status == OK, second.body
        self.account = self.call("GET", "accounts")["accounts"][0]["directory"]

    def try_call(self, method: str, path: str, **fields: object) -> Reply | None:
        """The answer; None if there was none, or one that says nothing."""
        try:
            reply = self.app.call(method, f"/directory/{path}", **fields)
        except (httpx.HTTPError, ValueError):
            return None
        return reply if reply.status < BROKEN else None

    def call(self, method: str, path: str, **fields: object) -> dict[str, Any]:
        """What is answered, asked until there is an answer. Raises InVain."""
        end, pause, reply = time.monotonic() + PATIENCE_S, threading.Event(), None
        while time.monotonic() < end:
            reply = self.try_call(method, path, **fields)
            if reply is not None and reply.status == OK:
                return reply.body
            pause.wait(PAUSE_S)
        raise InVain(f"{method} {path}: {reply and reply.body}", PATIENCE_S)

    def reset(self, password: str) -> dict[str, Any]:
        """Begin, seal and hand in; the job as it was then. Raises InVain."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            sealing = self.call("POST", f"accounts/{self.account}/reset")["sealing"]
            envelopes = [sealed(sealing, to, password) for to in sealing["recipients"]]
            job = self._hand_in(sealing["job"], envelopes)
            if job is not None:
                return job
        raise InVain("a reset to be handed in", PATIENCE_S)

    def _hand_in(self, job: str, envelopes: list[dict[str, str]]) -> dict[str, Any] | None:
        """The job; None if an agent came or went since it was begun: seal anew."""
        end, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while time.monotonic() < end:
            reply = self.try_call("POST", f"jobs/{job}/submit", envelopes=envelopes)
            if reply is not None:
                return reply.body["job"] if reply.status == OK else None
            pause.wait(PAUSE_S)
        raise InVain("a sealed password to be taken", PATIENCE_S)

    def job(self, job_id: str) -> dict[str, Any]:
        """How a job stands; {} if nobody says."""
        reply = self.try_call("GET", f"jobs/{job_id}")
        return reply.body["job"] if reply is not None and reply.status == OK else {}

    def answer(self, job_id: str, seconds: float) -> dict[str, Any]:
        """The job with its final answer, or as it was last seen after so many seconds."""
        end, pause, seen = time.monotonic() + seconds, threading.Event(), dict[str, Any]()
        while time.monotonic() < end:
            seen = self.job(job_id) or seen
            if seen.get("state") in FINAL:
                break
            pause.wait(LOOK_S)
        return seen


def sealed(sealing: dict[str, Any], to: dict[str, Any], password: str) -> dict[str, str]:
    """What seal.js does: verify, then seal."""
    key, agent = _bytes(to["key"]), str(to["agent"])
    certificates.verify(
        _bytes(sealing["identity"]), _bytes(to["certificate"]), sealing["directory"], agent, key,
        sealing["expires_at"],
    )  # fmt: skip
    purpose = Purpose(
        sealing["job"], sealing["user"], sealing["directory"], agent, sealing["expires_at"]
    )
    made = seals.seal(key, purpose, password)
    return {"agent": agent, "enc": _text(made.enc), "ciphertext": _text(made.ciphertext)}


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
