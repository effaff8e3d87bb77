"""Mail and text messages, and what is known of phone numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyturn.rules.accounts import Tenant


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to be sent.

    Attributes:
        id: of the message in the outbox; becomes part of the Message-ID, so that a mail
            sent twice after a crash is recognised as one by the receiving side.
        sender: display name and address, e.g. ("Northwind", "no-reply@northwind.test").
        to: one address.
        headers: further header fields, e.g. Auto-Submitted.
    """

    id: str
    sender: tuple[str, str]
    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A text message ready to be sent.

    Attributes:
        id: of the message in the outbox; its reports lead back to it.
        to: E.164.
        valid_s: seconds for which it is worth delivering: a code that arrives after its end
            only confuses. A gateway that can is told so.
    """

    id: str
    to: str
    text: str
    valid_s: int = 600


@dataclass(frozen=True, slots=True)
class Receipt:
    """The far side took responsibility. `reference`: its id. `detail`: its last words."""

    reference: str
    detail: str


class NotDelivered(Exception):
    """The far side did not take the message.

    Attributes:
        final: refused for good (SMTP 5xx, gateway "rejected"); else try again later.
        detail: its own words, one line, printable, at most 300 characters.
        after_ms: not before so many milliseconds, as it asks; 0 where it names none.
    """

    def __init__(self, detail: str, *, final: bool, after_ms: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.final = final
        self.after_ms = after_ms


class Mailer(Protocol):
    """SMTP (RFC 5321) with DKIM (RFC 6376)."""

    async def send(self, mail: Mail) -> Receipt:
        """Hand over one mail. Raises NotDelivered."""
        ...


class Postbag(Protocol):
    """Where the mail system leaves the mail of the bounce address. All methods wait for the
    disk; none raises: what cannot be read or removed now stays for later.
    """

    def waiting(self, limit: int) -> Sequence[str]:
        """Names of at most `limit` mails that wait, in no order."""
        ...

    def read(self, name: str, most: int) -> bytes | None:
        """The first `most` bytes of a mail; None if it is gone or is no plain file."""
        ...

    def remove(self, name: str) -> bool:
        """It is dealt with; whether it is gone now."""
        ...


class Texter(Protocol):
    """An SMS gateway."""

    async def send(self, text: Text) -> Receipt:
        """Hand over one text. Raises NotDelivered."""
        ...

    async def aclose(self) -> None:
        """Let go of connections, once what is under way is finished."""
        ...


class Letters(Protocol):
    """The words of mails and texts: templates, one folder for all."""

    def mail(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Mail:
        """The mail `kind` with its values. `values["id"]` is the message's id."""
        ...

    def text(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Text:
        """The text message `kind` with its values."""
        ...


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """What the numbering plan says.

    Attributes:
        e164: "+447700900123".
        line: "mobile", "landline", "either" (one range for both), "voip", "other".
        region: ISO 3166 country, or "001".
        national: the number as people of that country write it.
    """

    e164: str
    line: str
    region: str
    national: str


class NumberingPlan(Protocol):
    """Numbering plans (ITU-T E.164). They are a hint: numbers are ported between lines."""

    def look(self, number: str, region: str) -> PhoneNumber | None:
        """What `number`, as typed in `region`, is; None if it cannot be a phone number."""
        ...
