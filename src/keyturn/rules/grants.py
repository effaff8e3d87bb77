"""Grants: what proofs permit.  The one table that pages, API and flows ask.

    deed                      asks for
    -----------------------   ------------------------------------------------------------
    unlock, end sessions,     nothing: they harm nobody
    resend a message
    start a directory reset   nothing: the phone decides
    resend the link           one proof
    lost or changed phone     two proofs by different means, of which not both can be relayed
    temporary password        the same, and at least one of them by a bound factor; the phone's
                              approval is none here: who has the phone chooses on it
    release the number        the same as a temporary password, the approval counts: at once

Of somebody with a role (staff), the last three ask besides for the word of a second technician: who
may do the same, and is another than the technician and the user.  It counts as that alone, and as
none of the two proofs.

A grant names deed, user, case and technician, lives five minutes, and is used once, in the
transaction that does the thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType
from typing import Final

from keyturn.rules.lockout import MINUTE
from keyturn.rules.proofs import About, Method, Proof, counts, suffice

LIFE_MS: Final = 5 * MINUTE


class Deed(StrEnum):
    """What is done for a caller."""

    UNLOCK = "unlock"
    END_SESSIONS = "end-sessions"
    RESEND = "resend"
    START_RESET = "start-reset"
    RESEND_LINK = "resend-link"
    LOST_PHONE = "lost-phone"
    RELEASE_NUMBER = "release-number"
    TEMPORARY_PASSWORD = "temporary-password"  # noqa: S105  a deed's name, not a secret


class Missing(StrEnum):
    """What a deed still asks for."""

    PROOF = "proof"  # a first one
    ANOTHER = "another"  # one more, by other means
    UNRELAYED = "unrelayed"  # one more that cannot be read aloud to somebody
    BOUND = "bound"  # one by something that was bound before the case
    SECOND = "second"  # the word of a second technician
    PHONE = "phone"  # nothing: their phone approves, so they choose a password on it themselves


@dataclass(frozen=True, slots=True)
class Demand:
    """One row of the table above.

    Attributes:
        proofs: how many, by different means.
        bound: one of them by a bound factor.
        second: for staff, a second technician besides.
        without: methods that prove nothing here.
    """

    proofs: int
    bound: bool = False
    second: bool = False
    without: frozenset[Method] = frozenset()


TABLE: Final[Mapping[Deed, Demand]] = MappingProxyType({
    Deed.UNLOCK: Demand(0),
    Deed.END_SESSIONS: Demand(0),
    Deed.RESEND: Demand(0),
    Deed.START_RESET: Demand(0),
    Deed.RESEND_LINK: Demand(1),
    Deed.LOST_PHONE: Demand(2, second=True),
    Deed.RELEASE_NUMBER: Demand(2, bound=True, second=True),
    Deed.TEMPORARY_PASSWORD: Demand(2, bound=True, second=True, without=frozenset({Method.PUSH})),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permit:
    """It may be done now.

    Attributes:
        proofs: by which, those of a bound factor first.
    """

    deed: Deed
    proofs: tuple[Proof, ...]

    @property
    def bound(self) -> bool:
        """Whether a bound factor took part."""
        return any(proof.nature.bound for proof in self.proofs)


@dataclass(frozen=True, slots=True)
class Short:
    """It may not be done: what is missing, the first first."""

    deed: Deed
    missing: tuple[Missing, ...]


def permit(
    deed: Deed, proofs: Iterable[Proof], about: About, now: int, *, staff: bool
) -> Permit | Short:
    """Whether the proofs of a case permit a deed.

    Args:
        proofs: as the case's log has them (rules.caselog), whatever they are about; the words
            of colleagues who may not do the same are left out by the caller.
        staff: the user has a role somewhere.
    """
    asked = TABLE[deed]
    every = [proof for proof in proofs if counts(proof, about, now)]
    good = [proof for proof in every if proof.method not in asked.without]
    apart = staff and asked.second
    words = [proof for proof in good if proof.method is Method.APPROVAL] if apart else []
    used = _enough(asked, [proof for proof in good if proof not in words])
    if not isinstance(used, tuple) and len(good) < len(every):
        used = Missing.PHONE
    lacks = () if isinstance(used, tuple) else (used,)
    if apart and not words:
        lacks = (*lacks, Missing.SECOND)
    if lacks or not isinstance(used, tuple):
        return Short(deed, lacks)
    return Permit(deed, (*used, *words[:1]))


def _enough(asked: Demand, proofs: Sequence[Proof]) -> tuple[Proof, ...] | Missing:
    """Those that do, bound ones first; or what is missing."""
    first = sorted(proofs, key=lambda proof: (not proof.nature.bound, -proof.at))
    if len(first) < min(asked.proofs, 1):
        return Missing.PROOF
    if asked.proofs <= 1:
        return tuple(first[: asked.proofs])
    pairs = [pair for pair in combinations(first, 2) if suffice(*pair)]
    fit = [pair for pair in pairs if not asked.bound or any(one.nature.bound for one in pair)]
    if fit:
        return max(fit, key=lambda pair: sum(one.nature.bound for one in pair))
    return _lacking(first, pairs)


def _lacking(proofs: Sequence[Proof], pairs: Sequence[tuple[Proof, Proof]]) -> Missing:
    """What keeps at least one proof from being enough."""
    if pairs:
        return Missing.BOUND
    return Missing.UNRELAYED if all(one.nature.relayed for one in proofs) else Missing.ANOTHER


# -- a grant


@dataclass(frozen=True, slots=True)
class Grant:
    """A deed that may be done once.

    Attributes:
        bound: a bound factor took part in the proofs.
    """

    id: str
    deed: Deed
    case_id: str
    user_id: str
    epoch: int
    technician_id: str
    at: int
    bound: bool = False
    used_at: int | None = None


def granted(grant_id: str, found: Permit, about: About, now: int) -> Grant:
    """The grant that a permit gives."""
    return Grant(
        id=grant_id, deed=found.deed, case_id=about.case_id, user_id=about.user_id,
        epoch=about.epoch, technician_id=about.technician_id, at=now, bound=found.bound,
    )  # fmt: skip


def use(grant: Grant, deed: Deed, about: About, now: int) -> Grant | None:
    """The grant, used by this; None: it does not permit it (any more)."""
    named = (grant.deed, grant.case_id, grant.user_id, grant.epoch, grant.technician_id)
    if named != (deed, about.case_id, about.user_id, about.epoch, about.technician_id):
        return None
    alive = grant.at <= now < grant.at + LIFE_MS
    return replace(grant, used_at=now) if alive and grant.used_at is None else None
