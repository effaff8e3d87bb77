"""A disabled account: nobody gets in, nothing that was begun is finished, no link is good."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules import binding
from keyturn.rules.accounts import User
from keyturn.rules.binding import No, Rows
from keyturn.steps import lanes, sessions
from keyturn.steps.acts import Act


def disable(tx: Tx, act: Act, user: User, cause: str) -> User:
    """Disable an account, see rules.binding.disable; of one that is disabled already the sessions
    end. Returns the user, saved.

    Args:
        cause: as the end of the sessions is recorded with.
    """
    rows = tx.phones.held(act.tenant.id, user.id, act.now) or Rows(user)
    lanes.interrupt(tx, act, user)
    after = binding.disable(rows, act.now)
    if isinstance(after, No):
        return sessions.end_all(tx, act, rows.user, cause)
    tx.phones.save(rows, after)
    sessions.close_all(tx, act, after.user, cause)
    return after.user
