"""What arrived at the demo's mail server and SMS gateway, in files that others can read.

One process writes (demo/far_side.py); the demo's pages and its play read.  A line is one
JSON object, written whole: `{"mail": …}`, `{"text": …}`, or `{"report": …}` on an earlier
text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keyturn.demo.gateway import KeptText
from keyturn.demo.mailbox import KeptMail
from keyturn.rules.messages import MessageState

KEPT = 200


@dataclass(frozen=True, slots=True)
class SpooledMail:
    """A mail that arrived. `number` counts from 1, `at` is the demo's time in ms."""

    number: int
    at: int
    mail: KeptMail


@dataclass(frozen=True, slots=True)
class SpooledText:
    """A text that arrived, with what the "network" has reported of it so far."""

    number: int
    at: int
    text: KeptText
    state: MessageState


class Spool:
    """Reads and writes the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add_mail(self, at: int, mail: KeptMail) -> None:
        """A mail arrived."""
        fields = asdict(mail) | {"raw": mail.raw.decode("latin-1")}
        append(self._path, {"mail": fields, "at": at})

    def add_text(self, at: int, text: KeptText) -> None:
        """A text arrived."""
        append(self._path, {"text": asdict(text), "at": at})

    def add_report(self, to: str, state: MessageState) -> None:
        """The network reported on the newest text to `to`."""
        append(self._path, {"report": to, "state": state.value})

    def mails(self) -> list[SpooledMail]:
        """The newest mails, oldest first."""
        found = [
            SpooledMail(number, line["at"], _mail(line["mail"]))
            for number, line in enumerate((x for x in lines(self._path) if "mail" in x), 1)
        ]
        return found[-KEPT:]

    def texts(self) -> list[SpooledText]:
        """The newest texts, oldest first."""
        found: list[SpooledText] = []
        for line in lines(self._path):
            if "text" in line:
                text = KeptText(**line["text"])
                found.append(SpooledText(len(found) + 1, line["at"], text, MessageState.SENT))
            elif "report" in line:
                _note(found, line["report"], MessageState(line["state"]))
        return found[-KEPT:]


def append(path: Path, line: dict[str, Any]) -> None:
    """Write one line whole, for others to read."""
    raw = json.dumps(line).encode() + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, raw)
    finally:
        os.close(handle)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was written so far; nothing where no file is yet."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    for line in raw.split(b"\n")[:-1]:  # the last is empty, or still being written
        yield json.loads(line)


def _mail(fields: dict[str, Any]) -> KeptMail:
    return KeptMail(**fields | {"raw": fields["raw"].encode("latin-1")})


def _note(texts: list[SpooledText], to: str, state: MessageState) -> None:
    for index in range(len(texts) - 1, -1, -1):
        if texts[index].text.to == to:
            texts[index] = replace(texts[index], state=state)
            return
