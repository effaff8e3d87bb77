"""Sessions: started at sign-in with a fresh token, ended all at once by a higher epoch."""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Session, User
from keyturn.rules.events import Event
from keyturn.steps.acts import Act, record

PURPOSE = "session"


def digest(parts: Parts, token: str) -> str:
    """What is stored of a session's token."""
    return parts.sealer.digest(PURPOSE, token)


def start(tx: Tx, act: Act, user: User, client_token: str, level: int) -> str:
    """A new session; returns its token, which only the browser keeps."""
    token = act.parts.random.token()
    tx.sessions.add(
        Session(
            digest=digest(act.parts, token),
            tenant_id=act.tenant.id,
            user_id=user.id,
            client_id=client_token.split(".", 1)[0],
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
    ended = tx.sessions.end(act.tenant.id, user.id, None)
    record(tx, act, Event.SESSIONS_ENDED, after, {"cause": cause, "count": ended})
    return after
