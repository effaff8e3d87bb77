"""What goes with a phone that is bound no more."""

from __future__ import annotations

from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules.phone_app import Phone
from keyturn.steps.acts import Act


def let_go(tx: Tx, act: Act, phone: Phone) -> None:
    """Forget where it is reached, its lock and its codes; the row stays, and says when it ended.

    That it ended is stored by the caller, who holds the user's row.
    """
    tx.phones.pushed(act.tenant.id, phone.id, phone.push, forget=True)
    tx.phones.keep(act.tenant.id, phone.id, Kept())
