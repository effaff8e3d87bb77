"""What a tenant decides: tried out, changed, told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import directory_switch, policies, signin
from keyturn.flows.policies import (
    Changed,
    InUse,
    NotAllowed,
    Outdated,
    Preview,
    Unfit,
    Unsure,
)
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.policies.catalogue import POLICIES
from tests.unit.flows.agency import Agency
from tests.unit.flows.house import PASSWORD, Browser, House, run, together

OTHER: Mapping[str, Any] = {
    "signup": False, "phone": "required", "activation_again": False, "password_min": 12,
    "lockout_scope": "account", "directory_domains": ("corp.test",), "sms_second": True,
    "voice": True, "region": "DE", "sms_countries": ("GB",), "name": "South",
    "accent": "#000000", "sender": "x@south.test", "support": (), "language": "de",
    "timezone": "Europe/Berlin",
}  # fmt: skip


def at(house: House, role: Role = Role.OWNER, **fields: Any) -> Staff:
    """Somebody of staff at a browser of their own."""
    number = house.count("users")
    user = house.user(f"staff{number}@northwind.test", role=role, name=f"Staff {number}")
    return replace(Staff(house.browser().caller, user, role, 2, fresh=True), **fields)


def host(house: House) -> Staff:
    """A command on the host."""
    return Staff(house.browser().caller, None, Role.OWNER, 2, fresh=True)


def change(house: House, staff: Staff, seen: Any = None, sure: bool = False, **wanted: Any) -> Any:
    return run(policies.change(house.parts, staff, wanted, seen=seen, sure=sure))


def preview(house: House, staff: Staff, **wanted: Any) -> Preview:
    found = run(policies.preview(house.parts, staff, wanted))
    assert isinstance(found, Preview)
    return found


def stored(house: House) -> Tenant:
    (found,) = house.write(lambda tx: [t for t in tx.tenants.all() if t.id == house.tenant.id])
    return found


def trail(house: House, event: Event = Event.TENANT_CHANGED) -> list[Entry]:
    return list(house.write(lambda tx: tx.audit.search(house.tenant.id, (event,), "", None, 10)))


def numbers(found: Preview) -> list[int]:
    return [int(e.values["n"]) for one in found.changes for e in one.effects if "n" in e.values]


def test_everybody_of_staff_sees_them_and_each_role_what_it_may_change(house: House) -> None:
    offered = {role: run(policies.look(house.parts, at(house, role))).offered for role in Role}
    assert offered[Role.OWNER] == set(POLICIES)
    assert offered[Role.MANAGER] == {"name", "accent", "language", "timezone"}
    assert offered[Role.TECHNICIAN] == offered[Role.AUDITOR] == set()
    assert run(policies.look(house.parts, host(house))).tenant == house.tenant


def test_a_change_is_stored_with_who_made_it_and_from_what_to_what(house: House) -> None:
    staff = at(house)
    after = replace(house.tenant, policy=replace(house.tenant.policy, password_min=12))
    assert change(house, staff, password_min=12) == Changed(after, ("policy.password_min",))
    assert stored(house) == after
    (row,) = trail(house)
    assert staff.user is not None
    assert row.actor_id == staff.user.id
    assert row.facts == {"what": ["policy.password_min"], "from": ["8"], "to": ["12"]}


@pytest.mark.parametrize("key", sorted(POLICIES))
def test_each_is_changed_and_the_rest_stays(house: House, key: str) -> None:
    staff = at(house)
    answer = run(policies.change(house.parts, staff, {key: OTHER[key]}))
    assert isinstance(answer, Changed)
    assert len(answer.what) == 1
    before = {key: policies_value(house.tenant, key)}
    undone = run(policies.change(house.parts, staff, before, sure=True))
    assert isinstance(undone, Changed)
    assert undone.tenant == house.tenant == stored(house)


def policies_value(tenant: Tenant, key: str) -> object:
    return getattr(tenant if hasattr(tenant, key) else tenant.policy, key)


def test_a_change_of_nothing_leaves_no_trace(house: House) -> None:
    assert change(house, at(house), password_min=8) == Changed(house.tenant, ())
    assert trail(house) == []


@pytest.mark.parametrize("key", sorted(POLICIES))
@pytest.mark.parametrize("role", Role)
def test_each_role_changes_what_is_offered_to_it_and_tries_out_nothing_else(
    house: House, role: Role, key: str
) -> None:
    staff = at(house, role)
    offered = key in run(policies.look(house.parts, staff)).offered
    found = run(policies.preview(house.parts, staff, {key: OTHER[key]}))
    assert isinstance(found, Preview) is offered
    answer = change(house, staff, **{key: OTHER[key]})
    assert isinstance(answer, Changed) is offered
    assert offered or (answer == NotAllowed(Why.NO_ROLE) == found and not trail(house))


def test_it_waits_for_a_second_step_of_just_now_but_a_look_does_not(house: House) -> None:
    stale = at(house, fresh=False)
    assert change(house, stale, password_min=12) == NotAllowed(Why.PROOF)
    assert preview(house, stale, password_min=12).changes
    assert change(house, at(house, looking=True), name="South") == NotAllowed(Why.LOOKING)
    assert stored(house) == house.tenant


def test_one_thing_too_many_and_nothing_is_changed(house: House) -> None:
    tom = at(house, Role.MANAGER)
    assert change(house, tom, name="South", signup=False) == NotAllowed(Why.NO_ROLE)
    assert stored(house) == house.tenant


def test_the_host_name_is_changed_by_a_command_alone(house: House) -> None:
    assert change(house, at(house), host="id.south.test") == NotAllowed(Why.NO_ROLE)
    assert preview(house, host(house), host="id.south.test").changes[0].effects == ()
    done = change(house, host(house), host="id.south.test")
    assert done.what == ("host",)
    other = house.add_tenant("fabrikam")
    there = replace(host(house), caller=replace(house.browser().caller, tenant=other))
    assert change(house, there, host="id.south.test") == InUse("host")
    assert run(policies.preview(house.parts, there, {"host": "id.south.test"})) == InUse("host")
    assert change(house, host(house), host="id.south.test", name="South").what == ("name",)


@pytest.mark.parametrize(
    ("key", "value"),
    [("password_min", 7), ("timezone", "Mars/Olympus"), ("timezone", "../../etc/passwd"),
     ("timezone", "Europe"), ("accent", "red"), ("sender", "nobody"), ("region", "gb")],
)  # fmt: skip
def test_what_is_not_fit_is_neither_tried_out_nor_stored(
    house: House, key: str, value: object
) -> None:
    field = key if hasattr(house.tenant, key) else f"policy.{key}"
    assert run(policies.change(house.parts, at(house), {key: value})) == Unfit((field,))
    assert run(policies.preview(house.parts, at(house), {key: value})) == Unfit((field,))
    assert stored(house) == house.tenant


def test_a_zone_that_this_host_has_forgotten_stands_in_nobodys_way(house: House) -> None:
    lost = replace(house.tenant, timezone="Mars/Olympus")
    house.write(lambda tx: tx.tenants.update(lost))
    assert change(house, at(house), password_min=12).what == ("policy.password_min",)
    assert change(house, at(house), timezone="UTC").what == ("timezone",)


def test_a_preview_stores_nothing_and_says_what_would_be(house: House) -> None:
    house.user()
    before = house.dump("tenants", "audit", "messages")
    found = preview(house, at(house), password_min=12, signup=True)
    (one,) = found.changes
    assert (one.key, one.was, one.to, one.weaker) == ("password_min", "8", "12", False)
    assert numbers(found) == [2]
    assert found.whole
    assert house.dump("tenants", "audit", "messages") == before


def test_each_preview_counts_whom_it_is_about(house: House) -> None:
    staff, ann = at(house), house.user("ann@corp.test", phone=None)
    house.user("bea@mail.corp.test", phone="+447400100001", phone_verified_at=1)
    house.user("cy@home.test", state=UserState.INVITED)
    until = house.clock.now() + MINUTE
    house.set_lane(f"u:{ann.id}", Lane(locked_until=until), ann)
    assert numbers(preview(house, staff, lockout_scope="account")) == [1]
    assert numbers(preview(house, staff, directory_domains=("corp.test",))) == [2, 1]
    assert numbers(preview(house, staff, phone="required")) == [2, 1]
    assert numbers(preview(house, staff, name="South")) == []
    change(house, staff, directory_domains=("corp.test", "x.test"))
    assert numbers(preview(house, staff, directory_domains=("x.test",))) == [2]


def test_what_somebody_else_has_changed_since_is_not_overwritten(house: House) -> None:
    ann, bea = at(house), at(house)
    seen = {"password_min": "8"}
    assert isinstance(change(house, ann, seen, password_min=15), Changed)
    assert change(house, bea, seen, password_min=12) == Outdated()
    assert stored(house).policy.password_min == 15
    assert isinstance(change(house, bea, {"password_min": "15"}, password_min=12), Changed)


def test_of_two_owners_at_once_one_is_heard(house: House) -> None:
    ann, bea = at(house), at(house)
    seen = {"password_min": "8"}
    flows = (
        policies.change(house.parts, who, {"password_min": number}, seen=seen)
        for who, number in ((ann, 12), (bea, 15))
    )
    answers = together(*flows)
    assert sorted(type(one).__name__ for one in answers) == ["Changed", "Outdated"]
    (won,) = (one for one in answers if isinstance(one, Changed))
    assert stored(house) == won.tenant
    assert len(trail(house)) == 1


def test_two_who_change_different_things_do_not_undo_each_other(house: House) -> None:
    ann, bea = at(house), at(house)
    directory = Agency(house).directory
    together(
        policies.change(house.parts, ann, {"password_min": 12}),
        policies.change(house.parts, bea, {"signup": False}),
        directory_switch.switch(house.parts, at(house), directory.id, on=True),
    )
    policy = stored(house).policy
    assert (policy.password_min, policy.signup) == (12, False)
    assert policy.directory_signin == (directory.id,)


def with_number(house: House, role: Role | None = None) -> User:
    number = f"+4474001{house.count('users'):05}"
    return house.user(
        f"u{number}@people.test", role=role, phone=number, phone_verified_at=house.clock.now()
    )


def test_nobody_is_left_without_a_second_step_unless_it_is_said(house: House) -> None:
    staff = at(house)
    change(house, staff, sms_second=True)
    for _ in range(2):
        with_number(house)
    house.totp(with_number(house))
    with_number(house, Role.TECHNICIAN)  # texts never are a second step of staff
    assert preview(house, staff, sms_second=False).stripped == 2
    assert change(house, staff, sms_second=False) == Unsure(2)
    assert stored(house).policy.sms_second
    assert isinstance(change(house, staff, sms_second=False, sure=True), Changed)
    assert not stored(house).policy.sms_second


def test_where_nobody_hangs_on_texts_nothing_more_has_to_be_said(house: House) -> None:
    staff = at(house)
    change(house, staff, sms_second=True)
    assert isinstance(change(house, staff, sms_second=False), Changed)


def test_who_is_left_signs_in_by_the_password_alone_as_the_preview_says(house: House) -> None:
    staff, user = at(house), with_number(house)

    def signs_in() -> str:
        browser = Browser(house, stored(house), "203.0.113.5")
        return type(browser.keep(run(
            signin.sign_in(house.parts, browser.caller, user.email, PASSWORD)
        ))).__name__  # fmt: skip

    change(house, staff, sms_second=True)
    assert signs_in() == "SecondPending"
    change(house, staff, sms_second=False, sure=True)
    assert signs_in() == "SignedIn"


def test_owners_are_told_of_what_guards_less_with_who_did_it(house: House) -> None:
    ann, tom = at(house), at(house, Role.MANAGER)
    bea = at(house)
    change(house, ann, password_min=15)
    assert house.outbox("alarm") == []
    change(house, ann, password_min=9, lockout_scope="account")
    assert ann.user is not None
    assert bea.user is not None
    assert tom.user is not None
    told = house.outbox("alarm")
    assert {letter.message.address for letter in told} == {ann.user.email, bea.user.email}
    values = told[0].values
    assert values["alarm"] == "policy-weaker"
    assert values["by"] == ann.user.name
    assert values["changes"] == [
        ["Shortest password", "15", "9"],
        ["What a lock closes", "Each known browser by itself", "The whole account"],
    ]
    assert str(values["link"]).endswith("/console/policies")
    (row,) = trail(house, Event.ALARM_RAISED)
    assert row.facts["what"] == ["password_min", "lockout_scope"]


def test_each_weaker_change_is_told_and_addresses_are_not_repeated_in_the_mail(
    house: House,
) -> None:
    at(house)
    change(house, host(house), sender="x@evil.test")
    change(house, host(house), support=())
    first, second = house.outbox("alarm")
    assert first.values["changes"] == [["Sender of mails", "", ""]]
    assert second.values["changes"] == [["Ways to reach you, with hours", "", ""]]
    assert first.values["by"] == ""
