"""A small SMPP 3.4 message centre whose fates are chosen: its PDUs are smpplib's, not ours.

async with Centre(fate) as centre:      # or: with running(Centre(fate)) as centre
    SmppCentre("127.0.0.1", centre.port, "keyturn", "s3cret", tls=False)
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from smpplib import smpp

from keyturn.adapters.sms.gsm import Encoded, decode
from tests.lab.own import until

USER, PASSWORD = "keyturn", "s3cret"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a text.

    Attributes:
        status: command_status of the answer; not 0: refused.
        stat: the receipt's word, or None for no receipt.
        state: its message_state; with None the receipt is only a text.
        decimal: the receipt names the message in decimal, as a text.
        delay_s: before the receipt.
        silent: no answer at all.
    """

    status: int = 0
    stat: str | None = "DELIVRD"
    state: int | None = 2
    decimal: bool = False
    delay_s: float = 0.05
    silent: bool = False


DELIVERED = Fate()


@dataclass(frozen=True, slots=True)
class Seen:
    """A part of a text as it came."""

    source: str
    to: str
    coding: int
    esm_class: int
    octets: bytes
    valid: str
    session: int


class _Numbers:
    """What smpplib wants of its client."""

    def __init__(self) -> None:
        self.sequence = 0

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


@dataclass(slots=True)
class _Session:
    writer: asyncio.StreamWriter
    number: int
    numbers: _Numbers = field(default_factory=_Numbers)
    bound: bool = False


class Centre:
    """See the module.

    Attributes:
        seen: parts of texts that were taken or refused, in their order.
        answers: status of each deliver_sm_resp.
        most_binds: beyond it a bind is refused.
        deaf: enquire_link is not answered.
        unbinds: how often somebody took leave.
        waiting: (phone, receipt) that are handed out in one piece with the next bind's answer.
    """

    def __init__(
        self, fate: Callable[[str], Fate] = lambda _: DELIVERED, tls: ssl.SSLContext | None = None
    ) -> None:
        self.fate = fate
        self.seen: list[Seen] = []
        self.answers: list[int] = []
        self.connections = 0
        self.binds = 0
        self.unbinds = 0
        self.waiting: list[tuple[str, str]] = []
        self.most_binds = 100
        self.deaf = False
        self.receipts_over: int | None = None
        self.port = 0
        self._tls = tls
        self._count = 0x1E
        self._sessions: list[_Session] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # whoever was just let in is let go of

    def cut(self) -> None:
        """Break every connection."""
        for session in self._sessions:
            session.writer.transport.abort()

    def unbind(self) -> None:
        """Take leave of everybody."""
        for session in self._sessions:
            self._say(session, "unbind")

    @property
    def texts(self) -> list[str]:
        """What the phones show, parts put together."""
        shown, parts = [], list[bytes]()
        for seen in self.seen:
            parts.append(seen.octets)
            if not seen.esm_class & 0x40 or seen.octets[5] == seen.octets[4]:
                shown.append(decode(Encoded(seen.coding, tuple(parts))))
                parts = []
        return shown

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(writer, self.connections)
        self.connections += 1
        self._sessions.append(session)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(4)
                raw = head + await reader.readexactly(int.from_bytes(head, "big") - 4)
                pdu = smpp.parse_pdu(raw, client=session.numbers, allow_unknown_opt_params=True)
                if not self._take(session, pdu):
                    break
        self._sessions.remove(session)
        writer.close()

    def _take(self, session: _Session, pdu: Any) -> bool:
        """Whether the session goes on."""
        match pdu.command:
            case "bind_transceiver":
                return self._bind(session, pdu)
            case "submit_sm":
                self._submit(session, pdu)
            case "enquire_link" if not self.deaf:
                self._say(session, "enquire_link_resp", pdu.sequence)
            case "deliver_sm_resp":
                self.answers.append(int(pdu.status))
            case "unbind":
                self.unbinds += 1
                self._say(session, "unbind_resp", pdu.sequence)
            case "unbind_resp":
                return False
        return True

    def _bind(self, session: _Session, pdu: Any) -> bool:
        right = (pdu.system_id, pdu.password) == (USER.encode(), PASSWORD.encode())
        full = sum(s.bound for s in self._sessions) >= self.most_binds
        session.bound = right and not full
        self.binds += session.bound
        status = 0 if session.bound else 0x05 if right else 0x0E
        self._say(session, "bind_transceiver_resp", pdu.sequence, status, system_id="CENTRE")
        for phone, text in self.waiting if session.bound else ():
            self._receipt(session, phone, "Keyturn", text)
        return session.bound

    def _submit(self, session: _Session, pdu: Any) -> None:
        to = pdu.destination_addr.decode()
        fate = self.fate(to)
        self.seen.append(
            Seen(
                pdu.source_addr.decode(), to, pdu.data_coding, pdu.esm_class,
                pdu.short_message or b"", pdu.validity_period.decode(), session.number,
            )
        )  # fmt: skip
        if fate.silent:
            return
        self._count += 1
        name = f"{self._count:08X}"
        taken = {} if fate.status else {"message_id": name}
        self._say(session, "submit_sm_resp", pdu.sequence, fate.status, **taken)
        if fate.stat is not None and not fate.status and pdu.registered_delivery & 1:
            task = asyncio.create_task(self._report(session, pdu, name, fate))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _report(self, session: _Session, pdu: Any, name: str, fate: Fate) -> None:
        await asyncio.sleep(fate.delay_s)
        if self.receipts_over is not None:
            session = self._sessions[self.receipts_over]
        told = str(int(name, 16)) if fate.decimal else name
        text = (
            f"id:{told:0>10} sub:001 dlvrd:001 submit date:2611220913 done date:2611220914 "
            f"stat:{fate.stat} err:{'000' if fate.stat == 'DELIVRD' else '001'} text:stat:DELIVRD"
        )
        options: dict[str, object] = {}
        if fate.state is not None:
            options = {"receipted_message_id": name, "message_state": fate.state}
        phone, sender = pdu.destination_addr.decode(), pdu.source_addr.decode()
        self._receipt(session, phone, sender, text, **options)

    def _receipt(
        self, session: _Session, phone: str, sender: str, text: str, **options: object
    ) -> None:
        self._say(
            session, "deliver_sm", None, 0, source_addr=phone, source_addr_ton=1,
            source_addr_npi=1, destination_addr=sender, dest_addr_ton=5, esm_class=4,
            short_message=text.encode(), **options,
        )  # fmt: skip

    def _say(
        self, session: _Session, command: str, sequence: int | None = None, status: int = 0,
        **fields: object,
    ) -> None:  # fmt: skip
        pdu = smpp.make_pdu(command, client=session.numbers, status=status, **fields)
        if sequence is not None:
            pdu.sequence = sequence
        if not session.writer.is_closing():
            session.writer.write(pdu.generate())


@contextlib.contextmanager
def running(centre: Centre) -> Iterator[Centre]:
    """A centre in a thread of its own."""
    stop = threading.Event()

    async def life() -> None:
        async with centre:
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(life()), name="centre")
    thread.start()
    until(lambda: bool(centre.port), what="the message centre")
    try:
        yield centre
    finally:
        stop.set()
        thread.join()
