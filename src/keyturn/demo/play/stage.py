"""What the play stands on: a demo in a process of its own, and what reaches the far side."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import pyotp

from keyturn.demo.company import Person, Roster
from keyturn.demo.play.app import App
from keyturn.demo.play.browser import FIREFOX, Browser
from keyturn.demo.process import DemoProcess, DidNotStart
from keyturn.demo.spool import Spool, SpooledMail, SpooledText
from keyturn.rules.lockout import SECOND

T = TypeVar("T")
PATIENCE_S = 15
QUIET_S = 1.2
_CODE = re.compile(r"^ {2,}(\d{6})$", re.MULTILINE)
_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


class NeverCame(Exception):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its reader has it."""

    kept: SpooledMail

    @property
    def subject(self) -> str:
        """Its subject."""
        return self.kept.mail.subject

    @property
    def text(self) -> str:
        """What it says."""
        return self.kept.mail.text

    @property
    def code(self) -> str:
        """The six digits in it, or ""."""
        found = _CODE.search(self.text)
        return found[1] if found else ""

    def link(self, path: str) -> str:
        """The address in it that holds `path`. Raises LookupError."""
        for found in _LINK.findall(self.text):
            if path in found:
                return str(found)
        raise LookupError(path)

    @property
    def links(self) -> list[str]:
        """Every address in it."""
        return re.findall(r"https?://\S+", self.text)


class Stage:
    """A running demo. A context manager.

    Attributes:
        people: who is in it.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="keyturn-play-")
        self._demo = DemoProcess(Path(self._folder.name) / "demo")
        self._read: dict[str, int] = {}
        self._open: list[Browser | App] = []

    def __enter__(self) -> Self:
        try:
            self._demo.__enter__()
        except DidNotStart as reason:
            self._folder.cleanup()
            raise NeverCame(f"the demo did not start ({reason.status})") from reason
        self.people = {p.email: p for p in Roster(self._demo.data / "people.json").read()}
        self._spool = Spool(self._demo.data / "arrived.jsonl")
        self._director = self.browser()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._open:
            each.close()
        self._demo.__exit__(kind, error, trace)
        self._folder.cleanup()

    @property
    def origin(self) -> str:
        """The demo's address."""
        return self._demo.origin

    @property
    def data(self) -> Path:
        """The demo's folder."""
        return self._demo.data

    @property
    def status(self) -> int | None:
        """The demo's exit status, once it has ended."""
        return self._demo.status

    # -- who acts

    def browser(self, agent: str = FIREFOX) -> Browser:
        """A browser that nobody knows yet."""
        fresh = Browser(self.origin, agent)
        self._open.append(fresh)
        return fresh

    def app(self, agent: str = "Northwind/2.1 (Android 14)") -> App:
        """An app that nobody knows yet."""
        fresh = App(self.origin, agent)
        self._open.append(fresh)
        return fresh

    def member(self, name: str, email: str, password: str) -> App:
        """Somebody who has just signed up by app; the app, signed in."""
        app = self.app()
        app.call("POST", "/signup", name=name, email=email, password=password)
        done = app.call("POST", "/signup/code", code=self.mail(email, "Confirm").code)
        if done.status != 200:  # noqa: PLR2004  OK
            raise NeverCame(f"{email} could not sign up: {done.body}")
        return app

    def guess(self, email: str, times: int) -> App:
        """A stranger's app tries wrong passwords."""
        app = self.app("curl/8.5.0")
        for number in range(times):
            app.sign_in(email, f"guess number {number}")
        return app

    def authenticator(self, secret: str) -> str:
        """What an authenticator app shows now."""
        return pyotp.TOTP(secret).generate_otp(self.now() // SECOND // 30)

    # -- time

    def now(self) -> int:
        """The demo's time, ms."""
        return self._director.get("/demo").now

    def pass_time(self, ms: int) -> None:
        """Let `ms` pass at once."""
        self._director.get("/demo")
        self._director.send("/demo/clock", ms=str(ms))

    def move_to(self, moment: int) -> None:
        """Go on to `moment`, ms; nothing happens if it has gone by."""
        left = moment - self.now()
        if left > 0:
            self.pass_time(left)

    # -- what arrives

    def mails(self) -> list[SpooledMail]:
        """Every mail so far."""
        return self._spool.mails()

    def mail(self, to: str, subject: str, patience_s: float = PATIENCE_S) -> Letter:
        """The next unread mail to an address with these words in its subject."""

        def look() -> Letter | None:
            read = self._read.get(f"{to}|{subject}", 0)
            for kept in self._spool.mails():
                fits = kept.mail.to == to and subject in kept.mail.subject
                if fits and kept.number > read:
                    self._read[f"{to}|{subject}"] = kept.number
                    return Letter(kept)
            return None

        return eventually(look, f"a mail “{subject}” to {to}", patience_s)

    def count(self, to: str, subject: str = "") -> int:
        """How many such mails came, once nothing more is under way."""
        threading.Event().wait(QUIET_S)
        found = (k.mail for k in self._spool.mails())
        return sum(mail.to == to and subject in mail.subject for mail in found)

    def texts(self, to: str) -> list[SpooledText]:
        """Every text to a number so far."""
        return [kept for kept in self._spool.texts() if kept.text.to == to]

    def text(self, to: str, after: int = 0) -> SpooledText:
        """The text to a number that comes after its first `after` ones."""
        found = eventually(lambda: self.texts(to)[after:] or None, f"a text to {to}")
        return found[0]

    def person(self, email: str) -> Person:
        """Somebody of the company."""
        return self.people[email]

    def keyturn(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the host, in this demo."""
        return self._demo.keyturn(*words)


def eventually(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """What `look` finds, asked again and again. Raises NeverCame."""
    pause = threading.Event()
    for _ in range(int(patience_s * 20)):
        found = look()
        if found is not None:
            return found
        pause.wait(0.05)
    raise NeverCame(f"{what} did not come within {patience_s:g} seconds")
