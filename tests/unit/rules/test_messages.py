"""What may become of a message, and when it is tried again."""

from __future__ import annotations

import pytest

from keyturn.rules.messages import BACKOFF_MS, MessageState, may_become, retry_at

Q, SENDING, SENT = MessageState.QUEUED, MessageState.SENDING, MessageState.SENT
DELIVERED, BOUNCED = MessageState.DELIVERED, MessageState.BOUNCED
REJECTED, EXPIRED, DROPPED = MessageState.REJECTED, MessageState.EXPIRED, MessageState.DROPPED
DEFERRED, RELAYED = MessageState.DEFERRED, MessageState.RELAYED
FATES = {DELIVERED, BOUNCED, REJECTED, EXPIRED}

ALLOWED = {
    Q: {SENDING, DROPPED},
    SENDING: {SENT, Q, DROPPED, DEFERRED, RELAYED, *FATES},
    SENT: {DEFERRED, RELAYED, *FATES},
    DEFERRED: {RELAYED, *FATES},
    RELAYED: FATES,
}


@pytest.mark.parametrize("state", MessageState)
@pytest.mark.parametrize("new", MessageState)
def test_a_message_becomes_only_what_the_table_says(state: MessageState, new: MessageState) -> None:
    assert may_become(state, new) is (new in ALLOWED.get(state, set()))


@pytest.mark.parametrize("state", sorted({*FATES, RELAYED}))
def test_a_late_word_of_delay_overwrites_nothing_that_is_known_since(state: MessageState) -> None:
    assert not may_become(state, DEFERRED)


@pytest.mark.parametrize(
    ("attempt", "wait"),
    [(1, 5_000), (2, 15_000), (3, 60_000), (4, 300_000), (5, 900_000), (6, 900_000), (99, 900_000)],
)
def test_each_failure_waits_longer_up_to_a_quarter_of_an_hour(attempt: int, wait: int) -> None:
    assert retry_at(1_000, attempt) == 1_000 + wait
    assert tuple(sorted(BACKOFF_MS)) == BACKOFF_MS
