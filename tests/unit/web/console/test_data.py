"""Exporting and deleting somebody's data in the console; the banner of a broken glass."""

from __future__ import annotations

from keyturn.flows import owner
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.lockout import DAY
from tests.unit.flows.house import EMAIL, PASSWORD, run
from tests.unit.web.console.desk import Office, heading


def test_staff_export_and_delete_from_the_users_page(office: Office) -> None:
    ada = office.house.user(EMAIL, PASSWORD)
    desk = office.desk(Role.MANAGER)
    one = f"/console/users/{ada.id}"
    page = desk.get(one).text
    assert f"{one}/export" in page
    assert f"{one}/erase" in page
    assert "a file of everything" in heading(desk.get(f"{one}/export"))
    exported = desk.post(f"{one}/export")
    assert exported.json()["account"]["id"] == ada.id
    assert "Delete the account of" in heading(desk.get(f"{one}/erase"))
    desk.post(f"{one}/erase")
    assert office.house.again(ada).state is UserState.DISABLED
    after = desk.get(one).text
    assert "Being deleted" in after
    assert f"{one}/erase" not in after
    desk.post(f"{one}/enable")
    assert office.house.again(ada).erase_at is None


def test_nobody_of_that_id_is_not_found_and_the_last_owner_stays(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    for act in ("export", "erase"):
        assert desk.post(f"/console/users/{'0' * 26}/{act}").status_code == 404
    boss = office.house.user("boss@northwind.test", PASSWORD, role=Role.OWNER)
    chief = office.desk(Role.OWNER)
    assert chief.me is not None
    assert chief.post(f"/console/users/{chief.me.id}/erase").status_code == 403
    for user in (desk.me, chief.me):
        assert user is not None
        office.house.change(user, state=UserState.DISABLED)
    manager = office.desk(Role.MANAGER)
    assert manager.post(f"/console/users/{boss.id}/erase").status_code == 403


def test_a_broken_glass_stands_on_every_page_of_the_console_for_a_week(office: Office) -> None:
    desk = office.desk(Role.AUDITOR)
    assert "command on the host" not in desk.get("/console/cases").text
    run(owner.setup_link(office.house.parts, office.house.tenant, break_glass=True))
    for page in ("users", "cases", "messages", "audit"):
        assert "made by a command on the host" in desk.get(f"/console/{page}").text
    assert "made by a command on the host" not in desk.get("/account").text
    office.house.clock.move(7 * DAY)
    late = office.desk(Role.AUDITOR)
    assert "made by a command on the host" not in late.get("/console/cases").text
