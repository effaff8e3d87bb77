"""From what was typed to the one canonical spelling."""

from __future__ import annotations

import re

from keyturn.ports.parts import Parts
from keyturn.rules.accounts import Tenant
from keyturn.rules.identifiers import canonical

MOST_DIGITS = 20
_ID = re.compile(r"[0-9a-z]{26}")


def name_of(parts: Parts, tenant: Tenant, typed: str) -> str | None:
    """The canonical spelling of a name typed at sign-in; None if it cannot be a name.

    A local phone number is read as one of the tenant's country.
    """
    name = canonical(typed)
    if name is None or len(name) > MOST_DIGITS or not name.removeprefix("+").isdigit():
        return name
    number = parts.plan.look(name, tenant.policy.region)
    return number.e164 if number else name


def digits_of(code: str) -> str:
    """A code as people type it, "123 456" or "123-456", without what they add."""
    return "".join(c for c in code if c not in " -\u00a0\t")


def is_id(text: str) -> bool:
    """Whether `text` has the shape of a row's id: only then is it worth looking for."""
    return _ID.fullmatch(text) is not None
