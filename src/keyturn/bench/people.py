"""Accounts for a measurement, put into the store directly."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from functools import partial

import argon2

from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.sql.migrate import ensure
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, Tenant, TenantPolicy, User, UserState

RIGHT, WRONG = "a right password of 29 letters", "a wrong password of 29 letters"
SLUG = "bench"
_BATCH = 500


class NotOurs(Exception):
    """The database given holds tenants of somebody else: measurements stay out of it."""


class Town:
    """The tenant of a measurement and who lives there.

    Names are all of one length, so that no size tells one group from another.
    """

    def __init__(self, url: str) -> None:
        ensure(url)
        self.store: SqlStore = open_store(url)
        self._clock, self._random = SystemClock(), SystemRandom()
        self._run = secrets.token_hex(3)
        self._made = 0
        # as the settings' defaults: a weaker one would be renewed at sign-in
        self.encoded = argon2.PasswordHasher(2, 19456, 1).hash(RIGHT)
        self.tenant = self.store.submit_write(self._tenant).result()

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def _tenant(self, tx: Tx) -> Tenant:
        there = tx.tenants.all()
        if any(tenant.slug != SLUG for tenant in there):
            raise NotOurs
        if there:
            return there[0]
        now = self._clock.now()
        tenant = Tenant(
            id=self._random.id(now), slug=SLUG, name="Bench", host=None,
            sender="bench@example.com", accent="#3355aa", timezone="UTC", context=(), support=(),
            policy=TenantPolicy(), created_at=now,
        )  # fmt: skip
        tx.tenants.add(tenant)
        return tenant

    def names(self, count: int) -> list[str]:
        """Names that nobody has so far, and nobody gets unless `settle` is asked to."""
        self._made += count
        return [f"{self._run}p{n:06d}" for n in range(self._made - count, self._made)]

    def settle(
        self,
        count: int,
        state: UserState = UserState.ACTIVE,
        factors: Iterable[FactorKind] = (),
    ) -> list[str]:
        """So many accounts with the right password; their user names."""
        names, kinds = self.names(count), tuple(factors)
        for at in range(0, count, _BATCH):
            some = names[at : at + _BATCH]
            self.store.submit_write(partial(self._add, some, state, kinds)).result()
        return names

    def _add(
        self, names: Sequence[str], state: UserState, kinds: Sequence[FactorKind], tx: Tx
    ) -> None:
        for name in names:
            user = self._user(name, state)
            tx.users.add(user, [name, user.email])
            for kind in kinds:
                tx.factors.add(self._factor(user, kind))

    def _user(self, name: str, state: UserState) -> User:
        now = self._clock.now()
        return User(
            id=self._random.id(now), tenant_id=self.tenant.id, state=state, name="Ada Byron",
            username=name, email=f"{name}@example.com", phone=None, phone_verified_at=None,
            password_hash=self.encoded, password_set_at=now, epoch=0, frozen_at=None,
            timezone=None, created_at=now,
        )  # fmt: skip

    def _factor(self, user: User, kind: FactorKind) -> Factor:
        now = self._clock.now()
        return Factor(self._random.id(now), user.tenant_id, user.id, kind, "none", None, now)
