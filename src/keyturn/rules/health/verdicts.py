"""What health is told in: checks, what can come of one, and what was found.

A *check* is a question about the installation ("does the mail server's certificate hold?").
A *cause* is one answer to it; every check has one that is well (`CHECK.ok`) and some that are
not.  A *finding* is the answer that was true of a subject at a moment, with the evidence.

What depends on what is data, in two places:

    Check.needs      what must have been reached before this can be looked at; explains why
                     something could not be seen
    Cause.because    checks whose failure brings this very trouble about; explains a failure
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Value = bool | int | str | None
CopyKind = Literal["dns", "command", "setting"]


class State(StrEnum):
    """A verdict."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "cannot-tell"


class Area(StrEnum):
    """Where in the house a check looks; words of their own in `AREAS`."""

    MAIL = "mail"
    SMS = "sms"
    PUSH = "push"
    HOST = "host"
    DATABASE = "database"
    SETTINGS = "settings"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Copy:
    """Something to copy: a DNS record, a command, a line of keyturn.toml. A template."""

    kind: CopyKind
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """A question.

    Attributes:
        name: stable; `keyturn doctor --only` takes it.
        title: a short line for lists.
        looks: what is looked at; why: why it matters. For the documentation.
        needs: see the module.
    """

    name: str
    area: Area
    title: str
    looks: str
    why: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """One answer. Words are templates over a finding's facts, see `words`.

    Attributes:
        id: "CHECK.WORD", stable: it stands in stored results and in `--json`.
        what: one sentence: what is the case, in exact terms.
        so: what people notice of it; completes "Everything works but mail: …".
        mend: what to do about it.
        copies: what can be copied for that.
        because: see the module.
    """

    id: str
    state: State
    what: str
    so: str = ""
    mend: str = ""
    copies: tuple[Copy, ...] = ()
    because: tuple[str, ...] = ()

    @property
    def check(self) -> str:
        """The name of the check it answers."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was true.

    Attributes:
        cause: a cause's id.
        subject: what it is about (a domain, file, setting, host); "" for the installation.
        at: when it was looked at, ms.
        facts: the evidence, and values for the words.
    """

    cause: str
    subject: str
    at: int
    facts: Mapping[str, Value] = field(default_factory=dict)

    @property
    def check(self) -> str:
        """The name of the check it answers."""
        return self.cause.partition(".")[0]
