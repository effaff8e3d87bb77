"""The first owner, and with break-glass one more when the last is lost.

Whoever can run a command on the host can read the database, so a link made there proves
enough to make an owner.  It works once, for an hour, and every one is in the audit trail;
one by break-glass is told to every owner besides (steps.glass).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Busy
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Flow, Role, Tenant, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.steps import glass, openings, registration, sessions
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.registration import Details, Unfit
from keyturn.steps.sessions import SignedIn

__all__ = [
    "AddressTaken", "DeadLink", "Link", "Overloaded", "SignedIn", "Unfit", "look", "set_up",
    "setup_link",
]  # fmt: skip

KIND = "owner"
LIFE_MS = HOUR
#: what the audit trail shows as the client of a command on the host
COMMAND = "command on the host"


@dataclass(frozen=True, slots=True)
class Link:
    """A set-up link that lives. `break_glass`: there is an owner already."""

    break_glass: bool
    expires_at: int


@dataclass(frozen=True, slots=True)
class DeadLink:
    """The link was used, is too old, or never was; or an owner exists by now."""


@dataclass(frozen=True, slots=True)
class AddressTaken:
    """Somebody has an account with this address. Told freely: who holds the link may know."""


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Too much to hash right now; nothing was stored."""

    retry_after: int


async def setup_link(
    parts: Parts, tenant: Tenant, *, break_glass: bool, client: str = COMMAND
) -> str | None:
    """A fresh one-time link that makes an owner of `tenant`.

    None if the installation has an owner already, unless `break_glass`.

    Args:
        client: who ran the command, as the audit trail and the owners' mail show it.
    """
    caller = Caller(tenant=tenant, browser="", offers=(), ip="", client_name=client)

    def step(tx: Tx) -> str | None:
        act = begin(parts, caller)
        if tx.roles.any_owner() and not break_glass:
            return None
        token = parts.random.token()
        openings.start(
            tx, act, KIND, "open", None, {"break_glass": break_glass}, LIFE_MS,
            browser=parts.sealer.digest(KIND, token),
        )  # fmt: skip
        record(tx, act, Event.OWNER_LINK, None, {"break_glass": break_glass})
        if break_glass:
            glass.broken(tx, act, None)
        return parts.link(tenant, f"/setup/{token}")

    return await parts.store.write(step)


async def look(parts: Parts, caller: Caller, token: str) -> Link | DeadLink:
    """What the link is worth; changes nothing."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Link | DeadLink:
        flow = _live(tx, act, token)
        if flow is None:
            return DeadLink()
        return Link(break_glass=bool(flow.data["break_glass"]), expires_at=flow.expires_at)

    return await parts.store.read(step)


def _live(tx: Tx, act: Act, token: str) -> Flow | None:
    """The link's flow, unless it is closed, too old, or overtaken by a first owner."""
    digest = act.parts.sealer.digest(KIND, token)
    flow = tx.flows.open(act.tenant.id, digest, KIND, act.now)
    overtaken = flow is not None and not flow.data["break_glass"] and tx.roles.any_owner()
    return None if overtaken else flow


async def set_up(
    parts: Parts,
    caller: Caller,
    token: str,
    name: str,
    email: str,
    password: str,
    *,
    spaces_meant: bool,
    timezone: str | None = None,
) -> SignedIn | Unfit | AddressTaken | DeadLink | Overloaded:
    """Make the owner and sign them in at level 1; the console asks for a second step next.

    Args: as in a sign-up.
    """
    found = await look(parts, caller, token)
    if isinstance(found, DeadLink):
        return found
    details = registration.judge(
        parts, caller.tenant, name, email, password, spaces_meant=spaces_meant
    )
    if isinstance(details, Unfit):
        return details
    try:
        encoded = await parts.hasher.hash(details.password)
    except Busy as busy:
        return Overloaded(busy.retry_after)

    def step(tx: Tx) -> SignedIn | AddressTaken | DeadLink:
        return _set_up(tx, begin(parts, caller), token, details, encoded, timezone)

    try:
        return await parts.store.write(step)
    except Taken:  # a sign-up took the address at this very moment
        return AddressTaken()


def _set_up(
    tx: Tx, act: Act, token: str, details: Details, encoded: str, timezone: str | None
) -> SignedIn | AddressTaken | DeadLink:
    tx.users.lock(act.tenant.id, act.tenant.id)  # one at a time, or two links make two "first"
    flow = _live(tx, act, token)
    if flow is None:
        return DeadLink()
    owner = registration.new_user(act, details, encoded, UserState.ACTIVE, timezone)
    if registration.take_address(tx, act, owner, details.email.canonical) is not None:
        return AddressTaken()
    tx.flows.save(replace(flow, step="done", user_id=owner.id, closed_at=act.now))
    tx.roles.grant(act.tenant.id, owner.id, Role.OWNER)
    record(tx, act, Event.USER_CREATED, owner, {"by": "setup-link"})
    facts = {"role": Role.OWNER, "break_glass": flow.data["break_glass"]}
    record(tx, act, Event.ROLE_GRANTED, owner, facts)
    if flow.data["break_glass"]:
        glass.broken(tx, act, owner)
    return sessions.enter(tx, act, owner, None, level=1, trusted=False)
