"""Messages, the audit trail, cases, and addresses that somebody made up."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import Role
from keyturn.rules.events import Event
from tests.unit.web.console.desk import ORIGIN, Office, Sent, heading
from tests.unit.web.console.test_entry import REF, case


def test_messages_filter_by_channel_and_state(office: Office) -> None:
    office.house.user()
    office.house.browser().fail(5)
    desk = office.desk(Role.AUDITOR)
    assert "Lock notice" in desk.get("/console/messages?channel=mail&state=queued").text
    assert "No message matches." in desk.get("/console/messages?channel=sms").text
    assert "No message matches." in desk.get("/console/messages?state=bounced").text


def test_the_audit_trail_is_found_by_name_address_and_event(office: Office) -> None:
    house = office.house
    house.user(name="Ada Byron")
    house.user("grace@northwind.test", name="Grace Hopper")
    house.browser(ip="198.51.100.7").fail(1)
    house.browser(ip="198.51.100.8").fail(1, "grace@northwind.test")
    desk = office.desk(Role.AUDITOR)
    for query in ("q=ada@northwind.test", "q=198.51.100.7", "q=ada@northwind.test&event=signin."):
        page = desk.get(f"/console/audit?{query}").text
        assert "Ada Byron" in page
        assert "Grace Hopper" not in page
    assert heading(desk.get("/console/audit?event=case.")) == "No entry matches."


def test_the_audit_trail_names_who_did_it(office: Office) -> None:
    ada = office.house.user()
    desk = office.desk(Role.OWNER, name="Olga Owner")
    desk.post(f"/console/users/{ada.id}/disable")
    page = desk.get("/console/audit?event=user.").text
    assert f'by <a href="/t/northwind/console/users/{desk.me.id}">Olga Owner</a>' in page  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["csv", "jsonl", "cef"])
def test_the_audit_trail_is_handed_out_as_it_was_searched(office: Office, form: str) -> None:
    house = office.house
    house.user(name="=cmd()")
    house.browser(ip="198.51.100.7").fail(1)
    house.browser(ip="198.51.100.8").fail(1)
    desk = office.desk(Role.AUDITOR)
    assert 'value="cef"' in desk.get("/console/audit").text
    got = desk.post("/console/audit/file", q="198.51.100.7", event="signin.", format=form)
    assert got.headers["content-disposition"] == f'attachment; filename="northwind-audit.{form}"'
    assert got.text.count("signin.failed") == 1
    assert "198.51.100.8" not in got.text
    assert '"=cmd' not in got.text
    assert house.events()[-1] == Event.TRAIL_EXPORTED


def test_a_technician_gets_no_file_of_the_trail(office: Office) -> None:
    desk = office.desk(Role.TECHNICIAN)
    assert "/console/audit/file" not in desk.get("/console/audit").text
    assert desk.post("/console/audit/file", q="", event="", format="csv").status_code == 403
    assert desk.post("/console/audit/file", q="", event="", format="exe").status_code == 422


def test_a_case_is_closed_once_with_what_it_was(office: Office) -> None:
    ada = office.house.user()
    case(office, user=ada)
    desk = office.desk(Role.TECHNICIAN)
    page = desk.get("/console/cases/kt7f3k2m")
    assert heading(page).startswith("Ada Byron has waited since")
    answer = desk.post(f"/console/cases/{REF}/close", cause="lock.now")
    assert answer.headers["location"] == f"/t/northwind/console/cases/{REF}"
    after = desk.get(f"/console/cases/{REF}").text
    assert "Locked after five wrong passwords" in after
    desk.post(f"/console/cases/{REF}/close", cause="")
    assert [e.event for e in office.house.trail()].count(Event.CASE_CLOSED) == 1
    (entry,) = (e for e in office.house.trail() if e.event is Event.CASE_CLOSED)
    assert desk.me
    assert (entry.actor_id, entry.facts["cause"]) == (desk.me.id, "lock.now")


def test_cases_filter_by_state(office: Office) -> None:
    case(office)
    desk = office.desk(Role.AUDITOR)
    assert heading(desk.get("/console/cases")) == "1 person waits for help."
    assert REF not in desk.get("/console/cases?state=closed").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/users?q=a&q=b", 422),
        ("/console/users?colour=red", 422),
        ("/console/users?q[]=a", 422),
        ("/console/users?state=gone", 422),
        ("/console/users?state=ACTIVE", 422),
        ("/console/users?after=../../etc", 422),
        ("/console/users?after=%00", 422),
        ("/console/users?q=%00", 422),
        ("/console/users?q=%ff", 400),
        ("/console/users?q=" + "x" * 121, 422),
        ("/console/users?q=' or 1=1 --", 200),
        ("/console/users?q=%3Cscript%3E", 200),
        ("/console/users?q=%0d%0aSet-Cookie: a=b", 200),
        ("/console/users/" + "0" * 25, 404),
        ("/console/users/" + "0" * 26, 404),
        ("/console/users/%00", 404),
        ("/console/users/..%2f..", 404),
        ("/console/users/" + "I" * 26, 404),
        ("/console/users/", 404),
        ("/console/messages?channel=pigeon", 422),
        ("/console/messages?state=lost", 422),
        ("/console/messages?before=x", 422),
        ("/console/audit?event=signin", 422),
        ("/console/audit?event=%25", 422),
        ("/console/audit?event=nothing.", 200),
        ("/console/audit?event=reset.not_done", 200),
        ("/console/audit?event=Reset.done", 422),
        ("/console/audit?q=%F0%9F%94%91", 200),
        ("/console/cases?state=shut", 422),
        ("/console/cases/KT-0000-00", 404),
        ("/console/cases/%00", 404),
        ("/console/cases/" + "x" * 5000, 404),
    ],
)
def test_a_made_up_address_is_refused_by_name(office: Office, path: str, status: int) -> None:
    answer = office.desk(Role.OWNER).get(path)
    assert answer.status_code == status
    assert "<script>" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        ("csrf={csrf}&csrf={csrf}", {}, 422),
        ("csrf={csrf}&more=1", {}, 422),
        ("csrf[]={csrf}", {}, 422),
        ("", {}, 403),
        ("csrf=", {}, 403),
        ("csrf=%00", {}, 422),
        ('{{"csrf":"{csrf}"}}', {"content-type": "application/json"}, 415),
        ("csrf={csrf}", {"origin": "https://evil.test"}, 403),
        ("csrf={csrf}", {"origin": "null"}, 403),
        ("csrf={csrf}&x=" + "y" * 70_000, {}, 413),
    ],
)
def test_a_made_up_form_changes_nothing(
    office: Office, content: str, headers: dict[str, str], status: int
) -> None:
    ada = office.house.user()
    desk = office.desk(Role.OWNER)
    form = {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN, **headers}
    sent = Sent("POST", form, content.format(csrf=desk.csrf))
    answer = desk.send(f"/console/users/{ada.id}/disable", sent)
    assert answer.status_code == status
    assert office.house.events(ada) == []


def test_a_method_that_a_door_does_not_take_is_refused_with_those_it_takes(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    assert desk.post("/console/users").headers["allow"] == "GET, HEAD"
    ada = office.house.user()
    answer = desk.get(f"/console/users/{ada.id}/unlock")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_unknown_cause_closes_no_case(office: Office) -> None:
    case(office)
    answer = office.desk(Role.OWNER).post(f"/console/cases/{REF}/close", cause="lock.nowhere")
    assert answer.status_code == 422
    assert office.house.events() == []
