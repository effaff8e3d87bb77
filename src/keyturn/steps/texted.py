"""A code by text as the second step, where the tenant turns it on; never for staff.

Texts can be read by whoever takes over the number, so this is the weakest of the second
steps and off by default (NIST SP 800-63B calls it restricted).  The code belongs to the
browser that asked and to one user; wherever a second step is asked for there, it is one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, Flow, User
from keyturn.rules.codes import Right
from keyturn.rules.lockout import HOUR
from keyturn.steps import codes, openings, texts
from keyturn.steps.acts import Act
from keyturn.steps.codes import TooSoon
from keyturn.steps.texts import Capped

KIND = "text"
LIFE_MS = HOUR
TEXT = "second_code"
#: digits of the number that are shown: enough to tell one's own numbers apart
ENDING = 3


@dataclass(frozen=True, slots=True)
class Texted:
    """A code went to the number that ends in `ending`."""

    ending: str
    sent_at: int
    expires_at: int
    resend_at: int


def usable(tx: Tx, act: Act, user_id: str) -> bool:
    """Whether texts are a second step of this user's."""
    if not act.tenant.policy.sms_second:
        return False
    user = tx.users.get(act.tenant.id, user_id)
    return user is not None and proved(user) and not tx.roles.of_user(user_id)


def proved(user: User) -> bool:
    """Whether a user has a number that takes texts."""
    return user.phone is not None and user.phone_verified_at is not None


def _opened(tx: Tx, act: Act) -> Flow | None:
    return tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)


def send(tx: Tx, act: Act, user: User) -> Texted | TooSoon | Capped:
    """Text a code; the browser's earlier one is replaced. `usable` comes before."""
    flow = _opened(tx, act)
    if flow is not None and flow.user_id == user.id:
        early = codes.too_soon(tx, act, flow)
        if early is not None:
            return early
    number = str(user.phone)
    capped = texts.ask(tx, act, user) or texts.send(tx, act, user, number)
    if capped is not None:
        return capped
    if flow is None or flow.user_id != user.id:
        flow = _begun(tx, act, user)
    sent = codes.text(tx, act, flow, TEXT, user=user, number=number)
    return Texted(number[-ENDING:], sent.sent_at, sent.expires_at, sent.resend_at)


def _begun(tx: Tx, act: Act, user: User) -> Flow:
    data = {"ending": str(user.phone)[-ENDING:], "phone": user.phone}
    return openings.start(tx, act, KIND, "code", user.id, data, LIFE_MS)


def standing(tx: Tx, act: Act, user_id: str, methods: Collection[FactorKind]) -> Texted | None:
    """What was last texted to this user from this browser, if texts are among `methods`."""
    flow = _opened(tx, act) if FactorKind.SMS in methods else None
    sent = codes.standing(tx, flow) if flow is not None and flow.user_id == user_id else None
    if flow is None or sent is None:
        return None
    return Texted(str(flow.data["ending"]), sent.sent_at, sent.expires_at, sent.resend_at)


def accept(tx: Tx, act: Act, user: User, code: str, lane: str) -> bool:
    """Whether `code` is the one texted to this user from this browser; it is used up then.

    Args:
        lane: whose daily tries pay.
    """
    flow = _opened(tx, act)
    if flow is None or flow.user_id != user.id or not usable(tx, act, user.id):
        return False
    if flow.data["phone"] != user.phone:  # the number changed since
        return False
    if not isinstance(codes.check(tx, act, flow, user, code, lane), Right):
        return False
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    texts.entered(tx, act, str(user.phone))
    return True
