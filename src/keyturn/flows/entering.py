"""How one of a provider's people comes into a customer's console, and out of it.

    their console            begin    a press there: for this browser, this person, two minutes
    the customer's address   (the browser says there which it is; the web signs that)
    their console            hand     a secret for that very browser, one use, a minute
    the customer's address   arrive   --> a stay, of the customer's tenant alone
    …                        leave

Each of the four reads link, membership and session anew.  Two addresses may be two host names,
whose cookies do not see each other: therefore the way there and back.  Whoever gets hold of the
secret on its way has not the browser for which it was made, and whoever sends another a way that
they began themselves has not the other's browser at home.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.providers import Acting
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Flow, Session, Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.providers import ENTER_MS, HANDOVER_MS, Stay
from keyturn.rules.sessions import needs_touch
from keyturn.steps import glass, guests, openings, seeing, stepup
from keyturn.steps.acts import Act, record
from keyturn.steps.acts import begin as acting
from keyturn.steps.guests import Gone, Inside, Outside
from keyturn.steps.naming import is_id
from keyturn.steps.stepup import Signed

__all__ = [
    "Arrived", "Begun", "Entered", "Gone", "Handed", "NotAllowed", "NotFound", "Outside", "arrive",
    "authorise", "begin", "customer", "hand", "leave",
]  # fmt: skip

KIND: Final = "enter"
ARRIVAL: Final = "arrive"
#: of the token that a browser holds
PURPOSE: Final = "stay"


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """They may not just now; nothing was begun."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such customer of theirs; or the way there was begun by somebody else, elsewhere, too long
    ago, or was gone already.
    """


@dataclass(frozen=True, slots=True)
class Begun:
    """The browser goes to the customer's address next, with `id`, which is no secret."""

    id: str
    customer: Tenant


@dataclass(frozen=True, slots=True)
class Handed:
    """`code` opens the customer's console once, in the browser it was made for."""

    code: str
    customer: Tenant


@dataclass(frozen=True, slots=True)
class Arrived:
    """They are in. `token`: what this browser shows from now on."""

    token: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody of a provider at work.

    Attributes:
        staff: as what; its caller names the provider.
        session: theirs at home.
        own: as what they act here, however they look at it.
    """

    staff: Staff
    session: Session
    provider: Tenant


async def customer(parts: Parts, staff: Staff, tenant_id: str) -> Tenant | NotFound:
    """The customer, if they act there."""

    def step(tx: Tx) -> Tenant | NotFound:
        found = _acting(tx, staff.caller.tenant.id, staff.user.id if staff.user else "", tenant_id)
        return (tx.tenants.get(tenant_id) if found else None) or NotFound()

    return await parts.store.read(step)


def _acting(tx: Tx, home: str, user_id: str, tenant_id: str) -> Acting | None:
    found = tx.providers.acting(tenant_id, user_id) if is_id(tenant_id) else None
    return found if found is not None and found.link.provider_id == home else None


async def begin(parts: Parts, staff: Staff, tenant_id: str) -> Begun | NotAllowed | NotFound:
    """Set out for a customer's console."""
    if staff.looking or staff.user is None:
        return NotAllowed(Why.LOOKING if staff.looking else Why.NO_ROLE)
    me = staff.user

    def step(tx: Tx) -> Begun | NotFound:
        act = acting(parts, staff.caller, me)
        found = _acting(tx, act.tenant.id, me.id, tenant_id)
        there = tx.tenants.get(tenant_id) if found else None
        if found is None or there is None:
            return NotFound()
        flow = openings.start(tx, act, KIND, "open", me.id, {"customer": there.id}, ENTER_MS)
        return Begun(flow.id, there)

    return await parts.store.write(step)


async def hand(
    parts: Parts, caller: Caller, signed: Signed, begun_id: str, browser: str
) -> Handed | NotFound:
    """Give the browser that set out the secret that lets it in, once.

    Args:
        browser: its digest at the customer's, which the web has seen and signed there.
    """
    code = parts.random.token()

    def step(tx: Tx) -> Handed | NotFound:
        act = acting(parts, caller)
        flow = openings.of(tx, act, KIND, signed.user.id)
        if flow is None or flow.id != begun_id:
            return NotFound()
        _close(tx, act, flow)
        found = _acting(tx, act.tenant.id, signed.user.id, str(flow.data["customer"]))
        there = tx.tenants.get(found.link.tenant_id) if found else None
        home = guests.at_home(tx, act, found, signed.session.digest) if found else None
        if found is None or there is None or home is None:
            return NotFound()
        data = {"session": home.digest, "provider": caller.tenant.id}
        openings.start(
            tx, replace(act, caller=replace(caller, tenant=there)), ARRIVAL, "open",
            signed.user.id, data, HANDOVER_MS, browser=_arrival(parts, code, browser),
        )  # fmt: skip
        return Handed(code, there)

    return await parts.store.write(step)


def _arrival(parts: Parts, code: str, browser: str) -> str:
    return parts.sealer.digest(ARRIVAL, f"{code}|{browser}")


def _close(tx: Tx, act: Act, flow: Flow) -> None:
    tx.flows.save(replace(flow, closed_at=act.now))


async def arrive(parts: Parts, caller: Caller, code: str) -> Arrived | NotFound:
    """Let the browser in for which the code was made."""
    token = parts.random.token()

    def step(tx: Tx) -> Arrived | NotFound:
        act = acting(parts, caller)
        wanted = _arrival(parts, code, caller.browser)
        flow = tx.flows.open(act.tenant.id, wanted, ARRIVAL, act.now)
        if flow is None:
            return NotFound()
        _close(tx, act, flow)
        home = str(flow.data["provider"])
        found = _acting(tx, home, flow.user_id or "", act.tenant.id)
        session = guests.at_home(tx, act, found, str(flow.data["session"])) if found else None
        if found is None or session is None:
            return NotFound()
        _let_in(tx, act, found, session, token)
        return Arrived(token)

    return await parts.store.write(step)


def _let_in(tx: Tx, act: Act, found: Acting, session: Session, token: str) -> None:
    me, here = found.user, replace(act.caller, provider=found.provider.name)
    stay = Stay(
        _digest(act.parts, token), act.tenant.id, found.link.id, found.provider.id, me.id,
        session.digest, here.browser, act.now,
    )  # fmt: skip
    tx.providers.add_stay(stay)
    told = {"role": str(found.member.role)}
    record(tx, replace(act, caller=here, actor=me), Event.PROVIDER_ENTERED, me, told)
    home = replace(act, caller=replace(act.caller, tenant=found.provider))
    record(tx, home, Event.CUSTOMER_ENTERED, me, {"customer": act.tenant.name, **told})


def _digest(parts: Parts, token: str) -> str:
    return parts.sealer.digest(PURPOSE, token)


async def authorise(
    parts: Parts, caller: Caller, token: str
) -> Entered | Outside | Gone | None:  # fmt: skip
    """What whoever shows this token may act as in the caller's tenant, at this request; None: it is
    nobody's, or another browser's.
    """
    act = acting(parts, caller)

    def step(tx: Tx) -> tuple[Inside, Entered] | Outside | Gone | None:
        found = guests.standing(tx, act, _digest(parts, token))
        if not isinstance(found, Inside):
            return found
        return found, _entered(tx, act, found)

    answer = await parts.store.read(step)
    if not isinstance(answer, tuple):
        return answer
    inside, entered = answer
    if needs_touch(inside.session, act.now):
        await parts.store.write(lambda tx: guests.touch(tx, act, inside))
    return entered


def _entered(tx: Tx, act: Act, inside: Inside) -> Entered:
    found = inside.acting
    role, looking = seeing.shown(tx, act, found.user.id, found.member.role)
    caller = replace(act.caller, provider=found.provider.name)
    staff = Staff(
        caller=caller, user=found.user, role=role, level=inside.session.level,
        glass_at=glass.standing(tx, act.tenant.id, act.now),
        fresh=stepup.is_fresh(inside.session, act.now), looking=looking,
    )  # fmt: skip
    return Entered(staff, inside.session, found.provider)


async def leave(parts: Parts, caller: Caller, token: str) -> Tenant | None:
    """Be out again, dead or alive; the provider of whoever was in here, None if nobody was."""

    def step(tx: Tx) -> Tenant | None:
        act, digest = acting(parts, caller), _digest(parts, token)
        stay = tx.providers.stay(act.tenant.id, digest)
        home = tx.tenants.get(stay.provider_id) if stay else None
        if stay is None or home is None or stay.browser != caller.browser:
            return None
        tx.providers.end_stay(act.tenant.id, digest)
        who = tx.users.get(home.id, stay.user_id)
        here = replace(act, caller=replace(caller, provider=home.name), actor=who)
        record(tx, here, Event.PROVIDER_LEFT, who)
        return home

    return await parts.store.write(step)
