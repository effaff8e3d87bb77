"""NDR (C706 chapter 14, MS-RPCE 2.2.4): as much of it as SAMR needs.

What a pointer points to comes after the parameter that holds it; `Writer` keeps it back until
`flush`, `Reader` leaves it to who knows what was in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeAlias

#: the first referent's number; any but 0 will do
_REFERENT = 0x0002_0000


class Malformed(ValueError):
    """What came is no such structure."""


Target: TypeAlias = "Callable[[Writer], object]"
"""Writes what a pointer points to."""


class Writer:
    """Builds one stub, little endian."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._later: list[Target] = []
        self._referent = _REFERENT

    def align(self, size: int) -> Writer:
        self._data += bytes(-len(self._data) % size)
        return self

    def u8(self, *values: int) -> Writer:
        self._data += bytes(values)
        return self

    def u16(self, value: int) -> Writer:
        return self.align(2).raw(struct.pack("<H", value))

    def u32(self, *values: int) -> Writer:
        return self.align(4).raw(struct.pack(f"<{len(values)}I", *values))

    def u64(self, value: int) -> Writer:
        return self.align(8).raw(struct.pack("<Q", value))

    def raw(self, data: bytes) -> Writer:
        self._data += data
        return self

    def pointer(self, target: Target | None) -> Writer:
        """A unique pointer; what it points to follows at `flush`. None: null."""
        if target is None:
            return self.u32(0)
        self._later.append(target)
        self.u32(self._referent)
        self._referent += 4
        return self

    def unicode(self, text: str | None) -> Writer:
        """RPC_UNICODE_STRING; None: empty, without a buffer."""
        data = (text or "").encode("utf-16-le", "surrogatepass")
        self.align(4).u16(len(data)).u16(len(data))
        return self.pointer(None if text is None else lambda later: later.varying(data))

    def varying(self, data: bytes) -> Writer:
        """A conformant and varying array of 16-bit units."""
        count = len(data) // 2
        return self.u32(count, 0, count).raw(data)

    def string(self, text: str) -> Writer:
        """[unique, string] wchar_t *, as a parameter of its own."""
        data = f"{text}\0".encode("utf-16-le")
        return self.pointer(lambda later: later.varying(data)).flush()

    def sid(self, sid: bytes) -> Writer:
        """RPC_SID: a conformant structure."""
        return self.u32(sid[1]).raw(sid)

    def flush(self) -> Writer:
        """Write all that pointers point to, depth first."""
        while self._later:
            target, *rest = self._later
            self._later = []
            target(self)
            self.flush()
            self._later = rest
        return self

    def done(self) -> bytes:
        self.flush()
        return bytes(self._data)


class Reader:
    """Reads one stub. Every method raises Malformed past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def align(self, size: int) -> Reader:
        self._at += -self._at % size
        return self

    def raw(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise Malformed
        data, self._at = self._data[self._at : end], end
        return data

    def skip(self, size: int) -> None:
        self.raw(size)

    def u8(self) -> int:
        return self.raw(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.align(2).raw(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.align(4).raw(4), "little")

    def i64(self, align: int = 4) -> int:
        """OLD_LARGE_INTEGER, which is two longs; LARGE_INTEGER is aligned to 8."""
        return int.from_bytes(self.align(align).raw(8), "little", signed=True)

    def unicode(self) -> bool:
        """The head of an RPC_UNICODE_STRING: whether its text follows later."""
        self.align(4).skip(4)
        return self.u32() != 0

    def text(self, there: bool = True) -> str:
        """The text that a head announced; "" without one."""
        if not there:
            return ""
        _most, offset, count = self.u32(), self.u32(), self.u32()
        if offset:
            raise Malformed
        return self.raw(2 * count).decode("utf-16-le", "replace")

    def sid(self) -> bytes:
        """RPC_SID."""
        count = self.u32()
        head = self.raw(8)
        if head[1] != count:
            raise Malformed
        return head + self.raw(4 * count)

    def longs(self) -> tuple[int, ...]:
        """SAMPR_ULONG_ARRAY, with what it points to."""
        count = self.u32()
        if not self.u32():
            return ()
        self.u32()
        return tuple(self.u32() for _ in range(count))
