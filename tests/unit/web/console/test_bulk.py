"""Something done with many from the list of users, and users from a file, in the console."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from keyturn.flows import batch_sending
from keyturn.rules.accounts import Role, User, UserState
from keyturn.steps.user_rows import PAGE
from keyturn.web.console.batches import ROOT
from tests.unit.flows.house import run
from tests.unit.web.console.desk import ORIGIN, Desk, Office, Sent, heading
from tests.unit.web.console.test_batches import path

LIST = f"{ROOT}/list"
IMPORT = f"{ROOT}/import"


def ticked(desk: Desk, act: str, *users: User, **more: str) -> httpx.Response:
    fields = [("csrf", desk.csrf), ("act", act), ("on", "ticked"), *more.items()]
    content = str(httpx.QueryParams([*fields, *(("user", user.id) for user in users)]))
    form = {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}
    return desk.send(LIST, Sent("POST", form, content))


def test_those_ticked_are_shown_disabled_and_told_of(office: Office) -> None:
    ada = office.house.user(name="Ada")
    bo = office.house.user("bo@northwind.test", name="Bo")
    tom = office.staff(Role.TECHNICIAN, name="Tom")
    desk = office.desk(Role.MANAGER)
    page = desk.get("/console/users").text
    assert f'name="user" value="{ada.id}" form="many"' in page
    here = path(ticked(desk, "disable", ada, tom, sort="name"))
    shown = desk.get(here)
    assert heading(shown) == "1 of 2 people will be disabled."
    assert "Has a role: left alone" in shown.text
    assert "Disable: 1 person" in shown.text
    assert path(desk.post(f"{here}/start")) == here
    assert heading(desk.get(here)) == "0 of 1 are disabled."
    run(batch_sending.advance(office.house.parts))
    assert heading(desk.get(here)) == "1 person was disabled."
    assert "event: shown" in desk.get(f"{here}/events").text
    rows = list(csv.DictReader(io.StringIO(desk.get(f"{here}/outcome.csv").text)))
    assert {row["result"] for row in rows} == {"sent", "left"}
    states = {user.id: user.state for user in office.house.write(
        lambda tx: tx.users.some(office.house.tenant.id, [ada.id, bo.id, tom.id]))}  # fmt: skip
    assert states == {ada.id: UserState.DISABLED, bo.id: UserState.ACTIVE, tom.id: UserState.ACTIVE}


def test_the_whole_list_is_what_the_filter_says(office: Office) -> None:
    office.house.user(name="Ada")
    office.house.user("d@northwind.test", name="Dora", state=UserState.DISABLED)
    desk = office.desk(Role.OWNER)
    here = path(desk.post(LIST, act="enable", on="all", state="disabled", sort="-created"))
    shown = desk.get(here)
    assert heading(shown) == "1 of 1 person will be enabled."
    assert "Dora" in shown.text
    assert "Ada" not in shown.text.partition("Person")[2]
    assert "Enable many" not in desk.get(f"{ROOT}?q=").text.partition("Lately")[0]
    assert "Enable many" in desk.get(f"{ROOT}?q=").text.partition("Lately")[2]


def test_a_draft_is_stopped_and_gone(office: Office) -> None:
    office.house.user(name="Ada")
    desk = office.desk(Role.OWNER)
    here = path(desk.post(LIST, act="sessions", on="all"))
    assert path(desk.post(f"{here}/stop")) == ROOT
    assert desk.get(here).status_code == 404


def test_nobody_and_too_many_lead_back_to_the_list(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = office.desk(Role.OWNER)
    none = ticked(desk, "unlock", state="active")
    assert (none.status_code, heading(none)) == (422, "Nobody is chosen.")
    assert "/console/users?state=active" in none.text
    monkeypatch.setattr("keyturn.steps.batch_sources.MOST", 0)
    many = desk.post(LIST, act="unlock", on="all")
    assert heading(many) == "The list has more than 10,000 users."


def test_a_technician_is_offered_and_given_what_one_user_allows(office: Office) -> None:
    ada = office.house.user(name="Ada")
    desk = office.desk(Role.TECHNICIAN)
    page = desk.get("/console/users").text
    assert '<option value="unlock">' in page
    assert '<option value="disable">' not in page
    assert ticked(desk, "disable", ada).status_code == 403
    assert ticked(desk, "unlock", ada).status_code == 303
    assert 'id="many"' not in office.desk(Role.AUDITOR).get("/console/users").text


@pytest.mark.parametrize(
    "fields",
    [{"act": "erase"}, {"act": "import"}, {"on": "some"}, {"state": "gone"}, {"user": "x" * 27}],
)
def test_what_no_page_sends_is_refused(office: Office, fields: dict[str, str]) -> None:
    answer = office.desk(Role.OWNER).post(LIST, **{"act": "unlock", "on": "all", **fields})
    assert answer.status_code == 422


def test_more_ticks_than_a_page_has_are_refused(office: Office) -> None:
    users = [office.house.user()] * (PAGE + 1)
    assert ticked(office.desk(Role.OWNER), "unlock", *users).status_code == 422
    desk = office.desk(Role.OWNER)
    bare = {"content-type": "text/plain", "origin": ORIGIN}
    assert desk.send(LIST, Sent("POST", bare, "x=y")).status_code == 415


def test_a_file_is_shown_line_by_line_and_taken_over(office: Office) -> None:
    office.house.user(name="Ada Byron")
    desk = office.desk(Role.MANAGER)
    assert heading(desk.get(IMPORT)) == "Which file are the users in?"
    assert "Users from a file…" in desk.get("/console/users").text
    text = b"name,email,username\nAda B,ada@northwind.test,adab\nNeo,neo@x.test,neo\nBad,bad,\n"
    here = path(desk.upload(IMPORT, text))
    shown = desk.get(here)
    assert heading(shown) == "2 of 3 people will be taken over."
    for told in ("another name and user name", "Is new: gets an account", "there is no @"):
        assert told in shown.text
    path(desk.post(f"{here}/start"))
    run(batch_sending.advance(office.house.parts))
    assert heading(desk.get(here)) == "2 people were taken over."
    kept = office.house.write(lambda tx: tx.users.named(office.house.tenant.id, "neo"))
    assert kept is not None
    assert kept.name == "Neo"


def test_a_file_that_is_none_is_refused_with_its_line(office: Office) -> None:
    answer = office.desk(Role.MANAGER).upload(IMPORT, b"name,email\n=cmd,a@x.test\n")
    assert (answer.status_code, heading(answer)) == (422, "This file cannot be taken.")
    assert "It is in line 2." in answer.text
    assert office.desk(Role.TECHNICIAN).get(IMPORT).status_code == 403
