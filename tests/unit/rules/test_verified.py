"""What a verified caller has proved, to whom, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.accounts import User, UserState
from keyturn.rules.approvals import LIFE_MS, Approval, Kind, State
from keyturn.rules.verified import PROOF_MS, proved_to, proved_until

NOW = 10_000_000
USER = User(
    id="u", tenant_id="t", state=UserState.ACTIVE, name="Ada", username=None, email="", phone=None,
    phone_verified_at=None, password_hash=None, password_set_at=None, epoch=3, frozen_at=None,
    timezone=None, created_at=0,
)  # fmt: skip
USED = Approval(
    id="a", tenant_id="t", user_id="u", phone_id="p", kind=Kind.CALLER, subject="tech", epoch=3,
    asker="Tom", place="here", number="42", made_at=NOW - 9, expires_at=NOW + LIFE_MS,
    state=State.USED, answered_at=NOW, used_at=NOW,
)  # fmt: skip
END = NOW + PROOF_MS


@pytest.mark.parametrize(("now", "until"), [(NOW, END), (END - 1, END), (END, None)])
def test_a_proof_holds_for_minutes(now: int, until: int | None) -> None:
    assert proved_to([USED], USER, "tech", now) == until


@pytest.mark.parametrize(
    "other",
    [
        replace(USED, user_id="v"), replace(USED, subject="other"), replace(USED, epoch=2),
        replace(USED, kind=Kind.SECOND), replace(USED, state=State.APPROVED, used_at=None),
        replace(USED, state=State.DENIED, used_at=None), replace(USED, used_at=None),
    ],
    ids=["user", "technician", "epoch", "kind", "approved", "denied", "never"],
)  # fmt: skip
def test_nothing_else_proves(other: Approval) -> None:
    assert proved_to([other], USER, "tech", NOW) is None


def test_the_last_of_several_counts() -> None:
    later = replace(USED, id="b", used_at=NOW + 5)
    assert proved_to([later, USED], USER, "tech", NOW + 6) == END + 5
    assert proved_until(later) == END + 5
