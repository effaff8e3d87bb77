"""Caps on texts, and what is learned of destinations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.alarms import Alarm
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps import texts
from keyturn.steps.acts import Act, begin
from keyturn.steps.texts import Capped
from tests.unit.flows.house import Browser, House

NUMBER = "+447400123450"
RANGE = "+44740012····"
AMERICAN = "+12125550123"
OWNER = "owner@northwind.test"


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    built.user(OWNER, role=Role.OWNER)
    yield built
    built.close()


def act_of(house: House, browser: Browser | None = None) -> Act:
    return begin(house.parts, (browser or house.browser()).caller)


def send(house: House, number: str, user: User | None = None) -> Capped | None:
    """One text, asked for by somebody new from a network of their own."""
    person = user or house.user(f"p{house.count('users')}@northwind.test")
    act = act_of(house)
    return house.write(lambda tx: texts.ask(tx, act, person) or texts.send(tx, act, person, number))


def enter(house: House, number: str) -> None:
    act = act_of(house)
    house.write(lambda tx: texts.entered(tx, act, number))


def alarms(house: House) -> list[tuple[object, object]]:
    """(kind, subject) of the alarms in the audit trail."""
    raised = [e for e in house.trail() if e.event == "alarm.raised"]
    return [(e.facts["alarm"], e.facts["subject"]) for e in raised]


def test_a_person_gets_five_an_hour_wherever_they_go(house: House) -> None:
    ada = house.user()
    answers = [send(house, f"+44740012{at}450", ada) for at in range(6)]
    assert answers[:5] == [None] * 5
    assert answers[5] == Capped(until=house.clock.now() + HOUR, cause="user")
    assert alarms(house) == []


def test_a_number_gets_five_a_day_whoever_asks(house: House) -> None:
    answers = [send(house, NUMBER) for _ in range(6)]
    assert answers[5] == Capped(until=house.clock.now() + DAY, cause="number")
    house.clock.move(DAY - 1)
    assert send(house, NUMBER) is not None
    house.clock.move(1)
    assert send(house, NUMBER) is None


def test_a_network_gets_so_many_an_hour_and_the_owners_are_warned(house: House) -> None:
    house.limit(sms_per_network=3)
    browser = house.browser(ip="203.0.113.7")

    def ask(name: str) -> Capped | None:
        person, act = house.user(f"{name}@northwind.test"), act_of(house, browser)
        return house.write(lambda tx: texts.ask(tx, act, person))

    answers = [ask(name) for name in "abcde"]
    until = house.clock.now() + HOUR
    assert answers[2:] == [None, Capped(until, "network"), Capped(until, "network")]
    assert alarms(house) == [(Alarm.SMS_NETWORK, "203.0.113.0/24")]


def test_ten_thousand_neighbouring_numbers_share_a_cap(house: House) -> None:
    house.limit(sms_per_range=3)
    answers = [send(house, f"+44740012345{at}") for at in range(5)]
    until = house.clock.now() + HOUR
    assert answers == [None, None, None, Capped(until, "range"), Capped(until, "range")]
    assert send(house, "+447400130000") is None
    assert alarms(house) == [(Alarm.SMS_RANGE, RANGE)]


def test_a_country_abroad_has_a_cap_and_the_tenants_own_has_none(house: House) -> None:
    house.limit(sms_per_country=2)
    abroad = [send(house, f"+12125{at}50123") for at in range(4)]
    assert [a and a.cause for a in abroad] == [None, None, "country", "country"]
    assert alarms(house) == [(Alarm.SMS_COUNTRY, "US")]
    assert [send(house, f"+44740{at}000000") for at in range(3)] == [None] * 3


def test_a_number_of_no_known_country_counts_as_abroad(house: House) -> None:
    house.limit(sms_per_country=0)
    assert send(house, "+88213123456") == Capped(house.clock.now() + HOUR, "country")


@pytest.mark.parametrize(("limit", "window"), [("sms_per_hour", HOUR), ("sms_per_day", DAY)])
def test_a_tenant_has_caps_for_the_hour_and_the_day(house: House, limit: str, window: int) -> None:
    house.limit(**{limit: 2})
    answers = [send(house, f"+44740{at}000000") for at in range(4)]
    until = house.clock.now() + window
    assert answers == [None, None, Capped(until, "tenant"), Capped(until, "tenant")]
    assert alarms(house) == [(Alarm.SMS_TENANT, "all")]


def test_a_cap_that_is_reached_uses_up_no_other(house: House) -> None:
    house.limit(sms_per_hour=6)
    for _ in range(9):
        send(house, NUMBER)
    assert send(house, "+447400990000") is None


def test_another_tenants_texts_are_not_counted(house: House) -> None:
    house.limit(sms_per_hour=1)
    other = house.add_tenant("southbank")
    act = begin(house.parts, house.browser(tenant=other).caller)
    stranger = house.user("x@southbank.test", tenant=other)
    assert house.write(lambda tx: texts.send(tx, act, stranger, NUMBER)) is None
    assert send(house, NUMBER) is None


def test_only_the_first_refusal_of_a_window_is_written_down(house: House) -> None:
    ada = house.user()
    for _ in range(9):
        send(house, NUMBER, ada)
    assert house.events().count("sms.capped") == 1


def test_many_codes_and_none_entered_is_an_alarm(house: House) -> None:
    for at in range(9):
        send(house, f"+44740012345{at}")
    assert alarms(house) == []
    send(house, "+447400123460")
    assert alarms(house) == [(Alarm.SMS_PUMPING, RANGE)]
    letter = house.last("alarm")
    assert (letter.values["asked"], letter.values["entered"]) == (10, 0)
    assert letter.message.address == OWNER
    assert letter.values["link"].endswith("/console/messages")


@pytest.mark.parametrize(("entered", "heard"), [(2, True), (3, False)])
def test_one_in_four_entered_is_honest_use(house: House, entered: int, heard: bool) -> None:
    for _ in range(entered):
        enter(house, NUMBER)
    for at in range(10):
        send(house, f"+44740012345{at}")
    assert bool(alarms(house)) is heard


def test_codes_entered_long_ago_speak_for_nobody(house: House) -> None:
    for _ in range(9):
        enter(house, NUMBER)
    house.clock.move(DAY)
    for at in range(10):
        send(house, f"+44740012345{at}")
    assert alarms(house) == [(Alarm.SMS_PUMPING, RANGE)]


def test_countries_abroad_are_watched_too(house: House) -> None:
    house.limit(sms_per_range=1000)
    enter(house, AMERICAN)
    for at in range(30):
        send(house, f"+1212{at:03}0123")
    assert alarms(house) == [(Alarm.SMS_PUMPING, "US")]


def test_each_kind_is_mailed_once_an_hour_to_each_active_owner(house: House) -> None:
    house.limit(sms_per_range=1)
    house.user("second@northwind.test", role=Role.OWNER)
    house.user("gone@northwind.test", role=Role.OWNER, state=UserState.DISABLED)
    house.user("helper@northwind.test", role=Role.TECHNICIAN)
    for at in range(3):
        send(house, f"+44740{at}000001")
        send(house, f"+44740{at}000002")
    told = [letter.message.address for letter in house.outbox("alarm")]
    assert sorted(map(str, told)) == [OWNER, "second@northwind.test"]
    house.clock.move(HOUR)
    send(house, "+447409000001")
    send(house, "+447409000002")
    assert len(house.outbox("alarm")) == 4


def test_a_provider_who_owns_the_tenant_is_told_and_who_is_gone_is_not(house: House) -> None:
    house.limit(sms_per_range=1)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, "0" * 26, Role.OWNER))
    provider = house.user("p@provider.test", tenant=house.add_tenant("provider"))
    house.write(lambda tx: tx.roles.grant(house.tenant.id, provider.id, Role.OWNER))
    send(house, "+447400000001")
    send(house, "+447400000002")
    told = {letter.message.address for letter in house.outbox("alarm")}
    assert told == {OWNER, "p@provider.test"}
