"""Directory passwords through the API: the same flows as the pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App
from tests.unit.web.browsing import Web
from tests.unit.web.corp import DOMAIN, Corp, handed_in

NEW = "Velvet-otter-42-lamp"


@dataclass(slots=True)
class Ada:
    """Ada's program, and her directory."""

    app: App
    corp: Corp
    house: House
    user: User

    def account(self, act: str) -> Answer:
        """Something about her account."""
        return self.app.call("POST", f"/directory/accounts/{self.corp.directory.id}/{act}")

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        answer = self.app.call("GET", f"/directory/jobs/{job_id}")
        assert answer.status == 200
        return dict(answer.data["job"])

    def submit(self, begun: Answer, password: str = NEW) -> Answer:
        """Seal and hand in."""
        envelopes = json.loads(handed_in(begun.data["sealing"], password))
        path = f"/directory/jobs/{begun.data['job']['id']}/submit"
        return self.app.call("POST", path, envelopes=envelopes)


@pytest.fixture
def ada(house: House, app: App) -> Ada:
    user = house.user(EMAIL, PASSWORD)
    secret = house.totp(user)
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    app.call("POST", "/signin/second", code=house.code_of(secret))
    corp = Corp(house.write, house.parts, house.tenant)
    corp.link(user, "ada")
    return Ada(app, corp, house, user)


def test_the_accounts_are_listed_with_what_waits(ada: Ada) -> None:
    reply = ada.app.call("GET", "/directory/accounts")
    (account,) = reply.data["accounts"]
    assert (account["domain"], account["name"], account["waiting"]) == (DOMAIN, "ada", None)
    job = ada.account("reset").data["job"]["id"]
    reply = ada.app.call("GET", "/directory/accounts")
    assert reply.data["accounts"][0]["waiting"] == job
    assert [j["id"] for j in reply.data["jobs"]] == [job]


def test_the_directory_is_asked_and_answers(ada: Ada) -> None:
    asked = ada.account("look")
    assert asked.step == "directory_answer"
    path = f"/directory/looks/{asked.data['pending']['look']}"
    waiting = ada.app.call("GET", path)
    assert (waiting.step, waiting.data["standing"]) == ("directory_answer", None)
    ada.corp.answer(locked_until=0, bad_count=5)
    reply = ada.app.call("GET", path)
    assert (reply.step, reply.data["cause"]) == ("none", "")
    assert reply.data["standing"]["locked_until"] == 0
    assert reply.data["standing"]["policy"]["min_length"] == 14


def test_what_cannot_be_read_is_none(ada: Ada) -> None:
    path = f"/directory/looks/{ada.account('look').data['pending']['look']}"
    ada.corp.answer(policy=None)
    assert ada.app.call("GET", path).data["standing"]["policy"] is None
    path = f"/directory/looks/{ada.account('look').data['pending']['look']}"
    ada.corp.answer("tls_ca")
    reply = ada.app.call("GET", path)
    assert (reply.step, reply.data["standing"], reply.data["cause"]) == ("none", None, "tls_ca")


def test_a_sealed_password_is_handed_in_once_and_watched_to_the_end(ada: Ada) -> None:
    begun = ada.account("reset")
    assert begun.step == "directory_password"
    assert ada.account("reset").data["job"]["id"] == begun.data["job"]["id"]
    sent = ada.submit(begun)
    assert (sent.step, sent.data["job"]["state"]) == ("directory_job", "queued")
    job = ada.corp.take()
    assert ada.corp.opened(job) == NEW
    ada.corp.done(job)
    shown = ada.job(job.id)
    assert (shown["state"], shown["over"]) == ("done", False)
    assert shown["old_until"] == shown["finished_at"] + HOUR
    states = {p["controller"].partition(".")[0]: p["state"] for p in shown["proofs"]}
    assert states == {"dc1": "proved", "dc2": "waiting", "dc3": "waiting", "dc4": "read_only"}
    for name in ("dc2", "dc3"):
        ada.corp.seen(job, name, ProofState.PROVED, 800)
    assert ada.job(job.id)["over"] is True
    assert ada.app.call("GET", f"/directory/jobs/{job.id}").step == "none"


def test_an_unlock_is_a_job_that_can_be_taken_back(ada: Ada) -> None:
    begun = ada.account("unlock")
    assert (begun.step, begun.data["job"]["kind"]) == ("directory_job", "unlock")
    ended = ada.app.call("DELETE", f"/directory/jobs/{begun.data['job']['id']}")
    assert (ended.data["job"]["state"], ended.data["job"]["reason"]) == ("not_done", "cancelled")


def test_a_refusal_has_its_reason_and_numbers(ada: Ada) -> None:
    ada.submit(ada.account("reset"))
    job = ada.corp.take()
    ada.corp.report(job, "not_done", "too_short", minimum=15)
    shown = ada.job(job.id)
    assert (shown["state"], shown["reason"], shown["data"]) == (
        "not_done", "too_short", {"minimum": 15},
    )  # fmt: skip


@pytest.mark.parametrize("envelope", [
    {"agent": "x", "enc": "AAAA", "ciphertext": "AAAA"},
    {"agent": "x", "enc": "*", "ciphertext": "a"},
])  # fmt: skip
def test_what_is_no_envelope_is_refused(ada: Ada, envelope: dict[str, str]) -> None:
    job = ada.account("reset").data["job"]["id"]
    reply = ada.app.call("POST", f"/directory/jobs/{job}/submit", envelopes=[envelope])
    assert (reply.status, reply.code) == (409, "not-sealed")


def test_a_password_has_no_place_in_the_body(ada: Ada) -> None:
    job = ada.account("reset").data["job"]["id"]
    reply = ada.app.call("POST", f"/directory/jobs/{job}/submit", envelopes="x", password=NEW)
    assert reply.errors == [("", "unknown-field"), ("/envelopes", "not-an-array")]
    assert NEW not in str(reply.data)


def test_silent_agents_and_none_at_all_are_told(ada: Ada) -> None:
    ada.house.clock.move(MINUTE)
    for act in ("look", "reset", "unlock"):
        reply = ada.account(act)
        assert (reply.status, reply.code) == (503, "agent-silent")
    empty = Corp(ada.house.write, ada.house.parts, ada.house.tenant, agents=(), domain="x.test")
    empty.link(ada.user, "ada")
    reply = ada.app.call("POST", f"/directory/accounts/{empty.directory.id}/unlock")
    assert (reply.status, reply.code) == (409, "no-agent")


def test_too_many_looks_are_put_off(ada: Ada) -> None:
    reply = ada.account("look")
    while reply.status == 200:
        ada.corp.answer()
        reply = ada.account("look")
    assert (reply.status, reply.code) == (429, "budget")


def test_an_old_proof_is_asked_for(ada: Ada) -> None:
    begun = ada.account("reset")
    ada.house.clock.move(FRESH_MS)
    ada.corp.beat()
    for answer in (ada.account("reset"), ada.account("unlock"), ada.submit(begun)):
        assert (answer.status, answer.code, answer.step) == (403, "proof-needed", "proof")


def test_without_a_second_step_it_is_told_what_is_missing(house: House, app: App) -> None:
    house.user(EMAIL, PASSWORD)
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert app.call("GET", "/directory/accounts").code == "second-step-missing"


def test_what_is_somebody_elses_is_not_there(ada: Ada, web: Web) -> None:
    begun = ada.account("reset")
    look = ada.account("look").data["pending"]["look"]
    ben = ada.house.user("ben@example.com")
    secret = ada.house.totp(ben)
    other = App(web)
    other.call("POST", "/signin", identifier="ben@example.com", password=PASSWORD)
    other.call("POST", "/signin/second", code=ada.house.code_of(secret))
    job, mine = begun.data["job"]["id"], Ada(other, ada.corp, ada.house, ben)
    answers = [
        other.call("GET", f"/directory/jobs/{job}"),
        other.call("DELETE", f"/directory/jobs/{job}"),
        other.call("GET", f"/directory/looks/{look}"),
        mine.submit(begun), mine.account("look"), mine.account("reset"), mine.account("unlock"),
    ]  # fmt: skip
    assert {(a.status, a.code) for a in answers} == {(404, "not-found")}
