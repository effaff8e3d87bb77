"""Evidence: what is gathered for a diagnosis, and what is said not to be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import recovery, resets, signup
from keyturn.flows.diagnose import Diagnosed, diagnose_user
from keyturn.flows.staff import disable, end_sessions, on_the_host
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Flow, Role, User, UserState
from keyturn.rules.budgets import (
    CODE_MAILS,
    DIRECTORY_JOBS,
    SMS_PER_NUMBER,
    SMS_PER_USER,
    Budget,
)
from keyturn.rules.callers import network_of
from keyturn.rules.diagnosis import VOCABULARY, Blind, Facts, Symptom, diagnose
from keyturn.rules.directories.logons.logon import Way
from keyturn.rules.directories.logons.source import Found, Kind, Source, encode
from keyturn.rules.directories.things import AgentState
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND, Lane
from keyturn.rules.messages import MessageState
from keyturn.steps.acts import begin, record
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.evidence.directory import standing
from keyturn.steps.outbox import enqueue
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

NUMBER = "+447400123456"


def staff(house: House) -> Staff:
    return on_the_host(house.browser().caller)


def asked(house: House, typed: str = EMAIL, symptom: Symptom | None = None) -> Diagnosed:
    """What staff are told of a name."""
    return run(diagnose_user(house.parts, staff(house), typed, symptom))


def facts(house: House, typed: str = EMAIL) -> Facts:
    """What staff's diagnosis looked at."""
    return asked(house, typed).facts


def from_here(browser: Browser, user: User, typed: str = EMAIL, **more: Any) -> Facts:
    """What is gathered when the person asks in their own browser."""
    house = browser.house

    def step(tx: Any) -> Facts:
        act = begin(house.parts, browser.caller)
        return collect(tx, act, Subject(user, typed, here=True, **more))

    return house.write(step)


def causes(found: Diagnosed) -> list[str]:
    return [finding.cause for finding in found.diagnosis.findings]


def blind(seen: Facts) -> dict[str, Blind]:
    return {unseen.name: unseen.why for unseen in seen.cannot_see}


def note(house: House, user: User, event: Event, **told: object) -> None:
    """An audit row that takes long to bring about."""
    act = begin(house.parts, house.browser().caller)
    house.write(lambda tx: record(tx, act, event, user, told))


# -- asking


def test_a_locked_account_is_told_as_such(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.fail(5)
    found = asked(house)
    assert found.user == ada
    assert found.at == house.clock.now()
    assert causes(found)[0].startswith("lock")
    assert house.events(ada)[-1] == Event.DIAGNOSED


def test_a_user_can_be_asked_for_by_id_too(house: House) -> None:
    ada = house.user()
    found = asked(house, ada.id)
    assert found.user == ada
    assert not found.facts.seen("asked.kind")


@pytest.mark.parametrize("typed", ["nobody@here.test", "n", "", "\0"])
def test_a_name_that_nobody_has_is_an_answer_too(house: House, typed: str) -> None:
    house.user(state=UserState.DISABLED)
    found = asked(house, typed)
    assert found.user is None
    assert found.facts.value("account.exists") is False
    assert not found.facts.seen("password.exists")
    assert house.trail()[-1].user_id is None


def test_the_decoy_is_nobody(house: House) -> None:
    assert asked(house, house.tenant.id).user is None


def test_another_tenants_user_is_nobody_here(house: House) -> None:
    eve = house.user("eve@elsewhere.test", tenant=house.add_tenant("elsewhere"))
    assert asked(house, eve.email).user is None
    assert asked(house, eve.id).user is None


def test_names_like_the_one_that_nobody_has_are_counted(house: House) -> None:
    house.user()
    house.user("adam@northwind.test")
    assert facts(house, "ada@elsewhere.test").count("account.similar") == 2
    assert facts(house, "zoe@northwind.test").count("account.similar") == 0


def test_only_what_the_symptom_can_mean_is_told(house: House, browser: Browser) -> None:
    house.user()
    browser.fail(5)
    assert causes(asked(house, EMAIL, Symptom.TEXT)) != causes(asked(house))


def test_every_fact_has_a_name_and_a_kind_that_the_vocabulary_knows(
    house: House, browser: Browser
) -> None:
    ada = house.user(phone=NUMBER)
    browser.fail(5)
    run(recovery.start(house.parts, browser.caller, EMAIL))
    for seen in (facts(house), from_here(browser, ada, refused="locked")):
        for name, value in seen.known.items():
            assert VOCABULARY[name].fits(value), name
        assert set(blind(seen)) <= set(VOCABULARY)
        assert not set(blind(seen)) & set(seen.known)


def test_together_person_and_staff_look_at_the_whole_vocabulary(
    house: House, browser: Browser
) -> None:
    """A fact that nobody ever fills in is a cause that nobody is ever told."""
    domain = Domain(house)
    ada = domain.ada
    asked_of = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked_of, resets.Asked)
    again = '{"since": 0, "logs": {}, "counters": [], "sources": []}'
    view = f'{{"locked_until": 0, "disabled": false, "again": {again}}}'
    domain.answers(domain.dc1, asked_of.look_id, view)
    run(recovery.start(house.parts, browser.caller, EMAIL))
    seen = set(from_here(browser, ada, refused="neutral").known)
    seen |= set(facts(house, "nobody@here.test").known)
    assert seen == set(VOCABULARY)


# -- this browser


def test_a_browser_that_has_begun_nothing_says_so(house: House, browser: Browser) -> None:
    seen = from_here(browser, house.user())
    assert blind(seen) == {"here.flow.expires_at": Blind.NOT_KEPT}
    assert seen.value("here.code.sent_at") is None
    assert not seen.seen("here.refused")


def test_the_code_that_this_browser_waits_for_is_seen(house: House, browser: Browser) -> None:
    ada = house.user()
    began = house.clock.now()
    run(recovery.start(house.parts, browser.caller, EMAIL))
    run(recovery.enter_code(house.parts, browser.caller, "000000"))
    seen = from_here(browser, ada)
    assert seen.time("here.code.sent_at") == began
    assert seen.time("here.code.replaced_at") is None
    assert seen.count("here.code.tries") == 1
    assert seen.time("here.flow.expires_at") == began + HOUR
    house.clock.move(MINUTE)
    run(recovery.resend(house.parts, browser.caller))
    assert from_here(browser, ada).time("here.code.replaced_at") == house.clock.now()


def test_a_flow_without_a_code_is_seen_without_one(house: House, browser: Browser) -> None:
    ada = house.user()
    _flow(house, ada, browser, "phone", phone=NUMBER)
    seen = from_here(browser, ada)
    assert seen.time("here.flow.expires_at") == house.clock.now() + HOUR
    assert seen.value("here.code.sent_at") is None


def _flow(house: House, user: User, browser: Browser, kind: str, **data: Any) -> None:
    now = house.clock.now()
    flow = Flow(
        house.random.id(now), house.tenant.id, browser.caller.browser, kind, "code", user.id,
        data, now, now + HOUR, None,
    )  # fmt: skip
    house.write(lambda tx: tx.flows.add(flow))


def test_the_lock_that_a_try_from_here_would_meet_is_seen_for_absent_names_too(
    house: House, browser: Browser
) -> None:
    decoy = house.again(replace(house.user(), id=house.tenant.id))
    browser.fail(5, "nobody@here.test")
    until = house.clock.now() + 10 * MINUTE
    seen = from_here(browser, decoy, "nobody@here.test")
    assert seen.time("lane.asked.locked_until") == until
    assert seen.word("asked.kind") == "email"
    house.clock.move(10 * MINUTE)
    after = from_here(browser, decoy, "nobody@here.test")
    assert after.value("lane.asked.locked_until") is None


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("a@b.test", "email"), ("ada", "username"), ("07400 123456", "phone"), ("\0", "none")],
)
def test_what_a_name_looks_like_is_told_by_its_spelling(
    house: House, browser: Browser, typed: str, kind: str
) -> None:
    assert from_here(browser, house.user(), typed).word("asked.kind") == kind


@pytest.mark.parametrize(("early", "exhausted"), [(1, True), (0, False)])
def test_a_network_that_has_used_up_its_tries_is_seen(
    house: House, browser: Browser, early: int, exhausted: bool
) -> None:
    ada = house.user()
    start = house.clock.now()
    network = Budget("network", house.parts.limits.network_failures, HOUR)
    _use_up(house, network, network_of(browser.ip))
    house.clock.move(HOUR - early)
    seen = from_here(browser, ada).value("network.exhausted_until")
    assert seen == (start + HOUR if exhausted else None)


def test_whether_this_browser_is_known_and_trusted_is_seen(house: House, browser: Browser) -> None:
    ada = house.user()
    assert from_here(browser, ada).value("this_client.known") is False
    browser.sign_in()
    seen = from_here(browser, ada)
    assert (seen.value("this_client.known"), seen.value("this_client.trusted")) == (True, False)
    elsewhere = from_here(house.browser(), ada)
    assert elsewhere.value("this_client.known") is False


def test_staff_do_not_sit_at_the_persons_browser(house: House) -> None:
    house.user()
    seen = blind(facts(house))
    assert seen["this_client.known"] is Blind.NOT_LOOKED_AT
    assert seen["recovery.here"] is Blind.NOT_LOOKED_AT


# -- lanes, factors


def test_lanes_are_told_apart_and_staff_see_the_client_locked_last(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    browser.fail(5)
    house.browser().fail(2)
    house.set_lane(f"2:{ada.id}", Lane(total=100, closed=True), ada)
    seen = facts(house)
    assert seen.time("lane.client.locked_until") == house.clock.now() + 10 * MINUTE
    assert seen.count("lane.unknown.failed") == 2
    assert seen.flag("lane.second.closed")
    assert seen.value("lane.unknown.locked_until") is None
    assert from_here(browser, ada).time("lane.client.locked_until") is not None
    assert from_here(house.browser(), ada).count("lane.unknown.total") == 2


def test_second_steps_are_counted(house: House) -> None:
    ada = house.user(role=Role.AUDITOR)
    assert facts(house).value("factors.totp") is False
    house.totp(ada)
    house.saved_codes(ada, 3)
    seen = facts(house)
    assert (seen.flag("factors.totp"), seen.count("factors.recovery_left")) == (True, 3)
    assert seen.flag("account.staff")


# -- the audit trail


def test_failures_are_counted_since_the_last_success_and_by_network(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.clock.move(SECOND)
    house.browser().fail(1)
    house.clock.move(SECOND)
    browser.sign_in()
    success = house.clock.now()
    house.clock.move(SECOND)
    browser.fail(2)
    stranger = house.browser()
    stranger.fail(1)
    seen = facts(house)
    assert seen.time("signin.last_success_at") == success
    assert seen.time("signin.last_failure_at") == house.clock.now()
    assert seen.count("signin.failures_since_success") == 3
    assert seen.count("signin.failures_since_password") == 4
    assert seen.count("signin.foreign_failures") == 1
    assert seen.count("signin.distinct_networks") == 2
    assert seen.word("signin.last_refusal.cause") == "wrong"
    assert seen.word("signin.last_refusal.ip") == stranger.ip
    house.change(ada, password_set_at=house.clock.now())
    assert facts(house).count("signin.failures_since_password") == 0


def test_the_last_refusal_has_its_reason(house: House, browser: Browser) -> None:
    house.user()
    assert facts(house).seen("signin.last_refusal.at")
    assert facts(house).value("signin.last_refusal.at") is None
    browser.fail(6)
    assert facts(house).word("signin.last_refusal.cause") == "locked"
    house.user("new@northwind.test", state=UserState.UNVERIFIED)
    browser.sign_in("new@northwind.test")
    seen = facts(house, "new@northwind.test")
    assert seen.word("signin.last_refusal.cause") == "unverified"


def test_the_moments_that_matter_are_read_from_the_trail(house: House) -> None:
    ada = house.user()
    for event in (Event.CLIENT_FORGOTTEN, Event.SIGNUP_REPEATED, Event.RECOVERY_DONE):
        note(house, ada, event)
    then = house.clock.now()
    house.clock.move(SECOND)
    run(disable(house.parts, staff(house), ada.id))
    seen = facts(house)
    for name in ("clients.forgotten_at", "signup.repeated_at", "recovery.done_at"):
        assert seen.time(name) == then
    assert seen.time("account.disabled_at") == then + SECOND
    assert seen.word("session.ended_reason") == "disabled"


@pytest.mark.parametrize(
    ("cause", "told"), [("recovery", "recovery"), ("staff", "staff"), ("anything", "staff")]
)
def test_why_a_session_ended_is_told(house: House, cause: str, told: str) -> None:
    ada = house.user()
    assert facts(house).value("session.ended_reason") is None
    note(house, ada, Event.SESSIONS_ENDED, cause=cause)
    assert facts(house).word("session.ended_reason") == told


def test_signing_out_is_a_reason_too(house: House, browser: Browser) -> None:
    ada = house.user()
    run(end_sessions(house.parts, staff(house), ada.id))
    house.clock.move(SECOND)
    note(house, ada, Event.SIGNOUT)
    assert facts(house).word("session.ended_reason") == "signout"
    assert facts(house).time("session.ended_at") == house.clock.now()


def test_why_a_second_step_was_wrong_is_told_where_it_was_kept(house: House) -> None:
    ada = house.user()
    assert facts(house).seen("second.last_failure")
    note(house, ada, Event.SECOND_FAILED)
    assert blind(facts(house))["second.last_failure"] is Blind.NOT_KEPT
    note(house, ada, Event.SECOND_FAILED, why="clock", skew=-90)
    seen = facts(house)
    assert seen.word("second.last_failure") == "clock"
    assert seen.count("clock.skew_seconds") == -90


# -- flows, codes


def test_the_second_step_asked_for_is_seen_with_its_end(house: House, browser: Browser) -> None:
    ada = house.user()
    house.totp(ada)
    browser.sign_in()
    seen = facts(house)
    assert seen.time("second.asked_at") == house.clock.now()
    assert seen.time("second.ends_at") == house.clock.now() + 10 * MINUTE


def test_how_the_newest_code_stands_is_seen(house: House, browser: Browser) -> None:
    house.user()
    assert facts(house).value("code.state") is None
    run(recovery.start(house.parts, browser.caller, EMAIL))
    assert facts(house).word("code.state") == "live"
    for _ in range(5):
        run(recovery.enter_code(house.parts, browser.caller, "000000"))
    seen = facts(house)
    assert (seen.word("code.state"), seen.count("code.tries")) == ("spent", 5)
    assert not seen.flag("code.link_only")


def test_open_recoveries_are_seen_and_whether_one_is_here(house: House, browser: Browser) -> None:
    ada = house.user()
    began = house.clock.now()
    for one in (house.browser(), browser):
        run(recovery.start(house.parts, one.caller, EMAIL))
    seen = from_here(browser, ada)
    assert (seen.flag("recovery.open"), seen.flag("recovery.here")) == (True, True)
    assert (seen.count("recovery.browsers"), seen.word("recovery.step")) == (2, "code")
    assert seen.time("recovery.started_at") == began
    assert not from_here(house.browser(), ada).flag("recovery.here")
    house.clock.move(HOUR)
    over = from_here(browser, ada)
    assert (over.flag("recovery.open"), over.time("recovery.started_at")) == (False, began)


# -- messages, budgets, phone


def test_the_newest_message_of_each_sort_is_seen_masked(house: House, browser: Browser) -> None:
    ada = house.user()
    assert facts(house).value("mail.state") is None
    browser.fail(5)
    run(recovery.start(house.parts, browser.caller, EMAIL))
    act = begin(house.parts, browser.caller)
    house.write(
        lambda tx: enqueue(
            tx, act, "sms", "verify_phone", user=ada, address=NUMBER, values={}, life_ms=MINUTE
        )
    )
    seen = facts(house)
    assert seen.word("mail.state") == seen.word("notice.state") == MessageState.QUEUED
    assert seen.time("mail.next_at") == house.clock.now()
    assert seen.time("outbox.due_at") == house.clock.now()
    assert EMAIL not in seen.word("mail.address")
    assert seen.word("sms.address").endswith("3456")
    assert NUMBER not in seen.word("sms.address")
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 10))
    later = facts(house)
    assert later.word("mail.state") == MessageState.SENDING
    assert later.value("mail.next_at") is None
    assert later.value("outbox.due_at") is None


def _use_up(house: House, budget: Budget, key: str) -> None:
    for _ in range(budget.limit):
        house.write(lambda tx: tx.budgets.spend(house.tenant.id, key, house.clock.now(), budget))


def test_until_when_no_code_or_text_is_sent_is_seen(house: House, browser: Browser) -> None:
    ada = house.user(phone=NUMBER)
    assert facts(house).value("budget.code_mails.until") is None
    now = house.clock.now()
    spent = [(CODE_MAILS, f"u:{ada.id}"), (SMS_PER_USER, ada.id), (SMS_PER_NUMBER, NUMBER)]
    for budget, key in [*spent, (Budget("sms-tenant", 100, DAY), "all")]:
        _use_up(house, budget, key)
    for seen in (facts(house), from_here(browser, ada)):
        assert seen.time("budget.code_mails.until") == now + HOUR
        assert seen.time("budget.sms.until") == now + DAY
        assert seen.time("budget.sms_tenant.until") == now + DAY
        assert seen.value("budget.link_mails.until") is None


def test_caps_of_a_range_and_a_network_are_seen(house: House, browser: Browser) -> None:
    ada = house.user(phone=NUMBER)
    now = house.clock.now()
    _use_up(house, Budget("sms-range", 20, HOUR), NUMBER[:-4] + "····")
    _use_up(house, Budget("sms-network", 20, HOUR), network_of(browser.ip))
    _use_up(house, Budget("sms-tenant-hour", 300, HOUR), "all")
    here, elsewhere = from_here(browser, ada), facts(house)
    assert here.time("budget.sms_range.until") == now + HOUR
    assert here.time("budget.sms_tenant.until") == now + HOUR
    assert here.time("budget.sms_network.until") == now + HOUR
    assert elsewhere.value("budget.sms_network.until") is None


def test_whether_texts_go_to_the_numbers_country_is_seen() -> None:
    house = House(sms_countries=("IE",))
    house.user(phone=NUMBER)
    assert facts(house).value("phone.served") is False
    house.close()


@pytest.mark.parametrize(
    ("state", "detail", "cause"),
    [
        ("delivered", "DELIVRD err:000", "sms.delivered"),
        ("sent", "taken as 1f", "sms.no-report"),
        ("bounced", "UNDELIV err:001", "sms.undeliverable"),
        ("bounced", "unreachable: 30003 x", "sms.phone-off"),
        ("bounced", "unknown-number: 30005 x", "sms.number-unknown"),
        ("bounced", "landline: 30006 x", "sms.reported-landline"),
        ("bounced", "filtered: 30007 x", "sms.filtered"),
        ("rejected", "REJECTD err:00b", "sms.rejected"),
        ("rejected", "our-account: 30002 x", "sms.gateway-account"),
        ("expired", "EXPIRED err:027", "sms.phone-off"),
        ("expired", "too-slow: 30036 x", "sms.gateway-slow"),
    ],
)
def test_each_fate_of_a_text_is_explained_by_its_own_cause(
    house: House, browser: Browser, state: str, detail: str, cause: str
) -> None:
    ada = house.user(phone=NUMBER, phone_verified_at=1)
    act = begin(house.parts, browser.caller)

    def step(tx: Tx) -> None:
        enqueue(tx, act, "sms", "verify_phone", user=ada, address=NUMBER, values={}, life_ms=MINUTE)
        (taken,) = tx.messages.claim(act.now, 1)
        told = replace(taken, state=MessageState(state), detail=detail)
        assert tx.messages.settle(told, taken.attempt)

    house.write(step)
    found = diagnose(facts(house), house.clock.now(), Symptom.TEXT).findings
    assert found[0].cause == cause


def test_a_sign_up_pays_for_its_codes_under_its_address(house: House, browser: Browser) -> None:
    name, email = "New Person", "new@x.test"
    run(signup.start(house.parts, browser.caller, name, email, PASSWORD, spaces_meant=False))
    for _ in range(3):
        house.clock.move(MINUTE)
        run(signup.resend(house.parts, browser.caller))
    assert facts(house, "new@x.test").time("budget.code_mails.until") is not None


def test_a_number_that_somebody_else_has_proved_is_seen(house: House, browser: Browser) -> None:
    ada = house.user()
    assert facts(house).value("phone.given") is False
    house.user("bo@northwind.test", phone=NUMBER, state=UserState.DISABLED)
    _flow(house, ada, browser, "phone", phone=NUMBER)
    seen = facts(house)
    assert (seen.word("phone.line"), seen.flag("phone.in_use")) == ("mobile", True)
    assert seen.word("phone.holder_state") == UserState.DISABLED


def test_ones_own_number_is_not_in_use_by_somebody_else(house: House) -> None:
    house.user(phone=NUMBER, phone_verified_at=1)
    seen = facts(house)
    assert (seen.flag("phone.given"), seen.flag("phone.in_use")) == (True, False)
    assert seen.time("phone.verified_at") == 1


def test_a_circular_address_is_told_to_its_owner_and_to_staff() -> None:
    house = House(directory_domains=("northwind.test",))
    house.user()
    found = asked(house, symptom=Symptom.RECOVERY)
    assert "recovery.circular" in causes(found)
    assert found.facts.flag("account.circular")
    house.close()


def test_a_stranger_hears_of_a_circular_address_by_what_was_typed_alone() -> None:
    house = House(directory_domains=("corp.test",))
    outside = house.user()
    here = from_here(house.browser(), outside, "Whoever@Mail.CORP.test")
    assert here.value("asked.circular") is True
    assert here.value("account.circular") is False
    house.close()


# -- a directory


def test_a_person_without_a_directory_account_is_told_so(house: House) -> None:
    house.user()
    seen = facts(house)
    assert seen.value("directory.linked") is False
    assert seen.value("directory.agent") is None
    assert seen.value("directory.kind") is None
    assert "directory.not-linked" in causes(asked(house, symptom=Symptom.DIRECTORY))


def test_the_last_job_and_the_last_look_are_told(house: House) -> None:
    domain = Domain(house)
    asked_of = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked_of, resets.Asked)
    view = f'{{"locked_until": {house.clock.now()}, "disabled": true, "must_change": false}}'
    domain.answers(domain.dc1, asked_of.look_id, view)
    job = domain.handed_in()
    domain.permit(domain.dc1, job.id)
    domain.report(
        domain.dc1, job.id, "not_done", reason="too_young",
        data={"min_age_ms": DAY, "policy": "domain"}, diagnostic="52D",
    )  # fmt: skip
    seen = facts(house)
    assert (seen.word("reset.reason"), seen.count("reset.min_age_hours")) == ("too_young", 24)
    assert (seen.flag("directory.locked"), seen.flag("directory.disabled")) == (True, True)
    assert seen.time("directory.locked_until") == house.clock.now()
    assert seen.word("reset.controller") == "dc1.corp.example.test"
    assert seen.word("directory.kind") == "active_directory"
    assert causes(asked(house, symptom=Symptom.DIRECTORY))[:2] == [
        "directory.too-young", "directory.disabled",
    ]  # fmt: skip


def test_the_likeliest_source_of_bad_logons_is_told(house: House) -> None:
    domain = Domain(house)
    asked_of = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(asked_of, resets.Asked)
    source = Source(
        Kind.PHONE, "192.0.2.77", "192.0.2.77", "", "LDAP", (Way.LDAP,), ("dc1", "dc2"), 6,
        1, 2, 20_000, 1, since_change=True, locked=False, strength=75,
    )  # fmt: skip
    again = encode(Found(0, {}, (), (source, replace(source, kind=Kind.SAVED))))
    domain.answers(domain.dc1, asked_of.look_id, json.dumps({"locked_until": 0, "again": again}))
    seen = facts(house)
    assert (seen.word("directory.again"), seen.count("directory.again_every")) == ("phone", 1)
    assert seen.word("directory.again_where") == "dc1, dc2"
    told = causes(asked(house, symptom=Symptom.DIRECTORY))
    assert "directory.again-phone" in told
    assert "directory.again-saved" not in told


@pytest.mark.parametrize(
    ("reason", "data", "word", "why"),
    [
        ("unreachable", {"cause": "tls_old", "controller": "dc2"}, "tls_old", ""),
        ("smart_card", {}, "smart_card", "smart_card"),
        ("protected", {"why": "krbtgt"}, "protected", "krbtgt"),
        ("a newer word", {}, "other", ""),
    ],
)
def test_a_jobs_reason_is_told_in_a_word_that_the_catalogue_knows(
    house: House, reason: str, data: dict[str, int | str], word: str, why: str
) -> None:
    domain = Domain(house)
    job = domain.handed_in()
    domain.report(domain.dc1, job.id, "not_done", reason=reason, data=data)
    seen = facts(house)
    assert (seen.word("reset.reason"), seen.word("reset.why")) == (word, why)
    assert seen.word("reset.controller") == data.get("controller", "")


def test_a_done_job_counts_the_controllers_that_wait(house: House) -> None:
    domain = Domain(house)
    domain.done()
    assert facts(house).count("reset.missing") == 1
    assert "directory.not-everywhere" in causes(asked(house, symptom=Symptom.DIRECTORY))


def test_how_the_agents_stand_is_one_word(house: House) -> None:
    domain = Domain(house)
    now, machines = house.clock.now(), (domain.dc1, domain.dc2)

    def stand() -> str:
        agents = house.write(lambda tx: tx.agents.of(house.tenant.id, domain.directory.id))
        return standing(agents, house.clock.now())

    assert stand() == "alive"
    house.clock.move(60_000)
    assert stand() == "silent"
    for machine in machines:
        domain.change(machine, lambda agent: replace(agent, clone_at=now))
    assert stand() == "cloned"
    for machine in machines:
        domain.change(machine, lambda agent: replace(agent, clone_at=None, certificate=None))
    assert stand() == "waiting"
    for machine in machines:
        domain.change(machine, lambda agent: replace(agent, state=AgentState.REVOKED))
    assert stand() == "revoked"
    assert standing([], now) == "none"


def test_a_spent_budget_of_resets_is_told(house: House) -> None:
    domain = Domain(house)
    for _ in range(DIRECTORY_JOBS.limit):
        run(resets.cancel(*domain.me, domain.choosing().job.id))
    assert facts(house).time("directory.spent_until") == house.clock.now() + HOUR
