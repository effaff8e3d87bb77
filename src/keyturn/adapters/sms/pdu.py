"""The PDUs of SMPP 3.4 (SMPP Protocol Specification v3.4, chapters 3 to 5), without a socket.

    command_length  command_id  command_status  sequence_number   body …
    4 octets        4 octets    4 octets        4 octets          by command

`Frames` takes bytes as they come and gives whole PDUs; `bind`, `ShortMessage` and
`message_id` know the bodies that a client meets.  Whatever cannot be a PDU raises
Malformed: the stream cannot be trusted after it.

Own code, not the library's: smpplib keeps a blocking socket inside its client, believes any
length that the other side names (up to 4 GB), and tears characters apart where it splits.
The tests read what is written here with it, and the other way round.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

HEADER = struct.Struct(">4I")
TLV = struct.Struct(">HH")
#: longer than any PDU that a client is sent: a payload is at most 64 KB (message_payload)
LONGEST = 70_000
VERSION = 0x34


class Command(IntEnum):
    """command_id (5.1.2.1) of what we send and understand."""

    GENERIC_NACK = 0x80000000
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


class Status(IntEnum):
    """command_status (5.1.3), as far as we tell them apart."""

    OK = 0x00
    INVALID_LENGTH = 0x01
    INVALID_COMMAND = 0x03
    ALREADY_BOUND = 0x05
    SYSTEM_ERROR = 0x08
    INVALID_SOURCE = 0x0A
    INVALID_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    QUEUE_FULL = 0x14
    SUBMIT_FAILED = 0x45
    INVALID_DEST_TON = 0x50
    INVALID_DEST_NPI = 0x51
    THROTTLED = 0x58
    TEMPORARY = 0x64
    PERMANENT = 0x65
    REFUSED = 0x66


class Tag(IntEnum):
    """Optional parameters (5.3.2) that tell of receipts."""

    RECEIPTED_MESSAGE_ID = 0x001E
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Malformed(Exception):
    """These bytes are no PDU, or none of the kind that they say they are."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU; `command` and `status` as numbers, because strangers send others too."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encode(self) -> bytes:
        """As it goes over the wire."""
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.command, self.status, self.sequence) + self.body


@dataclass(slots=True)
class Frames:
    """Cuts a stream into PDUs; holds at most one that is not whole yet."""

    _kept: bytes = b""

    def feed(self, data: bytes) -> list[Pdu]:
        """The PDUs that are whole now. Raises Malformed for an impossible length."""
        buffer, at, whole = self._kept + data, 0, []
        while len(buffer) - at >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(buffer, at)
            if not HEADER.size <= length <= LONGEST:
                raise Malformed(length)
            if len(buffer) - at < length:
                break
            body = buffer[at + HEADER.size : at + length]
            whole.append(Pdu(command, status, sequence, body))
            at += length
        self._kept = buffer[at:]
        return whole


@dataclass(slots=True)
class _Reader:
    """Takes a body apart, field by field."""

    body: bytes
    at: int = 0

    def octet(self) -> int:
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        taken = self.body[self.at : self.at + count]
        if len(taken) < count:
            raise Malformed("ends early")
        self.at += count
        return taken

    def text(self) -> str:
        """A C-Octet String: ASCII, ended by NUL. What is not ASCII is replaced."""
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise Malformed("no end of text")
        raw, self.at = self.body[self.at : end], end + 1
        return raw.decode("ascii", "replace")

    def options(self) -> dict[int, bytes]:
        """The optional parameters up to the end; of a tag sent twice the first counts."""
        found: dict[int, bytes] = {}
        while self.at < len(self.body):
            tag, length = TLV.unpack(self.octets(TLV.size))
            found.setdefault(tag, self.octets(length))
        return found


def _text(value: str, most: int) -> bytes:
    """A C-Octet String of at most `most` octets with its NUL (5.2)."""
    try:
        raw = value.encode("ascii")
    except UnicodeEncodeError as error:
        raise Malformed("not ASCII") from error
    if len(raw) >= most or b"\0" in raw:
        raise Malformed("too long, or with NUL")
    return raw + b"\0"


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type (5.2.5) and plan (5.2.6)."""

    text: str = ""
    ton: int = 0
    npi: int = 0

    def encode(self) -> bytes:
        """As three fields. Raises Malformed for more than 20 characters."""
        return bytes([self.ton, self.npi]) + _text(self.text, 21)


def bind(user: str, password: str, system_type: str) -> bytes:
    """The body of bind_transceiver (4.1.5). Raises Malformed: 15, 8 and 12 characters at most."""
    login = _text(user, 16) + _text(password, 9) + _text(system_type, 13)
    anybody = Address().encode()  # addr_ton, addr_npi, address_range: whatever is ours
    return login + bytes([VERSION]) + anybody


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """The body of submit_sm (4.4.1) and deliver_sm (4.6.1), which are alike.

    Attributes:
        esm_class: 0x40 user data header; of deliver_sm 0x04 delivery receipt.
        valid: validity_period (7.1.1), "" for the SMSC's own.
        report: registered_delivery: 1 asks for a receipt, whatever becomes of it.
        options: optional parameters by tag.
    """

    source: Address
    to: Address
    text: bytes
    coding: int = 0
    esm_class: int = 0
    valid: str = ""
    report: int = 0
    options: dict[int, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The body. Raises Malformed for more than 254 octets of text."""
        if len(self.text) > 254:  # noqa: PLR2004  sm_length, 5.2.21
            raise Malformed("too long")
        return b"".join((
            _text("", 6), self.source.encode(), self.to.encode(),
            bytes([self.esm_class, 0, 0]), _text("", 17), _text(self.valid, 17),
            bytes([self.report, 0, self.coding, 0, len(self.text)]), self.text,
            *(TLV.pack(tag, len(value)) + value for tag, value in self.options.items()),
        ))  # fmt: skip

    @classmethod
    def parse(cls, body: bytes) -> ShortMessage:
        """Raises Malformed."""
        reader = _Reader(body)
        reader.text()  # service_type
        source, to = _address(reader), _address(reader)
        esm_class, _protocol, _priority = reader.octets(3)
        reader.text()  # schedule_delivery_time
        valid = reader.text()
        report, _replace, coding, _default, length = reader.octets(5)
        text = reader.octets(length)
        return cls(source, to, text, coding, esm_class, valid, report, reader.options())


def _address(reader: _Reader) -> Address:
    ton, npi = reader.octets(2)
    return Address(reader.text(), ton, npi)


def message_id(body: bytes) -> str:
    """What the SMSC calls the message: the body of submit_sm_resp (4.4.2). "" if it tells
    none, as it need not where it refuses. Raises Malformed.
    """
    return _Reader(body).text() if body else ""


def described(status: int) -> str:
    """A command_status as an administrator looks it up: "0x00000058 THROTTLED"."""
    known = Status(status).name if status in set(Status) else "not in our list"
    return f"0x{status:08x} {known}"
