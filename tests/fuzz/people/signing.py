"""Signing in: wrong, right and old passwords, tries under way, deaths, second steps, sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from keyturn.flows import account, signin
from keyturn.flows.deliver import sweep_lapsed
from keyturn.flows.signin import NothingPending, SecondPending, SignedIn, Wrong
from keyturn.rules.lockout import Locked
from tests.fuzz.people import spec
from tests.fuzz.people.stage import ADA, BOB, NEW, NOBODY, PASSWORDS, SPELLINGS, Stage

browsers = st.integers(0, 2)
names = st.sampled_from([ADA, ADA, ADA, BOB, BOB, NEW, NOBODY])
spelled = st.integers(0, 5)
#: how people are: mostly wrong here, or nothing would ever lock
typed = st.sampled_from(["wrong", "wrong", "wrong", "right", "right", "old"])


@dataclass
class Pending:
    """A second step that a browser waits for."""

    person: spec.Person
    epoch: int
    ends: int
    client: str | None


@dataclass
class Under:
    """A try under way: what was read when it took its slot."""

    number: int
    browser: int
    email: str
    person: spec.Person | None
    state: str
    epoch: int
    right: bool
    client: str | None
    needs_second: bool
    key: str
    task: asyncio.Task[Any]
    gate: asyncio.Event


class Signing(Stage):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.under: list[Under] = []
        self.numbers = 0
        self.pending: dict[int, Pending] = {}

    # -- rules ----------------------------------------------------------------------------

    @rule(b=browsers, email=names, how=spelled, what=typed)
    def signs_in(self, b: int, email: str, how: int, what: str) -> None:
        """A whole try."""
        self.count("sign-ins")
        taken = self._begin(b, email, how, what)
        if taken is not None:
            self._finish(taken)

    @rule(b=browsers, email=names, times=st.integers(2, 5))
    def guesses(self, b: int, email: str, times: int) -> None:
        """Somebody hammers on a name."""
        for _ in range(times):
            self.signs_in(b, email, 0, "wrong")

    @precondition(lambda self: len(self.under) < 3)
    @rule(b=browsers, email=names, what=typed)
    def begins_to_sign_in(self, b: int, email: str, what: str) -> None:
        """A try that stays under way: its slot is taken, its password is being compared."""
        self.count("tries under way")
        taken = self._begin(b, email, 0, what)
        if taken is not None:
            self.under.append(taken)

    @precondition(lambda self: self.under)
    @rule(which=st.integers(0, 2))
    def a_try_ends(self, which: int) -> None:
        """The comparison of a try under way is done."""
        self.count("tries settled late")
        self._finish(self.under.pop(which % len(self.under)))

    @precondition(lambda self: self.under)
    @rule(which=st.integers(0, 2))
    def a_process_dies(self, which: int) -> None:
        """Between the two transactions of a try: nobody settles it."""
        self.count("deaths")
        dead = self.under.pop(which % len(self.under))
        dead.task.cancel()
        self.run(_ended(dead.task))

    @precondition(lambda self: any(lane.held for lane in self.lanes.values()))
    @rule()
    def lapsed_tries_are_swept(self) -> None:
        """The worker looks for tries that nobody settled."""
        self.count("sweeps")
        for lane in self.lanes.values():
            lane.look(self.now)
        untold = [lane for lane in self.lanes.values() if lane.told < len(lane.locks)]
        with self.expecting(told=self.announced(*untold)):
            self.run(sweep_lapsed(self.parts))

    @precondition(lambda self: self.pending)
    @rule(b=browsers, right=st.sampled_from([True, True, False]), trust=st.booleans())
    def types_a_second_step(self, b: int, right: bool, trust: bool) -> None:
        """An authenticator's code, or digits that are none."""
        b = min(self.pending) if b not in self.pending and b else b
        self.count("second steps")
        wait = self.pending.get(b)
        if wait is None or self.now >= wait.ends or self._overtaken(wait):
            flow = signin.second_step(self.parts, self.caller(b), "000000", trust=trust)
            with self.expecting():
                assert self.run(flow) == NothingPending()
            return
        code, passes = self.authenticator(wait.person, right=right)
        lane = self.lane(f"2:{wait.person.id}")
        if lane.lock_end:
            wanted: tuple[str, ...] = ()
        elif passes:
            lane.succeed()
            wanted = ("second.passed", "signin.passed")
        else:
            lane.fail(self.now)
            wanted = ("second.failed",)
        self._second(b, wait, code, trust, wanted, lane)

    @rule(b=browsers, email=names, right=st.sampled_from([True, True, False]), trust=st.booleans())
    def signs_in_with_a_second_step(self, b: int, email: str, right: bool, trust: bool) -> None:
        """The whole way, as far as it goes."""
        self.gets_an_authenticator(email)
        self.signs_in(b, email, 0, "right")
        if b in self.pending:
            self.types_a_second_step(b, right, trust)

    @precondition(lambda self: self.sessions)
    @rule(b=browsers)
    def comes_back(self, b: int) -> None:
        """A browser shows its session."""
        self.count("sessions shown")
        session = self.sessions.get(b)
        token = session.token if session else "no session"
        signed = self.run(account.authenticate(self.parts, self.caller(b), token))
        alive = session is not None and session.alive(self.now)
        assert (signed is not None) == alive
        if session is not None and alive:
            session.use(self.now)

    @precondition(lambda self: self.sessions)
    @rule(b=browsers)
    def signs_out(self, b: int) -> None:
        """A browser's session ends, dead or alive."""
        self.count("sign-outs")
        session = self.sessions.pop(b, None)
        if session is None:
            return
        with self.expecting(*["signout"] * session.row):
            self.run(account.sign_out(self.parts, self.caller(b), session.token))

    @rule(email=names)
    def gets_an_authenticator(self, email: str) -> None:
        """Somebody enrols a second step, once."""
        person = self.people.get(email)
        if person is not None and person.secret is None and person.state == "active":
            self.count("authenticators")
            user = self.house.write(lambda tx: tx.users.get(self.house.tenant.id, person.id))
            assert user is not None
            person.secret = self.house.totp(user)

    # -- a try ------------------------------------------------------------------------------

    def _begin(self, b: int, email: str, how: int, what: str) -> Under | None:
        """The first transaction. None if it was refused, or would have to wait."""
        person, lane = self.people.get(email), self.lane(self.lane_key(b, email))
        if lane.full:
            return None
        password = self._typed(person, what)
        spellings = SPELLINGS[email]
        flow = signin.sign_in(self.parts, self.caller(b), spellings[how % len(spellings)], password)
        if lane.lock_end:
            with self.expecting(told=self.announced(lane)):
                assert self.run(flow) == Locked(until=lane.lock_end)
            return None
        with self.expecting(told=self.announced(lane)):
            task, gate = self.run(self._to_the_gate(flow))
        self.numbers += 1
        lane.held[self.numbers] = self.now + spec.LEASE
        return self._read(b, email, person, password, task, gate)

    def _read(
        self, b: int, email: str, person: spec.Person | None, password: str,
        task: asyncio.Task[Any], gate: asyncio.Event,
    ) -> Under:  # fmt: skip
        client = person.clients.get(b) if person else None
        trusted = person is not None and b in person.trusted and client is not None
        return Under(
            number=self.numbers, browser=b, email=email, person=person,
            state=person.state if person else "disabled", epoch=person.epoch if person else 0,
            right=person is not None and password == person.password,
            client=client, needs_second=bool(person and person.secret) and not trusted,
            key=self.lane_key(b, email), task=task, gate=gate,
        )  # fmt: skip

    async def _to_the_gate(self, flow: Any) -> tuple[asyncio.Task[Any], asyncio.Event]:
        """Run a try until its password is to be compared."""
        arrived, gate = asyncio.Event(), asyncio.Event()

        async def stand() -> None:
            arrived.set()
            await gate.wait()

        self.house.hasher.during = stand
        task = asyncio.ensure_future(flow)
        there = asyncio.ensure_future(arrived.wait())
        await asyncio.wait([task, there], return_when=asyncio.FIRST_COMPLETED)
        there.cancel()
        assert not task.done(), f"answered {task.result()} before anything was compared"
        return task, gate

    def _typed(self, person: spec.Person | None, what: str) -> str:
        if person is None or what == "wrong" or person.password is None:
            return "not the password"
        if what == "right":
            return person.password
        return next(p for p in PASSWORDS if p != person.password)

    def _finish(self, one: Under) -> None:
        """The second transaction, and what it leads to."""
        lane = self.lane(one.key)
        held = lane.held.pop(one.number, None) is not None
        welcome = one.right and one.state in ("active", "unverified")
        if held and welcome and not lane.closed and not lane.lock_end:
            lane.succeed()
            self._passes(one, lane)
            return
        if held:
            lane.fail(self.now)
        wanted = Locked(until=lane.lock_end) if lane.lock_end else Wrong()
        with self.expecting("signin.failed", told=self.announced(lane)):
            assert self._answer(one) == wanted

    def _answer(self, one: Under) -> Any:
        async def go() -> Any:
            one.gate.set()
            return await one.task

        return self.browsers[one.browser].keep(self.run(go()))

    def _passes(self, one: Under, lane: spec.Lane) -> None:
        person = one.person
        assert person is not None
        told = self.announced(lane)
        if one.state == "unverified":
            self.waits_for_code(one.browser, person, lambda: self._answer(one), told)
        elif one.needs_second:
            with self.expecting("second.pending", told=told):
                answer = self._answer(one)
            assert isinstance(answer, SecondPending)
            ends = self.now + spec.SECOND_LIFE
            self.pending[one.browser] = Pending(person, one.epoch, ends, one.client)
        else:
            with self.expecting("signin.passed", *self._greeted(person, one.client), told=told):
                answer = self._answer(one)
            self.enters(one.browser, person, answer, one.epoch, one.client, trusted=False)

    @staticmethod
    def _greeted(person: spec.Person, client: str | None) -> list[str]:
        """A mail about a new client, unless it is the first."""
        return ["new_client"] if client is None and person.rows else []

    def enters(
        self, b: int, person: spec.Person, answer: Any, epoch: int, client: str | None, *,
        trusted: bool,
    ) -> None:  # fmt: skip
        """A browser is signed in, and known."""
        assert isinstance(answer, SignedIn), answer
        assert answer.user.id == person.id
        known = answer.client.partition(".")[0]
        assert client is None or known == client
        self.secrets += [answer.session, answer.client.partition(".")[2]]
        if client is None:
            self.made_known(b, person, known)
        if trusted:
            person.trusted.add(b)
        self.sessions[b] = spec.Session(person, epoch, self.now, self.now, answer.session)

    def made_known(self, b: int, person: spec.Person, client: str) -> None:
        """This browser has a lane of its own from now on."""
        self.browsers[b].clients.pop(person.clients.get(b, ""), None)
        person.clients[b] = client
        person.rows.add(client)
        person.ever.append(client)
        person.trusted.discard(b)

    # -- a second step ------------------------------------------------------------------------

    def authenticator(self, person: spec.Person, *, right: bool) -> tuple[str, bool]:
        """What is typed, and whether it is right: a code works once."""
        step = self.now // 30_000
        assert person.secret is not None
        code = self.house.code_of(person.secret)
        if not right:
            wrong = f"{(int(code) + 1) % 10**6:06d}"
            near = {self.house.code_of(person.secret, s) for s in range(-21, 22)}
            return (wrong if wrong not in near else "12345x"), False
        fresh = step > person.step and not self.lane(f"2:{person.id}").lock_end
        if fresh:
            person.step = step
        return code, fresh

    def _second(
        self, b: int, wait: Pending, code: str, trust: bool, wanted: tuple[str, ...],
        lane: spec.Lane,
    ) -> None:  # fmt: skip
        known = wait.person.clients.get(b) == wait.client and wait.client is not None
        client = wait.client if known else None
        passed = "signin.passed" in wanted
        mails = self._greeted(wait.person, client) if passed else []
        flow = signin.second_step(self.parts, self.caller(b), code, trust=trust)
        with self.expecting(*wanted, *mails, told=self.announced(lane)):
            answer = self.browsers[b].keep(self.run(flow))
        if passed:
            del self.pending[b]
            self.enters(b, wait.person, answer, wait.person.epoch, client, trusted=trust)
        else:
            assert answer == (Locked(until=lane.lock_end) if lane.lock_end else Wrong())

    @staticmethod
    def _overtaken(wait: Pending) -> bool:
        return wait.person.state != "active" or wait.person.epoch != wait.epoch

    # -- what signing up adds -------------------------------------------------------------------

    def waits_for_code(
        self, b: int, person: spec.Person, answer: Callable[[], Any], told: Mapping[str, int]
    ) -> None:
        """The password was right, the address was never confirmed."""
        raise NotImplementedError


async def _ended(task: asyncio.Task[Any]) -> None:
    await asyncio.wait([task])
