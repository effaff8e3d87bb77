"""Providers over many tenants: the way into a customer's console, and out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows import account
from keyturn.flows.entering import Entered
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.lockout import MINUTE
from keyturn.rules.providers import ENTER_MS, HANDOVER_MS, LINKS_MAX
from keyturn.rules.sessions import CONSOLE_IDLE_MS, CONSOLE_MS
from keyturn.steps import stepup
from keyturn.steps.acts import begin
from keyturn.steps.stepup import FRESH_MS
from keyturn.web.console import entry
from keyturn.web.pages import proof
from keyturn.web.visit import Visit
from tests.unit.flows.house import run
from tests.unit.web.console.desk import Desk, Guest, Office, enter, heading, onward

CONSOLE = "/console/users"


def me(desk: Desk) -> User:
    assert desk.me is not None
    return desk.me


# -- in


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_somebody_of_a_provider_comes_in_with_their_name_and_role(
    office: Office, role: Role
) -> None:
    guest = office.guest(role)
    page = guest.desk.get(CONSOLE)
    assert page.status_code == 200
    provider = guest.home.tenant.name
    assert f"as a{'n' if role is Role.AUDITOR else ''} {role}, for {provider}." in page.text
    assert me(guest.desk).name in page.text
    assert f"/t/{guest.home.tenant.slug}/console/customers" in page.text


def test_both_trails_have_that_somebody_came_in(office: Office) -> None:
    guest = office.guest(Role.TECHNICIAN)
    house, name = office.house, me(guest.home).name
    here = house.write(lambda tx: tx.audit.search(house.tenant.id, ("provider.",), "", None, 9))
    assert [(row.event, row.user_id, row.actor_id, row.facts) for row in here] == [
        ("provider.entered", me(guest.home).id, me(guest.home).id,
         {"role": "technician", "provider": guest.home.tenant.name})
    ]  # fmt: skip
    home = guest.home.tenant
    there = house.write(lambda tx: tx.audit.search(home.id, ("customer.",), "", None, 9))
    assert [(row.event, row.user_id, row.facts) for row in there] == [
        ("customer.entered", me(guest.home).id,
         {"customer": house.tenant.name, "role": "technician"})
    ]  # fmt: skip
    assert f"{name} ({home.name})" in office.desk(Role.OWNER).get("/console/audit").text


def test_what_they_do_stands_in_the_customers_trail_under_their_name(office: Office) -> None:
    guest, ada = office.guest(Role.TECHNICIAN), office.house.user()
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 303
    row = office.house.trail(ada)[-1]
    assert (row.event, row.actor_id) == ("user.unlocked", me(guest.home).id)
    assert row.facts["provider"] == guest.home.tenant.name
    page = office.desk(Role.OWNER).get(f"{CONSOLE}/{ada.id}")
    assert f"{me(guest.home).name} ({guest.home.tenant.name})" in page.text
    assert f"{CONSOLE}/{me(guest.home).id}" not in page.text


# -- what the way is bound to


def begun(guest: Guest) -> str:
    """Set out once more: where the browser is sent at the customer's."""
    answer = guest.home.post(f"/console/customers/{guest.desk.tenant.id}/enter")
    return onward(answer, guest.desk)


def stays(office: Office) -> int:
    house = office.house
    return house.write(
        lambda tx: len(
            tx.audit.search(house.tenant.id, ("provider.entered",), "", None, 99)
        )
    )  # fmt: skip


def test_the_way_leads_in_once(office: Office) -> None:
    guest = office.guest(Role.TECHNICIAN)
    told = guest.desk.get(begun(guest))
    handed = guest.home.get(onward(told, guest.home))
    code = onward(handed, guest.desk)
    assert guest.desk.get(code).status_code == 303
    before = stays(office)
    assert guest.desk.get(code).status_code == 404
    assert guest.home.get(onward(told, guest.home)).status_code == 404
    assert stays(office) == before


def test_what_is_handed_over_opens_nothing_in_another_browser(office: Office) -> None:
    guest = office.guest(Role.TECHNICIAN)
    handed = guest.home.get(onward(guest.desk.get(begun(guest)), guest.home))
    code = onward(handed, guest.desk)
    thief = Desk(office, guest.desk.tenant)
    assert thief.get(code).status_code == 404
    assert "stay" not in " ".join(thief.get(code).headers.get_list("set-cookie"))
    assert guest.desk.get(code).status_code == 303  # nor is it used up by them


def test_a_way_that_one_began_is_nobody_elses(office: Office) -> None:
    """Whoever sends a colleague a link of their own way lets them in as nobody."""
    guest = office.guest(Role.TECHNICIAN)
    victim = office.desk(Role.MANAGER, tenant=guest.home.tenant)
    office.member(guest.link, me(victim), Role.MANAGER)
    there = Desk(office, guest.desk.tenant)
    told = there.get(begun(guest))
    assert victim.get(onward(told, victim)).status_code == 404
    # nor does the one who began it get a secret for the other's browser by guessing at one
    begun_id = begun(guest).rpartition("/")[2]
    forged = f"/console/handover/{begun_id}/{'b' * 43}/{'s' * 43}"
    assert guest.home.get(forged).status_code == 404
    assert guest.home.get(f"/console/handover/{begun_id}/short/{'s' * 43}").status_code == 404


@pytest.mark.parametrize(("wait", "in_time"), [(-1, True), (0, False)])
def test_a_way_is_gone_within_minutes(office: Office, wait: int, *, in_time: bool) -> None:
    guest, clock = office.guest(Role.TECHNICIAN), office.house.clock
    way = begun(guest)
    clock.move(ENTER_MS + wait)
    handed = guest.home.get(onward(guest.desk.get(way), guest.home))
    assert handed.status_code == (303 if in_time else 404)
    if in_time:
        clock.move(HANDOVER_MS + wait)
        assert guest.desk.get(onward(handed, guest.desk)).status_code == 303
        late = guest.home.get(onward(guest.desk.get(begun(guest)), guest.home))
        clock.move(HANDOVER_MS)
        assert guest.desk.get(onward(late, guest.desk)).status_code == 404


def test_the_address_there_sends_nobody_to_a_tenant_that_is_none(office: Office) -> None:
    desk, begun_id = office.stranger(), "0" * 26
    for home in ("nobody", desk.tenant.slug):
        assert desk.get(f"/console/arrive/{home}/{begun_id}").status_code == 404
    assert desk.get("/console/arrive/fabrikam/short").status_code == 404
    assert desk.get("/console/enter/short").status_code == 404


@pytest.mark.parametrize("ended", ["link", "membership", "session", "role"])
def test_what_ends_on_the_way_lets_nobody_in(office: Office, ended: str) -> None:
    guest = office.guest(Role.TECHNICIAN)
    first, second = begun(guest), Desk(office, guest.desk.tenant)
    second.cookies = dict(guest.desk.cookies)
    handed = guest.home.get(onward(guest.desk.get(first), guest.home))
    end(office, guest, ended)
    assert guest.desk.get(onward(handed, guest.desk)).status_code == 404


@pytest.mark.parametrize("ended", ["link", "membership"])
def test_what_ends_before_the_secret_is_made_lets_nobody_in(office: Office, ended: str) -> None:
    guest = office.guest(Role.TECHNICIAN)
    told = guest.desk.get(begun(guest))
    end(office, guest, ended)
    assert guest.home.get(onward(told, guest.home)).status_code == 404


def end(office: Office, guest: Guest, what: str) -> None:
    """End what lets somebody in, behind their back."""
    house, user = office.house, me(guest.home)
    now = house.clock.now()
    match what:
        case "link":
            house.write(lambda tx: tx.providers.end_link(guest.link, now, None))
        case "membership":
            house.write(lambda tx: tx.providers.end_members(now, None, user.id, guest.link.id))
        case "session":
            house.write(lambda tx: tx.sessions.end(user.tenant_id, user.id, None))
        case "role":
            house.write(lambda tx: tx.roles.revoke(user.tenant_id, user.id))
        case "disabled":
            house.change(user, state=UserState.DISABLED)
        case "epoch":
            house.change(user, epoch=user.epoch + 1)
        case "frozen":
            house.change(user, frozen_at=now)
        case _:
            house.write(lambda tx: tx.upkeep.erase(user.tenant_id, user.id))


# -- out


@pytest.mark.parametrize("ended", ["link", "membership", "role", "disabled", "erased"])
def test_who_is_let_in_no_more_is_out_at_once_and_finds_what_is_not_there(
    office: Office, ended: str
) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    end(office, guest, ended)
    page = guest.desk.get(CONSOLE)
    if ended == "erased":  # nothing is left of them: nobody is there
        assert page.status_code == 303
        assert page.headers["location"].endswith("/signin")
    else:
        absent = guest.desk.get("/nothing/here")
        assert page.status_code == 404
        marks = (CONSOLE, "/nothing/here")
        assert page.text.replace(marks[0], "") == absent.text.replace(marks[1], "")
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code in {303, 404}
    assert office.house.events(ada) == []


@pytest.mark.parametrize("ended", ["session", "epoch", "frozen"])
def test_who_is_signed_in_at_home_no_more_is_led_there(office: Office, ended: str) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    end(office, guest, ended)
    page = guest.desk.get(CONSOLE)
    assert page.status_code == 403
    assert heading(page) == (
        f"Your session at {guest.home.tenant.name} is over, or asks for your second step again."
    )
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 403
    assert guest.desk.get(CONSOLE, hx_request="true").status_code == 401
    assert office.house.events(ada) == []


@pytest.mark.parametrize(("wait", "status"), [(-1, 200), (0, 403)])
def test_they_are_out_as_long_as_their_own_console_would_be_closed(
    office: Office, wait: int, status: int
) -> None:
    guest, clock = office.guest(Role.MANAGER), office.house.clock
    clock.move(CONSOLE_IDLE_MS + wait)
    assert guest.desk.get(CONSOLE).status_code == status


def test_work_at_a_customer_keeps_their_session_at_home_in_use(office: Office) -> None:
    guest, clock = office.guest(Role.MANAGER), office.house.clock
    moved = 0
    while moved < CONSOLE_MS - 20 * MINUTE:
        assert guest.desk.get(CONSOLE).status_code == 200
        clock.move(20 * MINUTE)
        moved += 20 * MINUTE
    assert guest.home.get("/console/users").status_code == 200
    clock.move(20 * MINUTE)
    assert guest.desk.get(CONSOLE).status_code == 403


def test_their_cookie_is_worth_nothing_in_another_browser(office: Office) -> None:
    guest = office.guest(Role.MANAGER)
    thief = Desk(office, guest.desk.tenant)
    name = next(name for name in guest.desk.cookies if "stay" in name)
    thief.cookies[name] = guest.desk.cookies[name]
    assert thief.get(CONSOLE).headers["location"].endswith("/signin")
    assert thief.post("/console/leave").status_code == 303
    assert guest.desk.get(CONSOLE).status_code == 200


def test_leaving_leads_home_and_leaves_nothing(office: Office) -> None:
    guest = office.guest(Role.MANAGER)
    token = dict(guest.desk.cookies)
    left = guest.desk.post("/console/leave")
    assert onward(left, guest.home) == "/console/customers"
    guest.desk.take(left)
    assert "stay" not in " ".join(guest.desk.cookies)
    guest.desk.cookies = token
    assert guest.desk.get(CONSOLE).headers["location"].endswith("/signin")
    assert guest.desk.post("/console/leave").headers["location"].endswith(CONSOLE)
    assert office.stranger().post("/console/leave").headers["location"].endswith(CONSOLE)
    rows = office.house.trail(me(guest.home))
    assert [row.event for row in rows if row.event.startswith("provider.")] == [
        "provider.entered", "provider.left"
    ]  # fmt: skip


def test_whoever_has_a_session_of_their_own_there_goes_on_with_it(office: Office) -> None:
    guest = office.guest(Role.MANAGER)
    guest.desk.sign_in(office.staff(Role.AUDITOR), 2)
    assert f"for {guest.home.tenant.name}." in guest.desk.get(CONSOLE).text
    end(office, guest, "role")
    page = guest.desk.get(CONSOLE)
    assert page.status_code == 200
    assert f"for {guest.home.tenant.name}." not in page.text


# -- walls


def test_a_form_made_at_one_customer_is_worth_nothing_at_another(office: Office) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    link = office.customer(guest.home.tenant, office.other)
    office.member(link, me(guest.home), Role.MANAGER)
    there = Desk(office, office.other)
    enter(guest.home, there)
    assert there.get(CONSOLE).status_code == 200
    stale = there.post(f"{CONSOLE}/{ada.id}/unlock", csrf=guest.desk.csrf)
    assert stale.status_code == 403
    assert there.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 404
    # all cookies of one browser on one host name change nothing
    there.cookies |= guest.desk.cookies | guest.home.cookies
    assert there.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 404
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 303


def test_a_stay_opens_no_account_there_and_no_customer_of_the_customers(office: Office) -> None:
    guest = office.guest(Role.MANAGER)
    deeper = office.customer(office.house.tenant, office.other)
    office.member(deeper, me(guest.home), Role.MANAGER)
    assert guest.desk.post(f"/console/customers/{office.other.id}/enter").status_code == 404
    assert guest.home.post(f"/console/customers/{office.other.id}/enter").status_code == 404
    assert guest.desk.get(f"/console/customers/{office.other.id}").status_code == 403
    assert office.other.name not in guest.desk.get("/console/customers").text
    begun_id = begun(guest).rpartition("/")[2]
    away = guest.desk.get(f"/console/arrive/{guest.home.tenant.slug}/{begun_id}")
    path = onward(away, guest.home)
    assert guest.desk.get(path).status_code == 404


@pytest.mark.parametrize("what", ["stranger", "other provider", "no member", "looking", "absent"])
def test_nobody_else_sets_out(office: Office, what: str) -> None:
    guest = office.guest(Role.MANAGER, home=Role.MANAGER)
    tenant, desk = guest.desk.tenant.id, guest.home
    match what:
        case "stranger":
            desk = office.desk(Role.OWNER, tenant=office.other)
        case "other provider":
            desk = office.guest(Role.MANAGER, office.other).home
        case "no member":
            desk = office.desk(Role.OWNER, tenant=guest.home.tenant)
        case "looking":
            desk.post("/console/as", role="auditor")
        case _:
            tenant = "0" * 26
    answer = desk.post(f"/console/customers/{tenant}/enter")
    assert answer.status_code == (403 if what == "looking" else 404)


def test_a_customer_sees_as_a_lower_role_like_anybody(office: Office) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    guest.desk.post("/console/as", role="auditor")
    assert "You see the console as an auditor does" in guest.desk.get(CONSOLE).text
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 403
    guest.desk.post("/console/as/end")
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/unlock").status_code == 303


# -- the second step, at home


def test_what_is_dangerous_asks_for_the_second_step_at_home_and_goes_on(office: Office) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    office.house.clock.move(FRESH_MS)
    asked = guest.desk.post(f"{CONSOLE}/{ada.id}/disable")
    then = f"/at/{guest.desk.tenant.id}/resume"
    assert onward(asked, guest.home) == f"/account/proof?then={then}"
    assert office.house.again(ada).state is UserState.ACTIVE
    prove(office, guest)
    assert onward(guest.home.get(then), guest.desk) == "/console/resume"
    page = guest.desk.get("/console/resume")
    assert f"/t/northwind{CONSOLE}/{ada.id}/disable" in page.text
    assert guest.desk.post(f"{CONSOLE}/{ada.id}/disable").status_code == 303
    assert office.house.again(ada).state is UserState.DISABLED


def prove(office: Office, guest: Guest) -> None:
    """Show the second step at home, which gives the session another token."""
    house, home = office.house, guest.home
    name = next(name for name in home.cookies if "session" in name)
    caller = replace(house.browser(tenant=home.tenant).caller, tenant=home.tenant)
    signed = run(account.authenticate(house.parts, caller, home.cookies[name]))
    assert signed is not None

    def step(tx: Tx) -> str:
        return stepup.renew(tx, begin(house.parts, caller), signed, signed.user, "code")

    home.cookies[name] = house.write(step)


def test_the_question_before_something_dangerous_leads_over_home_too(office: Office) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    office.house.clock.move(FRESH_MS)
    asked = guest.desk.get(f"{CONSOLE}/{ada.id}/disable")
    then = f"/at/{guest.desk.tenant.id}/users/{ada.id}/disable"
    assert onward(asked, guest.home) == f"/account/proof?then={then}"
    assert proof.onward(then) == then
    assert onward(guest.home.get(then), guest.desk) == f"{CONSOLE}/{ada.id}/disable"
    assert guest.home.get(f"/at/{office.other.id}/resume").status_code == 404
    assert guest.home.get(f"/at/{guest.desk.tenant.id}/users/{ada.id}/DIS").status_code == 404


def test_a_proof_at_home_is_none_for_another_browser_of_theirs(office: Office) -> None:
    guest, ada = office.guest(Role.MANAGER), office.house.user()
    office.house.clock.move(FRESH_MS)
    elsewhere = Guest(Desk(office, guest.home.tenant), Desk(office, guest.desk.tenant), guest.link)
    elsewhere.home.sign_in(me(guest.home), 2)
    assert onward(guest.desk.post(f"{CONSOLE}/{ada.id}/disable"), guest.home)
    assert office.house.again(ada).state is UserState.ACTIVE


# -- pages


def test_an_owner_lets_a_provider_in_sees_who_acts_and_ends_it(office: Office) -> None:
    owner, home = office.desk(Role.OWNER), office.house.add_tenant("helpers")
    assert heading(owner.get("/console/providers")) == "No provider is let in here."
    assert owner.post("/console/providers", slug=" Helpers ", role="technician").status_code == 303
    page = owner.get("/console/providers")
    assert heading(page) == "1 provider is let in here."
    assert "None of its people acts here yet" in page.text
    (link,) = office.house.write(lambda tx: tx.providers.live_links(office.house.tenant.id))
    tom = office.staff(Role.TECHNICIAN, home)
    office.member(link, tom, Role.TECHNICIAN)
    assert tom.name in owner.get("/console/providers").text
    way = f"/console/providers/{link.id}/end"
    assert heading(owner.get(way)) == "Let nobody of Helpers in any more?"
    assert owner.post(way).status_code == 303
    assert heading(owner.get("/console/providers")) == "No provider is let in here."
    assert owner.get(way).status_code == 404
    assert owner.post(way).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slug": "nobody", "role": "auditor"}, "There is no provider of that name here."),
        ({"slug": "fabrikam", "role": ""}, "Choose a role."),
        ({"slug": "above", "role": "auditor"}, "This provider is let in already."),
    ],
)
def test_what_is_wrong_with_a_provider_is_told(
    office: Office, fields: dict[str, str], said: str
) -> None:
    owner = office.desk(Role.OWNER)
    office.customer(office.house.add_tenant("above"), office.house.tenant)
    answer = owner.post("/console/providers", **fields)
    assert answer.status_code == 422
    assert said in answer.text or said == "Choose a role."
    assert owner.post("/console/providers", slug="above", role="owner").status_code == 422


def test_there_is_an_end_to_how_many_are_let_in(office: Office) -> None:
    owner = office.desk(Role.OWNER)
    for number in range(LINKS_MAX):
        office.customer(office.house.add_tenant(f"p{number}"), office.house.tenant)
    answer = owner.post("/console/providers", slug="fabrikam", role="auditor")
    assert "Nobody has so many providers." in answer.text


def test_a_provider_sees_its_customers_and_says_who_acts(office: Office) -> None:
    house = office.house
    home = house.add_tenant("helpers")
    boss = office.desk(Role.OWNER, tenant=home)
    tom = office.staff(Role.TECHNICIAN, home)
    assert "/console/customers" not in boss.get(CONSOLE).text
    assert heading(boss.get("/console/customers")) == "You have no customers here."
    office.customer(home, house.tenant, Role.TECHNICIAN)
    assert "/console/customers" in boss.get(CONSOLE).text
    page = boss.get("/console/customers")
    assert heading(page) == "Nothing waits at your customers."
    assert "Not let in" in page.text
    one = f"/console/customers/{house.tenant.id}"
    assert heading(boss.get(one)) == f"Nobody acts at {house.tenant.name}."
    high = boss.post(f"{one}/members", user=tom.id, role="manager")
    assert (high.status_code, "The customer lets nobody be that." in high.text) == (422, True)
    assert boss.post(f"{one}/members", user=tom.id, role="").status_code == 422
    assert boss.post(f"{one}/members", user=me(boss).id, role="auditor").status_code == 403
    assert boss.post(f"{one}/members", user=tom.id, role="technician").status_code == 303
    assert heading(boss.get(one)) == f"1 person acts at {house.tenant.name}."
    assert boss.post(f"{one}/members/{tom.id}/withdraw").status_code == 303
    assert boss.post(f"{one}/members/{tom.id}/withdraw").status_code == 404


def test_what_a_providers_person_watches_ends_with_their_right_to_it(office: Office) -> None:
    guest = office.guest(Role.MANAGER)
    raw = b"name,email\nNew,new@x.test\n"
    made = guest.desk.upload("/console/users/batches/file", raw)
    address = made.headers["location"].removeprefix("/t/northwind")
    assert guest.desk.get(address).status_code == 200
    begun_by = Visit(
        office._site, scope_of(guest.desk), None
    )  # fmt: skip
    entered = run(entry._stay(begun_by))
    assert isinstance(entered, Entered)
    begun_by.guest = entered
    assert run(entry.still(begun_by)) == entered.staff
    end(office, guest, "membership")
    assert run(entry.still(begun_by)) is None


def test_what_staff_watch_ends_with_their_session(office: Office) -> None:
    desk = office.desk(Role.AUDITOR)
    visit = Visit(office._site, scope_of(desk), None)
    found = run(entry.still(visit))
    assert found is not None
    assert found.user == me(desk)
    office.house.write(lambda tx: tx.roles.revoke(desk.tenant.id, me(desk).id))
    assert run(entry.still(visit)) is None
    office.house.write(lambda tx: tx.sessions.end(desk.tenant.id, me(desk).id, None))
    assert run(entry.still(visit)) is None


def scope_of(desk: Desk) -> dict[str, object]:
    """What a door gets of a request of this browser."""
    cookies = "; ".join(f"{name}={value}" for name, value in desk.cookies.items())
    return {
        "type": "http", "method": "GET", "path": "/console/users", "query_string": b"",
        "headers": [(b"cookie", cookies.encode())], "client": ("203.0.113.9", 50000),
        "keyturn.tenant": desk.tenant, "keyturn.base": f"/t/{desk.tenant.slug}",
    }  # fmt: skip
