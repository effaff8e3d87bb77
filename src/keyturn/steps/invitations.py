"""Activation links: made and mailed; each takes the place of the one before (rules.activation).

A link's token is in its mail alone: stored is the token's digest, and the mail waits sealed until
it goes.  Whoever makes a link holds the user's row (rules.binding).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import activation, binding
from keyturn.rules.accounts import User
from keyturn.rules.activation import AGAIN, LIFE_MS, Link, LinkState
from keyturn.rules.binding import No, Rows
from keyturn.rules.events import Event
from keyturn.steps import clients, phone_ends, phone_proof, second, sessions
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import enqueue

#: purpose of the digest of a link's token (ports.secrets.Sealer.digest)
PURPOSE: Final = "activation"
#: kinds of mails with a link
INVITED, RESET = "activation", "activation_reset"
KINDS: Final = frozenset({INVITED, RESET})


class Bar(StrEnum):
    """Why nobody is sent a link."""

    BOUND = "bound"  # has a phone: Reset User is the way
    UNVERIFIED = "unverified"  # never showed that the address is theirs
    DISABLED = "disabled"
    FROZEN = "frozen"  # "this wasn't me": changes wait for support
    NO_ADDRESS = "no-address"  # came from a directory that knows none
    WITHDRAWN = "withdrawn"  # the newest link was taken back: staff invite again
    POLICY = "policy"  # the tenant lets nobody ask for a link by themselves
    SOON = "soon"  # one was sent a moment ago: two clicks make one mail


@dataclass(frozen=True, slots=True)
class Sent:
    """A link is on its way to the address on file.

    Attributes:
        user: as stored now.
    """

    user: User
    link: Link


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was made and nothing changed."""

    why: Bar


@dataclass(frozen=True, slots=True)
class Handed:
    """The token of a link that is followed at once."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Later:
    """Another link can be asked for from `at` on."""

    at: int


def invite(tx: Tx, act: Act, rows: Rows) -> Sent | NotSent:
    """A link for somebody without a phone, because staff say so.

    Args:
        rows: all that hangs on the user, held (ports.phones.Phones.held).
    """
    made = _made(act, rows)
    if isinstance(made, NotSent):
        return made
    if _just_sent(rows, act.now):
        return NotSent(Bar.SOON)
    facts = {"link": made.link.number, "was": str(rows.user.state)}
    record(tx, act, Event.USER_INVITED, rows.user, facts)
    return _send(tx, act, rows, made, INVITED, {"oneself": False})


def again(tx: Tx, act: Act, rows: Rows) -> Sent | NotSent | Later:
    """A link that a person asks for, who has shown the token of an older one.

    The newest link alone says whether they may: an older one must not bring back what was
    withdrawn since.

    Args: as of `invite`.
    """
    made = _asked(tx, act, rows)
    if not isinstance(made, _Made):
        return made
    record(tx, act, Event.ACTIVATION_AGAIN, rows.user, {"link": made.link.number})
    # whoever asked may be somebody else
    origin = {"client": act.caller.client_name, "ip": act.caller.ip}
    return _send(tx, act, rows, made, INVITED, {"oneself": True, **origin})


def at_hand(tx: Tx, act: Act, rows: Rows) -> Handed | NotSent | Later:
    """A link for somebody who has just shown, by a code to the address on file, that it is theirs:
    it is not mailed once more.

    Whom staff have never invited, or taken the invitation back from, is not let in by it.

    Args: as of `invite`.
    """
    made = _asked(tx, act, rows)
    if not isinstance(made, _Made):
        return made
    facts = {"link": made.link.number, "by": "mail"}
    record(tx, act, Event.ACTIVATION_AGAIN, rows.user, facts)
    tx.phones.save(rows, made.after)
    return Handed(made.token)


def _asked(tx: Tx, act: Act, rows: Rows) -> _Made | NotSent | Later:
    """The next link, which a person asks for by themselves, within what may be asked."""
    newest = _newest(rows)
    if not act.tenant.policy.activation_again:
        return NotSent(Bar.POLICY)
    if newest is None or newest.withdrawn_at is not None:
        return NotSent(Bar.WITHDRAWN)
    made = _made(act, rows)
    if isinstance(made, NotSent):
        return made
    if act.now < activation.again_at(newest):
        return Later(activation.again_at(newest))
    spent = tx.budgets.spend(act.tenant.id, rows.user.id, act.now, AGAIN)
    if not AGAIN.allows(spent):
        return Later(spent.start + AGAIN.window_ms)
    return made


def reset(tx: Tx, act: Act, rows: Rows) -> Sent | NotSent:
    """Reset User: no phone, no session, no trusted browser, a new link; and a number comes free
    that a stale registration of the same person holds (SPEC §3, B5).

    Args: as of `invite`.
    """
    was, (token, digest) = rows.user, _token(act)
    after = binding.reset_user(rows, act.id(), digest, act.now, alone=_alone(tx, act, was))
    bar = bar_to_reset(was)
    if bar is not None or isinstance(after, No):
        return NotSent(bar or Bar.DISABLED)
    made = _Made(after, token)
    facts = {
        "link": made.link.number, "was": str(was.state), "now": str(after.user.state),
        "phone": rows.bound, "trusted": clients.distrust(tx, act, was),
        "stale_number": phone_proof.release_stale(tx, act, was) is not None,
    }  # fmt: skip
    for phone in rows.phones:
        phone_ends.let_go(tx, act, phone)
    record(tx, act, Event.USER_RESET, after.user, facts)
    sessions.close_all(tx, act, after.user, "reset-user")
    return _send(tx, act, rows, made, RESET, {})


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows with a link that is not stored yet, and its token for the mail."""

    after: Rows
    token: str = field(repr=False)

    @property
    def link(self) -> Link:
        return self.after.links[-1]


def _made(act: Act, rows: Rows) -> _Made | NotSent:
    token, digest = _token(act)
    after = binding.invite(rows, act.id(), digest, act.now)
    bar = bar_to_invite(rows.user, bound=rows.bound)
    if bar is not None or isinstance(after, No):
        return NotSent(bar or Bar.DISABLED)
    return _Made(after, token)


def _newest(rows: Rows) -> Link | None:
    return max(rows.links, key=lambda link: link.number, default=None)


def _just_sent(rows: Rows, now: int) -> bool:
    """Whether the newest link is open, and its mail hardly gone."""
    newest = _newest(rows)
    if newest is None or now >= activation.again_at(newest):
        return False
    return activation.judge(newest, newest.number, now).state is LinkState.OPEN


def _token(act: Act) -> tuple[str, str]:
    """A link's token, and what is stored of it."""
    token = act.parts.random.token()
    return token, act.parts.sealer.digest(PURPOSE, token)


def bar_to_invite(user: User, *, bound: bool) -> Bar | None:
    """Why a user is not invited; None: they are.

    Args:
        bound: the user has a phone.
    """
    found = activation.invitation(user.state, newest=1, bound=bound)
    return _unreachable(user) if activation.welcome(found) else Bar(found)


def bar_to_reset(user: User) -> Bar | None:
    """Why a user is not reset; None: they are. Also while changes are frozen: what its owner
    does not know is taken away before they are allowed again; the link waits for that, too.
    """
    return bar_to_invite(replace(user, frozen_at=None), bound=False)


def _unreachable(user: User) -> Bar | None:
    """Why no link reaches the user, or would do anything there."""
    if user.frozen_at is not None:
        return Bar.FROZEN
    return None if user.email else Bar.NO_ADDRESS


def _alone(tx: Tx, act: Act, user: User) -> bool:
    """Whether the account has no second step besides the phone."""
    return not second.methods(tx, act, user.id, phone=False)


def _send(
    tx: Tx, act: Act, rows: Rows, made: _Made, kind: str, about: Mapping[str, object]
) -> Sent:  # fmt: skip
    """Store the link and queue its mail, which is worth sending as long as the link lives.

    Args:
        about: what the mail's template needs besides.
    """
    tx.phones.save(rows, made.after)
    user, link = made.after.user, made.link
    address = act.parts.link(act.tenant, f"/activate/{made.token}")
    values = {"link": address, "ends": link.expires_at, **about}
    enqueue(tx, act, "mail", kind, user=user, address=user.email, values=values, life_ms=LIFE_MS)
    return Sent(user, link)
