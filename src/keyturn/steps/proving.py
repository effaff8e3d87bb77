"""By what a caller can be proved in a case, and codes that are read aloud.

What is asked has to have been the user's before the case was opened: a phone that was bound, a
number or an address that was proved afterwards proves nothing in it.  Nobody chooses where a code
goes.  A code belongs to one case, method and turn: whoever the case is handed to asks anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import presence
from keyturn.rules.accounts import Flow, User, UserState
from keyturn.rules.budgets import CODE_TRIES
from keyturn.rules.codes import LIFE_MS
from keyturn.rules.events import Event
from keyturn.rules.identifiers import masked_email, masked_phone
from keyturn.rules.proofs import CASE_CODES, TABLE, Method
from keyturn.steps import codes, offline_codes, openings, questions, texts
from keyturn.steps.acts import Act
from keyturn.steps.casework import Held
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.texts import Capped

#: the templates of the text and of the mail, and the kinds of their flows
LETTER: Final = "case_code"
KINDS: Final[Mapping[Method, str]] = {Method.TEXT: "case-text", Method.MAIL: "case-mail"}


class Bar(StrEnum):
    """Why a method proves nothing in a case."""

    NONE = "none"  # the user has nothing of the kind
    NEW = "new"  # … or not since before the case was opened
    SPENT = "spent"  # too many wrong codes in this case


@dataclass(frozen=True, slots=True)
class Way:
    """A method, and whether it can be asked for now.

    Attributes:
        to: the phone's name, the number or address, masked, or the device's model.
        about: id of the device's pairing; "" for everything else.
    """

    method: Method
    bar: Bar | None
    to: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class _Own:
    """What of the user's a method asks, and since when it is theirs."""

    since: int
    to: str = ""
    about: str = ""


def ways(tx: Tx, act: Act, held: Held) -> tuple[Way, ...]:
    """All methods that there are here, in the table's order."""
    return tuple(way(tx, act, held, method) for method in _OWN)


def way(tx: Tx, act: Act, held: Held, method: Method) -> Way:
    """One of them."""
    own = _own(tx, act, held.user, method) if held.user else None
    if own is None:
        return Way(method, Bar.NONE)
    if own.since >= held.case.created_at:
        return Way(method, Bar.NEW, own.to, own.about)
    spent = TABLE[method].relayed and held.standing.spent
    return Way(method, Bar.SPENT if spent else None, own.to, own.about)


def since(tx: Tx, act: Act, held: Held, method: Method) -> int:
    """Since when what a method asks has been the user's; now, where there is nothing."""
    own = _own(tx, act, held.user, method) if held.user else None
    return own.since if own else act.now


def _own(tx: Tx, act: Act, user: User, method: Method) -> _Own | None:
    return _OWN[method](tx, act, user)


def _app(tx: Tx, act: Act, user: User) -> _Own | None:
    phone = questions.able(tx.phones.held(act.tenant.id, user.id, act.now))
    return _Own(phone.bound_at, phone.name) if phone else None


def _offline(tx: Tx, act: Act, user: User) -> _Own | None:
    return _app(tx, act, user) if offline_codes.usable(tx, act, user.id) else None


def _number(_tx: Tx, _act: Act, user: User) -> _Own | None:
    if user.phone is None or user.phone_verified_at is None:
        return None
    return _Own(user.phone_verified_at, masked_phone(user.phone))


def _mailbox(tx: Tx, act: Act, user: User) -> _Own | None:
    """Who is active has proved their address. When it changed stands in the audit trail."""
    if not user.email or user.state is not UserState.ACTIVE:
        return None
    changes = (Event.EMAIL_CHANGED, Event.EMAIL_RESTORED, Event.USER_FOLLOWED)
    found = tx.audit.search(act.tenant.id, changes, user.id, None, 1)
    return _Own(found[0].at if found else user.created_at, masked_email(user.email))


def _device(tx: Tx, act: Act, user: User) -> _Own | None:
    """The one that has been theirs longest, of those that prove anything now."""
    every = tx.devices.of_user(act.tenant.id, user.id)
    able = [one for one in every if presence.hindrance(one, user, act.now) is None]
    first = min(able, key=lambda one: one.paired_at, default=None)
    device = tx.devices.get(act.tenant.id, first.device_id) if first else None
    return _Own(first.paired_at, device.model, first.id) if first and device else None


def _word(_tx: Tx, _act: Act, _user: User) -> _Own:
    return _Own(0)


_OWN = {
    Method.PUSH: _app, Method.OFFLINE: _offline, Method.TEXT: _number, Method.MAIL: _mailbox,
    Method.PRESENCE: _device, Method.DEVICE: _device, Method.APPROVAL: _word,
}  # fmt: skip


# -- codes


def send(tx: Tx, act: Act, held: Held, method: Method) -> tuple[Flow, Sent] | TooSoon | Capped:
    """Send a code by text or mail, to the number or address on file; `way` comes before."""
    user = _user(held)
    flow = current(tx, act, held, method)
    early = codes.too_soon(tx, act, flow) if flow else None
    if early is not None:
        return early
    capped = _capped(tx, act, user, method)
    if capped is not None:
        return capped
    flow = flow or openings.start(
        tx, act, KINDS[method], "code", user.id, {"to": _to(user, method)}, LIFE_MS,
        browser=_browser(act, held, method),
    )  # fmt: skip
    about = {"ref": held.case.ref}
    if method is Method.TEXT:
        number = _to(user, method)
        return flow, codes.text(tx, act, flow, LETTER, user=user, number=number, values=about)
    return flow, codes.letter(
        tx, act, flow, LETTER, user=user, address=user.email, answers=True, values=about
    )


def current(tx: Tx, act: Act, held: Held, method: Method) -> Flow | None:
    """The code of this case, method and turn that may still be typed, if what it was sent to is
    the user's yet.
    """
    user = _user(held)
    flow = tx.flows.open(act.tenant.id, _browser(act, held, method), KINDS[method], act.now)
    same = flow is not None and flow.user_id == user.id and flow.data["to"] == _to(user, method)
    return flow if same else None


def lane(user: User) -> str:
    """Who pays for what is typed: the user, apart from their own tries and everybody else's."""
    return f"k:{user.id}"


def read_out(tx: Tx, act: Act, held: Held, code: str) -> bool | None:
    """Whether this is the code that the user's phone shows without a network, which is used up;
    None: too many were typed for this user today.
    """
    user = _user(held)
    spent = tx.budgets.spend(act.tenant.id, lane(user), act.now, CODE_TRIES)
    return offline_codes.accept(tx, act, user, code) if CODE_TRIES.allows(spent) else None


def _capped(tx: Tx, act: Act, user: User, method: Method) -> Capped | None:
    spent = tx.budgets.spend(act.tenant.id, user.id, act.now, CASE_CODES)
    if not CASE_CODES.allows(spent):
        return Capped(until=spent.start + CASE_CODES.window_ms, cause="user")
    return texts.send(tx, act, user, _to(user, method)) if method is Method.TEXT else None


def _to(user: User, method: Method) -> str:
    return str(user.phone) if method is Method.TEXT else user.email


def _browser(act: Act, held: Held, method: Method) -> str:
    """What stands for the browser in the flow: this case, method and turn."""
    turn = f"{held.case.id}|{method}|{held.standing.turn}"
    return act.parts.sealer.digest("case", turn)


def _user(held: Held) -> User:
    assert held.user is not None  # noqa: S101  `way` comes before, and there was somebody
    return held.user
