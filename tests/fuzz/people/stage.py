"""The stage of the machine: a house on a real database, three browsers, and what is expected.

A topic (signing.py, recovering.py …) adds rules by subclassing `Stage`; `machine.py` puts them
together.  A rule says what it expects *before* it lets the real flow run:

    with self.expecting("signin.failed"):
        answer = self.run(signin.sign_in(...))
    assert answer == Wrong()

Every audit row of a kind that the machine knows must have been expected, and the other way
round; so must every mail whose kind is in MAILS.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from sqlalchemy import func, select

from keyturn.adapters.sql.schema import metadata
from keyturn.adapters.sql.store import SqlStore
from keyturn.rules import lockout
from keyturn.rules.callers import Caller
from keyturn.rules.lockout import Lane as StoredLane
from keyturn.rules.lockout import Locked
from keyturn.steps.acts import begin
from keyturn.steps.lanes import absent_key
from tests.fuzz.people import spec
from tests.models.twin import replaced
from tests.unit.flows import house as houses
from tests.unit.flows.house import Browser, House, Letter

T = TypeVar("T")

#: events whose every row is foreseen; others may come with other features
EVENTS = frozenset({
    "signin.passed", "signin.failed", "signin.locked", "signin.unverified", "second.pending",
    "second.passed", "second.failed", "sessions.ended", "signup.started", "signup.repeated",
    "signup.verified", "recovery.started", "recovery.proved", "recovery.done", "code.sent",
    "code.failed", "client.copied", "owner.objected", "case.opened", "user.unlocked",
    "user.disabled", "user.enabled", "user.unfrozen", "signout", "password.changed",
})  # fmt: skip
MAILS = frozenset({
    "lock_notice", "lock_digest", "recovery_code", "recovery_link", "verify_email", "verify_link",
    "already_registered", "password_changed", "new_client", "not_me_done",
})  # fmt: skip
CODE_MAILS = (
    "recovery_code", "recovery_link", "verify_email", "verify_link", "already_registered",
)  # fmt: skip

ADA, BOB, NEW = "ada@northwind.test", "bob@northwind.test", "new@northwind.test"
NOBODY = "nobody@northwind.test"
SPELLINGS = {
    ADA: (ADA, "ADA@Northwind.Test", " ada ", "Ada", "+44 7400 123456", "07400 123456"),
    BOB: (BOB, "Bob@northwind.test "),
    NEW: (NEW, "NEW@northwind.test"),
    NOBODY: (NOBODY, " Nobody@Northwind.test"),
}
PASSWORDS = ("correct horse battery", "another long sentence", "and a third of them")
TABLES = [t for t in metadata.sorted_tables if t.name != "facts"]


class Stage(RuleBasedStateMachine):
    """See the module. `store`: set by whoever runs the machine."""

    store: ClassVar[SqlStore]
    steps_taken: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store.submit_write(_wipe).result(timeout=30)
        with replaced((houses, "open_store", lambda _url: self.store)):
            self.house = House()
        self.parts = self.house.parts
        self.people: dict[str, spec.Person] = {}
        self.lanes: dict[str, spec.Lane] = {}
        self.tries: dict[str, spec.Window] = {}
        self.sessions: dict[int, spec.Session] = {}
        self.secrets: list[str] = [*PASSWORDS]
        self.neighbour = self.house.add_tenant("southwind")
        self.house.user(ADA, PASSWORDS[2], tenant=self.neighbour)
        self.wall = self._of(self.neighbour.id)
        self.browsers: list[Browser] = [self.house.browser() for _ in range(3)]

    @initialize()
    def ada_has_been_here(self) -> None:
        """An account, and a stranger's 93 failures at it."""
        self.add(ADA, PASSWORDS[0], names=("ada", "+447400123456"))
        ada = self.people[ADA]
        user = self.house.write(lambda tx: tx.users.get(self.house.tenant.id, ada.id))
        self.house.set_lane(f"u:{ada.id}", StoredLane(total=93), user)
        self.lanes[f"u:{ada.id}"] = spec.Lane(row=93)

    def teardown(self) -> None:
        """Nobody is left standing at the gate, and no secret stands in the database."""
        self._no_secret_is_stored_in_clear()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        self.loop.close()

    # -- what rules use -------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The clock of the house."""
        return self.house.clock.now()

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Drive a flow to its end; tries that stand at the gate stay there."""
        return self.loop.run_until_complete(flow)

    def caller(self, browser: int) -> Caller:
        """A request of a browser."""
        return self.browsers[browser].caller

    def add(self, email: str, password: str, names: tuple[str, ...] = ()) -> spec.Person:
        """An active account."""
        user = self.house.user(email, password, names=names)
        self.people[email] = spec.Person(user.id, email, password, "active", names)
        return self.people[email]

    def lane(self, key: str) -> spec.Lane:
        """A lane, brought up to now."""
        lane = self.lanes.setdefault(key, spec.Lane())
        lane.look(self.now)
        return lane

    def lanes_of(self, person: spec.Person) -> list[spec.Lane]:
        """Every lane that a person ever had, but that of the second step."""
        keys = [f"u:{person.id}", *[f"c:{each}" for each in person.ever]]
        return [self.lane(key) for key in keys if key in self.lanes]

    def lane_key(self, browser: int, email: str) -> str:
        """The lane of this browser's passwords for this name."""
        person = self.people.get(email)
        if person is None or person.state == "unverified":  # what was never confirmed is nobody's
            act = begin(self.parts, self.caller(browser))
            return absent_key(act, email)
        client = person.clients.get(browser)
        return f"c:{client}" if client else f"u:{person.id}"

    def announced(self, *lanes: spec.Lane) -> Counter[str]:
        """What is told of these lanes by whoever stores them now."""
        told: Counter[str] = Counter()
        for lane in lanes:
            rows, mails, digests = lane.tell(self.now)
            told.update({"signin.locked": rows, "lock_notice": mails, "lock_digest": digests})
        return told

    def at(self, b: int, flows: Mapping[int, spec.Flow], step: str) -> int:
        """A browser whose flow waits at this step, if there is one and `b` is not the last:
        the last tries steps that are not its turn.
        """
        ready = sorted(k for k, f in flows.items() if f.open(self.now) and f.step == step)
        return ready[b % len(ready)] if ready and b < len(self.browsers) - 1 else b

    @staticmethod
    def refusal(lane: spec.Lane, otherwise: object = None) -> object:
        """What somebody who is refused hears."""
        return Locked(until=lane.lock_end) if lane.lock_end else otherwise

    def end_sessions(self, person: spec.Person) -> None:
        """Every session of a person ends, and those that begin at this moment are dead."""
        person.epoch += 1
        for session in self.sessions.values():
            session.row = session.row and session.person is not person

    @contextmanager
    def expecting(
        self, *wanted: str, told: Mapping[str, int] | None = None, code: bool = False
    ) -> Iterator[None]:
        """What the block must leave in the audit trail and in the outbox, and nothing else.

        Args:
            told: more of it, counted.
            code: perhaps a code by mail besides (budgets may withhold it).
        """
        before = self._counts()
        yield
        self._compare(before, Counter(wanted) + Counter(told or {}), code=code)

    def _compare(self, before: Counter[str], wanted: Counter[str], *, code: bool) -> None:
        after = self._counts()
        if code:
            sent = after["code.sent"] - before["code.sent"]
            mailed = sum(after[kind] - before[kind] for kind in CODE_MAILS)
            assert sent == mailed <= 1
            after = Counter({**after, **{kind: before[kind] for kind in CODE_MAILS}})
            after["code.sent"] = before["code.sent"]
        came = Counter({k: after[k] - before[k] for k in after if after[k] != before[k]})
        known = Counter({k: v for k, v in came.items() if k in EVENTS | MAILS})
        assert known == wanted, f"left {dict(known)}, expected {dict(wanted)}"

    def mailed(self, since: int) -> list[Letter]:
        """Codes mailed since there were so many mails."""
        return [letter for letter in self.house.outbox()[since:] if letter.kind in CODE_MAILS]

    def code_of(self, letter: Letter, *, real: bool) -> spec.Code:
        """What a letter carries. `already_registered` carries none that could be right."""
        real = real and letter.kind != "already_registered" and letter.message.user_id is not None
        digits = letter.values.get("code")
        token = letter.token if real else ""
        self.secrets += [s for s in (digits, token) if s]
        return spec.Code(digits, token, self.now, real)

    def count(self, what: str) -> None:
        """Another step of the machine, for the figures."""
        type(self).steps_taken[what] += 1

    # -- what holds after each rule -----------------------------------------------------------

    @invariant()
    def every_lane_stands_as_it_should(self) -> None:
        """Stored and expected agree, also on locks that nobody has looked at yet."""
        for key, lane in self.lanes.items():
            lane.look(self.now)
            stored, _ = lockout.observe(self.house.lane(key), self.now)
            mine = (len(lane.failures), lane.lock_end, lane.closed, len(lane.held))
            theirs = (stored.failed, stored.locked_until, stored.closed, len(stored.reservations))
            assert mine == theirs, f"{key}: expected {mine}, stored {theirs}"

    @invariant()
    def nothing_crosses_the_wall(self) -> None:
        """The neighbour's rows are what they were."""
        assert self._of(self.neighbour.id) == self.wall

    def _no_secret_is_stored_in_clear(self) -> None:
        """Neither passwords nor tokens nor codes stand anywhere."""
        dump = self.house.dump(*[table.name for table in TABLES])
        for secret in self.secrets:
            assert not re.search(rf"(?<![0-9A-Za-z_-]){re.escape(secret)}(?![0-9A-Za-z_-])", dump)

    # -- rows ---------------------------------------------------------------------------------

    def _counts(self) -> Counter[str]:
        """Audit rows by event and mails by kind, of this tenant."""
        audit, messages = metadata.tables["audit"], metadata.tables["messages"]
        events = select(audit.c.event, func.count()).group_by(audit.c.event)
        kinds = select(messages.c.kind, func.count()).group_by(messages.c.kind)
        mine = [
            events.where(audit.c.tenant_id == self.house.tenant.id),
            kinds.where(messages.c.tenant_id == self.house.tenant.id),
        ]

        def step(tx: Any) -> Counter[str]:
            return Counter({row[0]: row[1] for w in mine for row in tx.connection.execute(w)})

        return self.house.write(step)

    def _of(self, tenant_id: str) -> str:
        """Every cell of a tenant's rows."""
        wanted = [select(t).where(t.c.tenant_id == tenant_id) for t in TABLES if "tenant_id" in t.c]

        def step(tx: Any) -> str:
            return str([sorted(map(str, tx.connection.execute(w).all())) for w in wanted])

        return self.house.write(step)


def _wipe(tx: Any) -> None:
    for table in reversed(metadata.sorted_tables):
        tx.connection.execute(table.delete())
