"""The world of one account: who is in, and what ends it, as the real transactions move it.

Tries are under way, second steps and recoveries wait in two browsers, while a recovery, an
objection, a disabling or staff end every session.  Time stands still here (tries.py has the
deadlines); each kind of ending happens a bounded number of times, so that all orders of them can
be visited.

Whether something was *overtaken* is kept beside the rows, by what happened, not by epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

from keyturn.flows import objection, recovery, signin, staff
from keyturn.ports.store import Lookup
from keyturn.rules import sessions as rules
from keyturn.rules.accounts import FactorKind, Flow, Session, User, UserState
from keyturn.rules.binding import Rows
from keyturn.rules.lockout import Lane
from keyturn.steps import second
from keyturn.steps.acts import begin
from keyturn.steps.sessions import SignedIn, end_all
from tests.models import laws, twin
from tests.models.twin import LaneTx, Names

ADA = replace(twin.ADA, id="0" * 25 + "a")
KEY, SECOND_KEY = "u:" + ADA.id, "2:" + ADA.id
#: what the lane of the second step always holds here
GUESSED = Lane(failed=3, total=3, last_failed=twin.START)
BROWSERS = ("a", "b")
LIFE = 10**9
#: how often each ending may happen
MOST = {"recover": 1, "object": 1, "disable": 1, "end": 1}


class Try(NamedTuple):
    """A try under way in a browser.

    Attributes:
        taken: what the real flow keeps of it.
        ended: a session that it began now would be dead; `void`: and its browser unknown.
    """

    browser: str
    taken: Any
    right: bool
    ended: bool = False
    void: bool = False


class In(NamedTuple):
    """A session, and whether something has ended it."""

    session: Session
    ended: bool


class Waits(NamedTuple):
    """A flow that waits in a browser, and whether it was overtaken."""

    flow: Flow
    overtaken: bool = False


class World(NamedTuple):
    """The rows, and what happened."""

    user: User = ADA
    lane: Lane = Lane()
    version: int = 0
    tries: tuple[Try, ...] = ()
    sessions: tuple[In, ...] = ()
    waits: tuple[Waits, ...] = ()
    spent: tuple[tuple[str, int], ...] = tuple(dict.fromkeys(MOST, 0).items())


class AccountTx(LaneTx):
    """A transaction on the account."""

    def __init__(self, world: World, factors: frozenset[FactorKind]) -> None:
        looked = Lookup(
            user=world.user, known=True, client=None, factors=factors, staff=False, network=None,
            lane=None,
        )  # fmt: skip
        super().__init__(KEY, world.lane, world.version, looked)
        self.user = world.user
        self.rows = [one.session for one in world.sessions]
        self.waiting = [one.flow for one in world.waits]
        self.made_known = 0
        self.guessed = GUESSED
        self.users = SimpleNamespace(  # type: ignore[assignment]
            lookup=lambda _wanted: looked, get=self._user, lock=self._user, save=self._keep
        )
        self.sessions = SimpleNamespace(add=self.rows.append, end=self._end)
        self.flows = SimpleNamespace(open=self._open, add=self._add, save=self._save)
        self.clients = SimpleNamespace(of_user=lambda *_: [], add=self._known, forget=lambda *_: 0)
        self.codes = SimpleNamespace(add=lambda _code: None)
        self.phones = SimpleNamespace(
            held=lambda *_: Rows(self.user), save=lambda _before, after: self._keep(after.user)
        )
        self.roles = SimpleNamespace(of_user=lambda _user: {})
        self.devices = SimpleNamespace(taken_from=lambda *_: [])
        self.recoveries = SimpleNamespace(newest=lambda *_: None)
        self.cases = SimpleNamespace(
            get=lambda *_: None, add=lambda _case: None, of_user=lambda *_: []
        )

    def get(self, _tenant: str, _key: str) -> Lane:
        return self.lane

    def of_user(self, _tenant: str, _user: str) -> Mapping[str, Lane]:
        return {KEY: self.lane, SECOND_KEY: self.guessed}

    def lock(self, tenant: str, key: str, now: int) -> Lane:
        return self.guessed if key == SECOND_KEY else super().lock(tenant, key, now)

    def save(self, tenant: str, key: str, lane: Lane, user: str | None) -> None:
        if key == SECOND_KEY:
            self.guessed = lane
        else:
            super().save(tenant, key, lane, user)

    def _user(self, _tenant: str, _user: str) -> User:
        return self.user

    def _keep(self, user: User) -> None:
        self.user = user

    def _end(self, _tenant: str, _user: str, _digest: str | None) -> int:
        self.rows.clear()
        return 0

    def _known(self, _client: object) -> None:
        self.made_known += 1

    def _open(self, _tenant: str, browser: str, kind: str, _now: int) -> Flow | None:
        mine = [
            f for f in self.waiting if (f.browser, f.kind, f.closed_at) == (browser, kind, None)
        ]
        return mine[0] if mine else None

    def _add(self, flow: Flow) -> None:
        key = (flow.browser, flow.kind)
        self.waiting[:] = [f for f in self.waiting if (f.browser, f.kind) != key]
        if flow.kind in {signin.KIND, recovery.KIND}:
            self.waiting.append(flow)

    def _save(self, flow: Flow) -> None:
        open_still = flow.closed_at is None and flow.step in {"second", "password"}
        rest = [f for f in self.waiting if f.id != flow.id]
        self.waiting[:] = [*rest, flow] if open_still and len(rest) < len(self.waiting) else rest


@dataclass(frozen=True)
class Rules:
    """What is put in the place of the real thing: (owner, name, part)."""

    parts: tuple[tuple[object, str, Any], ...] = field(default_factory=tuple)


class Model:
    """The steps of a world, with the laws checked on the way.

    Args:
        second_step: the account has an authenticator.
    """

    def __init__(self, *, second_step: bool, changed: Rules | None = None) -> None:
        self.changed = changed or Rules()
        self.factors = frozenset({FactorKind.TOTP}) if second_step else frozenset()
        self.level = 2 if second_step else 1

    def installed(self) -> Any:
        """Second steps are right or wrong as a step says; their lane is the other model's."""
        said = (second, "attempt", lambda _tx, _act, _user, code: code == "right")
        methods = (second, "methods", lambda *_: ())
        return twin.replaced(said, methods, *self.changed.parts)

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for browser in BROWSERS:
            if all(t.browser != browser for t in world.tries):
                yield from self._begins(world, browser)
            yield from self._goes_on(world, browser)
        for one in world.tries:
            yield f"settle {one.browser}", self._settled(world, one)
        yield from self._endings(world)
        for each in world.sessions:
            alive = rules.alive(each.session, world.user, twin.START, LIFE, LIFE)
            should = not each.ended and world.user.state is UserState.ACTIVE
            laws.a_session_lives_exactly_as_long_as_nothing_ended_it(alive, should)

    # -- a browser ------------------------------------------------------------------------------

    def _begins(self, world: World, browser: str) -> Iterator[tuple[str, World]]:
        """A try takes its slot, with the password in force if there is one."""
        tx, act = self._open(world, browser)
        answer: Any = signin._reserve(tx, act, "ada")  # type: ignore[arg-type]
        if isinstance(answer, signin._Try):
            one = Try(browser, answer, world.user.password_hash is not None)
            tries = tuple(sorted((*world.tries, one), key=lambda t: t.browser))
            yield f"begin {browser}", self._after(world, tx)._replace(tries=tries)

    def _settled(self, world: World, one: Try) -> World:
        tx, act = self._open(world, one.browser)
        answer = signin._settle(tx, act.parts, one.taken, one.right, None)  # type: ignore[arg-type]
        passed = isinstance(answer, SignedIn | signin.SecondPending)
        if passed:
            laws.a_wrong_password_never_gets_in(one.right)
        laws.whoever_was_ended_is_no_known_client(tx.made_known > 0, one.void)
        if isinstance(answer, SignedIn):
            laws.nobody_is_in_with_a_second_step_outstanding(answer.level, self.level)
        return _without(self._after(world, tx, ended=one.ended), one)

    def _goes_on(self, world: World, browser: str) -> Iterator[tuple[str, World]]:
        """The second step, or the new password, of what waits in a browser."""
        for wait in world.waits:
            if wait.flow.browser != browser:
                continue
            tx, act = self._open(world, browser)
            gone = wait.overtaken or world.user.state is not UserState.ACTIVE
            if wait.flow.kind == signin.KIND:
                answer: Any = signin._second_step(tx, act, "right", trust=False)  # type: ignore[arg-type]
                passed = isinstance(answer, SignedIn)
                laws.a_second_step_that_waits_dies_with_the_password(passed, gone)
                yield f"second {browser}", self._after(world, tx)
            elif dict(world.spent)["recover"] < MOST["recover"]:
                answer = recovery._set(tx, act, f"{world.user.password_hash}+")  # type: ignore[arg-type]
                done = isinstance(answer, recovery.Open)
                laws.a_recovery_overtaken_by_another_sets_no_password(done, gone)
                laws.a_recovery_leaves_the_second_step_s_lane_alone(GUESSED, tx.guessed)
                after = self._after(world, tx)
                if done:
                    after = _spend(_all_ended(after, void=True), "recover")
                yield f"new password {browser}", after
        if all((w.flow.browser, w.flow.kind) != (browser, recovery.KIND) for w in world.waits):
            yield f"proved {browser}", self._proved(world, browser)

    def _proved(self, world: World, browser: str) -> World:
        """A recovery whose code was right waits for the new password."""
        flow = Flow(
            id=f"recovery {browser}", tenant_id="tenant", browser=browser, kind=recovery.KIND,
            step="password", user_id=ADA.id, created_at=0, expires_at=LIFE, closed_at=None,
            data={"typed": "ada", "lane": KEY, "epoch": world.user.epoch},
        )  # fmt: skip
        return world._replace(waits=_sorted((*world.waits, Waits(flow))))

    # -- endings ----------------------------------------------------------------------------------

    def _endings(self, world: World) -> Iterator[tuple[str, World]]:
        for name, act in (("object", self._objects), ("end", self._ends)):
            if dict(world.spent)[name] < MOST[name]:
                after = self._after(world, self._run(world, act))
                yield name, _spend(_all_ended(after, void=name == "object"), name)
        host = staff.on_the_host(twin.caller())
        if world.user.state is UserState.DISABLED:
            yield "enable", world._replace(user=replace(world.user, state=UserState.ACTIVE))
        elif dict(world.spent)["disable"] < MOST["disable"]:
            tx = self._flow(world, lambda parts: staff.disable(parts, host, ADA.id))
            yield "disable", _spend(_all_ended(self._after(world, tx), void=True), "disable")

    @staticmethod
    def _objects(tx: Any, act: Any, user: User) -> None:
        flow = Flow(
            id="objection", tenant_id="tenant", browser="mail", kind="notme", step="open",
            user_id=ADA.id, data={}, created_at=0, expires_at=LIFE, closed_at=None,
        )  # fmt: skip
        objection._stop(tx, act, flow, user)

    @staticmethod
    def _ends(tx: Any, act: Any, user: User) -> None:
        end_all(tx, act, user, "staff")

    def _run(self, world: World, act: Callable[[Any, Any, User], None]) -> AccountTx:
        tx, moment = self._open(world, "staff")
        act(tx, moment, world.user)
        return tx

    def _flow(self, world: World, flow: Callable[[Any], Coroutine[Any, Any, object]]) -> AccountTx:
        """A whole flow of one transaction."""
        tx, act = self._open(world, "staff")
        act.parts.store = SimpleNamespace(write=_at_once(tx), read=_at_once(tx))
        _ran(flow(act.parts))
        return tx

    # -- rows ---------------------------------------------------------------------------------

    def _open(self, world: World, browser: str) -> tuple[AccountTx, Any]:
        taken = {r.id for r in world.lane.reservations} | {t.taken.held for t in world.tries}
        name = next(n for n in map(str, range(9)) if n not in taken)
        parts = twin.parts(Names([name]), twin.START)
        parts.random.letters = lambda count: "A" * count
        return AccountTx(world, self.factors), begin(parts, twin.caller(browser))

    def _after(self, world: World, tx: AccountTx, *, ended: bool = False) -> World:
        """The rows as the transaction leaves them; a new session or flow may be born dead."""
        old = {id(one.session): one for one in world.sessions}
        sessions = tuple(old.get(id(row), In(row, ended)) for row in tx.rows)
        before = {w.flow.id: w for w in world.waits}
        waits = tuple(
            before[f.id]._replace(flow=f)
            if f.id in before and before[f.id].flow.created_at == f.created_at
            else Waits(replace(f, id=f"{f.kind} {f.browser}"), ended)
            for f in tx.waiting
        )
        lane = replace(tx.lane, failed=0, total=0, last_failed=0, locked_until=0)
        return world._replace(
            user=replace(tx.user, password_set_at=0), lane=lane, version=tx.version,
            sessions=sessions[-1:], waits=_sorted(waits),
        )  # fmt: skip

    def key(self, world: World) -> Hashable:
        """A world without names. Epochs only grow: all that counts is which are the account's."""
        u = world.user
        return (
            (u.state, u.password_hash is None, u.frozen_at is None),
            len(world.lane.reservations),
            tuple(
                (t.browser, t.right, t.ended, t.void, u.epoch == t.taken.found.user.epoch,
                 any(r.id == t.taken.held for r in world.lane.reservations))
                for t in world.tries
            ),
            tuple(sorted((u.epoch == s.session.epoch, s.ended) for s in world.sessions)),
            tuple(
                (w.flow.browser, w.flow.kind, u.epoch == w.flow.data["epoch"], w.overtaken)
                for w in world.waits
            ),
            world.spent,
        )  # fmt: skip


def _without(world: World, one: Try) -> World:
    return world._replace(tries=tuple(t for t in world.tries if t.browser != one.browser))


def _all_ended(world: World, *, void: bool) -> World:
    """Everything that was begun before is over."""
    return world._replace(
        tries=tuple(t._replace(ended=True, void=t.void or void) for t in world.tries),
        sessions=tuple(s._replace(ended=True) for s in world.sessions),
        waits=tuple(w._replace(overtaken=True) for w in world.waits),
    )


def _spend(world: World, what: str) -> World:
    spent = tuple((name, count + (name == what)) for name, count in world.spent)
    return world._replace(spent=spent)


def _sorted(waits: tuple[Waits, ...]) -> tuple[Waits, ...]:
    return tuple(sorted(waits, key=lambda w: (w.flow.browser, w.flow.kind)))


def _at_once(tx: Any) -> Any:
    async def run(fn: Callable[[Any], object]) -> object:
        return fn(tx)

    return run


def _ran(flow: Coroutine[Any, Any, object]) -> object:
    """A flow that waits for nothing."""
    try:
        flow.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError(flow)
