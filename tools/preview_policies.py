"""Made-up contexts for what a tenant decides; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.flows.policies import Change, Preview, Standing
from keyturn.rules.accounts import Tenant
from keyturn.rules.policies.catalogue import GROUPS, POLICIES
from keyturn.rules.policies.counts import Counts, Locked, People
from keyturn.rules.policies.effects import effects, stripped
from keyturn.rules.policies.fixed import FIXED
from keyturn.rules.policies.spelling import drafted, spelled
from keyturn.rules.policies.weaker import weakened

COUNTS = Counts(
    People(active=1840, invited=61, unfinished=4, passwords=1795, numbered=1204, owing=388,
           texted=1190, only_text=212, no_language=930, no_zone=77),
    Locked(strangers=3, browsers=1), circular=640, stuck=81, freed=12,
)  # fmt: skip


def _preview(tenant: Tenant, wanted: dict[str, object], whole: bool = True) -> Preview:
    after = drafted(tenant, wanted)
    changes = tuple(
        Change(key, spelled(tenant, key), spelled(after, key), key in weakened(tenant, after),
               effects(key, tenant, after, COUNTS))
        for key in wanted if spelled(tenant, key) != spelled(after, key)
    )  # fmt: skip
    return Preview(tenant, changes, whole, stripped(tenant, after, COUNTS))


def policy_pages(
    always: Callable[..., dict[str, Any]], tenant: Tenant
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page of them."""
    values = {key: spelled(tenant, key) for key in POLICIES}
    every = {"groups": GROUPS, "policies": POLICIES, "values": values, "fixed": FIXED}
    texts = replace(tenant, policy=replace(tenant.policy, sms_second=True))

    def one(key: str, typed: str, *, bad: bool = False) -> tuple[str, dict[str, Any]]:
        context = {"policy": POLICIES[key], "was": values[key], "typed": typed, "bad": bad}
        return "console/policy.html", always(**context)

    def what(key: str, to: object, of: Tenant = tenant, **why: bool) -> tuple[str, dict[str, Any]]:
        found = _preview(of, {key: to}, whole=key != "password_min")
        shown = {"outdated": False, "unsure": False, **why}
        return "console/policy_preview.html", always(
            policy=POLICIES[key], found=found, change=next(iter(found.changes), None), typed="",
            **shown,
        )  # fmt: skip

    return {
        "console-policies": (
            "console/policies.html",
            always(**every, saved=None, standing=Standing(tenant, frozenset(POLICIES))),
        ),
        "console-policies-read": (
            "console/policies.html",
            always(**every, saved=None, standing=Standing(tenant, frozenset())),
        ),
        "console-policies-saved": (
            "console/policies.html",
            always(**every, saved=POLICIES["phone"],
                   standing=Standing(tenant, frozenset(POLICIES))),
        ),
        "console-policy": one("lockout_scope", "client"),
        "console-policy-number": one("password_min", "4", bad=True),
        "console-policy-lines": one("support", values["support"]),
        "console-policy-choice-bad": one("phone", "maybe", bad=True),
        "console-policy-scope": what("lockout_scope", "account"),
        "console-policy-longer": what("password_min", 12),
        "console-policy-texts-off": what("sms_second", False, texts),
        "console-policy-texts-unsure": what("sms_second", False, texts, unsure=True),
        "console-policy-outdated": what("phone", "required", outdated=True),
        "console-policy-same": what("phone", tenant.policy.phone),
        "console-policy-same-meanwhile": what("phone", tenant.policy.phone, outdated=True),
    }  # fmt: skip
