"""One's own account: what is signed in, what is known, and taking either away."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field

from keyturn.flows import account
from keyturn.flows.account import Overview
from keyturn.rules.accounts import Client, Session, User
from keyturn.rules.circular import is_circular
from keyturn.rules.messages import MessageState
from keyturn.web.api import problems
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Ms, Nothing, Out, Pending, PhoneNumber
from keyturn.web.api.persons import Me, me

ROOM = room("account")
HANDLE = "session-handle"

Handle = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SessionItem(Out):
    """A signed-in browser. `handle` names it and opens nothing."""

    handle: str
    client_name: str
    ip: str
    created_at: Ms
    seen_at: Ms
    current: Annotated[bool, Field(description="It is the session that asks.")]


class ClientItem(Out):
    """A known client. `trusted`: it needs no second step."""

    id: str
    name: str
    ip: str
    created_at: Ms
    seen_at: Ms
    trusted: bool


class Factors(Out):
    """Second steps. `recovery_left`: saved recovery codes not yet used."""

    totp: bool
    recovery_left: int


class Mail(Out):
    """The way to the account's address.

    `last`: what became of the last mail to it; "sent" means that nothing is known of it since.
    `circular`: the mailbox opens with a directory's password, and cannot bring that one back.
    """

    last: MessageState | None
    circular: bool


class AccountReply(Reply):
    """The account."""

    user: Me
    mail: Mail
    sessions: list[SessionItem]
    clients: list[ClientItem]
    factors: Factors


def owed(call: Call, user: User) -> Pending:
    """What a signed-in person still owes the tenant."""
    missing = call.tenant.policy.phone == "required" and user.phone is None
    return PhoneNumber() if missing else Nothing()


def handle_of(call: Call, session: Session) -> str:
    """A name for a session that tells nothing of its token, nor of the token's digest."""
    return call.parts.sealer.digest(HANDLE, session.digest)


def _session(call: Call, session: Session, own: Session) -> SessionItem:
    return SessionItem(
        handle=handle_of(call, session), client_name=session.client_name, ip=session.ip,
        created_at=session.created_at, seen_at=session.seen_at,
        current=session.digest == own.digest,
    )  # fmt: skip


def _client(client: Client) -> ClientItem:
    return ClientItem(
        id=client.id, name=client.name, ip=client.ip, created_at=client.created_at,
        seen_at=client.seen_at, trusted=client.trusted,
    )  # fmt: skip


def _mail(call: Call, user: User, seen: Overview) -> Mail:
    circular = is_circular(user.email, call.tenant.policy.directory_domains)
    return Mail(last=seen.mail.state if seen.mail else None, circular=circular)


@ROOM.get("/account", **operation(AccountReply, signed=True))
async def show_account(owner: Owner) -> AccountReply:
    """Show one's own account."""
    call, own = owner.call, owner.me
    seen = await account.overview(call.parts, call.caller, own)
    fields = call.reply(
        owed(call, own.user),
        user=me(own.user),
        mail=_mail(call, own.user, seen),
        sessions=[_session(call, s, own.session) for s in seen.sessions],
        clients=[_client(c) for c in seen.clients],
        factors=Factors(totp=seen.totp, recovery_left=seen.recovery_left),
    )
    return AccountReply(**fields)


@ROOM.delete(
    "/account/sessions/{handle}",
    **operation(
        Reply, problems.NOT_FOUND, problems.INVALID, signed=True,
        about="Ends one of one's own sessions; `others` ends all but the one that asks.",
    ),
)  # fmt: skip
async def end_session(owner: Owner, handle: Handle) -> Reply:
    """End a session."""
    call, own = owner.call, owner.me
    if handle == "others":
        await account.end_other_sessions(call.parts, call.caller, own)
        return Reply(**call.reply(Nothing()))
    seen = await account.overview(call.parts, call.caller, own)
    found = next((s for s in seen.sessions if handle_of(call, s) == handle), None)
    if found is None:
        raise call.refusal(problems.NOT_FOUND, Nothing())
    await account.end_session(call.parts, call.caller, own, found.digest)
    return Reply(**call.reply(GivePassword() if found.digest == own.session.digest else Nothing()))


@ROOM.delete(
    "/account/clients/{client_id}",
    **operation(
        Reply, problems.NOT_FOUND, problems.INVALID, signed=True,
        about="Forgets a known client and ends what it is signed in to, but for the session "
        "that asks.",
    ),
)  # fmt: skip
async def forget_client(owner: Owner, client_id: Handle) -> Reply:
    """Forget a known client."""
    call = owner.call
    if not await account.forget_client(call.parts, call.caller, owner.me, client_id):
        raise call.refusal(problems.NOT_FOUND, Nothing())
    return Reply(**call.reply(Nothing()))
