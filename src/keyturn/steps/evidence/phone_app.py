"""What can be seen of somebody's phone: bound or not, its link, its code, what it found itself."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules import activation, enrolment
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import VOCABULARY, Value
from keyturn.rules.phone_checks.checks import Check
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page


def phone_app(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The newest of each; the same statements whether or not there is any."""
    here = act.tenant.id
    phone = tx.phones.active(here, [user.id]).get(user.id)
    page.note("app.", bound=phone is not None)
    _link(page, tx, act, user)
    code = tx.phones.newest_code(here, user.id)
    shown = enrolment.shown(code, act.now) if code else None
    ended = str(shown.ended) if shown and shown.ended else None
    page.note("app.", code=ended, code_at=shown.ended_at if shown else None)
    told = tx.phones.checks(here, phone.id if phone else "")
    said, at = told or ({}, None)
    page.note("app.", checked_at=at, system=_word("app.system", said.get("system")))
    checks = said.get("checks")
    found = checks if isinstance(checks, dict) else {}
    names = {check: f"app.checks.{check}" for check in Check}
    page.known.update({name: _word(name, found.get(check)) for check, name in names.items()})


def _link(page: Page, tx: Tx, act: Act, user: User) -> None:
    link = tx.phones.newest(act.tenant.id, [user.id]).get(user.id)
    standing = activation.judge(link, link.number, act.now) if link else None
    page.note(
        "app.", link=str(standing.state) if standing else None,
        link_at=link.made_at if link else None, link_ends=link.expires_at if link else None,
    )  # fmt: skip


def _word(name: str, value: object) -> Value:
    """A word that the vocabulary has; another release's is not known here."""
    return value if isinstance(value, str) and value in VOCABULARY[name].words else None
