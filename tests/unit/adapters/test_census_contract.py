"""What every store promises of counting a tenant's people (ports.census)."""

from __future__ import annotations

from itertools import count
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.census import Mailboxes
from keyturn.ports.store import Tx
from keyturn.rules import phone_app
from keyturn.rules.accounts import Factor, FactorKind, Passkey, Role, User, UserState
from keyturn.rules.binding import Rows
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.policies.counts import Locked, People
from tests.unit.adapters.stores import new_id, read, write

MANY = 1_000
_NUMBERS = count()


def person(store: SqlStore, tenant: str, **fields: Any) -> User:
    """Somebody in use, with a password and a proved number."""
    user_id = fields.get("id") or new_id()
    plain: dict[str, Any] = {
        "id": user_id, "tenant_id": tenant, "state": UserState.ACTIVE, "name": "Ann",
        "username": None, "email": f"{user_id}@t.test", "phone": f"+4474001{next(_NUMBERS):05}",
        "phone_verified_at": NOW, "password_hash": "$", "password_set_at": NOW, "epoch": 0,
        "frozen_at": None, "timezone": "UTC", "created_at": NOW, "language": "en",
    }  # fmt: skip
    user = User(**{**plain, **fields})
    write(store, lambda tx: tx.users.add(user, [user.email]))
    return user


def numberless(store: SqlStore, tenant: str, **fields: Any) -> User:
    return person(store, tenant, phone=None, phone_verified_at=None, **fields)


def people(store: SqlStore, tenant: str, most: int = MANY) -> People:
    found: People = read(store, lambda tx: tx.census.people(tenant, most))
    return found


def passkey(user: User, cloned_at: int | None) -> Passkey:
    return Passkey(
        new_id(), user.tenant_id, user.id, new_id(), "k", 0, "n", "a", "usb", False, NOW, None,
        cloned_at,
    )  # fmt: skip


def factor(user: User, kind: FactorKind) -> Factor:
    return Factor(new_id(), user.tenant_id, user.id, kind, "s", None, NOW)


def test_people_are_counted_by_state_and_by_what_they_have(
    store: SqlStore, here: str, there: str
) -> None:
    assert people(store, here) == People()
    person(store, here)
    person(store, here, password_hash=None, language="", timezone=None)
    numberless(store, here)
    person(store, here, phone_verified_at=None)  # typed once, and never proved
    numberless(store, here, state=UserState.INVITED, language="")
    numberless(store, here, state=UserState.UNVERIFIED)
    person(store, here, state=UserState.DISABLED)
    numberless(store, there)
    assert people(store, here) == People(
        active=4, invited=1, unfinished=1, passwords=3, numbered=2, owing=1, texted=2,
        only_text=2, no_language=2, no_zone=1,
    )  # fmt: skip


def test_whoever_has_another_second_step_does_not_hang_on_texts(store: SqlStore, here: str) -> None:
    otp, key, cloned, app, codes, staff = (person(store, here) for _ in range(6))

    def step(tx: Tx) -> None:
        tx.factors.add(factor(otp, FactorKind.TOTP))
        tx.factors.add(factor(codes, FactorKind.RECOVERY))
        tx.passkeys.add(passkey(key, None))
        tx.passkeys.add(passkey(cloned, NOW))
        bound = phone_app.bound(new_id(), here, app.id, "key", "Chrome", NOW)
        tx.phones.save(Rows(app), Rows(app, phones=(bound,)))
        tx.roles.grant(new_id(), staff.id, Role.AUDITOR)  # staff of whichever tenant

    write(store, step)
    found = people(store, here)
    assert (found.numbered, found.texted, found.only_text) == (6, 5, 2)


def test_an_authenticator_stands_in_for_a_number(store: SqlStore, here: str) -> None:
    user = numberless(store, here)
    assert people(store, here).owing == 1
    write(store, lambda tx: tx.factors.add(factor(user, FactorKind.TOTP)))
    assert people(store, here).owing == 0


def test_a_factor_of_another_tenant_counts_for_nobody(
    store: SqlStore, here: str, there: str
) -> None:
    user = numberless(store, here)
    foreign = Factor(new_id(), there, user.id, FactorKind.TOTP, "s", None, NOW)
    write(store, lambda tx: tx.factors.add(foreign))
    assert people(store, here).owing == 1


def test_so_many_are_counted_and_it_is_said_that_there_are_more(store: SqlStore, here: str) -> None:
    for _ in range(3):
        person(store, here)
    assert people(store, here, most=3).whole
    assert people(store, here, most=3).active == 3
    assert not people(store, here, most=2).whole


def lock(store: SqlStore, tenant: str, lane: str, user: User, until: int) -> None:
    def step(tx: Tx) -> None:
        tx.lanes.lock(tenant, f"{lane}:{user.id}", NOW)
        tx.lanes.save(tenant, f"{lane}:{user.id}", Lane(locked_until=until), user.id)

    write(store, step)


def test_locks_are_of_strangers_or_of_known_browsers_alone(
    store: SqlStore, here: str, there: str
) -> None:
    both, stranger, browser, second, over = (person(store, here) for _ in range(5))
    for lane, user in (("u", both), ("c", both), ("u", stranger), ("c", browser), ("2", second)):
        lock(store, here, lane, user, NOW + MINUTE)
    lock(store, here, "u", over, NOW)
    lock(store, there, "u", person(store, there), NOW + MINUTE)
    found = read(store, lambda tx: tx.census.locked(here, NOW))
    assert found == Locked(strangers=2, browsers=1)


def test_mailboxes_are_counted_by_domain_of_people_in_use(store: SqlStore, here: str) -> None:
    person(store, here, email="a@corp.test")
    numberless(store, here, email="b@corp.test")
    person(store, here, email="c@home.test")
    person(store, here, email="d@corp.test", state=UserState.DISABLED)
    found = read(store, lambda tx: tx.census.domains(here, MANY))
    assert found == {"corp.test": Mailboxes(2, 1), "home.test": Mailboxes(1, 0)}
