"""Passkeys: questions, answers read strictly, the counter, names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import Passkey
from keyturn.rules.passkeys import (
    ALGORITHMS,
    ID_MAX,
    KEEPERS,
    NAME_MAX,
    PART_MAX,
    VERIFIED,
    Party,
    Purpose,
    as_name,
    assertion,
    attestation,
    creation_options,
    request_options,
    suggested_name,
    went_back,
)

PARTY = Party(id="id.test", origin="https://id.test", name="Northwind")
PASSKEY = Passkey(
    id="p", tenant_id="t", user_id="u", credential_id="Y3JlZA", public_key="a2V5", sign_count=1,
    name="Phone", aaguid="", transports="hybrid internal", synced=True, created_at=1,
    used_at=None, cloned_at=None,
)  # fmt: skip


def registration(**response: object) -> dict[str, Any]:
    """What a browser sends of a new passkey."""
    plain = {"clientDataJSON": "e30", "attestationObject": "oA", "transports": ["internal"]}
    body: dict[str, Any] = {"id": "Y3JlZA", "rawId": "Y3JlZA", "type": "public-key"}
    return {**body, "response": {**plain, **response}}


def use(**response: object) -> dict[str, Any]:
    """What a browser sends of a passkey in use."""
    plain = {"clientDataJSON": "e30", "authenticatorData": "oA", "signature": "c2ln"}
    body: dict[str, Any] = {"id": "Y3JlZA", "rawId": "Y3JlZA", "type": "public-key"}
    return {**body, "response": {**plain, "userHandle": "dXNlcg", **response}}


def test_a_new_passkey_is_asked_for_without_the_makers_signature() -> None:
    options = creation_options(PARTY, "Y2hhbGxlbmdl", "aGFuZGxl", "ada@northwind.test", [PASSKEY])
    assert options["rp"] == {"id": "id.test", "name": "Northwind"}
    assert options["attestation"] == "none"
    assert [p["alg"] for p in options["pubKeyCredParams"]] == list(ALGORITHMS)  # type: ignore[attr-defined]
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": "Y3JlZA", "transports": ["hybrid", "internal"]}
    ]


def test_a_key_whose_ways_are_not_known_is_looked_for_in_every_way() -> None:
    plain = replace(PASSKEY, transports="")
    options = request_options(PARTY, "Y2hhbGxlbmdl", Purpose.SECOND, [plain])
    assert options["allowCredentials"] == [{"type": "public-key", "id": "Y3JlZA"}]


@pytest.mark.parametrize("purpose", Purpose)
def test_who_signs_in_or_proves_themselves_by_a_passkey_alone_is_verified(
    purpose: Purpose,
) -> None:
    asked = request_options(PARTY, "Y2hhbGxlbmdl", purpose, [])["userVerification"]
    assert asked == ("required" if purpose in VERIFIED else "preferred")


def test_an_answer_is_read() -> None:
    made = attestation(registration())
    assert made is not None
    assert (made.id, made.transports) == ("Y3JlZA", ("internal",))
    used = assertion(use())
    assert used is not None
    assert (used.signature, used.user_handle) == ("c2ln", "dXNlcg")


@pytest.mark.parametrize("handle", [None, "absent"])
def test_a_key_that_keeps_no_handle_answers_without_one(handle: str | None) -> None:
    shown = use(userHandle=None)
    if handle == "absent":
        del shown["response"]["userHandle"]
    found = assertion(shown)
    assert found is not None
    assert found.user_handle is None


def test_ways_that_nobody_knows_are_left_out() -> None:
    made = attestation(registration(transports=["usb", "telepathy", 7]))
    assert made is not None
    assert made.transports == ("usb",)


def test_the_browsers_own_extras_do_not_matter() -> None:
    assert attestation(registration(publicKeyAlgorithm=-7)) is not None
    assert assertion({**use(), "authenticatorAttachment": "platform"}) is not None


BROKEN: list[Any] = [
    None, [], "text", {}, {"type": "public-key"},
    {"type": "password", "id": "Y3JlZA", "response": {}},
    {"type": "public-key", "id": "Y3JlZA", "rawId": "b3RoZXI", "response": {}},
    {"type": "public-key", "id": "Y3JlZA", "response": []},
    {"type": "public-key", "id": "Y3JlZA", "response": {}},
    {"type": "public-key", "id": 7, "response": {}},
    {"type": "public-key", "id": "a" * (ID_MAX + 1), "response": {}},
]  # fmt: skip


@pytest.mark.parametrize("shown", BROKEN)
def test_what_is_no_answer_is_nothing(shown: Any) -> None:
    assert attestation(shown) is None
    assert assertion(shown) is None


@pytest.mark.parametrize("value", ["", "a b", "a=", "é", 7, None, "a" * (PART_MAX + 1)])
@pytest.mark.parametrize("part", ["clientDataJSON", "attestationObject"])
def test_every_part_of_a_new_passkey_is_base64url(part: str, value: object) -> None:
    assert attestation(registration(**{part: value})) is None


@pytest.mark.parametrize("value", ["", "a b", "a=", "é", 7, "a" * (PART_MAX + 1)])
@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_every_part_of_a_use_is_base64url(part: str, value: object) -> None:
    assert assertion(use(**{part: value})) is None


def test_ways_must_be_a_list() -> None:
    assert attestation(registration(transports="usb")) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), _nested := lambda inner:
       st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_nothing_that_json_can_say_is_a_fault(value: object) -> None:
    assert attestation({**registration(), "response": value}) is None or value
    assertion({**use(), "response": value})


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_counter_that_does_not_grow_tells_of_a_copy_unless_there_is_none(
    kept: int, shown: int
) -> None:
    assert went_back(kept, shown) is not (shown > kept or kept == shown == 0)


@pytest.mark.parametrize(
    ("kept", "shown", "back"),
    [(0, 0, False), (0, 1, False), (1, 1, True), (1, 0, True), (5, 4, True), (5, 6, False)],
)
def test_the_counters_borders(kept: int, shown: int, back: bool) -> None:
    assert went_back(kept, shown) is back


def test_a_passkey_is_named_after_who_keeps_it_else_after_the_browser() -> None:
    keeper, name = next(iter(KEEPERS.items()))
    assert suggested_name("Chrome on Linux", keeper, []) == name
    assert suggested_name("Chrome on Linux", "another", []) == "Chrome on Linux"
    assert suggested_name("", "another", []) == "Passkey"


def test_a_second_one_of_the_same_name_is_numbered() -> None:
    taken = ["Chrome on Linux", "Chrome on Linux 2"]
    assert suggested_name("Chrome on Linux", "", taken) == "Chrome on Linux 3"


@given(st.text(max_size=200), st.lists(st.text(max_size=70)))
def test_a_suggested_name_is_free_and_can_be_stored(client: str, taken: list[str]) -> None:
    name = suggested_name(client, "", taken)
    assert name not in taken
    assert 0 < len(name) <= NAME_MAX


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  My   phone ", "My phone"), ("a" * NAME_MAX, "a" * NAME_MAX), ("", None), ("  ", None),
        ("a" * (NAME_MAX + 1), None), ("a\u202eb", None), ("a\x00b", None),
    ],
)  # fmt: skip
def test_a_name_is_one_line_that_can_be_read(typed: str, name: str | None) -> None:
    assert as_name(typed) == name
