"""One's own account through the API."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import User
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import App, operations


@pytest.fixture
def ada(house: House, app: App) -> User:
    """Ada, signed in."""
    user = house.user()
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    return user


def another(app: App, ip: str = "203.0.113.9") -> App:
    """Ada's other app."""
    other = App(app.web, ip=ip)
    other.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    return other


def test_the_account_shows_what_is_signed_in_and_known(ada: User, app: App) -> None:
    other = another(app)
    shown = app.call("GET", "/account").data
    assert [s["current"] for s in shown["sessions"]].count(True) == 1
    assert {s["ip"] for s in shown["sessions"]} == {app.ip, other.ip}
    assert len(shown["clients"]) == 2
    assert shown["factors"] == {"totp": False, "recovery_left": 0}


def test_a_session_s_handle_is_neither_its_token_nor_the_token_s_digest(
    house: House, ada: User, app: App
) -> None:
    stored = house.write(lambda tx: tx.sessions.of_user(house.tenant.id, ada.id))[0].digest
    handle = app.call("GET", "/account").data["sessions"][0]["handle"]
    assert handle not in {stored, app.session}
    assert stored not in app.call("GET", "/account").page.html
    assert app.call("DELETE", f"/account/sessions/{stored}").code == "not-found"
    app.session = handle
    assert app.call("GET", "/account").code == "sign-in"


def test_one_of_one_s_sessions_can_be_ended(ada: User, app: App) -> None:
    other = another(app)
    sessions = app.call("GET", "/account").data["sessions"]
    handle = next(s["handle"] for s in sessions if not s["current"])
    assert app.call("DELETE", f"/account/sessions/{handle}").step == "none"
    assert other.call("GET", "/session").code == "sign-in"
    assert app.call("GET", "/session").status == 200
    assert app.call("DELETE", f"/account/sessions/{handle}").code == "not-found"


def test_all_other_sessions_can_be_ended_at_once(ada: User, app: App) -> None:
    others = [another(app), another(app)]
    assert app.call("DELETE", "/account/sessions/others").step == "none"
    assert [o.call("GET", "/session").code for o in others] == ["sign-in"] * 2
    assert app.call("GET", "/session").status == 200


def test_nobody_ends_or_forgets_what_is_somebody_else_s(house: House, ada: User, app: App) -> None:
    house.user("eve@northwind.test")
    eve = App(app.web, ip="203.0.113.66")
    eve.call("POST", "/signin", identifier="eve@northwind.test", password=PASSWORD)
    shown = app.call("GET", "/account").data
    for path in (
        f"/account/sessions/{shown['sessions'][0]['handle']}",
        f"/account/clients/{shown['clients'][0]['id']}",
    ):
        assert eve.call("DELETE", path).code == "not-found"
    assert app.call("GET", "/account").data == shown


def test_a_forgotten_client_loses_its_session(ada: User, app: App) -> None:
    other = another(app)
    known = str(other.client).partition(".")[0]
    assert app.call("DELETE", f"/account/clients/{known}").status == 200
    assert other.call("GET", "/session").code == "sign-in"
    assert app.call("DELETE", f"/account/clients/{known}").code == "not-found"


def test_an_authenticator_is_set_up_used_and_taken_away(house: House, ada: User, app: App) -> None:
    begun = app.call("POST", "/account/totp")
    assert (begun.step, begun.data["replaces"]) == ("totp_code", False)
    secret = begun.data["secret"]
    assert begun.data["uri"].startswith("otpauth://totp/")
    wrong = app.call("POST", "/account/totp/confirm", code="000000")
    assert (wrong.status, wrong.code, wrong.step) == (422, "wrong-new-code", "totp_code")
    before = app.session
    done = app.call("POST", "/account/totp/confirm", code=house.code_of(secret))
    assert len(done.data["recovery_codes"]) == 10
    assert app.session != before
    assert app.call("GET", "/account").data["factors"] == {"totp": True, "recovery_left": 10}
    house.clock.move(30_000)
    fresh = app.call("POST", "/account/recovery-codes", code=house.code_of(secret))
    assert set(fresh.data["recovery_codes"]).isdisjoint(done.data["recovery_codes"])
    assert app.call("POST", "/account/totp/remove", code="000000").code == "wrong"
    code = fresh.data["recovery_codes"][0]
    assert app.call("POST", "/account/totp/remove", code=code).status == 200
    assert app.call("POST", "/account/totp/remove", code=code).code == "no-second-step"


def test_an_authenticator_takes_the_place_of_another_only_with_that_one_s_code(
    house: House, ada: User, app: App
) -> None:
    old = house.totp(ada)
    secret = app.call("POST", "/account/totp").data["secret"]
    code = house.code_of(secret)
    assert app.call("POST", "/account/totp/confirm", code=code).code == "old-code-needed"
    wrong = app.call("POST", "/account/totp/confirm", code=code, old_code="000000")
    assert (wrong.status, wrong.code) == (401, "wrong")
    right = app.call("POST", "/account/totp/confirm", code=code, old_code=house.code_of(old))
    assert right.status == 200


def test_no_authenticator_is_confirmed_where_none_is_being_set_up(ada: User, app: App) -> None:
    assert app.call("POST", "/account/totp/confirm", code="000000").code == "nothing-pending"


def test_while_changes_are_frozen_nothing_changes(house: House, ada: User, app: App) -> None:
    house.totp(ada)
    house.change(ada, frozen_at=house.clock.now())
    for method, path, fields in (
        ("POST", "/account/totp", {}),
        ("POST", "/account/totp/remove", {"code": "000000"}),
        ("POST", "/account/recovery-codes", {"code": "000000"}),
        ("POST", "/account/phone", {"number": "+447400123456"}),
        ("DELETE", "/account/phone", {}),
    ):
        reply = app.call(method, path, **fields)
        assert (reply.status, reply.code) == (403, "frozen"), path
        assert reply.data["since"] == house.clock.now()


def test_whatever_is_about_an_account_needs_a_session(app: App) -> None:
    """Every operation says so itself; none of them is left out here."""
    needing = [o for o in operations() if o[2].get("security") == [{"session": []}]]
    assert {path for _, path, _ in operations() if path.startswith("/account")} == {
        path for _, path, _ in needing if path != "/session"
    }
    for method, path, operation in needing:
        fields = {"code": "1", "number": "1"} if "requestBody" in operation else {}
        wanted = "number" if path == "/account/phone" else "code"
        fields = {k: v for k, v in fields.items() if k == wanted}
        reply = app.call(
            method, path.replace("{handle}", "x").replace("{client_id}", "x"), **fields
        )
        assert (reply.status, reply.code, reply.step) == (401, "sign-in", "password"), path
