"""Proofs: what says, within a case, that a caller is who they say.

    method     means      bound factor   relayed if read aloud
    --------   --------   ------------   ---------------------
    push       phone app  yes            no
    offline    phone app  yes            yes
    text       number     no             yes
    mail       mailbox    no             yes
    presence   device     yes            no
    device     device     yes            yes
    approval   person     no             no

By *presence* the button of a device of theirs is pressed; by *device* its code is read out.

*Means*: what an impostor would have to hold.  *Bound factor*: something that was bound to the
account before the case was opened took part.  *Relayed*: whoever has the person on another line
can have it read out to them.  Nothing is proved by what a caller knows.

A proof is good for ten minutes, in the case and for the technician that it was asked for, and as
long as nothing has reset or frozen the account (its epoch).  The word of a colleague counts only
from somebody who is neither the technician nor the user.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.budgets import Budget
from keyturn.rules.lockout import HOUR
from keyturn.rules.verified import PROOF_MS

#: wrong codes in one case, of all methods that are read aloud; then these are over in it
WRONG: Final = 5
#: texts and mails with codes that staff may send one user
CASE_CODES: Final = Budget("case-codes", 5, HOUR)
#: how long a colleague may take for their word
APPROVAL_MS: Final = PROOF_MS


class Method(StrEnum):
    """See the table above."""

    PUSH = "push"
    OFFLINE = "offline"
    TEXT = "text"
    MAIL = "mail"
    PRESENCE = "presence"  # the button of a device of theirs is pressed
    DEVICE = "device"  # … or its code read out
    APPROVAL = "approval"


class Means(StrEnum):
    """What an impostor would have to hold."""

    APP = "app"
    NUMBER = "number"
    MAILBOX = "mailbox"
    DEVICE = "device"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Nature:
    """One row of the table above."""

    means: Means
    bound: bool
    relayed: bool


TABLE: Final[Mapping[Method, Nature]] = MappingProxyType({
    Method.PUSH: Nature(Means.APP, bound=True, relayed=False),
    Method.OFFLINE: Nature(Means.APP, bound=True, relayed=True),
    Method.TEXT: Nature(Means.NUMBER, bound=False, relayed=True),
    Method.MAIL: Nature(Means.MAILBOX, bound=False, relayed=True),
    Method.PRESENCE: Nature(Means.DEVICE, bound=True, relayed=False),
    Method.DEVICE: Nature(Means.DEVICE, bound=True, relayed=True),
    Method.APPROVAL: Nature(Means.PERSON, bound=False, relayed=False),
})  # fmt: skip


class Outcome(StrEnum):
    """Why a proof was none."""

    DENIED = "denied"  # the phone, or the colleague, said no
    WRONG = "wrong"  # a code, or a number on the phone
    NO_ANSWER = "no-answer"
    LATE = "late"  # a code that was right, or is over


@dataclass(frozen=True, slots=True)
class About:
    """What a proof has to be about, to count now.

    Attributes:
        user_id, epoch: whom the case concerns, and that user's epoch, as stored.
        technician_id: whose case it is now.
        opened_at: when the case was opened.
    """

    case_id: str
    user_id: str
    epoch: int
    technician_id: str
    opened_at: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A caller was proved.

    Attributes:
        epoch: the user's at that moment.
        technician_id: to whom.
        at: when.
        since: since when what was asked has been the user's: the phone bound, the number or
            the address proved; 0 where nothing of theirs took part.
        by: whose word it is, with an approval; else "".
    """

    case_id: str
    user_id: str
    epoch: int
    technician_id: str
    method: Method
    at: int
    since: int = 0
    by: str = ""

    @property
    def nature(self) -> Nature:
        """See TABLE."""
        return TABLE[self.method]


def until(proof: Proof) -> int:
    """When it ends."""
    return proof.at + PROOF_MS


def counts(proof: Proof, about: About, now: int) -> bool:
    """Whether it says anything in this case, to this technician, at this moment."""
    theirs = (proof.case_id, proof.user_id, proof.epoch, proof.technician_id)
    if theirs != (about.case_id, about.user_id, about.epoch, about.technician_id):
        return False
    if proof.since >= about.opened_at:
        return False
    if proof.method is Method.APPROVAL and proof.by in {"", about.technician_id, about.user_id}:
        return False
    return proof.at <= now < until(proof)


def suffice(one: Proof, other: Proof) -> bool:
    """Whether two are by different means, and not both can be relayed."""
    a, b = one.nature, other.nature
    return a.means is not b.means and not (a.relayed and b.relayed)
