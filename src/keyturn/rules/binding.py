"""All that hangs on one user's row, and what each transaction that holds that row does to it.

    who does it      user                    links       codes, questions   phones
    --------------   ---------------------   ---------   ----------------   -----------------
    invite           -                       a newer     begun by the old   -
                                                         link: over
    show a code      -                       -           a newer code       -
    bind             invited → active        used        bound              the old one: stale
    unbind           -                       -           -                  that one: revoked
    Reset User       epoch + 1; active →     a newer     over               revoked
                     invited where the
                     phone was all it had
    disable          disabled, epoch + 1     withdrawn   over               stay, and are refused

Whoever does one of these locks the user's row first.  So of any two one is second, and sees what
the first has done: nothing begun before a reset or a disabling is finished after it, and two
people with one link cannot both end.  Everything is said twice on purpose (a code is over, *and*
its epoch and its link's number are not the user's any more): one forgotten row lets nobody in.

The rules are pure: rows in, rows out; the caller stores those that differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from keyturn.rules import activation, approvals, enrolment, phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import Link
from keyturn.rules.approvals import Approval
from keyturn.rules.enrolment import CodeState, ScanCode
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState


@dataclass(frozen=True, slots=True)
class Rows:
    """What a transaction has read while it held the user's row.

    Attributes:
        links: the user's; all that are younger than any open flow.
        codes, questions, phones: the user's that are not over; others may be among them.
    """

    user: User
    links: tuple[Link, ...] = ()
    codes: tuple[ScanCode, ...] = ()
    questions: tuple[Approval, ...] = ()
    phones: tuple[Phone, ...] = ()

    @property
    def newest(self) -> int:
        """The number of the user's newest link, 0 if there is none."""
        return max((link.number for link in self.links), default=0)

    @property
    def bound(self) -> bool:
        """Whether the user has a phone."""
        return any(phone.state is PhoneState.ACTIVE for phone in self.phones)


class No(StrEnum):
    """Why a transaction changes nothing."""

    USER = "user"  # the user is in no state for it
    LINK = "link"  # the link that it was begun by does not hold any more
    ABSENT = "absent"  # no such code


Refusal = No | enrolment.Refusal


def invite(rows: Rows, link_id: str, digest: str, now: int) -> Rows | No:
    """A link for whoever is to be invited (activation.invitation), also by oneself (AGAIN)."""
    found = activation.invitation(rows.user.state, newest=rows.newest, bound=rows.bound)
    return _newer(rows, link_id, digest, now) if activation.welcome(found) else No.USER


def _newer(rows: Rows, link_id: str, digest: str, now: int) -> Rows:
    """The next link; what an older one began is over."""
    user = rows.user
    link = activation.made(link_id, user.tenant_id, user.id, digest, rows.newest, now)
    return replace(rows, links=(*rows.links, link), codes=_codes(rows, Ended.NEWER, now))


def reset_user(
    rows: Rows, link_id: str, digest: str, now: int, *, alone: bool
) -> Rows | No:  # fmt: skip
    """Reset User: no phone, no session, a new link.

    Where the phone was the only second step, the account is invited again: else the password
    alone would open it until the next phone is bound.

    Args:
        alone: the user has no second step besides the phone.
    """
    if rows.user.state not in {UserState.ACTIVE, UserState.INVITED}:
        return No.USER
    weaker = alone and rows.bound
    state = UserState.INVITED if weaker else rows.user.state
    after = _ended(rows, Ended.RESET, state, now)
    phones = tuple(phone_app.over(phone, PhoneState.REVOKED, now) for phone in rows.phones)
    return _newer(replace(after, phones=phones), link_id, digest, now)


def disable(rows: Rows, now: int) -> Rows | No:
    """Nobody acts for the user any more, and nothing that was begun is finished."""
    if rows.user.state is UserState.DISABLED:
        return No.USER
    after = _ended(rows, Ended.DISABLED, UserState.DISABLED, now)
    links = tuple(
        replace(link, withdrawn_at=now) if link.withdrawn_at is None else link
        for link in rows.links
    )
    return replace(after, links=links)


def _ended(rows: Rows, reason: Ended, state: UserState, now: int) -> Rows:
    user = replace(rows.user, state=state, epoch=rows.user.epoch + 1)
    questions = tuple(_over(one, reason, now) for one in rows.questions)
    return replace(rows, user=user, codes=_codes(rows, reason, now), questions=questions)


def _codes(rows: Rows, reason: Ended, now: int) -> tuple[ScanCode, ...]:
    """All codes over: those whose time had come, by that."""
    return tuple(enrolment.ended(enrolment.shown(code, now), reason, now) for code in rows.codes)


def _over(one: Approval, reason: Ended, now: int) -> Approval:
    return approvals.ended(approvals.shown(one, now), reason, now)


def show(rows: Rows, code: ScanCode, now: int) -> Rows | No:
    """A page shows a code; the one before it is over, wherever it was shown.

    Args:
        code: new, with the link's number and the epoch that the page began with.
    """
    why = _unfit(rows, code)
    return why or replace(rows, codes=(*_codes(rows, Ended.NEWER, now), code))


def _unfit(rows: Rows, code: ScanCode) -> No | None:
    """Why a code binds nothing, as far as user and link go."""
    good = {UserState.ACTIVE, UserState.INVITED}
    if rows.user.state not in good or code.epoch != rows.user.epoch:
        return No.USER
    begun = [link for link in rows.links if link.number == code.link]
    dead = [link for link in begun if not activation.holds(link, rows.newest)]
    return No.LINK if dead or bool(begun) is not bool(code.link) else None


def bind(
    rows: Rows, code_id: str, said: str, phone: Phone, now: int
) -> tuple[Rows, Refusal | None]:  # fmt: skip
    """A phone says the number of the code that it has scanned, and is the user's from then on.

    Said again by the same phone, it is what it was: bound once.

    Args:
        said: as matching.said reads it.
        phone: as it is to be stored; its key is the one that signs.

    Returns: the rows to store, and why nothing was bound; None if the phone is bound.
    """
    code = next((one for one in rows.codes if one.id == code_id), None)
    if code is None:
        return rows, No.ABSENT
    after, why = enrolment.match(code, phone.key, said, phone.id, now)
    fresh = after.state is CodeState.BOUND and code.state is not CodeState.BOUND
    unfit = _unfit(rows, code) if fresh else None
    if unfit is not None:
        return rows, unfit
    codes = tuple(after if one.id == code_id else one for one in rows.codes)
    kept = replace(rows, codes=codes)
    return (_bound(kept, after.link, phone, now) if fresh else kept), why


def unbind(rows: Rows, phone_id: str, now: int) -> Rows:
    """The owner takes a phone away; what was asked of it, it may answer no more (phone_app)."""
    phones = tuple(
        phone_app.over(one, PhoneState.REVOKED, now) if one.id == phone_id else one
        for one in rows.phones
    )
    return replace(rows, phones=phones)


def _bound(rows: Rows, link: int, phone: Phone, now: int) -> Rows:
    """The phone is the user's one phone, and the link has done its work."""
    links = tuple(
        replace(one, used_at=now) if one.number == link else one for one in rows.links
    )  # fmt: skip
    old = tuple(phone_app.over(one, PhoneState.STALE, now) for one in rows.phones)
    questions = tuple(_over(one, Ended.NEWER, now) for one in rows.questions)
    user = replace(rows.user, state=UserState.ACTIVE)
    return replace(rows, user=user, links=links, questions=questions, phones=(*old, phone))
