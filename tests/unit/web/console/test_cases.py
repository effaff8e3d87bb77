"""Cases in the console: who works on them, proofs, what they permit, a lost phone."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from keyturn.flows import lost_phone
from keyturn.rules.accounts import Role, User
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import CASE_CODES
from keyturn.rules.recoveries import WAIT_MS
from tests.unit.flows.helpdesk import NUMBER
from tests.unit.flows.house import PASSWORD
from tests.unit.flows.pockets import Pocket
from tests.unit.web.browsing import open_web
from tests.unit.web.console.desk import Desk, Office, heading


@pytest.fixture
def ada(office: Office) -> User:
    """Who calls: a number and a phone since yesterday."""
    house = office.house
    return house.user(phone=NUMBER, phone_verified_at=house.clock.now())


@pytest.fixture
def pocket(office: Office, ada: User) -> Pocket:
    held = Pocket(office.house, ada)
    office.house.clock.move(DAY)
    return held


@pytest.fixture
def tom(office: Office, pocket: Pocket) -> Desk:
    return office.desk(Role.TECHNICIAN, name="Tom")


def went(answer: httpx.Response) -> str:
    """Where a form led."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/t/northwind")


def opened(office: Office, desk: Desk) -> str:
    """The path of a case for Ada."""
    path = went(desk.post("/console/cases", name="ada@northwind.test", contact="", words=""))
    office.house.clock.move(1)
    return path


def answered(desk: Desk, path: str, place: str, **fields: str) -> httpx.Response:
    return desk.post(f"{path}/{place}", **fields)


def test_somebody_calls(office: Office, tom: Desk) -> None:
    path = opened(office, tom)
    page = tom.get(path)
    assert heading(page) == "Nobody knows yet whether the caller is Ada Byron."
    assert "Ask their phone" in page.text
    assert "no page takes one" in page.text
    assert "A first proof is missing." in page.text
    listed = tom.get("/console/cases?state=mine").text
    assert path.rpartition("/")[2] in listed
    assert "whom nobody has taken" not in tom.get("/console/cases?state=free").text


def test_a_name_that_nobody_has_and_words_that_hold_a_secret(office: Office, tom: Desk) -> None:
    nobody = tom.post("/console/cases", name="nobody@here.test", contact="", words="")
    assert (nobody.status_code, heading(nobody)) == (
        422, "Nobody here is called “nobody@here.test”.",
    )  # fmt: skip
    secret = tom.post("/console/cases", name="ada@northwind.test", contact="", words="pin: 1234")
    assert (secret.status_code, "1234" in secret.text) == (422, False)
    assert tom.post("/console/cases", name=tom.me.email, contact="", words="").status_code == 403  # type: ignore[union-attr]


def test_proved_by_the_phone(office: Office, tom: Desk, ada: User, pocket: Pocket) -> None:
    path = opened(office, tom)
    ref = path.rpartition("/")[2]
    watch = went(tom.post(f"/console/users/{ada.id}/verify", case=ref))
    assert f"/console/cases/{ref}" in tom.get(watch).text
    assert 'hx-trigger="every 3s"' in tom.get(path).text
    pocket.approves()
    assert "Back to the case" in tom.get(watch).text
    page = tom.get(path)
    assert heading(page) == "1 proof says that the caller is Ada Byron."
    assert "One more proof is missing, by other means." in page.text
    assert "every 3s" not in page.text
    part = tom.get(f"{path}/proofs", hx_request="true")
    assert "<html" not in part.text
    assert "Their phone app approves" in part.text
    assert went(tom.get(f"{path}/proofs")) == path


@pytest.mark.parametrize(("method", "to"), [("text", "+44 •••• ••3456"), ("mail", "a•••@n•••")])
def test_proved_by_a_code(office: Office, tom: Desk, method: str, to: str) -> None:
    path = opened(office, tom)
    page = f"{path}/proofs/{method}"
    assert to in tom.get(page).text
    early = answered(tom, path, f"proofs/{method}/enter", code="123456")
    assert (early.status_code, heading(early)) == (409, "No code waits to be typed here.")
    assert went(tom.post(page)) == page
    assert heading(tom.get(page)).startswith("Ask the caller for the code that went to")
    soon = tom.post(page)
    assert (soon.status_code, heading(soon)[:21]) == (429, "Another code can be s")
    wrong = answered(tom, path, f"proofs/{method}/enter", code="x")
    assert (wrong.status_code, heading(wrong)) == (422, "That was not the code.")
    code = office.house.last("case_code").code
    assert went(answered(tom, path, f"proofs/{method}/enter", code=code)) == path
    assert heading(tom.get(path)) == "1 proof says that the caller is Ada Byron."


def test_five_wrong_ones_lead_back_to_the_case(office: Office, tom: Desk) -> None:
    path = opened(office, tom)
    tom.post(f"{path}/proofs/text")
    for _ in range(4):
        assert answered(tom, path, "proofs/text/enter", code="x").status_code == 422
    assert went(answered(tom, path, "proofs/text/enter", code="x")) == path
    assert "Five wrong codes: over in this case." in tom.get(path).text
    assert tom.get(f"{path}/proofs/text").status_code == 409


def test_too_many_codes(office: Office, tom: Desk) -> None:
    path = opened(office, tom)
    for _ in range(CASE_CODES.limit):
        tom.post(f"{path}/proofs/mail")
        office.house.clock.move(RESEND_MS)
    capped = tom.post(f"{path}/proofs/mail")
    assert (capped.status_code, heading(capped)[:18]) == (429, "No more codes are ")


@pytest.mark.parametrize(
    ("place", "status"), [("presence", 404), ("push", 404), ("x", 404), ("offline", 409)]
)
def test_no_such_way(office: Office, tom: Desk, place: str, status: int) -> None:
    path = opened(office, tom)
    assert tom.get(f"{path}/proofs/{place}").status_code == status
    assert answered(tom, path, f"proofs/{place}/enter", code="1").status_code == status
    assert tom.post(f"{path}/proofs/offline").status_code == 404


def test_the_word_of_a_colleague(office: Office, tom: Desk) -> None:
    path, mia = opened(office, tom), office.desk(Role.TECHNICIAN, name="Mia")
    assert mia.me is not None
    assert heading(mia.get(f"{path}/approve")) == "Nobody asks you in this case now."
    assert went(answered(tom, path, "ask", colleague=mia.me.id)) == path
    assert "Mia" in tom.get(path).text
    assert heading(mia.get(path)) == "Tom asks whether you know the caller."
    assert heading(mia.get(f"{path}/approve")) == "Do you know that Ada Byron is calling?"
    assert answered(mia, path, "approve", known="perhaps").status_code == 422
    assert went(answered(mia, path, "approve", known="yes")) == path
    assert answered(mia, path, "approve", known="yes").status_code == 404
    assert "Word of a colleague: Mia" in tom.get(path).text
    answered(tom, path, "ask", colleague=mia.me.id)
    assert went(answered(mia, path, "approve", known="no")) == path
    assert "said no" in tom.get(path).text
    assert answered(tom, path, "ask", colleague="nobody").status_code == 404
    for _ in range(CASE_CODES.limit):
        answered(tom, path, "ask", colleague=mia.me.id)
    last = answered(tom, path, "ask", colleague=mia.me.id)
    assert last.status_code == 429
    assert "Ask another one" in last.text


def test_taken_handed_over_and_noted(office: Office, tom: Desk) -> None:
    path, mia = opened(office, tom), office.desk(Role.TECHNICIAN, name="Mia")
    assert mia.me is not None
    assert heading(mia.get(path)) == "Tom works on this case."
    assert answered(mia, path, "hand", to=mia.me.id).status_code == 409
    assert went(answered(tom, path, "hand", to=mia.me.id)) == path
    assert heading(tom.get(path)) == "Mia works on this case."
    assert went(answered(tom, path, "take")) == path
    assert went(answered(tom, path, "note", words="called twice")) == path
    assert "called twice" in tom.get(path).text
    held = answered(tom, path, "note", words="the password is hunter2")
    assert (held.status_code, "hunter2" in held.text) == (422, False)
    assert "That looks like a password." in held.text


def two_proofs(tom: Desk, path: str, office: Office, pocket: Pocket | None = None) -> None:
    mia = office.desk(Role.TECHNICIAN, name="Mia")
    assert mia.me is not None
    answered(tom, path, "ask", colleague=mia.me.id)
    answered(mia, path, "approve", known="yes")
    if pocket is None:
        tom.post(f"{path}/proofs/text")
        code = office.house.last("case_code").code
        answered(tom, path, "proofs/text/enter", code=code)
    else:
        ref = path.rpartition("/")[2]
        tom.post(f"/console/users/{pocket.user.id}/verify", case=ref)
        pocket.approves()


def test_a_lost_phone(office: Office, tom: Desk) -> None:
    path, house = opened(office, tom), office.house
    assert heading(tom.get(f"{path}/lost")) == "What is proved does not permit a new phone."
    no = answered(tom, path, "lost")
    assert (no.status_code, heading(no)) == (
        409,
        "What is proved in this case does not permit that.",
    )
    two_proofs(tom, path, office)
    assert heading(tom.get(path)) == "The caller is Ada Byron."
    assert heading(tom.get(f"{path}/lost")) == "Ada Byron gets a new phone in 24 hours."
    assert went(answered(tom, path, "lost")) == path
    assert "Every address and number of Ada Byron has been told" in tom.get(path).text
    assert answered(tom, path, "lost").status_code == 409
    house.clock.move(WAIT_MS)
    asyncio.run(lost_phone.carry_out(house.parts))
    tom = office.desk(Role.TECHNICIAN)  # the next day
    assert "the link waits in Ada Byron’s mailbox" in tom.get(path).text
    assert went(answered(tom, path, "lost/stop")) == path
    assert "It was stopped at" in tom.get(path).text


def test_at_once_with_a_bound_factor(office: Office, tom: Desk, pocket: Pocket) -> None:
    path = opened(office, tom)
    two_proofs(tom, path, office, pocket)
    assert heading(tom.get(f"{path}/lost")) == "Ada Byron gets a new phone now."


def test_the_account_is_in_no_state_for_it(office: Office, tom: Desk, ada: User) -> None:
    path = opened(office, tom)
    office.house.change(ada, frozen_at=1)
    answer = answered(tom, path, "lost")
    assert (answer.status_code, heading(answer)) == (409, "Changes to this account are frozen.")


def test_the_number_of_an_account_in_use(
    office: Office, tom: Desk, ada: User, pocket: Pocket
) -> None:
    path = opened(office, tom)
    not_yet = "What is proved does not permit to release the number."
    assert heading(tom.get(f"{path}/number")) == not_yet
    assert f"{path}/number" not in tom.get(path).text
    no = answered(tom, path, "number")
    assert (no.status_code, heading(no)) == (
        409,
        "What is proved in this case does not permit that.",
    )
    two_proofs(tom, path, office, pocket)
    assert f"{path}/number" in tom.get(path).text
    asked = tom.get(f"{path}/number")
    assert heading(asked) == "The phone number goes off Ada Byron’s account."
    office.house.change(ada, frozen_at=1)
    frozen = answered(tom, path, "number")
    assert (frozen.status_code, heading(frozen)) == (409, "Changes to this account are frozen.")
    office.house.change(ada, frozen_at=None)
    assert went(answered(tom, path, "number")) == path
    assert office.house.again(ada).phone is None
    assert heading(tom.get(f"{path}/number")) == "Ada Byron has no phone number."
    assert f"{path}/number" not in tom.get(path).text


def test_the_link_again(office: Office, tom: Desk) -> None:
    path, house = opened(office, tom), office.house
    bound = answered(tom, path, "link")
    assert (bound.status_code, heading(bound)) == (409, "This person has a phone that is set up.")
    house.user("eli@northwind.test", phone="+447400123457", phone_verified_at=house.clock.now())
    house.clock.move(1)
    path = went(tom.post("/console/cases", name="eli@northwind.test", contact="", words=""))
    assert answered(tom, path, "link").status_code == 409
    tom.post(f"{path}/proofs/mail")
    answered(tom, path, "proofs/mail/enter", code=house.last("case_code").code)
    assert went(answered(tom, path, "link")) == path
    assert house.outbox("activation")


def test_a_closed_case(office: Office, tom: Desk) -> None:
    path = opened(office, tom)
    tom.post(f"{path}/close", cause="")
    for place in ("take", "note", "lost", "link", "ask", "proofs/text"):
        answer = answered(tom, path, place)
        assert (answer.status_code, heading(answer)) == (409, "This case is closed."), place
    page = tom.get(path).text
    assert "What that permits" not in page
    assert "Tom closed the case" in page


#: doors of a case that change something, and their fields
CHANGES = {
    "take": {}, "hand": {"to": "x"}, "note": {"words": "x"}, "proofs/text": {},
    "proofs/text/enter": {"code": "1"}, "ask": {"colleague": "x"}, "approve": {"known": "yes"},
    "link": {}, "lost": {}, "lost/stop": {}, "number": {},
}  # fmt: skip


@pytest.mark.parametrize("place", CHANGES)
def test_auditors_look_and_change_nothing(office: Office, tom: Desk, place: str) -> None:
    path, auditor = opened(office, tom), office.desk(Role.AUDITOR)
    assert auditor.get(path).status_code == 200
    assert answered(auditor, path, place, **CHANGES[place]).status_code == 403
    assert auditor.post("/console/cases", name="x", contact="", words="").status_code == 403


@pytest.mark.parametrize("place", CHANGES)
def test_another_tenants_staff_find_nothing(office: Office, tom: Desk, place: str) -> None:
    path, other = opened(office, tom), office.desk(Role.OWNER, tenant=office.other)
    assert answered(other, path, place, **CHANGES[place]).status_code == 404
    for page in ("", "/proofs/text", "/approve", "/lost", "/number"):
        assert other.get(path + page).status_code == 404


def test_the_phone_is_asked_in_ones_own_case(office: Office, tom: Desk, ada: User) -> None:
    ref = opened(office, tom).rpartition("/")[2]
    mia = office.desk(Role.TECHNICIAN)
    answer = mia.post(f"/console/users/{ada.id}/verify", case=ref)
    assert (answer.status_code, heading(answer)) == (409, "This case is not yours at the moment.")


def test_the_person_sees_it_and_stops_it(office: Office, tom: Desk) -> None:
    house = office.house
    eli = house.user(
        "eli@northwind.test", phone="+447400123457", phone_verified_at=house.clock.now()
    )
    house.clock.move(1)
    path = went(tom.post("/console/cases", name=eli.email, contact="", words=""))
    two_proofs(tom, path, office)
    answered(tom, path, "lost")
    browser = open_web(house).browser()
    browser.get("/signin")
    browser.post("/signin", identifier=eli.email, password=PASSWORD)
    page = browser.get("/account").text
    assert "Our help desk was asked for a new phone" in page
    assert path.rpartition("/")[2] in page
    browser.post("/account/app/lost/stop")
    assert "Our help desk was asked" not in browser.get("/account").text
    assert "by the person" in tom.get(path).text
