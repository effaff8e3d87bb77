"""Whoever asks learns nothing about who has an account, and nothing of another tenant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyturn.rules.accounts import Role, UserState
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.incidents.doors import paths
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web

NOBODY = "nob@northwind.test"


def work(house: House, act: Callable[[], object]) -> tuple[int, int, list[str]]:
    """Hashes compared, hashes made, and the statements that an act takes; but not that which
    reads the tenants, which are remembered for seconds.
    """
    compared, made = len(house.hasher.compared), house.hasher.made
    with house.statements() as statements:
        act()
    return len(house.hasher.compared) - compared, house.hasher.made - made, _asked(statements)


def _asked(statements: list[str]) -> list[str]:
    return [each for each in statements if not each.startswith("SELECT tenants.id")]


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.INVITED, UserState.DISABLED])
def test_a_name_without_a_password_costs_what_one_with_a_password_does(
    house: House, app: App, state: UserState
) -> None:
    """Django, CVE-2024-39329 (2024): for accounts without a usable password no hash was made,
    which time told.
    """
    house.user(password=None, state=state)
    house.user("bob@northwind.test")
    asked = [
        work(house, lambda n=name: app.call("POST", "/signin", identifier=n, password="wrong"))  # type: ignore[misc]
        for name in (EMAIL, "bob@northwind.test", NOBODY)
    ]
    assert asked[0] == asked[1] == asked[2]
    assert asked[0][0] == 1


def test_asking_for_a_reset_answers_before_any_mail_can_fail(house: House, web: Web) -> None:
    """Django, CVE-2024-45231 (2024): with a mail server that failed, the answer told for which
    addresses a mail would have been sent.
    """
    house.user()
    told = []
    for name in (EMAIL, NOBODY):
        app = App(web)
        done: list[object] = []
        cost = work(
            house,
            lambda a=app, n=name, d=done: d.append(a.call("POST", "/recovery", identifier=n)),  # type: ignore[misc]
        )
        reply = done[0]
        pending = dict(reply.data["pending"])  # type: ignore[attr-defined]
        assert pending.pop("typed") == name
        told.append((reply.status, pending, cost[2]))  # type: ignore[attr-defined]
    assert told[0] == told[1]
    assert len({letter.message.state for letter in house.outbox()}) == 1


def test_a_sign_up_does_not_tell_whose_address_is_taken(house: House, web: Web) -> None:
    """Twitter (2022): an operation told which account a mail address or phone number belonged
    to; 5.4 million were collected.
    """
    house.user()
    told = []
    for email in (EMAIL, NOBODY):
        app = App(web)
        reply = app.call("POST", "/signup", name="Eve", email=email, password=PASSWORD)
        pending = dict(reply.data["pending"])
        pending.pop("email")
        told.append((reply.status, pending, app.call("POST", "/signup/code", code="000000").data))
    for answer in told:
        answer[2].pop("browser", None)
        answer[2].get("pending", {}).pop("email", None)
    assert told[0] == told[1]


@pytest.mark.parametrize("body", [{"password": ""}, {"password": "x\0"}, {"password": 7},
                                  {"password": "x", "extra": 1}, {}])  # fmt: skip
def test_a_broken_request_is_refused_before_the_name_is_looked_at(
    house: House, app: App, body: dict[str, object]
) -> None:
    """OpenSSH, CVE-2018-15473 (2018): a broken request was noticed later for names that exist
    than for those that do not.
    """
    house.user()
    answers = []
    for name in (EMAIL, NOBODY):
        done: list[object] = []
        cost = work(
            house,
            lambda n=name, d=done: d.append(app.call("POST", "/signin", identifier=n, **body)),  # type: ignore[misc]
        )
        answers.append((done[0].data, cost))  # type: ignore[attr-defined]
    assert answers[0] == answers[1]
    assert answers[0][1][:2] == (0, 0)


# -- tenants and other people


@pytest.fixture
def next_door(house: House) -> Web:
    """A second tenant, with an owner, a user and a case of its own."""
    house.add_tenant("southwind")
    return open_web(house)


def _main(page: Page) -> str:
    return page.html.partition("<main")[2].partition("</main>")[0]


def owner_of(web: Web, tenant: str) -> WebBrowser:
    """Somebody who runs a tenant, signed in with a second step."""
    house = web.house
    place = next(t for t in house.write(lambda tx: tx.tenants.all()) if t.slug == tenant)
    user = house.user(f"boss@{tenant}.test", tenant=place, role=Role.OWNER)
    secret = house.totp(user)
    browser = web.browser(base=f"/t/{tenant}")
    browser.get("/signin")
    browser.post("/signin", identifier=user.email, password=PASSWORD)
    browser.follow()
    browser.post("/signin/second", code=house.code_of(secret))
    assert browser.get("/console/users").status == 200
    return browser


def test_no_door_opens_for_an_id_of_another_tenant(house: House, next_door: Web) -> None:
    """First American (2019): a number in an address opened anybody's documents. Here each door
    that takes an id gets one that exists, in another tenant.
    """
    ada = house.user()
    boss = owner_of(next_door, "southwind")
    before = house.dump("users", "sessions", "lanes", "cases", "roles", "factors", "clients")
    shape = {"id": ada.id, "ref": "KT-AAAA-AA", "token": "a" * 43}
    tried = 0
    for method in ("GET", "POST"):
        for path in set(paths(method, **shape)) - set(paths(method)):
            boss.get("/account")
            page = boss.get(path) if method == "GET" else boss.post(path)
            assert page.status in {303, 404} or "<form" not in _main(page), path
            assert ada.email not in page.html
            tried += 1
    assert tried >= 10
    after = house.dump("users", "sessions", "lanes", "cases", "roles", "factors", "clients")
    assert after == before


def test_no_operation_takes_another_person_s_ids(house: House, web: Web) -> None:
    """First American (2019), at the API: another person's session and client."""
    house.user()
    house.user("eve@northwind.test")
    ada, eve = App(web), App(web)
    ada.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    eve.call("POST", "/signin", identifier="eve@northwind.test", password=PASSWORD)
    mine = ada.call("GET", "/account").data
    for path in (f"/account/sessions/{mine['sessions'][0]['handle']}",
                 f"/account/clients/{mine['clients'][0]['id']}"):  # fmt: skip
        assert eve.call("DELETE", path).code == "not-found"
    assert ada.call("GET", "/account").data["sessions"] == mine["sessions"]


def test_what_one_tenant_gave_is_nothing_in_another(house: House, next_door: Web) -> None:
    """Microsoft's multi-tenant applications, "nOAuth" (2023): what one tenant said of a person
    was believed in another.
    """
    south = next(t for t in house.write(lambda tx: tx.tenants.all()) if t.slug == "southwind")
    house.user()
    house.user(tenant=south, password="a password of its own")
    app = App(next_door, base="/t/northwind")
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    app.call("POST", "/recovery", identifier=EMAIL)
    code = house.last("recovery_code").code
    app.base = "/t/southwind"
    assert app.call("GET", "/account").code == "sign-in"
    assert app.call("GET", "/recovery").step == "none"
    assert app.call("POST", "/recovery/code", code=code).code == "nothing-pending"
    assert app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD).code == "wrong"
    browser = next_door.browser(base="/t/southwind")
    page = browser.get("/link/" + house.last("recovery_code").token)
    assert "<form" not in page.html.partition("<main")[2].partition("</main>")[0]


def test_failures_in_one_tenant_lock_nobody_in_another(house: House, next_door: Web) -> None:
    """Shared limits between tenants (AuthQuake's mirror image, 2024): a counter that is too
    wide lets a stranger lock people of another organisation out.
    """
    south = next(t for t in house.write(lambda tx: tx.tenants.all()) if t.slug == "southwind")
    house.user()
    house.user(tenant=south)
    thief = App(next_door, base="/t/southwind")
    for _ in range(5):
        thief.call("POST", "/signin", identifier=EMAIL, password="wrong")
    ada = App(next_door, base="/t/northwind")
    assert ada.call("POST", "/signin", identifier=EMAIL, password=PASSWORD).step == "none"


@pytest.mark.parametrize(
    "state", [None, UserState.UNVERIFIED, UserState.ACTIVE, UserState.DISABLED]
)
def test_a_sign_up_between_guesses_restarts_no_count(
    house: House, web: Web, state: UserState | None
) -> None:
    """CWE-204, found in Keyturn itself before its first release (2026): a sign-up makes a new
    account where the address is free, and counters that hung on the account began anew, so
    that the fifth guess told which addresses are taken.
    """
    if state is not None:
        house.user(NOBODY, state=state)
    guesser = App(web)
    for _ in range(2):
        guesser.call("POST", "/signin", identifier=NOBODY, password="wrong")
        App(web).call("POST", "/signup", name="Ada", email=NOBODY, password="a password of hers")
    for _ in range(2):
        answer = guesser.call("POST", "/signin", identifier=NOBODY, password="wrong")
        assert answer.code == "wrong"
    assert guesser.call("POST", "/signin", identifier=NOBODY, password="wrong").code == "locked"


@pytest.mark.parametrize("state", [None, UserState.UNVERIFIED, UserState.ACTIVE])
def test_a_sign_up_between_recoveries_restarts_no_count(
    house: House, web: Web, state: UserState | None
) -> None:
    """CWE-204, found in Keyturn itself (2026): as above, by the number of mails with a code."""
    if state is not None:
        house.user(NOBODY, state=state)
    only_a_link = []
    for _ in range(4):
        App(web).call("POST", "/signup", name="Ada", email=NOBODY, password="a password of hers")
        begun = App(web).call("POST", "/recovery", identifier=NOBODY)
        only_a_link.append(begun.data["pending"]["link_only"])
    assert only_a_link == [False, False, False, True]
