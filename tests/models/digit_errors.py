"""Errors in codes for the explorer to find.

Those of the rules alone come from tests/unit/rules/test_codes_model.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.rules import codes as rules
from keyturn.rules.codes import Code
from keyturn.steps import codes
from tests.models.digits import CodesTx, Rules
from tests.unit.rules import test_codes_model as alone


class ReplacesAll(CodesTx):
    """A resend replaces the codes of every browser."""

    def add(self, code: Code) -> None:
        self.rows = {n: replace(r, replaced_at=code.sent_at) for n, r in self.rows.items()}
        self.rows[code.id] = code


class ReplacesNone(CodesTx):
    """A resend leaves the older code alive."""

    def add(self, code: Code) -> None:
        self.rows[code.id] = code


class OldestCounts(CodesTx):
    """After a resend the older code is asked for."""

    def latest(self, flow_id: str) -> Code | None:
        mine = [r for r in self.rows.values() if r.flow_id == flow_id]
        return min(mine, key=lambda r: r.id, default=None)


class NewestOfAll(CodesTx):
    """The newest code counts, whoever was sent it."""

    def latest(self, _flow_id: str) -> Code | None:
        return max(self.rows.values(), key=lambda r: (r.sent_at, r.id), default=None)


class Revives(CodesTx):
    """A resend makes used codes new, too."""

    def add(self, code: Code) -> None:
        super().add(code)
        for row in [r for r in self.rows.values() if r.flow_id == code.flow_id]:
            self.rows[row.id] = replace(row, used_at=None, replaced_at=None)


def _any_of_them(act: Any, code: Code, typed: str) -> bool:
    """The digits are compared without the code's id: another browser's digits match."""
    return (code.digest or "").startswith(code.id[0]) and typed in {"a0", "a1", "b0"}


def _unsaved(_tx: Any, act: Any, code: Code) -> Any:
    return rules.follow(code, act.now)[1]


def _replaced_is_free(tx: Any, act: Any, flow: Any, typed: str) -> Any:
    """Typing an older code gives the try back."""
    found = _replaced(tx, act, flow, typed)
    if found is not None:
        code = tx.latest(flow.id)
        tx.save(replace(code, tries=code.tries - 1))
    return found


def _never_replaced(_tx: Any, _act: Any, _flow: Any, _typed: str) -> None:
    """An older code is told as wrong."""


def _life_of_a_link(*happened: Any, **more: Any) -> Any:
    code, digits, token = _fresh(*happened, **more)
    return replace(code, expires_at=code.sent_at + rules.LINK_LIFE_MS), digits, token


_replaced, _fresh = codes._replaced, codes._fresh

STEPS: dict[str, dict[str, Any]] = {
    "another browser's digits are right": {"_is": _any_of_them},
    "a link that was followed is not stored": {"follow": _unsaved},
    "an older code costs no try": {"_replaced": _replaced_is_free},
    "an older code is called wrong": {"_replaced": _never_replaced},
    "digits live as long as a link": {"_fresh": _life_of_a_link},
}
STORES: dict[str, type[CodesTx]] = {
    "a resend replaces every browser's code": ReplacesAll,
    "a resend replaces nothing": ReplacesNone,
    "the older code counts after a resend": OldestCounts,
    "the newest code counts, whoever was sent it": NewestOfAll,
    "a resend revives older codes": Revives,
}


def _alone(mutant: Any) -> Rules:
    named = {"attempt": mutant.attempt, "follow": mutant.follow}
    return Rules({n: f for n, f in named.items() if f is not getattr(rules, n)})


#: only the newest code of a browser is ever judged, so this one shows in tests/unit alone
UNSEEN = "a replaced code still answers"

ERRORS: dict[str, Rules] = {
    **{name: _alone(mutant) for name, mutant in alone.MUTANTS.items() if name != UNSEEN},
    **{name: Rules(steps=steps) for name, steps in STEPS.items()},
    **{name: Rules(store=store) for name, store in STORES.items()},
}
