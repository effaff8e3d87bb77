"""What a careful reader of SPEC §2 expects: lanes, sessions and codes, written down once more.

Nothing here is shared with keyturn.rules.  Events are kept as lists of moments instead of
counters, so that the same slip is not made twice.  Times are milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LIMIT, LOCK, CLOSE_AFTER, STREAK, LEASE = 5, 10 * MINUTE, 100, DAY, 10 * SECOND
NOTICES_A_DAY = 3
CODE_LIFE, LINK_LIFE, TRIES, RESEND, TRIES_A_DAY = 10 * MINUTE, HOUR, 5, MINUTE, 20
FLOW_LIFE, SECOND_LIFE, OBJECTION_LIFE = HOUR, 10 * MINUTE, 7 * DAY
SESSION, IDLE, TOUCH = 30 * DAY, 14 * DAY, 5 * MINUTE


@dataclass
class Window:
    """A budget: a window opens with the first event in it."""

    length: int
    start: int | None = None
    count: int = 0

    def spend(self, now: int) -> int:
        """How many events there are in the window, this one included."""
        if self.start is None or now >= self.start + self.length:
            self.start, self.count = now, 0
        self.count += 1
        return self.count


@dataclass
class Lane:
    """Whose failures are counted together.

    Attributes:
        failures: moments of those that count towards the next lock.
        row: failures without a success in between, over all locks.
        held: ends of the leases of tries under way, by the try's number.
        locks: every lock there ever was, (from, until); staff may have cut the last short.
        told: how many of them have been told of.
    """

    failures: list[int] = field(default_factory=list)
    row: int = 0
    held: dict[int, int] = field(default_factory=dict)
    lock_end: int = 0
    last: int = 0
    locks: list[tuple[int, int]] = field(default_factory=list)
    told: int = 0
    notices: Window = field(default_factory=lambda: Window(DAY))

    @property
    def closed(self) -> bool:
        """No password is right here until recovery."""
        return self.row >= CLOSE_AFTER

    @property
    def full(self) -> bool:
        """A further try would have to wait."""
        return not self.lock_end and len(self.failures) + len(self.held) >= LIMIT

    def look(self, now: int) -> None:
        """Let time do its work: leases run out, locks end, streaks grow old."""
        for number, until in sorted(self.held.items(), key=lambda item: item[1]):
            if until <= now:
                del self.held[number]
                self._open(until)
                self.fail(until)
        self._open(now)

    def _open(self, now: int) -> None:
        if self.lock_end and self.lock_end <= now:
            self.lock_end = 0
        if self.failures and now - self.last >= STREAK:
            self.failures.clear()

    def fail(self, at: int) -> None:
        """One failure more; the fifth in a row locks."""
        self.row += 1
        self.last = at
        if self.lock_end:
            return
        self.failures.append(at)
        if len(self.failures) == LIMIT:
            self.failures.clear()
            self.lock_end = at + LOCK
            self.locks.append((at, self.lock_end))

    def succeed(self) -> None:
        """The owner is back."""
        self.failures.clear()
        self.row = 0

    def renew(self) -> None:
        """A new password: the row ends, tries under way are void, a lock goes on."""
        self.succeed()
        self.held.clear()

    def interrupt(self, now: int) -> None:
        """Tries under way count as wrong at once."""
        self.held = {number: min(until, now) for number, until in self.held.items()}
        self.look(now)

    def unlock(self) -> None:
        """Staff open it: the row goes on."""
        self.failures.clear()
        self.lock_end = 0

    def tell(self, now: int) -> tuple[int, int, int]:
        """Whoever stores the lane tells of its locks; how many, in mails and in digests."""
        fresh = len(self.locks) - self.told
        self.told = len(self.locks)
        counts = [self.notices.spend(now) for _ in range(fresh)]
        mails = sum(count <= NOTICES_A_DAY for count in counts)
        return fresh, mails, sum(count == NOTICES_A_DAY + 1 for count in counts)


@dataclass
class Person:
    """An account.

    Attributes:
        password: in force, or None.
        epoch: goes up with every end of all sessions.
        secret: of the authenticator, or None; `step`: the last time step it was used in.
        clients: ids of the browsers known to it, by the browser's number; `trusted` ones need
            no second step; `rows`: ids of all that are stored, `ever`: of all there ever were.
        case: the reference of the case that an objection opened.
    """

    id: str
    email: str
    password: str | None
    state: str
    names: tuple[str, ...]
    epoch: int = 0
    frozen: bool = False
    secret: str | None = None
    step: int = -1
    clients: dict[int, str] = field(default_factory=dict)
    trusted: set[int] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    ever: list[str] = field(default_factory=list)
    case: str | None = None


@dataclass
class Session:
    """A browser that is signed in. `row`: it was not ended by anybody."""

    person: Person
    epoch: int
    began: int
    seen: int
    token: str
    row: bool = True

    def alive(self, now: int) -> bool:
        """Whether it still is."""
        valid = self.row and self.person.state == "active" and self.person.epoch == self.epoch
        return valid and now < min(self.began + SESSION, self.seen + IDLE)

    def use(self, now: int) -> None:
        """It was used."""
        if now - self.seen >= TOUCH:
            self.seen = now


@dataclass
class Code:
    """What was mailed. `digits` None: only a link; `real` False: it can never be right."""

    digits: str | None
    token: str
    sent: int
    real: bool
    tries: int = 0
    used: bool = False
    replaced: bool = False

    @property
    def end(self) -> int:
        """When it dies by itself."""
        return self.sent + (CODE_LIFE if self.digits is not None else LINK_LIFE)

    def dead(self, now: int, *, link: bool) -> str | None:
        """Why it cannot be right any more, or None."""
        if self.used:
            return "Used"
        if self.replaced:
            return "Replaced"
        if now >= self.end:
            return "Expired"
        return "Spent" if self.tries >= TRIES and not link else None


@dataclass
class Flow:
    """What a browser has begun.

    Attributes:
        person: None where the name is nobody's.
        epoch: the person's at the moment of the proof.
    """

    person: Person | None
    step: str
    began: int
    lane: str
    name: str
    codes: list[Code] = field(default_factory=list)
    epoch: int = -1
    closed: bool = False

    def open(self, now: int) -> bool:
        """Whether the browser can go on with it."""
        return not self.closed and now < self.began + FLOW_LIFE

    def overtaken(self) -> bool:
        """Whether something ended all sessions since the proof."""
        who = self.person
        return who is None or who.state != "active" or who.epoch != self.epoch

    def send(self, code: Code) -> None:
        """Another code takes the place of those before."""
        for older in self.codes:
            older.replaced = older.replaced or not older.used
        self.codes.append(code)

    def judge(self, digits: str, now: int) -> str:
        """The verdict on what was typed, which is stored."""
        if not self.codes:
            return "Spent"
        code = self.codes[-1]
        dead = code.dead(now, link=False)
        if dead is not None:
            return dead
        if code.real and code.digits == digits:
            code.used = True
            return "Right"
        code.tries += 1
        older = [c for c in self.codes[:-1] if c.replaced and c.real and c.digits == digits]
        return "Replaced" if older else "Wrong"
