"""The world of tries of one directory account: agents that die and repeat themselves, a person who
mistypes at their own desk, and the one controller that counts.

A step is what nothing can come between: one transaction of the server (the real rules on a
real Try and the account's real Streak), one look at the controller's count, one bind sent, one
bind arriving.

    agent    asks > leave > read > sent > landed > over
                        (gives back)            (a death: a new run asks again)
    bind     sent > arrives, or never              (arrives within its time-out)

Leases are left out: each try has an agent of its own, and all of them are heard. What is proved
here holds even with several primaries.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins import budget, tries
from keyturn.rules.directories.signins.answers import Way, way
from keyturn.rules.directories.signins.budget import Limits, Streak
from keyturn.rules.directories.signins.tries import Ask, Submit, Told, Try, TryState
from keyturn.rules.directories.things import Epoch, Lease
from tests.models import signin_laws as laws
from tests.models import twin

#: short times: what matters is which of two ends comes first
WINDOW, BIND, NEEDS = 4, 1, 2
THRESHOLD = 4
BUDGET = THRESHOLD - 2
LIMITS = Limits(THRESHOLD, WINDOW)
FAR = 10**6
DEATH, LOSS, TWICE, DESK = range(4)


class Flight(NamedTuple):
    """A bind under way. desk: how often the person had mistyped when the count was read."""

    run: int
    at: int
    desk: int


class Hand(NamedTuple):
    """The agent that has one try, and what it knows.

    Attributes:
        said: what the controller answered; None before, and when nothing came.
        late: what it told, and may arrive once more.
        binds: how often it has been sent; passed: it let somebody in.
    """

    run: int = 0
    doing: str = "asks"
    until: int = 0
    desk: int = 0
    said: Bind | None = None
    flight: Flight | None = None
    late: tuple[int, Bind | None, str] | None = None
    binds: int = 0


class Controller(NamedTuple):
    """The truth. ours: wrong ones of ours since it last forgot; desk: of the person, in all."""

    bad: int = 0
    last: int = 0
    ours: int = 0
    desk: int = 0


class World(NamedTuple):
    """Everything. `spent`: accidents that happened."""

    tries: tuple[Try, ...]
    hands: tuple[Hand, ...]
    streak: Streak = Streak()
    controller: Controller = Controller()
    now: int = 100
    spent: tuple[int, int, int, int] = (0, 0, 0, 0)


def first(number: int) -> World:
    """So many tries, all handed in."""
    made = [tries.begun(str(at), "t", "d", 100) for at in range(number)]
    queued = [tries.submit(one, Submit("g", "u", "l", ()), 100)[0] for one in made]
    return World(tuple(queued), tuple(Hand() for _ in made))


@dataclass(frozen=True)
class Wrong:
    """What is put in the place of the real thing.

    Attributes:
        parts: (owner, name, part) of rules.
        agent: an agent that breaks its side: "blind" (reads no count), "hasty" (reads it before
            it asks for leave), "late" (sends without looking at its leave), "denies" (a new run
            says that the old one sent nothing, and is heard).
    """

    parts: tuple[tuple[object, str, Any], ...] = ()
    agent: str = ""


@dataclass
class Model:
    """The steps of a world, with the laws checked on the way.

    Args:
        most: accidents of each kind (DEATH, LOSS, TWICE, DESK).
        right: the first try has the right password.
    """

    most: tuple[int, int, int, int]
    right: bool = False
    wrong: Wrong = field(default_factory=Wrong)
    passed: bool = False

    def installed(self) -> Any:
        """The rules with short times, and with what is wrong, while the block lasts."""
        short = (
            (budget, "WINDOW_MIN_MS", WINDOW), (budget, "SLACK_MS", 0), (budget, "SKEW_MS", 0),
            (tries, "DEADLINE_MS", FAR), (tries, "SEAL_MS", FAR),
        )  # fmt: skip
        return twin.replaced(*short, *self.wrong.parts)

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for at, hand in enumerate(world.hands):
            yield from self._hand(world, at, hand)
            if hand.flight is not None:
                yield f"{at} lands", self._lands(world, at, hand.flight)
                yield f"{at} is lost", _with(world, at, self._unanswered(hand))
        if world.spent[DESK] < self.most[DESK]:
            yield "desk", self._mistyped(world)
        if all(h.flight is None or world.now < h.flight.at + BIND for h in world.hands):
            yield "time", world._replace(now=world.now + 1)

    def _hand(self, world: World, at: int, hand: Hand) -> Iterator[tuple[str, World]]:
        yield from self._act(world, at, hand)
        if hand.doing != "over" and world.spent[DEATH] < self.most[DEATH]:
            yield f"{at} dies", _spend(_with(world, at, self._died(hand)), DEATH)
        if hand.late is not None and world.spent[TWICE] < self.most[TWICE]:
            again = self._heard(world, at, *hand.late)
            yield f"{at} tells again", _spend(again, TWICE)

    def _act(self, world: World, at: int, hand: Hand) -> Iterator[tuple[str, World]]:
        match hand.doing:
            case "asks" if self.wrong.agent == "hasty":
                yield f"{at} looks", self._looks(world, at, hand)
            case "asks" | "looked":
                asked = self._asks(world, at, hand)
                yield f"{at} asks", asked
                trying = asked.tries[at].state is TryState.TRYING
                if trying and world.spent[LOSS] < self.most[LOSS]:
                    yield f"{at} asks in vain", _spend(_with(asked, at, hand), LOSS)
            case "leave":
                yield f"{at} reads", self._reads(world, at, hand)
            case "read":
                yield f"{at} sends", self._sends(world, at, hand)
            case "landed":
                yield f"{at} tells", self._tells(world, at, hand, hand.said or Bind.SILENT, "")

    # -- steps ----------------------------------------------------------------------------

    def _looks(self, world: World, at: int, hand: Hand) -> World:
        """The hasty one's only look, before it has leave."""
        if not self._bears(world):
            return world
        return _with(world, at, hand._replace(doing="looked", desk=world.controller.desk))

    def _asks(self, world: World, at: int, hand: Hand) -> World:
        ask = Ask("a", _run(at, hand.run), LIMITS, NEEDS, _lease(at, hand.run))
        decision = tries.ask(world.tries[at], world.streak, ask, world.now)
        after = self._stored(world, at, decision)
        one = decision.one
        if decision.why == "" and one.until is not None:
            doing = "read" if hand.doing == "looked" else "leave"
            return _with(after, at, hand._replace(doing=doing, until=one.until))
        over = one.state is TryState.ANSWERED
        return _with(after, at, hand._replace(doing="over" if over else hand.doing))

    def _bears(self, world: World) -> bool:
        held = _forgotten(world.controller, world.now)
        return budget.margin(LIMITS, held.bad, held.last, world.now)

    def _reads(self, world: World, at: int, hand: Hand) -> World:
        seen = hand._replace(doing="read", desk=world.controller.desk)
        if self.wrong.agent == "blind" or self._bears(world):
            return _with(world, at, seen)
        return self._tells(world, at, hand, None, "no_margin")

    def _sends(self, world: World, at: int, hand: Hand) -> World:
        if world.now + BIND > hand.until - 1 and self.wrong.agent != "late":
            return self._tells(world, at, hand, None, "late")
        laws.a_password_is_tried_once(hand.binds + 1)
        flight = Flight(hand.run, world.now, hand.desk)
        sent = hand._replace(doing="sent", flight=flight, binds=hand.binds + 1)
        return _with(world, at, sent)

    def _lands(self, world: World, at: int, flight: Flight) -> World:
        right = self.right and at == 0
        held = _forgotten(world.controller, world.now)
        if right:
            held = held._replace(bad=0, ours=0)
        else:
            held = held._replace(bad=held.bad + 1, last=world.now, ours=held.ours + 1)
            meanwhile = held.desk - flight.desk
            laws.nothing_of_ours_takes_the_last_two(held.bad, THRESHOLD, meanwhile)
            laws.ours_never_exceed_the_budget(held.ours, BUDGET)
        hand = world.hands[at]._replace(flight=None)
        if flight.run == hand.run:
            hand = hand._replace(doing="landed", said=Bind.RIGHT if right else Bind.WRONG)
        return _with(world._replace(controller=held), at, hand)

    def _unanswered(self, hand: Hand) -> Hand:
        """It never arrives; whoever waited for it knows only that nothing came."""
        waits = hand.flight is not None and hand.flight.run == hand.run
        return hand._replace(flight=None, doing="landed" if waits else hand.doing)

    def _tells(self, world: World, at: int, hand: Hand, bind: Bind | None, reason: str) -> World:
        over = hand._replace(doing="over", late=(hand.run, bind, reason))
        return self._heard(_with(world, at, over), at, hand.run, bind, reason)

    def _heard(self, world: World, at: int, run: int, bind: Bind | None, reason: str) -> World:
        told = Told("a", _run(at, run), bind, reason, _lease(at, run))
        decision = tries.told(world.tries[at], world.streak, told, world.now)
        return self._stored(world, at, decision)

    def _stored(self, world: World, at: int, decision: tries.Decision) -> World:
        before, after = world.tries[at], decision.one
        if before.state is TryState.ANSWERED:
            laws.the_answer_of_a_try_is_never_taken_back(before == after)
        elif after.state is TryState.ANSWERED and way(after.bind, after.reason) is Way.PASS:
            self.passed = True
            laws.whoever_gets_in_was_right(self.right and at == 0)
            laws.nobody_gets_in_by_a_leave_that_has_ended(world.now, before.until or 0)
        changed = (*world.tries[:at], after, *world.tries[at + 1 :])
        return world._replace(tries=changed, streak=decision.streak)

    def _died(self, hand: Hand) -> Hand:
        denies = self.wrong.agent == "denies" and hand.flight is not None
        said = (hand.run, None, "late") if denies else hand.late
        return hand._replace(run=hand.run + 1, doing="asks", said=None, late=said)

    def _mistyped(self, world: World) -> World:
        held = _forgotten(world.controller, world.now)
        more = held._replace(bad=held.bad + 1, last=world.now, desk=held.desk + 1)
        return _spend(world._replace(controller=more), DESK)

    # -- what of a state the future can see ------------------------------------------------

    def key(self, world: World) -> Hashable:
        now, streak, held = world.now, world.streak, _forgotten(world.controller, world.now)
        hands = [self._key(world, at, hand) for at, hand in enumerate(world.hands)]
        others = hands[1:] if self.right else hands
        return (
            tuple(hands[:1] if self.right else ()), tuple(sorted(others, key=repr)), streak.count,
            _ago(streak.last_at, now), _ago(streak.until, now) if streak.holder else None,
            (held.bad, _ago(held.last, now), held.ours, held.desk), world.spent,
        )  # fmt: skip

    def _key(self, world: World, at: int, hand: Hand) -> Hashable:
        one, now = world.tries[at], world.now
        flight = hand.flight and hand.flight._replace(at=hand.flight.at - now)
        late = hand.late if world.spent[TWICE] < self.most[TWICE] else None
        if hand.doing == "over" and flight is None and one.state is TryState.ANSWERED:
            return ("over", late)
        waits = hand.doing in {"leave", "read"}
        seen = hand._replace(
            until=_ago(hand.until, now) if waits else 0, flight=flight, late=late,
            desk=hand.desk if hand.doing in {"looked", "read"} else 0,
        )  # fmt: skip
        trying = one.state is TryState.TRYING and one.until is not None
        ends = max((one.until or 0) - now, -1) if trying else 0
        return (seen, one.state, one.run_id.partition(".")[2], ends, world.streak.holder == one.id)


def _run(at: int, run: int) -> str:
    return f"{at}.{run}"


def _lease(at: int, run: int) -> Lease:
    return Lease("d", "a", _run(at, run), Epoch(1, 1), FAR)


def _forgotten(held: Controller, now: int) -> Controller:
    """A controller forgets when nothing was wrong for its window."""
    return held._replace(bad=0, ours=0) if now >= held.last + WINDOW else held


def _ago(moment: int, now: int) -> int:
    return max(moment - now, -WINDOW)


def _with(world: World, at: int, hand: Hand) -> World:
    return world._replace(hands=(*world.hands[:at], hand, *world.hands[at + 1 :]))


def _spend(world: World, accident: int) -> World:
    spent = [count + (at == accident) for at, count in enumerate(world.spent)]
    return world._replace(spent=(spent[0], spent[1], spent[2], spent[3]))
