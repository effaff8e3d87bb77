"""The second person at the console: asked for by one, agreed to by another, or not."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.countersigns import LIFE_MS
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.hands import given
from tests.unit.web.console.desk import Desk, Office, heading

ALL = "/console/approvals"


@pytest.fixture
def first(office: Office) -> Desk:
    """Where who asks sits."""
    return office.desk(Role.OWNER, name="Ann")


@pytest.fixture
def second(office: Office, first: Desk) -> Desk:
    """Where who agrees sits."""
    return office.desk(Role.OWNER, name="Bea")


@pytest.fixture
def cy(office: Office) -> User:
    """A colleague."""
    return office.staff(Role.TECHNICIAN, name="Cy")


def asked(desk: Desk, user: User, deed: str = "disable", **fields: str) -> str:
    """The page to which something leads that waits."""
    answer = desk.post(f"/console/users/{user.id}/{deed}", **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/t/northwind")


def test_what_one_asks_another_one_does(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    page = asked(first, cy)
    assert heading(first.get(page)) == "Disable the account of Cy?"
    assert "Take it back" in first.get(page).text
    assert "Agree, and do it" not in first.get(page).text
    assert heading(second.get(ALL)) == "1 thing waits for a second person."
    assert "Ann asks. If you agree, it is done at once" in second.get(page).text
    assert second.post(f"{page}/agree").headers["location"].endswith(page)
    assert office.house.again(cy).state is UserState.DISABLED
    assert "Ann asked, Bea agreed." in first.get(page).text
    assert heading(second.get(ALL)) == "Nothing waits for a second person."
    assert heading(second.post(f"{page}/agree")) == "This waits no more."


def test_a_no_and_a_never_mind_do_nothing(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    page = asked(first, cy)
    second.post(f"{page}/decline")
    assert "Ann asked, Bea said no. Nothing was done." in first.get(page).text
    page = asked(first, cy)
    first.post(f"{page}/withdraw")
    assert "Ann took it back. Nothing was done." in second.get(page).text
    page = asked(first, cy)
    office.house.clock.move(LIFE_MS)
    late = office.desk(Role.OWNER)
    assert "Nobody agreed within a day. Nothing was done." in late.get(page).text
    assert late.post(f"{page}/agree").status_code == 409
    assert office.house.again(cy).state is UserState.ACTIVE


def test_nobody_agrees_with_themselves(office: Office, first: Desk, second: Desk, cy: User) -> None:
    page = asked(first, cy)
    answer = first.post(f"{page}/agree")
    assert (answer.status_code, heading(answer)) == (403, "Nobody does this to their own account.")
    first.sign_in(office.staff(Role.OWNER), 2)  # a second account at the same browser
    answer = first.post(f"{page}/agree")
    assert answer.status_code == 403
    assert heading(answer) == "The second person answers at a browser of their own."
    assert office.house.again(cy).state is UserState.ACTIVE


def test_who_may_not_do_it_looks_and_does_not_agree(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    page = asked(first, cy)
    helper = office.desk(Role.TECHNICIAN)
    assert "Somebody else with the right to it has to agree." in helper.get(page).text
    assert helper.post(f"{page}/agree").status_code == 403


def test_alone_nobody_does_anything_to_a_colleague(office: Office, first: Desk, cy: User) -> None:
    answer = first.post(f"/console/users/{cy.id}/disable")
    assert (answer.status_code, heading(answer)) == (409, "Nobody else here may agree to this.")
    assert office.house.again(cy).state is UserState.ACTIVE


@pytest.mark.parametrize(("wanted", "shown"), [("manager", "Manager"), ("none", "None any more")])
def test_a_role_is_asked_for_on_a_page(
    office: Office, first: Desk, second: Desk, cy: User, wanted: str, shown: str
) -> None:
    form = first.get(f"/console/users/{cy.id}/role")
    assert heading(form) == "Cy has the role Technician."
    page = asked(first, cy, "role", role=wanted)
    assert shown in second.get(page).text
    second.post(f"{page}/agree")
    roles = office.house.write(lambda tx: tx.roles.of_user(cy.id))
    here = office.house.tenant.id
    assert roles == ({here: Role.MANAGER} if wanted == "manager" else {})


def test_who_has_no_role_is_offered_those_up_to_ones_own(office: Office) -> None:
    desk, ada = office.desk(Role.MANAGER), office.house.user()
    form = desk.get(f"/console/users/{ada.id}/role")
    assert heading(form) == "Ada Byron has no role here."
    assert 'value="manager"' in form.text
    assert 'value="owner"' not in form.text
    assert 'value="none"' not in form.text
    assert desk.post(f"/console/users/{ada.id}/role", role="owner").status_code == 403


def test_a_role_that_there_is_none_of_is_not_asked_for(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    assert first.post(f"/console/users/{cy.id}/role", role="king").status_code in {303, 404, 422}
    assert first.post(f"/console/users/{cy.id}/role", role="").status_code == 200
    assert "countersign.asked" not in office.house.events(cy)


def test_the_role_page_asks_for_the_second_step_first(office: Office, cy: User) -> None:
    desk = office.desk(Role.OWNER)
    office.house.clock.move(10 * MINUTE)
    answer = desk.get(f"/console/users/{cy.id}/role")
    assert answer.headers["location"].endswith(f"/account/proof?then=/console/users/{cy.id}/role")


def test_what_cannot_be_done_now_says_why(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    page = asked(first, cy, "reset-user")
    office.house.change(cy, state=UserState.DISABLED)
    answer = second.post(f"{page}/agree")
    assert (answer.status_code, heading(answer)) == (409, "This account is disabled.")
    elsewhere = office.house.add_tenant("elsewhere")
    boss = office.staff(Role.OWNER)
    page = asked(first, boss)
    office.house.write(lambda tx: tx.roles.grant(elsewhere.id, boss.id, Role.OWNER))
    assert heading(second.post(f"{page}/agree")) == "This is the last owner."


def test_a_passkey_of_a_colleagues_waits_too(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    key = given(office.house, cy)
    page = asked(first, cy, f"passkeys/{key.id}/remove")
    assert heading(second.get(page)) == "Take a passkey of Cy away?"
    second.post(f"{page}/agree")
    assert office.house.write(lambda tx: tx.passkeys.of_user(cy.tenant_id, cy.id)) == []


def test_one_about_an_account_that_is_gone_is_shown_as_such(
    office: Office, first: Desk, second: Desk, cy: User
) -> None:
    page = asked(first, cy)
    office.house.write(lambda tx: tx.users.delete(cy.tenant_id, cy.id))
    assert "somebody who is gone" in second.get(page).text
    assert first.get(ALL).status_code == 200
