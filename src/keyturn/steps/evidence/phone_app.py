"""What can be seen of somebody's phone: bound or not, its link, its code, what it found itself."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.ports.store import Tx
from keyturn.rules import activation, enrolment
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import VOCABULARY, Value
from keyturn.rules.phone_app import Phone, PushState
from keyturn.rules.phone_checks.checks import Check
from keyturn.rules.phone_checks.platforms import System
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page

#: systems by what a phone's name has of them (rules/clients.py); others are OTHER
_NAMED = {"Android": System.ANDROID, "iPhone": System.IOS, "iPad": System.IOS}


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
    _checks(page, phone, *(told or ({}, None)))


def _link(page: Page, tx: Tx, act: Act, user: User) -> None:
    link = tx.phones.newest(act.tenant.id, [user.id]).get(user.id)
    standing = activation.judge(link, link.number, act.now) if link else None
    page.note(
        "app.", link=str(standing.state) if standing else None,
        link_at=link.made_at if link else None, link_ends=link.expires_at if link else None,
    )  # fmt: skip


def _checks(page: Page, phone: Phone | None, said: Mapping[str, object], at: int | None) -> None:
    """What the phone has found itself; that its subscription is dead the push service says."""
    checks = said.get("checks")
    found = dict(checks) if isinstance(checks, dict) else {}
    if phone is not None and phone.push.state is PushState.DEAD:
        found[Check.PUSH], at = "dead", max(at or 0, phone.push.since)
    page.note("app.", checked_at=at, system=_system(phone, said.get("system")))
    names = {check: f"app.checks.{check}" for check in Check}
    page.known.update({name: _word(name, found.get(check)) for check, name in names.items()})


def _system(phone: Phone | None, said: object) -> Value:
    """As its checks saw it, else by its name."""
    if phone is None:
        return None
    named = (str(system) for word, system in _NAMED.items() if word in phone.name)
    return _word("app.system", said) or next(named, str(System.OTHER))


def _word(name: str, value: object) -> Value:
    """A word that the vocabulary has; another release's is not known here."""
    return value if isinstance(value, str) and value in VOCABULARY[name].words else None
