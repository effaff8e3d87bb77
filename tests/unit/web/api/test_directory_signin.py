"""Signing in with a directory password through the API: the same flow as the page."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyturn.ports.store import Tx
from keyturn.rules.accounts import UserState
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.rules.lockout import HOUR
from keyturn.steps import guesses
from tests.unit.flows.house import EMAIL, House
from tests.unit.web.api.calling import Answer, App
from tests.unit.web.browsing import open_web
from tests.unit.web.corp import DOMAIN, Corp, handed_in

WORK = "Amber-kettle-19-harbour"


@dataclass(slots=True)
class Program:
    """A program, and the directory."""

    app: App
    corp: Corp
    house: House

    def begin(self) -> Answer:
        """Whom to seal to."""
        return self.app.call("POST", f"/signin/directories/{self.corp.directory.id}")

    def hand_in(self, begun: Answer, typed: str = EMAIL) -> Answer:
        """Seal and hand in."""
        sealing = begun.data["sealing"]
        return self.app.call(
            "POST", f"/signin/attempts/{sealing['job']}", identifier=typed,
            envelopes=json.loads(handed_in(sealing, WORK)),
        )  # fmt: skip

    def answer(self, begun: Answer) -> Answer:
        """What came of it."""
        attempt = begun.data["sealing"]["job"]
        return self.app.call("POST", f"/signin/attempts/{attempt}/answer")

    def signs_in(self, bind: str, reason: str = "") -> Answer:
        """All of it."""
        begun = self.begin()
        assert self.hand_in(begun).step == "directory_try"
        assert self.answer(begun).step == "directory_try"
        assert self.corp.tried(bind, reason) == WORK
        self.house.clock.move(STEP_MS)
        return self.answer(begun)


def switched(house: House) -> Corp:
    corp = Corp(house.write, house.parts, house.tenant)

    def step(tx: Tx) -> None:
        policy = replace(house.tenant.policy, directory_signin=(corp.directory.id,))
        tx.tenants.update(replace(house.tenant, policy=policy))

    house.write(step)
    return corp


@pytest.fixture
def program(house: House, app: App) -> Program:
    return Program(app, switched(house), house)


def person(program: Program, **fields: Any) -> None:
    program.corp.link(program.house.user(**fields), "ada")


def test_the_directories_are_listed(program: Program) -> None:
    reply = program.app.call("GET", "/signin/directories")
    assert reply.data["directories"] == [{"directory": program.corp.directory.id, "domain": DOMAIN}]


def test_a_right_password_signs_in(program: Program) -> None:
    person(program)
    reply = program.signs_in("right")
    assert (reply.status, reply.step) == (200, "none")
    assert reply.data["signed_in"]["level"] == 1
    assert program.app.call("GET", "/session").status == 200


def test_a_second_step_is_asked_for(program: Program) -> None:
    user = program.house.user()
    program.corp.link(user, "ada")
    secret = program.house.totp(user)
    assert program.signs_in("right").step == "second_factor"
    code = program.house.code_of(secret)
    assert program.app.call("POST", "/signin/second", code=code).data["signed_in"]["level"] == 2


def test_an_address_that_was_never_confirmed_comes_first(program: Program) -> None:
    person(program, state=UserState.UNVERIFIED)
    assert program.signs_in("right").step == "verify_email"


@pytest.mark.parametrize(
    ("bind", "reason", "status", "code"),
    [
        ("wrong", "wrong", 401, "wrong"),
        ("right", "must_change", 403, "directory-change"),
        ("right", "hours", 403, "directory-barred"),
        ("", "unreachable", 503, "directory-silent"),
    ],
)
def test_everything_else_is_a_problem(
    program: Program, bind: str, reason: str, status: int, code: str
) -> None:
    person(program)
    reply = program.signs_in(bind, reason)
    assert (reply.status, reply.code, reply.step) == (status, code, "password")


def test_what_cannot_be_taken_is_named(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = program.begin()
    assert program.hand_in(begun, "\u200b").errors == [("/identifier", "not-a-name")]
    elsewhere = {"sealing": {**begun.data["sealing"], "job": "0" * 26}}
    assert program.hand_in(Answer(begun.page, elsewhere)).code == "nothing-pending"
    one = json.loads(handed_in(begun.data["sealing"], WORK))[0]
    reply = program.app.call(
        "POST", f"/signin/attempts/{begun.data['sealing']['job']}", identifier=EMAIL,
        envelopes=[one, one],
    )  # fmt: skip
    assert reply.code == "not-sealed"
    monkeypatch.setattr(guesses, "WAITING", 0)
    assert program.hand_in(begun).code == "busy"
    assert program.answer(begun).code == "nothing-pending"


def test_what_is_off_or_silent_is_named(program: Program) -> None:
    assert program.app.call("POST", f"/signin/directories/{'0' * 26}").code == "not-found"
    program.house.clock.move(HOUR)
    assert program.begin().code == "directory-silent"


def test_a_network_that_has_failed_too_often_is_put_off(house: House) -> None:
    house.limit(network_failures=1)
    program = Program(App(open_web(house)), switched(house), house)
    assert program.signs_in("wrong", "wrong").code == "wrong"
    assert program.hand_in(program.begin()).code == "too-many"
