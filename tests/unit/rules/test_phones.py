"""Which numbers get a text, and what is offered to the others."""

from __future__ import annotations

import pytest

from keyturn.rules.phones import Alternative, Ask, MaySend, advice, owed

OTHER, CALL, APP = Alternative.OTHER_NUMBER, Alternative.VOICE_CALL, Alternative.AUTHENTICATOR


@pytest.mark.parametrize("line", ["mobile", "either", "voip"])
@pytest.mark.parametrize("insisted", [False, True])
def test_a_line_that_takes_texts_gets_one(line: str, insisted: bool) -> None:
    assert advice(line, insisted=insisted, voice=False) == MaySend()


def test_a_landline_is_asked_about_before_anything_is_sent() -> None:
    assert advice("landline", insisted=False, voice=False) == Ask("landline", True, (OTHER, APP))


def test_a_landline_is_offered_a_call_where_the_gateway_can() -> None:
    assert advice("landline", insisted=False, voice=True) == Ask(
        "landline", True, (OTHER, CALL, APP)
    )


def test_a_person_who_says_a_landline_takes_texts_is_believed() -> None:
    assert advice("landline", insisted=True, voice=True) == MaySend()


@pytest.mark.parametrize("line", ["other", "", "satellite"])
@pytest.mark.parametrize("insisted", [False, True])
@pytest.mark.parametrize("voice", [False, True])
def test_premium_and_unheard_of_lines_never_get_anything(
    line: str, insisted: bool, voice: bool
) -> None:
    assert advice(line, insisted=insisted, voice=voice) == Ask(line, False, (OTHER, APP))


@pytest.mark.parametrize(
    ("policy", "phone", "authenticator", "expected"),
    [
        ("required", None, False, True),
        ("required", "+447400123456", False, False),
        ("required", None, True, False),
        ("optional", None, False, False),
        ("off", None, False, False),
    ],
)
def test_a_number_is_owed_only_where_it_is_required_and_nothing_stands_in_for_it(
    policy: str, phone: str | None, authenticator: bool, expected: bool
) -> None:
    assert owed(policy, phone, authenticator) is expected
