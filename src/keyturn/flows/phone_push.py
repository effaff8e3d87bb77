"""A phone's push: subscribed, off, and whether one arrives.

    test --> the push service takes it --> the app's worker gets it --> arrived
              |                                                          |
              +-- gone, refused, later: told at once                     +-- asked for by `tested`

What is sent for a test carries its id and nothing else.  The test is a flow of the phone's; a newer
one takes its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.phones import Subscribed
from keyturn.ports.pushing import Pusher
from keyturn.ports.store import Tx
from keyturn.rules import phone_app, pushing
from keyturn.rules.accounts import Flow
from keyturn.rules.budgets import Budget
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.phone_app import Push, PushState, What
from keyturn.rules.pushing import Accepted, Answer, Gone, Later, Subscription, Urgency
from keyturn.steps import openings, subscriptions
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.phone_door import Heard, Refused, Said, Why, heard

__all__ = ["Refused", "Sent", "Trip", "Wanted", "arrived", "begin_test", "noted", "subscribe",
           "tested"]  # fmt: skip

KIND: Final = "push-test"
LIFE_MS: Final = 10 * MINUTE
#: for how long the service keeps a test: whoever waits for it looks at the phone
TTL_S: Final = 60
TESTS: Final = Budget("push-tests", 10, HOUR)
ARRIVED: Final = "arrived"
#: Notification.permission to what it tells of push, where there is no subscription
_LEARNED: Final = {"granted": What.ALLOWED, "denied": What.DENIED, "default": What.UNASKED}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription, as the browser gives it; it was read by rules.pushing.subscription."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The push service has taken a test."""

    test_id: str


@dataclass(frozen=True, slots=True)
class Trip:
    """What became of a test. arrived_at: None so far."""

    sent_at: int
    arrived_at: int | None


@dataclass(frozen=True, slots=True)
class _Test:
    test_id: str
    stored: Subscribed
    to: Subscription


async def subscribe(parts: Parts, caller: Caller, said: Said, wanted: Wanted) -> Push | Refused:
    """The app hands in a subscription, new or renewed; how push stands from now on."""

    def step(tx: Tx) -> Push | Refused:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)  # a phone that is let go gets none afterwards
        if isinstance(found, Refused):
            return found
        phone = found.phone
        push = phone_app.learned(phone.push, What.SUBSCRIBED, act.now)
        sealed = subscriptions.seal(
            parts.sealer, phone.id, wanted.endpoint, wanted.p256dh, wanted.auth
        )
        tx.phones.subscribe(act.tenant.id, Subscribed(phone.id, sealed, push))
        return push

    return await parts.store.write(step)


async def noted(parts: Parts, caller: Caller, said: Said, permission: str) -> Push | Refused:
    """The app has no subscription, and says whether notifications are allowed.

    Args:
        permission: a key of Notification.permission: "granted", "denied" or "default".
    """

    def step(tx: Tx) -> Push | Refused:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)
        if isinstance(found, Refused):
            return found
        push = phone_app.learned(found.phone.push, _LEARNED[permission], act.now)
        forget = push.state is not PushState.WORKS
        tx.phones.pushed(act.tenant.id, found.phone.id, push, forget=forget)
        return push

    return await parts.store.write(step)


# -- a push there and back


async def begin_test(parts: Parts, caller: Caller, said: Said, pusher: Pusher) -> Sent | Refused:
    """Send one, and what the push service says of it."""
    made = await parts.store.write(lambda tx: _made(tx, begin(parts, caller), said))
    if isinstance(made, Refused):
        return made
    payload = json.dumps({"kind": "test", "id": made.test_id}).encode()
    push = pushing.Push(payload, TTL_S, Urgency.HIGH)
    answer = await pusher.send(made.to, push)
    if isinstance(answer, Gone):
        await parts.store.write(lambda tx: _gone(tx, begin(parts, caller), made.stored))
    return Sent(made.test_id) if isinstance(answer, Accepted) else _failed(answer)


def _made(tx: Tx, act: Act, said: Said) -> _Test | Refused:
    found = heard(tx, act, said)
    if isinstance(found, Refused):
        return found
    spent = tx.budgets.spend(act.tenant.id, found.phone.id, act.now, TESTS)
    if not TESTS.allows(spent):
        return Refused(Why.TOO_MANY, {"until": spent.start + TESTS.window_ms})
    stored = tx.phones.subscription(act.tenant.id, found.phone.id)
    to = subscriptions.unseal(act.parts.sealer, stored) if stored else None
    if stored is None or to is None:
        return Refused(Why.PUSH, {"why": "none"})
    flow = openings.start(tx, act, KIND, "sent", found.user.id, {}, LIFE_MS)
    return _Test(flow.id, stored, to)


def _gone(tx: Tx, act: Act, stored: Subscribed) -> None:
    """The service knows the subscription no more; one that was renewed meanwhile stays."""
    push = phone_app.learned(stored.push, What.GONE, act.now)
    tx.phones.pushed(act.tenant.id, stored.phone_id, push, forget=True, was=stored.sealed)


def _failed(answer: Answer) -> Refused:
    if isinstance(answer, Gone):
        return Refused(Why.PUSH, {"why": "gone"})
    if isinstance(answer, pushing.Refused):
        return Refused(Why.PUSH, {"why": "refused", "said": str(answer.why)})
    why = "later" if isinstance(answer, Later) else "unreachable"
    return Refused(Why.PUSH, {"why": why})


async def arrived(parts: Parts, caller: Caller, said: Said, test_id: str) -> Refused | None:
    """The app's worker has got a test; saying so again changes nothing."""

    def step(tx: Tx) -> Refused | None:
        act = begin(parts, caller)
        found = heard(tx, act, said)
        flow = _theirs(tx, act, found, test_id) if isinstance(found, Heard) else found
        if isinstance(flow, Refused):
            return flow
        if flow.step != ARRIVED:
            tx.flows.save(replace(flow, step=ARRIVED, closed_at=act.now))
            user = tx.users.get(act.tenant.id, flow.user_id or "")
            record(tx, act, Event.APP_PUSHED, user, {"took_ms": act.now - flow.created_at})
        return None

    return await parts.store.write(step)


async def tested(parts: Parts, caller: Caller, said: Said, test_id: str) -> Trip | Refused:
    """What became of a test."""

    def step(tx: Tx) -> Trip | Refused:
        act = begin(parts, caller)
        found = heard(tx, act, said)
        flow = _theirs(tx, act, found, test_id) if isinstance(found, Heard) else found
        if isinstance(flow, Refused):
            return flow
        return Trip(flow.created_at, flow.closed_at if flow.step == ARRIVED else None)

    return await parts.store.write(step)


def _theirs(tx: Tx, act: Act, found: Heard, test_id: str) -> Flow | Refused:
    """A test of this very phone."""
    flow = tx.flows.get(act.tenant.id, test_id)
    if flow is None or (flow.kind, flow.browser) != (KIND, act.caller.browser):
        return Refused(Why.UNKNOWN)
    return flow if flow.user_id == found.user.id else Refused(Why.UNKNOWN)
