"""What became of the mail that a flow's page waits for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.identifiers import canonical, masked_email
from keyturn.rules.messages import Message, MessageState
from keyturn.steps import clients
from keyturn.steps.acts import Act
from keyturn.steps.codes import MESSAGE

#: messages of an account that are looked through
MOST = 50


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a mail.

    Attributes:
        state: "sent" means that nothing is known of it since.
        detail: the far side's own words, for judging; staff alone may read them.
        at: when that became known; `asked_at`: when the mail was asked for.
        again_at: our mail server did not take it, and is asked again at that time.
        address: where it goes, masked; "" where it goes nowhere.
    """

    state: MessageState
    detail: str
    at: int
    asked_at: int
    again_at: int | None
    address: str


def of_flow(tx: Tx, act: Act, flow: Flow) -> Fate | None:
    """The fate of the last mail sent in a flow, or None if its record is gone.

    One that went to nobody is told as one that nothing is known of: whoever waits for it
    must not learn the difference.
    """
    message = tx.messages.get(act.tenant.id, str(flow.data.get(MESSAGE)))
    return None if message is None else _told(message)


def of_signup(tx: Tx, act: Act, flow: Flow) -> Fate | None:
    """The same for a sign-up, whose mail may have gone to nobody: a newer sign-up elsewhere
    has the address now.  Then the newer one's mail is told of; both wait at one mailbox, and
    who waits must not learn of the other.  It is looked for in every case.
    """
    own = tx.messages.get(act.tenant.id, str(flow.data.get(MESSAGE)))
    holder = tx.users.named(act.tenant.id, canonical(str(flow.data["email"])) or "")
    other = newest_mail(tx, act, holder) if holder else None
    if own is None or own.state is not MessageState.DROPPED or other is None:
        return None if own is None else _told(own)
    return replace(other, at=max(own.updated_at, other.at), asked_at=own.created_at)


def newest_mail(tx: Tx, act: Act, user: User) -> Fate | None:
    """The fate of the last mail to the address that the account has now, for its owner."""
    sent = tx.messages.of_user(act.tenant.id, user.id, MOST)
    mails = (m for m in sent if m.channel == "mail" and m.address == user.email)
    return next(map(_told, mails), None)


def _told(message: Message) -> Fate:
    nobody = message.state is MessageState.DROPPED
    tried = message.state is MessageState.QUEUED and message.attempt > 0
    return Fate(
        state=MessageState.SENT if nobody else message.state,
        detail=message.detail,
        at=message.updated_at,
        asked_at=message.created_at,
        again_at=message.run_at if tried else None,
        address=masked_email(message.address) if message.address else "",
    )


def for_owner(tx: Tx, act: Act, flow: Flow) -> Fate | None:
    """The same, told only in a browser that has once been signed in to the flow's account.

    A mail's fate tells that there is an account to send one to.  Anybody may wait for one
    under any name; so this looks in every case, and shows nothing but to the owner's own
    browser, which knows that already.
    """
    owner = flow.user_id or act.tenant.id
    theirs = tx.clients.of_user(act.tenant.id, owner)
    fate = of_flow(tx, act, flow)
    known = any(clients.recognised(act.caller, client) for client in theirs)
    return fate if known and flow.user_id is not None else None
