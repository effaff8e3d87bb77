"""Every door of the console by every role, with what is the tenant's own, what is another
tenant's, and what nobody has.

The doors are those of `console.routes`; each that changes something stands in `NEEDS` with what
`rules.access` calls it, so that one that is added tomorrow has to say what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.routing import Route

from keyturn.adapters.sql.schema import complete
from keyturn.rules.access import ALLOWED, EVERYDAY, Action, rank
from keyturn.rules.accounts import Role
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.rules.providers import ROLES
from keyturn.steps.stepup import FRESH_MS
from keyturn.web.door import Door
from tests.figures import Figure
from tests.unit.web.console.desk import Desk, Office
from tests.unit.web.console.estate import UNIT, Estate, Places, nothing

USER, DIRECTORY = "/console/users/{id}", "/console/directories/{directory}"
ACCOUNT, PERSON = f"{USER}/directories/{{directory}}", f"{DIRECTORY}/people/{{account}}"
CASE = "/console/cases/{ref}"
TEMPORARY = f"{CASE}/temporary/{{directory}}"
NAME = "console: requests by role and tenant"
CUSTOMER = "/console/customers/{tenant}"
BATCHES, BATCH = "/console/users/batches", "/console/users/batches/{batch}"
#: each policy as it is in these tests, and as it may be
OTHERWISE = {
    "signup": ("on", "off"), "phone": ("optional", "required"), "activation_again": ("on", "off"),
    "password_min": ("8", "12"), "lockout_scope": ("client", "account"),
    "directory_domains": ("", "corp.test\r\nx.test"), "sms_second": ("off", "on"),
    "voice": ("off", "on"), "region": ("GB", "DE"), "sms_countries": ("", "GB IE"),
    "name": ("Northwind", "South"), "accent": ("#1f7a5c", "#000000"),
    "sender": ("account@northwind.test", "x@south.test"),
    "support": ("Phone|+44 20 7946 0100", ""), "language": ("en", "de"),
    "timezone": ("Europe/London", "UTC"),
}  # fmt: skip
#: doors that change something: what they need, and what their form sends
NEEDS: dict[str, tuple[Action, dict[str, str]]] = {
    f"{BATCHES}/file": (Action.INVITE, {"file": "name,email\nNew,{newcomer}@x.test\n"}),
    f"{BATCHES}/search": (Action.INVITE, {"q": "", "state": ""}),
    f"{BATCHES}/list": (Action.UNLOCK, {"act": "unlock", "on": "all", "role": ""}),
    f"{BATCHES}/import": (Action.CREATE_USER, {"file": "name,email\nNew,{newcomer}@x.test\n"}),
    f"{BATCHES}/directories/{{directory}}": (Action.INVITE, {"unit": UNIT, "group": ""}),
    f"{BATCH}/start": (Action.INVITE, {}),
    f"{BATCH}/stop": (Action.INVITE, {}),
    "/console/users/file": (Action.EXPORT_USERS, {"q": "", "role": "any", "sort": "-signin"}),
    "/console/approvals/{approval}/agree": (Action.DISABLE, {}),
    "/console/approvals/{approval}/decline": (Action.ENABLE, {}),  # who may, without a proof
    "/console/approvals/{approval}/withdraw": (Action.READ, {}),
    f"{USER}/role": (Action.ROLES, {"role": "auditor"}),
    f"{USER}/unlock": (Action.UNLOCK, {}),
    f"{USER}/ask-holder": (Action.RELEASE_NUMBER, {}),
    f"{USER}/invite": (Action.INVITE, {}),
    f"{USER}/reset-user": (Action.RESET_USER, {}),
    f"{USER}/disable": (Action.DISABLE, {}),
    f"{USER}/enable": (Action.ENABLE, {}),
    f"{USER}/sessions": (Action.END_SESSIONS, {}),
    f"{USER}/unfreeze": (Action.UNFREEZE, {}),
    f"{USER}/export": (Action.EXPORT, {}),
    f"{USER}/erase": (Action.ERASE, {}),
    f"{USER}/number": (Action.RELEASE_NUMBER, {}),
    f"{USER}/passkeys/{{passkey}}/remove": (Action.REMOVE_PASSKEY, {}),
    f"{USER}/verify": (Action.VERIFY, {"case": ""}),
    f"{USER}/devices/{{pairing}}/ask": (Action.VERIFY, {"method": "button"}),
    f"{USER}/devices/{{pairing}}/release": (Action.RELEASE_DEVICE, {}),
    "/console/presence/{id}": (Action.VERIFY, {"code": "000000"}),
    "/console/directories": (Action.DIRECTORIES, {"name": "{newcomer}.test", "kind": ""}),
    f"{DIRECTORY}/token": (Action.DIRECTORIES, {"role": "listener"}),
    f"{DIRECTORY}/sync": (Action.DIRECTORIES, {"units": "OU=Sales,DC=x", "groups": ""}),
    f"{DIRECTORY}/sync/end": (Action.DIRECTORIES, {}),
    f"{PERSON}/give": (Action.LINK_ACCOUNT, {"user": "{newcomer}"}),
    f"{PERSON}/make": (Action.LINK_ACCOUNT, {}),
    f"{PERSON}/leave": (Action.LINK_ACCOUNT, {}),
    f"{DIRECTORY}/gone": (Action.DIRECTORIES, {"answer": "gone"}),
    f"{DIRECTORY}/signin": (Action.DIRECTORIES, {"to": "on"}),
    f"{DIRECTORY}/agents/{{agent}}/revoke": (Action.DIRECTORIES, {}),
    "/console/jobs/{job}/cancel": (Action.START_RESET, {}),
    f"{USER}/link": (Action.LINK_ACCOUNT, {"directory": "{directory}", "name": "ada"}),
    f"{USER}/link/{{look}}": (Action.LINK_ACCOUNT, {}),
    f"{ACCOUNT}/unlink": (Action.LINK_ACCOUNT, {}),
    f"{ACCOUNT}/reset": (Action.START_RESET, {}),
    f"{ACCOUNT}/unlock": (Action.START_RESET, {}),
    f"{ACCOUNT}/require-change": (Action.START_RESET, {}),
    f"{ACCOUNT}/again": (Action.START_RESET, {}),
    "/console/audit/file": (Action.EXPORT_TRAIL, {"q": "", "event": "", "format": "cef"}),
    "/console/keys": (Action.API_KEYS, {"name": "Desk {newcomer}"}),
    "/console/keys/{id}/revoke": (Action.API_KEYS, {}),
    "/console/health": (Action.HEALTH, {}),
    "/console/providers": (Action.LINK_PROVIDER, {"slug": "{slug}", "role": "technician"}),
    "/console/providers/{link}/end": (Action.END_PROVIDER, {}),
    f"{CUSTOMER}/members": (Action.MEMBERS, {"user": "{fellow}", "role": "auditor"}),
    f"{CUSTOMER}/members/{{member}}/withdraw": (Action.MEMBERS, {}),
    f"{CUSTOMER}/enter": (Action.READ, {}),
    f"{CASE}/close": (Action.CLOSE_CASE, {"cause": ""}),
    "/console/cases": (Action.CLOSE_CASE, {"name": "{mail}", "contact": "", "words": ""}),
    f"{CASE}/take": (Action.CLOSE_CASE, {}),
    f"{CASE}/hand": (Action.CLOSE_CASE, {"to": "{colleague}"}),
    f"{CASE}/note": (Action.CLOSE_CASE, {"words": "called back"}),
    f"{CASE}/proofs/{{method}}": (Action.VERIFY, {}),
    f"{CASE}/proofs/{{method}}/enter": (Action.VERIFY, {"code": "123456"}),
    f"{CASE}/ask": (Action.VERIFY, {"colleague": "{colleague}"}),
    f"{CASE}/approve": (Action.VERIFY, {"known": "yes"}),
    f"{CASE}/link": (Action.INVITE, {}),
    f"{TEMPORARY}/recipients": (Action.RESET_USER, {}),
    f"{TEMPORARY}/submit": (Action.RESET_USER, {"job": "{newcomer}", "envelopes": "[]"}),
    f"{CASE}/lost": (Action.RESET_USER, {}),
    f"{CASE}/lost/stop": (Action.CLOSE_CASE, {}),
    f"{CASE}/number": (Action.RESET_USER, {}),
    **{
        f"/console/policies/{key}": (POLICIES[key].action, {"was": was, "to": to})
        for key, (was, to) in OTHERWISE.items()
    },
    # the last ones: what begins here lasts until it ends
    "/console/as": (Action.SEE_AS, {"role": "auditor"}),
    "/console/as/end": (Action.READ, {}),
}
#: what an answer is that did it, or says what else is in the way
DID = {200, 303, 409, 429}
#: what every request of somebody's writes
WRITES_BY_ITSELF = {"sessions"}
#: what it does is not in the database of these tests
ELSEWHERE = {"/console/health"}
#: what is only drafted, and asks for the proof when it is begun
DRAFTS = {f"{BATCHES}/list"}
#: a page that is there for doing something alone
OF_DEEDS = {
    f"{CASE}/proofs/{{method}}", f"{CASE}/temporary/{{directory}}", "/console/as",
}  # fmt: skip
#: what there is nothing to end of, for who may not begin it
ENDED = {"/console/as/end"}


class Site:
    """An office with an estate in each of its tenants."""

    def __init__(self) -> None:
        self.office = Office()
        self.own = Estate(self.office, self.office.house.tenant)
        self.other = Estate(self.office, self.office.other)
        self.doors = [
            (method, route.path)
            for route in self.office.routes
            if isinstance(route, Route) and isinstance(route.endpoint, Door)
            for method in ("GET", "POST")
            if route.endpoint._handlers[method] is not None
        ]

    def fresh(self, desk: Desk) -> tuple[Places, dict[str, list[Any]]]:
        """One more user of the tenant to whom nobody has done anything, and all that is stored."""
        return self.own.one(desk.me), self.rows()

    def rows(self) -> dict[str, list[Any]]:
        """Everything that is stored, but for when a session was last used."""

        def step(tx: Any) -> dict[str, list[Any]]:
            tables = [(n, t) for n, t in complete().tables.items() if n not in WRITES_BY_ITSELF]
            return {n: [tuple(r) for r in tx.connection.execute(select(t))] for n, t in tables}

        return self.office.house.write(step)


@pytest.fixture
def site() -> Iterator[Site]:
    built = Site()
    yield built
    built.office.close()


def ask(desk: Desk, method: str, path: str, places: Places) -> httpx.Response:
    """What a door says to its own form, or to who opens it."""
    if method == "GET":
        return desk.get(places.at(path))
    fields = {name: places.at(value) for name, value in NEEDS[path][1].items()}
    if "file" in fields:
        return desk.upload(places.at(path), fields["file"].encode())
    return desk.post(places.at(path), **fields)


def links(page: str) -> set[str]:
    """Where the forms of a page lead, and its links."""
    return set(re.findall(r'(?:action|href)="(/t/[^"?]*)', page))


def is_file(answer: httpx.Response) -> bool:
    """Whether it is no page."""
    return not answer.headers["content-type"].startswith("text/html")


def reworded(answer: httpx.Response, path: str) -> tuple[int, str, str | None]:
    """An answer without its own address, which a page carries for whoever chooses a language."""
    return answer.status_code, answer.text.replace(path, ""), answer.headers.get("location")


def test_every_door_that_changes_something_says_what_it_needs(site: Site) -> None:
    assert {path for method, path in site.doors if method == "POST"} == set(NEEDS)


@pytest.mark.parametrize("role", Role)
def test_each_role_does_what_its_rights_allow_and_nothing_else(
    site: Site, role: Role, figure: Figure
) -> None:
    desk = site.office.desk(role)
    shown = site.own.one(desk.me)
    for path in (path for method, path in site.doors if method == "GET"):
        answer = ask(desk, "GET", path, shown)
        assert answer.status_code in {200, 303, 403}, (path, answer.status_code)
    places, before = site.fresh(desk)
    for path in NEEDS:
        answer = ask(desk, "POST", path, places)
        after = site.rows()
        if NEEDS[path][0] in ALLOWED[role]:
            assert answer.status_code in DID, (path, answer.status_code, answer.text)
            idle = answer.status_code == 409 or path in ELSEWHERE | ENDED
            assert idle or after != before, path
        else:
            assert answer.status_code == 403, (path, answer.status_code)
            assert after == before, path
        if after != before:
            places, before = site.fresh(desk)
    figure(NAME, len(site.doors))


@pytest.mark.parametrize("role", Role)
def test_what_is_dangerous_waits_for_the_second_step_and_does_nothing_before(
    site: Site, role: Role, figure: Figure
) -> None:
    desk = site.office.desk(role)
    site.office.house.clock.move(FRESH_MS)
    places, before = site.fresh(desk)
    for path, (action, _) in NEEDS.items():
        if action in EVERYDAY or action not in ALLOWED[role] or path in DRAFTS:
            continue
        answer = ask(desk, "POST", path, places)
        figure(NAME, 1)
        assert answer.status_code == 303, (path, answer.text)
        assert answer.headers["location"].endswith("/account/proof?then=/console/resume"), path
        after = site.rows()
        assert {name for name in after if after[name] != before[name]} == {"flows"}, path
        before = after  # what the deed would be done to is as it was


@pytest.mark.parametrize(
    ("own", "role"),
    [(own, role) for own in (Role.OWNER, Role.MANAGER) for role in Role if rank(role) < rank(own)],
)
def test_who_looks_as_a_lower_role_sees_what_it_sees_and_does_nothing(
    site: Site, own: Role, role: Role, figure: Figure
) -> None:
    house, desk = site.office.house, site.office.desk(own)
    me = desk.me
    assert me is not None
    places, pages = site.own.one(me), [path for method, path in site.doors if method == "GET"]
    desk.post("/console/as", role=str(role))
    seen = {path: ask(desk, "GET", path, places) for path in pages}
    before = site.rows()
    for path in NEEDS:
        answer = ask(desk, "POST", path, places)
        if path not in ENDED:
            assert answer.status_code == 403, path
            assert site.rows() == before, path
    assert [row.event for row in house.trail(me)][-2:] == ["see_as.begun", "see_as.ended"]
    house.write(lambda tx: tx.roles.grant(house.tenant.id, me.id, role))
    for path, page in seen.items():  # the same person with that very role is shown the same
        if path in OF_DEEDS and page.status_code == 403:
            continue
        real = ask(desk, "GET", path, places)
        assert page.status_code == real.status_code, path
        assert links(page.text) - {"/t/northwind/console/as/end"} == links(real.text), path
        shown = "Be yourself again" in page.text
        assert shown is (page.status_code == 200 and not is_file(page)), path
    figure(NAME, 2 * len(pages) + len(NEEDS))


@pytest.mark.parametrize("role", [None, *Role])
def test_what_is_another_tenants_is_as_absent_as_what_nobody_has(
    site: Site, role: Role | None, figure: Figure
) -> None:
    desk = site.office.desk(role)
    theirs, nobodys = site.other.one(desk.me), nothing(site.office.house)
    before = site.rows()
    for method, path in site.doors:
        if "{" not in path:
            continue
        said = [
            reworded(ask(desk, method, path, places), places.at(path))
            for places in (theirs, nobodys)
        ]
        figure(NAME, 2)
        assert said[0] == said[1], path
        assert said[0][0] in {403, 404}, (path, said[0][0])
        assert site.rows() == before, path


LISTS = ("/console/users", BATCHES, "/console/cases", "/console/messages",
         "/console/audit", "/console/directories", "/console/jobs",
         "/console/approvals")  # fmt: skip


@pytest.mark.parametrize("role", Role)
def test_no_list_and_no_search_shows_what_is_another_tenants(
    site: Site, role: Role, figure: Figure
) -> None:
    desk = site.office.desk(role)
    own, theirs = site.own.one(desk.me), site.other.one(desk.me)
    for path in LISTS:
        asked = [path, *(f"{path}?q={word}" for word in (theirs.names[1], theirs.id))]
        for address in asked:
            page = desk.get(address)
            figure(NAME, 1)
            shown = page.text.replace(f'value="{theirs.names[1]}"', "")
            for word in (*theirs.names, theirs.job, theirs.directory):
                assert word not in shown or word in address, (address, word)
    for path, word in zip(
        (f"/console/users?q={own.names[1]}", "/console/cases", "/console/directories"),
        (own.names[0], own.ref, own.names[-1]), strict=True,
    ):  # fmt: skip
        assert word in desk.get(path).text, path


@pytest.mark.parametrize("role", Role)
def test_a_session_of_one_tenant_is_none_in_another(site: Site, role: Role, figure: Figure) -> None:
    """Whatever name its cookie is given."""
    me = site.office.desk(role)
    moved, stranger = (Desk(site.office, site.office.other) for _ in range(2))
    name = next(key for key in me.cookies if "session" in key)
    moved.cookies[name.replace("northwind", "fabrikam")] = me.cookies[name]
    moved.cookies |= me.cookies
    theirs = site.other.one()
    before = site.rows()
    for method, path in site.doors:
        answers = [ask(desk, method, path, theirs) for desk in (moved, stranger)]
        figure(NAME, 2)
        assert {a.status_code for a in answers} == {303}, path
        assert {a.headers["location"] for a in answers} == {"/t/fabrikam/signin"}, path
    assert site.rows() == before


# -- a provider's people


@pytest.mark.parametrize("role", ROLES)
def test_a_providers_people_do_at_a_customer_what_their_role_there_allows(
    site: Site, role: Role, figure: Figure
) -> None:
    guest = site.office.guest(role)
    desk = guest.desk
    shown = site.own.one(desk.me)
    for path in (path for method, path in site.doors if method == "GET"):
        answer = ask(desk, "GET", path, shown)
        assert answer.status_code in {200, 303, 403}, (path, answer.status_code)
    for path in NEEDS:
        places = site.own.one(desk.me)
        before = site.rows()
        answer = ask(desk, "POST", path, places)
        if path == f"{CUSTOMER}/enter":  # nothing is handed on
            assert answer.status_code == 404
            assert site.rows() == before
        elif NEEDS[path][0] in ALLOWED[role] - {Action.MEMBERS}:
            assert answer.status_code in DID, (path, answer.status_code, answer.text)
            idle = answer.status_code == 409 or path in ELSEWHERE | ENDED
            assert idle or site.rows() != before, path
        else:
            assert answer.status_code == 403, (path, answer.status_code)
            assert site.rows() == before, path
    figure(NAME, len(site.doors))


@pytest.mark.parametrize("role", ROLES)
def test_a_providers_people_read_nothing_of_a_tenant_that_is_not_that_customer(
    site: Site, role: Role, figure: Figure
) -> None:
    desk = site.office.guest(role).desk
    theirs, nobodys = site.other.one(desk.me), nothing(site.office.house)
    before = site.rows()
    for method, path in site.doors:
        if "{" not in path:
            continue
        said = [
            reworded(ask(desk, method, path, places), places.at(path))
            for places in (theirs, nobodys)
        ]
        figure(NAME, 2)
        assert said[0] == said[1], path
        assert said[0][0] in {403, 404}, (path, said[0][0])
        assert site.rows() == before, path


@pytest.mark.parametrize("ended", ["link", "membership", "role"])
def test_who_was_let_in_and_is_not_any_more_finds_every_door_absent(
    site: Site, ended: str, figure: Figure
) -> None:
    guest, house = site.office.guest(Role.MANAGER), site.office.house
    desk, now = guest.desk, house.clock.now()
    me = desk.me
    assert me is not None
    places = site.own.one(me)
    match ended:
        case "link":
            house.write(lambda tx: tx.providers.end_link(guest.link, now, None))
        case "membership":
            house.write(lambda tx: tx.providers.end_members(now, None, me.id, guest.link.id))
        case _:
            house.write(lambda tx: tx.roles.revoke(me.tenant_id, me.id))
    before = site.rows()
    for method, path in site.doors:
        answer = ask(desk, method, path, places)
        figure(NAME, 1)
        assert answer.status_code == 404, path
        absent = desk.get("/console/nothing/here")
        assert answer.text.replace(places.at(path), "") == absent.text.replace(
            "/console/nothing/here", ""
        )
        assert site.rows() == before, path


@pytest.mark.parametrize("linked", ["never", "to another customer", "no member"])
def test_a_provider_that_is_not_let_in_is_anybody(site: Site, linked: str, figure: Figure) -> None:
    """With every cookie of theirs, under whatever name."""
    office = site.office
    guest = office.guest(Role.MANAGER, None if linked == "never" else office.other)
    if linked == "no member":
        office.customer(guest.home.tenant, office.house.tenant)
    moved = Desk(office, office.house.tenant if linked != "never" else office.other)
    slugs = (guest.home.tenant.slug, guest.desk.tenant.slug)
    cookies = guest.home.cookies | guest.desk.cookies
    for slug in slugs:
        moved.cookies |= {k.replace(slug, moved.tenant.slug): v for k, v in cookies.items()}
    theirs = (site.own if moved.tenant == office.house.tenant else site.other).one()
    before = site.rows()
    for method, path in site.doors:
        answer = ask(moved, method, path, theirs)
        figure(NAME, 1)
        assert answer.status_code == 303, path
        assert answer.headers["location"] == f"/t/{moved.tenant.slug}/signin", path
    assert site.rows() == before
