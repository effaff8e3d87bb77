"""What a tenant's fields may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.accounts import Contact, Tenant, TenantPolicy
from keyturn.rules.tenants import DOMAINS_MAX, HOST_MAX, LABEL_MAX, SUPPORT_MAX, unfit

GOOD = Tenant(
    id="t" * 26,
    slug="northwind",
    name="Northwind",
    host=None,
    sender="account@northwind.test",
    accent="#1f6f5c",
    timezone="Europe/London",
    context=("northwind",),
    support=(Contact("Phone", "+44 20 7946 0100", "9 to 5"),),
    policy=TenantPolicy(),
    created_at=1,
)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"slug": "n"},
        {"slug": "n" * 40},
        {"host": "login.northwind.test"},
        {"host": "login.northwind.test:8443"},
        {"timezone": "UTC"},
        {"timezone": "America/Argentina/Buenos_Aires"},
        {"support": ()},
        {"policy": TenantPolicy(phone_unique="provider")},
        {"policy": TenantPolicy(directory_domains=("corp.test", "b\u00fccher.test"))},
    ],
)
def test_what_fits(fields: dict[str, Any]) -> None:
    assert unfit(replace(GOOD, **fields)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""),
        ("slug", "North"),
        ("slug", "-n"),
        ("slug", "n/../x"),
        ("slug", "n" * 41),
        ("name", ""),
        ("name", "North\nwind"),
        ("host", ""),
        ("host", "login.northwind.test/path"),
        ("host", "a" * (HOST_MAX + 1)),
        ("sender", "nobody"),
        ("accent", "red"),
        ("accent", "#1f6f5c;} body{"),
        ("timezone", "Europe/London; rm"),
        ("support", (Contact("Phone", "a\nb"),)),
        ("support", (Contact("x" * (LABEL_MAX + 1), "y"),)),
        ("support", (Contact("Phone", "1"),) * (SUPPORT_MAX + 1)),
    ],
)
def test_what_does_not(field: str, value: Any) -> None:
    assert unfit(replace(GOOD, **{field: value})) == (field,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "maybe"),
        ("password_min", 7),
        ("password_min", 65),
        ("lockout_scope", "network"),
        ("region", "gb"),
        ("directory_domains", ("corp.test", "corp")),
        ("directory_domains", ("a.test",) * (DOMAINS_MAX + 1)),
        ("phone_unique", "everybody"),
    ],
)
def test_a_policy_that_does_not(field: str, value: Any) -> None:
    policy = replace(TenantPolicy(), **{field: value})
    assert unfit(replace(GOOD, policy=policy)) == (f"policy.{field}",)
