"""Who comes in, at every door of the console."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.accounts import Case, Role, User
from keyturn.rules.events import Event
from keyturn.rules.sessions import CONSOLE_IDLE_MS
from tests.unit.flows.hands import given
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import open_web
from tests.unit.web.console.desk import Desk, Office, heading, places

REF = "KT-7F3K-2M"
#: what each role gets at the doors that change something; all may look
CHANGES: dict[str, set[Role]] = {
    "unlock": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "sessions": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "disable": {Role.OWNER, Role.MANAGER},
    "enable": {Role.OWNER, Role.MANAGER},
    "unfreeze": {Role.OWNER, Role.MANAGER},
    "export": {Role.OWNER, Role.MANAGER},
    "erase": {Role.OWNER, Role.MANAGER},
    "remove": {Role.OWNER, Role.MANAGER},
    "close": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "ask-holder": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "number": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "batches": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "invite": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "reset-user": {Role.OWNER, Role.MANAGER, Role.TECHNICIAN},
    "health": {Role.OWNER, Role.MANAGER},
    "file": {Role.OWNER, Role.MANAGER, Role.AUDITOR},
    "role": {Role.OWNER, Role.MANAGER},
    "as": {Role.OWNER, Role.MANAGER},
}


def case(office: Office, ref: str = REF, user: User | None = None) -> Case:
    """An open case."""
    house = office.house
    opened = Case(
        id=house.random.id(house.clock.now()), ref=ref, tenant_id=house.tenant.id,
        user_id=user.id if user else None, identifier="ada", state="open", contact="", note="",
        facts={}, created_at=house.clock.now(),
    )  # fmt: skip
    house.write(lambda tx: tx.cases.add(opened))
    return opened


def at_every_door(office: Office, desk: Desk) -> dict[tuple[str, str], int]:
    """The status that this browser gets, by method and the last part of the path."""
    ada = office.house.user()
    passkey = given(office.house, ada).id
    case(office, user=ada)
    found = {}
    for place in places(office, id=ada.id, ref=REF, passkey=passkey):
        if any(
            word in place.path
            for word in (
                "/directories",
                "/jobs",
                "/link",
                "/again",
                "/verif",
                "/batches/",
                "/keys",
                "/devices",
                "/presence",
                "/approvals/",
                "/providers",
                "/customers",
                "/policies/",
            )
        ):
            continue  # tests of their own know whose they are
        if place.path.startswith(f"/console/cases/{REF}/") and not place.path.endswith("close"):
            continue  # so it is with cases (test_cases.py)
        if (place.method, place.path) == ("POST", "/console/cases"):
            continue
        answer = desk.get(place.path) if place.method == "GET" else desk.post(place.path)
        found[place.method, place.path.replace(ada.id, "ID").rpartition("/")[2]] = (
            answer.status_code
        )
    assert len(found) > 15
    return found


@pytest.mark.parametrize("role", Role)
def test_every_role_may_look_everywhere_and_change_what_the_table_says(
    office: Office, role: Role
) -> None:
    for (method, place), status in at_every_door(office, office.desk(role)).items():
        allowed = role in CHANGES.get(place, set(Role))
        away = place in {"console", "resume"} or (
            method == "POST" and place not in {"export", "file", "role", "as"}
        )
        if (method, place, role) == ("POST", "number", Role.TECHNICIAN):
            assert status == 409  # others have deleted the account by then; here it is in use
        elif (method, place) == ("POST", "ask-holder") and allowed:
            assert status == 409  # nobody holds a number that was wanted
        else:
            assert status == ((303 if away else 200) if allowed else 403), (method, place)


def test_somebody_without_a_role_finds_no_console(office: Office) -> None:
    statuses = at_every_door(office, office.desk(None))
    assert set(statuses.values()) == {404}


def test_the_console_that_does_not_exist_looks_like_any_page_that_does_not(office: Office) -> None:
    desk = office.desk(None)
    # each page carries its own address, for whoever chooses a language on it
    there, nowhere = (
        desk.get(path).text.replace(desk.csrf, "").replace(path, "")
        for path in ("/console/users", "/nothing/here")
    )
    assert there == nowhere


def test_an_owner_of_another_tenant_finds_no_console_here(office: Office) -> None:
    stranger = office.staff(Role.OWNER, office.other)
    desk = office.stranger()
    desk.sign_in(stranger, 2)
    assert {s for _, s in at_every_door(office, desk).items()} == {303}
    assert desk.get("/console/users").headers["location"].endswith("/signin")


def test_nobody_signed_in_is_led_to_sign_in(office: Office) -> None:
    desk = office.stranger()
    assert set(at_every_door(office, desk).values()) == {303}
    assert desk.get("/console").headers["location"] == "/t/northwind/signin"


@pytest.mark.parametrize("role", Role)
def test_without_a_second_step_nothing_is_shown_or_done(office: Office, role: Role) -> None:
    desk = office.desk(role, level=1)
    before = office.house.events()
    assert set(at_every_door(office, desk).values()) == {403}
    assert office.house.events() == before


def test_staff_who_have_no_second_step_are_led_to_one(office: Office) -> None:
    answer = office.desk(Role.OWNER, level=1).get("/console")
    assert heading(answer) == "The console asks for a second step, and you have none yet."
    assert 'href="/t/northwind/account/totp"' in answer.text


def test_staff_who_did_not_give_their_second_step_are_led_to_it(office: Office) -> None:
    desk = office.desk(Role.OWNER, level=1)
    assert desk.me
    office.house.totp(desk.me)
    answer = desk.get("/console")
    assert heading(answer) == "The console needs your second step again."
    assert f"/signin?name={desk.me.email.replace('@', '%40')}" in answer.text


@pytest.mark.parametrize(("idle", "status"), [(-1, 200), (0, 403), (1, 403)])
def test_the_console_forgets_the_second_step_after_half_an_hour_without_use(
    office: Office, idle: int, status: int
) -> None:
    desk = office.desk(Role.OWNER)
    office.house.clock.move(CONSOLE_IDLE_MS + idle)
    assert desk.get("/console/users").status_code == status


def test_staff_whose_own_account_is_frozen_stay_outside(office: Office) -> None:
    desk = office.desk(Role.OWNER, frozen_at=office.house.clock.now())
    answer = desk.get("/console/users")
    assert answer.status_code == 403
    assert heading(answer) == "Your own account is frozen, so the console stays closed."


@pytest.mark.parametrize("level", [None, 1])
def test_live_search_at_a_closed_door_opens_the_whole_page(
    office: Office, level: int | None
) -> None:
    desk = office.stranger() if level is None else office.desk(Role.OWNER, level=level)
    answer = desk.get("/console/users", hx_request="true")
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/t/northwind/console/users"
    assert answer.text == ""


def test_another_tenants_users_and_cases_are_as_absent_as_any(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    house = office.house
    theirs = office.staff(None, office.other)
    opened = replace(case(office), id="x" * 26, ref="KT-0000-00", tenant_id=office.other.id)
    house.write(lambda tx: tx.cases.add(opened))
    fresh = house.random.id(house.clock.now())
    wanted = {"id": theirs.id, "ref": "KT-0000-00", "passkey": given(house, theirs).id}
    absent = {"id": fresh, "ref": "KT-1111-11", "passkey": fresh}
    for one, other in zip(places(office, **wanted), places(office, **absent), strict=True):
        if one.path == other.path:
            continue
        ask = desk.get if one.method == "GET" else desk.post
        answers = [ask(one.path), ask(other.path)]
        assert [a.status_code for a in answers] == [404, 404], one
        theirs_says, absent_says = (
            answer.text.replace(at.path, "")
            for answer, at in zip(answers, (one, other), strict=True)
        )
        assert theirs_says == absent_says
    assert Event.USER_DISABLED not in house.events()


def test_the_tenants_decoy_is_nobody(office: Office) -> None:
    desk, decoy = office.desk(Role.OWNER), office.house.tenant.id
    for place in places(office, id=decoy, ref=REF, passkey=decoy):
        if decoy in place.path:
            ask = desk.get if place.method == "GET" else desk.post
            assert ask(place.path).status_code == 404


def test_staff_who_sign_in_with_their_second_step_begin_in_the_console() -> None:
    house = House()
    web = open_web(house)
    secret = house.totp(house.user(role=Role.TECHNICIAN))
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/signin/second"
    browser.get("/signin/second")
    page = browser.post("/signin/second", code=house.code_of(secret))
    assert page.location == "/console"
    assert browser.get("/").location == "/console"
    house.close()


def test_everybody_else_begins_in_their_account() -> None:
    house = House()
    web = open_web(house)
    secret = house.totp(house.user())
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.get("/signin/second")
    assert browser.post("/signin/second", code=house.code_of(secret)).location == "/account"
    assert browser.get("/").location == "/account"
    house.close()
