"""One SMPP session as a state machine without a socket: bytes in, events out.

    state     event                        next
    --------  ---------------------------  --------
    open      (bind_transceiver is sent)   binding
    binding   bind_transceiver_resp, ok    bound
    binding   any refusal, generic_nack    closed     BindRefused
    bound     unbind                       closed     (answered) Ended
    bound     (unbind is sent)             leaving
    leaving   unbind_resp                  closed     Ended

What is to be sent waits in `outgoing()`.  In no state does the other side make us keep
more than `window` unanswered requests and one PDU that is not whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from keyturn.adapters.sms import pdu
from keyturn.adapters.sms.pdu import Command, Malformed, Pdu, ShortMessage, Status

LAST_SEQUENCE = 0x7FFFFFFF


class State(StrEnum):
    """See the table above."""

    BINDING = "binding"
    BOUND = "bound"
    LEAVING = "leaving"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Bound:
    """The session may be used."""


@dataclass(frozen=True, slots=True)
class BindRefused:
    """The other side does not let us in; `status` says why (5.1.3)."""

    status: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A submit_sm was answered: taken (status 0) under `message_id`, or refused."""

    sequence: int
    status: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A deliver_sm came; it waits for `acknowledge`."""

    sequence: int
    message: ShortMessage


@dataclass(frozen=True, slots=True)
class Alive:
    """Our enquire_link was answered."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over: close the connection."""


Event = Bound | BindRefused | Answered | Arrived | Alive | Ended


@dataclass(slots=True)
class Session:
    """A session that begins with its bind; give it what comes, send what it has."""

    user: str
    password: str = field(repr=False)
    system_type: str = ""
    state: State = State.BINDING
    _sequence: int = 0
    _out: list[bytes] = field(default_factory=list, repr=False)
    _frames: pdu.Frames = field(default_factory=pdu.Frames)
    _waiting: set[int] = field(default_factory=set)
    _handlers: Mapping[int, Callable[[Pdu], Event | None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Ask to be bound. Raises Malformed for a name or password that cannot be sent."""
        self._handlers = {
            Command.BIND_TRANSCEIVER_RESP: self._bound,
            Command.SUBMIT_SM_RESP: self._answered,
            Command.DELIVER_SM: self._arrived,
            Command.ENQUIRE_LINK: self._enquired,
            Command.ENQUIRE_LINK_RESP: self._alive,
            Command.UNBIND: self._unbound,
            Command.UNBIND_RESP: self._left,
            Command.GENERIC_NACK: self._nack,
        }
        body = pdu.bind(self.user, self.password, self.system_type)
        self._request(Command.BIND_TRANSCEIVER, body)

    def outgoing(self) -> bytes:
        """What is to be sent now; it is handed out once."""
        data, self._out = b"".join(self._out), []
        return data

    def submit(self, message: ShortMessage) -> int:
        """Hand over a text; its answer comes with this number. Raises Malformed."""
        if self.state is not State.BOUND:
            raise ValueError(self.state)
        sequence = self._request(Command.SUBMIT_SM, message.encode())
        self._waiting.add(sequence)
        return sequence

    def forget(self, sequence: int) -> None:
        """Wait no longer for this answer."""
        self._waiting.discard(sequence)

    def enquire(self) -> None:
        """Ask whether the other side is still there."""
        self._request(Command.ENQUIRE_LINK)

    def unbind(self) -> None:
        """Take leave; Ended follows."""
        self.state = State.LEAVING
        self._request(Command.UNBIND)

    def acknowledge(self, sequence: int, status: int = Status.OK) -> None:
        """Answer a deliver_sm; TEMPORARY asks to have it again later."""
        self._answer(Command.DELIVER_SM_RESP, sequence, status, b"\0")

    def receive(self, data: bytes) -> list[Event]:
        """What these bytes say. Raises Malformed: then the connection is of no more use."""
        came = [self._take(each) for each in self._frames.feed(data)]
        return [event for event in came if event is not None]

    def _request(self, command: Command, body: bytes = b"") -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        self._out.append(Pdu(command, Status.OK, self._sequence, body).encode())
        return self._sequence

    def _answer(self, command: Command, sequence: int, status: int, body: bytes = b"") -> None:
        self._out.append(Pdu(command, status, sequence, body).encode())

    def _take(self, came: Pdu) -> Event | None:
        return self._handlers.get(came.command, self._unknown)(came)

    def _unknown(self, came: Pdu) -> None:
        """Requests that a client does not serve are answered so; answers are let pass."""
        if not came.command & 0x80000000:
            self._answer(Command.GENERIC_NACK, came.sequence, Status.INVALID_COMMAND)

    def _bound(self, came: Pdu) -> Event | None:
        if self.state is not State.BINDING:
            return None
        if came.status == Status.OK:
            self.state = State.BOUND
            return Bound()
        self.state = State.CLOSED
        return BindRefused(came.status)

    def _answered(self, came: Pdu) -> Event | None:
        """The answer to a submit_sm of ours; to any other number it is let pass."""
        if came.sequence not in self._waiting:
            return None
        self._waiting.discard(came.sequence)
        taken = pdu.message_id(came.body) if came.status == Status.OK else ""
        return Answered(came.sequence, came.status, taken)

    def _arrived(self, came: Pdu) -> Event | None:
        """A deliver_sm. One that cannot be read is refused alone: its frame was right."""
        try:
            return Arrived(came.sequence, ShortMessage.parse(came.body))
        except Malformed:
            self.acknowledge(came.sequence, Status.PERMANENT)
            return None

    def _enquired(self, came: Pdu) -> None:
        self._answer(Command.ENQUIRE_LINK_RESP, came.sequence, Status.OK)

    def _alive(self, _came: Pdu) -> Event:
        return Alive()

    def _unbound(self, came: Pdu) -> Event:
        self._answer(Command.UNBIND_RESP, came.sequence, Status.OK)
        self.state = State.CLOSED
        return Ended()

    def _left(self, _came: Pdu) -> Event | None:
        if self.state is not State.LEAVING:
            return None
        self.state = State.CLOSED
        return Ended()

    def _nack(self, came: Pdu) -> Event | None:
        """generic_nack: the other side did not understand a request of ours."""
        refused = replace(came, status=came.status or Status.SYSTEM_ERROR)
        return self._bound(refused) if self.state is State.BINDING else self._answered(refused)
