"""Alarms that stand in the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyturn.rules.alarms import Alarm
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps import alarms
from keyturn.steps.acts import begin
from keyturn.steps.alarms import Standing
from tests.unit.flows.house import House


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


def sound(house: House, kind: Alarm, subject: str) -> bool:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: alarms.sound(tx, act, kind, {"subject": subject}))


def standing(house: House) -> tuple[Standing, ...]:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: alarms.standing(tx, act))


def test_of_each_kind_the_newest_of_a_day_stands(house: House) -> None:
    assert sound(house, Alarm.SMS_RANGE, "old")
    assert not sound(house, Alarm.SMS_RANGE, "unheard")
    assert sound(house, Alarm.MAIL_TENANT, "all")
    house.clock.move(HOUR)
    assert sound(house, Alarm.SMS_RANGE, "new")
    now = house.clock.now()
    assert [(s.kind, s.at, s.facts["subject"]) for s in standing(house)] == [
        ("sms-range", now, "new"),
        ("mail-tenant", now - HOUR, "all"),
    ]


@pytest.mark.parametrize(("later", "stands"), [(DAY - 1, True), (DAY, False), (DAY + 1, False)])
def test_an_alarm_stands_for_a_day(house: House, later: int, stands: bool) -> None:
    sound(house, Alarm.SMS_RANGE, "x")
    house.clock.move(later)
    assert bool(standing(house)) is stands


def test_another_tenants_alarm_is_not_seen(house: House) -> None:
    other = house.add_tenant("southbank")
    act = begin(house.parts, house.browser(tenant=other).caller)
    house.write(lambda tx: alarms.sound(tx, act, Alarm.SMS_RANGE, {}))
    assert standing(house) == ()
