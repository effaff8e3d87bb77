"""The offer to choose a new directory password, after a right one that has run out.

The flow of this browser that flows/directory_change goes on with; it is not a session.
"""

from __future__ import annotations

from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, User, UserState
from keyturn.rules.directories.signins.tries import Try
from keyturn.rules.lockout import MINUTE
from keyturn.steps import openings, second
from keyturn.steps.acts import Act

KIND: Final = "work-change"
PROVING, PROVED = "second", "proved"
#: as long as a proof is good elsewhere
LIFE_MS: Final = 15 * MINUTE
#: second steps that can be typed; a passkey signs in by itself, which leads to the same reset
TYPED: Final = frozenset({FactorKind.TOTP, FactorKind.RECOVERY})


def offer(tx: Tx, act: Act, user: User, one: Try) -> bool:
    """Begin it, if there is a second step to type and changes are not frozen; whether it was."""
    able = TYPED.intersection(second.methods(tx, act, user.id))
    if not able or user.state is not UserState.ACTIVE or user.frozen_at is not None:
        return False
    data: dict[str, str | int | bool | None] = {"guid": one.guid, "epoch": user.epoch}
    openings.start(tx, act, KIND, PROVING, user.id, data, LIFE_MS)
    return True
