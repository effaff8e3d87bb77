"""A temporary password in the console: the page, what its script is told, what it hands in."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.rules.accounts import Role, User
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import Method
from keyturn.steps import casework
from keyturn.steps.acts import begin
from tests.unit.flows.helpdesk import NUMBER
from tests.unit.web.console.desk import Desk, Office, heading
from tests.unit.web.corp import Corp, handed_in

WORD = "Clamp-ritzy-oven-fable-duck-7"


class Counter:
    """Tom's case about Ada, who has an account in a directory."""

    def __init__(self, office: Office) -> None:
        self.house = office.house
        self.ada: User = self.house.user(phone=NUMBER, phone_verified_at=self.house.clock.now())
        self.corp = Corp(self.house.write, self.house.parts, self.house.tenant)
        self.corp.link(self.ada, "ada.b")
        self.house.clock.move(DAY)
        self.tom: Desk = office.desk(Role.TECHNICIAN, name="Tom")
        said = {"name": "ada@northwind.test", "contact": "", "words": ""}
        place = self.tom.post("/console/cases", **said).headers["location"]
        self.case = place.removeprefix("/t/northwind")
        self.at = f"{self.case}/temporary/{self.corp.directory.id}"
        self.house.clock.move(1)
        self.corp.beat()

    def proves(self, *methods: Method) -> None:
        """As the flows of each do."""
        caller = self.house.browser().caller

        def step(tx: Any) -> None:
            act = begin(self.house.parts, caller, self.tom.me)
            held = casework.hold(tx, act, self.case.rpartition("/")[2])
            assert held is not None
            for method in methods:
                held = casework.proved(tx, act, held, method, 0, turn=held.standing.turn)

        self.house.write(step)

    def asks(self, place: str, **fields: str) -> tuple[int, dict[str, Any]]:
        """What the script is answered."""
        answer = self.tom.post(f"{self.at}/{place}", **fields)
        return answer.status_code, answer.json()


@pytest.fixture
def counter(office: Office) -> Counter:
    return Counter(office)


BOTH = (Method.PRESENCE, Method.TEXT)


def test_offered_where_it_is_permitted_and_there_is_an_account(
    office: Office, counter: Counter
) -> None:
    before = counter.tom.get(counter.case)
    assert "A temporary password in a directory" in before.text
    assert counter.at not in before.text
    page = counter.tom.get(counter.at)
    assert heading(page) == "What is proved does not permit a temporary password."
    assert "temporary.js" not in page.text
    counter.proves(*BOTH)
    assert counter.at in counter.tom.get(counter.case).text
    page = counter.tom.get(counter.at)
    assert heading(page) == "Ada Byron gets a temporary password in corp.example.test."
    assert "temporary.js" in page.text
    assert "ada.b" in page.text
    assert 'type="password"' not in page.text
    other = office.desk(Role.TECHNICIAN)
    assert other.get(counter.at).status_code == 409


def test_somebody_without_a_directory_account_is_not_offered_one(office: Office) -> None:
    office.house.user()
    tom = office.desk(Role.TECHNICIAN)
    said = {"name": "ada@northwind.test", "contact": "", "words": ""}
    place = tom.post("/console/cases", **said).headers["location"]
    assert "temporary password" not in tom.get(place.removeprefix("/t/northwind")).text


def test_sealed_handed_in_and_watched(counter: Counter) -> None:
    counter.proves(*BOTH)
    status, asked = counter.asks("recipients")
    assert (status, asked["domain"], len(asked["recipients"])) == (200, "corp.example.test", 2)
    sealed = handed_in(asked, WORD)
    assert counter.asks("submit", job=asked["job"], envelopes=sealed) == (
        200, {"job": asked["job"], "state": "queued", "over": False},
    )  # fmt: skip
    job = counter.corp.take()
    assert (job.id, job.must_change) == (asked["job"], True)
    assert counter.corp.opened(job) == WORD
    counter.corp.done(job)
    seen = counter.tom.get(f"{counter.at}/{job.id}").json()
    assert seen == {"job": job.id, "state": "done", "over": True}
    log = counter.tom.get(counter.case).text
    assert "Permitted by what was proved: a temporary password in a directory" in log
    assert WORD not in log
    gone = counter.tom.get(f"{counter.at}/{'0' * 26}")
    assert (gone.status_code, gone.json()) == (404, {"code": "gone"})


def test_what_the_directory_said_last_is_what_a_password_is_made_by(counter: Counter) -> None:
    counter.proves(*BOTH)
    asks = f"/console/users/{counter.ada.id}/directories/{counter.corp.directory.id}/again"
    counter.tom.post(asks)
    counter.corp.answer()
    page = counter.tom.get(counter.at).text
    assert "&#34;min_length&#34;: 14" in page
    assert "Ada B." in page


def test_why_not(counter: Counter) -> None:
    house = counter.house
    assert counter.asks("recipients") == (409, {"code": "short"})
    counter.proves(*BOTH)
    _, asked = counter.asks("recipients")
    job = asked["job"]
    assert counter.asks("submit", job=job, envelopes="[]") == (409, {"code": "stale"})
    assert counter.asks("submit", job="0" * 26, envelopes="[]")[1]["code"] == "short"
    house.change(counter.ada, frozen_at=1)
    assert counter.asks("recipients") == (409, {"code": "inactive"})
    house.change(counter.ada, frozen_at=None)
    house.clock.move(60_000)
    assert counter.asks("recipients") == (409, {"code": "nobody"})
    counter.corp.beat()
    answers: list[Any] = []
    while not answers or "state" in answers[-1]:
        _, asked = counter.asks("recipients")
        sealed = handed_in(asked, WORD)
        answers.append(counter.asks("submit", job=asked["job"], envelopes=sealed)[1])
    assert answers[-1] == {"code": "spent"}
    counter.tom.post(f"{counter.case}/close", cause="")
    assert counter.tom.post(f"{counter.at}/recipients").status_code == 409
