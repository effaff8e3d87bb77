"""The stamp of a password, and what two of them say together.

A directory keeps, for each attribute of each object, replication metadata: a version that
every originating write raises by one, the controller that originated the last one and when
(MS-ADTS 3.1.1.1.9, `msDS-ReplAttributeMetaData`).  For `unicodePwd` that is a stamp which
no reading changes and no clock is needed for.  `pwdLastSet` is none: writing 0 over 0
leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Stamp:
    """Replication metadata of one attribute of one account, as one controller sees it.

    A directory that does not count writes (docs/design/09) has the moment of the last one, in
    microseconds, as `version`, and neither origin nor usn.

    Attributes:
        version: raised by one at every originating write; 0 if it was never written.
        origin: invocationId of the controller where the last write began, hex.
        at: when, by that controller's clock, ms since the epoch.
        usn: the originating controller's update sequence number of that write. Attributes
            written by one modify share it.
    """

    version: int
    origin: str
    at: int
    usn: int


class Bind(StrEnum):
    """What a controller said to a password tried there once."""

    RIGHT = "right"  # accepted, or refused for a reason that shows it was right (answers.py)
    WRONG = "wrong"  # 52e and kin
    SILENT = "silent"  # it said nothing about the password (775, unreachable)


class ProofState(StrEnum):
    """How far one controller has come with one reset."""

    WAITING = "waiting"  # the change has not arrived
    ARRIVED = "arrived"  # metadata shows it; the password not tried (only a listener reaches)
    PROVED = "proved"  # arrived, and the password was tried there once and is right
    CHANGED = "changed"  # a later write of somebody else is there
    UNREACHABLE = "unreachable"  # nobody could ask it
    READ_ONLY = "read_only"  # holds no password of its own: asks a writable one


#: whose metadata shows a change, by what was asked for (JobKind)
ATTRIBUTE: Final[Mapping[str, str]] = {
    "reset": "unicodePwd",
    "unlock": "lockoutTime",
    "require_change": "pwdLastSet",
}
#: states in which a controller has the change
THERE: Final = frozenset({ProofState.ARRIVED, ProofState.PROVED})


class Verdict(StrEnum):
    """What two stamps, and perhaps one try, say of a change that nobody answered for."""

    DONE = "done"
    NOT_DONE = "not_done"
    CHANGED = "changed"  # since by someone else
    ALREADY = "already"  # so without us: reported as done, with this reason
    TRY = "try"  # the stamp could be ours: the password decides; None left to try: "untried"


def settle(before: Stamp, now: Stamp, origin: str, bind: Bind | None) -> Verdict | None:
    """What became of one modify of `unicodePwd` that may or may not have been made.

    Args:
        before: the stamp that the permit was asked with.
        now: the stamp read on the very controller that was used, after the permit has ended
            and the directory's time-out with it. (Elsewhere "as before" means nothing: the
            change may not have arrived yet.)
        origin: invocationId of that controller, hex.
        bind: what it said to the password, tried there once; None: not tried (yet).

    Returns: the answer; TRY: try the password there once and ask again; None: the controller
    said nothing about the password (it is locked, say), so ask again later.

    | stamp now | bind | answer |
    |---|---|---|
    | as before | | not done |
    | one higher, by the controller we used | right | done |
    | one higher, by the controller we used | wrong | changed |
    | anything else | | changed |

    A moment that was `forgotten` could be anybody's: the password decides, and a wrong one is
    "not done" where nothing shows a change.
    """
    if now == before and not forgotten(now, origin):
        return Verdict.NOT_DONE
    if not follows(before, now, origin):
        return Verdict.CHANGED
    match bind:
        case Bind.RIGHT:
            return Verdict.DONE
        case Bind.WRONG:
            return Verdict.NOT_DONE if now == before else Verdict.CHANGED
        case Bind.SILENT:
            return None
        case _:
            return Verdict.TRY


def settle_flag(before: Stamp, now: Stamp, origin: str, *, still: bool) -> Verdict:
    """The same for an unlock and a required change, which no password proves.

    Args:
        before, now: stamps of `lockoutTime` or `pwdLastSet`, as in `settle`.
        still: the attribute says now what was asked for (not locked; must change).

    Whoever writes 0 over 0 may leave no trace, so "as before" says only that nothing was
    *changed*. If what was asked for is `still` so, it is so: "already" when that cannot have
    been our modify (nothing was written, or somebody else wrote last), "done" when it can.
    Where it is not so, the stamp tells apart: as before, not done; anything else, changed
    since (one higher by us and yet not so: it was locked again).
    """
    if still:
        return Verdict.DONE if follows(before, now, origin) else Verdict.ALREADY
    return Verdict.NOT_DONE if now == before else Verdict.CHANGED


def follows(before: Stamp, now: Stamp, origin: str) -> bool:
    """Whether `now` is exactly one write later, begun at `origin`: the only thing that our
    own modify can have made.  Where writes are not counted (`origin` is ""): later at all, or
    `forgotten`.
    """
    if not origin:
        return not now.origin and (now.version > before.version or forgotten(now, origin))
    return now.version == before.version + 1 and now.origin == origin


def forgotten(now: Stamp, origin: str) -> bool:
    """Whether the stamp says nothing: where writes are not counted, a directory may forget the
    moment of the last one while the password must be changed.  Then the password alone decides.
    """
    return not origin and now.version == 0


def arrived(after: Stamp, seen: Stamp, bind: Bind | None) -> ProofState:
    """How far a controller has come with a change whose own stamp is `after`.

    Args:
        seen: the stamp it shows.
        bind: what it said to the password; None: not tried. It is tried only where this
            function said ARRIVED before, so that a proof costs nobody a try.

    Two writes of one version from two controllers are a conflict that every controller
    resolves alike: the later one stays, then the one with the higher origin
    (MS-DRSR 4.1.10.6.8, comparing AttributeStamps).  A password that is wrong though our own
    stamp is there was replaced between the two looks: WAITING, look again.
    """
    if _order(seen) < _order(after):
        return ProofState.WAITING
    if _order(seen) > _order(after):
        return ProofState.CHANGED
    if bind is Bind.WRONG:
        return ProofState.WAITING
    return ProofState.PROVED if bind is Bind.RIGHT else ProofState.ARRIVED


def _order(stamp: Stamp) -> tuple[int, int, str]:
    return (stamp.version, stamp.at, stamp.origin)


def everywhere(proofs: Mapping[str, ProofState], writable: Collection[str]) -> bool:
    """Whether every writable controller has the change.

    Args:
        proofs: what is known, by DNS name.
        writable: DNS names of all writable controllers; none: the topology is not known, and
            then nothing is everywhere.
    """
    return bool(writable) and all(proofs.get(host) in THERE for host in writable)
