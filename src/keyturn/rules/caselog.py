"""What a case is, read out of its log.

    open --taken--> taken --handed--> taken … --closed--> closed

A log has a row for each thing that happened, numbered, written once and never changed.  What the
case is (whose, what is proved, what was granted) is made of it here and nowhere else, so that the
page, the API and the flow that acts cannot disagree.

A *turn* begins when somebody takes the case or is handed it.  Proofs, grants and what is being
asked belong to the turn in which they were begun: with the next one nothing of them is left, also
where the case comes back to the same person.  Nothing is left in a closed case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.grants import Deed, Grant
from keyturn.rules.proofs import TABLE, WRONG, Method, Outcome, Proof


class Kind(StrEnum):
    """What happened, and what its row's facts hold."""

    OPENED = "opened"  # by staff: name
    TAKEN = "taken"
    HANDED = "handed"
    NOTE = "note"  # text
    ASKED = "asked"  # method, turn; until; colleague (with an approval)
    PROVED = "proved"  # method, turn, epoch, since; by (with an approval)
    FAILED = "failed"  # method, turn, outcome
    GRANTED = "granted"  # deed, turn, epoch, bound
    USED = "used"
    STOPPED = "stopped"  # a recovery: why
    CLOSED = "closed"  # cause


#: rows that say whose the case is; `about` has their id
TURNS: Final = frozenset({Kind.TAKEN, Kind.HANDED})


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened.

    Attributes:
        number: counts the case's rows, from 1.
        actor_id: who of staff did it; None: the person, or nobody.
        about: id of what it is about: whose the case is from now on, the question, the code's
            flow, the grant.
    """

    id: str
    tenant_id: str
    case_id: str
    number: int
    kind: Kind
    at: int
    actor_id: str | None = None
    about: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a case is now.

    Attributes:
        holder: whose it is; "": nobody's.
        turn: number of the row with which their turn began; 0: there was none.
        wrong: wrong codes in the whole case.
        proofs: of this turn, whatever they are worth by now.
        asked: of this turn, by what it is about, what has had no end.
        grants: of this turn, by id.
    """

    holder: str = ""
    turn: int = 0
    closed: bool = False
    wrong: int = 0
    proofs: tuple[Proof, ...] = ()
    asked: Mapping[str, Row] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)

    @property
    def spent(self) -> bool:
        """Whether no code that is read aloud is taken in this case any more."""
        return self.wrong >= WRONG


def read(user_id: str, rows: Iterable[Row]) -> Standing:
    """What a case is.

    Args:
        user_id: whom it concerns; "" for nobody, of whom nothing can be proved.
        rows: its log, in the order of their numbers.
    """
    standing = Standing()
    for row in rows:
        step = _STEPS.get(row.kind)
        if step is not None and not standing.closed:
            standing = step(standing, row, user_id)
    return standing


def ours(rows: Iterable[Row], about: str) -> tuple[Row, ...]:
    """The rows about one question, code or grant."""
    return tuple(row for row in rows if row.about == about)


def outcomes(rows: Iterable[Row], about: str) -> frozenset[Kind]:
    """How what was asked has ended; a wrong code is no end."""
    ends = (row for row in ours(rows, about) if row.kind in {Kind.PROVED, Kind.FAILED})
    return frozenset(row.kind for row in ends if not _again(row))


def _turn(standing: Standing, row: Row, _user_id: str) -> Standing:
    return Standing(holder=row.about, turn=row.number, wrong=standing.wrong)


def _asked(standing: Standing, row: Row, _user_id: str) -> Standing:
    if row.facts.get("turn") != standing.turn:
        return standing
    # a newer one by the same method takes the place of the one before
    others = {
        about: one for about, one in standing.asked.items()
        if one.facts.get("method") != row.facts.get("method")
    }  # fmt: skip
    return replace(standing, asked={**others, row.about: row})


def _proved(standing: Standing, row: Row, user_id: str) -> Standing:
    left = _without(standing, row)
    if row.facts.get("turn") != standing.turn or not standing.turn:
        return left
    return replace(left, proofs=(*left.proofs, _proof(row, standing.holder, user_id)))


def _proof(row: Row, holder: str, user_id: str) -> Proof:
    facts = row.facts
    return Proof(
        case_id=row.case_id, user_id=user_id, epoch=_number(facts, "epoch"), technician_id=holder,
        method=Method(str(facts["method"])), at=row.at, since=_number(facts, "since"),
        by=str(facts.get("by", "")),
    )  # fmt: skip


def _failed(standing: Standing, row: Row, _user_id: str) -> Standing:
    typed = TABLE[Method(str(row.facts["method"]))].relayed
    wrong = typed and row.facts.get("outcome") == Outcome.WRONG
    counted = replace(standing, wrong=standing.wrong + 1) if wrong else standing
    return counted if _again(row) else _without(counted, row)


def _again(row: Row) -> bool:
    """Whether a row is of a wrong code, after which another may be typed."""
    if row.kind is not Kind.FAILED or row.facts.get("outcome") != Outcome.WRONG:
        return False
    return TABLE[Method(str(row.facts["method"]))].relayed


def _without(standing: Standing, row: Row) -> Standing:
    left = {about: one for about, one in standing.asked.items() if about != row.about}
    return replace(standing, asked=left)


def _granted(standing: Standing, row: Row, user_id: str) -> Standing:
    if row.facts.get("turn") != standing.turn:
        return standing
    grant = Grant(
        id=row.about, deed=Deed(str(row.facts["deed"])), case_id=row.case_id, user_id=user_id,
        epoch=_number(row.facts, "epoch"), technician_id=standing.holder, at=row.at,
        bound=bool(row.facts.get("bound")),
    )  # fmt: skip
    return replace(standing, grants={**standing.grants, grant.id: grant})


def _used(standing: Standing, row: Row, _user_id: str) -> Standing:
    grant = standing.grants.get(row.about)
    if grant is None:
        return standing
    used = {row.about: replace(grant, used_at=row.at)}
    return replace(standing, grants={**standing.grants, **used})


def _closed(standing: Standing, _row: Row, _user_id: str) -> Standing:
    return Standing(holder=standing.holder, closed=True, wrong=standing.wrong)


def _number(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name, 0)
    return value if isinstance(value, int) else 0


_STEPS: Final[Mapping[Kind, Callable[[Standing, Row, str], Standing]]] = MappingProxyType({
    Kind.TAKEN: _turn,
    Kind.HANDED: _turn,
    Kind.ASKED: _asked,
    Kind.PROVED: _proved,
    Kind.FAILED: _failed,
    Kind.GRANTED: _granted,
    Kind.USED: _used,
    Kind.CLOSED: _closed,
})  # fmt: skip
