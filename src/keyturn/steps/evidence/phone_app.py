"""What can be seen of the phone app: whether a phone is bound, what led to it, its own checks."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.accounts import User
from keyturn.rules.activation import Link
from keyturn.rules.enrolment import ScanCode, shown
from keyturn.rules.phone_app import Phone, PushState
from keyturn.rules.phone_checks.checks import CAUSES, Check, Verdict
from keyturn.rules.phone_checks.platforms import STORED_AS, System
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page
from keyturn.steps.showing import SECRETS

#: flows of a user among which the page that showed a code is looked for
MOST = 50
#: systems by what a phone's name has of them (rules/clients.py); others are OTHER
_NAMED = {"Android": System.ANDROID, "iPhone": System.IOS, "iPad": System.IOS}


def phone_app(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The bound phone, the newest link, the newest code to scan, what the checks said. The same
    statements for everybody, so that each costs the same.
    """
    tenant_id = act.tenant.id
    phone = tx.phones.active(tenant_id, [user.id]).get(user.id)
    page.note("app.", bound=phone is not None)
    _link(page, act, tx.phones.newest(tenant_id, [user.id]).get(user.id))
    _code(page, act, _newest_code(tx, act, user))
    told = tx.phones.checks(tenant_id, phone.id if phone is not None else "")
    _checks(page, phone, told)


def _link(page: Page, act: Act, link: Link | None) -> None:
    state = activation.judge(link, link.number, act.now).state if link is not None else None
    page.note(
        "app.", link=str(state) if state is not None else None,
        link_at=link.made_at if link is not None else None,
        link_ends=link.expires_at if link is not None else None,
    )  # fmt: skip


def _newest_code(tx: Tx, act: Act, user: User) -> ScanCode | None:
    """What the newest page that shows codes has shown last."""
    kept = tx.flows.of_user(act.tenant.id, user.id, MOST)
    flow = next((one for one in kept if one.data.get(SECRETS)), None)
    return tx.phones.code_of_flow(act.tenant.id, flow.id if flow is not None else "")


def _code(page: Page, act: Act, code: ScanCode | None) -> None:
    now = shown(code, act.now) if code is not None else None
    ended = now.ended if now is not None else None
    page.note(
        "app.", code=str(ended) if ended is not None else None,
        code_at=now.ended_at if now is not None and ended is not None else None,
    )  # fmt: skip


def _checks(
    page: Page, phone: Phone | None, told: tuple[Mapping[str, object], int] | None
) -> None:  # fmt: skip
    """What the phone said of itself; that its subscription is dead, the push service says."""
    said, at = told if told is not None else ({}, None)
    known = {str(check): _word(check, said.get(str(check))) for check in Check}
    if phone is not None and phone.push.state is PushState.DEAD:
        known[str(Check.PUSH)], at = "dead", max(at or 0, phone.push.since)
    page.note("app.checks.", **known)
    page.note("app.", system=_system(said, phone), checked_at=at)


def _word(check: Check, said: object) -> str | None:
    """What a check said, if this release knows the word."""
    return str(said) if said in (Verdict.WELL, Verdict.UNTOLD, *CAUSES[check]) else None


def _system(said: Mapping[str, object], phone: Phone | None) -> str | None:
    """The phone's system: as its checks saw it, else by its name."""
    if phone is None:
        return None
    told = said.get(STORED_AS)
    named = (system for name, system in _NAMED.items() if name in phone.name)
    return str(told if told in set(System) else next(named, System.OTHER))
