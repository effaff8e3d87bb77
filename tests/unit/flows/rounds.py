"""Many rounds of one race in one database and one event loop: fresh people in each, made at once.

arena = Arena(store_url)
people = arena.people(100)
shown = arena.codes(people)
outcomes = arena.play(lambda n: duel(n, ours(n), theirs(n)))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules import activation, enrolment, phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.phone_app import Phone
from keyturn.steps import phone_lock
from keyturn.steps.acts import begin
from keyturn.steps.invitations import PURPOSE
from keyturn.steps.phone_door import Heard
from keyturn.steps.scanned import SCANNED, TYPED
from keyturn.wire.phones import point
from tests.unit.flows.handsets import NUMBER, Shown
from tests.unit.flows.house import Browser, House

T = TypeVar("T")
PIN = "p" * 43
NAME = "Chrome on Android"


async def duel(n: int, ours: Coroutine[Any, Any, Any], theirs: Coroutine[Any, Any, Any]) -> Any:
    """Both at the same moment, now the one begins and now the other; both answers."""
    if n % 2:
        first, second = await asyncio.gather(ours, theirs)
        return first, second
    second, first = await asyncio.gather(theirs, ours)
    return first, second


class Arena(House):
    """A house in a database that other tests use as well."""

    def __init__(self, store_url: str, **policy: Any) -> None:
        super().__init__()
        self.store.close()
        self.store = open_store(store_url)
        complete().create_all(engine_of(self.store))
        unlike = SystemRandom()  # ids that no other test of this database has
        self.random = unlike  # type: ignore[assignment]
        self.parts = replace(self.parts, store=self.store, random=unlike)
        self.tenant = self.add_tenant(f"t{unlike.digits(12)}", **policy)
        self.key = ec.derive_private_key(7, ec.SECP256R1())
        self._networks = iter(range(1, 60_000))

    def play(self, one: Callable[[int], Coroutine[Any, Any, T]], rounds: int) -> list[T]:
        """One round after the other, in one event loop."""

        async def all_of_them() -> list[T]:
            return [await one(n) for n in range(rounds)]

        return asyncio.run(all_of_them())

    def browser_of_its_own(self) -> Browser:
        """A browser in a network that nobody else is in."""
        n = next(self._networks)
        return Browser(self, self.tenant, f"10.{n // 250}.{n % 250}.7")

    def people(self, count: int, state: UserState = UserState.INVITED) -> list[User]:
        """Fresh people without a password."""
        plain = User(
            id="", tenant_id=self.tenant.id, state=state, name="Ada", username=None, email="",
            phone=None, phone_verified_at=None, password_hash=None, password_set_at=None, epoch=0,
            frozen_at=None, timezone=None, created_at=self.clock.now(),
        )  # fmt: skip
        ids = [self.random.id(self.clock.now()) for _ in range(count)]
        made = [replace(plain, id=i, email=f"{i}@northwind.test") for i in ids]

        def step(tx: Tx) -> None:
            for user in made:
                tx.users.add(user, [user.email])

        self.write(step)
        return made

    def links(self, people: Sequence[User]) -> list[str]:
        """A link of each; their tokens."""
        now, tokens = self.clock.now(), [self.random.token() for _ in people]

        def step(tx: Tx) -> None:
            for user, token in zip(people, tokens, strict=True):
                digest = self.sealer.digest(PURPOSE, token)
                link_id = self.random.id(now)
                link = activation.made(link_id, user.tenant_id, user.id, digest, 0, now)
                tx.phones.save(Rows(user), Rows(user, links=(link,)))

        self.write(step)
        return tokens

    def codes(self, people: Sequence[User]) -> list[Shown]:
        """A page of each shows a code."""
        shown = [self._code(user) for user in people]

        def step(tx: Tx) -> None:
            for user, one in zip(people, shown, strict=True):
                tx.phones.save(Rows(user), Rows(user, codes=(one.code,)))

        self.write(step)
        return shown

    def _code(self, user: User) -> Shown:
        now, digest = self.clock.now(), self.sealer.digest
        code_id, secret = self.random.id(now), self.random.token(enrolment.SECRET_BYTES)
        letters = self.random.letters(enrolment.TYPED)
        code = ScanCode(
            id=code_id, tenant_id=user.tenant_id, user_id=user.id, flow_id=self.random.id(now),
            link=0, epoch=user.epoch, digest=digest(SCANNED, f"{code_id}|{secret}"),
            name=letters[: enrolment.NAMING], typed=digest(TYPED, f"{code_id}|{letters}"),
            number=NUMBER, made_at=now, expires_at=now + enrolment.LIFE_MS,
        )  # fmt: skip
        return Shown(code, secret, letters)

    def phones(self, people: Sequence[User]) -> list[Phone]:
        """A phone of each, with the arena's key and a PIN."""
        now, key = self.clock.now(), point(self.key.public_key())
        act = begin(self.parts, self.browser_of_its_own().caller)
        made = [
            phone_app.bound(self.random.id(now), user.tenant_id, user.id, key, NAME, now)
            for user in people
        ]

        def step(tx: Tx) -> None:
            for user, phone in zip(people, made, strict=True):
                tx.phones.save(Rows(user), Rows(user, phones=(phone,)))
                phone_lock.choose(tx, act, Heard(phone, user), PIN)

        self.write(step)
        return made
