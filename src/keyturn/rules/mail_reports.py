"""Delivery status notifications (RFC 3464), read with suspicion.

A report is a mail: anybody may send one, of any size and shape.  Reading never raises; what
is no delivery report is None (holiday answers, receipts of reading, complaints, spam), and
nothing of a report is kept but a state, a status code and one line of the far side's words.

    Action      Status   becomes
    ---------   ------   ---------------------------------------------
    delivered            delivered
    relayed              relayed   (handed to a system without receipts)
    expanded             relayed   (sent on to the members of a list)
    delayed              deferred
    failed      4.x.x    expired   (given up after many tries)
    failed      5.4.7    expired   (given up: out of time)
    failed      others   bounced

A mail of ours has one recipient.  Where it was sent on to several (an alias), the best news
of them counts: one of them has it.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message as Letter

from keyturn.rules.messages import MessageState, one_line
from keyturn.rules.verp import Claim, claims, envelope_claim

#: what is read of a report; what says something stands before what it quotes
MOST_BYTES = 256 * 1024
#: parts within parts that an honest report may have; each level costs time at every line
_MOST_PARTS = 40
_MOST_BLOCKS = 50
_MOST_FIELD, _MOST_CLAIMS = 2000, 20
#: fields in which mail systems name the address that a mail came to
_TO = ("to", "delivered-to", "x-original-to", "envelope-to")
_NEST = re.compile(rb"boundary|message/", re.IGNORECASE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
_OUT_OF_TIME = "5.4.7"
#: the best news first
_NEWS = {
    "delivered": MessageState.DELIVERED,
    "relayed": MessageState.RELAYED,
    "expanded": MessageState.RELAYED,
    "delayed": MessageState.DEFERRED,
    "failed": MessageState.BOUNCED,
}
_RANK = tuple(_NEWS)


@dataclass(frozen=True, slots=True)
class MailReport:
    """What a report says.

    Attributes:
        claims: which messages it claims to be about, the likeliest first; see `rules.verp`.
        detail: status code and the far side's words, one line.
    """

    claims: tuple[Claim, ...]
    state: MessageState
    detail: str


def read(raw: bytes, addressed: str = "") -> MailReport | None:
    """The report in a mail, or None if it is none.

    Args:
        raw: the mail as it came (RFC 5322); what is beyond MOST_BYTES is not looked at.
        addressed: the address it was delivered to, where the mail system tells.
    """
    raw = raw[:MOST_BYTES]
    if len(_NEST.findall(raw)) > _MOST_PARTS:
        return None
    try:
        letter = email.message_from_bytes(raw)
        return _read(letter, addressed)
    except (MessageError, RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return None  # the parser of the standard library stumbled: no honest mail system's work


def _read(letter: Letter, addressed: str) -> MailReport | None:
    blocks = _status_blocks(letter)
    news = [(_RANK.index(action), block) for block in blocks if (action := _action(block))]
    if not news:
        return None
    rank, block = min(news, key=lambda each: each[0])
    fields = [addressed, *(value for name in _TO for value in _all(letter, name))]
    named = [claim for field in fields for claim in claims(field)]
    quoted = [c for b in blocks for c in envelope_claim(_field(b, "original-envelope-id"))]
    state, detail = _told(_RANK[rank], block)
    claimed = tuple(dict.fromkeys((*named, *quoted)))[:_MOST_CLAIMS]
    return MailReport(claims=claimed, state=state, detail=detail)


def _status_blocks(letter: Letter) -> list[Letter]:
    """The blocks of fields of the report's machine-readable part. What a mail encloses is
    not looked at: it could be anybody's report.
    """
    for part in _parts(letter):
        payload = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(payload, list):
            return [block for block in payload if isinstance(block, Letter)][:_MOST_BLOCKS]
    return []


def _parts(letter: Letter) -> Iterator[Letter]:
    """The parts of a mail, and of a multipart among them: gateways wrap what they pass on."""
    for part in _children(letter):
        yield part
        yield from _children(part)


def _children(letter: Letter) -> list[Letter]:
    payload = letter.get_payload() if letter.get_content_maintype() == "multipart" else None
    found = payload if isinstance(payload, list) else []
    return [part for part in found if isinstance(part, Letter)]


def _action(block: Letter) -> str | None:
    """What happened, in the standard's word; None in a block that is about no recipient."""
    word = re.match(r"[a-z]+", _field(block, "action").strip().lower())
    return word[0] if word and word[0] in _NEWS else None


def _told(action: str, block: Letter) -> tuple[MessageState, str]:
    found = _STATUS.search(_field(block, "status"))
    status = found[0] if found else ""
    kind, _, said = _field(block, "diagnostic-code").partition(";")  # "smtp; 550 5.1.1 …"
    words = one_line(said or kind)
    state = _NEWS[action]
    if state is MessageState.BOUNCED and (status.startswith("4") or status == _OUT_OF_TIME):
        state = MessageState.EXPIRED
    return state, one_line(words if status in words else f"{status} {words}")


def _field(block: Letter, name: str) -> str:
    """The first field of a name, as text whatever its bytes were; "" where there is none."""
    return next(iter(_all(block, name)), "")


def _all(block: Letter, name: str) -> list[str]:
    return [str(value)[:_MOST_FIELD] for value in block.get_all(name, [])]
