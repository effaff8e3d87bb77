"""Whether one more text may be sent: caps against pumping and flooding, and their alarms.

    cap        whose                       for          when it is reached
    ---------  --------------------------  -----------  ------------------------
    user       the person who asks         an hour      the person is told
    network    the network asked from      an hour      and the owners are warned
    number     the phone it goes to        a day        the person is told
    range      10,000 numbers around it    an hour      and the owners are warned
    country    a foreign country           an hour      and the owners are warned
    tenant     all of its texts            hour and day and the owners are warned

They are spent in this order and only until one is reached, so that a spent cap does not use
up the others.  Every text with a code pays here, whatever flow it belongs to; the first
refusal of a window leaves a row in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.alarms import Alarm
from keyturn.rules.budgets import SMS_ASKED, SMS_ENTERED, SMS_PER_NUMBER, SMS_PER_USER, Budget
from keyturn.rules.callers import network_of
from keyturn.rules.destinations import (
    LEAST_IN_COUNTRY,
    LEAST_IN_RANGE,
    NOWHERE,
    pumped,
    range_of,
)
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps import alarms
from keyturn.steps.acts import Act, record

#: the one subject of what a tenant spends in all
WHOLE_TENANT = "all"
_ALARMS = {
    "network": Alarm.SMS_NETWORK,
    "range": Alarm.SMS_RANGE,
    "country": Alarm.SMS_COUNTRY,
    "tenant": Alarm.SMS_TENANT,
}


@dataclass(frozen=True, slots=True)
class Capped:
    """No text is sent for now; more can be asked for from `until` on.

    Attributes:
        cause: whose texts are spent: "user", "network", "number", "range", "country" or
            "tenant".
    """

    until: int
    cause: str


@dataclass(frozen=True, slots=True)
class Cap:
    """A budget, and whose it is."""

    cause: str
    subject: str
    budget: Budget


def of_asker(act: Act, user: User) -> tuple[Cap, ...]:
    """The caps of whoever asks."""
    per_network = Budget("sms-network", act.parts.limits.sms_per_network, HOUR)
    return (
        Cap("user", user.id, SMS_PER_USER),
        Cap("network", network_of(act.caller.ip), per_network),
    )


def of_destination(act: Act, number: str) -> tuple[Cap, ...]:
    """The caps of the number and of what it belongs to; `number` in E.164."""
    limits = act.parts.limits
    abroad = [Cap("country", region, per_country(act)) for region in _abroad(act, number)]
    return (
        Cap("number", number, SMS_PER_NUMBER),
        Cap("range", range_of(number), Budget("sms-range", limits.sms_per_range, HOUR)),
        *abroad,
        *of_tenant(act),
    )


def per_country(act: Act) -> Budget:
    """What one foreign country may be sent."""
    return Budget("sms-country", act.parts.limits.sms_per_country, HOUR)


def of_tenant(act: Act) -> tuple[Cap, ...]:
    """The caps of the whole tenant."""
    limits = act.parts.limits
    return (
        Cap("tenant", WHOLE_TENANT, Budget("sms-tenant-hour", limits.sms_per_hour, HOUR)),
        Cap("tenant", WHOLE_TENANT, Budget("sms-tenant", limits.sms_per_day, DAY)),
    )


def _abroad(act: Act, number: str) -> Iterator[str]:
    """The country of a number, if it is not the tenant's own."""
    found = act.parts.plan.look(number, act.tenant.policy.region)
    region = found.region if found else NOWHERE
    if region != act.tenant.policy.region:
        yield region


def ask(tx: Tx, act: Act, user: User) -> Capped | None:
    """Spend what a wish for a text costs whoever has it; None if it may go on."""
    return _spend(tx, act, user, of_asker(act, user))


def send(tx: Tx, act: Act, user: User, number: str) -> Capped | None:
    """Spend one text to `number`; None if it may be sent. Comes after `ask`."""
    capped = _spend(tx, act, user, of_destination(act, number))
    if capped is None:
        for subject, least in _watched(act, number):
            _watch(tx, act, subject, least)
    return capped


def _spend(tx: Tx, act: Act, user: User, caps: tuple[Cap, ...]) -> Capped | None:
    for cap in caps:
        spent = tx.budgets.spend(act.tenant.id, cap.subject, act.now, cap.budget)
        if not cap.budget.allows(spent):
            until = spent.start + cap.budget.window_ms
            if spent.count == cap.budget.limit + 1:
                _reached(tx, act, user, cap, until)
            return Capped(until=until, cause=cap.cause)
    return None


def _reached(tx: Tx, act: Act, user: User, cap: Cap, until: int) -> None:
    """The first refusal of a window."""
    record(tx, act, Event.SMS_CAPPED, user, {"cause": cap.cause, "until": until})
    if cap.cause in _ALARMS:
        facts = {"subject": cap.subject, "limit": cap.budget.limit, "until": until}
        alarms.sound(tx, act, _ALARMS[cap.cause], facts)


def _watched(act: Act, number: str) -> Iterator[tuple[str, int]]:
    """The destinations that a number counts for, and from how many texts on."""
    yield range_of(number), LEAST_IN_RANGE
    for region in _abroad(act, number):
        yield region, LEAST_IN_COUNTRY


def _watch(tx: Tx, act: Act, subject: str, least: int) -> None:
    """Count a text; sound the alarm if of many hardly any code was entered."""
    asked = tx.budgets.spend(act.tenant.id, subject, act.now, SMS_ASKED).count
    entered = tx.budgets.look(act.tenant.id, subject, SMS_ENTERED)
    count = entered.count if entered and act.now < entered.start + SMS_ENTERED.window_ms else 0
    if pumped(asked, count, least):
        facts = {"subject": subject, "asked": asked, "entered": count}
        alarms.sound(tx, act, Alarm.SMS_PUMPING, facts)


def entered(tx: Tx, act: Act, number: str) -> None:
    """The code in a text to `number` was entered: people use that destination."""
    for subject, _ in _watched(act, number):
        tx.budgets.spend(act.tenant.id, subject, act.now, SMS_ENTERED)
