"""A policy's value as it is written: in forms, in the audit trail, on a terminal.

What is written the same is the same; `read` takes what `spelled` gives.  Whether a value may
stand there is for `rules.tenants.unfit` to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from keyturn.rules.accounts import Contact, Tenant, TenantPolicy
from keyturn.rules.policies.catalogue import OFF, ON, POLICIES, Form

_SWITCHES: Final = frozenset(
    name for name in TenantPolicy.__slots__ if isinstance(getattr(TenantPolicy(), name), bool)
)
_POLICY: Final = frozenset(TenantPolicy.__slots__)
_NUMBER: Final = re.compile(r"[0-9]{1,3}")
#: between countries, and between domains; a line of support holds blanks
_BETWEEN: Final = re.compile(r"[\s,;]+")
_HALVES, _THIRDS = 2, 3


class Unreadable(ValueError):
    """What was written is no value of this policy."""


def value(tenant: Tenant, key: str) -> object:
    """What a tenant has decided. `key`: of POLICIES, or "host"."""
    return getattr(tenant.policy if key in _POLICY else tenant, key)


def spelled(tenant: Tenant, key: str) -> str:
    """The same as it is written; "" for nothing."""
    found = value(tenant, key)
    if isinstance(found, bool):
        return ON if found else OFF
    if isinstance(found, tuple):
        return "\n".join(_line(one) if isinstance(one, Contact) else str(one) for one in found)
    return "" if found is None else str(found)


def read(key: str, text: str) -> object:
    """The value that is written so. Raises Unreadable."""
    policy, plain = POLICIES[key], text.strip()
    if policy.values and plain not in policy.values:
        raise Unreadable(key)
    if key in _SWITCHES:
        return plain == ON
    if policy.form is Form.NUMBER:
        if not _NUMBER.fullmatch(plain):
            raise Unreadable(key)
        return int(plain)
    if key == "support":
        return tuple(contact(line) for line in plain.splitlines() if line.strip())
    if policy.form is Form.LINES:
        listed = _BETWEEN.split(plain.upper() if key == "sms_countries" else plain)
        return tuple(dict.fromkeys(one for one in listed if one))
    return plain.upper() if key == "region" else plain


def contact(line: str) -> Contact:
    """LABEL|ADDRESS or LABEL|ADDRESS|HOURS. Raises Unreadable."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) not in {_HALVES, _THIRDS} or not all(parts[:_HALVES]):
        raise Unreadable("support")
    return Contact(*parts)


def _line(one: Contact) -> str:
    return "|".join(part for part in (one.label, one.value, one.hours) if part)


def drafted(tenant: Tenant, wanted: Mapping[str, object]) -> Tenant:
    """The tenant with these values; what is not named stays."""
    own = {key: found for key, found in wanted.items() if key not in _POLICY}
    policy = {key: found for key, found in wanted.items() if key in _POLICY}
    return replace(tenant, **own, policy=replace(tenant.policy, **policy))  # type: ignore[arg-type]


def field(key: str) -> str:
    """As the audit trail names it: "policy.signup", "name"."""
    return f"policy.{key}" if key in _POLICY else key
