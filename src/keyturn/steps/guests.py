"""Where somebody of a provider stands in a customer's console, read anew at every request.

no stay of this browser's                   nobody: like any stranger
the link, or the membership, is over         gone: like a tenant that is not there
their session at home is over, or too old    outside: the way leads over their own console
they are let in                              inside
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.providers import Acting
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Session, Tenant, User
from keyturn.rules.providers import Stay
from keyturn.rules.sessions import CONSOLE_IDLE_MS, CONSOLE_MS, alive
from keyturn.steps.acts import Act
from keyturn.steps.stepup import SECOND_STEP


@dataclass(frozen=True, slots=True)
class Inside:
    """They are let in. `session`: theirs at home, of which the stay is part."""

    stay: Stay
    acting: Acting
    session: Session


@dataclass(frozen=True, slots=True)
class Outside:
    """Link and membership stand, and their session at home does not."""

    provider: Tenant


@dataclass(frozen=True, slots=True)
class Gone:
    """They were let in once, and are not any more."""


def standing(tx: Tx, act: Act, digest: str) -> Inside | Outside | Gone | None:
    """How the stay with this digest stands in the caller's tenant; None: there is none of this
    browser's.
    """
    stay = tx.providers.stay(act.tenant.id, digest)
    if stay is None or stay.browser != act.caller.browser:
        return None
    acting = tx.providers.acting(act.tenant.id, stay.user_id)
    if acting is None or acting.link.id != stay.link_id:
        return Gone()
    found = at_home(tx, act, acting, stay.session)
    return Outside(acting.provider) if found is None else Inside(stay, acting, found)


def at_home(tx: Tx, act: Act, acting: Acting, session: str) -> Session | None:
    """The session by which they came, if it opens a console now."""
    found = tx.sessions.get(acting.link.provider_id, session)
    if found is None:
        return None
    theirs, user = found
    return theirs if opens(theirs, user, act.now) and user.id == acting.user.id else None


def opens(session: Session, user: User, now: int) -> bool:
    """Whether a session opens consoles: theirs at home, and those of their customers."""
    live = alive(session, user, now, CONSOLE_MS, CONSOLE_IDLE_MS)
    return live and session.level >= SECOND_STEP and user.frozen_at is None


def touch(tx: Tx, act: Act, inside: Inside) -> None:
    """Their session at home is used here."""
    session = inside.session
    tx.sessions.touch(session.tenant_id, session.digest, act.now, session.level)
