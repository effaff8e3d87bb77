"""Made-up contexts for the pages of activation and of one's own phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.rules.accounts import User, UserState
from keyturn.rules.lockout import MINUTE
from keyturn.steps.phone_proof import Clash

Context = Callable[..., dict[str, Any]]
Pages = dict[str, tuple[str, dict[str, Any]]]


def clash_pages(user_page: Context, now: int, holder: User) -> Pages:
    """A user's page in the console, who wanted somebody's number."""
    active = Clash(at=now - 20 * MINUTE, number="+44 •••• ••0002", holder=holder, same=False)
    gone = replace(holder, state=UserState.DISABLED)
    of = {
        "active": active,
        "disabled": replace(active, holder=gone),
        "stale": replace(active, holder=gone, same=True),
        "free": replace(active, holder=None),
    }
    return {
        f"console-user-clash-{name}": ("console/user.html", user_page(clash=clash))
        for name, clash in of.items()
    }
