"""Texts through an SMPP 3.4 link that stays bound as transceiver.

    connect (TLS) --> bind --> texts and receipts, enquire_link --> unbind --> close
       ^                |                        |
       +---- back-off --+------------------------+     whenever it breaks

One link for each server process, up for as long as the process runs, because receipts come
whenever they come, and over any of an account's links.  A receipt is joined to its text by
what the SMSC called it when it took the text: by what this process remembers, which also
holds when the receipt overtakes our own note of sending, else by the store.

A text is handed over *at least once*: where the link breaks, or no answer comes, after the
text went out, nobody can know whether it was taken, and it goes again.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from keyturn.adapters.replies import one_line
from keyturn.adapters.sms import gsm, pdu, receipts
from keyturn.adapters.sms.pdu import Address, ShortMessage, Status
from keyturn.adapters.sms.remembered import Remembered
from keyturn.adapters.sms.smpp_link import Closed, Link
from keyturn.adapters.sms.smpp_session import Answered, Arrived
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.rules.messages import MessageState
from keyturn.rules.texts import Reason, told

UDH = 0x40
#: ask for a receipt, whatever becomes of the text (5.2.17)
REPORT = 0x01
#: what validity_period can say of days, and what a link takes of our lease on a text
LONGEST_VALID_S, LONGEST_SEND_S = 7 * 86_400, 45
#: answers that are final, and why; whatever else is refused may be taken later
FINAL: Mapping[int, Reason | None] = {
    Status.INVALID_LENGTH: None,
    Status.INVALID_DESTINATION: Reason.UNKNOWN,
    Status.INVALID_DEST_TON: Reason.UNKNOWN,
    Status.INVALID_DEST_NPI: Reason.UNKNOWN,
    Status.PERMANENT: None,
    Status.REFUSED: None,
}
OURS = frozenset({Status.INVALID_SOURCE, Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID})
BUSY = frozenset({Status.THROTTLED, Status.QUEUE_FULL})

_log = logging.getLogger("keyturn.sms")


@dataclass(frozen=True, slots=True)
class SmppCentre:
    """The SMSC and how to treat it.

    Attributes:
        tls: the whole connection is TLS; the certificate must be good for `host`.
        ca_file: trusted instead of the system's.
        sender: digits (international), or a name of at most eleven characters.
        window: texts handed over and not answered yet, at most.
        enquire_s: silence after which the link is tested; a test unanswered for
            `wait_s` ends it.
        wait_s: seconds that the SMSC may take to answer, and a text waits for a link.
        pauses: seconds before the next connection; the last is repeated.
        hold_s: how long nothing is sent after the SMSC said "too fast".
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: bool = True
    ca_file: str | None = None
    system_type: str = ""
    sender: str | None = None
    window: int = 10
    enquire_s: float = 30
    wait_s: float = 10
    pauses: tuple[float, ...] = (1, 2, 5, 10, 30, 60)
    hold_s: float = 1


@dataclass(frozen=True, slots=True)
class Reported:
    """What an SMSC reported of a text.

    Attributes:
        message_id: ours, where this process handed the text over; else None, and one of
            `references` is what the store knows it by.
        number: the phone it went to, as the SMSC spells it, or "".
    """

    message_id: str | None
    references: tuple[str, ...]
    number: str
    state: MessageState
    detail: str


#: stores a report; whether the text it is about was found
Take = Callable[[Reported], Awaitable[bool]]


class SmppTexter:
    """The Texter port. `run` it beside the server; `aclose` it at the end.

    Args:
        take: stores a report; may raise, then the SMSC is asked to report again.
    """

    #: receipts that wait to be stored; beyond it the SMSC keeps them for us
    MOST_RECEIPTS = 1000
    #: seconds after which a receipt for a text nobody knows is looked at again: another
    #: process may not have noted yet what the SMSC called it
    PATIENCE = (1.0, 5.0)

    def __init__(self, centre: SmppCentre, take: Take) -> None:
        self._centre = centre
        self._take = take
        # now, so that a certificate file that cannot be read stops the start
        self._context = ssl.create_default_context(cafile=centre.ca_file) if centre.tls else None
        self._link: Link | None = None
        self._up = asyncio.Event()
        self._window = asyncio.Semaphore(centre.window)
        self._free_at = 0.0
        self._known = Remembered()
        self._numbered = 0
        self._came: asyncio.Queue[tuple[Link, int, receipts.Receipt]] = asyncio.Queue(
            self.MOST_RECEIPTS
        )
        self._later: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self._why = "not connected yet"

    # -- life

    async def run(self, stop: asyncio.Event) -> None:
        """Have the link up from the start, for receipts of earlier texts. It stays up when
        `stop` is set, for texts under way: `aclose` ends it.
        """
        self._start()
        await stop.wait()

    def _start(self) -> None:
        if not self._tasks and not self._closing.is_set():
            self._tasks = [
                asyncio.create_task(self._keep_up(), name="smpp-link"),
                asyncio.create_task(self._store_receipts(), name="smpp-receipts"),
            ]

    async def aclose(self) -> None:
        """Take no more texts, wait for answers and receipts under way, unbind, close."""
        if self._closing.is_set():
            return
        self._closing.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._centre.wait_s):
                for _ in range(self._centre.window):
                    await self._window.acquire()
                await self._came.join()
                await asyncio.gather(*self._later)
        if self._link is not None:
            await self._link.leave()
        for task in (*self._tasks, *self._later):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._later, return_exceptions=True)
        self._tasks = []

    async def _keep_up(self) -> None:
        """Connect again and again; after a link that worked, soon."""
        broken = 0
        while not self._closing.is_set():
            worked = await self._connected()
            broken = 0 if worked else broken + 1
            pause = self._centre.pauses[min(broken, len(self._centre.pauses) - 1)]
            if not self._closing.is_set():
                _log.warning("smpp link down cause=%r again_in_s=%g", self._why, pause)
            await asyncio.sleep(pause)

    async def _connected(self) -> bool:
        """One link from its beginning to its end; whether it was ever bound."""
        centre, bound = self._centre, False
        try:
            link = await Link.open(centre.host, centre.port, self._context, centre.wait_s)
            try:
                await link.bind(centre.user, centre.password, centre.system_type, centre.wait_s)
                self._link, bound = link, True
                self._up.set()
                _log.info("smpp link bound host=%s port=%d", centre.host, centre.port)
                await link.attend(centre.enquire_s, self._arrived)
            finally:
                self._up.clear()
                self._link = None
                await link.close()
        except Closed as ended:
            self._why = ended.why
        return bound

    # -- texts

    async def send(self, text: Text) -> Receipt:
        """Hand over one text. Raises NotDelivered: final if the SMSC refuses this text."""
        if self._closing.is_set():
            raise NotDelivered("this server process is ending", final=False)
        self._start()
        parts = self._parts(text)
        self._known.begin(text.id, len(parts))
        try:
            async with asyncio.timeout(LONGEST_SEND_S), self._window:
                names = [await self._submit(text.id, part) for part in parts]
        except TimeoutError as late:
            raise NotDelivered("too many texts wait for this link", final=False) from late
        return Receipt(reference=names[-1], detail=one_line(f"taken as {', '.join(names)}"))

    def _parts(self, text: Text) -> list[ShortMessage]:
        self._numbered += 1
        try:
            coded = gsm.encode(text.text, self._numbered)
            to = Address(text.to.removeprefix("+"), 1, 1)
            to.encode()
        except gsm.TooLong as error:
            raise NotDelivered("too long for 255 parts", final=True) from error
        except pdu.Malformed as error:
            raise NotDelivered(told(Reason.UNKNOWN, "no phone number"), final=True) from error
        source, head = _sender(self._centre.sender), UDH if coded.split else 0
        return [
            ShortMessage(source, to, part, coded.coding, head, valid(text.valid_s), REPORT)
            for part in coded.parts
        ]

    async def _submit(self, message_id: str, part: ShortMessage) -> str:
        """Hand over one part; what the SMSC calls it."""
        link = await self._usable()
        try:
            answer = await link.submit(part, self._centre.wait_s)
        except Closed as ended:
            words = f"{ended.why}; the text may have been taken"
            raise NotDelivered(one_line(words), final=False) from ended
        name = self._taken(answer)
        self._known.add(message_id, name)  # at once: its receipt may be the next thing to come
        return name

    async def _usable(self) -> Link:
        """The link, waited for as long as an answer would be; not while we are too fast."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._centre.wait_s):
                await asyncio.sleep(max(0, self._free_at - loop.time()))
                await self._up.wait()
        except TimeoutError as late:
            raise NotDelivered(one_line(f"no link: {self._why}"), final=False) from late
        if self._link is None:
            raise NotDelivered("no link: it broke just now", final=False)
        return self._link

    def _taken(self, answer: Answered) -> str:
        if answer.status == Status.OK and answer.message_id:
            return receipts.name(answer.message_id)
        if answer.status in BUSY:
            self._free_at = asyncio.get_running_loop().time() + self._centre.hold_s
        said = f"submit_sm: {pdu.described(answer.status)}"
        reason = Reason.OURS if answer.status in OURS else FINAL.get(answer.status)
        raise NotDelivered(told(reason, said), final=answer.status in FINAL)

    # -- receipts

    def _arrived(self, link: Link, arrived: Arrived) -> None:
        """Put a receipt in the queue; what is none is thanked for and thrown away."""
        receipt = receipts.receipt(arrived.message)
        if receipt is None or receipt.state is None:
            link.acknowledge(arrived.sequence)
            return
        try:
            self._came.put_nowait((link, arrived.sequence, receipt))
        except asyncio.QueueFull:
            link.acknowledge(arrived.sequence, Status.TEMPORARY)

    async def _store_receipts(self) -> None:
        """Store receipts in their order; each is acknowledged once it is stored."""
        while True:
            link, sequence, receipt = await self._came.get()
            try:
                status = await self._store(receipt)
            finally:
                self._came.task_done()
            link.acknowledge(sequence, status)

    async def _store(self, receipt: receipts.Receipt) -> Status:
        reported = self._reported(receipt)
        if reported is None:
            return Status.OK
        try:
            found = await self._take(reported)
        except Exception as error:  # noqa: BLE001  the SMSC keeps it and reports again
            _log.warning("sms report not stored cause=%r", error)
            return Status.TEMPORARY
        if not found and len(self._later) >= self.MOST_RECEIPTS:
            return Status.TEMPORARY
        if not found:
            task = asyncio.create_task(self._again(reported))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        return Status.OK

    def _reported(self, receipt: receipts.Receipt) -> Reported | None:
        """The report in a receipt; None for a part of a text whose other parts are out."""
        if receipt.state is None:
            return None
        delivered = receipt.state is MessageState.DELIVERED
        known = self._known.settle(receipt.names, delivered=delivered)
        if known is not None and not known.complete:
            return None
        message_id = known.message_id if known else None
        return Reported(message_id, receipt.names, receipt.number, receipt.state, receipt.detail)

    async def _again(self, reported: Reported) -> None:
        """Look for the text of a report a few times more."""
        for pause in self.PATIENCE:
            with suppress(TimeoutError):  # at the end of the process it looks at once
                await asyncio.wait_for(self._closing.wait(), pause)
            with suppress(Exception):  # the next look may be a better one
                if await self._take(reported):
                    return
        _log.info("sms report of a text that is not known detail=%r", reported.detail)


def valid(seconds: int) -> str:
    """A validity_period from now on (7.1.1.2): YYMMDDhhmmss, then tenths, "00" and R."""
    left = min(seconds, LONGEST_VALID_S)
    days, hours, minutes = left // 86_400, left // 3600 % 24, left // 60 % 60
    return f"0000{days:02}{hours:02}{minutes:02}{left % 60:02}000R"


def _sender(sender: str | None) -> Address:
    """International number, short number, name, or the SMSC's own (5.2.5)."""
    if sender is None:
        return Address()
    digits = sender.removeprefix("+")
    if digits.isdecimal():
        return Address(digits, 1 if sender.startswith("+") else 0, 1)
    return Address(sender, 5, 0)
