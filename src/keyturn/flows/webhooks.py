"""A tenant's own address for alarms: chosen, shown, given up."""

from __future__ import annotations

from dataclasses import dataclass, field

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.ports.webhooks import Webhook
from keyturn.rules import webhooks
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.events import Event
from keyturn.rules.webhooks import SECRET_BYTES, Unfit
from keyturn.steps import webhooks as steps
from keyturn.steps.acts import begin, record


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """This staff may not."""

    why: Why


@dataclass(frozen=True, slots=True)
class Chosen:
    """It is stored. `secret`: what the receiver verifies with; shown this once."""

    host: str
    secret: str = field(repr=False)


async def one(parts: Parts, staff: Staff) -> Webhook | NotAllowed | None:
    """The tenant's; None if it has none."""
    if (why := lacking(staff, Action.HEALTH, None, 0)) is not None:
        return NotAllowed(why)
    return await parts.store.read(lambda tx: tx.webhooks.of(staff.caller.tenant.id))


async def choose(
    parts: Parts, staff: Staff, typed: str, *, private: bool
) -> Chosen | Unfit | NotAllowed:
    """Alarms go there from now on, with a new secret.

    Args:
        private: the installation lets them go into private networks.
    """
    if (why := hindrance(staff, Action.HEALTH, None, 0)) is not None:
        return NotAllowed(why)
    url = webhooks.address(typed, private=private)
    if isinstance(url, Unfit):
        return url
    secret = webhooks.secret(parts.random.token(SECRET_BYTES))
    host = webhooks.host_of(url)

    def step(tx: Tx) -> Chosen:
        act = begin(parts, staff.caller, staff.user)
        sealed = steps.seal(parts.sealer, act.tenant.id, steps.Opened(url, secret))
        tx.webhooks.put(Webhook(act.tenant.id, host, sealed, act.now))
        record(tx, act, Event.WEBHOOK_SET, None, {"host": host})
        return Chosen(host, secret)

    return await parts.store.write(step)


async def end(parts: Parts, staff: Staff) -> bool | NotAllowed:
    """Alarms go there no more, nor what waits; whether there was an address."""
    if (why := hindrance(staff, Action.HEALTH, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> bool:
        act = begin(parts, staff.caller, staff.user)
        found = tx.webhooks.of(act.tenant.id)
        if found is None:
            return False
        tx.webhooks.remove(act.tenant.id)
        record(tx, act, Event.WEBHOOK_REMOVED, None, {"host": found.host})
        return True

    return await parts.store.write(step)
