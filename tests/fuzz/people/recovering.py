"""Forgotten passwords, during locks and beside each other, and "this wasn't me"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from keyturn.flows import objection, recovery
from keyturn.flows.objection import Stopped
from keyturn.flows.recovery import NothingOpen, Open, TooSoon
from keyturn.rules.lockout import Locked
from tests.fuzz.people import spec
from tests.fuzz.people.joining import Joining, which
from tests.fuzz.people.signing import browsers, names
from tests.fuzz.people.stage import PASSWORDS


class Recovering(Joining):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.recoveries: dict[int, spec.Flow] = {}
        self.old_recoveries: list[spec.Flow] = []
        self.notices: list[tuple[spec.Person, str, int]] = []
        self.objected: dict[str, str] = {}

    # -- rules --------------------------------------------------------------------------------

    @rule(b=browsers, email=names)
    def forgets_a_password(self, b: int, email: str) -> None:
        """A recovery begins, or the one that is open goes on."""
        self.count("recoveries begun")
        flow, before = self.recoveries.get(b), len(self.house.outbox())
        going = flow is not None and flow.open(self.now) and flow.step != "done"
        key, person = self.lane_key(b, email), self.people.get(email)
        begun = [] if going else ["recovery.started"]
        with self.expecting(*begun, code=not going):
            answer = self.run(recovery.start(self.parts, self.caller(b), email))
        assert isinstance(answer, Open)
        assert answer.again == going
        if not going:
            helped = person if person is not None and person.state == "active" else None
            self._open(b, spec.Flow(helped, "code", self.now, key, email))
            self._sent(self.recoveries[b], before)

    @precondition(lambda self: self.recoveries)
    @rule(b=browsers, what=which)
    def types_the_code_of_a_recovery(self, b: int, what: str) -> None:
        """Six digits, right or not."""
        self.count("codes typed")
        b = self.at(b, self.recoveries, "code")
        self._enter(b, self.digits(self.recoveries.get(b), what, self.recoveries))

    def _enter(self, b: int, digits: str) -> None:
        flow = self.recoveries.get(b)
        enter = recovery.enter_code(self.parts, self.caller(b), digits)
        if flow is None or not flow.open(self.now) or flow.step != "code":
            with self.expecting():
                assert self.run(enter) == NothingOpen()
            return
        verdict = self.judged(flow, digits)
        if verdict == "Right":
            self._proved(flow, enter)
            return
        fails = ["code.failed"] if verdict and flow.codes else []
        with self.expecting(*fails):
            assert type(self.run(enter)).__name__ == (verdict or "Spent")

    @precondition(lambda self: self.recoveries)
    @rule(b=browsers, which=st.integers(0, 5))
    def follows_the_link_of_a_recovery(self, b: int, which: int) -> None:
        """The long link, in any browser: the recovery goes on there."""
        flows = [*self.old_recoveries, *self.recoveries.values()]
        sent = [(flow, code) for flow in flows for code in flow.codes if code.token]
        if not sent:
            return
        self.count("links followed")
        origin, code = sent[which % len(sent)]
        follow = recovery.follow_link(self.parts, self.caller(b), code.token)
        dead = code.dead(self.now, link=True)
        if dead is not None:
            with self.expecting():
                assert type(self.run(follow)).__name__ == dead
            return
        code.used = True
        origin.closed = True
        key = self.lane_key(b, origin.name)
        moved = replace(origin, began=self.now, lane=key, codes=[], closed=False)
        self._open(b, moved)
        self._proved(moved, follow)

    @precondition(lambda self: self.recoveries)
    @rule(b=browsers)
    def asks_again_for_the_code_of_a_recovery(self, b: int) -> None:
        """A resend, too soon or not."""
        self.count("resends")
        flow, before = self.recoveries.get(b), len(self.house.outbox())
        with self.expecting(code=True):
            answer = self.run(recovery.resend(self.parts, self.caller(b)))
        if flow is None or not flow.open(self.now) or flow.step != "code":
            assert answer == NothingOpen()
        elif flow.codes and self.now < flow.codes[-1].sent + spec.RESEND:
            assert answer == TooSoon(at=flow.codes[-1].sent + spec.RESEND)
        else:
            self._sent(flow, before)

    @precondition(lambda self: self.recoveries)
    @rule(b=browsers, right=st.booleans())
    def gives_the_second_proof(self, b: int, right: bool) -> None:
        """An authenticator's code in a recovery."""
        b = self.at(b, self.recoveries, "second")
        flow = self.recoveries.get(b)
        if flow is None or not flow.open(self.now) or flow.step != "second" or flow.overtaken():
            with self.expecting():
                flown = recovery.second_proof(self.parts, self.caller(b), "000000")
                assert self.run(flown) == NothingOpen()
            return
        self.count("second proofs")
        assert flow.person is not None
        code, passes = self.authenticator(flow.person, right=right)
        lane = self.lane(f"2:{flow.person.id}")
        wanted: tuple[str, ...] = ()
        if passes:
            lane.succeed()
            flow.step, wanted = "password", ("recovery.proved",)
        elif not lane.lock_end:
            lane.fail(self.now)
            wanted = ("second.failed",)
        with self.expecting(*wanted, told=self.announced(lane)):
            answer = self.run(recovery.second_proof(self.parts, self.caller(b), code))
        refusal = Locked(until=lane.lock_end) if lane.lock_end else None
        assert isinstance(answer, Open) if passes else answer == refusal

    @precondition(lambda self: self.recoveries)
    @rule(b=browsers, password=st.sampled_from(PASSWORDS))
    def chooses_a_new_password(self, b: int, password: str) -> None:
        """The end of a recovery: the old password dies, sessions end, a lock goes on."""
        b = self.at(b, self.recoveries, "password")
        flow = self.recoveries.get(b)
        choose = recovery.set_password(self.parts, self.caller(b), password, spaces_meant=False)
        ready = flow is not None and flow.open(self.now) and flow.step == "password"
        if flow is None or not ready or flow.overtaken():
            with self.expecting():
                assert self.run(choose) == NothingOpen()
            return
        self.count("passwords recovered")
        person = flow.person
        assert person is not None
        person.password = password
        self.end_sessions(person)
        mine = self.lanes_of(person)
        for lane in mine:
            lane.renew()
        flow.step = "done"
        told = self.announced(*mine)
        with self.expecting("sessions.ended", "recovery.done", "password_changed", told=told):
            answer = self.run(choose)
        assert isinstance(answer, Open)
        assert answer.works_from == (self.lane(flow.lane).lock_end or None)
        self.notices.append((person, self.house.last("password_changed").token, self.now))

    @precondition(lambda self: self.notices)
    @rule(b=browsers, which=st.integers(0, 3))
    def objects(self, b: int, which: int) -> None:
        """The owner says "this wasn't me": everything ends, and the password dies."""
        self.count("objections")
        person, token, sent = self.notices[which % len(self.notices)]
        confirm = objection.confirm(self.parts, self.caller(b), token)
        if token in self.objected or self.now >= sent + spec.OBJECTION_LIFE:
            with self.expecting():
                answer = self.run(confirm)
            assert token not in self.objected or answer == Stopped(ref=self.objected[token])
            return
        fresh = [] if person.frozen and person.case else ["case.opened", "not_me_done"]
        for lane in self.lanes_of(person):
            lane.interrupt(self.now)
        told = self.announced(*self.lanes_of(person))
        with self.expecting("sessions.ended", "owner.objected", *fresh, told=told):
            answer = self.run(confirm)
        assert isinstance(answer, Stopped)
        self.objected[token] = answer.ref
        assert fresh or person.case == answer.ref
        person.case, person.frozen, person.password = answer.ref, True, None
        self.end_sessions(person)
        person.clients.clear()
        person.rows.clear()
        person.trusted.clear()

    @rule(b=browsers, email=names, password=st.sampled_from(PASSWORDS))
    def recovers(self, b: int, email: str, password: str) -> None:
        """The whole way at once, as far as it goes."""
        self.forgets_a_password(b, email)
        for step in ("code", "second", "password"):
            flow = self.recoveries[b]
            if flow.step != step or not flow.open(self.now):
                continue
            if step == "code":
                self._enter(b, flow.codes[-1].digits or "" if flow.codes else "")
            elif step == "second":
                self.gives_the_second_proof(b, right=True)
            else:
                self.chooses_a_new_password(b, password)

    # -- what follows ---------------------------------------------------------------------------

    def _open(self, b: int, flow: spec.Flow) -> None:
        if b in self.recoveries:
            self.recoveries[b].closed = True
            self.old_recoveries.append(self.recoveries[b])
        self.recoveries[b] = flow

    def _proved(self, flow: spec.Flow, enter: Any) -> None:
        """The address is proved."""
        assert flow.person is not None
        flow.step = "second" if flow.person.secret else "password"
        flow.epoch = flow.person.epoch
        with self.expecting("recovery.proved"):
            answer = self.run(enter)
        assert isinstance(answer, Open), answer
        assert answer.step == flow.step
