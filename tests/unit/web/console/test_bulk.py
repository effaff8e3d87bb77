"""Many invited from the console, a page at a time."""

from __future__ import annotations

import pytest

from keyturn.flows import bulk_inviting
from keyturn.rules.accounts import Role, UserState
from tests.unit.web.console.desk import Office, heading


def test_a_page_is_shown_and_sent_and_the_next_follows(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_inviting, "PAGE", 2)
    made = []
    for name in ("Ada", "Bob", "Cat"):
        office.house.clock.move(1)
        email = f"{name.lower()}@northwind.test"
        made.append(office.house.user(email, None, name=name, state=UserState.INVITED))
    desk = office.desk(Role.TECHNICIAN)
    first = desk.get("/console/users/bulk?state=invited")
    assert heading(first) == "2 of 2 people on this page will be sent a link."
    assert "Gets a first link" in first.text
    after = first.text.partition('name="after" value="')[2].partition('"')[0]
    users = first.text.partition('name="users" value="')[2].partition('"')[0]
    assert len(users.split()) == 2
    fields = {"q": "", "state": "invited", "sent": "0", "after": after, "users": users}
    onward = desk.post("/console/users/bulk", **fields).headers["location"]
    second = desk.get(onward.removeprefix("/t/northwind"))
    assert heading(second) == "1 of 1 person on this page will be sent a link."
    assert "So far 2 links are on the way." in second.text
    rest = next(user.id for user in made if user.id not in users)
    last = {**fields, "sent": "2", "after": "", "users": rest}
    end = desk.post("/console/users/bulk", **last).headers["location"]
    assert heading(desk.get(end.removeprefix("/t/northwind"))) == "3 links are on the way."
    assert len(office.house.outbox("activation")) == 3


@pytest.mark.parametrize("query", ["sent=-1", "sent=x", "state=locked", "after=%2E%2E"])
def test_an_address_that_holds_nonsense_is_refused(office: Office, query: str) -> None:
    answer = office.desk(Role.OWNER).get(f"/console/users/bulk?{query}")
    assert answer.status_code == 422


def test_ids_that_are_none_are_refused(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    assert desk.post("/console/users/bulk", users="somebody").status_code == 404


def test_the_list_leads_there_for_whom_it_is(office: Office) -> None:
    there = "/console/users/bulk?"
    assert there in office.desk(Role.TECHNICIAN).get("/console/users?state=invited").text
    auditor = office.desk(Role.AUDITOR)
    assert there not in auditor.get("/console/users").text
    assert auditor.get("/console/users/bulk").status_code == 403
