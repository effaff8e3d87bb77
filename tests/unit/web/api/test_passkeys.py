"""Passkeys by the API: the same flows as the pages, every reply as documented."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.demo.play.authenticator import PRESENT, VERIFIED, Authenticator
from keyturn.rules.accounts import User
from keyturn.rules.passkeys import ASKED, MOST
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.hands import enrolled, kept, token
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App
from tests.unit.web.browsing import Web


@pytest.fixture
def ada(house: House) -> User:
    """Somebody with a password."""
    return house.user()


@pytest.fixture
def held(house: House, ada: User) -> Authenticator:
    """Her authenticator, with one passkey."""
    return enrolled(house, ada)[0]


def question(app: App, path: str) -> dict[str, Any]:
    """Ask for a passkey."""
    answer = app.call("POST", path + "/options")
    assert answer.status == 200, answer
    return dict(json.loads(answer.data["options"]))


def use(app: App, held: Authenticator, path: str, **fields: object) -> Answer:
    """A passkey answers."""
    return app.call("POST", path, credential=json.dumps(held.get(question(app, path))), **fields)


def make(app: App, held: Authenticator) -> Answer:
    """A passkey is made."""
    made = held.create(question(app, "/account/passkeys/new"))
    return app.call("POST", "/account/passkeys", credential=json.dumps(made))


def signed_in(app: App, held: Authenticator) -> App:
    """Somebody who signed in by their passkey."""
    assert use(app, held, "/signin/passkey").data["signed_in"]["level"] == 2
    return app


def test_a_passkey_signs_in(app: App, held: Authenticator) -> None:
    answer = use(app, held, "/signin/passkey")
    assert (answer.step, answer.data["signed_in"]["level"]) == ("none", 2)
    assert app.call("GET", "/session").data["level"] == 2


def test_a_passkey_that_proves_nothing_gets_the_neutral_answer(
    app: App, held: Authenticator
) -> None:
    answer = use(app, replace(held, flags=PRESENT), "/signin/passkey")
    assert (answer.status, answer.code, answer.step) == (401, "wrong", "password")


@pytest.mark.parametrize("sent", ["x", "{}", '{"type": "public-key"}', "[" * 9_000, "[1e9999]"])
@pytest.mark.parametrize("path", ["/signin/passkey", "/signin/second/passkey"])
def test_what_is_no_answer_is_told_where(app: App, path: str, sent: str) -> None:
    answer = app.call("POST", path, credential=sent)
    assert (answer.status, answer.errors) == (422, [("/credential", "unfit")])


def test_networks_that_fail_or_ask_too_often_wait(
    house: House, web: Web, app: App, held: Authenticator
) -> None:
    house.limit(network_failures=10)
    web.site.parts = house.parts
    for _ in range(10):
        use(app, replace(held, flags=PRESENT), "/signin/passkey")
    answer = use(app, held, "/signin/passkey")
    assert (answer.status, answer.code) == (429, "too-many")
    now = house.clock.now()
    for _ in range(ASKED.limit):
        house.write(lambda tx: tx.budgets.spend(house.tenant.id, "198.51.100.0/24", now, ASKED))
    answer = App(web).call("POST", "/signin/passkey/options")
    assert (answer.status, answer.code) == (429, "too-many")


def test_a_passkey_is_the_second_step(app: App, held: Authenticator) -> None:
    answer = app.call("POST", "/signin/second/passkey/options")
    assert (answer.status, answer.code) == (409, "nothing-pending")
    pending = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert pending.data["pending"]["methods"] == ["passkey", "recovery"]
    path = "/signin/second/passkey"
    answer = use(app, replace(held, flags=VERIFIED), path)
    assert (answer.status, answer.code, answer.step) == (401, "wrong", "second_factor")
    answer = use(app, held, path, trust=True)
    assert answer.data["signed_in"]["level"] == 2
    sent = held.get({"challenge": "AAAA", "rpId": "id.test", "allowCredentials": []})
    answer = app.call("POST", path, credential=json.dumps(sent))
    assert (answer.status, answer.code) == (409, "nothing-pending")
    again = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert again.data["signed_in"]["level"] == 1


def test_five_refused_passkeys_lock_the_second_step(app: App, held: Authenticator) -> None:
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    answers = [use(app, replace(held, flags=VERIFIED), "/signin/second/passkey") for _ in range(5)]
    assert [a.code for a in answers] == ["wrong"] * 4 + ["locked"]


def test_a_passkey_is_the_second_proof_of_a_recovery(
    house: House, app: App, held: Authenticator
) -> None:
    path = "/recovery/second/passkey"
    assert app.call("POST", path + "/options").code == "nothing-pending"
    app.call("POST", "/recovery", identifier=EMAIL)
    app.call("POST", "/recovery/code", code=house.last("recovery_code").code)
    answer = use(app, replace(held, flags=VERIFIED), path)
    assert (answer.code, answer.step) == ("wrong", "recovery_second")
    assert use(app, held, path).step == "new_password"


def test_a_passkey_proves_whose_session_it_is(house: House, app: App, held: Authenticator) -> None:
    signed_in(app, held)
    house.clock.move(FRESH_MS)
    answer = app.call("POST", "/account/passkeys/new/options")
    assert (answer.status, answer.code) == (403, "proof-needed")
    assert answer.data["pending"]["methods"] == ["passkey", "recovery"]
    path = "/account/proof/passkey"
    assert use(app, replace(held, flags=PRESENT), path).code == "wrong"
    before = app.session
    assert use(app, held, path).step == "none"
    assert app.session != before
    assert app.call("POST", "/account/passkeys/new/options").status == 200


def test_whoever_has_no_passkey_is_asked_for_none(app: App, ada: User) -> None:
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    answer = app.call("POST", "/account/proof/passkey/options")
    assert (answer.status, answer.code) == (409, "no-passkey")


def test_passkeys_are_made_listed_renamed_and_removed(house: House, app: App, ada: User) -> None:
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    held = token()
    made = make(app, held)
    assert len(made.data["recovery_codes"]) == 10
    (mine,) = app.call("GET", "/account/passkeys").data["passkeys"]
    assert mine == made.data["passkey"]
    path = f"/account/passkeys/{mine['id']}"
    assert app.call("PATCH", path, name="Blue key").status == 200
    assert kept(house, ada)[0].name == "Blue key"
    assert app.call("PATCH", path, name=" ").errors == [("/name", "unfit")]
    assert app.call("DELETE", path).status == 200
    assert kept(house, ada) == []
    for method, fields in (("PATCH", {"name": "x"}), ("DELETE", {})):
        answer = app.call(method, path, **fields)
        assert (answer.status, answer.code) == (404, "not-found")


def test_what_cannot_be_added_is_told(house: House, app: App, ada: User) -> None:
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    held = token()
    answer = app.call("POST", "/account/passkeys", credential="{}")
    assert answer.errors == [("/credential", "unfit")]
    answer = make(app, replace(held, origin="https://evil.test"))
    assert (answer.status, answer.code) == (422, "passkey-refused")
    make(app, held)
    made = held.create(question(app, "/account/passkeys/new"))
    (mine,) = kept(house, ada)
    twin = replace(mine, id=house.random.id(1), credential_id=made["id"])
    house.write(lambda tx: tx.passkeys.add(twin))
    answer = app.call("POST", "/account/passkeys", credential=json.dumps(made))
    assert (answer.status, answer.code) == (409, "passkey-known")
    for number in range(MOST - 2):
        more = replace(mine, id=house.random.id(1), credential_id=f"c{number}")
        house.write(lambda tx, more=more: tx.passkeys.add(more))  # type: ignore[misc]
    answer = app.call("POST", "/account/passkeys/new/options")
    assert (answer.status, answer.code, answer.data["most"]) == (409, "passkeys-full", MOST)


def test_while_changes_are_frozen_nothing_of_it_goes_on(
    house: House, app: App, ada: User, held: Authenticator
) -> None:
    signed_in(app, held)
    (mine,) = kept(house, ada)
    house.change(ada, frozen_at=house.clock.now())
    sent = held.get({"challenge": "AAAA", "rpId": "id.test", "allowCredentials": []})
    made = held.create({"challenge": "AAAA", "rp": {"id": "id.test"}, "user": {"id": "AAAA"}})
    path = f"/account/passkeys/{mine.id}"
    answers = [
        app.call("POST", "/account/passkeys/new/options"),
        app.call("POST", "/account/passkeys", credential=json.dumps(made)),
        app.call("POST", "/account/proof/passkey/options"),
        app.call("POST", "/account/proof/passkey", credential=json.dumps(sent)),
        app.call("PATCH", path, name="x"),
        app.call("DELETE", path),
    ]
    assert [a.code for a in answers] == ["frozen"] * 6
