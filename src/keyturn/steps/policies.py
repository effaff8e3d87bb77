"""What a change of policies means, counted in the store; and telling the owners of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant
from keyturn.rules.alarms import Alarm
from keyturn.rules.circular import within
from keyturn.rules.policies.catalogue import POLICIES, label
from keyturn.rules.policies.counts import MOST, Counts, Locked, People
from keyturn.rules.policies.spelling import spelled
from keyturn.steps import alarms
from keyturn.steps.acts import Act

#: policies whose effects are about nobody in particular: nobody is counted for them
_UNCOUNTED: Final = frozenset({"name", "accent", "voice", "support", "host"})
#: whose values a mail does not repeat: they would become links in it
_UNTOLD: Final = frozenset({"sender", "support"})


def counted(tx: Tx, act: Act, keys: Sequence[str], before: Tenant, after: Tenant) -> Counts:
    """The counts that the effects of a change of these policies need."""
    tenant_id = act.tenant.id
    people = People() if _UNCOUNTED.issuperset(keys) else tx.census.people(tenant_id, MOST)
    locked = tx.census.locked(tenant_id, act.now) if "lockout_scope" in keys else Locked()
    if "directory_domains" not in keys:
        return Counts(people, locked)
    was, to = (within(tenant.policy.directory_domains) for tenant in (before, after))
    found = tx.census.domains(tenant_id, MOST)
    gained = [boxes for domain, boxes in found.items() if to(domain) and not was(domain)]
    lost = [boxes for domain, boxes in found.items() if was(domain) and not to(domain)]
    return Counts(
        people, locked, circular=sum(one.all for one in gained),
        stuck=sum(one.stuck for one in gained), freed=sum(one.all for one in lost),
    )  # fmt: skip


def tell_weaker(tx: Tx, act: Act, keys: Sequence[str], before: Tenant, after: Tenant) -> None:
    """Tell the owners which policies guard less than before, and who changed them."""
    changes = [
        (POLICIES[key].title, *(_told(key, tenant) for tenant in (before, after))) for key in keys
    ]
    facts = {
        "what": list(keys), "by": act.actor.name if act.actor else "",
        "from": [spelled(before, key) for key in keys],
        "to": [spelled(after, key) for key in keys],
    }  # fmt: skip
    link = {"link": act.parts.link(act.tenant, "/console/policies")}
    alarms.tell(tx, act, Alarm.POLICY_WEAKER, facts, link, {"changes": changes})


def _told(key: str, tenant: Tenant) -> str:
    return "" if key in _UNTOLD else label(key, spelled(tenant, key))
