"""Texts through a Twilio-style REST gateway (Twilio Programmable Messaging API, 2010-04-01).

`POST BASE/Accounts/ACCOUNT/Messages.json` hands a text over.  What becomes of it comes back
as a form, posted to the StatusCallback address.  That address carries the message's id and
our HMAC of it, and the form carries the gateway's X-Twilio-Signature; a report counts only
if both are right, so that neither a leaked address nor a leaked account key is enough.

A text is handed over *at least once*.  The API knows no idempotency key: where the answer is
lost after the request went out, nobody can know whether the text was taken, and it goes
again.  The code in it is the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from keyturn.adapters.replies import one_line
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.ports.secrets import Sealer
from keyturn.rules.messages import MessageState
from keyturn.rules.texts import Reason, told

if TYPE_CHECKING:
    import httpx

PURPOSE = "sms-status"
#: seconds, the most that ValidityPeriod takes
LONGEST_VALID_S = 14_400
#: answers about the gateway or our account there, not about this text: try again later
OURS_TO_MEND = frozenset({401, 402, 403, 404, 405, 408, 409, 425, 429})
CREATED = range(200, 300)

#: the gateway's codes (its error dictionary) for what keeps a text from its phone
REASONS: Mapping[int, Reason] = {
    21211: Reason.UNKNOWN, 21217: Reason.UNKNOWN, 21265: Reason.UNKNOWN, 21401: Reason.UNKNOWN,
    21421: Reason.UNKNOWN, 21614: Reason.LANDLINE, 21635: Reason.LANDLINE,
    21610: Reason.BARRED, 21408: Reason.NO_ROUTE, 21612: Reason.NO_ROUTE,
    30003: Reason.UNREACHABLE, 30004: Reason.BARRED, 30005: Reason.UNKNOWN,
    30006: Reason.LANDLINE, 30007: Reason.FILTERED, 30011: Reason.NO_ROUTE,
    30002: Reason.OURS, 30010: Reason.OURS, 30024: Reason.OURS, 30032: Reason.OURS,
    30034: Reason.OURS, 30036: Reason.SLOW, 30044: Reason.OURS, 30454: Reason.FILTERED,
    21212: Reason.OURS, 21603: Reason.OURS, 21606: Reason.OURS, 21611: Reason.OURS,
    21659: Reason.OURS, 21660: Reason.OURS, 63038: Reason.OURS,
}  # fmt: skip
#: what the error dictionary calls them, where a report tells only the number
WORDS: Mapping[int, str] = {
    30001: "queue overflow", 30002: "account suspended", 30003: "unreachable destination handset",
    30004: "message blocked", 30005: "unknown destination handset",
    30006: "landline or unreachable carrier", 30007: "carrier violation: message filtered",
    30008: "unknown error", 30009: "missing segment", 30010: "price exceeds the maximum",
    30024: "sender not provisioned by the carrier", 30032: "toll-free number not verified",
    30034: "sender's number not registered", 30036: "validity period expired",
}  # fmt: skip
#: MessageStatus of a report that settles a text; queued, sending and sent are no news
STATES: Mapping[str, MessageState] = {
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.BOUNCED,
    "failed": MessageState.REJECTED,
    "canceled": MessageState.REJECTED,
}


@dataclass(frozen=True, slots=True)
class RestGateway:
    """The gateway.

    Attributes:
        url: what stands before /Accounts, e.g. "https://api.twilio.com/2010-04-01".
        account: the account's SID.
        user, password: for Basic authentication: the account's SID and auth token, or an
            API key and its secret.
        signing_key: the account's auth token, which signs reports.
        sender: a number, a name, or "MG…" for a messaging service.
        report_url: where it reaches us for reports, without a query.
        wait_s: seconds that the gateway may take for each answer.
    """

    url: str
    account: str
    user: str
    password: str = field(repr=False)
    signing_key: str = field(repr=False)
    sender: str
    report_url: str
    wait_s: float = 10


class RestTexter:
    """The Texter port. `aclose` it at the end."""

    def __init__(self, gateway: RestGateway, sealer: Sealer) -> None:
        self._gateway = gateway
        self._sealer = sealer
        self._http: httpx.AsyncClient | None = None

    async def send(self, text: Text) -> Receipt:
        """Hand over one text. Raises NotDelivered: final if the gateway refuses this text."""
        import httpx  # noqa: PLC0415  loaded when the first text goes, not at every start

        gateway = self._gateway
        if self._http is None:
            login = httpx.BasicAuth(gateway.user, gateway.password)
            self._http = httpx.AsyncClient(timeout=gateway.wait_s, auth=login)
        url = f"{gateway.url}/Accounts/{quote(gateway.account, safe='')}/Messages.json"
        try:
            answer = await self._http.post(url, data=self._form(text))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotDelivered(f"not sent: {type(error).__name__}", final=False) from error
        except httpx.HTTPError as error:
            words = f"{type(error).__name__}; the text may have been taken"
            raise NotDelivered(words, final=False) from error
        return judged(answer.status_code, answer.text)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _form(self, text: Text) -> dict[str, str]:
        gateway = self._gateway
        sender = "MessagingServiceSid" if gateway.sender.startswith("MG") else "From"
        return {
            "To": text.to,
            sender: gateway.sender,
            "Body": text.text,
            "ValidityPeriod": str(min(text.valid_s, LONGEST_VALID_S)),
            "StatusCallback": report_address(gateway.report_url, text.id, self._sealer),
        }


def judged(status: int, body: str) -> Receipt:
    """What an answer to a POST says. Raises NotDelivered.

    Only a client error about this very text is final.  A redirect is not followed: it would
    carry the text, and who may read it is settled in the settings.
    """
    said = _object(body)
    code = said.get("error_code") or said.get("code")
    words = one_line(str(said.get("error_message") or said.get("message") or ""))
    if status in CREATED:
        return _taken(said, code, words)
    detail = " ".join(part for part in (f"HTTP {status}", _number(code), words) if part)
    reason = REASONS.get(code) if isinstance(code, int) else None
    known = reason not in {None, Reason.OURS}
    unsaid = 400 <= status < 500 and status not in OURS_TO_MEND  # noqa: PLR2004  client errors
    final = unsaid and reason is not Reason.OURS
    raise NotDelivered(one_line(told(reason, detail)), final=known or final)


def _taken(said: Mapping[str, Any], code: object, words: str) -> Receipt:
    """A text that was taken. It may have failed at once, and says so."""
    sid, status = said.get("sid"), str(said.get("status", ""))
    if status in {"failed", "undelivered"}:
        raise NotDelivered(one_line(_why(code, words or status)), final=True)
    if not isinstance(sid, str) or not sid:
        raise NotDelivered("taken, but its answer names no message", final=False)
    return Receipt(reference=one_line(sid)[:64], detail=one_line(f"taken: {status}"))


def _object(body: str) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(code: object) -> str:
    return str(code) if isinstance(code, int) else ""


def _why(code: object, words: str) -> str:
    """A failure in one line: the reason, the gateway's number, its words."""
    if isinstance(code, str) and code.isascii() and code.isdecimal():
        code = int(code[:9])
    if not isinstance(code, int):
        return words
    return told(REASONS.get(code), f"{code} {WORDS.get(code, words)}")


def report_address(url: str, message_id: str, sealer: Sealer) -> str:
    """The StatusCallback of a message: nobody who was not given it can make it."""
    query = urlencode({"id": message_id, "sig": sealer.digest(PURPOSE, message_id)})
    return f"{url}?{query}"


def signature(key: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """X-Twilio-Signature: base64 of HMAC-SHA1 over the address, then names and values of
    the form, sorted by name, with nothing between them.
    """
    signed = url + "".join(name + value for name, value in sorted(form))
    digest = hmac.new(key.encode(), signed.encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def reported(
    gateway: RestGateway, sealer: Sealer, query: Mapping[str, str],
    form: Sequence[tuple[str, str]], signed: str,
) -> str | None:  # fmt: skip
    """The id of the message that a report is about; None unless both signatures are right.

    The address is taken as we gave it out, not as the request claims it: a proxy between us
    and the gateway changes nothing.
    """
    message_id = query.get("id", "")
    ours = sealer.matches(PURPOSE, message_id, query.get("sig", ""))
    address = report_address(gateway.report_url, message_id, sealer)
    expected = signature(gateway.signing_key, address, form)
    theirs = hmac.compare_digest(expected.encode(), signed.encode("utf-8", "replace"))
    return message_id if ours and theirs else None


def report(form: Mapping[str, str]) -> tuple[MessageState, str] | None:
    """What a report's MessageStatus and ErrorCode say: state and detail, or None for no
    news. A text that waited at the gateway for longer than it was good has expired.
    """
    status = form.get("MessageStatus") or form.get("SmsStatus", "")
    state = STATES.get(status)
    if state is None:
        return None
    code = form.get("ErrorCode", "")
    if code == "30036":
        state = MessageState.EXPIRED
    return state, one_line(_why(code, status))
