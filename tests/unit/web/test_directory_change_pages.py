"""A directory password that has run out: a new one, by the second step, and never a session."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.resets import JobState
from keyturn.rules.lockout import MINUTE
from keyturn.steps import guess_changes, sessions
from keyturn.steps.acts import begin
from tests.unit.flows.house import EMAIL, House
from tests.unit.web.browsing import Page, Web, WebBrowser
from tests.unit.web.corp import Corp, handed_in
from tests.unit.web.test_directory_signin_pages import Desk, switch

ROOT = "/signin/directory/change"
NEW = "Velvet-otter-42-lamp"


@dataclass(slots=True)
class Change:
    """Ada, whose right password must be changed; the offer is open."""

    desk: Desk
    user: User
    secret: str

    @property
    def browser(self) -> WebBrowser:
        """Hers."""
        return self.desk.browser

    def prove(self) -> Page:
        """The second step."""
        self.browser.get(ROOT)
        return self.browser.post(ROOT + "/code", code=self.desk.house.code_of(self.secret))

    def told(self, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
        """What the script is told."""
        page = self.browser.page
        answer = self.browser.post(ROOT + path, **fields)
        self.browser.page = page
        return answer.status, json.loads(answer.body or b"{}")

    def choose(self) -> tuple[int, dict[str, Any]]:
        """Seal and hand in."""
        self.browser.get(ROOT)
        _, asked = self.told("/recipients")
        return self.told("/submit", envelopes=handed_in(asked, NEW))


def offered(desk: Desk, user: User) -> dict[str, Any]:
    """The right password, which must be changed; what the script is told."""
    desk.corp.link(user, "ada")
    desk.browser.get("/signin/directory")
    status, told = desk.answered(EMAIL, "right", "must_change")
    assert status == 200
    return told


@pytest.fixture
def desk(house: House, web: Web) -> Desk:
    corp = Corp(house.write, house.parts, house.tenant)
    switch(house, corp.directory.id)
    return Desk(house, corp, web.browser())


@pytest.fixture
def change(desk: Desk) -> Change:
    user = desk.house.user()
    secret = desk.house.totp(user)
    assert offered(desk, user) == {"to": ROOT}
    return Change(desk, user, secret)


def test_the_second_step_comes_first_and_then_the_ordinary_reset(change: Change) -> None:
    page = change.browser.get(ROOT)
    assert page.heading == "Your password is right, but your directory wants a new one first."
    assert change.prove().location == ROOT
    page = change.browser.get(ROOT)
    assert page.heading.startswith("Choose a new password for ada")
    assert f'action="{ROOT}"' in page.html
    assert change.choose() == (204, {})
    assert "data-watch" in change.browser.get(ROOT).html
    corp = change.desk.corp
    job = corp.take()
    assert corp.opened(job) == NEW
    corp.done(job)
    assert "works" in change.browser.get(ROOT).heading
    assert change.desk.house.count("sessions") == 0
    assert change.browser.cookie("session") is None
    assert [x.values["state"] for x in change.desk.house.outbox("directory_changed")] == ["done"]


def test_a_refused_one_is_chosen_again(change: Change) -> None:
    change.prove()
    change.choose()
    job = change.desk.corp.take()
    change.desk.corp.report(job, "not_done", "too_short", minimum=14)
    page = change.browser.get(ROOT)
    assert f'action="{ROOT}/again"' in page.html
    assert change.browser.post(ROOT + "/again").location == ROOT
    assert change.choose() == (204, {})
    assert change.desk.corp.job().id != job.id


def test_it_can_be_watched(change: Change) -> None:
    change.prove()
    change.choose()
    job = change.desk.corp.take()
    change.desk.corp.report(job, "not_done", "too_short", minimum=14)
    stream = change.browser.get(ROOT + "/events")
    assert stream.header("content-type") == "text/event-stream"
    assert ROOT + "/again" in stream.html
    assert "event: end" in stream.html


def test_a_wrong_code_is_not_enough_and_five_lock(change: Change) -> None:
    change.browser.get(ROOT)
    for _ in range(4):
        page = change.browser.post(ROOT + "/code", code="000000")
        assert (page.status, page.heading) == (401, "That is not the code.")
    assert "is locked until" in change.browser.post(ROOT + "/code", code="000000").heading
    assert change.told("/recipients") == (409, {"code": "gone"})
    assert "is locked until" in change.prove().heading


def test_a_saved_code_does_as_well(desk: Desk) -> None:
    user = desk.house.user()
    (code, _) = desk.house.saved_codes(user)
    assert offered(desk, user) == {"to": ROOT}
    assert "recovery codes" in desk.browser.get(ROOT).text
    assert desk.browser.post(ROOT + "/code", code=code).location == ROOT
    assert "Choose a new password" in desk.browser.get(ROOT).heading


@pytest.mark.parametrize("fields", [{}, {"frozen_at": 1}, {"state": UserState.UNVERIFIED}])
def test_without_a_second_step_or_while_frozen_there_is_no_offer(
    desk: Desk, fields: dict[str, Any]
) -> None:
    user = desk.house.user(**fields)
    if fields:
        desk.house.totp(user)
    assert offered(desk, user) == {"code": "change"}
    assert desk.browser.get(ROOT).location == "/signin/directory"


def test_the_password_alone_chooses_nothing(change: Change) -> None:
    change.browser.get(ROOT)
    assert change.told("/recipients") == (409, {"code": "gone"})
    assert change.told("/submit", envelopes="[]") == (409, {"code": "gone"})
    assert change.browser.post(ROOT + "/again").location == ROOT
    assert change.desk.house.count("jobs") == 0


def test_what_is_not_sealed_is_not_taken(change: Change) -> None:
    change.prove()
    change.browser.get(ROOT)
    assert change.told("/submit", envelopes="[]") == (409, {"code": "stale"})


def test_it_is_this_browsers_and_ends(change: Change, web: Web) -> None:
    assert web.browser().get(ROOT).location == "/signin/directory"
    change.prove()
    assert change.browser.post(ROOT + "/code", code="000000").location == ROOT  # it is done
    change.desk.house.clock.move(guess_changes.LIFE_MS)
    change.desk.corp.beat()
    assert change.browser.get(ROOT).location == "/signin/directory"
    assert change.browser.get(ROOT + "/events").status == 404


@pytest.mark.parametrize("what", ["disabled", "frozen", "objected", "unlinked"])
def test_whatever_comes_between_ends_it(change: Change, what: str) -> None:
    house, user, there = change.desk.house, change.user, change.desk.corp.directory
    change.prove()
    if what == "disabled":
        house.change(user, state=UserState.DISABLED)
    elif what == "frozen":
        house.change(user, frozen_at=house.clock.now())
    elif what == "objected":
        act = begin(house.parts, house.browser().caller)
        house.write(lambda tx: sessions.end_all(tx, act, user, "objection"))
    else:
        house.write(lambda tx: tx.directories.unlink(user.tenant_id, there.id, user.id))
    assert change.told("/recipients") == (409, {"code": "gone"})
    assert change.browser.get(ROOT).location == "/signin/directory"


def test_agents_that_went_are_told(change: Change) -> None:
    change.prove()
    change.browser.get(ROOT)
    change.desk.house.clock.move(5 * MINUTE)
    assert change.told("/recipients") == (409, {"code": "nobody"})


def test_where_nobody_is_heard_nothing_begins(change: Change) -> None:
    change.desk.house.clock.move(5 * MINUTE)
    page = change.prove()
    assert page.status == 503
    assert "cannot be asked" in page.heading


def test_what_ended_meanwhile_is_gone_for_the_script(change: Change) -> None:
    change.prove()
    change.choose()
    assert change.told("/recipients") == (409, {"code": "gone"})


def test_what_is_left_is_left(change: Change) -> None:
    change.prove()
    change.browser.get(ROOT)
    assert change.browser.post(ROOT + "/cancel").location == "/signin"
    assert change.desk.corp.job().state is JobState.CHOOSING


def test_a_job_that_was_removed_is_gone(change: Change) -> None:
    change.prove()
    house = change.desk.house

    def step(tx: Tx) -> None:
        flow = tx.flows.of_user(house.tenant.id, change.user.id, 1)[0]
        tx.flows.save(replace(flow, data={**flow.data, "job": "0" * 26}))

    house.write(step)
    assert change.browser.get(ROOT).location == "/signin/directory"
    change.browser.get("/signin/directory")
    assert change.told("/recipients") == (409, {"code": "gone"})
    assert change.told("/submit", envelopes="[]") == (409, {"code": "gone"})
