"""Whatever a bound phone says, it hears a signed answer of the contract, and nothing is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.rules.accounts import User
from keyturn.steps.phone_door import Why
from keyturn.web.app_door.operations import OPERATIONS, Who
from tests.unit.flows.handsets import show
from tests.unit.flows.house import House
from tests.unit.web.browsing import Web
from tests.unit.web.talking import Talker, open_door

NAMES = sorted({name for one in OPERATIONS.values() for name in one.takes} | {"more"})
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30), st.sampled_from(["A" * 43, "0" * 26, "A" * 22, "42", "\ud800", "\x00"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.sampled_from(["pin", "keys"]), inner, max_size=3)
    ),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
ANYTHING = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def phone(house: House, web: Web) -> Talker:
    talker = Talker(open_door(web))
    talker.bind(house.user())
    return talker


def known(said: dict[str, Any]) -> bool:
    """Whether an answer is one of the contract's."""
    if "error" in said:
        return said["error"]["code"] in set(Why)
    return set(said) == {"result"}


@ANYTHING
@given(operation=st.sampled_from(sorted(OPERATIONS)), body=BODIES)
def test_any_fields(phone: Talker, operation: str, body: dict[str, Any]) -> None:
    assert known(phone.ask(operation, body))


@ANYTHING
@given(operation=st.sampled_from(sorted(OPERATIONS)), body=BODIES)
def test_any_fields_of_who_is_nobody(web: Web, operation: str, body: dict[str, Any]) -> None:
    stranger = Talker(open_door(web))
    said = stranger.ask(operation, {**body, "key": stranger.key}, keyid="new")
    assert known(said)
    if OPERATIONS[operation].who is not Who.NEW:
        assert said == {"error": {"code": "signature"}}


@ANYTHING
@given(raw=st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_body(phone: Talker, raw: bytes) -> None:
    page = phone.post("state", phone.signed("state", raw), raw)
    if page.status != 200:
        assert page.problem["code"] in {"not-json", "not-utf-8", "invalid"}
        return
    assert isinstance(json.loads(raw), dict)
    assert known(phone.heard(page))


@ANYTHING
@given(
    name=st.sampled_from(["signature", "signature-input", "content-digest", "keyturn-sequence"]),
    value=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=80),
)
def test_any_header(phone: Talker, name: str, value: str) -> None:
    page = phone.post("state", {**phone.signed("state", b"{}"), name: value}, b"{}")
    if page.status == 200:
        assert phone.heard(page) == {"error": {"code": "signature"}}
    else:
        assert (page.status, page.problem["code"]) == (400, "not-signed")


@pytest.mark.parametrize("said", ["42\u0000", "\u202e42", "４２", "٤٢", "42" * 60])
def test_a_number_as_people_or_machines_write_it(
    house: House, web: Web, said: str
) -> None:  # fmt: skip
    user: User = house.user()
    talker, shown = Talker(open_door(web)), show(house, user)
    talker.scan(shown)
    told = talker.say(shown, said)
    assert ("result" in told) is (said in {"４２", "٤٢"})
