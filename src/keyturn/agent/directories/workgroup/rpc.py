"""Connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE) over a named pipe.

No security of its own: the pipe is inside an encrypted SMB session (channel.py), which seals
and authenticates every fragment.
"""

from __future__ import annotations

import struct
from typing import Protocol
from uuid import UUID

_REQUEST, _RESPONSE, _FAULT, _BIND, _BIND_ACK = 0, 2, 3, 11, 12
_FIRST, _LAST = 1, 2
#: what Samba and Windows offer
_FRAGMENT = 4280
_HEAD = struct.Struct("<BBBBIHHI")
_CALL_HEAD = 8
_LITTLE_ENDIAN = 0x10
#: of all fragments of one answer
_ANSWER_MOST = 16 * 1024 * 1024
_SAMR = UUID("12345778-1234-abcd-ef00-0123456789ac").bytes_le + struct.pack("<HH", 1, 0)
_NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<I", 2)


class Pipe(Protocol):
    """A named pipe in message mode."""

    def write(self, message: bytes) -> None: ...

    def read(self) -> bytes:
        """The next bytes, at most one message; b"" never."""
        ...


class Fault(Exception):
    """The call was not carried out.

    Attributes:
        status: C706 appendix E, or NTSTATUS; -1 for what is no answer at all.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"RPC fault 0x{status & 0xFFFFFFFF:08X}")
        self.status = status


class Client:
    """One association with SAMR, one call at a time."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._call = 1

    def bind(self) -> None:
        """Say that it is SAMR that we speak. Raises Fault."""
        context = struct.pack("<HBB", 0, 1, 0) + _SAMR + _NDR
        body = struct.pack("<HHIBBH", _FRAGMENT, _FRAGMENT, 0, 1, 0, 0) + context
        self._pipe.write(_pdu(_BIND, _FIRST | _LAST, self._call, body))
        kind, _flags, answer = self._fragment()
        if kind != _BIND_ACK or _refused(answer):
            raise Fault(-1)

    def call(self, operation: int, stub: bytes) -> bytes:
        """The stub of the answer. Raises Fault."""
        self._call += 1
        room = _FRAGMENT - _HEAD.size - _CALL_HEAD
        pieces = [stub[at : at + room] for at in range(0, len(stub), room)] or [b""]
        for number, piece in enumerate(pieces):
            flags = _FIRST * (number == 0) | _LAST * (number == len(pieces) - 1)
            head = struct.pack("<IHH", len(stub), 0, operation)
            self._pipe.write(_pdu(_REQUEST, flags, self._call, head + piece))
        return self._answer()

    def _answer(self) -> bytes:
        answer = b""
        while len(answer) <= _ANSWER_MOST:
            kind, flags, body = self._fragment()
            if kind == _FAULT and len(body) >= _CALL_HEAD + 4:
                raise Fault(int.from_bytes(body[_CALL_HEAD : _CALL_HEAD + 4], "little"))
            if kind != _RESPONSE or len(body) < _CALL_HEAD:
                break
            answer += body[_CALL_HEAD:]
            if flags & _LAST:
                return answer
        raise Fault(-1)

    def _fragment(self) -> tuple[int, int, bytes]:
        """Kind, flags and body of the next fragment."""
        data = self._pipe.read()
        while len(data) < _HEAD.size:
            data += self._pipe.read()
        major, _minor, kind, flags, order, size, sealed, call = _HEAD.unpack_from(data)
        if (major, order & 0xFF, sealed, call) != (5, _LITTLE_ENDIAN, 0, self._call):
            raise Fault(-1)
        while len(data) < size:
            data += self._pipe.read()
        return kind, flags, data[_HEAD.size : size]


def _pdu(kind: int, flags: int, call: int, body: bytes) -> bytes:
    size = _HEAD.size + len(body)
    return _HEAD.pack(5, 0, kind, flags, _LITTLE_ENDIAN, size, 0, call) + body


def _refused(answer: bytes) -> bool:
    """Whether bind_ack says anything but acceptance."""
    if len(answer) < 10:  # noqa: PLR2004  sizes, group and the address's length
        return True
    at = 10 + int.from_bytes(answer[8:10], "little")
    at += -at % 4 + 4  # how many results; there is one
    return answer[at : at + 2] != b"\0\0"
