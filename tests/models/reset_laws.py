"""The laws of a directory job, in plain words; see laws.py for what a law is.

They are told by somebody who sees everything: what the directory holds, who wrote it, what
was said to whom.  None of them knows how the rules or an agent come to their answers.
"""

from __future__ import annotations

from keyturn.rules.directories.resets import FINAL, Job, JobState
from tests.models.laws import law


@law
def done_means_that_it_was_applied(state: JobState, applied: int) -> bool:
    """Whoever is told "done" has the password that they chose, or had it for a while."""
    return state is not JobState.DONE or applied == 1


@law
def not_done_means_that_it_was_not_applied(state: JobState, applied: int) -> bool:
    """Neither before the answer nor ever after it."""
    return state is not JobState.NOT_DONE or applied == 0


@law
def changed_means_that_somebody_else_wrote(state: JobState, others: int) -> bool:
    """After the permit's agent had looked. `others`: such writes."""
    return state is not JobState.CHANGED or others > 0


@law
def an_answer_is_never_taken_back(before: Job, after: Job) -> bool:
    """Done, not done and changed stay what they are."""
    return before.state not in FINAL or before == after


@law
def nothing_is_applied_twice(applied: int) -> bool:
    """Whatever is said twice, whoever takes over."""
    return applied <= 1


@law
def nothing_is_applied_after_its_deadline(now: int, deadline: int | None) -> bool:
    """60 s from handing it in; and nothing that was never handed in."""
    return deadline is not None and now <= deadline


@law
def an_older_one_never_overwrites_a_newer_one(newer_applied: bool) -> bool:
    """`newer_applied`: one that was handed in later is in the directory already."""
    return not newer_applied


@law
def one_agent_at_most_may_be_acting(acting: int) -> bool:
    """On one account."""
    return acting <= 1


@law
def a_permit_is_given_to_the_primary_alone(leads: bool) -> bool:
    """At the moment it is given, this run holds the lease, in this epoch."""
    return leads


@law
def one_run_at_most_believes_that_it_is_primary(believers: int) -> bool:
    """Each by its own clock, counted from before it asked."""
    return believers <= 1


@law
def the_epoch_rises_with_every_change_of_holder(same_holder: bool, rose: bool) -> bool:
    """And only then."""
    return same_holder != rose


@law
def asking_again_changes_nothing(before: Job, after: Job) -> bool:
    """What was said twice is one saying, and its answer is the same."""
    return before == after


@law
def every_job_can_come_to_an_answer(stuck: int) -> bool:
    """From every state, without another accident, all jobs that were handed in come to an
    answer. `stuck`: states from which they do not.
    """
    return not stuck
