"""Memory twins of Mailer, Texter and NumberingPlan: same answers, no sockets.

They pass the contract tests of the real ones. Fates are chosen by the address, by the
same rules as in the demo's mail server and SMS gateway.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from keyturn.adapters.smtp import compose
from keyturn.ports.delivery import Mail, NotDelivered, PhoneNumber, Receipt, Text
from keyturn.ports.webhooks import Call
from keyturn.rules.messages import MessageState


class Refusal(NamedTuple):
    """What a mail server answers instead of 250."""

    code: int
    words: str

    def __str__(self) -> str:
        """The reply as it goes over the wire."""
        return f"{self.code} {self.words}"


def mail_fate(address: str, tries: int) -> Refusal | None:
    """None where mail is taken. nobody…@ never is; grey…@ not at its first try (1)."""
    if address.startswith("nobody"):
        return Refusal(550, "5.1.1 no such user here")
    if address.startswith("grey") and tries == 1:
        return Refusal(451, "4.7.1 greylisted, please try again")
    return None


def text_fate(number: str) -> MessageState | None:
    """What is reported of a text, by the number's last digit; None for no report at all."""
    fates = {
        "9": MessageState.BOUNCED,
        "8": MessageState.EXPIRED,
        "7": MessageState.REJECTED,
        "6": None,
    }
    return fates.get(number[-1:], MessageState.DELIVERED)


class MemoryMailer:
    """Keeps mails in `sent`; refuses by `mail_fate`, and all of them for now while `down`."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.down = False
        self._tries: dict[str, int] = {}

    async def send(self, mail: Mail) -> Receipt:
        """As ports.Mailer."""
        message_id = compose(mail, now=0)["Message-ID"]
        if self.down:
            raise NotDelivered("connection refused", final=False)
        tries = self._tries[mail.to] = self._tries.get(mail.to, 0) + 1
        refusal = mail_fate(mail.to, tries)
        if refusal is not None:
            raise NotDelivered(str(refusal), final=refusal.code >= 500)  # noqa: PLR2004  SMTP
        self.sent.append(mail)
        return Receipt(reference=message_id, detail="250 OK")


class MemoryTexter:
    """Keeps texts in `sent`; refuses what is no E.164 number, and all while `down`."""

    def __init__(self) -> None:
        self.sent: list[Text] = []
        self.down = False

    async def send(self, text: Text) -> Receipt:
        """As ports.Texter."""
        if self.down:
            raise NotDelivered("connection refused", final=False)
        if not re.fullmatch(r"\+[0-9]{7,15}", text.to):
            raise NotDelivered("Number is not valid, rejected", final=True)
        self.sent.append(text)
        return Receipt(reference=text.id, detail="0: Accepted for delivery")

    async def aclose(self) -> None:
        """As ports.Texter: there is nothing to let go of."""


class MemoryCaller:
    """Implements ports.webhooks.Caller.

    Attributes:
        taken: what it was given. refuses: what it says instead.
    """

    def __init__(self) -> None:
        self.taken: list[Call] = []
        self.refuses: NotDelivered | None = None

    async def send(self, call: Call) -> Receipt:
        if self.refuses is not None:
            raise self.refuses
        self.taken.append(call)
        return Receipt("", "HTTP 204")


class MemoryNumbering:
    """A plan of Great Britain and the United States, as far as tests and twins need one."""

    RANGES = (
        (r"\+4420\d{8}", "landline", "GB"),
        (r"\+447[45]\d{8}", "mobile", "GB"),
        (r"\+447700900\d{3}", "other", "GB"),
        (r"\+4456\d{8}", "voip", "GB"),
        (r"\+1[2-9]\d{9}", "either", "US"),
    )

    def look(self, number: str, region: str) -> PhoneNumber | None:
        """As ports.NumberingPlan."""
        digits = re.sub(r"[ ()./-]", "", number)
        if digits.startswith("0"):
            digits = {"GB": "+44", "US": "+1"}.get(region, "+44") + digits[1:]
        for pattern, line, home in self.RANGES:
            if re.fullmatch(pattern, digits):
                return PhoneNumber(e164=digits, line=line, region=home, national=_national(digits))
        return None


def _national(e164: str) -> str:
    """The number as people at home write it, as the real plan does for these ranges."""
    if e164.startswith("+1"):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    rest = e164[3:]
    if rest.startswith("7"):
        return f"0{rest[:4]} {rest[4:]}"
    return f"0{rest[:2]} {rest[2:6]} {rest[6:]}"
