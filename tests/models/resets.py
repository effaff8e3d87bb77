"""The world of two resets of one account, two agents and one directory.

A step is what nothing can come between: one transaction of the server (rules.directories.
resets.decide, on real Jobs and a real Lease), one message
sent, one modify arriving at the directory, one look into it.  Between any two of them anything
else may happen: another agent, a takeover, a death, an answer that is lost, a request that
arrives once more, a change by hand, time.

    browser     choosing > queued                       (may give up; hands in one after the other)
    agent       idle > asking > permitted > sent > answered > telling > idle
                idle > telling                          (settling what is open)
    modify      sent > arrived, or refused, or lost     (arrives within the directory's time-out)

Agents have one clock with the server but see its answers late; they know of a lease and of a
permit only what an answer told them. A death ends the run; what it had sent is under way still.
The server's own death is a lost request or a lost answer: everything it knows is stored.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from keyturn.rules.directories import leases, proofs, resets
from keyturn.rules.directories.proofs import Bind, Stamp, Verdict
from keyturn.rules.directories.resets import (
    ACTING,
    FINAL,
    Ask,
    Cancel,
    Envelope,
    Event,
    Job,
    JobKind,
    JobState,
    Outcome,
    Submit,
    Supersede,
    Tick,
    Told,
)
from keyturn.rules.directories.things import Epoch, Lease
from tests.models import reset_laws as laws
from tests.models import twin

#: the real rules with short times: what matters is which of two ends comes first
DEADLINE, SLACK, HOLD, LEASE, TIMEOUT, UNTRIED = 3, 0, 1, 2, 1, 2
DC, OTHER_DC = "dc1", "dc2"
SEALED = tuple(Envelope(name, b"", b"") for name in "ab")
BOTH = frozenset("ab")
GENERATION = 1


class Directory(NamedTuple):
    """The truth.

    Attributes:
        holds: whose password it is: a job's id, or "" for somebody else's.
        applied: how often each job's was written.
        by_hand: versions that somebody else wrote.
    """

    stamp: Stamp = Stamp(1, DC, 0, 0)
    holds: str = ""
    applied: tuple[int, int] = (0, 0)
    by_hand: tuple[int, ...] = ()


class Sent(NamedTuple):
    """A modify under way. It arrives by `at` + TIMEOUT or never."""

    job: int
    agent: int
    run: str
    at: int


class Agent(NamedTuple):
    """What one agent's process knows."""

    run: int = 0
    lease_until: int = 0
    epoch: Epoch | None = None
    doing: str = "idle"
    job: int = 0
    before: Stamp | None = None
    until: int = 0
    told: tuple[Outcome, Stamp | None] | None = None


class Late(NamedTuple):
    """A request that may arrive once more."""

    agent: int
    run: str
    epoch: Epoch | None
    job: int
    before: Stamp | None
    told: tuple[Outcome, Stamp | None] | None


class World(NamedTuple):
    """Everything. `order`: jobs as they were handed in. `spent`: accidents that happened."""

    jobs: tuple[Job, Job]
    now: int = 100
    lease: Lease | None = None
    agents: tuple[Agent, Agent] = (Agent(), Agent())
    directory: Directory = Directory()
    sent: tuple[Sent, ...] = ()
    late: Late | None = None
    order: tuple[int, ...] = ()
    spent: tuple[int, int, int, int] = (0, 0, 0, 0)


DEATH, LOSS, TWICE, HAND = range(4)


def _job(name: str) -> Job:
    return Job(
        id=name, tenant_id="t", directory_id="d", user_id="u", guid="g", kind=JobKind.RESET,
        state=JobState.CHOOSING, started_by=None, must_change=False, unlock=True, created_at=0,
        expires_at=10**6, deadline=None, envelopes=(), permit=None, reason="", detail="",
        after=None, finished_at=None, everywhere_at=None,
    )  # fmt: skip


FIRST = World(jobs=(_job("1"), _job("2")))


@dataclass(frozen=True)
class Wrong:
    """What is put in the place of the real thing.

    Attributes:
        parts: (owner, name, part) of rules.
        agent: an agent that breaks its side: "late" (sends without looking at its permit),
            "lease" (nor at its lease), "eager" (says done before it has sent), "hasty" (takes
            silence for a refusal), "forgets" (a new run says that the old one did nothing).
        alone: the server forgets the account's other jobs, at "offer", at "permit" (and offer)
            or at "submit".
    """

    parts: tuple[tuple[object, str, Any], ...] = field(default_factory=tuple)
    agent: str = ""
    alone: str = ""


class Model:
    """The steps, with the laws checked on the way.

    Args:
        most: how many deaths, lost answers, repeated requests and changes by hand at most.
    """

    def __init__(self, most: tuple[int, int, int, int], wrong: Wrong | None = None) -> None:
        self.most, self.wrong = most, wrong or Wrong()

    def installed(self) -> Any:
        """The real rules run with short times, and with what is wrong, inside the block."""
        times = {
            "DEADLINE_MS": DEADLINE, "SLACK_MS": SLACK, "HOLD_MS": HOLD,
            "UNTRIED_AFTER_MS": UNTRIED,
        }  # fmt: skip
        short = [(resets, name, value) for name, value in times.items()]
        return twin.replaced(*short, (leases, "LEASE_MS", LEASE), *self.wrong.parts)

    def steps(self, w: World) -> Iterator[tuple[str, World]]:
        yield from self._browser(w)
        for number in (0, 1):
            yield from self._agent(w, number)
        yield from self._directory(w)
        yield from self._accidents(w)
        if any(job.state is not JobState.CHOOSING and not _over(job) for job in w.jobs) or w.sent:
            yield "time", self._swept(w._replace(now=w.now + 1))

    # -- the browser ----------------------------------------------------------------------------

    def _browser(self, w: World) -> Iterator[tuple[str, World]]:
        for n, job in enumerate(w.jobs):
            if job.state is JobState.CHOOSING and (n == 0 or w.jobs[0].state is not job.state):
                yield f"submit {n}", self._submitted(w, n)
            if n == 0 and (job.state is JobState.QUEUED or job.state in ACTING):
                yield f"cancel {n}", self._decided(w, n, Cancel())[0]

    def _submitted(self, w: World, n: int) -> World:
        w = self._decided(w, n, Submit(SEALED))[0]._replace(order=(*w.order, n))
        other = 1 - n
        waits = w.jobs[other].state is JobState.QUEUED and self.wrong.alone != "submit"
        if waits and resets.superseded_by(w.jobs[n], w.jobs[other]):
            w = self._decided(w, other, Supersede(by=w.jobs[n].id))[0]
        return w

    # -- an agent ---------------------------------------------------------------------------------

    def _agent(self, w: World, a: int) -> Iterator[tuple[str, World]]:
        me = w.agents[a]
        match me.doing:
            case "idle":
                yield from self._idle(w, a)
            case "asking":
                after, why = self._decided(w, me.job, self._ask(w, a))
                after = after._replace(late=self._sayable(w, a))
                yield f"permit {a}", self._answered(after, a, why)
                if w.spent[LOSS] < self.most[LOSS]:
                    yield f"permit lost {a}", _spend(after, LOSS)
            case "permitted":
                yield f"send {a}", self._send(w, a)
            case "sent":
                yield from self._uncertain(w, a)
            case "answered":
                yield f"prove {a}", self._proved(w, a)
            case _:
                after, why = self._decided(w, me.job, self._told(w, a, me.told))
                after = after._replace(late=self._sayable(w, a))
                yield f"tell {a}", _idle(after, a)
                if w.spent[LOSS] < self.most[LOSS]:
                    yield f"tell lost {a}", _spend(after, LOSS)

    def _idle(self, w: World, a: int) -> Iterator[tuple[str, World]]:
        me = w.agents[a]
        yield from self._beat(w, a)
        leads = me.lease_until > w.now
        for n, job in enumerate(w.jobs):
            offered = self.wrong.alone in {"offer", "permit"} or w.jobs[1 - n].state not in ACTING
            if leads and job.state is JobState.QUEUED and offered:
                yield f"look {a}{n}", _set(w, a, doing="asking", job=n, before=w.directory.stamp)
            settles = resets.settles_at(job)
            if job.state is JobState.UNSETTLED and settles is not None and w.now >= settles:
                yield from self._settle(w, a, n)
            mine = job.permit is not None and job.permit.agent_id == "ab"[a]
            if self.wrong.agent == "forgets" and mine and job.state is JobState.PERMITTED:
                told = (Outcome.NOT_DONE, None)
                yield f"forget {a}{n}", _set(w, a, doing="telling", job=n, told=told)

    def _beat(self, w: World, a: int) -> Iterator[tuple[str, World]]:
        me = w.agents[a]
        if me.lease_until > w.now + 1:
            return
        name, run = "ab"[a], str(me.run)
        found = leases.decide(
            w.lease, "d", name, run, w.now, wants=True, generation=GENERATION
        )  # fmt: skip
        if not isinstance(found, Lease):
            return
        if w.lease is not None:
            laws.the_epoch_rises_with_every_change_of_holder(
                leases.held_by(w.lease, name, run), found.epoch > w.lease.epoch
            )
        after = w._replace(lease=found)
        believes = _set(after, a, lease_until=found.until, epoch=found.epoch)
        laws.one_run_at_most_believes_that_it_is_primary(
            sum(agent.lease_until > w.now for agent in believes.agents)
        )
        yield f"beat {a}", believes

    def _ask(self, w: World, a: int) -> Ask:
        me = w.agents[a]
        said = Late(a, str(me.run), me.epoch, me.job, me.before, None)
        return self._asked(w, said)

    def _asked(self, w: World, said: Late) -> Ask:
        others = () if self.wrong.alone == "permit" else (w.jobs[1 - said.job],)
        return Ask(
            agent_id="ab"[said.agent], run_id=said.run, epoch=said.epoch or Epoch(0, 0),
            before=said.before or Stamp(0, "", 0, 0), controller=DC, needs_ms=TIMEOUT,
            lease=w.lease, others=tuple(resets.shown(o, w.now) for o in others),
        )  # fmt: skip

    def _answered(self, w: World, a: int, why: str) -> World:
        me = w.agents[a]
        permit = w.jobs[me.job].permit
        if why or permit is None:
            return _idle(w, a)
        return _set(w, a, doing="permitted", until=permit.until)

    def _send(self, w: World, a: int) -> World:
        """The modify goes out, if lease and permit outlast it."""
        me = w.agents[a]
        end = w.now + TIMEOUT
        in_time = end <= me.until or self.wrong.agent == "late"
        leads = end <= me.lease_until or self.wrong.agent in {"late", "lease"}
        if not (in_time and leads):
            return _set(w, a, doing="telling", told=(Outcome.NOT_DONE, None))
        if self.wrong.agent == "eager":
            told = (Outcome.DONE, replace(w.directory.stamp, version=w.directory.stamp.version + 1))
            w = _set(w, a, doing="telling", told=told)
        else:
            w = _set(w, a, doing="sent")
        return w._replace(sent=(*w.sent, Sent(me.job, a, str(me.run), w.now)))

    def _uncertain(self, w: World, a: int) -> Iterator[tuple[str, World]]:
        """No answer yet: if what is there is ours beyond doubt it says so; else it waits, and
        at the end of the time-out the job is open to be settled.
        """
        me = w.agents[a]
        assert me.before is not None
        if self._read(w, me.job, me.before) is Verdict.DONE:
            told = (Outcome.DONE, w.directory.stamp)
            yield f"found {a}", _set(w, a, doing="telling", told=told)
        if not any(one.agent == a for one in w.sent):  # refused, lost, or its answer was
            yield f"give up {a}", _idle(w, a)
        if self.wrong.agent == "hasty":
            yield f"hasty {a}", _set(w, a, doing="telling", told=(Outcome.NOT_DONE, None))

    def _proved(self, w: World, a: int) -> World:
        """The directory said yes; the stamp and one try say whether it is so still."""
        me = w.agents[a]
        assert me.before is not None
        done = self._read(w, me.job, me.before) is Verdict.DONE
        told = (Outcome.DONE, w.directory.stamp) if done else (Outcome.CHANGED, None)
        return _set(w, a, doing="telling", told=told)

    def _settle(self, w: World, a: int, n: int) -> Iterator[tuple[str, World]]:
        permit = w.jobs[n].permit
        assert permit is not None
        verdict = self._read(w, n, permit.before)
        if verdict is None:
            return
        after = w.directory.stamp if verdict is Verdict.DONE else None
        yield f"settle {a}{n}", _set(w, a, doing="telling", job=n, told=(Outcome(verdict), after))

    @staticmethod
    def _read(w: World, n: int, before: Stamp) -> Verdict | None:
        """One look: the stamp, and one try of the password where that decides."""
        now = w.directory.stamp
        verdict = proofs.settle(before, now, DC, None)
        if verdict is not Verdict.TRY:
            return verdict
        right = w.directory.holds == w.jobs[n].id
        return proofs.settle(before, now, DC, Bind.RIGHT if right else Bind.WRONG)

    @staticmethod
    def _told(w: World, a: int, told: tuple[Outcome, Stamp | None] | None) -> Told:
        outcome, after = told or (Outcome.NOT_DONE, None)
        return Told(
            agent_id="ab"[a], run_id=str(w.agents[a].run), outcome=outcome, reason="", data={},
            diagnostic="", after=after, bound=True, lease=w.lease, could_try=BOTH,
        )  # fmt: skip

    def _sayable(self, w: World, a: int) -> Late | None:
        """What has just been said, in case it arrives once more."""
        if w.spent[TWICE] >= self.most[TWICE]:
            return None
        me = w.agents[a]
        told = me.told if me.doing == "telling" else None
        return Late(a, str(me.run), me.epoch, me.job, me.before, told)

    # -- the directory --------------------------------------------------------------------------

    def _directory(self, w: World) -> Iterator[tuple[str, World]]:
        for one in w.sent:
            rest = tuple(other for other in w.sent if other != one)
            yield f"arrive {one.job}", self._arrived(w._replace(sent=rest), one)
            yield f"refuse {one.job}", self._said(w._replace(sent=rest), one, taken=False)
        looked = any(me.before for me in w.agents) or any(j.state in ACTING for j in w.jobs)
        if looked and w.spent[HAND] < self.most[HAND]:  # before that nobody could tell
            for origin in (DC, OTHER_DC):
                d = w.directory
                stamp = Stamp(d.stamp.version + 1, origin, 0, 0)
                by_hand = (*d.by_hand, stamp.version)
                after = d._replace(stamp=stamp, holds="", by_hand=by_hand)
                yield f"by hand on {origin}", _spend(w._replace(directory=after), HAND)

    def _arrived(self, w: World, one: Sent) -> World:
        d, job = w.directory, w.jobs[one.job]
        applied = tuple(n + (i == one.job) for i, n in enumerate(d.applied))
        laws.nothing_is_applied_twice(applied[one.job])
        laws.nothing_is_applied_after_its_deadline(w.now, job.deadline)
        laws.not_done_means_that_it_was_not_applied(job.state, applied[one.job])
        newer = w.order[w.order.index(one.job) + 1 :]
        laws.an_older_one_never_overwrites_a_newer_one(any(d.applied[n] for n in newer))
        stamp = Stamp(d.stamp.version + 1, DC, 0, 0)
        after = d._replace(stamp=stamp, holds=job.id, applied=(applied[0], applied[1]))
        return self._said(w._replace(directory=after), one, taken=True)

    @staticmethod
    def _said(w: World, one: Sent, *, taken: bool) -> World:
        """The answer reaches the run that asked, if it lives and still waits."""
        me = w.agents[one.agent]
        if (me.doing, me.job, str(me.run)) != ("sent", one.job, one.run):
            return w
        if taken:
            return _set(w, one.agent, doing="answered")
        return _set(w, one.agent, doing="telling", told=(Outcome.NOT_DONE, None))

    # -- accidents -------------------------------------------------------------------------------

    def _accidents(self, w: World) -> Iterator[tuple[str, World]]:
        for a, me in enumerate(w.agents):
            if w.spent[DEATH] < self.most[DEATH] and me != Agent(run=me.run):
                free = leases.release(w.lease, "ab"[a], str(me.run), w.now)
                dead = w._replace(lease=free or w.lease)
                yield f"die {a}", _spend(_with(dead, a, Agent(run=me.run + 1)), DEATH)
        for one in w.sent:
            waiting = w.agents[one.agent].doing == "sent"
            if w.spent[LOSS] < self.most[LOSS] and waiting:  # it arrives, its answer does not
                rest = tuple(other for other in w.sent if other != one)
                silent = self._arrived(w._replace(sent=rest, agents=_deaf(w, one)), one)
                yield f"arrive unheard {one.job}", _spend(silent._replace(agents=w.agents), LOSS)
        if w.late is not None and w.spent[TWICE] < self.most[TWICE]:
            yield "again", _spend(self._again(w, w.late), TWICE)

    def _again(self, w: World, said: Late) -> World:
        """A request arrives once more; nobody waits for its answer."""
        if said.told is None:
            event: Event = self._asked(w, said)
        else:
            told = self._told(w, said.agent, said.told)
            event = replace(told, run_id=said.run)
        return self._decided(w, said.job, event)[0]

    # -- the server -------------------------------------------------------------------------------

    def _decided(self, w: World, n: int, event: Event) -> tuple[World, str]:
        before = w.jobs[n]
        decision = resets.decide(before, event, w.now)
        after = decision.job
        laws.an_answer_is_never_taken_back(before, after)
        if isinstance(event, Ask) and before.state is JobState.QUEUED and after.permit is not None:
            lease = w.lease
            laws.a_permit_is_given_to_the_primary_alone(
                lease is not None and w.now < lease.until
                and (lease.agent_id, lease.run_id, lease.epoch)
                == (event.agent_id, event.run_id, event.epoch)
            )  # fmt: skip
        again = resets.decide(after, event, w.now)
        laws.asking_again_changes_nothing(after, again.job)
        jobs = (after, w.jobs[1]) if n == 0 else (w.jobs[0], after)
        return self._lawful(w._replace(jobs=jobs)), decision.why

    def _swept(self, w: World) -> World:
        """Time passes; what has not arrived within the time-out is lost."""
        sent = tuple(one for one in w.sent if w.now <= one.at + TIMEOUT)
        first = resets.decide(w.jobs[0], Tick(), w.now).job
        second = resets.decide(w.jobs[1], Tick(), w.now).job
        return self._lawful(w._replace(sent=sent, jobs=(first, second)))

    @staticmethod
    def _lawful(w: World) -> World:
        laws.one_agent_at_most_may_be_acting(sum(job.state in ACTING for job in w.jobs))
        for n, job in enumerate(w.jobs):
            applied = w.directory.applied[n]
            laws.done_means_that_it_was_applied(job.state, applied)
            laws.not_done_means_that_it_was_not_applied(job.state, applied)
            seen = job.permit.before.version if job.permit is not None else 0
            others = sum(version > seen for version in w.directory.by_hand)
            laws.changed_means_that_somebody_else_wrote(job.state, others)
        return w

    # -- what the future can see ----------------------------------------------------------------

    @classmethod
    def key(cls, w: World) -> Hashable:
        """A world without absolute times and versions; epochs told apart only as far as they
        matter; and of two worlds in which the agents have changed places, one.
        """
        return frozenset((cls._key(w, (0, 1)), cls._key(w, (1, 0))))

    @staticmethod
    def _key(w: World, places: tuple[int, int]) -> Hashable:
        now, lease, d = w.now, w.lease, w.directory
        name = {"ab"[a]: place for a, place in enumerate(places)}
        number = lease.epoch.number if lease else 0

        def stamp(one: Stamp | None) -> Hashable:
            return one and (d.stamp.version - one.version, one.origin)

        def told(one: tuple[Outcome, Stamp | None] | None) -> Hashable:
            return one and (str(one[0]), stamp(one[1]))

        def current(epoch: Epoch | None) -> bool:
            return epoch is not None and epoch.number == number

        def job(one: Job) -> Hashable:
            p = one.permit
            permit = p and (name[p.agent_id], p.run_id, stamp(p.before))
            if one.state in FINAL:
                return (str(one.state), permit)
            left = None if one.deadline is None else max(one.deadline - now, -1)
            return (str(one.state), permit, left, p and max(p.until - now, -HOLD - UNTRIED))

        def agent(me: Agent) -> Hashable:
            return (
                me.run, max(me.lease_until - now, 0), me.doing, me.job, stamp(me.before),
                max(me.until - now, 0), told(me.told), current(me.epoch),
            )  # fmt: skip

        late = w.late
        return (
            tuple(job(one) for one in w.jobs),
            lease and (name[lease.agent_id], lease.run_id, max(lease.until - now, 0)),
            tuple(agent(w.agents[a]) for a in places),
            (d.stamp.origin, d.holds, d.applied, tuple(d.stamp.version - v for v in d.by_hand)),
            tuple(sorted((s.job, places[s.agent], s.run, now - s.at) for s in w.sent)),
            late and (places[late.agent], late.run, late.job, stamp(late.before),
                      told(late.told), current(late.epoch)),
            w.order,
            w.spent,
        )  # fmt: skip

    @staticmethod
    def settled(w: World) -> bool:
        """All jobs that were handed in have an answer."""
        return all(_over(job) or job.state is JobState.CHOOSING for job in w.jobs)


def _over(job: Job) -> bool:
    return job.state in FINAL


def _with(w: World, a: int, agent: Agent) -> World:
    return w._replace(agents=(agent, w.agents[1]) if a == 0 else (w.agents[0], agent))


def _set(w: World, a: int, **changes: Any) -> World:
    return _with(w, a, w.agents[a]._replace(**changes))


def _idle(w: World, a: int) -> World:
    return _set(w, a, doing="idle", job=0, before=None, until=0, told=None)


def _deaf(w: World, one: Sent) -> tuple[Agent, Agent]:
    return _set(w, one.agent, doing="deaf").agents


def _spend(w: World, what: int) -> World:
    return w._replace(spent=tuple(n + (i == what) for i, n in enumerate(w.spent)))  # type: ignore[arg-type]
