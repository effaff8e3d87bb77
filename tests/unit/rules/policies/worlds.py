"""A tenant whose policies a test sets."""

from __future__ import annotations

from typing import Any

from keyturn.rules.accounts import Contact, Tenant, TenantPolicy
from keyturn.rules.policies.spelling import drafted

TENANT = Tenant(
    id="t" * 26, slug="northwind", name="Northwind", host=None, sender="a@north.test",
    accent="#1f6f5c", timezone="UTC", context=("northwind",),
    support=(Contact("Phone", "+44 20 7946 0100", "always"),), policy=TenantPolicy(),
    created_at=1,
)  # fmt: skip


def having(**values: Any) -> Tenant:
    """The tenant with these values, by key."""
    return drafted(TENANT, values)
