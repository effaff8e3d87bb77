"""Confirming the address of a new account: the flow "signup" and its code."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User, UserState
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import HOUR
from keyturn.steps import codes, openings
from keyturn.steps.acts import Act

KIND = "signup"
LIFE_MS = HOUR


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a sign-up's mail goes to.

    Attributes:
        user: whose address it is; None if its account is gone.
        fresh: it is this sign-up's own account, and waits for the code.
    """

    user: User | None
    fresh: bool


def begin_signup_code(tx: Tx, act: Act, user: User) -> None:
    """A sign-in gave the right password of an unverified account: ask for its code.

    A sign-up of this account that is open in this browser goes on: another mail would
    kill the code that is on its way.
    """
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    if flow is not None and flow.user_id == user.id:
        last = codes.standing(tx, flow)
        if last is not None and act.now < last.expires_at:
            return
    opened = open_flow(tx, act, user, user.email)
    send(tx, act, opened, Addressee(user=user, fresh=True))


def open_flow(tx: Tx, act: Act, user: User | None, email: str) -> Flow:
    """The sign-up of this browser. `user` None: the address belongs to somebody already;
    the page looks the same and its code can never be right.
    """
    user_id = user.id if user else None
    return openings.start(tx, act, KIND, "code", user_id, {"email": email}, LIFE_MS)


def addressee(tx: Tx, act: Act, flow: Flow) -> Addressee:
    """Whom the address of an open sign-up belongs to now."""
    name = canonical(str(flow.data["email"])) or ""
    holder = tx.users.named(act.tenant.id, name)
    waits = holder is not None and holder.state is UserState.UNVERIFIED
    fresh = waits and holder is not None and holder.id == flow.user_id
    # another browser's sign-up took this one's place: that one's code is in the mail
    return Addressee(user=None if waits and not fresh else holder, fresh=fresh)


def send(tx: Tx, act: Act, flow: Flow, to: Addressee) -> codes.Sent:
    """Mail the code of a sign-up, or to the address's owner that it has an account.

    All sign-ups with one address pay from one budget, whoever has it: a fresh account for
    each try would be a fresh budget, and a stranger could fill a mailbox.
    """
    address = to.user.email if to.user else None
    typed = str(flow.data["email"])
    lane = address_key(act, typed)
    if to.fresh:
        kinds = ("verify_email", "verify_link")
        return codes.mail(
            tx, act, flow, kinds, user=to.user, address=address, lane=lane, typed=typed
        )
    return codes.mail(
        tx, act, flow, ("already_registered", "already_registered"),
        user=to.user, address=address, lane=lane, typed=typed, answers=False,
        values={"link": act.parts.link(act.tenant, "/recover")},
    )  # fmt: skip


def address_key(act: Act, email: str) -> str:
    """Who pays for the mails and tries of sign-ups with an address. Not the lane that a
    sign-in with that name would have: that differs between names taken and free.
    """
    return "s:" + act.parts.sealer.digest("lane", f"{act.tenant.id}|{canonical(email)}")
