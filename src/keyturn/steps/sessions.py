"""Sessions: started at sign-in with a fresh token, ended all at once by a higher epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Client, Session, User
from keyturn.rules.events import Event
from keyturn.steps import clients
from keyturn.steps.acts import Act, record

PURPOSE = "session"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """In. The tokens go to the browser and are kept nowhere else.

    Attributes:
        session: the session's token.
        client: "id.token" of the now known client.
        level: 1 password, 2 password and second step.
    """

    user: User
    session: str
    client: str
    level: int


def enter(
    tx: Tx, act: Act, user: User, client: Client | None, *, level: int, trusted: bool,
    by: str = "password",
) -> SignedIn:  # fmt: skip
    """A session for this browser, which is a known client from now on.

    Args:
        client: the known client that this browser is, or None.
        trusted: this client need not do the second step again.
        by: what it began with: "password" or "passkey".
    """
    if client is None:
        client_token = clients.remember(tx, act, user, trusted=trusted)
    else:
        client_token = clients.rotate(tx, act, client, trusted=client.trusted or trusted)
    session = start(tx, act, user, client_token.split(".", 1)[0], level)
    facts = {"level": level, "new_client": client is None}
    record(tx, act, Event.SIGNIN_PASSED, user, facts if by == "password" else {**facts, "by": by})
    return SignedIn(user=user, session=session, client=client_token, level=level)


def digest(parts: Parts, token: str) -> str:
    """What is stored of a session's token."""
    return parts.sealer.digest(PURPOSE, token)


def start(tx: Tx, act: Act, user: User, client_id: str | None, level: int) -> str:
    """A new session; returns its token, which only the browser keeps."""
    token = act.parts.random.token()
    tx.sessions.add(
        Session(
            digest=digest(act.parts, token),
            tenant_id=act.tenant.id,
            user_id=user.id,
            client_id=client_id,
            level=level,
            epoch=user.epoch,
            ip=act.caller.ip,
            client_name=act.caller.client_name,
            created_at=act.now,
            seen_at=act.now,
            expires_at=act.now + act.parts.limits.session_ms,
        )
    )
    return token


def end_all(tx: Tx, act: Act, user: User, cause: str) -> User:
    """End every session of a user; returns the user with the next epoch, saved.

    The epoch ends also those that are being started at this very moment.
    """
    after = replace(user, epoch=user.epoch + 1)
    tx.users.save(after)
    close_all(tx, act, after, cause)
    return after


def close_all(tx: Tx, act: Act, user: User, cause: str) -> None:
    """As `end_all`, for a user who is stored with the next epoch already."""
    ended = tx.sessions.end(act.tenant.id, user.id, None)
    record(tx, act, Event.SESSIONS_ENDED, user, {"cause": cause, "count": ended})
