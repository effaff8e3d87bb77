"""Texts through a Kannel-style HTTP gateway (Kannel 1.4 User's Guide, chapter 6 and 9).

`sendsms` answers whether the gateway took the text; what became of it comes back later
as a call of `dlr-url`. That address carries the message's id and an HMAC of it, so that
nobody else can report a text as delivered or bounced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.adapters.replies import one_line
from keyturn.adapters.sms import gsm
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.ports.secrets import Sealer
from keyturn.rules.messages import MessageState

if TYPE_CHECKING:
    import httpx

PURPOSE = "sms-report"
#: Ask for every report: delivered, undeliverable, queued, taken by the SMSC, rejected.
DLR_MASK = "31"
UCS2 = "2"
#: `type` of a report → state, and what to say where the gateway says nothing.
#: 4 and 8 (queued, taken by the SMSC) and 32 (on its way) change nothing.
REPORTS: Mapping[str, tuple[MessageState, str]] = {
    "1": (MessageState.DELIVERED, "delivered to the phone"),
    "2": (MessageState.BOUNCED, "not deliverable"),
    "16": (MessageState.REJECTED, "rejected by the network"),
    "34": (MessageState.EXPIRED, "the network gave up"),
}
#: what an SMPP receipt in the answer says more exactly than the type 2, "not deliverable"
STATS: Mapping[str, MessageState] = {
    "EXPIRED": MessageState.EXPIRED,
    "REJECTD": MessageState.REJECTED,
    "DELETED": MessageState.REJECTED,
}
_STAT = re.compile(r"(?i)\bstat:([a-z]{7})\b")
_QUOTED = re.compile(r"(?is)\s*text:.*")
#: Answers about the gateway or our account there, not about this text: try again later.
OURS_TO_MEND = frozenset({401, 403, 404, 408, 425, 429})


@dataclass(frozen=True, slots=True)
class KannelGateway:
    """The gateway.

    Attributes:
        url: of sendsms, e.g. "http://127.0.0.1:13013/cgi-bin/sendsms".
        report_url: where it reaches us for reports, without a query.
        sender: the number or name shown on the phone; the gateway's own where None.
        wait_s: seconds that the gateway may take for each answer.
    """

    url: str
    username: str
    password: str = field(repr=False)
    report_url: str
    sender: str | None = None
    wait_s: float = 10


class KannelTexter:
    """The Texter port. `aclose` it at the end."""

    def __init__(self, gateway: KannelGateway, sealer: Sealer) -> None:
        self._gateway = gateway
        self._sealer = sealer
        self._http: httpx.AsyncClient | None = None

    async def send(self, text: Text) -> Receipt:
        """Hand over one text. Raises NotDelivered: final if the gateway refuses this text."""
        import httpx  # noqa: PLC0415  loaded when the first text goes, not at every start

        if self._http is None:
            self._http = httpx.AsyncClient(timeout=self._gateway.wait_s)
        try:
            answer = await self._http.get(self._gateway.url, params=self._query(text))
        except httpx.HTTPError as error:
            raise NotDelivered(type(error).__name__, final=False) from error
        said = one_line(answer.text) or f"HTTP {answer.status_code}"
        if answer.is_success:
            return Receipt(reference=text.id, detail=said)
        final = answer.is_client_error and answer.status_code not in OURS_TO_MEND
        raise NotDelivered(said, final=final)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _query(self, text: Text) -> dict[str, str]:
        gateway = self._gateway
        query = {
            "username": gateway.username,
            "password": gateway.password,
            "to": text.to,
            "text": text.text,
            "charset": "UTF-8",
            "validity": str(max(text.valid_s // 60, 1)),
            "dlr-mask": DLR_MASK,
            "dlr-url": report_address(gateway.report_url, text.id, self._sealer),
        }
        if gateway.sender is not None:
            query["from"] = gateway.sender
        if not gsm.fits(text.text):
            query["coding"] = UCS2
        return query


def report_address(url: str, message_id: str, sealer: Sealer) -> str:
    """The dlr-url of a message; Kannel fills in %d (type) and %A (the network's words)."""
    signed = urlencode({"id": message_id, "sig": sealer.digest(PURPOSE, message_id)})
    return f"{url}?{signed}&type=%d&answer=%A"


def reported(params: Mapping[str, str], sealer: Sealer) -> str | None:
    """The id of the message that a report is about, or None if its signature is wrong."""
    message_id = params.get("id", "")
    if not sealer.matches(PURPOSE, message_id, params.get("sig", "")):
        return None
    return message_id


def report(params: Mapping[str, str]) -> tuple[MessageState, str] | None:
    """What a report's `type` and `answer` say: state and detail, or None for no news.

    The answer is often an SMPP receipt. It quotes the beginning of the text, and so the code:
    that is left out. And it tells a text given up from one that could not be delivered,
    which Kannel's own type does not.
    """
    known = REPORTS.get(params.get("type", ""))
    if known is None:
        return None
    state, words = known
    answer = _QUOTED.sub("", params.get("answer", ""))
    found = _STAT.search(answer)
    if state is MessageState.BOUNCED and found:
        state = STATS.get(found[1].upper(), state)
    return state, one_line(answer) or words
