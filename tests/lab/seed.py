"""Makes an installation with people in it; run by whatever release PYTHONPATH names.

    python seed.py DATA_DIR STORE_URL PEOPLE

Only what every release has is used.
"""

from __future__ import annotations

import sys

import argon2

from keyturn import wiring
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, TenantPolicy, User, UserState
from keyturn.rules.identifiers import canonical
from keyturn.settings import Settings

PASSWORD = "quiet harbour at seven"


def main() -> None:
    """Keys, tables, a tenant, people with one password."""
    folder, url, people = sys.argv[1:]
    settings = Settings.model_validate({"store": {"data_dir": folder, "url": url}})
    wiring.prepare(settings)
    house = wiring.build(settings)
    now = house.parts.clock.now()
    tenant = Tenant(
        id=house.parts.random.id(now), slug="main", name="Northwind", host=None,
        sender="account@northwind.test", accent="#1f6f5c", timezone="Europe/London", context=(),
        support=(), policy=TenantPolicy(), created_at=now,
    )  # fmt: skip
    encoded = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)

    def step(tx: Tx) -> None:
        tx.tenants.add(tenant)
        for n in range(int(people)):
            email = f"person{n}@people.test"
            user = User(
                id=house.parts.random.id(now), tenant_id=tenant.id, state=UserState.ACTIVE,
                name=f"Person {n}", username=None, email=email, phone=None,
                phone_verified_at=None, password_hash=encoded, password_set_at=now, epoch=0,
                frozen_at=None, timezone=None, created_at=now,
            )  # fmt: skip
            tx.users.add(user, [str(canonical(email))])

    house.store.submit_write(step).result(60)
    house.close()


if __name__ == "__main__":
    main()
