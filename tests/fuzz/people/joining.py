"""Signing up: codes, links, resends, addresses that somebody has, sign-ups that give way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from keyturn.flows import signup
from keyturn.flows.signin import AddressPending
from keyturn.flows.signup import Confirmed, Elsewhere, NothingOpen, Open, TooSoon
from tests.fuzz.people import spec
from tests.fuzz.people.signing import Signing, browsers
from tests.fuzz.people.stage import ADA, BOB, NEW, PASSWORDS

#: what is typed as a code
which = st.sampled_from(["wrong", "wrong", "right", "right", "older", "another browser's"])


class Joining(Signing):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.signups: dict[int, spec.Flow] = {}
        self.old_signups: list[tuple[int, spec.Flow]] = []

    # -- rules ------------------------------------------------------------------------------

    @rule(
        b=browsers, email=st.sampled_from([ADA, BOB, BOB, NEW]), password=st.sampled_from(PASSWORDS)
    )
    def signs_up(self, b: int, email: str, password: str) -> None:
        """A new account, or an address that somebody has."""
        self.count("sign-ups")
        holder = self.people.get(email)
        free = holder is None or holder.state == "unverified"
        before = len(self.house.outbox())
        flow = signup.start(self.parts, self.caller(b), "Ann", email, password, spaces_meant=False)
        with self.expecting("signup.started" if free else "signup.repeated", code=True):
            answer = self.run(flow)
        if isinstance(answer, signup.TooMany):
            return
        assert isinstance(answer, Open), answer
        if free:
            user = self.house.write(lambda tx: tx.users.named(self.house.tenant.id, email))
            assert user is not None
            self.people[email] = spec.Person(user.id, email, password, "unverified", ())
        self._opens(b, self.people[email] if free else None, email, before)

    @precondition(lambda self: self.signups)
    @rule(b=browsers, what=which)
    def types_the_code_of_a_sign_up(self, b: int, what: str) -> None:
        """Six digits, right or not."""
        self.count("codes typed")
        b = self.at(b, self.signups, "code")
        flow = self.signups.get(b)
        digits = self.digits(flow, what, self.signups)
        enter = signup.enter_code(self.parts, self.caller(b), digits)
        if flow is None or not flow.open(self.now):
            with self.expecting():
                assert self.run(enter) == NothingOpen()
            return
        verdict = self.judged(flow, digits)
        self._judged(b, flow, verdict, enter)

    @precondition(lambda self: self.signups)
    @rule(b=browsers, which=st.integers(0, 5))
    def follows_the_link_of_a_sign_up(self, b: int, which: int) -> None:
        """The long link beside a code, in this browser or in another."""
        flows = [*self.old_signups, *self.signups.items()]
        sent = [(home, flow, c) for home, flow in flows for c in flow.codes if c.token]
        if not sent:
            return
        self.count("links followed")
        home, flow, code = sent[which % len(sent)]
        follow = signup.follow_link(self.parts, self.caller(b), code.token)
        dead = code.dead(self.now, link=True)
        if dead is None and home != b:
            with self.expecting():
                assert self.run(follow) == Elsewhere()
        elif dead is not None:
            with self.expecting():
                assert type(self.run(follow)).__name__ == dead
        else:
            code.used = True
            self._judged(b, flow, "Right", follow)

    @precondition(lambda self: self.signups)
    @rule(b=browsers)
    def asks_again_for_the_code_of_a_sign_up(self, b: int) -> None:
        """A resend, too soon or not."""
        self.count("resends")
        flow, before = self.signups.get(b), len(self.house.outbox())
        with self.expecting(code=True):
            answer = self.run(signup.resend(self.parts, self.caller(b)))
        if flow is None or not flow.open(self.now):
            assert answer == NothingOpen()
        elif flow.codes and self.now < flow.codes[-1].sent + spec.RESEND:
            assert answer == TooSoon(at=flow.codes[-1].sent + spec.RESEND)
        else:
            self._sent(flow, before)

    # -- what follows -------------------------------------------------------------------------

    def _opens(self, b: int, person: spec.Person | None, email: str, before: int) -> None:
        if b in self.signups:
            self.old_signups.append((b, self.signups[b]))
            self.signups[b].closed = True
        self.signups[b] = spec.Flow(person, "code", self.now, f"s:{email}", email)
        self._sent(self.signups[b], before)

    def _sent(self, flow: spec.Flow, before: int) -> None:
        for letter in self.mailed(before):
            flow.send(self.code_of(letter, real=flow.person is not None))

    def digits(
        self, flow: spec.Flow | None, what: str, all_of_them: Mapping[int, spec.Flow]
    ) -> str:
        """What is typed."""
        mine = [c.digits for c in flow.codes if c.digits] if flow else []
        if what == "right" and mine:
            return mine[-1]
        if what == "older" and mine:
            return mine[0]
        others = [c.digits for f in all_of_them.values() if f is not flow for c in f.codes]
        if what == "another browser's" and any(others):
            return next(digits for digits in others if digits)
        return "not six digits"

    def judged(self, flow: spec.Flow, digits: str) -> str:
        """The verdict on digits typed; a lane has twenty tries a day."""
        window = self.tries.setdefault(flow.lane, spec.Window(spec.DAY))
        return "" if window.spend(self.now) > spec.TRIES_A_DAY else flow.judge(digits, self.now)

    def _judged(self, b: int, flow: spec.Flow, verdict: str, enter: Any) -> None:
        """What a code or a link leads to."""
        if verdict != "Right":
            fails = ["code.failed"] if verdict and flow.codes else []
            with self.expecting(*fails):
                assert type(self.run(enter)).__name__ == (verdict or "Spent")
            return
        flow.closed = True
        person = flow.person
        assert person is not None
        if self.people.get(person.email) is not person:
            with self.expecting():
                assert self.run(enter) == NothingOpen()
        elif person.state != "unverified":
            with self.expecting():
                assert self.run(enter) == Confirmed()
        else:
            person.state = "active"
            with self.expecting("signup.verified", "signin.passed", *self._greeted(person, None)):
                answer = self.browsers[b].keep(self.run(enter))
            self.enters(b, person, answer, person.epoch, None, trusted=False)

    def waits_for_code(
        self, b: int, person: spec.Person, answer: Callable[[], Any], told: Mapping[str, int]
    ) -> None:
        flow, before = self.signups.get(b), len(self.house.outbox())
        going = flow is not None and flow.person is person and flow.open(self.now)
        live = flow is not None and bool(flow.codes) and self.now < flow.codes[-1].end
        with self.expecting("signin.unverified", told=told, code=True):
            assert answer() == AddressPending(email=person.email)
        if not (going and live):
            self._opens(b, person, person.email, before)
