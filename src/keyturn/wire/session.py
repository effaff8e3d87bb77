"""What agent and server each keep of their conversation, and what an answer must match.

    agent                                      server
    Speaker.ask(message)  --- signed POST -->  hear(public key, …) -> Heard
    Speaker.hear(said, …) <-- signed, bound -- say(key, answer, heard.signature)

    Speaker.open()        --- signed GET --->  hear_opening(public key, …) -> Opened
    Speaker.beat(beat)    --- frame -------->  hear_beat(public key, …, opened) -> Heard
    Speaker.hear_frame(…) <-- frame ---------  say_beaten(key, answer, heard)
                          <-- frame ---------  ring(key, opened, number)

Whether a sequence is new, a run the present one and an agent active is the server's to know
(it has the database); whether an answer is to what was asked is decided here, for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.rules.directories.things import Epoch
from keyturn.wire import signatures
from keyturn.wire.codec import Unreadable, decode_answer, decode_request, encode
from keyturn.wire.messages import (
    ANSWERS,
    COMMAND,
    Answer,
    Beat,
    Beaten,
    Denied,
    Enrolled,
    Release,
    Request,
    Rung,
    SyncBegun,
    SyncChanges,
    SyncLost,
    SyncPage,
    SyncStuck,
    Wait,
)
from keyturn.wire.paths import BELL, MESSAGES
from keyturn.wire.signatures import Forged, Headers, Kind, Lane, Sender

METHOD: Final = "POST"
_UPGRADED = "GET"
#: what is not here goes by Lane.WORK
_LANES: Mapping[type, Lane] = {
    Wait: Lane.WAIT, Beat: Lane.BELL, Release: Lane.BELL,
    SyncBegun: Lane.SYNC, SyncPage: Lane.SYNC, SyncChanges: Lane.SYNC, SyncLost: Lane.SYNC,
    SyncStuck: Lane.SYNC,
}  # fmt: skip


def lane_of(message: Request, run_id: str) -> Lane:
    """The lane that a message goes by. Beats and the release at the end keep their order; a
    command line has a lane to itself, so that its numbers and the agent's do not cross.
    """
    return Lane.COMMAND if run_id == COMMAND else _LANES.get(type(message), Lane.WORK)


# --- the agent's side


@dataclass(frozen=True, slots=True)
class Said:
    """A request on its way.

    Attributes:
        headers, body: to be sent to `paths.MESSAGES`.
        signature: what the answer must be bound to.
        want: the class of the answer; Denied may come in its place.
    """

    headers: Mapping[str, str]
    body: bytes
    signature: bytes
    want: type


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of a socket. signature: what its rings are bound to."""

    headers: Mapping[str, str]
    signature: bytes


@dataclass(frozen=True, slots=True)
class Framed:
    """A beat on its way by the socket. number, signature: what its answer must match."""

    frame: bytes
    number: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Speaker:
    """An agent in one life.

    Attributes:
        key: signs its requests.
        server_key: the installation's, pinned; None before enrolment.
        origin: the server's, as configured.
        agent_id: signatures.NEW before enrolment.
        number: the next number of a lane; never one that was given before, in any life.
    """

    key: Ed25519PrivateKey
    server_key: bytes | None
    origin: str
    agent_id: str
    run_id: str
    number: Callable[[Lane], int]

    def sender(self, lane: Lane) -> Sender:
        """This agent, with a fresh number."""
        return Sender(self.agent_id, self.run_id, lane, self.number(lane))

    def ask(self, message: Request) -> Said:
        """Sign a message. To be sent in this order within its lane. Raises Oversize."""
        body = encode(message)
        sender = self.sender(lane_of(message, self.run_id))
        headers = signatures.sign_request(self.key, METHOD, self.origin, MESSAGES, sender, body)
        signature = signatures.claimed_signature(headers)
        return Said(headers, body, signature, ANSWERS[type(message)])

    def hear(self, said: Said, status: int, headers: Headers, body: bytes) -> Answer:
        """The answer to what was said, and to nothing else.

        Before enrolment it is checked against the key that it brings itself: TLS vouches for it
        this once. A refusal then brings none, and is believed: it can only stop.

        Raises:
            Forged: the installation did not say so, or not to this.
            Unreadable: it did, and it is no answer to this.
        """
        if self.server_key is not None:
            signatures.verify_answer(self.server_key, status, headers, body, said.signature)
        answer = fitting(decode_answer(body), said.want)
        if self.server_key is None and isinstance(answer, Enrolled):
            signatures.verify_answer(answer.server_key, status, headers, body, said.signature)
        return answer

    def open(self) -> Opening:
        """Sign the opening of the bell's socket, a GET of `paths.BELL` without a body."""
        sender = self.sender(Lane.BELL)
        headers = signatures.sign_request(self.key, _UPGRADED, self.origin, BELL, sender, b"")
        return Opening(headers, signatures.claimed_signature(headers))

    def beat(self, beat: Beat) -> Framed:
        """Sign a beat as a frame of the socket. To be sent in this order."""
        sender = self.sender(Lane.BELL)
        frame = signatures.sign_beat(self.key, self.origin, sender, encode(beat))
        return Framed(frame, sender.sequence, signatures.read_beat(frame, sender)[1])

    def hear_frame(
        self, frame: bytes, opening: Opening, asked: Mapping[int, bytes]
    ) -> tuple[Kind, int, Answer]:
        """What the server says by the socket: kind, number (`signatures.sign_frame`), answer.

        Args:
            asked: signature of each beat that waits for its answer, by its number.

        Raises:
            Forged: "unasked" for an answer to nothing.
            Unreadable
        """
        kind, number, body = signatures.read_frame(frame)
        bound = opening.signature if kind is Kind.RING else asked.get(number)
        if bound is None or self.server_key is None:
            raise Forged("unasked")
        signatures.verify_frame(self.server_key, frame, bound)
        want: type = Rung if kind is Kind.RING else Beaten
        return kind, number, fitting(decode_answer(body), want)


def fitting(answer: Answer, want: type) -> Answer:
    """The answer, if it is one to what was asked. Raises Unreadable("type")."""
    if not isinstance(answer, (want, Denied)):
        raise Unreadable("type")
    return answer


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder counts it.

    Attributes:
        until: CLOCK_BOOTTIME, ms; counted from sending the beat that brought it, so that a
            slow answer only shortens it and a machine that slept knows that it is over.
    """

    epoch: Epoch
    until: int

    def outlasts(self, now: int, needs_ms: int) -> bool:
        """Whether it holds for so long from `now` (same clock)."""
        return now + needs_ms < self.until


class OldEpoch(Exception):
    """A lease from before one that was seen: an old server, or an old backup of one.

    Attributes:
        offered, known: its epoch, and the highest seen.
    """

    def __init__(self, offered: Epoch, known: Epoch) -> None:
        super().__init__(offered, known)
        self.offered = offered
        self.known = known


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agent stands: its lease, and the highest epoch that it has ever seen."""

    held: Held | None = None
    known: Epoch | None = None

    def heard(self, beaten: Beaten, sent_at: int) -> Standing:
        """After the answer to a beat that was sent at `sent_at` (CLOCK_BOOTTIME, ms).

        Raises OldEpoch: nothing is held then.
        """
        if beaten.epoch is None or beaten.lease_ms <= 0:
            return Standing(None, self.known)
        if self.known is not None and beaten.epoch < self.known:
            raise OldEpoch(beaten.epoch, self.known)
        until = sent_at + beaten.lease_ms
        if self.held is not None and self.held.epoch == beaten.epoch:
            until = max(until, self.held.until)
        return Standing(Held(beaten.epoch, until), beaten.epoch)


# --- the server's side


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that its sender's key vouches for. signature: what the answer is bound to."""

    sender: Sender
    message: Request
    signature: bytes


def hear(public: bytes, origin: str, headers: Headers, body: bytes) -> Heard:
    """A request out of a POST to `paths.MESSAGES`.

    Args:
        public: the key of the agent that `signatures.read_sender` names; for an Enrol
            (agent "new") the one that the message itself brings.
        origin: of this installation, as configured.

    Raises:
        Forged: also for a message in a lane that is not its own.
        Unreadable: what is signed is no request.
    """
    signature = signatures.verify_request(public, METHOD, origin, MESSAGES, headers, body)
    sender, message = signatures.read_sender(headers), decode_request(body)
    if sender.lane is not lane_of(message, sender.run_id):
        raise Forged("headers")
    return Heard(sender, message, signature)


def say(
    key: Ed25519PrivateKey, answer: Answer, request_signature: bytes, status: int = 200
) -> tuple[dict[str, str], bytes]:
    """Headers and body of an answer. Raises Oversize."""
    body = encode(answer)
    headers = signatures.sign_answer(key, status, body, request_signature)
    return {**headers, "content-type": "application/json"}, body


@dataclass(frozen=True, slots=True)
class Opened:
    """A socket whose opening its sender's key vouches for. signature: what rings are bound to."""

    sender: Sender
    signature: bytes


def hear_opening(public: bytes, origin: str, headers: Headers) -> Opened:
    """Who opens the bell's socket. Raises Forged."""
    signature = signatures.verify_request(public, _UPGRADED, origin, BELL, headers, b"")
    sender = signatures.read_sender(headers)
    if sender.lane is not Lane.BELL:
        raise Forged("headers")
    return Opened(sender, signature)


def hear_beat(public: bytes, origin: str, frame: bytes, opened: Opened) -> Heard:
    """A beat out of a frame of a socket. Raises Forged, Unreadable (it is no Beat)."""
    sender, signature = signatures.verify_beat(public, origin, frame, opened.sender)
    message = decode_request(signatures.read_beat(frame, opened.sender)[2])
    if not isinstance(message, Beat):
        raise Unreadable("type")
    return Heard(sender, message, signature)


def say_beaten(key: Ed25519PrivateKey, answer: Beaten | Denied, heard: Heard) -> bytes:
    """The frame that answers a beat."""
    number, bound = heard.sender.sequence, heard.signature
    return signatures.sign_frame(key, Kind.ANSWER, number, bound, encode(answer))


def ring(key: Ed25519PrivateKey, opened: Opened, number: int, *, work: bool = True) -> bytes:
    """The frame that rings. number: from 1, one more with each ring of this socket."""
    return signatures.sign_frame(key, Kind.RING, number, opened.signature, encode(Rung(work)))
