"""A user's passkeys in the console: shown, and taken away with the user's knowledge."""

from __future__ import annotations

from keyturn.rules.accounts import Role
from tests.unit.flows.hands import given, kept
from tests.unit.web.console.desk import Office, heading


def test_the_page_of_a_user_shows_passkeys_and_which_were_copied(office: Office) -> None:
    ada = office.house.user()
    given(office.house, ada, name="Phone", synced=True, used_at=office.house.clock.now())
    given(office.house, ada, cloned_at=office.house.clock.now())
    page = " ".join(office.desk(Role.AUDITOR).get(f"/console/users/{ada.id}").text.split())
    assert "<strong>Phone</strong>" in page
    assert "; synced" in page
    assert "Copied" in page
    assert "Remove…" not in page
    assert "Remove…" in office.desk(Role.MANAGER).get(f"/console/users/{ada.id}").text


def test_the_list_counts_a_passkey_as_a_second_step(office: Office) -> None:
    ada = office.house.user(name="Ada Byron")
    desk = office.desk(Role.AUDITOR)
    assert (
        'data-label="Second step"><span class="muted">Off' in desk.get("/console/users?q=ada").text
    )
    given(office.house, ada)
    assert 'data-label="Second step">On' in desk.get("/console/users?q=ada").text


def test_a_manager_takes_a_passkey_away_after_a_question_and_the_user_hears_of_it(
    office: Office,
) -> None:
    ada = office.house.user()
    passkey = given(office.house, ada)
    desk = office.desk(Role.MANAGER)
    path = f"/console/users/{ada.id}/passkeys/{passkey.id}/remove"
    assert heading(desk.get(path)) == "Remove the passkey “Blue key” of Ada Byron?"
    assert kept(office.house, ada) == [passkey]
    answer = desk.post(path)
    assert answer.headers["location"] == f"/t/northwind/console/users/{ada.id}"
    assert kept(office.house, ada) == []
    letter = office.house.last("factor_changed")
    assert (letter.values["what"], letter.values["passkey"]) == ("passkey.removed", "Blue key")
    entry = office.house.trail(ada)[-1]
    assert desk.me
    assert (entry.event, entry.actor_id) == ("factor.removed", desk.me.id)


def test_a_passkey_that_is_not_theirs_is_as_absent_as_any(office: Office) -> None:
    ada = office.house.user()
    eve = office.house.user("eve@northwind.test")
    theirs = given(office.house, eve)
    desk = office.desk(Role.OWNER)
    path = f"/console/users/{ada.id}/passkeys/{theirs.id}/remove"
    assert (desk.get(path).status_code, desk.post(path).status_code) == (404, 404)
    assert kept(office.house, eve) == [theirs]


def test_nobody_takes_a_passkey_from_somebody_of_a_higher_role(office: Office) -> None:
    owner = office.staff(Role.OWNER)
    passkey = given(office.house, owner)
    desk = office.desk(Role.MANAGER)
    path = f"/console/users/{owner.id}/passkeys/{passkey.id}/remove"
    assert desk.post(path).status_code == 403
    assert kept(office.house, owner) == [passkey]
