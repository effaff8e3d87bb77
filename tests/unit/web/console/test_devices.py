"""Presence in the console: a press, a code, and a device that is lost."""

from __future__ import annotations

import re

import pytest

from keyturn.rules.accounts import Role, User
from keyturn.rules.presence import LIFE_MS
from tests.unit.flows.cameras import Camera, Shelf
from tests.unit.web.console.desk import Desk, Office, heading


@pytest.fixture
def ada(office: Office) -> User:
    return office.house.user()


@pytest.fixture
def shelf(office: Office) -> Shelf:
    return Shelf(office.house)


@pytest.fixture
def camera(shelf: Shelf, ada: User) -> Camera:
    """Ada's, for a day."""
    return shelf.paired(ada)


@pytest.fixture
def tom(office: Office, camera: Camera) -> Desk:
    return office.desk(Role.TECHNICIAN, name="Tom")


def place(user: User, camera: Camera, act: str) -> str:
    return f"/console/users/{user.id}/devices/{camera.pairing_id}/{act}"


def asks(desk: Desk, user: User, camera: Camera, method: str = "button") -> str:
    """The path of the page that watches."""
    answer = desk.post(place(user, camera, "ask"), method=method)
    assert answer.status_code == 303, answer.text
    path: str = answer.headers["location"].removeprefix("/t/northwind")
    assert re.fullmatch(r"/console/presence/[0-9a-z]{26}", path)
    return path


def test_a_press_is_asked_watched_and_proved(ada: User, camera: Camera, tom: Desk) -> None:
    url = f"/console/users/{ada.id}"
    assert "Have it pressed" in tom.get(url).text
    path = asks(tom, ada, camera)
    page = tom.get(path)
    assert heading(page) == "Ask the caller to press the button of Camera C2 now."
    assert 'hx-trigger="every 2s"' in page.text
    camera.pressed(camera.beat().asks.id)
    assert heading(tom.get(path)) == "Somebody pressed Ada Byron’s Camera C2."
    assert "showed you that they are beside a device" in tom.get(url).text


def test_a_code_is_read_out(ada: User, camera: Camera, tom: Desk) -> None:
    path = asks(tom, ada, camera, "code")
    assert "Ask the caller which six digits" in tom.get(path).text
    page = tom.post(path, code="000000")
    assert (page.status_code, "4 tries are left" in page.text) == (422, True)
    assert tom.post(path, code=camera.code()).status_code == 303
    assert heading(tom.get(path)) == "Somebody read the code of Ada Byron’s Camera C2."
    assert tom.post(path, code=camera.code()).status_code == 409


def test_five_wrong_codes_are_told(ada: User, camera: Camera, tom: Desk) -> None:
    path = asks(tom, ada, camera, "code")
    codes = [tom.post(path, code="000000").status_code for _ in range(5)]
    assert codes == [422, 422, 422, 422, 303]
    assert heading(tom.get(path)) == "Five codes in a row were wrong."
    locked = tom.post(place(ada, camera, "ask"), method="code")
    assert locked.status_code == 429
    assert "Have its button pressed instead" in locked.text


def test_what_cannot_be_asked_says_why(
    office: Office, shelf: Shelf, ada: User, camera: Camera, tom: Desk
) -> None:
    path = asks(tom, ada, camera)
    office.house.clock.move(LIFE_MS)
    assert heading(tom.get(path)) == "Nobody did it within a minute."
    for _ in range(4):
        office.house.clock.move(1)
        asks(tom, ada, camera)
    assert tom.post(place(ada, camera, "ask"), method="button").status_code == 429
    fresh = shelf.paired(ada, old=False)
    page = tom.post(place(ada, fresh, "ask"), method="button")
    assert page.status_code == 409
    assert heading(page).startswith("This device was set up within the last day")
    assert tom.post(place(ada, fresh, "ask"), method="dance").status_code == 422


def test_a_lost_one_is_released(ada: User, camera: Camera, tom: Desk) -> None:
    path = place(ada, camera, "release")
    assert heading(tom.get(path)) == "Release Camera C2 of Ada Byron?"
    assert tom.post(path).status_code == 303
    assert "Have it pressed" not in tom.get(f"/console/users/{ada.id}").text
    assert tom.get(path).status_code == 404
    assert tom.post(path).status_code == 404


def test_nobody_at_another_desk_and_no_auditor(
    office: Office, ada: User, camera: Camera, tom: Desk
) -> None:
    path = asks(tom, ada, camera)
    amy = office.desk(Role.AUDITOR, name="Amy")
    assert amy.get(path).status_code == 404
    assert amy.post(place(ada, camera, "ask"), method="button").status_code == 403
    assert amy.get(place(ada, camera, "release")).status_code == 403
    assert amy.post(place(ada, camera, "release")).status_code == 403
