"""SMPP's PDUs: what is written is read back, also by another implementation; nothing hurts."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp

from keyturn.adapters.sms import pdu
from keyturn.adapters.sms.pdu import (
    Address,
    Command,
    Frames,
    Malformed,
    Pdu,
    ShortMessage,
    Status,
    Tag,
)

ASCII = st.characters(min_codepoint=1, max_codepoint=127)
OCTET = st.integers(0, 255)
ADDRESSES = st.builds(Address, st.text(ASCII, max_size=20), OCTET, OCTET)
MESSAGES = st.builds(
    ShortMessage,
    source=ADDRESSES,
    to=ADDRESSES,
    text=st.binary(max_size=254),
    coding=OCTET,
    esm_class=OCTET,
    valid=st.sampled_from(["", "000000001000000R"]),
    report=OCTET,
    options=st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=30), max_size=4),
)
PDUS = st.builds(Pdu, *[st.integers(0, 0xFFFFFFFF)] * 3, body=st.binary(max_size=60))


class Numbers:
    """What smpplib wants of its client."""

    sequence = 7

    def next_sequence(self) -> int:
        return self.sequence


def theirs(raw: bytes) -> Any:
    return smpp.parse_pdu(raw, client=Numbers(), allow_unknown_opt_params=True)


@given(MESSAGES)
def test_a_short_message_is_read_as_it_was_written(message: ShortMessage) -> None:
    assert ShortMessage.parse(message.encode()) == message


@given(st.lists(PDUS, max_size=5), st.data())
def test_a_stream_is_cut_into_its_pdus_however_it_arrives(pdus: list[Pdu], data: Any) -> None:
    stream = b"".join(p.encode() for p in pdus)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    at = [0, *sorted(cuts), len(stream)]
    frames = Frames()
    found = [p for start, end in pairwise(at) for p in frames.feed(stream[start:end])]
    assert found == pdus


@given(st.binary(max_size=200))
def test_bytes_of_strangers_are_read_or_refused(data: bytes) -> None:
    try:
        for came in Frames().feed(data):
            assert isinstance(came, Pdu)
        ShortMessage.parse(data)
        pdu.message_id(data)
    except Malformed:
        pass


@pytest.mark.parametrize("length", [0, 15, pdu.LONGEST + 1, 0xFFFFFFFF])
def test_an_impossible_length_is_refused_before_anything_is_kept(length: int) -> None:
    with pytest.raises(Malformed):
        Frames().feed(struct.pack(">4I", length, 4, 0, 1))


def test_another_implementation_reads_our_submit_sm() -> None:
    ours = ShortMessage(
        Address("Keyturn", 5, 0), Address("447700900120", 1, 1), b"code \x1be", coding=8,
        esm_class=0x40, valid="000000001000000R", report=1,
    )  # fmt: skip
    read = theirs(Pdu(Command.SUBMIT_SM, 0, 9, ours.encode()).encode())
    assert (read.command, read.sequence) == ("submit_sm", 9)
    assert (read.source_addr_ton, read.source_addr) == (5, b"Keyturn")
    assert (read.dest_addr_ton, read.destination_addr) == (1, b"447700900120")
    assert (read.esm_class, read.data_coding, read.registered_delivery) == (0x40, 8, 1)
    assert (read.short_message, read.validity_period) == (b"code \x1be", b"000000001000000R")


def test_we_write_the_bind_that_another_implementation_writes() -> None:
    made = smpp.make_pdu(
        "bind_transceiver", client=Numbers(), system_id="keyturn", password="s3cret",
        system_type="VMA", interface_version=0x34,
    )  # fmt: skip
    ours = Pdu(Command.BIND_TRANSCEIVER, 0, 7, pdu.bind("keyturn", "s3cret", "VMA"))
    assert ours.encode() == made.generate()


def test_we_read_the_deliver_sm_of_another_implementation() -> None:
    made = smpp.make_pdu(
        "deliver_sm", client=Numbers(), source_addr="447700900120", source_addr_ton=1,
        source_addr_npi=1, destination_addr="Keyturn", dest_addr_ton=5, esm_class=4,
        short_message=b"id:1", receipted_message_id="abc", message_state=2,
    )  # fmt: skip
    (came,) = Frames().feed(made.generate())
    message = ShortMessage.parse(came.body)
    assert (came.command, message.source.text, message.text) == (5, "447700900120", b"id:1")
    assert message.options == {Tag.RECEIPTED_MESSAGE_ID: b"abc\0", Tag.MESSAGE_STATE: b"\x02"}


def test_the_id_in_a_submit_sm_resp_may_be_missing() -> None:
    assert pdu.message_id(b"") == ""
    assert pdu.message_id(b"0a1b\0") == "0a1b"
    with pytest.raises(Malformed):
        pdu.message_id(b"0a1b")


@pytest.mark.parametrize(
    "login",
    [
        ("u" * 16, "p", ""),
        ("u", "p" * 9, ""),
        ("u", "p", "t" * 13),
        ("é", "p", ""),
        ("u\0", "p", ""),
    ],
)
def test_a_login_that_smpp_cannot_carry_is_refused(login: tuple[str, str, str]) -> None:
    with pytest.raises(Malformed):
        pdu.bind(*login)


def test_a_text_of_more_than_254_octets_is_refused() -> None:
    with pytest.raises(Malformed):
        ShortMessage(Address(), Address(), b"x" * 255).encode()


def test_a_status_is_told_so_that_it_can_be_looked_up() -> None:
    assert pdu.described(Status.THROTTLED) == "0x00000058 THROTTLED"
    assert pdu.described(0x401) == "0x00000401 not in our list"
