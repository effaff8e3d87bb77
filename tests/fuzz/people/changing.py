"""Changing a password while signed in."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from keyturn.flows import account, proof
from keyturn.rules.lockout import Locked
from tests.fuzz.people import spec
from tests.fuzz.people.recovering import Recovering
from tests.fuzz.people.signing import browsers
from tests.fuzz.people.stage import PASSWORDS


class Changing(Recovering):
    """See the module."""

    @precondition(lambda self: self.sessions)
    @rule(
        b=browsers, password=st.sampled_from(PASSWORDS), right=st.sampled_from([True, True, False])
    )
    def changes_a_password(self, b: int, password: str, right: bool) -> None:
        """Whoever knows the current one, where there is no second step, may choose another."""
        b = b if b in self.sessions else min(self.sessions)
        session = self.sessions[b]
        person = session.person
        if not session.alive(self.now) or person.secret or person.frozen or not person.password:
            return
        lane = self.lane(self.lane_key(b, person.email))
        locked: int = lane.lock_end
        if lane.full or password == person.password:
            return
        self.count("passwords changed")
        signed = self.run(account.authenticate(self.parts, self.caller(b), session.token))
        session.use(self.now)
        assert signed is not None
        current = person.password if right else "not the password"
        change = proof.change_password(
            self.parts, self.caller(b), signed, current, password, spaces_meant=False
        )
        if locked:
            with self.expecting(told=self.announced(lane)):
                assert self.run(change) == Locked(until=lane.lock_end)
        elif right and not lane.closed:
            lane.succeed()
            self._changed(b, session, change, password)
        else:
            lane.fail(self.now)
            with self.expecting(told=self.announced(lane)):
                answer = self.run(change)
            assert answer == self.refusal(lane, proof.Wrong())

    def _changed(
        self, b: int, session: spec.Session, change: Coroutine[Any, Any, object], password: str
    ) -> None:
        """Every other session ends, tries under way count as wrong, the owner is told."""
        person = session.person
        mine = self.lanes_of(person)
        for lane in mine:
            lane.interrupt(self.now)
        told = self.announced(*mine)
        wanted = ("password.changed", "sessions.ended", "password_changed")
        with self.expecting(*wanted, told=told):
            answer = self.run(change)
        assert isinstance(answer, proof.Changed)
        self.secrets.append(answer.session)
        person.password = password
        self.end_sessions(person)
        self.sessions[b] = spec.Session(person, person.epoch, self.now, self.now, answer.session)
        self.notices.append((person, self.house.last("password_changed").token, self.now))
