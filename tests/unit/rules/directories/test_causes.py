"""Every end of a job has its cause in the catalogue."""

from __future__ import annotations

import pytest

from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.directories import answers
from keyturn.rules.directories.causes import NOT_DONE, WAYS, cause_of, word_of
from keyturn.rules.directories.resets import JobState


@pytest.mark.parametrize("reason", [*NOT_DONE, *answers.REASONS, "unreachable", "never heard of"])
def test_a_job_that_is_not_done_has_a_cause(reason: str) -> None:
    assert cause_of(JobState.NOT_DONE, reason, {}) in BY_ID


def test_every_answer_of_a_directory_has_a_word_of_its_own() -> None:
    assert set(answers.REASONS) <= set(NOT_DONE)


@pytest.mark.parametrize("cause", sorted(WAYS))
def test_an_unreachable_controller_is_told_by_its_cause(cause: str) -> None:
    assert cause_of(JobState.NOT_DONE, "unreachable", {"cause": cause}) == NOT_DONE[cause]
    assert word_of("unreachable", {"cause": "moon"}) == "timeout"


def test_the_other_ends_have_theirs() -> None:
    found = [
        cause_of(JobState.CHANGED, "", {}), cause_of(JobState.CHANGED, "untried", {}),
        cause_of(JobState.UNSETTLED, "", {}), cause_of(JobState.DONE, "", {"unbound": 1}),
    ]  # fmt: skip
    assert len(set(found)) == len(found)
    assert set(found) <= set(BY_ID)
    assert cause_of(JobState.DONE, "", {}) is None
    assert cause_of(JobState.QUEUED, "", {}) is None
