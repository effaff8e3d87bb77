"""Step-up: dangerous changes are made only by a session that proved itself just now.

A session proves itself by signing in, and after that by whatever its owner has: a second
step where there is one, else the password.  Each proof gives the session a new token
(OWASP: a new id at each change of privilege), so that its age is the age of the proof; what it
has opened of customers' consoles (steps/guests.py) goes on with it.
What takes access away from a browser needs no proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules import sessions as rules
from keyturn.rules.accounts import Session, User
from keyturn.rules.events import Event
from keyturn.rules.sessions import level_at
from keyturn.steps import second, sessions
from keyturn.steps.acts import Act, record
from keyturn.steps.changes import Frozen, SignedOut, may_change
from keyturn.steps.texted import Texted

#: how long a proof is good for
FRESH_MS = rules.FRESH_MS
PASSWORD = "password"  # noqa: S105  a way to prove oneself, not a secret
SECOND_STEP = 2


@dataclass(frozen=True, slots=True)
class Signed:
    """A live session and whose it is. `session.level` is what it is worth now."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class ProofNeeded:
    """It must be shown once more whose session this is.

    Attributes:
        methods: what shows it: values of FactorKind, or "password".
        texted: the last text, where the page shows one.
    """

    methods: tuple[str, ...]
    texted: Texted | None = None


def held(tx: Tx, act: Act, signed: Signed) -> User | Frozen | SignedOut:
    """The user, held, if this very session still lives and changes are not frozen."""
    if tx.sessions.get(act.tenant.id, signed.session.digest) is None:
        return SignedOut()
    return may_change(tx, act, signed.user)


def proved(tx: Tx, act: Act, signed: Signed) -> User | Frozen | SignedOut | ProofNeeded:
    """As `held`, for changes that need a proof of the last FRESH_MS."""
    user = held(tx, act, signed)
    if not isinstance(user, User):
        return user
    factors = second.methods(tx, act, user.id)
    if is_fresh(signed.session, act.now, SECOND_STEP if factors else 1):
        return user
    return ProofNeeded(methods=methods(tx, act, user))


def is_fresh(session: Session, now: int, level: int = SECOND_STEP) -> bool:
    """Whether a session showed just now that it is worth `level`."""
    return level_at(session, now) >= level and now - session.created_at < FRESH_MS


def methods(tx: Tx, act: Act, user: User) -> tuple[str, ...]:
    """What a user can prove themselves by: the second step if there is one, for a thief of
    the session may have the password too; else the password.
    """
    factors = second.methods(tx, act, user.id)
    return tuple(str(kind) for kind in factors) or (PASSWORD,)


def renew(tx: Tx, act: Act, signed: Signed, user: User, by: str) -> str:
    """The session proved itself by `by` (see ProofNeeded.methods); the token of the session
    that takes its place, at level 2 unless it was the password.
    """
    level = 1 if by == PASSWORD else SECOND_STEP
    tx.sessions.end(act.tenant.id, user.id, signed.session.digest)
    record(tx, act, Event.SESSION_PROVED, user, {"by": by})
    token = sessions.start(tx, act, user, signed.session.client_id, level)
    tx.providers.follow(signed.session.digest, sessions.digest(act.parts, token))
    return token
