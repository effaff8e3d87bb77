"""The console in German: chosen as everywhere, and in all its parts."""

from __future__ import annotations

import re

import httpx
import pytest

from keyturn.adapters.memory_health import MemoryDns
from keyturn.rules.accounts import Role
from keyturn.web.cookies import Jar
from tests.unit.flows.house import EMAIL
from tests.unit.web.console.desk import Office, heading
from tests.unit.web.console.test_health import PLACE, Clinic
from tests.unit.web.console.test_users import locked

GERMAN = {"accept_language": "de-DE,de;q=0.9"}


def then(page: httpx.Response) -> str:
    """Where the choice of another language leads back to."""
    found = re.search(r'name="then" value="([^"]*)"', page.text)
    assert found
    return found[1]


def test_it_follows_the_browser_and_says_so(office: Office) -> None:
    page = office.desk(Role.OWNER).get("/console/users", **GERMAN)
    assert page.headers["content-language"] == "de"
    assert page.headers["vary"] == "Accept-Language, Cookie"
    assert '<html lang="de"' in page.text
    assert heading(page) == "1 Person hat ein Konto; niemand ist jetzt gesperrt."
    assert 'value="en" lang="en">English' in page.text


def test_a_choice_goes_before_what_the_browser_asks_for(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    cookie = Jar(desk.tenant.slug, secure=False).name("language")
    desk.cookies[cookie] = "de"
    assert desk.get("/console/audit", accept_language="en").headers["content-language"] == "de"
    desk.cookies[cookie] = "en"
    assert desk.get("/console/audit", **GERMAN).headers["content-language"] == "en"


def test_a_choice_leads_back_to_a_page_that_has_an_address_of_its_own(office: Office) -> None:
    desk = office.desk(Role.TECHNICIAN)
    office.house.user()
    place = desk.post("/console/cases", name=EMAIL, contact="", words="").headers["location"]
    inside = place.removeprefix(f"/t/{desk.tenant.slug}")
    assert then(desk.get(inside)) == inside


def test_a_part_that_renews_itself_comes_in_the_language_of_its_page(office: Office) -> None:
    rows = office.desk(Role.OWNER).get("/console/users", hx_request="true", **GERMAN)
    assert "Letzte Anmeldung" in rows.text
    assert "<html" not in rows.text


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (Role.TECHNICIAN, "Warten genügt. Wenn es eilt und der Anrufer überprüft ist"),
        (Role.OWNER, "Spur u: gesperrt bis"),
    ],
)
def test_the_diagnosis_speaks_german_in_either_voice(office: Office, role: Role, said: str) -> None:
    ada = office.house.user(password_set_at=1)
    locked(office, ada)
    page = office.desk(role).get(f"/console/users/{ada.id}", **GERMAN).text
    assert "Nach fünf falschen Passwörtern gesperrt" in page
    assert said in page
    assert re.search(r"neuen Browsern gesperrt bis \d\d:\d\d\u00a0Uhr", page)
    assert "wie es um das Konto steht: aktiv" in page
    assert "Locked" not in page


def test_health_speaks_german(office: Office) -> None:
    Clinic(office, dns=MemoryDns({"": {"NS": ["x"]}}))
    desk = office.desk(Role.OWNER)
    desk.post(PLACE)
    page = desk.get(PLACE, **GERMAN)
    assert heading(page).startswith("Alles geht, nur nicht E-Mail")
    assert "vom Absender account@northwind.test, kann es nie geben" in page.text
    assert "SQLite 3.46 antwortet." in page.text
