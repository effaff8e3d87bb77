"""Phone numbers that are unique over a provider's tenants [B5]."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import phone, policies, providers, releasing
from keyturn.flows.phone import InUse, Open, Proved
from keyturn.flows.policies import Changed, NotAllowed, NumbersHeld, Unfit
from keyturn.flows.releasing import NotAsked, Released
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.diagnosis.vocabulary import ELSEWHERE
from keyturn.rules.events import Event
from keyturn.steps.acts import begin
from keyturn.steps.dossier import dossier
from keyturn.steps.evidence import Subject, collect
from tests.unit.flows.house import House, run
from tests.unit.flows.rings import MOBILE, Ring


@pytest.fixture
def ring(house: House) -> Ring:
    return Ring(house)


def desk(ring: Ring, tenant: Tenant) -> Staff:
    email = f"tec@{tenant.slug}.test"
    me = ring.house.user(email, None, role=Role.TECHNICIAN, tenant=tenant)
    return Staff(ring.caller(tenant), me, Role.TECHNICIAN, 2, fresh=True)


def trail(ring: Ring, tenant: Tenant, event: Event, user_id: str = "") -> list[Any]:
    rows = ring.house.write(lambda tx: tx.audit.search(tenant.id, (event,), user_id, None, 50))
    return [row.facts for row in rows]


def end(ring: Ring, tenant: Tenant, at: int) -> None:
    link = ring.links[at].link
    assert isinstance(
        run(providers.end(ring.house.parts, ring.host(tenant), link.id)), providers.View
    )


def test_customers_of_a_provider_have_the_same_numbers_unless_both_say_otherwise(
    ring: Ring,
) -> None:
    run(ring.say(ring.north))
    ring.proves(*ring.person(ring.north))
    ring.proves(*ring.person(ring.south))
    assert run(ring.say(ring.south)) == NumbersHeld(1)
    assert ring.of(ring.south) is None
    assert ring.now(ring.south).policy.phone_unique == "tenant"
    assert trail(ring, ring.south, Event.TENANT_CHANGED) == []


def test_where_both_say_so_a_number_is_one_persons_and_its_release_is_their_staffs(
    ring: Ring,
) -> None:
    ring.joined()
    ada = ring.proves(*ring.person(ring.north))
    browser, bea = ring.person(ring.south)
    assert ring.wants(browser, bea) == InUse()
    assert ring.house.outbox("verify_phone")[-1].message.user_id == ada.id  # nothing was sent
    ring.house.write(lambda tx: tx.users.save(replace(ada, state=UserState.DISABLED)))
    assert ring.wants(browser, bea) == InUse()
    there = run(releasing.release(ring.house.parts, desk(ring, ring.south), ada.id))
    assert there == releasing.NotFound()
    here = run(releasing.release(ring.house.parts, desk(ring, ring.north), ada.id))
    assert isinstance(here, Released)
    ring.proves(browser, bea)


def test_the_answer_is_that_of_a_clash_at_home_statement_by_statement(ring: Ring) -> None:
    ring.joined()
    ring.proves(*ring.person(ring.north))
    browser, bea = ring.person(ring.south)
    with ring.house.statements() as elsewhere:
        assert ring.wants(browser, bea) == InUse()
    ring.proves(*ring.person(ring.south, "cem"), "+447400123457")
    browser, dan = ring.person(ring.south, "dan")
    with ring.house.statements() as at_home:
        assert ring.wants(browser, dan, "+447400123457") == InUse()
    assert elsewhere == at_home


def test_staff_see_that_it_is_held_elsewhere_and_neither_where_nor_by_whom(ring: Ring) -> None:
    ring.joined()
    ada = ring.proves(*ring.person(ring.north))
    browser, bea = ring.person(ring.south)
    ring.wants(browser, bea)
    staff = desk(ring, ring.south)
    found = run(releasing.clash_of(ring.house.parts, staff, bea.id))
    assert found is not None
    assert (found.elsewhere, found.holder, found.same) == (True, None, False)
    assert run(releasing.ask_holder(ring.house.parts, staff, bea.id)) == NotAsked()
    (facts,) = trail(ring, ring.south, Event.PHONE_HELD)
    assert facts == {"phone": found.number, "elsewhere": True}
    assert ada.id not in json.dumps(facts)
    assert trail(ring, ring.north, Event.PHONE_HELD) == []
    ring.proves(browser, bea, "+447400123457")
    assert run(releasing.clash_of(ring.house.parts, staff, bea.id)) is None


def test_diagnosis_tells_staff_and_the_persons_own_data_do_not(ring: Ring) -> None:
    ring.joined()
    ring.proves(*ring.person(ring.north))
    browser, bea = ring.person(ring.south)
    ring.wants(browser, bea)
    act = begin(ring.house.parts, browser.caller)
    facts = ring.house.write(lambda tx: collect(tx, act, Subject(user=bea)))
    assert facts.value("phone.in_use") is True
    assert facts.value("phone.holder_state") == ELSEWHERE
    told = json.dumps(ring.house.write(lambda tx: dossier(tx, act, bea)))
    assert "phone.held" in told
    assert "elsewhere" not in told


def test_a_number_that_waits_for_its_code_is_seen_to_be_held_elsewhere(ring: Ring) -> None:
    ring.joined()
    browser, bea = ring.person(ring.south)
    code = ring.ready(browser, bea)
    ring.proves(*ring.person(ring.north))
    act = begin(ring.house.parts, browser.caller)
    facts = ring.house.write(lambda tx: collect(tx, act, Subject(user=bea)))
    assert facts.value("phone.holder_state") == ELSEWHERE
    assert run(code) == InUse()
    assert trail(ring, ring.south, Event.PHONE_HELD)[0]["elsewhere"] is True


def test_a_number_of_somebody_of_ones_own_is_told_as_theirs_though_it_is_held_elsewhere_too(
    ring: Ring,
) -> None:
    """It is somebody's name here, and somebody's number there."""
    ring.joined()
    ring.proves(*ring.person(ring.north))
    named = ring.house.user("cem@south.test", None, tenant=ring.south, names=(MOBILE,))
    browser, bea = ring.person(ring.south)
    assert ring.wants(browser, bea) == InUse()
    assert trail(ring, ring.south, Event.PHONE_HELD)[0]["holder"] == named.id


def test_a_provider_that_says_so_is_one_of_its_ring(ring: Ring) -> None:
    ring.joined()
    run(ring.say(ring.home))
    assert ring.of(ring.home) == ring.of(ring.north) == ring.home.id
    ring.proves(*ring.person(ring.home))
    assert ring.wants(*ring.person(ring.north)) == InUse()


def test_the_oldest_link_says_whose_ring_it_is(ring: Ring) -> None:
    other = ring.house.add_tenant("other")
    ring.link(ring.north, other)
    run(ring.say(ring.north))
    assert ring.of(ring.north) == ring.home.id


def test_nobody_comes_into_a_ring_by_a_link_alone(ring: Ring) -> None:
    """A link needs nobody's consent, and whoever is in a ring can ask it for numbers."""
    west = ring.house.add_tenant("west")
    assert isinstance(run(ring.say(west)), Changed)
    ring.joined()
    ring.proves(*ring.person(ring.north))
    ring.link(west)
    assert ring.of(west) == west.id
    assert isinstance(ring.wants(*ring.person(west)), Open)
    assert isinstance(run(ring.say(west)), Changed)
    assert ring.of(west) == ring.home.id
    assert trail(ring, west, Event.TENANT_CHANGED)[0]["to"] == ["provider"]


def test_the_end_of_its_link_takes_a_tenant_out_at_once_whatever_else_it_has(ring: Ring) -> None:
    ring.link(ring.north, ring.house.add_tenant("other"))
    ring.joined()
    ada = ring.proves(*ring.person(ring.north))
    end(ring, ring.north, 0)
    assert ring.of(ring.north) is None
    assert ring.now(ring.north).policy.phone_unique == "tenant"
    assert trail(ring, ring.north, Event.TENANT_CHANGED)[0] == {
        "what": ["policy.phone_unique"], "from": ["provider"], "to": ["tenant"],
    }  # fmt: skip
    ring.proves(*ring.person(ring.south))
    assert ring.house.again(ada).phone == MOBILE
    assert ring.of(ring.south) == ring.home.id


def test_the_end_of_another_link_changes_nothing(ring: Ring) -> None:
    other = ring.link(ring.north, ring.house.add_tenant("other"))
    run(ring.say(ring.north))
    run(providers.end(ring.house.parts, ring.host(ring.north), other.link.id))
    assert ring.of(ring.north) == ring.home.id
    end(ring, ring.south, 1)
    assert ring.of(ring.south) is None


def test_whoever_says_otherwise_is_out(ring: Ring) -> None:
    ring.joined()
    assert isinstance(run(ring.say(ring.north, "tenant")), Changed)
    assert ring.of(ring.north) is None
    ring.proves(*ring.person(ring.north))
    ring.proves(*ring.person(ring.south))


def test_another_change_of_the_tenant_moves_no_number(ring: Ring) -> None:
    west = ring.house.add_tenant("west")
    run(ring.say(west))
    ring.link(west)
    changed = run(policies.change(ring.house.parts, ring.host(west), {"name": "West End"}))
    assert isinstance(changed, Changed)
    assert changed.what == ("name",)
    assert ring.of(west) == west.id


def test_what_is_said_again_and_changes_nothing_leaves_no_trace(ring: Ring) -> None:
    run(ring.say(ring.north))
    before = trail(ring, ring.north, Event.TENANT_CHANGED)
    again = run(ring.say(ring.north))
    assert again == Changed(ring.now(ring.north), ())
    assert trail(ring, ring.north, Event.TENANT_CHANGED) == before


def test_a_change_that_cannot_be_joins_nothing(ring: Ring) -> None:
    wanted = {"phone_unique": "provider", "name": ""}
    assert run(policies.change(ring.house.parts, ring.host(ring.north), wanted)) == Unfit(("name",))
    assert run(ring.say(ring.north, "everybody")) == Unfit(("policy.phone_unique",))
    assert ring.of(ring.north) is None


def test_an_owner_in_the_console_brings_nobody_into_a_ring(ring: Ring) -> None:
    owner = ring.house.user("own@north.test", None, role=Role.OWNER, tenant=ring.north)
    staff = Staff(ring.caller(ring.north), owner, Role.OWNER, 2, fresh=True)
    said = policies.change(ring.house.parts, staff, {"phone_unique": "provider"})
    assert run(said) == NotAllowed(Why.NO_ROLE)
    assert ring.of(ring.north) is None


def test_a_number_changed_for_another_leaves_the_first_to_the_others(ring: Ring) -> None:
    ring.joined()
    browser, ada = ring.person(ring.north)
    ring.proves(browser, ada)
    again: User = ring.proves(browser, ring.house.again(ada), "+447400123457")
    assert again.phone == "+447400123457"
    ring.proves(*ring.person(ring.south))


def test_sign_ins_ask_the_store_nothing_of_rings(ring: Ring) -> None:
    ring.joined()
    browser, ada = ring.person(ring.north)
    with ring.house.statements() as said:
        assert isinstance(run(ring.ready(browser, ada)), Proved)
    assert sum("phone_ring" in one for one in said) > 0
    with ring.house.statements() as said:
        run(phone.current(ring.house.parts, browser.caller, ada))
        ring.house.signed(browser, ada)
    assert not any("phone_ring" in one for one in said)
