"""Messages as JSON: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.things import Epoch
from keyturn.wire import codec, messages
from keyturn.wire.codec import Oversize, Unreadable, decode_answer, decode_request, encode

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
INT64 = st.integers(-(2**63), 2**63 - 1)
KINDS = sorted(messages.ANSWERS, key=lambda kind: kind.__name__)
REPLIES = sorted({*messages.ANSWERS.values(), messages.Denied}, key=lambda kind: kind.__name__)
for simple, strategy in ((str, TEXT), (int, INT64)):
    st.register_type_strategy(simple, strategy)

BEAT: dict[str, Any] = {"run_id": "r", "wants_lease": True, "health": ""}
SEEN: dict[str, Any] = {
    "job_id": "j", "controller": "dc1", "site": "s", "state": "proved", "delay_ms": None,
}  # fmt: skip


def document(kind: str = "Beat", body: object = None, **head: object) -> bytes:
    whole = {"keyturn": 1, "type": kind, "body": BEAT if body is None else body, **head}
    return json.dumps(whole).encode()


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        decode_request(data)
    return caught.value.why, caught.value.where


@given(st.one_of([st.from_type(kind) for kind in KINDS]))
def test_every_request_comes_out_as_it_went_in(message: Any) -> None:
    assert decode_request(encode(message)) == message


@given(st.one_of([st.from_type(kind) for kind in REPLIES]))
def test_every_answer_comes_out_as_it_went_in(message: Any) -> None:
    assert decode_answer(encode(message)) == message


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_unreadable(data: Any) -> None:
    for decode in (decode_request, decode_answer):
        with pytest.raises(Unreadable):
            decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from([*KINDS]), st.data())
def test_no_json_in_a_message_raises_anything_but_unreadable(kind: type[Any], data: Any) -> None:
    names = list(kind.__dataclass_fields__)
    body = data.draw(st.fixed_dictionaries(dict.fromkeys(names, JSON)) | JSON)
    try:
        message = decode_request(document(kind.__name__, body))
    except Unreadable:
        return
    assert type(message) is kind


def test_a_message_has_this_shape_on_the_wire() -> None:
    seen = messages.Seen("j", "dc1", "Paris", ProofState.PROVED, None)
    assert encode(seen) == (
        b'{"keyturn":1,"type":"Seen","body":{"job_id":"j","controller":"dc1","site":"Paris",'
        b'"state":"proved","delay_ms":null}}'
    )
    enrol = messages.Renew(b"\xff\xfe", b"")
    assert encode(enrol).endswith(b'{"sealing_key":"__4","certificate":""}}')


@pytest.mark.parametrize(
    ("data", "why", "where"),
    [
        (b" " * (codec.MAX_SIZE + 1), "size", ""),
        (b"\xff", "text", ""),
        (b"", "json", ""),
        (b"{", "json", ""),
        (b"[" * 200_000, "json", ""),
        (b"9" * 10_000, "json", ""),
        (b"[]", "type", ""),
        (b"{}", "type", ""),
        (b'{"keyturn":1,"keyturn":1}', "duplicate", ""),
        (document(body={**BEAT}).replace(b'"health"', b'"run_id"'), "duplicate", ""),
        (document(keyturn=2), "protocol", ""),
        (document(keyturn=True), "protocol", ""),
        (document(keyturn="1"), "protocol", ""),
        (document("Nothing"), "type", ""),
        (document(type=None), "type", ""),
        (document("Beaten"), "type", ""),  # an answer, where a request is expected
        (document(more=1), "type", ""),
        (b'{"keyturn":1,"type":"Beat"}', "type", ""),
        (document(body=[]), "value", ""),
        (document(body={**BEAT, "more": 1}), "unknown", ""),
        (document(body={"run_id": "r", "wants_lease": True}), "missing", "health"),
        (document(body={**BEAT, "wants_lease": 1}), "value", "wants_lease"),
        (document(body={**BEAT, "run_id": 1}), "value", "run_id"),
        (document(body={**BEAT, "run_id": None}), "value", "run_id"),
        (document(body={**BEAT, "run_id": "a\0b"}), "value", "run_id"),
        (document(body={**BEAT, "run_id": "\ud800"}), "text", "run_id"),
        (document("Wait", {"run_id": "r", "for_ms": 1.0}), "value", ""),
        (document("Wait", {"run_id": "r", "for_ms": float("nan")}), "value", ""),
        (document("Wait", {"run_id": "r", "for_ms": True}), "value", "for_ms"),
        (document("Wait", {"run_id": "r", "for_ms": 2**63}), "value", "for_ms"),
        (document("Seen", {**SEEN, "state": "sure"}), "value", "state"),
        (document("Seen", {**SEEN, "state": 1}), "value", "state"),
        (document("Seen", {**SEEN, "delay_ms": "1"}), "value", "delay_ms"),
        (document("Charted", {"topology": "", "reachable": []}), "value", "reachable"),
        (document("Charted", {"topology": "", "reachable": {"a\0": ""}}), "value", "reachable"),
        (document("Charted", {"topology": "", "reachable": {"a": 1}}), "value", "reachable"),
        *(
            (document("Renew", {"sealing_key": text, "certificate": ""}), "value", "sealing_key")
            for text in ("QQ==", "Q", "QR", "Q Q", "+A", "/w", "é")
        ),
    ],
)
def test_what_is_not_exactly_a_message_is_refused_with_its_reason(
    data: Any, why: str, where: str
) -> None:
    assert refusal(data) == (why, where)


def test_a_refusal_deep_inside_names_its_place() -> None:
    work = messages.Work((), (), (), (messages.Look("l", "g", "", 1),), ())
    broken = encode(work).replace(b'"left_ms":1', b'"left_ms":"1"')
    with pytest.raises(Unreadable) as caught:
        decode_answer(broken)
    assert (caught.value.why, caught.value.where) == ("value", "looks.0.left_ms")
    with pytest.raises(Unreadable) as caught:
        decode_answer(encode(work).replace(b'"looks":[', b'"looks":5,"x":['))
    assert caught.value.why == "unknown"
    with pytest.raises(Unreadable) as caught:
        decode_answer(encode(work).replace(b'"tasks":[]', b'"tasks":{}'))
    assert caught.value.where == "tasks"


def test_a_refusal_inside_of_what_may_be_absent_says_what_is_wrong_there() -> None:
    beaten = encode(messages.Beaten(Epoch(1, 2), 3, None, work=False))
    with pytest.raises(Unreadable) as caught:
        decode_answer(beaten.replace(b'"number":2', b'"number":null'))
    assert (caught.value.why, caught.value.where) == ("value", "epoch.number")


def test_what_no_text_can_hold_is_replaced_on_the_way_out() -> None:
    stamp = Stamp(1, "a", 2, 3)
    data: dict[str, int | str] = {"k\0": "\ud800é"}
    report = messages.Report("j", "r", Epoch(1, 1), "done", "", data, "00\0", stamp, bound=True)
    found = decode_request(encode(report))
    assert isinstance(found, messages.Report)
    assert (found.data, found.diagnostic) == ({"k\ufffd": "\ufffdé"}, "00\ufffd")


def test_a_message_of_ours_that_is_too_large_is_not_said() -> None:
    with pytest.raises(Oversize) as caught:
        encode(messages.Looked("l", "x" * codec.MAX_SIZE, ""))
    assert caught.value.size > codec.MAX_SIZE
