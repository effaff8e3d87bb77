"""What a phone is told of a change in a directory, by a push: that something is to be chosen, or
how something ended that lasted longer than anybody looks at a page.

The push carries the job's id and a word; the app asks for the rest with its own signature.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.directories.resets import CHOOSE_MS, Job, JobKind, JobState
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.steps import pushes
from keyturn.steps.acts import Act

#: whoever saw it everywhere within this time has seen it on the page
LONGER_MS: Final = MINUTE
#: endings that whoever it is about has brought about themselves
_OWN: Final = frozenset({"cancelled", "superseded", "not_chosen"})


class News(StrEnum):
    """What there is to say."""

    CHOOSE = "choose"  # a technician has started a new password
    REFUSED = "refused"  # it was not done, or changed since by somebody else
    EVERYWHERE = "everywhere"  # at last
    LATE = "late"  # not everywhere yet, or not to be expected any more


def started(tx: Tx, act: Act, job: Job) -> None:
    """A technician has started it: its owner chooses."""
    _push(tx, act, job, News.CHOOSE, CHOOSE_MS)


def ended(tx: Tx, act: Act, job: Job) -> None:
    """It has just come to its answer; that it is done is told by the page, and by mail."""
    missed = job.state is JobState.NOT_DONE and job.reason not in _OWN
    if missed or job.state is JobState.CHANGED:
        _push(tx, act, job, News.REFUSED, DAY)


def watched(tx: Tx, act: Act, before: Job, after: Job) -> None:
    """A done job that is watched has changed: it is everywhere, or will not be for long."""
    if after.everywhere_at is not None and before.everywhere_at is None:
        if after.everywhere_at - (after.finished_at or 0) >= LONGER_MS:
            _push(tx, act, after, News.EVERYWHERE, DAY)
    elif after.everywhere_at is None and before.envelopes and not after.envelopes:
        _push(tx, act, after, News.LATE, DAY)


def _push(tx: Tx, act: Act, job: Job, news: News, life_ms: int) -> None:
    user = tx.users.get(job.tenant_id, job.user_id)
    phone = tx.phones.active(job.tenant_id, [job.user_id]).get(job.user_id)
    if job.kind is JobKind.RESET and user is not None and phone is not None:
        facts = {"kind": str(news), "id": job.id}
        pushes.queue(tx, act, user, phone, f"{pushes.NEWS}{news}", facts, life_ms)
