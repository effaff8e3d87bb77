"""Cases and contacts through the API."""

from __future__ import annotations

from typing import get_args

import pytest

from keyturn.rules.diagnosis import Symptom
from keyturn.web.api.support import About
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App

SAID = {"contact": "+44 20 7946 0999", "note": "It says wrong."}


def ask(app: App, name: str = EMAIL, **fields: object) -> Answer:
    return app.call("POST", "/help", **{"identifier": name, **SAID, **fields})


def test_a_stranger_gets_a_reference_and_neutral_words(house: House, app: App) -> None:
    house.user()
    reply = ask(app)
    assert (reply.status, reply.step, reply.data["neutral"]) == (200, "none", True)
    assert reply.data["ref"].startswith("KT-")
    assert reply.data["findings"]
    assert reply.data["contacts"][0]["value"] == house.tenant.support[0].value
    assert house.count("cases") == 1


def test_the_words_for_a_stranger_do_not_tell_who_exists(house: House, app: App) -> None:
    house.user()
    told = []
    for name in (EMAIL, "absent@northwind.test"):
        data = ask(App(app.web, ip="203.0.7.7", browser="b" * 43), name).data
        told.append({key: value for key, value in data.items() if key != "ref"})
    assert told[0] == told[1]


def test_whoever_is_signed_in_hears_about_their_own_account(house: House, app: App) -> None:
    house.user()
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert ask(app).data["neutral"] is False
    assert ask(app, "eve@northwind.test").data["neutral"] is True


def test_a_note_with_a_password_is_held_back(house: House, app: App) -> None:
    reply = ask(app, note="my password is hunter2hunter2")
    assert (reply.code, reply.data["field"], reply.data["looks_like"]) == (
        "looks-secret",
        "note",
        "password",
    )
    assert "hunter2" not in reply.page.html
    assert house.count("cases") == 0


def test_a_network_that_opened_too_many_cases_is_told_until_when(app: App) -> None:
    replies = [ask(app) for _ in range(40)]
    assert (replies[-1].status, replies[-1].code) == (429, "too-many")


def test_what_the_person_runs_into_is_one_of_the_symptoms(app: App) -> None:
    assert set(get_args(About)) == {str(s) for s in Symptom}
    assert ask(app, about="weather").errors == [("/about", "unknown-value")]


@pytest.mark.parametrize("name", ["   ", "\u200b"])
def test_a_case_needs_a_name(house: House, app: App, name: str) -> None:
    assert ask(app, name).errors == [("/identifier", "not-a-name")]
    assert house.count("cases") == 0


def test_the_ways_to_reach_a_human_are_there_for_everybody(house: House, app: App) -> None:
    reply = app.call("GET", "/contact")
    assert reply.data["sender"] == house.tenant.sender
    assert [c["label"] for c in reply.data["contacts"]] == ["Phone"]


def test_the_words_are_in_the_language_that_is_asked_for(house: House, app: App) -> None:
    house.user()
    english = ask(app).data["findings"]
    app.extra.append(("accept-language", "de"))
    german = ask(app).data["findings"]
    assert [finding["cause"] for finding in german] == [finding["cause"] for finding in english]
    assert german[-1]["what"].startswith("Name und Passwort wurden zusammen nicht angenommen.")
