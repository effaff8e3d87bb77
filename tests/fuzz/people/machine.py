"""The whole machine: people, staff, and time, which goes from deadline to deadline."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from keyturn.flows import staff
from keyturn.flows.staff import Done
from tests.fuzz.people import spec
from tests.fuzz.people.changing import Changing
from tests.fuzz.people.signing import names


class People(Changing):
    """Everything that the topics bring, and time."""

    @rule(which=st.integers(0, 40), shift=st.sampled_from([-1, 0, 0, 1]))
    def time_goes_to_a_deadline(self, which: int, shift: int) -> None:
        """Just before, onto, or just after an open deadline."""
        ahead = sorted({d + shift for d in self._deadlines() if d + shift > self.now})
        if ahead:
            self.count("moves in time")
            self.house.clock.move(ahead[which % len(ahead)] - self.now)

    @rule(ms=st.sampled_from([1, spec.SECOND, 30 * spec.SECOND, spec.MINUTE]))
    def a_little_time_passes(self, ms: int) -> None:
        """So that codes of authenticators change."""
        self.count("moves in time")
        self.house.clock.move(ms)

    def _deadlines(self) -> list[int]:
        """Every moment at which something ends or may be done again."""
        ends: list[int] = []
        for lane in self.lanes.values():
            ends += [lane.lock_end, *lane.held.values()]
            ends += [lane.last + spec.STREAK] if lane.failures else []
        for flow in (*self.signups.values(), *self.recoveries.values()):
            ends.append(flow.began + spec.FLOW_LIFE)
            ends += [end for c in flow.codes[-1:] for end in (c.end, c.sent + spec.RESEND)]
        ends += [wait.ends for wait in self.pending.values()]
        ends += [
            end
            for s in self.sessions.values()
            for end in (s.began + spec.SESSION, s.seen + spec.IDLE)
        ]
        ends += [window.start + window.length for window in self.tries.values() if window.start]
        return ends + [sent + spec.OBJECTION_LIFE for _, _, sent in self.notices]

    # -- staff ----------------------------------------------------------------------------------

    @rule(email=names)
    def staff_unlock(self, email: str) -> None:
        """Every lane of a person opens; tries under way go on."""
        person = self.people.get(email)
        if person is None:
            return
        self.count("acts of staff")
        lanes = [*self.lanes_of(person), self.lane(f"2:{person.id}")]
        for lane in lanes:
            lane.unlock()
        told = self.announced(*lanes)
        self._acts(staff.unlock, person, "user.unlocked", told=told)

    @rule(email=names)
    def staff_disable(self, email: str) -> None:
        """Nobody gets in any more; tries under way are void."""
        person = self.people.get(email)
        if person is None or person.state == "disabled":
            return
        self.count("acts of staff")
        lanes = self.lanes_of(person)
        for lane in lanes:
            lane.interrupt(self.now)
        told = self.announced(*lanes)
        self._acts(staff.disable, person, "user.disabled", "sessions.ended", told=told)
        self.was = getattr(self, "was", {})
        self.was[person.id] = person.state
        person.state = "disabled"
        self.end_sessions(person)

    @rule(email=names)
    def staff_enable(self, email: str) -> None:
        """The account is again what it was."""
        person = self.people.get(email)
        if person is None or person.state != "disabled":
            return
        self.count("acts of staff")
        self._acts(staff.enable, person, "user.enabled")
        person.state = self.was[person.id]

    @rule(email=names)
    def staff_end_sessions(self, email: str) -> None:
        """Signed out everywhere."""
        person = self.people.get(email)
        if person is not None:
            self.count("acts of staff")
            self._acts(staff.end_sessions, person, "sessions.ended")
            self.end_sessions(person)

    @rule(email=names)
    def staff_unfreeze(self, email: str) -> None:
        """Changes may happen again."""
        person = self.people.get(email)
        if person is not None:
            self.count("acts of staff")
            self._acts(staff.unfreeze, person, *["user.unfrozen"] * person.frozen)
            person.frozen = False

    def _acts(self, act: Any, person: spec.Person, *wanted: str, told: Any = None) -> None:
        host = staff.on_the_host(self.caller(0))
        flow: Coroutine[Any, Any, object] = act(self.parts, host, person.id)
        with self.expecting(*wanted, told=told):
            assert isinstance(self.run(flow), Done)
