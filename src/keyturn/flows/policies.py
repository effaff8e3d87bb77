"""What a tenant decides: looked at, tried out, changed.

    look --> preview (nothing is stored) --> change

A change names what it changes and nothing else, so that two people who change different things
do not undo each other.  Who saw a preview says what they saw: if that is not so any more, nothing
is stored.  Rights as in `rules.access`; a command on the host acts as an owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.events import Event
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.rules.policies.effects import Effect, effects, stripped
from keyturn.rules.policies.spelling import drafted, field, spelled
from keyturn.rules.policies.weaker import weakened
from keyturn.steps import policies as steps
from keyturn.steps import rings, tenants
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.rings import NumbersHeld
from keyturn.steps.tenants import Changed, InUse, Unfit

__all__ = [
    "Change", "Changed", "InUse", "NotAllowed", "NumbersHeld", "Outdated", "Preview", "Standing",
    "Unfit", "Unsure", "change", "look", "preview",
]  # fmt: skip
#: what a command on the host alone changes: whoever has the one wrong shuts the console, and who
#: has the other can ask which numbers other tenants hold (steps.rings)
HOST, RING = "host", "phone_unique"


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not change that; nothing was stored."""

    why: Why


@dataclass(frozen=True, slots=True)
class Outdated:
    """It is not any more what whoever asked had seen; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """So many people would be left without a second step, and nobody has said that they are to;
    nothing was stored.
    """

    people: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The policies as stored. `offered`: the keys of those that these staff may change."""

    tenant: Tenant
    offered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One policy that would be other than it is.

    Attributes:
        was, to: as written (rules.policies.spelling).
        weaker: it guards less than before; the owners are told.
    """

    key: str
    was: str
    to: str
    weaker: bool
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change; nothing is stored.

    Attributes:
        tenant: as it is now.
        whole: everybody was counted; else the first rules.policies.counts.MOST.
        stripped: how many people would be left without a second step.
    """

    tenant: Tenant
    changes: tuple[Change, ...]
    whole: bool
    stripped: int


async def look(parts: Parts, staff: Staff) -> Standing:
    """All of them, as they are stored now."""
    tenant = await parts.store.read(lambda tx: _stored(tx, staff.caller.tenant))
    mine = (key for key, one in POLICIES.items() if lacking(staff, one.action, None, 0) is None)
    return Standing(tenant, frozenset(mine))


def _stored(tx: Tx, tenant: Tenant) -> Tenant:
    return tx.tenants.get(tenant.id) or tenant


async def preview(
    parts: Parts, staff: Staff, wanted: Mapping[str, object]
) -> Preview | Unfit | InUse | NotAllowed:
    """What a change would do, and to how many people.

    Args:
        wanted: values by key; see rules.policies.
    """
    if (why := _hindered(staff, wanted, lacking)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Preview | Unfit | InUse:
        act = begin(parts, staff.caller, staff.user)
        before = _stored(tx, act.tenant)
        after = drafted(before, wanted)
        return _impossible(tx, before, after) or _previewed(tx, act, before, after, wanted)

    return await parts.store.read(step)


def _previewed(
    tx: Tx, act: Act, before: Tenant, after: Tenant, wanted: Mapping[str, object]
) -> Preview:
    keys = _changed(before, after, wanted)
    counts = steps.counted(tx, act, keys, before, after)
    weaker = weakened(before, after)
    changes = (
        Change(
            key, spelled(before, key), spelled(after, key), key in weaker,
            effects(key, before, after, counts) if key in POLICIES else (),
        )
        for key in keys
    )  # fmt: skip
    return Preview(before, tuple(changes), counts.people.whole, stripped(before, after, counts))


async def change(
    parts: Parts,
    staff: Staff,
    wanted: Mapping[str, object],
    *,
    seen: Mapping[str, str] | None = None,
    sure: bool = False,
) -> Changed | Unfit | InUse | NotAllowed | Outdated | Unsure | NumbersHeld:
    """Store what is wanted; the rest stays. Where phone numbers are unique is settled by the links
    of now, also where the same policy is only said again.

    Args:
        wanted: values by key.
        seen: what these were when they were looked at, as written; None where nobody looked.
        sure: people may be left without a second step by it.
    """
    if (why := _hindered(staff, wanted, hindrance)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Changed | Unfit | InUse | Outdated | Unsure | NumbersHeld:
        act = begin(parts, staff.caller, staff.user)
        before = tenants.held(tx, act)
        if any(spelled(before, key) != text for key, text in (seen or {}).items()):
            return Outdated()
        after = drafted(before, wanted)
        barred = _impossible(tx, before, after) or (
            None if sure else _strips(tx, act, before, after)
        )
        if barred is not None:
            return barred
        moved = rings.settle(tx, after) if RING in wanted else False
        if isinstance(moved, NumbersHeld):
            return moved
        keys = _changed(before, after, wanted)
        again = (RING,) if moved and RING not in keys else ()
        return _stores(tx, act, before, after, (*keys, *again))

    return await parts.store.write(step)


def _impossible(tx: Tx, before: Tenant, after: Tenant) -> Unfit | InUse | None:
    """Why nobody could store it, however sure."""
    wrong = tenants.unfit(after, before)
    if wrong:
        return Unfit(wrong)
    if after.host is None or after.host == before.host:
        return None
    others = (tenant for tenant in tx.tenants.all() if tenant.id != after.id)
    return InUse(HOST) if any(tenant.host == after.host for tenant in others) else None


def _strips(tx: Tx, act: Act, before: Tenant, after: Tenant) -> Unsure | None:
    """Who would be left without a second step, counted in the transaction that stores it: since
    the preview somebody may have come to be one of them.
    """
    if before.policy.sms_second <= after.policy.sms_second:
        return None
    left = stripped(before, after, steps.counted(tx, act, ("sms_second",), before, after))
    return Unsure(left) if left else None


def _stores(tx: Tx, act: Act, before: Tenant, after: Tenant, keys: tuple[str, ...]) -> Changed:
    what = tuple(field(key) for key in keys)
    if not keys:
        return Changed(before, ())
    tx.tenants.update(after)
    facts = {
        "what": list(what), "from": [spelled(before, key) for key in keys],
        "to": [spelled(after, key) for key in keys],
    }  # fmt: skip
    record(tx, act, Event.TENANT_CHANGED, None, facts)
    weaker = weakened(before, after)
    if weaker:
        # as it is from now on: the mail comes from the new sender, as all of them do
        steps.tell_weaker(tx, replace(act, caller=replace(act.caller, tenant=after)), weaker,
                          before, after)  # fmt: skip
    return Changed(after, what)


def _changed(before: Tenant, after: Tenant, wanted: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in wanted if spelled(before, key) != spelled(after, key))


def _hindered(
    staff: Staff,
    wanted: Iterable[str],
    judge: Callable[[Staff, Action, User | None, int], Why | None],
) -> Why | None:
    """Why these staff may not change one of them; the first reason."""
    for key in wanted:
        if key in {HOST, RING} and staff.user is not None:
            return Why.NO_ROLE
        action = POLICIES[key].action if key in POLICIES else Action.POLICIES
        if (why := judge(staff, action, None, 0)) is not None:
            return why
    return None
