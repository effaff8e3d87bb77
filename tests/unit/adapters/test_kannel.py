"""Kannel's words: alphabets, the signed address for reports, and what reports mean."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sms import gsm
from keyturn.adapters.sms.kannel import KannelGateway, report, report_address, reported
from keyturn.rules.messages import MessageState

SEALER = MemorySealer()
HOOK = "http://127.0.0.1:8080/hooks/sms"


def params(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


@given(st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26))
def test_a_report_to_the_address_we_gave_is_believed(message_id: str) -> None:
    address = report_address(HOOK, message_id, SEALER).replace("%d", "1").replace("%A", "ok")
    assert reported(params(address), SEALER) == message_id


@pytest.mark.parametrize("change", [{"id": "other"}, {"sig": "AAAA"}, {"sig": ""}, {"sig": "é"}])
def test_a_report_for_another_message_is_not_believed(change: dict[str, str]) -> None:
    given_out = params(report_address(HOOK, "01k", SEALER))
    assert reported({**given_out, **change}, SEALER) is None


def test_a_report_without_a_signature_is_not_believed() -> None:
    assert reported({"id": "01k", "type": "1"}, SEALER) is None
    assert reported({}, SEALER) is None


def test_kannel_finds_its_escapes_in_the_address() -> None:
    address = report_address(HOOK, "01k", SEALER)
    assert address.startswith(f"{HOOK}?id=01k&sig=")
    assert address.endswith("&type=%d&answer=%A")
    assert address.count("%") == 2


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("1", MessageState.DELIVERED),
        ("2", MessageState.BOUNCED),
        ("16", MessageState.REJECTED),
        ("34", MessageState.EXPIRED),
    ],
)
def test_a_report_tells_what_became_of_the_text(kind: str, state: MessageState) -> None:
    assert report({"type": kind, "answer": "stat:X\r\nerr:1"}) == (state, "stat:X err:1")
    mute = report({"type": kind})
    assert mute is not None
    assert mute[0] is state
    assert mute[1]


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("UNDELIV", MessageState.BOUNCED),
        ("EXPIRED", MessageState.EXPIRED),
        ("REJECTD", MessageState.REJECTED),
        ("DELETED", MessageState.REJECTED),
        ("UNKNOWN", MessageState.BOUNCED),
    ],
)
def test_the_networks_own_word_is_more_exact_than_the_type(stat: str, state: MessageState) -> None:
    assert report({"type": "2", "answer": f"id:1 stat:{stat} err:001"}) == (
        state,
        f"id:1 stat:{stat} err:001",
    )
    delivered = report({"type": "1", "answer": f"id:1 stat:{stat} err:001"})
    assert delivered is not None
    assert delivered[0] is MessageState.DELIVERED


@pytest.mark.parametrize("text", ["text:", " text:", " Text:", "\ntext: "])
def test_the_code_that_a_receipt_quotes_is_not_kept(text: str) -> None:
    answer = f"id:1 stat:UNDELIV err:001{text}042917 is your Northw stat:EXPIRED"
    found = report({"type": "2", "answer": answer})
    assert found is not None
    assert found[0] is MessageState.BOUNCED
    assert "042917" not in found[1]


@pytest.mark.parametrize("kind", ["4", "8", "32", "0", "", "-1", "01", "1 ", "x", "\u0661"])
def test_a_report_that_settles_nothing_is_no_news(kind: str) -> None:
    assert report({"type": kind, "answer": "ACK/"}) is None


def test_no_type_is_no_news() -> None:
    assert report({}) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("042917 is your Northwind code.\n\n@id.northwind.test #042917", True),
        ("€ [5] ~ ^ {é}", True),
        ("", True),
        ("Müller", True),
        ("“Northwind”", False),
        ("код", False),
        ("ê", False),
        ("`", False),
    ],
)
def test_a_text_fits_the_default_alphabet_or_needs_ucs2(text: str, fits: bool) -> None:
    assert gsm.fits(text) is fits


def test_the_password_does_not_show_in_a_repr() -> None:
    assert "s3cret" not in repr(KannelGateway("http://127.0.0.1/", "keyturn", "s3cret", HOOK))
