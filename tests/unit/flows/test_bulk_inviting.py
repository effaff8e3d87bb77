"""Many invited at once: what it means for each is said first, and judged anew when it is done."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from keyturn.flows import bulk_inviting as flow
from keyturn.flows.bulk_inviting import Invited, NotAllowed, Preview
from keyturn.rules.access import Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.steps import invitations
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.steps.test_invitations import bind, do


def crowd(house: House) -> Mapping[str, User]:
    """One of each."""
    made = {
        "first": house.user("first@northwind.test", None, state=UserState.INVITED),
        "again": house.user("again@northwind.test", None, state=UserState.INVITED),
        "phone": house.user("phone@northwind.test"),
        "bound": house.user("bound@northwind.test"),
        "unverified": house.user("un@northwind.test", state=UserState.UNVERIFIED),
        "disabled": house.user("off@northwind.test", state=UserState.DISABLED),
        "frozen": house.user("frozen@northwind.test", frozen_at=1),
        "no-address": house.user("none@northwind.test"),
        "rank": house.user("boss@northwind.test", role=Role.OWNER),
    }
    house.change(made["no-address"], email="")
    do(house, invitations.invite, made["again"])
    house.clock.move(3_600_000)
    bind(house, made["bound"])
    return made


def test_what_it_means_is_said_and_who_is_welcome_is_sent_a_link(house: House) -> None:
    made, me = crowd(house), staff_of(house, Role.TECHNICIAN)
    page = run(flow.preview(house.parts, me, "", None, None))
    assert isinstance(page, Preview)
    means = {person.id: person.means for person in page.people}
    assert {name: means[user.id] for name, user in made.items()} == {name: name for name in made}
    welcome = {person.means for person in page.people if person.welcome}
    assert welcome == {"first", "again", "phone"}
    assert house.count("activation_links") == 1
    everybody = [user.id for user in made.values()]
    assert run(flow.invite(house.parts, me, everybody)) == Invited(3, 6)
    assert {e.actor_id for e in house.trail(made["first"])} == {me.user.id if me.user else None}
    assert run(flow.invite(house.parts, me, everybody)) == Invited(0, 9)  # a moment ago


def test_pages_follow_each_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "PAGE", 2)
    for name in ("a", "b", "c"):
        house.clock.move(1)
        house.user(f"{name}@northwind.test", None, state=UserState.INVITED)
    me = staff_of(house)
    after, seen = None, []
    for _ in range(3):
        page = run(flow.preview(house.parts, me, "", UserState.INVITED, after))
        assert isinstance(page, Preview)
        seen += [person.email for person in page.people]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == ["a@northwind.test", "b@northwind.test", "c@northwind.test"]


def test_nobody_of_another_tenant_and_no_decoy(house: House) -> None:
    eve = house.user("eve@elsewhere.test", tenant=house.add_tenant("elsewhere"))
    ids = [eve.id, house.tenant.id, "nobody"]
    assert run(flow.invite(house.parts, staff_of(house), ids)) == Invited(0, 3)


def test_who_may_not_invite_sees_and_does_nothing(house: House) -> None:
    ada, me = house.user(), staff_of(house, Role.AUDITOR)
    refused = NotAllowed(Why.NO_ROLE)
    assert run(flow.preview(house.parts, me, "", None, None)) == refused
    assert run(flow.invite(house.parts, me, [ada.id])) == refused
    assert house.outbox() == []
