"""Evidence: the facts that diagnosis judges, gathered in one transaction.

`collect` fills the vocabulary of `rules.diagnosis` as far as this server can see, and
names what it cannot.  It runs the same statements whoever is asked about: for a name that
nobody has it reads the tenant's decoy and then forgets all it read.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import VOCABULARY, Audience, Facts, Unseen
from keyturn.steps.acts import Act
from keyturn.steps.evidence.account import account, similar
from keyturn.steps.evidence.delivery import budgets, messages, phone
from keyturn.steps.evidence.devices import devices
from keyturn.steps.evidence.directory import directory
from keyturn.steps.evidence.directory_signin import directory_signin
from keyturn.steps.evidence.help_desk import help_desk
from keyturn.steps.evidence.here import asked, here, tenant
from keyturn.steps.evidence.page import Page
from keyturn.steps.evidence.phone_app import phone_app
from keyturn.steps.evidence.progress import newest_code, recoveries
from keyturn.steps.evidence.trail import trail

__all__ = ["Subject", "collect"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a diagnosis is about.

    Attributes:
        user: the account, or the tenant's decoy for a name that nobody has.
        typed: the name as it was typed; "" where staff came by the account itself.
        here: the caller is the browser of the person who cannot get in, not staff's.
        refused: what that browser was last shown instead of a way in (a word of the fact
            `here.refused`), or None if the door does not know.
    """

    user: User
    typed: str = ""
    here: bool = False
    refused: str | None = None


def collect(tx: Tx, act: Act, subject: Subject) -> Facts:
    """Everything that can be looked at now."""
    page = Page()
    tenant(page, act)
    if subject.here:
        here(page, tx, act, subject.refused)
    if subject.typed:
        asked(page, tx, act, subject.typed)
    account(page, tx, act, subject.user, here=subject.here)
    phone_app(page, tx, act, subject.user)
    help_desk(page, tx, act, subject.user)
    devices(page, tx, act, subject.user)
    trail(page, tx, act, subject.user)
    newest_code(page, tx, act, subject.user)
    recoveries(page, tx, act, subject.user, here=subject.here)
    messages(page, tx, act, subject.user)
    phone(page, tx, act, subject.user)
    budgets(page, tx, act, subject.user, here=subject.here)
    directory(page, tx, act, subject.user)
    directory_signin(page, tx, act, subject.user)
    if subject.user.id == act.tenant.id:
        return _nobody(page, tx, act, subject)
    return page.facts()


def _nobody(page: Page, tx: Tx, act: Act, subject: Subject) -> Facts:
    """What is left where nobody has the name: what does not depend on an account."""
    known = {n: v for n, v in page.known.items() if VOCABULARY[n].audience is Audience.PUBLIC}
    known |= {"account.exists": False, "account.state": None}
    if not subject.here:  # a look through all accounts is for staff to ask for
        known["account.similar"] = similar(tx, act, subject.typed)
    blind = tuple(Unseen(n, why) for n, why in page.blind.items() if _public(n))
    return Facts(known, blind)


def _public(name: str) -> bool:
    return VOCABULARY[name].audience is Audience.PUBLIC
