"""The world of one user's questions: a stranger and a technician who ask, the phone that answers
and says it again, another phone, what takes the approval, Reset User, and time.

A step is one transaction that holds the user's row, on real rows with the real rules/approvals.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keyturn.rules import approvals
from keyturn.rules.approvals import BY_STAFF, Approval, Asked, Capped, Kind, State, Verdict
from keyturn.rules.matching import Ended
from tests.models import approval_laws as laws
from tests.models import twin

#: short times and small caps: what matters is which of two ends comes first
LIFE, TAKE, WINDOW, QUIET, MOST = 2, 2, 5, 3, 2
START = 100
RIGHT, WRONG = "42", "41"


class Past(NamedTuple):
    """What happened to a question, whatever its row says. denied: when, or 0."""

    endings: int
    approved: int = 0
    denied: int = 0
    wrong: int = 0
    uses: int = 0


class World(NamedTuple):
    """The rows, what happened, and the endings of all that was begun."""

    rows: tuple[Approval, ...] = ()
    pasts: tuple[Past, ...] = ()
    quiet: int = 0
    epoch: int = 0
    endings: int = 0
    now: int = START


@dataclass(frozen=True)
class Wrong:
    """What is put in the place of the real thing: (owner, name, part)."""

    parts: tuple[tuple[object, str, Any], ...] = ()


@dataclass
class Model:
    """The steps of a world, with the laws checked on the way.

    Args:
        most: how many questions are asked.
        resets: how many Reset Users there are.
    """

    most: int
    resets: int = 0
    wrong: Wrong = field(default_factory=Wrong)
    reached: set[str] = field(default_factory=set)

    def installed(self) -> Any:
        """The rules with short times, and with what is wrong, while the block lasts."""
        short = (
            ("LIFE_MS", LIFE), ("TAKE_MS", TAKE), ("ASKED", MOST), ("ASKED_MS", WINDOW),
            ("QUIET_MS", QUIET), ("HISTORY_MS", 2 * QUIET),
        )  # fmt: skip
        parts = [(approvals, name, value) for name, value in short]
        return twin.replaced(*parts, *self.wrong.parts)

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for kind in (Kind.SECOND, Kind.CALLER):  # one of each side
            if len(world.rows) < self.most:
                yield f"ask {kind}", self._asks(world, kind)
        for one in world.rows:
            for phone, verdict, said in (
                ("p", Verdict.APPROVE, RIGHT), ("p", Verdict.APPROVE, WRONG),
                ("p", Verdict.DENY, ""), ("q", Verdict.APPROVE, RIGHT), ("q", Verdict.DENY, ""),
            ):  # fmt: skip
                name = f"{phone} {verdict} {said} {one.id}"
                yield name, self._answers(world, one, phone, verdict, said)
            for taker in (one.subject, "other"):
                yield f"{taker} takes {one.id}", self._takes(world, one, taker)
        if world.epoch < self.resets:
            yield "reset", self._reset(world)
        yield "time", world._replace(now=world.now + 1)

    # -- steps -------------------------------------------------------------------------------

    def _asks(self, world: World, kind: Kind) -> World:
        answer = approvals.ask(world.rows, kind, world.now)
        staff = kind in BY_STAFF
        side = [x for x in world.rows if (x.kind in BY_STAFF) is staff]
        recent = sum(world.now < one.made_at + WINDOW for one in side)
        if not isinstance(answer, Asked):
            often = answer.why is Capped.OFTEN
            laws.strangers_use_up_no_question_of_staff(often, recent, MOST)
            self.reached.add(answer.why)
            return world
        laws.a_side_asks_only_so_often(recent + 1, MOST)
        laws.a_stranger_never_ends_a_question_of_staff(
            not staff and any(one.kind in BY_STAFF for one in answer.ends)
        )
        laws.nothing_is_pushed_while_it_is_quiet(answer.push, world.now < world.quiet)
        ended = {one.id for one in answer.ends}
        rows = tuple(
            approvals.ended(one, Ended.NEWER, world.now) if one.id in ended else one
            for one in world.rows
        )
        new = self._new(world, kind)
        waiting = [x for x in (*rows, new) if _waits(x, world.now)]
        laws.one_question_waits(len(waiting))
        return world._replace(rows=(*rows, new), pasts=(*world.pasts, Past(world.endings)))

    def _new(self, world: World, kind: Kind) -> Approval:
        name = str(len(world.rows))
        return Approval(
            id=name, tenant_id="t", user_id="u", phone_id="p", kind=kind, subject=f"s{name}",
            epoch=world.epoch, asker="", place="", number=RIGHT, made_at=world.now,
            expires_at=world.now + LIFE,
        )  # fmt: skip

    def _answers(
        self, world: World, one: Approval, phone: str, verdict: Verdict, said: str
    ) -> World:
        after, why = approvals.answer(one, phone, verdict, said, world.now)
        past = world.pasts[int(one.id)]
        self.reached.add(f"{verdict} {why}")
        if past.approved or past.denied:
            laws.an_answer_that_comes_again_changes_nothing(_same(one, after))
            first = phone == "p" and bool(past.denied) is (verdict is Verdict.DENY)
            laws.the_first_answer_is_answered_again(first and why is not None)
            return _kept(world, after, past)
        if why is None:
            laws.its_own_phone_answers_in_time(phone == "p", world.now, one.made_at + LIFE)
            laws.three_wrong_numbers_end_a_question(past.wrong)
            laws.nothing_asked_before_an_ending_is_used_after_it(past.endings, world.endings)
            right = verdict is Verdict.DENY or said == RIGHT
            laws.a_question_is_approved_by_the_number_that_was_shown(right)
            return self._answered(world, after, past, verdict)
        wrong = past.wrong + (phone == "p" and said == WRONG)
        return _kept(world, after, past._replace(wrong=min(wrong, 3)))

    def _answered(self, world: World, after: Approval, past: Past, verdict: Verdict) -> World:
        if verdict is Verdict.APPROVE:
            return _kept(world, after, past._replace(approved=world.now))
        told = approvals.alarming(world.rows, after, world.now)
        near = any(p.denied and world.now - p.denied < QUIET for p in world.pasts)
        begins = near and world.now >= world.quiet
        laws.every_quiet_is_told_of_once(told, begins)
        self.reached |= {"alarm"} if told else set()
        quiet = world.now + QUIET if near else world.quiet
        return _kept(world, after, past._replace(denied=world.now))._replace(quiet=quiet)

    def _takes(self, world: World, one: Approval, taker: str) -> World:
        after, taken = approvals.take(one, taker, world.epoch, world.now)
        past = world.pasts[int(one.id)]
        if taken:
            self.reached.add("taken")
            past = past._replace(uses=past.uses + 1)
            laws.what_is_used_was_approved_once(past.uses, past.approved > 0)
            laws.what_is_approved_was_never_denied(past.denied > 0)
            laws.nothing_asked_before_an_ending_is_used_after_it(past.endings, world.endings)
            own = taker == one.subject
            laws.its_own_asker_takes_it_in_time(own, world.now, past.approved + TAKE)
        return _kept(world, after, past)

    def _reset(self, world: World) -> World:
        rows = tuple(
            approvals.ended(approvals.shown(one, world.now), Ended.RESET, world.now)
            for one in world.rows
        )
        return world._replace(rows=rows, epoch=world.epoch + 1, endings=world.endings + 1)

    # -- what of a state the future can see --------------------------------------------------

    def key(self, world: World) -> Hashable:
        pairs = zip(world.rows, world.pasts, strict=True)
        rows = [_row(world, one, past) for one, past in pairs]
        return tuple(rows), _ago(world.quiet, world.now), world.epoch


def _row(world: World, one: Approval, past: Past) -> Hashable:
    """A question, and what the laws ask of its past; of one that is settled, what still counts."""
    now = world.now
    seen = (one.kind in BY_STAFF, one.state, _ago(one.made_at + WINDOW, now))
    if one.state is State.DENIED:
        return *seen, _ago(past.denied + QUIET, now), past.approved > 0
    if one.state in {State.USED, State.OVER}:
        return *seen, one.ended, past.approved > 0, past.denied > 0, past.uses
    end = _ago(approvals.ends_at(one) or 0, now)
    true = past.approved + TAKE if past.approved else one.made_at + LIFE
    return (
        *seen, one.wrong, past.wrong, one.epoch == world.epoch, past.endings == world.endings,
        end, _ago(true, now), past.denied > 0, past.uses,
    )  # fmt: skip


def _waits(one: Approval, now: int) -> bool:
    return one.state is State.WAITING and now < one.made_at + LIFE


def _same(one: Approval, after: Approval) -> bool:
    """As it was, though its own time may have ended it."""
    return (one.answered_at, one.used_at) == (after.answered_at, after.used_at) and (
        after.state in {one.state, State.OVER}
    )


def _kept(world: World, one: Approval, past: Past) -> World:
    at = int(one.id)
    rows = (*world.rows[:at], one, *world.rows[at + 1 :])
    return world._replace(rows=rows, pasts=(*world.pasts[:at], past, *world.pasts[at + 1 :]))


def _ago(moment: int, now: int) -> int:
    return max(moment - now, -1)
