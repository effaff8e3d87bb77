"""One's own account through the API."""

from __future__ import annotations

import pytest

from keyturn.ports.secrets import Busy
from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE
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
    assert shown["mail"]["circular"] is False


def test_the_account_shows_what_became_of_the_last_mail_to_it(
    house: House, ada: User, app: App
) -> None:
    app.call("POST", "/recovery", identifier=EMAIL)
    assert app.call("GET", "/account").data["mail"]["last"] == "queued"


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
    fresh = app.call("POST", "/account/recovery-codes")
    assert set(fresh.data["recovery_codes"]).isdisjoint(done.data["recovery_codes"])
    assert app.call("POST", "/account/totp/remove").status == 200
    assert app.call("POST", "/account/totp/remove").code == "no-second-step"


def test_an_old_session_is_asked_to_prove_itself_and_may_then_go_on(
    house: House, ada: User, app: App
) -> None:
    house.clock.move(10 * MINUTE)
    for method, path, fields in CHANGES:
        needed = app.call(method, path, **fields)
        assert (needed.status, needed.code, needed.step) == (403, "proof-needed", "proof"), path
        assert needed.data["pending"]["methods"] == ["password"]
    wrong = app.call("POST", "/account/proof/password", password="nonsense")
    assert (wrong.status, wrong.code, wrong.step) == (401, "wrong", "proof")
    before = app.session
    assert app.call("POST", "/account/proof/password", password=PASSWORD).status == 200
    assert app.session != before
    assert app.call("POST", "/account/totp").step == "totp_code"


def test_a_second_step_proves_and_the_password_does_not(house: House, ada: User, app: App) -> None:
    secret = house.totp(ada)
    assert app.call("POST", "/account/totp").data["pending"]["methods"] == ["totp"]
    answer = app.call("POST", "/account/proof/password", password=PASSWORD)
    assert (answer.status, answer.code) == (409, "not-this-way")
    for _ in range(4):
        assert app.call("POST", "/account/proof/code", code="000000").code == "wrong"
    locked = app.call("POST", "/account/proof/code", code="000000")
    assert (locked.code, locked.data["until"]) == ("locked", house.clock.now() + 10 * MINUTE)
    house.clock.move(10 * MINUTE)
    assert app.call("POST", "/account/proof/code", code=house.code_of(secret)).status == 200
    assert app.call("POST", "/account/recovery-codes").status == 200
    assert app.call("PUT", "/account/trust").status == 200
    (client,) = [c for c in app.call("GET", "/account").data["clients"] if c["trusted"]]
    assert app.call("DELETE", f"/account/clients/{client['id']}/trust").status == 200
    assert app.call("DELETE", "/account/clients/x/trust").code == "not-found"


def test_trust_needs_something_that_it_spares(ada: User, app: App) -> None:
    assert app.call("PUT", "/account/trust").code == "no-second-step"


def test_a_new_password_is_set_by_who_knows_the_old_one(house: House, ada: User, app: App) -> None:
    wrong = app.call("POST", "/account/password", current="nonsense", password="a wholly new one")
    assert wrong.code == "wrong"
    short = app.call("POST", "/account/password", current=PASSWORD, password="short")
    assert (short.code, short.data["problems"][0]["fault"]) == ("password-refused", "too-short")
    same = app.call("POST", "/account/password", current=PASSWORD, password=PASSWORD)
    assert same.data["problems"] == [{"fault": "same", "limit": None, "word": None}]
    done = app.call("POST", "/account/password", current=PASSWORD, password="a wholly new one")
    assert done.status == 200
    assert app.call("GET", "/account").status == 200
    for _ in range(4):
        app.call("POST", "/account/password", current="nonsense", password="yet another one")
    locked = app.call("POST", "/account/password", current="nonsense", password="yet another one")
    assert locked.code == "locked"
    house.totp(ada)
    needed = app.call("POST", "/account/password", current="nonsense", password="yet another one")
    assert needed.code == "proof-needed"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/proof/password", {"password": PASSWORD}),
        ("/account/password", {"current": PASSWORD, "password": "a wholly new one"}),
    ],
)
def test_a_busy_server_says_when_to_ask_again(
    house: House, ada: User, app: App, path: str, fields: dict[str, str]
) -> None:
    async def busy() -> None:
        raise Busy(retry_after=700)

    house.hasher.during = busy
    answer = app.call("POST", path, **fields)
    assert (answer.status, answer.code, answer.data["retry_after"]) == (503, "busy", 700)


# -- another address


def test_another_address_is_proved_by_a_code(house: House, ada: User, app: App) -> None:
    assert app.call("GET", "/account/email").step == "none"
    offered = app.call("POST", "/account/email", email="ada@new.test")
    assert (offered.step, offered.data["pending"]["email"]) == ("address_code", "ada@new.test")
    assert app.call("POST", "/account/email/resend").code == "too-soon"
    wrong = app.call("POST", "/account/email/code", code="nonsense")
    assert (wrong.code, wrong.step) == ("wrong-code", "address_code")
    house.clock.move(MINUTE)
    assert app.call("POST", "/account/email/resend").step == "address_code"
    code = house.last("verify_address").code
    done = app.call("POST", "/account/email/code", code=code)
    assert (done.data["user"]["email"], done.step) == ("ada@new.test", "none")
    assert app.call("POST", "/account/email/code", code=code).code == "nothing-pending"


def test_what_cannot_be_the_new_address_is_told(house: House, ada: User, app: App) -> None:
    refused = app.call("POST", "/account/email", email="ada@")
    assert refused.errors[0][0] == "/email"
    assert app.call("POST", "/account/email", email=EMAIL).code == "same-address"
    for _ in range(5):
        app.call("POST", "/account/email", email="ada@new.test")
    assert app.call("POST", "/account/email", email="ada@new.test").code == "budget"
    house.user("ada@new.test")
    code = house.last("verify_address").code
    assert app.call("POST", "/account/email/code", code=code).code == "address-in-use"


def test_an_address_given_up_changes_nothing(ada: User, app: App) -> None:
    app.call("POST", "/account/email", email="ada@new.test")
    given_up = app.call("DELETE", "/account/email")
    assert (given_up.step, given_up.data["user"]["email"]) == ("none", EMAIL)
    assert app.call("GET", "/account/email").step == "none"


def test_no_authenticator_is_confirmed_where_none_is_being_set_up(ada: User, app: App) -> None:
    assert app.call("POST", "/account/totp/confirm", code="000000").code == "nothing-pending"


CHANGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("POST", "/account/totp", {}),
    ("POST", "/account/totp/confirm", {"code": "000000"}),
    ("POST", "/account/totp/remove", {}),
    ("POST", "/account/recovery-codes", {}),
    ("POST", "/account/phone", {"number": "+447400123456"}),
    ("DELETE", "/account/phone", {}),
    ("POST", "/account/email", {"email": "ada@new.test"}),
    ("PUT", "/account/trust", {}),
)


def test_while_changes_are_frozen_nothing_changes(house: House, ada: User, app: App) -> None:
    house.totp(ada)
    house.change(ada, frozen_at=house.clock.now())
    password = {"current": PASSWORD, "password": "a wholly new one"}
    for method, path, fields in (*CHANGES, ("POST", "/account/password", password)):
        reply = app.call(method, path, **fields)
        assert (reply.status, reply.code) == (403, "frozen"), path
        assert reply.data["since"] == house.clock.now()


#: where everything is about whoever asks
OWN = ("/account", "/directory")


def test_whatever_is_about_an_account_needs_a_session(app: App) -> None:
    """Every operation says so itself; none of them is left out here."""
    needing = [o for o in operations() if o[2].get("security") == [{"session": []}]]
    assert {path for _, path, _ in operations() if path.startswith(OWN)} == {
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
