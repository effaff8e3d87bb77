"""Delivery receipts of SMPP (v3.4, 5.2.12.1, 5.3.2.12, 5.3.2.35 and appendix B).

A receipt comes as a deliver_sm with esm_class 0x04.  What it says stands in optional
parameters, receipted_message_id and message_state, or, with older SMSCs, only in a text:

    id:0123456789 sub:001 dlvrd:001 submit date:… done date:… stat:DELIVRD err:000 text:…

Parameters win over the text.  Many SMSCs name a message in hex when they take it and in
decimal when they report on it (or the other way round): `spellings` gives every name that
may be meant, and whoever looks it up must compare the phone's number too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.adapters.replies import one_line
from keyturn.adapters.sms.pdu import ShortMessage, Tag
from keyturn.rules.messages import MessageState

RECEIPT = 0x04
#: bits 5 to 2 of esm_class are the message type
_TYPE = 0x3C
_FIELD = re.compile(rb"(?i)\b(id|stat|err):\s*([^\s\0]{1,64})")

#: message_state (5.2.28); what is on its way, or unknown, is no news
STATES: Mapping[int, MessageState] = {
    2: MessageState.DELIVERED,
    3: MessageState.EXPIRED,
    4: MessageState.REJECTED,
    5: MessageState.BOUNCED,
    8: MessageState.REJECTED,
}
#: the same as words (appendix B); compared in capitals, seven letters
WORDS: Mapping[str, int] = {
    "ENROUTE": 1, "DELIVRD": 2, "DELIVER": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5,
    "ACCEPTD": 6, "ACCEPTE": 6, "UNKNOWN": 7, "REJECTD": 8, "REJECTE": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an SMSC reports.

    Attributes:
        names: how the message may be called where it was taken, likeliest first.
        number: the phone that the message went to, as the SMSC spells it, or "".
        state: None for no news (on its way, accepted, not known).
        detail: the SMSC's words, e.g. "UNDELIV err:001".
    """

    names: tuple[str, ...]
    number: str
    state: MessageState | None
    detail: str


def receipt(message: ShortMessage) -> Receipt | None:
    """The receipt in a deliver_sm; None for a text that somebody sent us, and for a
    receipt that does not say which message it is about.
    """
    if message.esm_class & _TYPE != RECEIPT:
        return None
    said = _fields(message.options.get(Tag.MESSAGE_PAYLOAD) or message.text)
    own = _ascii(message.options.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0])
    names = spellings(own or said.get("id", ""))
    if not names:
        return None
    word = said.get("stat", "").upper()[:7]
    state = _state(message.options.get(Tag.MESSAGE_STATE), word)
    words = [word or f"state {state}", *_error(message, said)]
    return Receipt(names, message.source.text, STATES.get(state), one_line(" ".join(words)))


def _state(option: bytes | None, word: str) -> int:
    return option[0] if option else WORDS.get(word, 0)


def _fields(text: bytes) -> dict[str, str]:
    """id, stat and err; the first of each, because `text:` quotes what people wrote."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(text.split(b"text:")[0].split(b"Text:")[0]):
        found.setdefault(_ascii(name).lower(), _ascii(value))
    return found


def _error(message: ShortMessage, said: Mapping[str, str]) -> list[str]:
    """The network's own error, from the parameter (5.3.2.31) or the text."""
    option = message.options.get(Tag.NETWORK_ERROR_CODE, b"")
    if len(option) == 3:  # noqa: PLR2004  network type, error code of two octets
        return [f"err:{int.from_bytes(option[1:], 'big'):03}"]
    return [f"err:{said['err']}"] if "err" in said else []


def _ascii(raw: bytes) -> str:
    return raw.decode("ascii", "replace").strip()


def name(message_id: str) -> str:
    """How a message_id is kept: hex digits in small letters, zeros in front left out."""
    return message_id.strip().lower().lstrip("0")


def spellings(message_id: str) -> tuple[str, ...]:
    """The names that a receipt's id may mean: as it is, decimal for hex, hex for decimal."""
    plain = name(message_id)
    found = [plain]
    if re.fullmatch(r"[0-9]{1,20}", plain):
        found.append(f"{int(plain):x}")
    if re.fullmatch(r"[0-9a-f]{1,16}", plain):
        found.append(str(int(plain, 16)))
    return tuple(dict.fromkeys(n for n in found if n))
