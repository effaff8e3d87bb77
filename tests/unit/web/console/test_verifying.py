"""Verifying a caller in the console."""

from __future__ import annotations

import re

import pytest

from keyturn.ports.store import Tx
from keyturn.rules import binding
from keyturn.rules.accounts import Role
from keyturn.rules.approvals import ASKED, LIFE_MS
from keyturn.rules.phone_app import Push, PushState
from keyturn.rules.verified import PROOF_MS
from tests.unit.flows.pockets import APPROVE, NAME, Pocket
from tests.unit.web.console.desk import Desk, Office, heading


@pytest.fixture
def pocket(office: Office) -> Pocket:
    return Pocket(office.house, office.house.user())


def reset(pocket: Pocket) -> None:
    """Reset User, as far as the row and what hangs on it go."""
    house, now = pocket.house, pocket.house.clock.now()

    def step(tx: Tx) -> None:
        rows = tx.phones.held(pocket.user.tenant_id, pocket.user.id, now)
        assert rows is not None
        after = binding.reset_user(rows, house.random.id(now), "d" * 43, now, alone=False)
        assert isinstance(after, binding.Rows)
        tx.phones.save(rows, after)

    house.write(step)


def begins(desk: Desk, pocket: Pocket) -> str:
    """The path of the page that watches."""
    answer = desk.post(f"/console/users/{pocket.user.id}/verify", case="")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/t/northwind")


def test_a_technician_reads_out_the_number_and_the_words(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.TECHNICIAN, name="Tom")
    page = desk.get(begins(desk, pocket))
    (shown,) = pocket.waiting()
    assert heading(page) == f"Ask the caller to type {shown.one.number} on their phone."
    assert shown.words in page.text
    assert shown.one.asker == "Tom"
    assert "No notification could be sent" in page.text
    assert 'hx-trigger="every 2s"' in page.text


def test_how_it_ends_is_told(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.TECHNICIAN)
    path = begins(desk, pocket)
    pocket.approves()
    page = desk.get(path)
    assert heading(page) == "The caller is Ada Byron."
    assert "hx-trigger" not in page.text
    assert "is verified to you until" in desk.get(f"/console/users/{pocket.user.id}").text
    office.house.clock.move(PROOF_MS)
    assert heading(desk.get(path)).startswith("The caller was Ada Byron")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("deny", "The phone said no."),
        ("silent", "Nobody answered within a minute."),
        ("wrong", "Three wrong numbers were typed on the phone."),
        ("again", "Another question was asked of the phone since."),
        ("reset", "The account was changed meanwhile, so this question is over."),
    ],
)
def test_each_other_end_is_told(office: Office, pocket: Pocket, how: str, told: str) -> None:
    desk, house = office.desk(Role.TECHNICIAN), office.house
    path = begins(desk, pocket)
    one = pocket.waiting()[0].one
    match how:
        case "deny":
            pocket.denies()
        case "silent":
            house.clock.move(LIFE_MS)
        case "wrong":
            for _ in range(3):
                pocket.says(one, APPROVE, str(109 - int(one.number)))
        case "again":
            begins(desk, pocket)
        case _:
            reset(pocket)
    page = desk.get(path)
    assert heading(page) == told
    assert "Back to Ada Byron" in page.text


def test_a_wrong_number_and_a_dead_phone_are_told_at_once(office: Office, pocket: Pocket) -> None:
    desk, now = office.desk(Role.TECHNICIAN), office.house.clock.now()
    dead = Push(PushState.DEAD, now)
    tenant_id = pocket.user.tenant_id
    office.house.write(
        lambda tx: tx.phones.pushed(tenant_id, pocket.phone.id, dead, forget=True)
    )  # fmt: skip
    path = begins(desk, pocket)
    one = pocket.waiting()[0].one
    pocket.says(one, APPROVE, str(109 - int(one.number)))
    page = " ".join(re.sub("<[^>]*>", " ", desk.get(path).text).split())
    assert "Another number was typed. 2 tries are left." in page
    assert "address for messages is dead" in page


def test_nobody_else_sees_the_number(office: Office, pocket: Pocket) -> None:
    path = begins(office.desk(Role.TECHNICIAN), pocket)
    for role in (Role.OWNER, Role.TECHNICIAN):
        assert office.desk(role).get(path).status_code == 404
    there = office.desk(Role.OWNER, tenant=office.other)
    assert there.get(path).status_code == 404
    refused = there.post(f"/console/users/{pocket.user.id}/verify", case="")
    assert refused.status_code == 404


def test_an_auditor_asks_nobody(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.AUDITOR)
    assert "Verify the caller" not in desk.get(f"/console/users/{pocket.user.id}").text
    answer = desk.post(f"/console/users/{pocket.user.id}/verify", case="")
    assert answer.status_code == 403


def test_asked_too_often_and_no_phone_are_told(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.TECHNICIAN)
    for _ in range(ASKED):
        begins(desk, pocket)
    answer = desk.post(f"/console/users/{pocket.user.id}/verify", case="")
    assert answer.status_code == 429
    assert "asked five times in fifteen minutes" in heading(answer)
    ben = office.house.user("ben@northwind.test", name="Ben")
    answer = desk.post(f"/console/users/{ben.id}/verify", case="")
    assert answer.status_code == 409
    assert heading(answer) == "Ben has no phone that could be asked."


def test_a_users_page_shows_the_phone(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.TECHNICIAN)
    page = desk.get(f"/console/users/{pocket.user.id}").text
    assert NAME in page
    assert "Verify the caller" in page
    ben = office.house.user("ben@northwind.test")
    assert "No phone is bound that could be asked." in desk.get(f"/console/users/{ben.id}").text


def test_htmx_gets_the_part_that_changes(office: Office, pocket: Pocket) -> None:
    desk = office.desk(Role.TECHNICIAN)
    path = begins(desk, pocket)
    part = desk.get(path, hx_request="true").text
    assert part.lstrip().startswith('<div id="verification"')


def test_only_staff_with_a_second_step_come_here(office: Office, pocket: Pocket) -> None:
    path = begins(office.desk(Role.TECHNICIAN), pocket)
    start = f"/console/users/{pocket.user.id}/verify"
    expected = {None: 404, Role.OWNER: 403}
    for role, status in expected.items():
        desk = office.desk(role, level=1)
        assert (desk.get(path).status_code, desk.post(start, case="").status_code) == (status,) * 2
    stranger = office.stranger()
    assert stranger.get(path).headers["location"].endswith("/signin")
    assert len(pocket.waiting()) == 1
