"""Policies in the console: read by all staff, tried out, saved by who may."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from keyturn.rules.accounts import Role, Tenant
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.steps.stepup import FRESH_MS
from tests.unit.web.console.desk import Desk, Office, heading

HOME = "/console/policies"
MIN = f"{HOME}/password_min"
TEXTS = f"{HOME}/sms_second"


@pytest.fixture
def owner(office: Office) -> Desk:
    return office.desk(Role.OWNER)


def tenant(office: Office) -> Tenant:
    every = office.house.write(lambda tx: tx.tenants.all())
    return next(one for one in every if one.id == office.house.tenant.id)


def texts_on(office: Office) -> None:
    now = tenant(office)
    on = replace(now, policy=replace(now.policy, sms_second=True))
    office.house.write(lambda tx: tx.tenants.update(on))
    office.house.user(
        "ann@people.test", phone="+447400100001", phone_verified_at=office.house.clock.now()
    )


def effects(page: httpx.Response) -> list[str]:
    found = re.findall(r'<li class="(\w+)"><svg.*?</svg><div>(.*?)</div>', page.text)
    return [f"{tone}: {said}" for tone, said in found]


@pytest.mark.parametrize("role", Role)
def test_all_staff_read_what_is_decided_and_what_is_fixed(office: Office, role: Role) -> None:
    page = office.desk(role).get(HOME)
    assert heading(page) == "What Northwind decides, and what is fixed."
    for policy in POLICIES.values():
        assert policy.title in page.text
    assert "5 wrong passwords in a row lock for 10 minutes" in page.text
    assert "Each known browser by itself" in page.text
    changes = len(re.findall(f'href="[^"]*{HOME}/[a-z_]+">Change', page.text))
    assert changes == {Role.OWNER: 16, Role.MANAGER: 4}.get(role, 0)


@pytest.mark.parametrize("key", sorted(POLICIES))
def test_each_has_a_form_that_stands_as_it_is_now(owner: Desk, key: str) -> None:
    page = owner.get(f"{HOME}/{key}")
    assert heading(page) == POLICIES[key].title
    assert page.text.count("checked") == bool(POLICIES[key].values)
    assert POLICIES[key].what.replace("\u2019", "\u2019") in page.text
    same = owner.get(f"{HOME}/{key}?look=1&to=" + {
        "signup": "on", "phone": "optional", "activation_again": "on", "password_min": "8",
        "lockout_scope": "client", "sms_second": "off", "voice": "off", "region": "GB",
        "name": "Northwind", "accent": "%231f7a5c", "sender": "account%40northwind.test",
        "support": "Phone%7C%2B44+20+7946+0100", "language": "en", "timezone": "Europe%2FLondon",
    }.get(key, ""))  # fmt: skip
    assert heading(same) == "That is what holds already."


def test_what_a_change_does_is_shown_before_it_is_stored(office: Office, owner: Desk) -> None:
    office.house.user()
    page = owner.get(f"{MIN}?look=1&to=12")
    assert heading(page) == "Shortest password: what this change does"
    assert effects(page) == [
        "good: Passwords that are set from then on have at least 12 characters.",
        "calm: 2 users keep the password of today until their next change of it.",
        "calm: Nobody is locked out by this, and nobody has to change anything now.",
    ]
    assert 'name="was" value="8"' in page.text
    assert tenant(office) == office.house.tenant


def test_it_is_saved_and_said_and_holds_at_once(office: Office, owner: Desk) -> None:
    answer = owner.post(MIN, to="12", was="8")
    assert answer.headers["location"] == f"/t/northwind{HOME}?changed=password_min"
    assert tenant(office).policy.password_min == 12
    assert heading(owner.get(f"{HOME}?changed=password_min")) == "Saved: Shortest password."
    owner.post(f"{HOME}/name", to="South", was="Northwind")
    assert heading(owner.get(HOME)) == "What South decides, and what is fixed."
    assert owner.get(f"{HOME}?changed=nothing").status_code == 422


def test_a_change_that_guards_less_says_that_the_owners_hear_of_it(owner: Desk) -> None:
    page = owner.get(f"{HOME}/lockout_scope?look=1&to=account")
    assert "strangers can lock people out" in page.text
    assert "all owners get a mail, with your name" in page.text
    assert "all owners" not in owner.get(f"{MIN}?look=1&to=12").text


def test_what_somebody_else_changed_meanwhile_is_shown_anew(office: Office, owner: Desk) -> None:
    other = office.desk(Role.OWNER)
    other.post(MIN, to="15", was="8")
    late = owner.post(MIN, to="12", was="8")
    assert late.status_code == 409
    assert "Somebody else has changed it meanwhile, so nothing was saved." in late.text
    assert 'name="was" value="15"' in late.text
    assert tenant(office).policy.password_min == 15
    same = owner.post(MIN, to="15", was="8")
    assert same.status_code == 409
    assert heading(same) == "That is what holds already."


def test_several_lines_come_back_as_they_went(office: Office, owner: Desk) -> None:
    path = f"{HOME}/directory_domains"
    owner.post(path, to="a.test\r\nb.test", was="")
    assert tenant(office).policy.directory_domains == ("a.test", "b.test")
    assert "a.test\nb.test</textarea>" in owner.get(path).text
    assert owner.post(path, to="", was="a.test\r\nb.test").status_code == 303
    assert tenant(office).policy.directory_domains == ()


def test_who_would_be_left_without_a_second_step_is_asked_about(
    office: Office, owner: Desk
) -> None:
    texts_on(office)
    page = owner.get(f"{TEXTS}?look=1&to=off")
    assert 'name="sure"' in page.text
    assert effects(page)[0].startswith("warn: 1 user has no other second step")
    unsaid = owner.post(TEXTS, to="off", was="on")
    assert unsaid.status_code == 409
    assert "Please tick this, or leave it as it is." in unsaid.text
    assert tenant(office).policy.sms_second
    assert owner.post(TEXTS, to="off", was="on", sure="1").status_code == 303
    assert not tenant(office).policy.sms_second


@pytest.mark.parametrize(
    ("key", "to"),
    [
        ("password_min", "7"), ("password_min", "\u0668"), ("password_min", ""),
        ("phone", "maybe"), ("signup", ""), ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"), ("accent", "red;}"), ("region", "GBR"),
        ("support", "Phone"), ("support", "a|b\ta|c"), ("sender", "x@y@z"),
        ("name", ""), ("directory_domains", "corp"), ("sms_countries", "GBR"),
        ("name", "<script>alert(1)</script>" * 5),
    ],
)  # fmt: skip
def test_what_is_no_value_is_handed_back_and_neither_shown_nor_stored(
    office: Office, owner: Desk, key: str, to: str
) -> None:
    for answer in (
        owner.post(f"{HOME}/{key}", to=to, was=""),
        owner.get(f"{HOME}/{key}?" + str(httpx.QueryParams({"look": "1", "to": to}))),
    ):
        assert answer.status_code in {409, 422}
        assert "This cannot stand here." in answer.text
        assert "<script>alert" not in answer.text
    assert tenant(office) == office.house.tenant


def test_markup_in_a_name_is_only_text(office: Office, owner: Desk) -> None:
    owner.post(f"{HOME}/name", to="<b>&amp;", was="Northwind")
    page = owner.get(f"{HOME}/name")
    assert "<b>&amp;amp;" not in page.text
    assert "&lt;b&gt;&amp;amp;" in page.text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_whoever_may_not_change_it_has_neither_form_nor_preview(office: Office, role: Role) -> None:
    desk = office.desk(role)
    for answer in (desk.get(MIN), desk.get(f"{MIN}?look=1&to=12"), desk.post(MIN, to="12", was="8"),
                   desk.post(MIN, to="x", was="8")):  # fmt: skip
        assert answer.status_code == 403
    assert tenant(office) == office.house.tenant


def test_a_change_too_long_after_the_last_proof_is_kept_and_given_back(
    office: Office, owner: Desk
) -> None:
    office.house.clock.move(FRESH_MS)
    assert owner.get(f"{MIN}?look=1&to=12").status_code == 200
    late = owner.post(MIN, to="12", was="8")
    assert late.headers["location"].endswith("/account/proof?then=/console/resume")
    page = owner.get("/console/resume")
    assert heading(page) == "Save the change of a policy?"
    assert 'name="to" value="12"' in page.text
    assert tenant(office) == office.house.tenant


def test_what_there_is_no_policy_of_is_no_page(owner: Desk) -> None:
    for path in (f"{HOME}/host", f"{HOME}/directory_signin", f"{HOME}/"):
        assert owner.get(path).status_code in {303, 307, 404}


def test_another_tenant_s_policies_are_its_own(office: Office, owner: Desk) -> None:
    there = office.desk(Role.OWNER, tenant=office.other)
    owner.post(MIN, to="12", was="8")
    assert 'value="8"' in there.get(MIN).text
    assert tenant(office).policy.password_min == 12


def test_an_alarm_stands_in_the_console(office: Office, owner: Desk) -> None:
    owner.post(f"{HOME}/lockout_scope", to="account", was="client")
    page = owner.get("/console/messages").text
    assert "A policy guards less than before." in page
    assert "lockout scope: by Staff 1." in page


def test_it_is_all_german(owner: Desk) -> None:
    german = {"accept_language": "de"}
    assert heading(owner.get(HOME, **german)) == "Was Northwind festlegt, und was feststeht."
    page = owner.get(f"{HOME}/lockout_scope?look=1&to=account", **german)
    assert heading(page) == "Was eine Sperre zusperrt: was diese Änderung bewirkt"
    assert "Von da an können Fremde Ihre Leute aussperren" in page.text
