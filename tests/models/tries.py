"""The world of one lane and the tries on it, as the real transactions move it.

Several runners (processes, or coroutines of one) try passwords on one lane.  A step is what
no other can come between: the read of a try, its storing in one statement (flows.signin takes
a slot so, if nobody was faster), a held transaction, the comparison, the settling, a death.
Between any two of them anything else may happen: another try, a sweep, a recovery, staff who
unlock, time.  The transactions are steps.lanes and flows.signin themselves.

    idle > reading > comparing > settling > idle        the quick way
              |          ^
              +> asking -+-> waiting > asking ...        the held way

What somebody knows who saw every answer and every mail, without looking into the lane, is kept
by `witness.py`; `laws` are checked on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from keyturn.flows import signin
from keyturn.ports.store import SeenLane
from keyturn.rules import lockout
from keyturn.rules.lockout import (
    Failed,
    Lapsed,
    Locked,
    LockoutPolicy,
    Passed,
)
from keyturn.steps import lanes
from keyturn.steps.acts import begin
from tests.models import laws, twin
from tests.models.twin import LaneTx, Names
from tests.models.witness import Try, Watch, Witness, World

KNOWN, ABSENT = "u:ada", "a:tenant|ada"
NAMES = ("observe", "reserve", "settle", "release", "recover", "unlock", "interrupt")


@dataclass(frozen=True)
class Rules:
    """What of the rules, steps and store is put in the place of the real thing.

    Attributes:
        rules: functions of rules.lockout, by name; the rest are the real ones.
        steps: functions of steps.lanes, by name.
        store: what a transaction is; another forgets something.
    """

    rules: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    store: type[LaneTx] = LaneTx


class Model(Watch):
    """The steps of a world, with the laws checked on the way.

    Args:
        crowd: how many tries are under way at most.
        prompt: time stands still between the read of a try and its storing (but anything
            else may happen); False: a process may be halted there for as long as it likes.
        absent: the name is nobody's: every comparison fails, and each step is compared with
            what it does to a lane of somebody.
    """

    def __init__(
        self, policy: LockoutPolicy, crowd: int, *, changed: Rules | None = None,
        prompt: bool = False, absent: bool = False,
    ) -> None:  # fmt: skip
        changed = changed or Rules()
        self.prompt = prompt
        super().__init__(policy, curious=changed.store is not LaneTx or bool(changed.steps))
        self.crowd, self.absent, self.changed = crowd, absent, changed
        real = {name: getattr(lockout, name) for name in NAMES}
        rules = {**real, **changed.rules}
        self.rules: Any = SimpleNamespace(
            **{n: f if n == "release" else _under(policy, f) for n, f in rules.items()},
            DEFAULT=policy,
        )
        self._tx = changed.store
        self.lane_key = ABSENT if absent else KNOWN
        self._written = twin.Written()
        self._user = replace(twin.ADA, id=twin.TENANT.id) if absent else twin.ADA

    def installed(self) -> Any:
        """The real steps run with these rules while the block lasts."""
        steps = [(lanes, name, part) for name, part in self.changed.steps.items()]
        return twin.replaced((lanes, "lockout", self.rules), *steps)

    # -- steps --------------------------------------------------------------------------

    def compared_with(self, other: Model, world: World) -> Iterator[tuple[str, World]]:
        """The steps of a name that nobody has; each leaves the traces that `other`, the model
        of a name that somebody has, leaves.
        """
        theirs = other.steps(world)
        for name, after in self.steps(world):
            same = next((step, then) for step, then in theirs if step == name)
            mine = (self.key(after), self.wrote())
            laws.a_name_that_nobody_has_leaves_the_same_traces(
                (other.key(same[1]), other.wrote()), mine
            )
            yield name, after

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        if len(world.tries) < self.crowd:
            yield "begin wrong", self._read(world, "wrong")
            if not self.absent:
                yield "begin right", self._read(world, "now")
        for one in {t._replace(id=""): t for t in world.tries}.values():
            yield from self._on(world, one)
            yield "die", self._idle(world, _less(world, one), world.witness)
        yield from self._around(world)
        yield from self._ticks(world)

    def _on(self, world: World, one: Try) -> Iterator[tuple[str, World]]:
        match one.phase:
            case "reading":
                yield "store", self._stored(world, one)
            case "asking" | "waiting":
                yield "ask", self._asked(world, one)
            case "comparing":
                yield "compare", self._compared(world, one)
                yield "release", self._released(world, one)
            case _:
                yield f"settle {one.knows}", self._settled(world, one)

    def _around(self, world: World) -> Iterator[tuple[str, World]]:
        yield "sweep", self._done(world, lanes.sweep, self.lane_key)
        yield "unlock", self._unlocked(world)
        yield "interrupt", self._interrupted(world)
        if not self.absent:
            yield "recover", self._recovered(world)

    def _ticks(self, world: World) -> Iterator[tuple[str, World]]:
        """Time moves to just before, onto and just after each deadline that is open."""
        w = world.witness
        if self.prompt and any(t.phase == "reading" for t in world.tries):
            return
        ends = {until for until, _ in w.held} | {w.lock_end}
        if w.last:
            ends.add(w.last + self.policy.streak_ms)
        moments = {end + d for end in ends for d in (-1, 0, 1)}
        for moment in sorted(m for m in moments if m > world.now):
            after = world._replace(now=moment)
            yield f"+{moment - world.now}", self._idle(after, world.tries, w)

    # -- one try ------------------------------------------------------------------------

    def _read(self, world: World, knows: str) -> World:
        """The lookup. A lock that is seen refuses at once."""
        name = _new_name(world)
        seen = SeenLane(self.lane_key, world.lane, world.version)
        one = Try(name, "reading", knows, seen, world.now, world.witness, right=knows == "now")
        if not world.lane.locked_until:
            return self._idle(world, (*world.tries, one), world.witness)
        tx, answer = self._quick(world, one)
        if not isinstance(answer, Locked):
            return self._agree(world, (*world.tries, one), world.witness)
        return self._refused(world, world.tries, tx, answer)

    def _quick(self, world: World, one: Try) -> tuple[LaneTx, Any]:
        """What flows.signin does without holding the lane."""
        tx = self._open(world, one.seen)
        act = begin(twin.parts(Names([one.id]), one.read_at), twin.caller())
        return tx, signin._reserve_seen(tx, act, "ada")  # type: ignore[arg-type]

    def _stored(self, world: World, one: Try) -> World:
        tx, answer = self._quick(world, one)
        changed = one.seen is None or one.seen.version != world.version
        if answer is None or isinstance(answer, Locked):
            asking = Try(one.id, "asking", one.knows)
            return self._agree(world, (*_less(world, one), asking), world.witness)
        laws.what_was_stored_is_never_overwritten_unseen(changed)
        before = one.saw._replace(guesses=world.witness.guesses)
        return self._slot(world._replace(witness=before), one, tx, one.read_at, answer)

    def _asked(self, world: World, one: Try) -> World:
        """The held way: the name is looked up again."""
        tx = self._open(world, None)
        answer: Any = signin._reserve(tx, self._act(world, one.id), "ada")  # type: ignore[arg-type]
        if isinstance(answer, Locked):
            return self._refused(world, _less(world, one), tx, answer)
        if isinstance(answer, signin._Waiting):
            return self._waits(world, one, tx)
        again = one._replace(right=one.knows == "now", stale=False)
        return self._slot(world, again, tx, world.now, answer)

    def _slot(self, world: World, one: Try, tx: LaneTx, asked: int, answer: Any) -> World:
        """A slot was given."""
        w = self._handed(world.witness, tx)
        laws.no_slot_is_given_during_a_lock(w.lock_end)
        held = next(r for r in tx.lane.reservations if r.id == answer.held)
        laws.a_lease_is_as_long_as_the_policy_says(held.until, asked, self.policy)
        w = w._replace(held=(*w.held, (held.until, one.id)))
        after = one._replace(phase="comparing", seen=answer.seen, saw=Witness(), until=held.until)
        return self._agree(_with(world, tx), (*_less(world, one), after), w)

    def _refused(self, world: World, tries: tuple[Try, ...], tx: LaneTx, answer: Locked) -> World:
        w = self._handed(world.witness, tx)
        laws.only_a_locked_lane_refuses(answer.until, w.lock_end)
        return self._agree(_with(world, tx), tries, w)

    def _waits(self, world: World, one: Try, tx: LaneTx) -> World:
        w = self._handed(world.witness, tx)
        laws.a_try_waits_only_for_tries_under_way(len(w.held), w.lock_end)
        _, answer, _ = self.rules.reserve(tx.lane, world.now, "probe")
        laws.a_waiting_try_is_told_when_to_look_again(answer.at, world.now, self.policy)
        last = max(until for until, _ in w.held)
        _, then, _ = self.rules.reserve(tx.lane, last, "probe")
        laws.a_waiting_try_gets_an_answer_within_a_lease(isinstance(then, lockout.Wait))
        after = one._replace(phase="waiting")
        return self._agree(_with(world, tx), (*_less(world, one), after), w)

    def _compared(self, world: World, one: Try) -> World:
        """The slow hash. A try whose lease is over may compare: its answer tells nothing."""
        w = world.witness
        if _held(world, one) and not one.right:
            laws.nothing_is_compared_during_a_lock(w.lock_end)
            w = w._replace(guesses=w.guesses + 1)
            laws.never_more_guesses_than_the_limit_between_two_openings(w.guesses, self.policy)
        after = one._replace(phase="settling")
        return self._idle(world, (*_less(world, one), after), w)

    def _released(self, world: World, one: Try) -> World:
        """The hash queue was full: the slot is given back unused."""
        tx = self._open(world, None)
        lanes.release(tx, self._act(world, "-"), self.lane_key, self._user, one.id)  # type: ignore[arg-type]
        w = _give_back(self._handed(world.witness, tx), one)
        return self._agree(_with(world, tx), _less(world, one), w)

    def _settled(self, world: World, one: Try) -> World:
        tx, answer = self._verdict(world, one, right=one.right)
        held, w = _held(world, one), world.witness
        closed, locked, w = self._closed(w), w.lock_end, _give_back(w, one)
        match answer:
            case Passed():
                self._passed(one, held=held, closed=closed, locked=locked)
                w = self._handed(w, tx)._replace(guesses=0, streak=0, row=0, last=0)
            case Failed():
                laws.a_slot_is_settled_once(held)
                laws.a_right_password_gets_in_unless_closed_locked_or_too_late(
                    one.right, closed, locked
                )
                w = self._handed(self._failed(w, world.now), tx)
                laws.an_answer_names_the_end_of_the_lock(answer.locked_until, w.lock_end)
            case Lapsed():
                laws.only_a_lost_slot_has_lapsed(held)
                w = self._handed(w, tx)
                laws.an_answer_names_the_end_of_the_lock(answer.locked_until, w.lock_end)
                other, same = self._verdict(world, one, right=not one.right)
                laws.a_lapsed_try_learns_nothing((same, other.lane), (answer, tx.lane))
        return self._agree(_with(world, tx), _less(world, one), w)

    @staticmethod
    def _passed(one: Try, *, held: bool, closed: bool, locked: int) -> None:
        laws.a_wrong_password_never_gets_in(one.right)
        laws.a_password_that_was_replaced_never_gets_in(one.stale)
        laws.a_try_gets_in_only_on_a_slot_it_holds(held)
        laws.a_closed_lane_lets_nobody_in(closed)
        laws.nobody_gets_in_during_a_lock(locked)

    def _verdict(self, world: World, one: Try, *, right: bool) -> tuple[LaneTx, Any]:
        tx, act = self._open(world, None), self._act(world, "-")
        taken = signin._Try(
            found=twin.found(self._user, None), client=None, key=self.lane_key, held=one.id,
            act=act, seen=one.seen,
        )  # fmt: skip
        answer = signin._verdict(tx, act, taken, right=right and not self.absent)  # type: ignore[arg-type]
        return tx, answer

    # -- what happens to a lane -----------------------------------------------------------

    def _recovered(self, world: World) -> World:
        """A new password: what was typed is old now, and so are the hashes that were read."""
        tx = self._run(world, lanes.recover)
        w = self._handed(world.witness, tx)
        w = w._replace(held=(), guesses=0, streak=0, row=0, last=0)
        tries = tuple(
            t._replace(knows="old" if t.knows == "now" else t.knows, stale=t.phase != "asking")
            for t in world.tries
        )
        return self._agree(_with(world, tx), tries, w)

    def _interrupted(self, world: World) -> World:
        """A disabling or an objection: tries under way count as wrong at this moment."""
        tx, w = self._run(world, lanes.interrupt), world.witness
        told = self._notices(tx)
        laws.a_notice_is_owed_until_it_is_handed_out(w.owed, told)
        held = tuple((min(until, world.now), one) for until, one in w.held)
        w = self._lapsed(w._replace(held=held, owed=()), world.now, told[len(w.owed) :])
        return self._agree(_with(world, tx), world.tries, w)

    def _unlocked(self, world: World) -> World:
        tx = self._run(world, lanes.unlock)
        w = self._handed(world.witness, tx)._replace(guesses=0, streak=0, lock_end=0)
        return self._agree(_with(world, tx), world.tries, w)

    def _done(self, world: World, step: Any, *key: str) -> World:
        tx = self._run(world, step, *key)
        return self._agree(_with(world, tx), world.tries, self._handed(world.witness, tx))

    def _run(self, world: World, step: Any, *key: str) -> LaneTx:
        tx = self._open(world, None)
        step(tx, self._act(world, "-"), *key, self._user)
        return tx

    # -- the witness ----------------------------------------------------------------------

    def _agree(self, world: World, tries: tuple[Try, ...], w: Witness) -> World:
        """Bring the witness up to now; what is stored and what was told must be one."""
        seen, notices = self.rules.observe(world.lane, world.now)
        laws.a_notice_is_owed_until_it_is_handed_out(w.owed, notices)
        w = self._lapsed(w, world.now, notices[len(w.owed) :])
        w = w._replace(owed=notices)
        laws.the_end_of_a_lock_never_moves(seen.locked_until, w.lock_end)
        laws.a_lane_is_closed_by_close_after_failures_in_a_row(seen.closed, self._closed(w))
        return world._replace(tries=tries, witness=w)

    def wrote(self) -> object:
        """The shape of what the last transaction wrote besides the lane."""
        return self._written.shape()

    def _idle(self, world: World, tries: tuple[Try, ...], w: Witness) -> World:
        """A step that writes nothing."""
        self._written = twin.Written()
        return self._agree(world, tries, w)

    # -- transactions ---------------------------------------------------------------------

    def _open(self, world: World, seen: SeenLane | None) -> LaneTx:
        """A transaction now; `seen`: what its lookup read, if that was earlier."""
        read = seen or SeenLane(self.lane_key, world.lane, world.version)
        looked = twin.found(self._user, replace(read, key=self.lane_key), known=not self.absent)
        tx = self._tx(self.lane_key, world.lane, world.version, looked)
        self._written = tx.written
        return tx

    def _act(self, world: World, name: str) -> Any:
        return begin(twin.parts(Names([name]), world.now), twin.caller())


def _under(policy: LockoutPolicy, rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *happened: rule(*happened, policy)


def _new_name(world: World) -> str:
    """A name that no slot and no try bears, however dead."""
    taken = {r.id for r in world.lane.reservations} | {t.id for t in world.tries}
    return next(name for name in map(str, range(len(taken) + 1)) if name not in taken)


def _held(world: World, one: Try) -> bool:
    return (one.until, one.id) in world.witness.held


def _less(world: World, one: Try) -> tuple[Try, ...]:
    return tuple(other for other in world.tries if other.id != one.id)


def _give_back(w: Witness, one: Try) -> Witness:
    return w._replace(held=tuple(held for held in w.held if held[1] != one.id))


def _with(world: World, tx: LaneTx) -> World:
    return world._replace(lane=tx.lane, version=tx.version)
