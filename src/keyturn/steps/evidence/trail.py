"""What the audit trail tells of an account: tries, refusals, ends of sessions."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.callers import network_of
from keyturn.rules.diagnosis import VOCABULARY, Blind
from keyturn.rules.events import Entry, Event
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page

#: how many refusals are read: counts stop there, which is enough for every cause
MOST = 200
_REFUSALS = (Event.SIGNIN_FAILED, Event.SIGNIN_REFUSED, Event.SIGNIN_UNVERIFIED)
#: fact: the newest of these events is its moment
_MOMENTS: dict[str, tuple[Event, ...]] = {
    "account.disabled_at": (Event.USER_DISABLED,),
    "clients.forgotten_at": (Event.CLIENT_FORGOTTEN, Event.NOT_ME),
    "signup.repeated_at": (Event.SIGNUP_REPEATED,),
    "recovery.done_at": (Event.RECOVERY_DONE,),
    "second.asked_at": (Event.SECOND_PENDING,),
    "second.passed_at": (Event.SECOND_PASSED,),
    "second.failed_at": (Event.SECOND_FAILED,),
    "passkeys.refused_at": (Event.PASSKEY_REFUSED,),
    "session.ended_at": (Event.SESSIONS_ENDED, Event.SIGNOUT),
}
_OTHERS = tuple(event for events in _MOMENTS.values() for event in events)


def trail(page: Page, tx: Tx, act: Act, user: User) -> None:
    """Three looks at the audit trail."""
    success = tx.audit.search(act.tenant.id, (Event.SIGNIN_PASSED,), user.id, None, 1)
    refusals = tx.audit.search(act.tenant.id, _REFUSALS, user.id, None, MOST)
    others = tx.audit.search(act.tenant.id, _OTHERS, user.id, None, MOST)
    last = success[0].at if success else None
    page.note("signin.", last_success_at=last)
    _refusals(page, refusals)
    _failures(page, tx, act, user, _of(refusals, Event.SIGNIN_FAILED), last or 0)
    for fact, events in _MOMENTS.items():
        page.note(fact.rpartition(".")[0] + ".", **{fact.rpartition(".")[2]: _at(others, events)})
    _second(page, others)
    _ended(page, others)


def _of(entries: Sequence[Entry], *events: Event) -> list[Entry]:
    return [entry for entry in entries if entry.event in events]


def _at(entries: Sequence[Entry], events: tuple[Event, ...]) -> int | None:
    return next((entry.at for entry in _of(entries, *events)), None)


def _refusals(page: Page, refusals: Sequence[Entry]) -> None:
    newest = refusals[0] if refusals else None
    page.note(
        "signin.last_refusal.",
        at=newest.at if newest else None,
        cause=_cause(newest) if newest else None,
        client=newest.client if newest else None,
        ip=newest.ip if newest else None,
    )


def _cause(entry: Entry) -> str:
    if entry.event is Event.SIGNIN_UNVERIFIED:
        return "unverified"
    return "wrong" if entry.event is Event.SIGNIN_FAILED else "locked"


def _failures(
    page: Page, tx: Tx, act: Act, user: User, failed: Sequence[Entry], success: int
) -> None:
    """How many, since when, from where."""
    since = [entry for entry in failed if entry.at > success]
    networks = {network_of(entry.ip) for entry in since}
    home = {network_of(client.ip) for client in tx.clients.of_user(act.tenant.id, user.id)}
    page.note(
        "signin.",
        last_failure_at=failed[0].at if failed else None,
        failures_since_success=len(since),
        failures_since_password=sum(e.at > (user.password_set_at or 0) for e in failed),
        foreign_failures=sum(network_of(entry.ip) not in home for entry in since),
        distinct_networks=len(networks),
    )


def _second(page: Page, others: Sequence[Entry]) -> None:
    newest = next(iter(_of(others, Event.SECOND_FAILED)), None)
    why = newest.facts.get("why") if newest else None
    skew = newest.facts.get("skew") if newest else None
    if newest is not None and why is None:
        page.miss(Blind.NOT_KEPT, "second.last_failure", "clock.skew_seconds")
        return
    page.note("second.", last_failure=str(why) if why else None)
    page.note("clock.", skew_seconds=skew if isinstance(skew, int) else None)


def _ended(page: Page, others: Sequence[Entry]) -> None:
    """Why a session ended last; a reason without a cause of its own is staff's doing."""
    newest = next(iter(_of(others, Event.SESSIONS_ENDED, Event.SIGNOUT)), None)
    why = "signout" if newest and newest.event is Event.SIGNOUT else None
    if newest is not None and why is None:
        told = str(newest.facts.get("cause", ""))
        why = told if told in VOCABULARY["session.ended_reason"].words else "staff"
    page.note("session.", ended_reason=why)
