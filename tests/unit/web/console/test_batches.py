"""Many invited from the console: a source, what it means for each, progress, what came of it."""

from __future__ import annotations

import csv

import httpx
import pytest

from keyturn.flows import batch_sending
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.people_csv import MOST_BYTES
from keyturn.web.console.batches import COLUMNS, ROOT
from tests.unit.flows.house import run
from tests.unit.flows.test_owning import Land, person
from tests.unit.web.console.desk import MARK, ORIGIN, Desk, Office, Sent, heading, places
from tests.unit.web.console.test_entry import case

LIST = b"name,email\nAda Byron,ada@x.test\nBob,bob.x.test\n"


def part(name: str, octets: bytes, file: str | None = None) -> bytes:
    called = f'; filename="{file}"' if file is not None else ""
    head = f'--{MARK}\r\nContent-Disposition: form-data; name="{name}"{called}\r\n\r\n'
    return head.encode() + octets + b"\r\n"


def upload(desk: Desk, *parts: bytes, kind: str | None = None) -> httpx.Response:
    body = b"".join(parts) + f"--{MARK}--\r\n".encode()
    headers = {"content-type": kind or f"multipart/form-data; boundary={MARK}", "origin": ORIGIN}
    return desk.send(f"{ROOT}/file", Sent("POST", headers, body))


def given(desk: Desk, octets: bytes = LIST, name: str = "staff.csv") -> httpx.Response:
    return desk.upload(f"{ROOT}/file", octets, name)


def path(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/t/northwind")


def test_a_file_is_shown_begun_and_followed_to_its_end(office: Office) -> None:
    desk = office.desk(Role.MANAGER)
    here = path(given(desk))
    shown = desk.get(here)
    assert heading(shown) == "1 person of 2 will be invited."
    assert "Is new: gets an account and a link" in shown.text
    assert "there is no @" in shown.text
    assert office.house.outbox() == []
    assert path(desk.post(f"{here}/start")) == here
    going = desk.get(here)
    assert heading(going) == "0 of 1 links are on their way."
    assert f'data-watch="/t/northwind{here}/events"' in going.text
    run(batch_sending.advance(office.house.parts))
    over = desk.get(here)
    assert heading(over) == "1 link is on the way."
    assert "data-watch" not in over.text
    stream = desk.get(f"{here}/events").text
    assert "event: shown" in stream
    assert stream.rstrip().endswith("event: end\ndata:")
    assert [letter.message.address for letter in office.house.outbox()] == ["ada@x.test"]
    only = desk.get(f"{here}?only=left&after=1").text
    assert "bob.x.test" in only
    assert "ada@x.test" not in only
    assert path(desk.post(f"{here}/start")) == here  # begun long ago: nothing happens
    assert len(office.house.outbox()) == 1


def test_what_came_of_it_is_a_file_that_runs_nothing(office: Office) -> None:
    house, desk = office.house, office.desk(Role.MANAGER)
    land = Land(house)
    land.has(person("0a", display="=HYPERLINK(1)", mail="a@x.test", unit="OU=S,DC=x"))
    form = {"unit": "OU=S,DC=x", "group": ""}
    here = path(desk.post(f"{ROOT}/directories/{land.here[1]}", **form))
    run_it = desk.get(f"{here}/outcome.csv")
    assert run_it.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="northwind-invited.csv"' in run_it.headers["content-disposition"]
    [head, row] = csv.reader(run_it.text.removeprefix("\ufeff").splitlines())
    assert tuple(head) == COLUMNS
    assert row[1] == "'=HYPERLINK(1)"
    desk.post(f"{here}/start")
    run(batch_sending.advance(house.parts))
    assert '"sent"' in desk.get(f"{here}/outcome.csv").text


def test_a_draft_is_thrown_away_and_what_goes_on_is_stopped(office: Office) -> None:
    desk = office.desk(Role.MANAGER)
    draft, here = path(given(desk)), path(given(desk))
    assert path(desk.post(f"{draft}/stop")) == ROOT
    assert desk.get(draft).status_code == 404
    desk.post(f"{here}/start")
    assert path(desk.post(f"{here}/stop")) == here
    assert heading(desk.get(here)) == "0 links are on the way; 1 will not be sent."
    assert "Stopped" in desk.get(ROOT).text


def test_a_search_is_the_same(office: Office) -> None:
    desk = office.desk(Role.TECHNICIAN)
    office.house.user("ada@x.test", None, state=UserState.INVITED, name="Ada")
    here = path(desk.post(f"{ROOT}/search", q="", state="invited"))
    assert heading(desk.get(here)) == "1 person of 1 will be invited."
    none = desk.post(f"{ROOT}/search", q="nobody", state="")
    assert (none.status_code, heading(none)) == (422, "Nobody is found.")


def test_a_directorys_places_are_chosen_from(office: Office) -> None:
    desk, land = office.desk(Role.MANAGER), Land(office.house)
    here = f"{ROOT}/directories/{land.here[1]}"
    assert here in desk.get(ROOT).text
    assert "is not known yet" in heading(desk.get(here))
    land.choose(groups="CN=G,DC=x")
    land.has(person("0a", unit="OU=S,DC=x"))
    page = desk.get(here)
    assert "OU=S,DC=x (1)" in page.text
    for fields, what in (
        ({"unit": "OU=No"}, "There is no such"),
        ({"group": "CN=G,DC=x"}, "nobody"),
    ):
        answer = desk.post(here, **fields)
        assert answer.status_code == 422
        assert what in heading(answer)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "There is nobody in this file."),
        (b"name,email\nA\0,a@x.test", "It is in line 2."),
        (b'name,email\n"A\r\nB",a@x.test', "several lines"),
        (b"name,email,mail\nA,a@x.test,b@x.test", "Two columns mean the same: e-mail address."),
        (b"name,email\n=cmd(),a@x.test", "a spreadsheet would run it: name."),
        ("name,email\nÄ,a@x.test".encode("latin-1"), "UTF-8"),
        ("name,email\nA,a@x.test".encode("utf-16"), "UTF-8"),
        (b"name,email\n" + b"x" * MOST_BYTES, "larger than 1 MB"),
        (b"name,email\n" + b"A,a@x.test\n" * 10_001, "more than 10,000 people"),
    ],
)
def test_a_hostile_file_is_refused_with_its_reason_and_leaves_nothing(
    office: Office, octets: bytes, words: str
) -> None:
    answer = given(office.desk(Role.MANAGER), octets)
    assert (answer.status_code, heading(answer)) == (422, "This file cannot be taken.")
    assert words in answer.text
    assert (office.house.count("batches"), office.house.count("batch_rows")) == (0, 0)


def test_a_form_that_is_not_what_its_page_sends_is_refused(office: Office) -> None:
    desk = office.desk(Role.MANAGER)
    token, file = part("csrf", desk.csrf.encode()), part("file", LIST, "a.csv")
    assert upload(desk, token, file, kind="application/x-www-form-urlencoded").status_code == 415
    assert upload(desk, token, file, kind="multipart/form-data").status_code == 400
    assert upload(desk, token, file, kind="multipart/form-data; boundary=x").status_code == 400
    assert upload(desk, token, file, part("more", b"x")).status_code == 422
    assert upload(desk, token, token, file).status_code == 422
    assert upload(desk, token, part("other", LIST, "a.csv")).status_code == 422
    assert upload(desk, token, file, part("file", LIST, "b.csv")).status_code == 400
    assert upload(desk, part("csrf", b"x\0"), file).status_code == 422
    assert upload(desk, file).status_code == 403
    assert upload(desk, part("csrf", b"of another browser"), file).status_code == 403
    assert given(desk, b"x" * (MOST_BYTES + 70_000)).status_code == 413
    assert upload(desk, token).status_code == 422  # no file chosen
    assert office.house.count("batches") == 0


@pytest.mark.parametrize("query", ["only=gone", "after=x", "after=-1", "page=1"])
def test_an_address_that_holds_nonsense_is_refused(office: Office, query: str) -> None:
    desk = office.desk(Role.OWNER)
    assert desk.get(f"{path(given(desk))}?{query}").status_code == 422


def test_the_list_leads_there_for_whom_it_is(office: Office) -> None:
    there = f"{ROOT}?"
    assert there in office.desk(Role.TECHNICIAN).get("/console/users?state=invited").text
    auditor = office.desk(Role.AUDITOR)
    assert there not in auditor.get("/console/users").text
    assert auditor.get(ROOT).status_code == 403
    assert given(auditor).status_code == 403


def test_every_door_is_closed_to_whom_the_console_is(office: Office) -> None:
    here = path(given(office.desk(Role.OWNER))).rpartition("/")[2]
    closed = {
        404: office.desk(None), 403: office.desk(Role.OWNER, level=1), 303: office.stranger(),
    }  # fmt: skip
    doors = [
        one
        for one in places(office, batch=here, id=here, ref="x", passkey="x")
        if "/batches" in one.path
    ]
    assert len(doors) == 13
    for status, desk in closed.items():
        for door in doors:
            answer = desk.get(door.path) if door.method == "GET" else desk.post(door.path)
            assert answer.status_code == status, (door.path, desk.me)


def test_a_case_of_somebody_who_never_came_is_answered_with_one_press(office: Office) -> None:
    house = office.house
    ada = house.user(password=None, state=UserState.INVITED)
    ref = case(office, user=ada).ref
    desk = office.desk(Role.TECHNICIAN)
    assert "Invite again" in desk.get(f"/console/cases/{ref}").text
    assert "Invite again" not in office.desk(Role.AUDITOR).get(f"/console/cases/{ref}").text
    assert path(desk.post(f"/console/users/{ada.id}/invite"))
    assert house.last("activation").message.user_id == ada.id
    house.change(ada, state=UserState.ACTIVE)
    assert "Invite again" not in desk.get(f"/console/cases/{ref}").text


def test_nobody_of_another_tenant_sees_it(office: Office) -> None:
    here = path(given(office.desk(Role.OWNER)))
    other = office.desk(Role.OWNER, tenant=office.other)
    for last in ("", "/events", "/outcome.csv"):
        assert other.get(here + last).status_code == 404
    for last in ("/start", "/stop"):
        assert other.post(here + last).status_code == 404


def test_a_name_that_would_be_markup_is_shown_as_it_is(office: Office) -> None:
    desk = office.desk(Role.MANAGER)
    shown = desk.get(path(given(desk, b"name,email\n<b>x</b>,<i>@x.test\n", "<script>.csv")))
    assert "<b>x" not in shown.text
    assert "<script>." not in shown.text
    assert "&lt;script&gt;.csv" in shown.text
