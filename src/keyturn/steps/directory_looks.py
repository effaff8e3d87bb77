"""Questions about one account, asked of the directory through its primary agent."""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.directories import Look
from keyturn.ports.store import Tx
from keyturn.rules.budgets import DIRECTORY_LOOKS
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.lockout import SECOND
from keyturn.steps import jobs
from keyturn.steps.acts import Act
from keyturn.steps.jobs import Hindered

#: how long an answer is waited for
LOOK_MS = 20 * SECOND


def ask(tx: Tx, act: Act, account: LinkedAccount, asked_by: str) -> Look | Hindered:
    """A look at a linked account; the one that is open if there is one. What staff ask tells more
    (steps.standby), so theirs and the person's are two.

    Args:
        asked_by: id of the user or staff member.
    """
    last = tx.jobs.last_look(account.tenant_id, account.directory_id, account.guid)
    waits = last is not None and last.answered_at is None and act.now < last.expires_at
    if last is not None and waits and _own(last.asked_by, account) is _own(asked_by, account):
        return last
    hindered = jobs.silence(tx, act, account)
    if hindered is not None:
        return hindered
    key = f"{account.directory_id}|{account.guid}"
    spent = tx.budgets.spend(account.tenant_id, key, act.now, DIRECTORY_LOOKS)
    if not DIRECTORY_LOOKS.allows(spent):
        return Hindered("spent", spent.start + DIRECTORY_LOOKS.window_ms)
    look = Look(
        id=act.id(), tenant_id=account.tenant_id, directory_id=account.directory_id,
        user_id=account.user_id, guid=account.guid, name="", asked_by=asked_by,
        asked_at=act.now, expires_at=act.now + LOOK_MS, view="", cause="", answered_at=None,
    )  # fmt: skip
    tx.jobs.ask(look)
    return look


def _own(asked_by: str, account: LinkedAccount) -> bool:
    """Whether it is the person who asks."""
    return asked_by == account.user_id


def shown(look: Look, now: int) -> Look:
    """The look as it is at `now`: one whose time has passed without an answer has a cause."""
    if look.answered_at is None and now >= look.expires_at:
        return replace(look, cause="timeout")
    return look
