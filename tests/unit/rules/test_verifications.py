"""How verifications of callers end, and what a ticket system may send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules import approvals, verifications
from keyturn.rules.accounts import UserState
from keyturn.rules.approvals import Approval, Kind, State
from keyturn.rules.matching import Ended
from keyturn.rules.verifications import Ending, Outcome, Reason, Verification, Wish

NOW = 1_790_000_000_000
ONE = Approval(
    id="a", tenant_id="t", user_id="u", phone_id="p", kind=Kind.CALLER, subject="k", epoch=0,
    asker="Tom", place="Desk, INC-1", number="42", made_at=NOW, expires_at=NOW + 60_000,
)  # fmt: skip
WISH = Wish("ada", "INC-4711", " Tom ", "6f1c")


def test_what_waits_and_what_was_just_approved_has_no_end() -> None:
    assert verifications.ending(ONE) is None
    assert verifications.ending(replace(ONE, state=State.APPROVED, answered_at=NOW + 1)) is None


def test_yes_and_no_end_it_when_they_were_said() -> None:
    used = replace(ONE, state=State.USED, answered_at=NOW + 1, used_at=NOW + 2)
    denied = replace(ONE, state=State.DENIED, answered_at=NOW + 1)
    assert verifications.ending(used) == Ending(Outcome.VERIFIED, None, NOW + 2)
    assert verifications.ending(denied) == Ending(Outcome.DENIED, None, NOW + 1)


@pytest.mark.parametrize(
    ("why", "outcome", "reason"),
    [
        (Ended.EXPIRED, Outcome.NO_ANSWER, None),
        (Ended.NEWER, Outcome.SUPERSEDED, None),
        (Ended.NUMBER, Outcome.WRONG, None),
        (Ended.RECALLED, Outcome.WITHDRAWN, None),
        (Ended.RESET, Outcome.NOT_POSSIBLE, Reason.RESET),
        (Ended.DISABLED, Outcome.NOT_POSSIBLE, Reason.DISABLED),
    ],
)
def test_each_way_in_which_a_question_is_over_is_an_outcome(
    why: Ended, outcome: Outcome, reason: Reason | None
) -> None:
    over = approvals.ended(ONE, why, NOW + 5)
    assert verifications.ending(over) == Ending(outcome, reason, NOW + 5)


def test_every_end_there_is_has_its_outcome() -> None:
    ends = [verifications.ending(approvals.ended(ONE, why, NOW)) for why in Ended]
    assert None not in ends


def test_a_yes_that_could_not_be_taken_is_no_silence() -> None:
    said = replace(ONE, state=State.APPROVED, answered_at=NOW + 1)
    late = approvals.shown(said, NOW + 1 + approvals.TAKE_MS)
    found = verifications.ending(late)
    assert found == Ending(Outcome.NOT_POSSIBLE, Reason.CHANGED, NOW + 1 + approvals.TAKE_MS)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (UserState.ACTIVE, None), (UserState.DISABLED, Reason.DISABLED),
        (UserState.INVITED, Reason.NOT_ACTIVE), (UserState.UNVERIFIED, Reason.NOT_ACTIVE),
    ],
)  # fmt: skip
def test_only_an_active_account_s_phone_can_be_asked(
    state: UserState, reason: Reason | None
) -> None:
    assert verifications.hindered(state) is reason


@pytest.mark.parametrize("ticket", ["INC-4711", "#12", "desk/2026.17_b", "0", "A" * 40])
def test_a_ticket_s_reference_is_taken(ticket: str) -> None:
    assert verifications.unfit(replace(WISH, ticket=ticket)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ticket", ""), ("ticket", "A" * 41), ("ticket", "call +44 20 7946 0100"),
        ("ticket", "https://evil.test"), ("ticket", "-1"), ("ticket", "ÄB"), ("ticket", "a\n"),
        ("asker", ""), ("asker", "x" * 61), ("asker", "www.evil.test"), ("asker", "a\u202eb"),
        ("request", ""), ("request", "x" * 65), ("request", "a b"), ("request", "é"),
    ],
)  # fmt: skip
def test_what_the_phone_is_to_show_is_short_and_plain(field: str, value: str) -> None:
    named = "idempotency_key" if field == "request" else field
    assert verifications.unfit(replace(WISH, **{field: value})) == named


def test_a_request_is_the_same_if_all_that_was_asked_is() -> None:
    before = Verification("a", "t", "u", "k", WISH.request, WISH.ticket, "Tom", NOW)
    assert verifications.is_same(WISH, "u", before)
    assert not verifications.is_same(WISH, "v", before)
    assert not verifications.is_same(replace(WISH, ticket="INC-1"), "u", before)
    assert not verifications.is_same(replace(WISH, asker="Tim"), "u", before)


def test_who_asks_is_stored_as_it_is_shown() -> None:
    assert verifications.asker_of(WISH) == "Tom"
    assert verifications.asker_of(replace(WISH, asker="a\nb")) == ""
    assert verifications.place("ServiceDesk", "INC-4711") == "ServiceDesk, INC-4711"
