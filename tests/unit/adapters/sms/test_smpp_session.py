"""An SMPP session, byte by byte, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.sms.pdu import (
    Address,
    Command,
    Frames,
    Malformed,
    Pdu,
    ShortMessage,
    Status,
)
from keyturn.adapters.sms.smpp_session import (
    Alive,
    Answered,
    Arrived,
    BindRefused,
    Bound,
    Ended,
    Session,
    State,
)

TEXT = ShortMessage(Address("Keyturn", 5), Address("447700900120", 1, 1), b"042917")


def sent(session: Session) -> list[Pdu]:
    return Frames().feed(session.outgoing())


def coming(command: int, sequence: int = 1, status: int = 0, body: bytes = b"") -> bytes:
    return Pdu(command, status, sequence, body).encode()


@pytest.fixture
def bound() -> Session:
    session = Session("keyturn", "s3cret")
    session.outgoing()
    assert session.receive(coming(Command.BIND_TRANSCEIVER_RESP, body=b"SMSC\0")) == [Bound()]
    return session


def test_a_session_begins_with_its_bind() -> None:
    session = Session("keyturn", "s3cret", "VMA")
    (asked,) = sent(session)
    assert (asked.command, asked.sequence) == (Command.BIND_TRANSCEIVER, 1)
    assert asked.body.startswith(b"keyturn\0s3cret\0VMA\0\x34")
    assert session.outgoing() == b""


def test_a_refused_bind_says_why() -> None:
    session = Session("keyturn", "wrong")
    answer = coming(Command.BIND_TRANSCEIVER_RESP, status=Status.INVALID_PASSWORD)
    assert session.receive(answer) == [BindRefused(Status.INVALID_PASSWORD)]
    assert session.state is State.CLOSED


def test_a_bind_that_is_not_understood_is_refused() -> None:
    nack = coming(Command.GENERIC_NACK, status=Status.INVALID_COMMAND)
    assert Session("u", "p").receive(nack) == [BindRefused(Status.INVALID_COMMAND)]


def test_no_text_is_handed_over_before_the_bind() -> None:
    with pytest.raises(ValueError, match="binding"):
        Session("u", "p").submit(TEXT)


def test_an_answer_finds_its_text(bound: Session) -> None:
    first, second = bound.submit(TEXT), bound.submit(TEXT)
    answers = coming(Command.SUBMIT_SM_RESP, second, body=b"b\0") + coming(
        Command.SUBMIT_SM_RESP, first, Status.THROTTLED
    )
    assert bound.receive(answers) == [
        Answered(second, 0, "b"),
        Answered(first, Status.THROTTLED, ""),
    ]


def test_an_answer_nobody_waits_for_is_let_pass(bound: Session) -> None:
    sequence = bound.submit(TEXT)
    bound.forget(sequence)
    answer = coming(Command.SUBMIT_SM_RESP, sequence, body=b"b\0")
    assert bound.receive(answer) == []
    assert bound.receive(coming(Command.SUBMIT_SM_RESP, 4711, body=b"b\0")) == []


def test_an_answer_counts_once(bound: Session) -> None:
    answer = coming(Command.SUBMIT_SM_RESP, bound.submit(TEXT), body=b"b\0")
    assert len(bound.receive(answer + answer)) == 1


def test_a_text_that_is_not_understood_is_refused(bound: Session) -> None:
    sequence = bound.submit(TEXT)
    assert bound.receive(coming(Command.GENERIC_NACK, sequence)) == [
        Answered(sequence, Status.SYSTEM_ERROR, "")
    ]


def test_a_receipt_waits_to_be_acknowledged(bound: Session) -> None:
    bound.outgoing()
    assert bound.receive(coming(Command.DELIVER_SM, 9, body=TEXT.encode())) == [Arrived(9, TEXT)]
    assert bound.outgoing() == b""
    bound.acknowledge(9, Status.TEMPORARY)
    assert sent(bound) == [Pdu(Command.DELIVER_SM_RESP, Status.TEMPORARY, 9, b"\0")]


def test_a_receipt_that_cannot_be_read_is_refused_alone(bound: Session) -> None:
    bound.outgoing()
    assert bound.receive(coming(Command.DELIVER_SM, 9, body=b"\0")) == []
    assert sent(bound) == [Pdu(Command.DELIVER_SM_RESP, Status.PERMANENT, 9, b"\0")]
    assert bound.state is State.BOUND


def test_both_sides_ask_whether_the_other_is_there(bound: Session) -> None:
    bound.enquire()
    (asked,) = sent(bound)
    assert asked.command == Command.ENQUIRE_LINK
    assert bound.receive(coming(Command.ENQUIRE_LINK_RESP, asked.sequence)) == [Alive()]
    assert bound.receive(coming(Command.ENQUIRE_LINK, 77)) == []
    assert sent(bound) == [Pdu(Command.ENQUIRE_LINK_RESP, 0, 77)]


def test_either_side_takes_leave(bound: Session) -> None:
    assert bound.receive(coming(Command.UNBIND_RESP, 5)) == []
    bound.unbind()
    (asked,) = sent(bound)
    assert asked.command == Command.UNBIND
    assert bound.receive(coming(Command.UNBIND_RESP, asked.sequence)) == [Ended()]
    assert bound.state is State.CLOSED


def test_a_session_that_is_ended_from_afar_answers(bound: Session) -> None:
    bound.outgoing()
    assert bound.receive(coming(Command.UNBIND, 6)) == [Ended()]
    assert sent(bound) == [Pdu(Command.UNBIND_RESP, 0, 6)]


def test_requests_that_a_client_does_not_serve_are_refused(bound: Session) -> None:
    bound.outgoing()
    assert bound.receive(coming(0x0103, 8) + coming(Command.SUBMIT_SM, 9)) == []
    assert [(p.command, p.status, p.sequence) for p in sent(bound)] == [
        (Command.GENERIC_NACK, Status.INVALID_COMMAND, 8),
        (Command.GENERIC_NACK, Status.INVALID_COMMAND, 9),
    ]
    assert bound.receive(coming(0x80000103, 8) + coming(Command.BIND_TRANSCEIVER_RESP)) == []
    assert bound.outgoing() == b""


def test_sequence_numbers_begin_anew_after_the_last(bound: Session) -> None:
    bound._sequence = 0x7FFFFFFE
    assert (bound.submit(TEXT), bound.submit(TEXT)) == (0x7FFFFFFF, 1)


def test_the_password_does_not_show() -> None:
    assert "s3cret" not in repr(Session("keyturn", "s3cret"))


@given(st.lists(st.one_of(
    st.binary(max_size=40),
    st.builds(coming, st.sampled_from([*Command, 0x103]), st.integers(0, 5), st.integers(0, 9),
              st.binary(max_size=30)),
)))  # fmt: skip
def test_whatever_comes_is_understood_or_refused(stream: list[bytes]) -> None:
    session = Session("u", "p")
    try:
        for data in stream:
            session.receive(data)
    except Malformed:
        pass
