"""The conversation: lanes, numbers, which answer fits, and how a lease is counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.things import AgentRole, Epoch
from keyturn.wire import session, signatures
from keyturn.wire.codec import Unreadable, encode
from keyturn.wire.messages import (
    COMMAND,
    Answer,
    Beat,
    Beaten,
    Denied,
    Enrol,
    Enrolled,
    Fetch,
    Release,
    Rung,
    SyncBegun,
    SyncChanges,
    SyncLost,
    SyncPage,
    SyncStuck,
    Taken,
    Wait,
    Work,
)
from keyturn.wire.paths import BELL, MESSAGES
from keyturn.wire.session import Held, OldEpoch, Opened, Opening, Said, Speaker, Standing
from keyturn.wire.signatures import Forged, Kind, Lane

AGENT = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
SERVER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
AGENT_KEY, SERVER_KEY = (key.public_key().public_bytes_raw() for key in (AGENT, SERVER))
ORIGIN = "https://keyturn.example.test"
NOTHING = Work((), (), (), (), ())
WAIT = Wait("run", 25_000)


def speaker(server_key: bytes | None = SERVER_KEY) -> Speaker:
    numbers = count(1)
    return Speaker(AGENT, server_key, ORIGIN, "agent", "run", lambda _lane: next(numbers))


def answered(said: Said, answer: Answer, key: Ed25519PrivateKey = SERVER) -> Answer:
    heard = session.hear(AGENT_KEY, ORIGIN, said.headers, said.body)
    headers, body = session.say(key, answer, heard.signature)
    return speaker().hear(said, 200, headers, body)


@pytest.mark.parametrize(
    ("message", "lane"),
    [
        (Fetch("run"), Lane.WORK),
        (WAIT, Lane.WAIT),
        (Beat("run", wants_lease=True, health=""), Lane.BELL),
        (Release("run"), Lane.BELL),
        (SyncBegun("at", b"", 1), Lane.SYNC),
        (SyncPage("at", "", (), last=True), Lane.SYNC),
        (SyncChanges("at", (), (), b"", whole=False), Lane.SYNC),
        (SyncLost("at"), Lane.SYNC),
        (SyncStuck("at", "scope", "OU=A"), Lane.SYNC),
    ],
)
def test_a_message_goes_by_its_lane_with_a_number_that_rises(
    message: Fetch | Wait | Beat | Release, lane: Lane
) -> None:
    agent = speaker()
    for number in (1, 2):
        said = agent.ask(message)
        heard = session.hear(AGENT_KEY, ORIGIN, said.headers, said.body)
        assert (heard.message, heard.sender.lane, heard.sender.sequence) == (message, lane, number)


def test_a_message_in_another_lane_is_refused() -> None:
    body = encode(WAIT)
    sender = speaker().sender(Lane.WORK)
    headers = signatures.sign_request(AGENT, "POST", ORIGIN, MESSAGES, sender, body)
    with pytest.raises(Forged):
        session.hear(AGENT_KEY, ORIGIN, headers, body)


def test_the_answer_that_fits_is_taken_and_so_is_a_refusal() -> None:
    assert answered(speaker().ask(Fetch("run")), NOTHING) == NOTHING
    denied = Denied("revoked", None)
    assert answered(speaker().ask(Fetch("run")), denied) == denied


def test_an_answer_to_something_else_is_not() -> None:
    with pytest.raises(Unreadable):
        answered(speaker().ask(Fetch("run")), Rung(work=True))


def test_an_answer_of_another_installation_is_not() -> None:
    with pytest.raises(Forged):
        answered(speaker().ask(Fetch("run")), NOTHING, key=AGENT)


def test_an_answer_kept_from_before_is_not() -> None:
    agent = speaker()
    first, second = agent.ask(Fetch("run")), agent.ask(Fetch("run"))
    headers, body = session.say(SERVER, NOTHING, first.signature)
    with pytest.raises(Forged):
        agent.hear(second, 200, headers, body)


AD = DirectoryKind.ACTIVE_DIRECTORY
ENROL = Enrol("token", "dc1", "dc1", AGENT_KEY, b"k" * 32, "m", "here", "1", AD)
ENROLLED = Enrolled("a", "d", "corp", AgentRole.CANDIDATE, SERVER_KEY, None, approved=False)


def test_before_enrolment_the_answer_must_agree_with_the_key_that_it_brings() -> None:
    agent = speaker(server_key=None)
    said = agent.ask(ENROL)
    headers, body = session.say(SERVER, ENROLLED, said.signature)
    assert agent.hear(said, 200, headers, body) == ENROLLED
    other = replace(ENROLLED, server_key=AGENT_KEY)
    headers, body = session.say(SERVER, other, said.signature)
    with pytest.raises(Forged):
        agent.hear(said, 200, headers, body)


def test_before_enrolment_a_refusal_is_believed() -> None:
    agent = speaker(server_key=None)
    said = agent.ask(ENROL)
    headers, body = session.say(SERVER, Denied("token", None), said.signature)
    assert agent.hear(said, 200, headers, body) == Denied("token", None)
    headers, body = session.say(SERVER, Taken(), said.signature)
    with pytest.raises(Unreadable):
        agent.hear(said, 200, headers, body)


EPOCH = Epoch(1, 5)


def beaten(epoch: Epoch | None = EPOCH, lease_ms: int = 45_000) -> Beaten:
    return Beaten(epoch, lease_ms, None, work=False)


def test_a_lease_is_counted_from_sending() -> None:
    standing = Standing().heard(beaten(), 1_000)
    assert standing == Standing(Held(EPOCH, 46_000), EPOCH)
    assert standing.held is not None
    assert standing.held.outlasts(1_000, 44_999)
    assert not standing.held.outlasts(1_000, 45_000)


def test_an_older_answer_shortens_no_lease_of_the_same_epoch() -> None:
    standing = Standing().heard(beaten(), 20_000).heard(beaten(), 1_000)
    assert standing.held == Held(EPOCH, 65_000)


def test_a_new_epoch_is_a_new_lease() -> None:
    later = Epoch(2, 1)
    standing = Standing().heard(beaten(), 20_000).heard(beaten(later), 1_000)
    assert standing == Standing(Held(later, 46_000), later)


@pytest.mark.parametrize("answer", [beaten(None, 0), beaten(EPOCH, 0)])
def test_without_a_lease_nothing_is_held_and_the_epoch_is_remembered(answer: Beaten) -> None:
    assert Standing().heard(beaten(), 1_000).heard(answer, 2_000) == Standing(None, EPOCH)


def test_an_older_epoch_is_refused() -> None:
    standing = Standing(None, EPOCH)
    with pytest.raises(OldEpoch) as caught:
        standing.heard(beaten(Epoch(1, 4)), 0)
    assert (caught.value.offered, caught.value.known) == (Epoch(1, 4), EPOCH)


BEAT = Beat("run", wants_lease=True, health="")


def opened(agent: Speaker) -> tuple[Opening, Opened]:
    opening = agent.open()
    return opening, session.hear_opening(AGENT_KEY, ORIGIN, opening.headers)


def test_a_beat_by_the_socket_is_heard_and_its_answer_is_bound_to_it() -> None:
    agent = speaker()
    opening, socket = opened(agent)
    beat, other = agent.beat(BEAT), agent.beat(BEAT)
    heard = session.hear_beat(AGENT_KEY, ORIGIN, beat.frame, socket)
    assert (heard.message, heard.sender.sequence, heard.signature) == (
        BEAT, beat.number, beat.signature,
    )  # fmt: skip
    frame = session.say_beaten(SERVER, beaten(), heard)
    asked = {beat.number: beat.signature}
    assert agent.hear_frame(frame, opening, asked) == (Kind.ANSWER, beat.number, beaten())
    for wrong in ({}, {beat.number: other.signature}):
        with pytest.raises(Forged):
            agent.hear_frame(frame, opening, wrong)
    with pytest.raises(Forged):
        speaker(server_key=None).hear_frame(frame, opening, asked)


def test_a_ring_is_bound_to_its_socket() -> None:
    agent = speaker()
    opening, socket = opened(agent)
    frame = session.ring(SERVER, socket, 1)
    assert agent.hear_frame(frame, opening, {}) == (Kind.RING, 1, Rung(work=True))
    with pytest.raises(Forged):
        agent.hear_frame(frame, agent.open(), {})


def test_an_answer_of_another_kind_in_a_frame_is_refused() -> None:
    agent = speaker()
    opening, socket = opened(agent)
    beat = agent.beat(BEAT)
    frame = signatures.sign_frame(
        SERVER, Kind.ANSWER, beat.number, beat.signature, encode(Rung(work=True))
    )
    with pytest.raises(Unreadable):
        agent.hear_frame(frame, opening, {beat.number: beat.signature})
    sender = replace(socket.sender, sequence=9)
    with pytest.raises(Unreadable):
        session.hear_beat(
            AGENT_KEY, ORIGIN, signatures.sign_beat(AGENT, ORIGIN, sender, encode(WAIT)), socket
        )


def test_the_socket_is_opened_in_the_bells_lane() -> None:
    sender = speaker().sender(Lane.WORK)
    headers = signatures.sign_request(AGENT, "GET", ORIGIN, BELL, sender, b"")
    with pytest.raises(Forged):
        session.hear_opening(AGENT_KEY, ORIGIN, headers)


def test_a_command_has_a_lane_of_its_own() -> None:
    said = replace(speaker(), run_id=COMMAND).ask(Fetch(COMMAND))
    heard = session.hear(AGENT_KEY, ORIGIN, said.headers, said.body)
    assert heard.sender.lane is Lane.COMMAND
