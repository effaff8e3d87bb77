"""The demo's past, made by the product itself at moments that have gone by.

The same flows run as later from the pages, with a clock that this module sets, real
hashes and a far side that takes everything at once.  So the audit trail, the messages
and the lanes are what they would be, not what somebody thought they might look like.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from keyturn import couriers, wiring
from keyturn.adapters.memory import MemoryMailer, MemoryTexter, text_fate
from keyturn.demo import company
from keyturn.demo.company import Person
from keyturn.flows import account, deliver, device_stock, phone, recovery, signin, signup, staff
from keyturn.flows.deliver import Courier
from keyturn.ports.delivery import Mail, Receipt
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, Role, Tenant, User, UserState
from keyturn.rules.callers import Caller, ClientOffer
from keyturn.rules.devices import label_digest, label_letters
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.recovery_codes import LENGTH, shown
from keyturn.steps.acts import begin, record
from keyturn.steps.clients import PURPOSE
from keyturn.steps.second import RECOVERY_PURPOSE, sealed_for
from keyturn.steps.sessions import SignedIn
from keyturn.steps.stepup import Signed

T = TypeVar("T")
Tell = Callable[[str], None]
FIREFOX, SAFARI, CHROME = "Firefox on Windows", "Safari on iPhone", "Chrome on Android"
STRANGER_IP = "198.51.100.23"
MOBILE, LANDLINE = "+12025550110", "020 7946 0119"
SAVED_CODES = 3
AGE = 90 * DAY
#: who signed up how many days ago
SIGNED_UP = (
    (company.OLIVE, 75), (company.JONAS, 61), (company.BEN, 44), (company.MIA, 30),
    (company.PRIYA, 21), (company.HAROLD, 4),
    *((person, 70 - 9 * number) for number, person in enumerate(company.QUIET)),
)  # fmt: skip
_Event = tuple[int, str, Callable[[], Awaitable[None]]]


class _Moment:
    """A clock that stands where it was set."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.at


class _Taking:
    """A mail server that takes everything."""

    async def send(self, mail: Mail) -> Receipt:
        """As ports.Mailer."""
        return Receipt(reference=f"<{mail.id}@{company.DOMAIN}>", detail="250 2.0.0 OK")


@dataclass(slots=True)
class _Browser:
    """A browser in the past: what it would have kept in cookies."""

    token: str
    ip: str
    name: str
    client: tuple[str, str] | None = None


class Past:
    """Writes the history of a fresh demo.

    Args:
        house: the demo's, open and empty.
        now: when the demo starts, ms.
    """

    def __init__(self, house: wiring.House, now: int) -> None:
        self._house = house
        self._clock = _Moment(now)
        self._now = now
        self._parts: Parts = replace(house.parts, clock=self._clock)
        letters = couriers.courier(house.settings, house.parts).letters
        self._courier = Courier(mailer=_Taking(), texter=MemoryTexter(), letters=letters)
        self._bouncing = replace(self._courier, mailer=MemoryMailer())
        self._tenant = company.tenant(house.parts.random.id(now - AGE), now - AGE)
        self._users: dict[str, User] = {}
        self._people: dict[str, Person] = {}

    async def write(self, tell: Tell) -> tuple[Person, ...]:
        """Everything, oldest first; the people with their fresh secrets.

        Args:
            tell: hears what is being written, for a progress line.
        """
        self._at(AGE)
        await self._write(lambda tx: tx.tenants.add(self._tenant))
        # ids are in the order of time, so what came first is written first
        for before, what, happens in sorted(self._events(), key=lambda event: -event[0]):
            tell(what)
            self._at(before)
            await happens()
        return tuple(self._people.get(p.email, p) for p in company.SHOWN)

    def _events(self) -> list[_Event]:
        """(how long ago, what, what happens then)."""
        events: list[_Event] = [
            (89 * DAY, "Nadia runs the shop", lambda: self._staff(company.NADIA, Role.OWNER)),
            (60 * DAY, "a camera is made", self._a_camera_is_made),
            (80 * DAY, "Tom is hired", lambda: self._staff(company.TOM, Role.TECHNICIAN)),
            (43 * DAY, "Ben adds an authenticator", lambda: self._enrol(company.BEN, SAVED_CODES)),
            (29 * DAY, "Mia proves her phone", self._mia_proves_her_phone),
            (3 * DAY, "Jonas is disabled", self._jonas_is_disabled),
            (2 * DAY, "Harold tries his landline", self._harold_tries_his_landline),
            (26 * HOUR, "Olive waits for a mail", self._olive_waits_for_a_mail),
            (3 * HOUR, "Ivy does not finish", self._ivy_does_not_finish),
            (50 * MINUTE, "Mia comes by", self._mia_comes_by),
            (95 * SECOND, "somebody guesses Priya's password", self._priya_is_locked),
        ]
        for number, (person, days) in enumerate(SIGNED_UP):
            age = days * DAY + number * 17 * MINUTE  # no two at one moment, or order is chance
            browser = self._browser(
                f"203.0.113.{20 + number}", (FIREFOX, SAFARI, CHROME)[number % 3]
            )
            events += [
                (age, f"{person.name} signs up", partial(self._join, person, browser)),
                (
                    age * 3 // 4,
                    f"{person.name} is back",
                    partial(self._visit, person, browser),
                ),
            ]
        return events

    # -- scenes

    async def _mia_proves_her_phone(self) -> None:
        mia = self._users[company.MIA.email]
        browser = self._browser("203.0.113.70", SAFARI)
        signed = await self._signed_in(company.MIA, browser)
        await phone.offer(self._parts, self._caller(browser), signed, MOBILE, insisted=False)
        text = await self._last(mia, "sms")
        await self._delivered()
        self._clock.at += 20 * SECOND
        await phone.enter_code(self._parts, self._caller(browser), mia, text["code"])
        await self._delivered()

    async def _a_camera_is_made(self) -> None:
        model, serial, label = company.CAMERA
        row = device_stock.Row(1, model, serial, label_digest(label_letters(label) or ""))
        maker = staff.on_the_host(self._caller(self._browser("", "command on the host (nadia)")))
        await device_stock.register(self._parts, maker, [row])

    async def _jonas_is_disabled(self) -> None:
        desk = staff.on_the_host(self._caller(self._browser("", "command on the host (nadia)")))
        await staff.disable(self._parts, desk, self._users[company.JONAS.email].id)

    async def _harold_tries_his_landline(self) -> None:
        browser = self._browser("203.0.113.42", FIREFOX)
        signed = await self._signed_in(company.HAROLD, browser)
        await phone.offer(self._parts, self._caller(browser), signed, LANDLINE, insisted=True)
        await self._delivered()

    async def _olive_waits_for_a_mail(self) -> None:
        caller = self._caller(self._browser("203.0.113.91", CHROME))
        await recovery.start(self._parts, caller, company.OLIVE.email)
        await self._delivered(self._bouncing)

    async def _ivy_does_not_finish(self) -> None:
        await self._begin(company.IVY, self._browser("203.0.113.77", SAFARI))

    async def _mia_comes_by(self) -> None:
        browser = self._browser("203.0.113.71", FIREFOX)
        caller = self._caller(browser)
        await signin.sign_in(self._parts, caller, company.MIA.email, "tulips by teh canal")
        self._clock.at += 11 * SECOND
        await signin.sign_in(self._parts, caller, company.MIA.email, company.MIA.password)

    async def _priya_is_locked(self) -> None:
        browser = self._browser(STRANGER_IP, "Firefox on Linux")
        for seconds in (95, 81, 60, 44, 20):
            self._at(seconds * SECOND)
            caller = self._caller(browser)
            await signin.sign_in(self._parts, caller, company.PRIYA.email, f"guess {seconds}")
        # its notice leaves when the demo runs, and is the first thing in the inbox

    # -- pieces

    def _at(self, before: int) -> None:
        """Go to the moment `before` ms ago."""
        self._clock.at = self._now - before

    def _browser(self, ip: str, name: str) -> _Browser:
        return _Browser(self._parts.random.token(), ip, name)

    def _caller(self, browser: _Browser) -> Caller:
        digest = self._parts.sealer.digest
        kept = browser.client
        return Caller(
            tenant=self._tenant,
            browser=digest("browser", browser.token),
            offers=(ClientOffer(kept[0], digest(PURPOSE, kept[1])),) if kept else (),
            ip=browser.ip,
            client_name=browser.name,
        )

    async def _join(self, person: Person, browser: _Browser) -> None:
        """Sign up and confirm."""
        await self._begin(person, browser)
        mail = await self._last(None, "mail")
        await self._delivered()
        self._clock.at += 70 * SECOND
        answer = await signup.enter_code(self._parts, self._caller(browser), mail["code"])
        if not isinstance(answer, SignedIn):
            raise TypeError(answer)
        self._users[person.email] = answer.user
        client, _, token = answer.client.partition(".")
        browser.client = (client, token)
        await self._delivered()

    async def _visit(self, person: Person, browser: _Browser) -> None:
        await signin.sign_in(self._parts, self._caller(browser), person.email, person.password)

    async def _signed_in(self, person: Person, browser: _Browser) -> Signed:
        """A session of somebody without a second step, fresh enough for a change."""
        caller = self._caller(browser)
        answer = await signin.sign_in(self._parts, caller, person.email, person.password)
        if not isinstance(answer, SignedIn):
            raise TypeError(answer)
        signed = await account.authenticate(self._parts, caller, answer.session)
        if signed is None:
            raise TypeError(signed)
        await self._delivered()
        return signed

    async def _begin(self, person: Person, browser: _Browser) -> None:
        answer = await signup.start(
            self._parts, self._caller(browser), person.name, person.email, person.password,
            spaces_meant=False, timezone="Europe/London",
        )  # fmt: skip
        if not isinstance(answer, signup.Open):
            raise TypeError(answer)

    async def _staff(self, person: Person, role: Role) -> None:
        """An account made by hand, with a role and an authenticator."""
        encoded = await self._parts.hasher.hash(person.password)
        now = self._clock.now()
        act = begin(self._parts, self._caller(self._browser("", "command on the host")))
        user = _employee(person, self._parts.random.id(now), self._tenant, encoded, now)

        def step(tx: Tx) -> None:
            tx.users.add(user, [str(canonical(n)) for n in (user.email, user.username or "")])
            tx.roles.grant(self._tenant.id, user.id, role)
            record(tx, act, Event.USER_CREATED, user)
            record(tx, act, Event.ROLE_GRANTED, user, {"role": str(role)})

        await self._write(step)
        self._users[person.email] = user
        await self._enrol(person, 0)

    async def _enrol(self, person: Person, saved: int) -> None:
        """Set up an authenticator and saved codes."""
        user, parts = self._users[person.email], self._parts
        secret = parts.otp.new_secret()
        codes = [parts.random.letters(LENGTH) for _ in range(saved)]
        sealed = parts.sealer.seal(secret.encode(), sealed_for(user.id))
        digests = [parts.sealer.digest(RECOVERY_PURPOSE, f"{user.id}|{code}") for code in codes]
        act = begin(parts, self._caller(self._browser("203.0.113.10", FIREFOX)))

        def step(tx: Tx) -> None:
            kinds = [FactorKind.TOTP, *[FactorKind.RECOVERY] * saved]
            for kind, value in zip(kinds, [sealed, *digests], strict=True):
                tx.factors.add(
                    Factor(act.id(), self._tenant.id, user.id, kind, value, None, act.now)
                )
            record(tx, act, Event.FACTOR_ADDED, user, {"kind": "totp"})

        await self._write(step)
        fresh = replace(person, secret=secret, codes=tuple(map(shown, codes)))
        self._people[person.email] = fresh

    async def _last(self, user: User | None, channel: str) -> dict[str, Any]:
        """The values of the newest message, which the far side would read."""

        def step(tx: Tx) -> Message:
            found = tx.messages.recent(self._tenant.id, channel, None, 1)
            mine = tx.messages.of_user(self._tenant.id, user.id, 1) if user else found
            return mine[0]

        message = await self._house.store.read(step)
        opened = self._parts.sealer.open(message.sealed, f"message|{message.id}")
        values: dict[str, Any] = json.loads(opened)
        return values

    async def _delivered(self, courier: Courier | None = None) -> None:
        """Send what is due; texts get their report."""
        self._clock.at += 2 * SECOND
        while await deliver.deliver_due(self._parts, courier or self._courier, 50):
            pass
        texts = await self._house.store.read(
            lambda tx: tx.messages.recent(self._tenant.id, "sms", MessageState.SENT, 50)
        )
        for text in texts:
            fate = text_fate(text.address or "")
            if fate is not None:
                await deliver.report(self._parts, text.id, fate, "stat:" + fate.name)

    async def _write(self, fn: Callable[[Tx], T]) -> T:
        return await self._house.store.write(fn)


def _employee(person: Person, user_id: str, home: Tenant, encoded: str, now: int) -> User:
    return User(
        id=user_id, tenant_id=home.id, state=UserState.ACTIVE, name=person.name,
        username=person.email.partition("@")[0], email=person.email, phone=None,
        phone_verified_at=None, password_hash=encoded, password_set_at=now, epoch=0,
        frozen_at=None, timezone="Europe/London", created_at=now,
    )  # fmt: skip


def write(house: wiring.House, now: int, tell: Tell) -> tuple[Person, ...]:
    """Write the demo's past into an empty house; the people in it."""

    async def all_of_it() -> tuple[Person, ...]:
        return await Past(house, now).write(tell)

    work: Coroutine[Any, Any, tuple[Person, ...]] = all_of_it()
    return asyncio.run(work)
