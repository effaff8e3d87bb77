"""The switch: whether a directory's passwords sign people in."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import Role
from keyturn.steps.stepup import FRESH_MS
from tests.unit.web.console.desk import Desk, Office
from tests.unit.web.corp import Corp

PROOF = "/account/proof?then=/console/resume"


@pytest.fixture
def corp(office: Office) -> Corp:
    return Corp(office.house.write, office.house.parts, office.house.tenant)


@pytest.fixture
def desk(office: Office) -> Desk:
    """Where a manager sits."""
    return office.desk(Role.MANAGER)


def chosen(office: Office) -> tuple[str, ...]:
    """What is stored."""
    tenant = office.house.write(lambda tx: tx.tenants.get(office.house.tenant.id))
    assert tenant is not None
    return tenant.policy.directory_signin


def test_it_is_off_and_can_be_switched_on_and_off(office: Office, desk: Desk, corp: Corp) -> None:
    path = f"/console/directories/{corp.directory.id}"
    assert "Switch it on" in desk.get(path).text
    for _ in range(2):  # twice is once
        assert desk.post(f"{path}/signin", to="on").headers["location"].endswith(path)
    assert chosen(office) == (corp.directory.id,)
    assert "Switch it off" in desk.get(path).text
    desk.post(f"{path}/signin", to="off")
    assert chosen(office) == ()
    told = [row.facts for row in office.house.trail() if row.event == "directory.signin"]
    assert told == [
        {"directory": corp.directory.name, "on": True},
        {"directory": corp.directory.name, "on": False},
    ]


def test_others_stay_as_they_are(office: Office, desk: Desk, corp: Corp) -> None:
    second = Corp(office.house.write, office.house.parts, office.house.tenant, domain="b.test")
    for each in (corp, second):
        desk.post(f"/console/directories/{each.directory.id}/signin", to="on")
    desk.post(f"/console/directories/{corp.directory.id}/signin", to="off")
    assert chosen(office) == (second.directory.id,)


def test_it_must_be_they(office: Office, desk: Desk, corp: Corp) -> None:
    office.house.clock.move(FRESH_MS)
    path = f"/console/directories/{corp.directory.id}"
    answer = desk.post(f"{path}/signin", to="on")
    assert answer.headers["location"].endswith(PROOF)
    assert chosen(office) == ()


def test_a_word_that_says_nothing_is_off(office: Office, desk: Desk, corp: Corp) -> None:
    answer = desk.post(f"/console/directories/{corp.directory.id}/signin", to="maybe")
    assert answer.status_code in {303, 422}
    assert chosen(office) == ()


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_helpers_look_and_do_not_switch(office: Office, corp: Corp, role: Role) -> None:
    helper = office.desk(role)
    path = f"/console/directories/{corp.directory.id}"
    assert "Switch it on" not in helper.get(path).text
    assert helper.post(f"{path}/signin", to="on").status_code == 403
    assert chosen(office) == ()


def test_a_directory_of_another_tenant_is_not_there(office: Office, desk: Desk) -> None:
    other = Corp(office.house.write, office.house.parts, office.other)
    answer = desk.post(f"/console/directories/{other.directory.id}/signin", to="on")
    assert answer.status_code == 404
