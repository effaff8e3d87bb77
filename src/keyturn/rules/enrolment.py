"""The code that a phone scans: ten minutes, one phone, a number that both show.

    waiting --a phone scans, or types--> scanned --its number is right--> bound
       |                                    |
       +---- time, a newer code, three wrong numbers, Reset User, disabled ----> over

A scan carries the public key that the app has just made, and everything after it is signed by
that key.  So the same phone saying the same again is the same scan (an answer is lost, a thumb
trembles), and every other phone hears that the code is taken.  The number stands on the page and
is asked for on the phone: whoever films the page sees a code that is taken, whoever holds up a
code of theirs shows their tenant and account.

Scanning ends after ten minutes.  A phone that scanned in time has time of its own for the number:
who scans in the last second is not punished for it.

*Typing* stands in for scanning where nothing can be scanned: ten letters (rules/crockford.py).
The first four name the code within its tenant, the other six (30 bits) are its secret, with the
tries of all codes (rules/codes.py).  When those are spent, the code can still be scanned.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules import codes, matching
from keyturn.rules.budgets import Budget
from keyturn.rules.crockford import drawn, fold
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.matching import Ended

LIFE_MS: Final = 10 * MINUTE
#: for the number, after the scan
NUMBER_MS: Final = 5 * MINUTE
#: bits of what is scanned; letters of what is typed, and how many of them name the code
SECRET_BYTES: Final = 16
TYPED: Final = 10
NAMING: Final = 4
#: codes of one user; and those that ended by wrong numbers: after them staff must look, because
#: somebody films the page (each code bears 3 guesses in 90)
CODES: Final = Budget("enrolment-codes", 20, HOUR)
MISMATCHES: Final = Budget("enrolment-mismatches", 3, DAY)
#: typed letters that name no code, from one network
TYPED_UNKNOWN: Final = Budget("enrolment-typed", 20, HOUR)


class CodeState(StrEnum):
    """See the picture above."""

    WAITING = "waiting"
    SCANNED = "scanned"
    BOUND = "bound"
    OVER = "over"


class What(StrEnum):
    """What happens to a code."""

    SCANNED = "scanned"
    MATCHED = "matched"
    ENDED = "ended"


#: state and what happened to the next state; what is not here does not happen
TABLE: Final[Mapping[tuple[CodeState, What], CodeState]] = MappingProxyType({
    (CodeState.WAITING, What.SCANNED): CodeState.SCANNED,
    (CodeState.WAITING, What.ENDED): CodeState.OVER,
    (CodeState.SCANNED, What.MATCHED): CodeState.BOUND,
    (CodeState.SCANNED, What.ENDED): CodeState.OVER,
})  # fmt: skip

OPEN: Final = frozenset({CodeState.WAITING, CodeState.SCANNED})


class Why(StrEnum):
    """Why a phone was not heard, besides what ended the code (Ended)."""

    TAKEN = "taken"  # another phone has scanned it
    UNSCANNED = "unscanned"  # a number before a scan
    WRONG = "wrong"  # not what is typed, or not the number: tries are left
    SPENT = "spent"  # nothing typed is right any more: scan it, or ask for a newer one


@dataclass(frozen=True, slots=True)
class ScanCode:
    """A code as stored.

    Attributes:
        flow_id: the page that shows it.
        link: number of the activation link that led there; 0: none, the user was signed in.
        epoch: the user's when it was made.
        digest: of the secret that is scanned.
        name, typed: the letters that name it, and a digest of all ten.
        number: the two digits that the page shows once it is scanned.
        expires_at: until when it can be scanned.
        key: the public key of the phone that scanned it, as the app sent it; "" before.
        tries: wrong letters; wrong: wrong numbers.
        phone_id: what was bound; "" before.
    """

    id: str
    tenant_id: str
    user_id: str
    flow_id: str
    link: int
    epoch: int
    digest: str
    name: str
    typed: str
    number: str
    made_at: int
    expires_at: int
    state: CodeState = CodeState.WAITING
    key: str = ""
    scanned_at: int | None = None
    tries: int = 0
    wrong: int = 0
    phone_id: str = ""
    ended: Ended | None = None
    ended_at: int | None = None


Refusal = Why | Ended


def ends_at(code: ScanCode) -> int | None:
    """When its present state ends by itself; None: never."""
    if code.state is CodeState.WAITING:
        return code.expires_at
    if code.state is CodeState.SCANNED and code.scanned_at is not None:
        return code.scanned_at + NUMBER_MS
    return None


def shown(code: ScanCode, now: int) -> ScanCode:
    """The code as it is at `now`, though no sweep may have stored it yet."""
    end = ends_at(code)
    return code if end is None or now < end else ended(code, Ended.EXPIRED, end)


def ended(code: ScanCode, reason: Ended, now: int) -> ScanCode:
    """The code, over; one that is bound or over stays as it is, and tells its first reason."""
    if code.state not in OPEN:
        return code
    return replace(code, state=TABLE[code.state, What.ENDED], ended=reason, ended_at=now)


def scan(code: ScanCode, key: str, now: int) -> tuple[ScanCode, Refusal | None]:
    """A phone has scanned it: its secret was right.

    Args:
        key: the phone's own; not "".

    Returns: the code to store, and why it was refused; None if it was not.
    """
    code = shown(code, now)
    if code.ended is not None:
        return code, code.ended
    if code.state is not CodeState.WAITING:
        return code, None if code.key == key else Why.TAKEN
    taken = replace(code, state=TABLE[code.state, What.SCANNED], key=key, scanned_at=now)
    return taken, None


def type_in(
    code: ScanCode, key: str, now: int, *, matches: bool
) -> tuple[ScanCode, Refusal | None]:  # fmt: skip
    """A phone's owner has typed letters that name it.

    Args:
        matches: all ten are right, compared in constant time.

    Returns: as of `scan`. A wrong one counts only while the code waits for a phone.
    """
    code = shown(code, now)
    if code.tries >= codes.TRIES and code.state is CodeState.WAITING:
        return code, Why.SPENT
    if matches:
        return scan(code, key, now)
    if code.state is not CodeState.WAITING:
        return code, code.ended or Why.TAKEN
    tried = replace(code, tries=code.tries + 1)
    return tried, Why.WRONG if tried.tries < codes.TRIES else Why.SPENT


def match(
    code: ScanCode, key: str, said: str, phone_id: str, now: int
) -> tuple[ScanCode, Refusal | None]:  # fmt: skip
    """The phone that scanned it says the number.

    Args:
        said: as matching.said reads it.
        phone_id: of the phone, if this binds it; asked again, the first one stays.

    Returns: as of `scan`. The caller binds the phone where the code's state became BOUND.
    """
    code = shown(code, now)
    if code.ended is not None:
        return code, code.ended
    if code.state is CodeState.WAITING:
        return code, Why.UNSCANNED
    if code.key != key:
        return code, Why.TAKEN
    if code.state is CodeState.BOUND:
        return code, None
    if said == code.number:
        bound = replace(code, state=TABLE[code.state, What.MATCHED], phone_id=phone_id)
        return bound, None
    wrong = replace(code, wrong=code.wrong + 1)
    if wrong.wrong < matching.TRIES:
        return wrong, Why.WRONG
    return ended(wrong, Ended.NUMBER, now), Ended.NUMBER


# -- what is typed


def spelled(letters: str) -> str:
    """Ten drawn letters as the page shows them: four, three and three. Raises ValueError."""
    code = drawn(letters, TYPED)
    return f"{code[:4]}-{code[4:7]}-{code[7:]}"


def typed_name(typed: str) -> tuple[str, str] | None:
    """What the letters name, and all ten as they are digested; None: these are no ten letters,
    and it is no try.
    """
    letters = fold(typed)
    if letters is None or len(letters) != TYPED:
        return None
    return letters[:NAMING], letters
