"""Who is in a directory, whose they are, and who went together, in the console."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.rules.accounts import Role, User
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import How, LinkedAccount
from keyturn.rules.lockout import DAY
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.web.console.desk import Desk, Office, heading
from tests.unit.web.console.test_directories import text
from tests.unit.web.corp import DOMAIN, Corp


class Place:
    """A directory that is followed, and its pages."""

    def __init__(self, office: Office) -> None:
        self.house = office.house
        self.corp = Corp(self.house.write, self.house.parts, self.house.tenant)
        self.here = (self.house.tenant.id, self.corp.directory.id)
        self.url = f"/console/directories/{self.corp.directory.id}"
        now = self.house.clock.now()
        sync = Sync(self.here[1], Scope(), 1, Phase.FOLLOWING, begun_at=now, finished_at=now,
                    heard_at=now)  # fmt: skip
        self.house.write(lambda tx: tx.syncs.put(self.here[0], sync))

    def keep(self, id_: str, gone_at: int | None = None, **fields: Any) -> None:
        owing, unclear = fields.pop("owing", Owing.NOTHING), fields.pop("unclear", "")
        entry = make_entry(id_, **{"must_change": False, "expires_at": None, **fields})
        known = Known(entry, self.house.clock.now(), gone_at, (), owing, unclear)
        self.house.write(lambda tx: tx.syncs.keep(*self.here, [known]))

    def link(self, user: User, guid: str, stopped: str = "") -> None:
        account = LinkedAccount(*self.here, user.id, guid, guid, "", 1, How.MADE, stopped)
        self.house.write(lambda tx: tx.directories.link(account))

    def known(self, guid: str) -> Known:
        (found,) = self.house.write(lambda tx: tx.syncs.known(*self.here, [guid]))
        assert isinstance(found, Known)
        return found


@pytest.fixture
def place(office: Office) -> Place:
    return Place(office)


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk(Role.MANAGER)


@pytest.fixture
def ada(office: Office) -> User:
    return office.house.user()


def test_everybody_is_listed_with_state_and_whose_they_are(
    office: Office, place: Place, desk: Desk, ada: User
) -> None:
    now = office.house.clock.now()
    place.keep("0a", name="ada", upn="ada@corp.test", mail="ada@corp.test")
    place.keep("0b", name="ben", disabled=True)
    place.keep("0c", name="cy", locked_at=1, locked_until=0, unclear="shared")
    place.keep("0d", name="dan", expires_at=now - 1, unclear="left")
    place.keep("0e", name="eve", must_change=True)
    place.keep("0f", name="flo", password_expires_at=now - DAY)
    place.keep("10", name="gus", locked_at=1, locked_until=now - 1, display="<b>Gus</b>")
    place.link(ada, "0a", "active")
    page = desk.get(f"{place.url}/people")
    shown = text(page.text)
    assert heading(page) == "Of 1 account nobody knows whose it is."
    for word in ("ada@corp.test", "Ada Byron", "by the directory", "Disabled", "Locked",
                 "Its end has come", "Must change the password", "Password ended", "Well",
                 "Not known", "Set aside", "Nobody’s yet"):  # fmt: skip
        assert word in shown, word
    assert "&lt;b&gt;Gus&lt;/b&gt;" in page.text
    assert shown.count("Locked") == 1
    found = text(desk.get(f"{place.url}/people?q=AD").text)
    assert "ada@corp.test" in found
    assert "cy" not in found.split()
    assert "begins with “zz”" in text(desk.get(f"{place.url}/people?q=zz").text)


def test_a_long_list_goes_on(place: Place, desk: Desk) -> None:
    for n in range(51):
        place.keep(f"{n:04x}", name=f"n{n:03}")
    page = desk.get(f"{place.url}/people")
    assert heading(page) == f"People in {DOMAIN}"
    assert "after=0031" in page.text
    assert "n050" in desk.get(f"{place.url}/people?after=0031").text
    assert desk.get(f"{place.url}/people?after=zz").status_code == 422


def test_nobody_is_listed_where_nobody_is_read(place: Place, desk: Desk) -> None:
    assert "Nobody is read" in desk.get(f"{place.url}/people").text
    nowhere = f"/console/directories/{'0' * 26}"
    for page in ("people", "doubts", "gone"):
        assert desk.get(f"{nowhere}/{page}").status_code == 404


def test_a_doubt_shows_both_sides_and_is_decided(place: Place, desk: Desk, ada: User) -> None:
    for guid in ("0a", "0b", "0c"):
        place.keep(guid, name=guid, mail=ada.email, unclear="shared")
    directory = desk.get(place.url)
    assert "Of 3 accounts nobody knows whose they are." in text(directory.text)
    page = desk.get(f"{place.url}/doubts")
    shown = text(page.text)
    assert heading(page) == "Whose are these accounts?"
    assert "Another account here has the same address." in shown
    assert "It is Ada Byron’s" in shown
    assert "Same address 0b , 0c" in shown or "Same address 0b, 0c" in shown
    one = f"{place.url}/people"
    assert desk.post(f"{one}/0a/give", user=ada.id).status_code == 303
    assert "would have this one instead" in desk.get(f"{place.url}/doubts").text
    assert desk.post(f"{one}/0b/leave").status_code == 303
    assert place.known("0b").unclear == "left"
    assert "It was set aside" in text(desk.get(f"{place.url}/doubts").text)
    assert desk.post(f"{one}/0b/make").status_code == 303
    assert desk.post(f"{one}/0c/make").status_code == 303
    done = desk.get(f"{place.url}/doubts")
    assert heading(done) == f"Of every account in {DOMAIN} it is known whose it is."
    assert desk.post(f"{one}/0c/make").status_code == 303  # somebody was faster
    for odd in ("zz", "0", "ff"):
        assert desk.post(f"{one}/{odd}/make").status_code == 404
    assert desk.post(f"{one}/0c/give", user="x").status_code == 404
    assert desk.get(f"{place.url}/doubts?after=zz").status_code == 422


def test_a_long_list_of_doubts_goes_on(place: Place, desk: Desk) -> None:
    for n in range(51):
        place.keep(f"{n:04x}", unclear="unproved")
    assert "doubts?after=0031" in desk.get(f"{place.url}/doubts").text


def test_who_may_only_look_sees_no_button(office: Office, place: Place) -> None:
    place.keep("0a", unclear="shared")
    place.keep("0b", 5, owing=Owing.HELD)
    auditor = office.desk(Role.AUDITOR)
    page = auditor.get(f"{place.url}/doubts")
    assert "Make a new user" not in page.text
    assert auditor.post(f"{place.url}/people/0a/make").status_code == 403
    assert "An owner or a manager says" in text(auditor.get(place.url).text)
    assert auditor.get(f"{place.url}/gone").status_code == 403
    assert auditor.post(f"{place.url}/gone", answer="gone").status_code == 403


@pytest.mark.parametrize(
    ("how", "stopped", "words"),
    [
        (How.STAFF, "", "linked"),
        (How.MAIL, "", "its password lets nobody in here until staff link it themselves"),
        (How.MADE, "", "this user was made for it"),
        (How.MADE, "active", "disabled because it is disabled or gone there"),
    ],
)
def test_a_persons_page_says_how_the_account_came_to_them(
    office: Office, place: Place, desk: Desk, how: How, stopped: str, words: str
) -> None:
    user = office.house.user(password=None)
    office.house.change(user, email="")
    account = LinkedAccount(*place.here, user.id, "0a", "ada", "", 1, how, stopped)
    office.house.write(lambda tx: tx.directories.link(account))
    page = text(desk.get(f"/console/users/{user.id}").text)
    assert words in page
    assert "No e-mail address" in page


def test_nothing_of_another_tenant_is_found(office: Office, place: Place, ada: User) -> None:
    place.keep("0a", unclear="shared", mail=ada.email)
    place.keep("0b", 5, owing=Owing.HELD)
    stranger = office.desk(Role.OWNER, tenant=office.other)
    for page in ("people", "doubts", "gone"):
        assert stranger.get(f"{place.url}/{page}").status_code == 404
    for choice, said in (("make", {}), ("leave", {}), ("give", {"user": ada.id})):
        answer = stranger.post(f"{place.url}/people/0a/{choice}", **said)
        assert answer.status_code == 404
    assert stranger.post(f"{place.url}/gone", answer="gone").status_code == 404
    assert (place.known("0a").unclear, place.known("0b").owing) == ("shared", Owing.HELD)


@pytest.mark.parametrize(("answer", "owing"), [("gone", Owing.SURE), ("scope", Owing.DECIDED)])
def test_who_went_together_waits_for_an_answer(
    place: Place, desk: Desk, ada: User, answer: str, owing: Owing
) -> None:
    at = place.house.clock.now()
    for n in range(51):
        place.keep(f"{n:04x}", at, name=f"n{n:03}", owing=Owing.HELD)
    place.link(ada, "0000")
    assert "51 accounts went together" in text(desk.get(place.url).text)
    assert heading(desk.get(f"{place.url}/people")).startswith("51 accounts went")
    page = desk.get(f"{place.url}/gone")
    shown = text(page.text)
    assert "51 accounts went from" in heading(page)
    assert "Ada Byron" in shown
    assert "And 1 more." in shown
    assert desk.post(f"{place.url}/gone", answer="").status_code == 422
    assert desk.post(f"{place.url}/gone", answer="perhaps").status_code == 422
    assert desk.post(f"{place.url}/gone", answer=answer).status_code == 303
    assert place.known("0000").owing is owing
    assert heading(desk.get(f"{place.url}/gone")).startswith("Nobody waits")
