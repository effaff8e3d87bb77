"""As whom somebody of staff looks at the console in this browser (flows.seeing)."""

from __future__ import annotations

from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.access import rank
from keyturn.rules.accounts import Role
from keyturn.rules.lockout import HOUR
from keyturn.steps import openings
from keyturn.steps.acts import Act

KIND: Final = "see-as"
LIFE_MS: Final = HOUR


def shown(tx: Tx, act: Act, user_id: str, role: Role) -> tuple[Role, bool]:
    """As which role somebody whose role is `role` sees the console, and whether that is a lower
    one.
    """
    seen = role_of(tx, act, user_id)
    lower = seen is not None and rank(seen) < rank(role)
    return (seen, True) if lower and seen is not None else (role, False)


def role_of(tx: Tx, act: Act, user_id: str) -> Role | None:
    """The role whose console they see; None: their own."""
    flow = openings.of(tx, act, KIND, user_id)
    return Role(str(flow.data["role"])) if flow is not None else None
