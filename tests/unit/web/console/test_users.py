"""Finding users, looking at one, and what is done to them."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest

from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.steps.user_rows import PAGE
from tests.unit.steps.test_invitations import bind
from tests.unit.web.console.desk import Office, heading


def locked(office: Office, user: User) -> int:
    """Lock the lane of unknown clients; returns its end."""
    until = office.house.clock.now() + 10 * MINUTE
    office.house.set_lane(f"u:{user.id}", Lane(total=5, locked_until=until), user)
    return until


@pytest.mark.parametrize("query", ["lovelace", "ADA@", "0900123", "adal"])
def test_search_finds_names_addresses_numbers_and_user_names(office: Office, query: str) -> None:
    office.house.user(name="Ada Lovelace", username="adal", names=["adal"], phone="+447700900123")
    office.house.user("grace@northwind.test", name="Grace Hopper")
    page = office.desk(Role.AUDITOR).get(f"/console/users?q={query}").text
    assert "Ada Lovelace" in page
    assert "Grace Hopper" not in page


def test_a_search_without_result_says_what_it_looks_at(office: Office) -> None:
    page = office.desk(Role.AUDITOR).get("/console/users?q=%25").text
    assert "No user matches “%”." in page


def test_the_states_filter(office: Office) -> None:
    office.house.user(name="Ada Active")
    office.house.user("d@northwind.test", name="Dora Disabled", state=UserState.DISABLED)
    locked(office, office.house.user("l@northwind.test", name="Lena Locked"))
    desk = office.desk(Role.AUDITOR)
    only = desk.get("/console/users?state=locked").text
    assert "Lena Locked" in only
    assert "Ada Active" not in only
    assert "Dora Disabled" in desk.get("/console/users?state=disabled").text
    assert "Lena Locked" not in desk.get("/console/users?state=disabled").text


def test_filters_are_in_the_address_and_read_in_one_line(office: Office) -> None:
    lena = office.house.user("l@northwind.test", name="Lena Locked")
    locked(office, lena)
    dora = office.house.user("d@northwind.test", name="Dora Bound")
    locked(office, dora)
    bind(office.house, dora)
    desk = office.desk(Role.AUDITOR)
    page = desk.get("/console/users?q=&state=active&lock=locked&enrolled=no-app&sort=-lock").text
    assert "Lena Locked" in page
    assert "Dora Bound" not in page
    assert line(page) == (
        "1 user of Northwind: active, locked now, without the phone app; newest lock first."
    )
    staff = desk.get("/console/users?role=any&directory=none&sort=name").text
    assert line(staff) == "1 user of Northwind: in no directory, staff; by name."
    elsewhere = desk.get(f"/console/users?directory={lena.id}").text
    assert line(elsewhere) == "0 users of Northwind: in a directory that is not here."


def further(page: str) -> str:
    """Where a list goes on."""
    link = page.partition('class="pager"><a')[2].partition('href="')[2]
    return html.unescape(link.partition('"')[0]).removeprefix("/t/northwind")


def line(page: str) -> str:
    """What the list is of."""
    said = page.partition('class="list-line">')[2].partition("</p>")[0].partition(" <a ")[0]
    return re.sub("<[^>]*>", "", said)


@pytest.mark.parametrize(
    "query",
    [
        "state=gone", "lock=yes", "enrolled=maybe", "role=king", "sort=height", "directory=acme",
        "sort=signin&after=01k00000000000000000000000later", "sort=name&after=nobody",
        "role=any&after=01k00000000000000000000000x",
    ],
)  # fmt: skip
def test_what_no_page_sends_is_refused(office: Office, query: str) -> None:
    assert office.desk(Role.AUDITOR).get(f"/console/users?{query}").status_code == 422


@pytest.mark.parametrize("sort", ["name", "-name", "signin", "-signin", "created", "-created"])
def test_a_sorted_list_has_all_pages(office: Office, sort: str) -> None:
    for number in range(PAGE + 1):
        office.house.clock.move(1)
        office.house.user(f"u{number:03}@northwind.test", name=f"Person, {number:03}")
    desk, seen = office.desk(Role.AUDITOR), set[str]()
    address = f"/console/users?sort={sort}"
    for _ in range(2):
        page = desk.get(address).text
        seen |= set(re.findall(r"Person, \d{3}", page))
        address = further(page)
    assert len(seen) == PAGE + 1


def test_the_file_is_what_is_listed_and_runs_nothing(office: Office) -> None:
    office.house.user(name="=cmd|'/c calc'!A1", phone="+447700900123")
    office.house.user("bo@northwind.test", name="Bo", state=UserState.DISABLED)
    desk = office.desk(Role.MANAGER)
    answer = desk.post("/console/users/file", state="active", sort="name", q="calc")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="northwind-users.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["name"], row["phone"]) for row in rows] == [
        ("'=cmd|'/c calc'!A1", "'+447700900123")
    ]


def test_who_may_take_no_file_away_is_offered_none(office: Office) -> None:
    assert "Download as CSV" in office.desk(Role.AUDITOR).get("/console/users").text
    assert "Download as CSV" not in office.desk(Role.TECHNICIAN).get("/console/users").text


def test_the_page_begins_with_how_things_stand(office: Office) -> None:
    locked(office, office.house.user())
    answer = office.desk(Role.AUDITOR).get("/console/users")
    assert heading(answer) == "2 people have an account; 1 is locked now."


def test_htmx_gets_the_rows_and_nothing_else(office: Office) -> None:
    office.house.user()
    desk = office.desk(Role.AUDITOR)
    whole, part = (
        desk.get("/console/users?q=ada"),
        desk.get("/console/users?q=ada", hx_request="true"),
    )
    assert part.status_code == 200
    assert "<html" not in part.text
    assert part.text.strip() in whole.text


def test_a_list_longer_than_a_page_goes_on_where_it_ended(office: Office) -> None:
    for number in range(PAGE + 1):
        office.house.clock.move(1)
        office.house.user(f"u{number:03}@northwind.test", name=f"Person {number:03}")
    desk = office.desk(Role.AUDITOR)
    first = desk.get("/console/users?q=Person").text
    assert "Person 000" in first
    assert "Person 050" not in first
    second = desk.get(further(first)).text
    assert "Person 050" in second
    assert "Person 049" not in second


def test_what_a_role_may_not_do_is_not_offered(office: Office) -> None:
    ada = office.house.user()
    auditor, manager = office.desk(Role.AUDITOR), office.desk(Role.MANAGER)
    for path in ("/console/users", f"/console/users/{ada.id}"):
        assert f"{ada.id}/unlock" not in auditor.get(path).text
        assert f"{ada.id}/disable" not in auditor.get(path).text
        assert f"{ada.id}/unlock" in manager.get(path).text
        assert f"{ada.id}/disable" in manager.get(path).text


def test_a_users_page_says_how_things_stand_and_why(office: Office) -> None:
    ada = office.house.user(password_set_at=1)
    locked(office, ada)
    answer = office.desk(Role.TECHNICIAN).get(f"/console/users/{ada.id}")
    assert heading(answer) == (
        "Ada Byron is locked for browsers new to the account until 00:10. That is 10 minutes."
    )
    assert "Locked after five wrong passwords" in answer.text
    assert "If it is urgent and the caller is verified" in answer.text
    assert "Say to the person" in answer.text


def test_the_voice_is_the_readers(office: Office) -> None:
    ada = office.house.user(password_set_at=1)
    locked(office, ada)
    text = office.desk(Role.OWNER).get(f"/console/users/{ada.id}").text
    assert "Lane u: locked until 00:10" in text


def test_addresses_of_messages_are_masked(office: Office) -> None:
    house = office.house
    house.user()
    house.browser().fail(5)
    page = office.desk(Role.AUDITOR).get("/console/messages").text
    assert "Lock notice" in page
    assert "ada@northwind.test" not in page


def test_looking_at_a_user_is_recorded_with_who_looked(office: Office) -> None:
    ada = office.house.user()
    desk = office.desk(Role.AUDITOR)
    desk.get(f"/console/users/{ada.id}")
    desk.get(f"/console/users/{ada.id}")
    (entry,) = office.house.trail(ada)
    assert desk.me
    assert (entry.event, entry.actor_id) == (Event.DIAGNOSED, desk.me.id)


def acted(office: Office, user: User, event: Event, actor: User | None) -> Entry:
    """The one row about this act, by this actor."""
    (entry,) = (e for e in office.house.trail(user) if e.event is event)
    assert actor
    assert (entry.actor_id, entry.ip) == (actor.id, "203.0.113.9")
    return entry


def test_unlock_ends_the_lock_and_says_who_did_it(office: Office) -> None:
    ada = office.house.user()
    locked(office, ada)
    desk = office.desk(Role.TECHNICIAN)
    answer = desk.post(f"/console/users/{ada.id}/unlock")
    assert answer.headers["location"] == f"/t/northwind/console/users/{ada.id}"
    assert office.house.lane(f"u:{ada.id}").locked_until <= office.house.clock.now()
    acted(office, ada, Event.USER_UNLOCKED, desk.me)


def test_disable_asks_first_and_then_ends_everything(office: Office) -> None:
    ada = office.house.user()
    theirs = office.house.browser()
    theirs.sign_in()
    desk = office.desk(Role.MANAGER)
    asked = desk.get(f"/console/users/{ada.id}/disable")
    assert heading(asked) == "Disable the account of Ada Byron?"
    assert office.house.again(ada).state is UserState.ACTIVE
    desk.post(f"/console/users/{ada.id}/disable")
    assert office.house.again(ada).state is UserState.DISABLED
    assert office.house.count("sessions") == 1
    acted(office, ada, Event.USER_DISABLED, desk.me)


def test_enable_makes_it_what_it_was(office: Office) -> None:
    ada = office.house.user()
    desk = office.desk(Role.MANAGER)
    desk.post(f"/console/users/{ada.id}/disable")
    desk.post(f"/console/users/{ada.id}/enable")
    assert office.house.again(ada).state is UserState.ACTIVE
    acted(office, ada, Event.USER_ENABLED, desk.me)


def test_ending_sessions_signs_out_everywhere(office: Office) -> None:
    ada = office.house.user()
    office.house.browser().sign_in()
    desk = office.desk(Role.TECHNICIAN)
    assert "Sign Ada Byron out everywhere?" in desk.get(f"/console/users/{ada.id}/sessions").text
    desk.post(f"/console/users/{ada.id}/sessions")
    assert office.house.count("sessions") == 1
    acted(office, ada, Event.SESSIONS_ENDED, desk.me)


def test_unfreeze_lets_changes_happen_again(office: Office) -> None:
    ada = office.house.user(frozen_at=office.house.clock.now())
    desk = office.desk(Role.MANAGER)
    assert "unfreeze" in desk.get(f"/console/users/{ada.id}").text
    desk.post(f"/console/users/{ada.id}/unfreeze")
    assert office.house.again(ada).frozen_at is None
    acted(office, ada, Event.USER_UNFROZEN, desk.me)


def test_nobody_disables_themselves_or_somebody_of_a_higher_role(office: Office) -> None:
    owner, manager = office.staff(Role.OWNER), office.desk(Role.MANAGER)
    assert manager.me
    for user, words in (
        (manager.me, "Nobody does this to their own account."),
        (owner, "This person’s role is higher than yours."),
    ):
        answer = manager.post(f"/console/users/{user.id}/disable")
        assert (answer.status_code, heading(answer)) == (403, words)
        assert office.house.again(user).state is UserState.ACTIVE


def test_a_form_of_another_browser_does_nothing(office: Office) -> None:
    ada = office.house.user()
    desk, other = office.desk(Role.OWNER), office.desk(Role.OWNER)
    answer = desk.post(f"/console/users/{ada.id}/disable", csrf=other.csrf)
    assert answer.status_code == 403
    assert office.house.again(ada).state is UserState.ACTIVE


# -- the phone app


def test_invite_asks_first_and_mails_a_link(office: Office) -> None:
    ada = office.house.user(state=UserState.INVITED, password=None)
    desk = office.desk(Role.TECHNICIAN)
    asked = desk.get(f"/console/users/{ada.id}/invite")
    assert heading(asked) == "Invite Ada Byron to set up a phone?"
    assert "The mail goes to <strong>ada@northwind.test</strong>" in asked.text
    assert office.house.outbox() == []
    assert "None was sent" in desk.get(f"/console/users/{ada.id}").text
    desk.post(f"/console/users/{ada.id}/invite")
    assert len(office.house.outbox("activation")) == 1
    acted(office, ada, Event.USER_INVITED, desk.me)
    page = desk.get(f"/console/users/{ada.id}").text
    assert "Newest link" in page
    assert "Waiting to be sent" in page or "Queued" in page


def test_reset_user_asks_first_and_says_what_it_does(office: Office) -> None:
    ada = office.house.user()
    bind(office.house, ada)
    desk = office.desk(Role.TECHNICIAN)
    page = desk.get(f"/console/users/{ada.id}").text
    assert "Reset User…" in page
    assert f"{ada.id}/invite" not in page
    asked = desk.get(f"/console/users/{ada.id}/reset-user")
    assert heading(asked) == "Reset Ada Byron?"
    assert "cannot sign in until one is set up" in asked.text
    desk.post(f"/console/users/{ada.id}/reset-user")
    acted(office, ada, Event.USER_RESET, desk.me)
    after = desk.get(f"/console/users/{ada.id}").text
    assert "Taken away" in after
    assert "Send another link…" in after


def test_the_list_offers_both_where_they_have_a_point(office: Office) -> None:
    ada, bob = office.house.user(), office.house.user("bob@northwind.test")
    bind(office.house, bob)
    off = office.house.user("off@northwind.test", state=UserState.DISABLED)
    page = office.desk(Role.TECHNICIAN).get("/console/users").text
    for user, invite, reset in ((ada, True, True), (bob, False, True), (off, False, False)):
        assert (f"{user.id}/invite" in page) is invite
        assert (f"{user.id}/reset-user" in page) is reset
    assert "/reset-user" not in office.desk(Role.AUDITOR).get("/console/users").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": UserState.UNVERIFIED}, "This person has not entered the mailed code yet."),
        ({"state": UserState.DISABLED}, "This account is disabled."),
        ({"frozen_at": 1}, "Changes to this account are frozen."),
        ({"email": ""}, "No e-mail address of this person is known."),
    ],
)
def test_who_cannot_be_sent_a_link_is_told_with_the_way_on(
    office: Office, fields: dict[str, Any], words: str
) -> None:
    ada = office.house.change(office.house.user(), **fields)
    desk = office.desk(Role.OWNER)
    for act in ("invite", "reset-user") if "frozen_at" not in fields else ("invite",):
        answer = desk.post(f"/console/users/{ada.id}/{act}")
        assert (answer.status_code, heading(answer)) == (409, words)


def test_two_clicks_make_one_mail(office: Office) -> None:
    ada, desk = office.house.user(), office.desk(Role.OWNER)
    desk.post(f"/console/users/{ada.id}/invite")
    again = desk.post(f"/console/users/{ada.id}/invite")
    assert heading(again) == "A link was sent a moment ago."
    assert len(office.house.outbox("activation")) == 1


def test_who_has_a_phone_is_reset_and_not_invited(office: Office) -> None:
    ada = office.house.user()
    bind(office.house, ada)
    answer = office.desk(Role.OWNER).post(f"/console/users/{ada.id}/invite")
    assert heading(answer) == "This person has a phone that is set up."


def test_what_a_role_may_not_do_it_does_not(office: Office) -> None:
    ada, tom = office.house.user(), office.staff(Role.TECHNICIAN)
    auditor, technician = office.desk(Role.AUDITOR), office.desk(Role.TECHNICIAN)
    for act in ("invite", "reset-user"):
        assert auditor.get(f"/console/users/{ada.id}/{act}").status_code == 403
        assert auditor.post(f"/console/users/{ada.id}/{act}").status_code == 403
        assert technician.post(f"/console/users/{'0' * 26}/{act}").status_code == 404
    assert technician.post(f"/console/users/{tom.id}/reset-user").status_code == 403
    assert office.house.outbox() == []


def test_that_somebody_has_no_directory_account_is_no_reason_to_be_kept_out(office: Office) -> None:
    ada = office.house.user()
    page = office.desk(Role.TECHNICIAN).get(f"/console/users/{ada.id}").text
    why, _, others = page.partition("What else may matter")
    assert "No directory account is linked" not in why
    assert "No directory account is linked" in others
