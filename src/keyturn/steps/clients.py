"""Known clients: browsers that completed a full sign-in, told by a rotating cookie."""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Client, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell

PURPOSE = "client"


def recognised(caller: Caller, client: Client | None) -> Client | None:
    """The client if the cookie shows its current or its previous token, else None.

    The previous token stays good until the current one is seen, because the reply that
    carried the current one may have been lost on the way.
    """
    if client is None:
        return None
    shown = next((o.digest for o in caller.offers if o.id == client.id), None)
    return client if shown in (client.digest, client.previous) and shown is not None else None


def rotate(tx: Tx, act: Act, client: Client, *, trusted: bool) -> str:
    """Give a known client its next token; returns "id.token"."""
    shown = next(o.digest for o in act.caller.offers if o.id == client.id)
    token = act.parts.random.token()
    tx.clients.save(
        replace(
            client,
            digest=act.parts.sealer.digest(PURPOSE, token),
            previous=shown,
            ip=act.caller.ip,
            name=act.caller.client_name,
            seen_at=act.now,
            trusted=trusted,
        )
    )
    return f"{client.id}.{token}"


def remember(tx: Tx, act: Act, user: User, *, trusted: bool) -> str:
    """A full sign-in on a client never seen before: it is known from now on, and the
    owner hears of it unless it is the account's first. Returns "id.token".
    """
    token = act.parts.random.token()
    theirs = tx.clients.of_user(act.tenant.id, user.id)
    for client in theirs:
        _copied(tx, act, user, client)
    client = Client(
        id=act.id(),
        tenant_id=act.tenant.id,
        user_id=user.id,
        digest=act.parts.sealer.digest(PURPOSE, token),
        previous=None,
        name=act.caller.client_name,
        ip=act.caller.ip,
        created_at=act.now,
        seen_at=act.now,
        trusted=trusted,
    )
    tx.clients.add(client)
    if theirs:
        tell(tx, act, "new_client", user)
    return f"{client.id}.{token}"


def distrust(tx: Tx, act: Act, user: User) -> int:
    """No browser is trusted any more: each does the second step again. Returns how many were."""
    trusted = [client for client in tx.clients.of_user(act.tenant.id, user.id) if client.trusted]
    for client in trusted:
        tx.clients.save(replace(client, trusted=False))
    return len(trusted)


def _copied(tx: Tx, act: Act, user: User, client: Client) -> None:
    """A cookie with a token that was given up twice: somebody copied it, then or now.
    Nobody is known by it any more.
    """
    if any(o.id == client.id for o in act.caller.offers) and not recognised(act.caller, client):
        tx.clients.forget(act.tenant.id, user.id, client.id)
        record(tx, act, Event.CLIENT_COPIED, user, {"client": client.id})
