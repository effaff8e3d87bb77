"""Looking at the console as a lower role, on pages."""

from __future__ import annotations

from keyturn.rules.accounts import Role
from tests.unit.web.console.desk import Office, heading


def test_the_head_says_so_and_one_press_ends_it(office: Office) -> None:
    desk, ada = office.desk(Role.OWNER), office.house.user()
    assert "See as a role" in desk.get("/console/users").text
    page = desk.get("/console/as")
    assert heading(page) == "Look at the console as somebody else of staff sees it."
    assert desk.post("/console/as", role="technician").headers["location"].endswith("/users")
    shown = desk.get(f"/console/users/{ada.id}").text
    assert "You see the console as a technician does." in shown
    assert "Disable…" not in shown
    assert "Unlock" in shown
    refused = desk.post(f"/console/users/{ada.id}/unlock")
    assert refused.status_code == 403
    assert heading(refused) == "You see the console as a lower role, so nothing can be changed."
    desk.post("/console/as/end")
    assert "Disable…" in desk.get(f"/console/users/{ada.id}").text


def test_without_a_role_nothing_begins(office: Office) -> None:
    desk = office.desk(Role.MANAGER)
    assert "Look at the console" in desk.post("/console/as", role="").text
    assert desk.post("/console/as", role="owner").status_code == 403
    assert "You see the console" not in desk.get("/console/users").text


def test_who_has_no_lower_role_to_look_as_is_not_offered_it(office: Office) -> None:
    for role in (Role.TECHNICIAN, Role.AUDITOR):
        desk = office.desk(role)
        assert "See as a role" not in desk.get("/console/users").text
        assert desk.get("/console/as").status_code == 403
