"""Delivery receipts: parameters, texts, names in hex and decimal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.sms.pdu import Address, ShortMessage, Tag
from keyturn.adapters.sms.receipts import name, receipt, spellings
from keyturn.adapters.sms.remembered import Known, Remembered
from keyturn.rules.messages import MessageState
from keyturn.rules.texts import same_number

TEXT = (
    "id:{id} sub:001 dlvrd:001 submit date:2611220913 done date:2611220914 "
    "stat:{stat} err:{err} text:{text}"
)


def coming(text: str = "", *, esm_class: int = 4, **options: bytes) -> ShortMessage:
    named = {Tag[key]: value for key, value in options.items()}
    return ShortMessage(
        Address("447700900120", 1, 1), Address("Keyturn", 5, 0), text.encode(),
        esm_class=esm_class, options={int(tag): value for tag, value in named.items()},
    )  # fmt: skip


def worded(stat: str, *, err: str = "000", text: str = "") -> ShortMessage:
    return coming(TEXT.format(id="31", stat=stat, err=err, text=text))


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", MessageState.DELIVERED),
        ("delivrd", MessageState.DELIVERED),
        ("DELIVERED", MessageState.DELIVERED),
        ("EXPIRED", MessageState.EXPIRED),
        ("DELETED", MessageState.REJECTED),
        ("UNDELIV", MessageState.BOUNCED),
        ("REJECTD", MessageState.REJECTED),
        ("REJECTED", MessageState.REJECTED),
        ("ACCEPTD", None),
        ("ENROUTE", None),
        ("UNKNOWN", None),
        ("NONSENS", None),
    ],
)
def test_the_word_of_a_receipt_tells_the_fate(stat: str, state: MessageState | None) -> None:
    found = receipt(worded(stat, err="069"))
    assert found is not None
    assert found.state is state
    assert found.detail == f"{stat.upper()[:7]} err:069"
    assert found.number == "447700900120"


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, None),
        (2, MessageState.DELIVERED),
        (3, MessageState.EXPIRED),
        (4, MessageState.REJECTED),
        (5, MessageState.BOUNCED),
        (6, None),
        (7, None),
        (8, MessageState.REJECTED),
        (200, None),
    ],
)
def test_the_parameter_tells_the_fate_without_any_text(
    number: int, state: MessageState | None
) -> None:
    found = receipt(
        coming(
            RECEIPTED_MESSAGE_ID=b"00AB\0",
            MESSAGE_STATE=bytes([number]),
            NETWORK_ERROR_CODE=b"\x03\x00\x45",
        )
    )
    assert found is not None
    assert (found.names[0], found.state) == ("ab", state)
    assert found.detail == f"state {number} err:069"


def test_parameters_win_over_the_text() -> None:
    text = TEXT.format(id="99", stat="UNDELIV", err="001", text="")
    found = receipt(coming(text, RECEIPTED_MESSAGE_ID=b"31\0", MESSAGE_STATE=b"\x02"))
    assert found is not None
    assert (found.names[0], found.state) == ("31", MessageState.DELIVERED)


def test_the_receipt_may_stand_in_the_payload() -> None:
    payload = TEXT.format(id="31", stat="DELIVRD", err="000", text="").encode()
    found = receipt(coming(MESSAGE_PAYLOAD=payload))
    assert found is not None
    assert found.state is MessageState.DELIVERED


def test_what_the_text_quotes_decides_nothing() -> None:
    found = receipt(worded("UNDELIV", text="id:77 stat:DELIVRD err:000"))
    assert found is not None
    assert (found.names[0], found.state) == ("31", MessageState.BOUNCED)


@pytest.mark.parametrize("esm_class", [0, 0x40, 0x08, 0x10, 0x20])
def test_a_text_from_somebody_is_no_receipt(esm_class: int) -> None:
    assert receipt(coming("id:31 stat:DELIVRD", esm_class=esm_class)) is None


def test_a_receipt_about_nothing_is_none() -> None:
    assert receipt(coming("stat:DELIVRD")) is None
    assert receipt(coming("id:000 stat:DELIVRD")) is None


@given(st.binary(max_size=254), st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=9)))
def test_receipts_of_strangers_do_no_harm(text: bytes, options: dict[int, bytes]) -> None:
    found = receipt(ShortMessage(Address(), Address(), text, esm_class=4, options=options))
    assert found is None or found.detail.isprintable()


@given(st.integers(1, 2**63))
def test_an_id_given_in_hex_is_found_by_a_receipt_in_decimal(number: int) -> None:
    assert name(f"{number:08X}") in spellings(f"{number:010d}")


@given(st.integers(1, 2**63))
def test_an_id_given_in_decimal_is_found_by_a_receipt_in_hex(number: int) -> None:
    assert name(f"{number:010d}") in spellings(f"{number:08X}")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_an_id_is_first_of_all_itself(message_id: str) -> None:
    assert spellings(message_id)[:1] == ((name(message_id),) if name(message_id) else ())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+447700900120", "447700900120", True),
        ("00447700900120", "+447700900120", True),
        ("07700900120", "+447700900120", True),
        ("7700900120", "+447700900120", True),
        ("+447700900121", "+447700900120", False),
        ("900120", "+447700900120", False),
        ("", "+447700900120", False),
        ("Keyturn", "+447700900120", False),
    ],
)
def test_numbers_are_compared_by_their_digits(one: str, other: str, same: bool) -> None:
    assert same_number(one, other) is same
    assert same_number(other, one) is same


def test_a_text_in_parts_is_delivered_with_the_last_part_out() -> None:
    known = Remembered()
    known.begin("m", 2)
    known.add("m", "1")
    assert known.settle(["1"], delivered=True) == Known("m", complete=False)
    known.add("m", "2")
    assert known.settle(["1"], delivered=True) == Known("m", complete=False)
    assert known.settle(["x", "2"], delivered=True) == Known("m", complete=True)


def test_a_lost_part_is_a_lost_text() -> None:
    known = Remembered()
    known.begin("m", 2)
    known.add("m", "1")
    known.add("m", "2")
    assert known.settle(["2"], delivered=False) == Known("m", complete=True)


def test_only_so_many_texts_and_parts_are_remembered() -> None:
    known = Remembered(most=2)
    for at in range(4):
        known.begin(f"m{at}", 2)
        known.add(f"m{at}", str(at))
    assert known.settle(["1"], delivered=True) is None
    assert known.settle(["2"], delivered=True) == Known("m2", complete=False)
    known.begin("m4", 2)
    assert known.settle(["3"], delivered=True) == Known("m3", complete=False)


def test_a_part_whose_text_is_forgotten_speaks_for_itself() -> None:
    known = Remembered(most=1)
    known.begin("a", 2)
    known.begin("b", 2)
    known.add("a", "1")
    assert known.settle(["1"], delivered=True) == Known("a", complete=True)
