"""Keys of programs, in the console: owners alone; each shown once."""

from __future__ import annotations

import re

import pytest

from keyturn.flows import api_keys
from keyturn.rules.accounts import Role
from keyturn.rules.api_keys import Scope
from tests.unit.flows.house import run
from tests.unit.flows.programs import make_key
from tests.unit.web.console.desk import Desk, Office, heading

KEYS = "/console/keys"


def shown(text: str) -> str:
    found = re.search(r'data-plain="(kt[kc]_[^"]+)"', text)
    assert found is not None
    return found[1]


def opens(office: Office, key: str) -> bool:
    caller = office.house.browser().caller
    return run(api_keys.authenticate(office.house.parts, caller, key)) is not None


@pytest.fixture
def owner(office: Office) -> Desk:
    return office.desk(Role.OWNER)


def test_a_key_is_made_and_shown_once(office: Office, owner: Desk) -> None:
    assert heading(owner.get(KEYS)) == "No program may ask here."
    made = owner.post(KEYS, name="Service <b>Desk</b>")
    assert heading(made) == "With this key Service &lt;b&gt;Desk&lt;/b&gt; verifies callers."
    key = shown(made.text)
    assert opens(office, key)
    page = owner.get(KEYS)
    assert heading(page) == "1 program may ask here."
    assert key not in page.text
    assert f"<code>{key[:10]}</code>" in page.text


def test_a_key_for_cases_is_made_and_opens_cases_alone(office: Office, owner: Desk) -> None:
    made = owner.post(KEYS, name="Own desk", opens="cases")
    assert heading(made) == "With this key Own desk works on cases."
    assert "Keyturn-Technician" in made.text
    key, caller = shown(made.text), office.house.browser().caller
    assert key.startswith("ktc_")
    found = run(api_keys.authenticate(office.house.parts, caller, key, Scope.CASES))
    assert found is not None
    assert not opens(office, key)
    assert '<td role="cell" data-label="Opens">Cases</td>' in owner.get(KEYS).text


def test_what_a_key_opens_is_one_of_two_and_stays_chosen(owner: Desk) -> None:
    assert owner.post(KEYS, name="Desk", opens="all").status_code == 422
    again = owner.post(KEYS, name="", opens="cases")
    assert again.status_code == 422
    assert 'value="cases" checked' in again.text


def test_it_is_revoked_after_a_question(office: Office, owner: Desk) -> None:
    made = make_key(office.house)
    assert "Never" in owner.get(KEYS).text
    address = f"{KEYS}/{made.stored.id}/revoke"
    assert heading(owner.get(address)) == "Revoke the key of ServiceDesk?"
    assert opens(office, made.key)
    assert owner.post(address).headers["location"] == f"/t/northwind{KEYS}"
    assert not opens(office, made.key)
    for again in (owner.get(address), owner.post(address)):
        assert again.status_code == 404


@pytest.mark.parametrize("name", ["", "x" * 41, "https://evil.test", "ServiceDesk"])
def test_a_name_that_cannot_be_is_told(office: Office, owner: Desk, name: str) -> None:
    make_key(office.house)
    answer = owner.post(KEYS, name=name)
    assert answer.status_code == 422
    taken = "Another key has this name." in answer.text
    assert taken is (name == "ServiceDesk")
    assert taken or "A name has 1 to 40 characters" in answer.text


def test_the_way_there_is_shown_to_owners_alone(office: Office, owner: Desk) -> None:
    assert "Keys of programs" in owner.get("/console/users").text
    assert "Keys of programs" not in office.desk(Role.MANAGER).get("/console/users").text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_nobody_else_sees_makes_or_revokes_one(office: Office, role: Role) -> None:
    made, desk = make_key(office.house), office.desk(role)
    address = f"{KEYS}/{made.stored.id}/revoke"
    for answer in (desk.get(KEYS), desk.post(KEYS, name="Mine"), desk.get(address),
                   desk.post(address)):  # fmt: skip
        assert answer.status_code == 403
    assert opens(office, made.key)


def test_another_tenant_s_owner_does_not_find_it(office: Office) -> None:
    made = make_key(office.house)
    there = office.desk(Role.OWNER, tenant=office.other)
    assert heading(there.get(KEYS)) == "No program may ask here."
    for answer in (there.get(f"{KEYS}/{made.stored.id}/revoke"),
                   there.post(f"{KEYS}/{made.stored.id}/revoke")):  # fmt: skip
        assert answer.status_code == 404
    assert opens(office, made.key)
