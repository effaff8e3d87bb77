"""Letting a provider in, saying who of its people acts, seeing what waits, and ending it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import (
    batch_sending,
    batching,
    casework,
    countersigning,
    customers,
    entering,
    providers,
    staff,
    support,
)
from keyturn.flows.customers import SILENT_MS, Done, TooHigh
from keyturn.flows.providers import Already, NoProvider, TooMany, View
from keyturn.flows.staff import Waiting
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.countersigns import State
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.remembered import store as remember
from keyturn.rules.directories.health.settled import Kept
from keyturn.rules.grants import Permit, Short
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.health.verdicts import State as Verdict
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.proofs import Method
from keyturn.rules.providers import LINKS_MAX, ROLES, Link, Standing
from keyturn.steps import countersigns
from keyturn.steps.acts import begin
from keyturn.steps.dossier import dossier
from tests.unit.flows.helpdesk import HelpDesk
from tests.unit.flows.house import House, run
from tests.unit.web.corp import Corp

MANAGER = Role.MANAGER


class Two:
    """A customer, the house's tenant, with its owner Ann; a provider, with Pia, an owner, Moe, a
    manager, and Tom, a technician.
    """

    def __init__(self, house: House) -> None:
        self.house, self.here = house, house.tenant
        self.home = house.add_tenant("helpers")
        self.ann = self.at("ann", Role.OWNER, self.here)
        self.pia = self.at("pia", Role.OWNER, self.home)
        self.moe = self.at("moe", Role.MANAGER, self.home)
        self.tom = self.at("tom", Role.TECHNICIAN, self.home)

    def at(self, name: str, role: Role, tenant: Tenant, **fields: Any) -> Staff:
        """Somebody at a browser of their own."""
        user = self.house.user(
            f"{name}@{tenant.slug}.test", role=role, name=name.title(), tenant=tenant, **fields
        )  # fmt: skip
        return Staff(self.house.browser(tenant=tenant).caller, user, role, 2, fresh=True)

    def link(self, role: Role = Role.MANAGER, by: Staff | None = None) -> View:
        made = run(providers.link(self.house.parts, by or self.ann, "helpers", role))
        assert isinstance(made, View), made
        return made

    def views(self) -> tuple[View, ...]:
        found = run(providers.everyone(self.house.parts, self.ann))
        assert not isinstance(found, providers.NotAllowed)
        return found

    def give(self, who: Staff, role: Role, by: Staff | None = None) -> Any:
        here = (self.house.parts, by or self.pia, self.here.id)
        return run(customers.give(*here, me(who).id, role))

    def take(self, who: Staff, by: Staff | None = None) -> Any:
        return run(customers.take(self.house.parts, by or self.pia, self.here.id, me(who).id))

    def guest(self, who: Staff, role: Role) -> Staff:
        """Somebody of the provider at the customer, as flows.entering makes them."""
        self.give(who, role)
        caller = replace(self.house.browser().caller, provider=self.home.name)
        return Staff(caller, who.user, role, 2, fresh=True)

    def trail(self, tenant: Tenant, group: str) -> list[tuple[str, str | None, dict[str, object]]]:
        rows = self.house.write(lambda tx: tx.audit.search(tenant.id, (group,), "", None, 50))
        return [(str(row.event), row.user_id, dict(row.facts)) for row in reversed(rows)]


def me(someone: Staff) -> User:
    assert someone.user is not None
    return someone.user


@pytest.fixture
def two(house: House) -> Two:
    return Two(house)


# -- the link


def test_a_link_gives_the_provider_the_customers_name_and_nothing_else(two: Two) -> None:
    view = two.link(Role.TECHNICIAN)
    assert (view.provider, view.people, view.maker) == (two.home, (), "Ann")
    (row,) = run(customers.everyone(two.house.parts, two.moe))
    assert (row.customer.id, row.mine, row.standing) == (two.here.id, None, None)
    assert run(customers.everyone(two.house.parts, two.tom)) == ()
    assert two.house.write(lambda tx: dict(tx.roles.of_user(me(two.moe).id))) == {
        two.home.id: Role.MANAGER
    }
    refused = run(entering.begin(two.house.parts, two.moe, two.here.id))
    assert refused == entering.NotFound()
    facts = {"customer": two.here.name, "role": "technician"}
    assert two.trail(two.home, "customer.") == [("customer.linked", None, facts)]
    told = {"provider": two.home.name, "role": "technician"}
    assert two.trail(two.here, "provider.") == [("provider.linked", None, told)]


@pytest.mark.parametrize("slug", ["nobody", "northwind", ""])
def test_nobody_is_let_in_who_is_not_there_and_nobody_is_their_own_provider(
    two: Two, slug: str
) -> None:
    found = run(providers.link(two.house.parts, two.ann, slug, Role.AUDITOR))
    assert found == NoProvider()


def test_a_provider_is_let_in_once_and_never_as_an_owner(two: Two) -> None:
    two.link()
    again = run(providers.link(two.house.parts, two.ann, "helpers", Role.AUDITOR))
    assert again == Already()
    owner = run(providers.link(two.house.parts, two.ann, "helpers", Role.OWNER))
    assert owner == providers.NotAllowed(Why.RANK)


def test_there_is_an_end_to_how_many_are_let_in(two: Two) -> None:
    for number in range(LINKS_MAX):
        two.house.add_tenant(f"p{number}")
        made = run(providers.link(two.house.parts, two.ann, f"p{number}", Role.AUDITOR))
        assert isinstance(made, View)
    last = run(providers.link(two.house.parts, two.ann, "helpers", Role.AUDITOR))
    assert last == TooMany()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_owners_alone_see_let_in_and_end(two: Two, role: Role) -> None:
    view, parts = two.link(), two.house.parts
    other = two.at("bob", role, two.here)
    no = providers.NotAllowed(Why.NO_ROLE)
    assert run(providers.everyone(parts, other)) == no
    assert run(providers.link(parts, other, "helpers", Role.AUDITOR)) == no
    assert run(providers.end(parts, other, view.link.id)) == no


def test_the_provider_does_not_end_it_nor_does_another_tenant(two: Two) -> None:
    view, parts = two.link(), two.house.parts
    assert run(providers.end(parts, two.pia, view.link.id)) == providers.NotFound()
    assert run(providers.end(parts, two.pia, "short")) == providers.NotFound()


def test_it_is_ended_at_once_without_a_proof_and_stays_ended(two: Two) -> None:
    view, parts = two.link(), two.house.parts
    guest = two.guest(two.tom, Role.TECHNICIAN)
    stale = replace(two.ann, fresh=False)
    assert run(providers.link(parts, stale, "x", Role.AUDITOR)) == providers.NotAllowed(Why.PROOF)
    ended = run(providers.end(parts, stale, view.link.id))
    assert isinstance(ended, View)
    assert (ended.ender, ended.people) == ("Ann", ())
    assert run(providers.end(parts, stale, view.link.id)) == providers.NotFound()
    assert run(customers.everyone(parts, two.moe)) == ()
    held = two.house.write(lambda tx: tx.providers.acting(two.here.id, me(guest).id))
    assert held is None
    assert two.trail(two.home, "customer.")[-1][0] == "customer.ended"
    two.link()  # let in again, nobody acts by it before the provider says so anew
    assert two.house.write(lambda tx: tx.providers.acting(two.here.id, me(guest).id)) is None
    first, second = two.views()
    assert first.link.ended_at is None
    assert second.link.id == view.link.id


def test_a_command_on_the_host_makes_and_ends_one(two: Two) -> None:
    host = staff.on_the_host(two.ann.caller)
    view = two.link(by=host)
    assert (view.link.made_by, view.maker) == (None, "")
    ended = run(providers.end(two.house.parts, host, view.link.id))
    assert isinstance(ended, View)
    assert ended.ender == ""


# -- who acts


def test_somebody_is_let_in_and_both_trails_have_it(two: Two) -> None:
    two.link()
    tom = me(two.tom)
    assert two.give(two.tom, Role.AUDITOR) == Done(two.here, tom, Role.AUDITOR)
    assert two.give(two.tom, Role.TECHNICIAN) == Done(two.here, tom, Role.TECHNICIAN)
    (view,) = two.views()
    assert [(member.role, user.name) for member, user in view.people] == [(Role.TECHNICIAN, "Tom")]
    here, home = two.trail(two.here, "provider.")[-1], two.trail(two.home, "customer.")[-1]
    assert here == (
        "provider.member", tom.id, {"provider": two.home.name, "role": "technician"}
    )  # fmt: skip
    assert home == (
        "customer.member", tom.id, {"customer": two.here.name, "role": "technician"}
    )  # fmt: skip
    assert two.take(two.tom) == Done(two.here, tom, None)
    assert two.take(two.tom) == customers.NotFound()
    (row,) = run(customers.everyone(two.house.parts, two.moe))
    assert row.mine is None


def test_nobody_lets_themselves_in_not_even_the_only_owner(two: Two) -> None:
    two.link()
    no = customers.NotAllowed(Why.SELF)
    assert two.give(two.pia, Role.AUDITOR) == no
    assert two.give(two.moe, Role.AUDITOR, by=two.moe) == no
    host = staff.on_the_host(two.pia.caller)
    assert isinstance(two.give(two.pia, Role.MANAGER, by=host), Done)
    assert two.take(two.pia) == no
    assert isinstance(two.take(two.pia, by=host), Done)


def test_nobody_is_let_in_above_what_the_customer_says(two: Two) -> None:
    two.link(Role.TECHNICIAN)
    for role in (Role.MANAGER, Role.OWNER):
        assert two.give(two.tom, role) == TooHigh()


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_owners_and_managers_alone_say_who_acts(two: Two, role: Role) -> None:
    two.link()
    other = two.at("bob", role, two.home)
    no = customers.NotAllowed(Why.NO_ROLE)
    assert two.give(two.tom, Role.AUDITOR, by=other) == no
    assert two.take(two.tom, by=other) == no
    assert run(customers.people(two.house.parts, other, two.here.id)) == no


def test_a_manager_says_it_of_nobody_above_them(two: Two) -> None:
    two.link()
    assert two.give(two.pia, Role.AUDITOR, by=two.moe) == customers.NotAllowed(Why.RANK)
    assert isinstance(two.give(two.tom, Role.MANAGER, by=two.moe), Done)


def test_it_needs_a_proof_of_just_now(two: Two) -> None:
    two.link()
    stale = replace(two.pia, fresh=False)
    assert two.give(two.tom, Role.AUDITOR, by=stale) == customers.NotAllowed(Why.PROOF)


@pytest.mark.parametrize("who", ["user", "disabled", "stranger", "nobody", "short"])
def test_who_is_no_staff_in_use_of_the_provider_is_not_let_in(two: Two, who: str) -> None:
    two.link()
    ids = {
        "user": two.house.user("u@helpers.test", tenant=two.home).id,
        "disabled": me(two.at("off", Role.AUDITOR, two.home, state=UserState.DISABLED)).id,
        "stranger": me(two.ann).id,
        "nobody": "0" * 26,
        "short": "x",
    }
    here = (two.house.parts, two.pia, two.here.id, ids[who], Role.AUDITOR)
    assert run(customers.give(*here)) == customers.NotFound()


@pytest.mark.parametrize("tenant", ["other", "short"])
def test_what_is_no_customer_is_absent(two: Two, tenant: str) -> None:
    two.link()
    there = two.house.add_tenant("fabrikam").id if tenant == "other" else "x"
    parts = two.house.parts
    assert run(customers.people(parts, two.pia, there)) == customers.NotFound()
    absent = run(customers.give(parts, two.pia, there, me(two.tom).id, Role.AUDITOR))
    assert absent == customers.NotFound()


def test_the_page_has_who_acts_who_could_and_as_what(two: Two) -> None:
    two.link(Role.TECHNICIAN)
    two.give(two.tom, Role.TECHNICIAN)
    two.at("off", Role.AUDITOR, two.home, state=UserState.DISABLED)
    page = run(customers.people(two.house.parts, two.moe, two.here.id))
    assert isinstance(page, customers.Page)
    assert [user.name for _, user in page.people] == ["Tom"]
    assert [user.name for user in page.others] == ["Moe", "Pia"]
    assert page.roles == ROLES[1:]


def test_a_role_taken_at_home_ends_it_for_good(two: Two) -> None:
    two.link()
    two.give(two.tom, Role.TECHNICIAN)
    host = staff.on_the_host(two.pia.caller)
    run(staff.revoke_role(two.house.parts, host, me(two.tom).id))
    run(staff.grant_role(two.house.parts, host, me(two.tom).id, Role.TECHNICIAN))
    assert two.house.write(lambda tx: tx.providers.acting(two.here.id, me(two.tom).id)) is None


def test_a_command_on_the_host_enters_nothing(two: Two) -> None:
    two.link()
    host = staff.on_the_host(two.pia.caller)
    parts = two.house.parts
    assert run(entering.begin(parts, host, two.here.id)) == entering.NotAllowed(Why.NO_ROLE)
    assert run(entering.customer(parts, host, two.here.id)) == entering.NotFound()
    (row,) = run(customers.everyone(parts, host))
    assert (row.mine, row.standing) == (None, None)


# -- what waits


def test_what_waits_at_a_customer_is_shown_to_who_acts_there(two: Two) -> None:
    house = two.house
    two.link()
    two.give(two.tom, Role.AUDITOR)
    quiet = house.add_tenant("quiet")
    link = Link(house.random.id(1), two.home.id, quiet.id, Role.MANAGER, None, 1)
    house.write(lambda tx: tx.providers.add_link(link))
    run(customers.give(house.parts, two.pia, quiet.id, me(two.tom).id, Role.AUDITOR))
    calm, other = run(customers.everyone(house.parts, two.tom))
    assert (calm.standing, other.standing) == (Standing(), Standing())
    assert calm.standing is not None
    assert calm.standing.quiet
    ada = house.user()
    _wait(house, ada)
    first, second = run(customers.everyone(house.parts, two.tom))
    assert (first.customer.id, second.customer.id) == (two.here.id, quiet.id)
    assert first.standing == Standing(cases=1, locked=1, agents=2, silent=1, ill=1)
    assert second.standing == Standing()


def _wait(house: House, ada: User) -> None:
    """An open case, a locked user, one of two agents silent, a directory that is ill."""
    corp = Corp(house.write, house.parts, house.tenant)
    browser = house.browser()
    run(support.open_case(house.parts, browser.caller, ada.email, "", ""))
    now = house.clock.now()
    lane = Lane(failed=5, total=5, locked_until=now + 10 * MINUTE)
    fail = next(name for name, one in CATALOGUE.causes.items() if one.state is Verdict.FAIL)
    well = next(name for name, one in CATALOGUE.causes.items() if one.state is Verdict.OK)
    book = {
        ("a", ""): Kept(held=Finding(fail, "", now)),
        ("b", ""): Kept(held=Finding(well, "", now)),
    }
    here, there = house.tenant.id, corp.directory.id

    def step(tx: Tx) -> None:
        tx.lanes.lock(here, f"u:{ada.id}", now)
        tx.lanes.save(here, f"u:{ada.id}", lane, ada.id)
        tx.health.saw(here, there, "", now)
        tx.health.take(here, there, now, now)
        tx.health.judged(here, there, remember(book), None)
        tx.agents.heard([corp.agents[0].id], now)

    house.clock.move(SILENT_MS)
    now = house.clock.now()
    house.write(step)


# -- of two people one is the customer's


@pytest.mark.parametrize("second", ["own", "guest", "same person"])
def test_what_a_providers_person_asks_for_one_of_the_customers_own_agrees_to(
    two: Two, second: str
) -> None:
    house = two.house
    two.link()
    tom, moe = two.guest(two.tom, Role.MANAGER), two.guest(two.moe, Role.MANAGER)
    cy = house.user("cy@northwind.test", role=Role.AUDITOR, name="Cy")
    waits = run(staff.disable(house.parts, tom, cy.id))
    assert isinstance(waits, Waiting)
    twin = two.at("tom", Role.MANAGER, two.here)
    house.change(me(twin), email=me(tom).email)
    twin = replace(twin, user=house.again(me(twin)))
    who, why = {
        "own": (two.ann, None), "guest": (moe, Why.PROVIDER), "same person": (twin, Why.SELF),
    }[second]  # fmt: skip
    view = run(countersigning.one(house.parts, who, waits.one.id))
    assert isinstance(view, countersigning.View)
    assert view.asker is not None
    assert view.asker.name == "Tom (Helpers)"
    assert view.can == (frozenset() if why else {"agree", "decline"})
    agreed = run(countersigning.agree(house.parts, who, waits.one.id))
    if why is None:
        assert isinstance(agreed, countersigning.Agreed)
        assert house.again(cy).state is UserState.DISABLED
    else:
        assert agreed == countersigning.NotAllowed(why)
        assert house.again(cy).state is UserState.ACTIVE


def test_a_providers_person_agrees_to_what_one_of_the_customers_own_asked(two: Two) -> None:
    house = two.house
    two.link()
    tom = two.guest(two.tom, Role.MANAGER)
    cy = house.user("cy@northwind.test", role=Role.AUDITOR, name="Cy")
    waits = run(staff.disable(house.parts, two.ann, cy.id))  # Ann is the only one of her own
    assert isinstance(waits, Waiting)
    assert house.outbox("countersign_asked") == []  # a provider's people are told in the console
    agreed = run(countersigning.agree(house.parts, tom, waits.one.id))
    assert isinstance(agreed, countersigning.Agreed)
    row = house.trail(cy)[-1]
    assert (row.event, row.actor_id) == ("countersign.agreed", me(tom).id)
    assert row.facts["provider"] == "Helpers"


def test_with_providers_people_alone_nothing_waits(two: Two) -> None:
    house = two.house
    two.link()
    tom, moe = two.guest(two.tom, Role.MANAGER), two.guest(two.moe, Role.MANAGER)
    assert me(moe).id != me(tom).id
    house.change(me(two.ann), state=UserState.DISABLED)
    cy = house.user("cy@northwind.test", role=Role.AUDITOR, name="Cy")
    assert run(staff.disable(house.parts, tom, cy.id)) == countersigns.Alone()


def test_what_was_asked_is_void_once_who_asked_is_let_in_no_more(two: Two) -> None:
    house = two.house
    two.link()
    tom = two.guest(two.tom, Role.MANAGER)
    cy = house.user("cy@northwind.test", role=Role.AUDITOR, name="Cy")
    waits = run(staff.disable(house.parts, tom, cy.id))
    assert isinstance(waits, Waiting)
    two.take(two.tom)
    assert run(countersigning.agree(house.parts, two.ann, waits.one.id)) == countersigning.Over()
    found = house.write(lambda tx: tx.countersigns.get(two.here.id, waits.one.id))
    assert found is not None
    assert found.state is State.VOID


@pytest.mark.parametrize("let_in", [True, False])
def test_what_a_providers_person_began_with_many_ends_with_their_right_to_it(
    two: Two, *, let_in: bool
) -> None:
    parts = two.house.parts
    two.link()
    tom = two.guest(two.tom, Role.MANAGER)
    raw = b"name,email\nNew,new@x.test\nOther,other@x.test\n"
    drafted = run(batching.from_file(parts, tom, "a.csv", raw))
    assert isinstance(drafted, batching.Drafted)
    run(batching.start(parts, tom, drafted.batch.id))
    if not let_in:
        two.take(two.tom)
    for _ in range(3):
        run(batch_sending.advance(parts))
    shown = run(batching.show(parts, two.ann, drafted.batch.id))
    assert isinstance(shown, batching.Shown)
    assert shown.makers == {me(tom).id: "Tom (Helpers)"}
    assert (shown.batch.stop is None) is let_in
    rows = two.house.write(
        lambda tx: tx.audit.search(two.here.id, ("user.invited",), "", None, 9)
    )  # fmt: skip
    assert [(row.actor_id, row.facts["provider"]) for row in rows] == [(me(tom).id, "Helpers")] * (
        2 * let_in
    )


def test_a_case_of_a_providers_person_shows_their_name(two: Two) -> None:
    house, parts = two.house, two.house.parts
    two.link()
    tom, ada = two.guest(two.tom, Role.TECHNICIAN), two.house.user()
    opened = run(casework.open_for(parts, tom, ada.email, "", ""))
    assert isinstance(opened, casework.Done)
    listed = run(casework.index(parts, two.ann, None))
    assert list(listed.holders.values()) == ["Tom (Helpers)"]
    taken = run(casework.take(parts, two.ann, opened.ref))
    assert isinstance(taken, casework.Done)
    own = house.user(me(tom).email, name="Tom at Northwind")
    mine = run(casework.open_for(parts, tom, own.email, "", ""))
    assert mine == casework.NotAllowed(Why.SELF)


# -- their data


def test_what_they_get_of_their_data_has_where_they_act(two: Two) -> None:
    two.link()
    two.give(two.tom, Role.AUDITOR)
    found = two.house.write(
        lambda tx: dossier(tx, begin(two.house.parts, two.tom.caller), me(two.tom))
    )
    works_at: Any = found["works_at"]
    (row,) = works_at
    assert (row["customer"], row["role"]) == (two.here.name, "auditor")
    two.house.write(lambda tx: tx.upkeep.erase(two.home.id, me(two.tom).id))
    assert two.house.write(lambda tx: tx.providers.of_user(me(two.tom).id)) == []


# -- the word of a colleague, in a case


@pytest.mark.parametrize("staff_calls", [True, False])
@pytest.mark.parametrize(
    ("holder", "colleague"), [("guest", "guest"), ("guest", "own"), ("own", "guest")]
)
def test_of_a_colleague_who_calls_one_of_the_customers_own_has_to_know(
    two: Two, holder: str, colleague: str, *, staff_calls: bool
) -> None:
    house = two.house
    two.link()
    desk = HelpDesk(house)
    if staff_calls:
        house.write(lambda tx: tx.roles.grant(house.tenant.id, desk.ada.id, Role.AUDITOR))
    first = two.guest(two.tom, Role.MANAGER) if holder == "guest" else desk.staff("own1", MANAGER)
    second = (
        two.guest(two.moe, Role.MANAGER) if colleague == "guest" else desk.staff("own2", MANAGER)
    )
    ref = desk.case(first)
    desk.vouch(first, ref, second)
    desk.push(first, ref)
    desk.reads(first, ref, Method.TEXT)
    barred = staff_calls and (holder, colleague) == ("guest", "guest")
    assert isinstance(desk.deed(first, ref), Permit) is not barred


def test_a_second_account_of_whose_case_it_is_knows_nobody(two: Two) -> None:
    house = two.house
    two.link()
    desk = HelpDesk(house)
    tom, twin = two.guest(two.tom, Role.TECHNICIAN), desk.staff("twin")
    ref = desk.case(tom)
    desk.vouch(tom, ref, twin)
    desk.push(tom, ref)
    assert isinstance(desk.deed(tom, ref), Permit)
    house.change(me(twin), email=me(tom).email)
    assert isinstance(desk.deed(tom, ref), Short)
