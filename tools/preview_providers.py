"""Made-up contexts for providers and their customers; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.flows.customers import Page as Acting
from keyturn.flows.customers import Row
from keyturn.flows.providers import View
from keyturn.rules.accounts import Role, Tenant, User
from keyturn.rules.lockout import DAY
from keyturn.rules.providers import ROLES, Link, Member, Standing

NOW = 1_767_965_460_000
Page = tuple[str, dict[str, Any]]
GUEST = {"provider": "Hafen Systemhaus", "role": "technician", "account": "#account",
         "customers": "#customers"}  # fmt: skip


def provider_pages(
    always: Callable[..., dict[str, Any]], tenant: Tenant, ann: User, bea: User, cy: User
) -> dict[str, Page]:
    """Every page of them; the tenant stands for either side."""
    harbour = replace(tenant, id="t2", slug="hafen", name="Hafen Systemhaus")
    names = ("Fabrik Nord", "Praxis am Markt", "Stadtwerke Elbe", "Verein Rückenwind")
    customers = [replace(tenant, id=f"c{i}", slug=f"c{i}", name=n) for i, n in enumerate(names)]
    link = Link("01kdvdna00000000000000000q", harbour.id, tenant.id, Role.TECHNICIAN, ann.id,
                NOW - 90 * DAY)  # fmt: skip
    over = replace(link, id="01kdvdna00000000000000000r", ended_at=NOW - DAY, ended_by=ann.id)
    member = Member("01kdvdna00000000000000000s", link.id, harbour.id, tenant.id, bea.id,
                    Role.TECHNICIAN, ann.id, NOW - 30 * DAY)  # fmt: skip
    people = ((member, bea),)
    live = (View(link, harbour, ann.name, "", people), View(link, tenant, "", "", ()))
    ended = (View(over, harbour, ann.name, ann.name, ()),)
    standings = (Standing(cases=3, locked=1, agents=2, silent=1, ill=1), Standing(agents=2),
                 Standing(), None)  # fmt: skip
    rows = tuple(
        Row(link, one, Role.TECHNICIAN if standing else None, standing)
        for one, standing in zip(customers, standings, strict=True)
    )
    plain: dict[str, Any] = {"typed": "", "mistake": None, "roles": ROLES, "owns": True}
    wrong = {**plain, "typed": "hafn", "mistake": "unknown"}
    page = Acting(link, customers[0], people, (ann, cy), ROLES[1:])
    both: dict[str, Any] = {"serves": True, "oversees": True, "refused": None}
    guest: dict[str, Any] = {"guest": GUEST, "serves": False}
    return {
        "console-providers": ("console/providers.html", always(**plain, live=live, over=ended)),
        "console-providers-none": ("console/providers.html", always(**plain, live=(), over=())),
        "console-providers-wrong": ("console/providers.html", always(**wrong, live=(), over=())),
        "console-provider-end": ("console/provider_end.html", always(view=live[0], owns=True)),
        "console-provider-end-none": ("console/provider_end.html", always(view=live[1], owns=True)),
        "console-customers": ("console/customers.html", always(**both, rows=rows, chooses=True)),
        "console-customers-quiet": (
            "console/customers.html", always(**both, rows=rows[1:2], chooses=False)
        ),
        "console-customers-none": ("console/customers.html", always(**both, rows=(), chooses=True)),
        "console-customer": ("console/customer.html", always(**both, page=page)),
        "console-customer-high": (
            "console/customer.html", always(**{**both, "refused": {"why": "high"}}, page=page)
        ),
        "console-customer-none": (
            "console/customer.html", always(**both, page=replace(page, people=(), others=()))
        ),
        "console-away": ("console/away.html", always(to=customers[0], url="#there")),
        "console-outside": ("console/outside.html", always(provider=harbour, way="#home")),
        "console-guest": (
            "console/see_as.html", always(**guest, roles=(Role.TECHNICIAN, Role.AUDITOR))
        ),
    }  # fmt: skip
