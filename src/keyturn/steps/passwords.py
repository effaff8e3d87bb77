"""Whether a new password may be taken: one judgement for sign-up, owner and recovery."""

from __future__ import annotations

from collections.abc import Iterable

from keyturn.ports.parts import Parts
from keyturn.rules.accounts import Tenant
from keyturn.rules.passwords import PasswordProblem, SpaceWarning, check, spaces


def judge(
    parts: Parts, tenant: Tenant, about: Iterable[str | None], password: str, *, spaces_meant: bool
) -> tuple[tuple[PasswordProblem, ...], tuple[SpaceWarning, ...]]:
    """What is wrong with a password, and what is to be confirmed.

    Args:
        about: the person's names and address; like the tenant's words they may not be what
            the password is built from.
        spaces_meant: the person was asked about a space at its start or end and meant it.
    """
    words = [word for word in (*about, tenant.name, *tenant.context) if word]
    minimum = tenant.policy.password_min
    problems = check(password, minimum=minimum, context=words, is_common=parts.is_common)
    return problems, (() if spaces_meant else spaces(password))
