"""Cases for tests of their rules: a desk that writes a log."""

from __future__ import annotations

from typing import Any

from keyturn.rules.caselog import Kind, Row, Standing, read
from keyturn.rules.proofs import About

NOW = 1_767_965_460_000
USER, CASE, TENANT = "ada", "case", "tenant"
#: when the case was opened, and since when everything of the user's has been theirs
OPENED, OLD = NOW - 3_600_000, NOW - 86_400_000


class Desk:
    """A case; what happens to it is said by calling it."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now
        self.rows: list[Row] = []

    def __call__(self, kind: Kind, about: str = "", actor: str | None = None, **facts: Any) -> Row:
        number = len(self.rows) + 1
        row = Row(f"r{number}", TENANT, CASE, number, kind, self.now, actor, about, facts)
        self.rows.append(row)
        return row

    @property
    def standing(self) -> Standing:
        return read(USER, self.rows)

    def take(self, who: str) -> Row:
        return self(Kind.TAKEN, who, who)

    def proved(self, method: str, about: str = "", **facts: Any) -> Row:
        """By the rules, in this turn."""
        plain: dict[str, Any] = {
            "method": method,
            "turn": self.standing.turn,
            "epoch": 1,
            "since": OLD,
        }
        return self(Kind.PROVED, about, **{**plain, **facts})

    def failed(self, method: str, outcome: str, about: str = "") -> Row:
        facts: dict[str, Any] = {"method": method, "turn": self.standing.turn, "outcome": outcome}
        return self(Kind.FAILED, about, **facts)


def about(technician: str, epoch: int = 1) -> About:
    return About(CASE, USER, epoch, technician, OPENED)
