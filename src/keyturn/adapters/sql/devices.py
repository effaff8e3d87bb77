"""What devices store: what is registered, whose it is, setups, questions of presence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from keyturn.adapters.sql.device_tables import (
    ACTIVE,
    OPEN,
    WAITING,
    challenges,
    devices,
    pairings,
    setups,
)
from keyturn.adapters.sql.rows import Repository, Shape, enum, taken
from keyturn.ports.devices import Last, Secret
from keyturn.rules.devices import Device, Held, Pairing
from keyturn.rules.pairing import Ended, Setup, State
from keyturn.rules.presence import Challenge, Method
from keyturn.rules.presence import Ended as Unanswered
from keyturn.rules.presence import State as Answered

DEVICE = Shape(devices, Device)
PAIRING = Shape(pairings, Pairing, state=enum(Held))
SETUP = Shape(setups, Setup, state=enum(State), ended=enum(Ended))
CHALLENGE = Shape(
    challenges, Challenge, method=enum(Method), state=enum(Answered), ended=enum(Unanswered)
)
#: ids in one statement
_AT_ONCE = 500


class SqlDevices(Repository):
    """See ports.devices.Devices."""

    # -- registered

    def add(self, device: Device) -> None:
        with taken(self._c, "device"):
            self._c.execute(DEVICE.insert, DEVICE.params(device))

    def get(self, tenant_id: str, device_id: str) -> Device | None:
        return DEVICE.maybe(self._c.execute(_one(DEVICE, tenant_id, device_id)).first())

    def lock(self, tenant_id: str, device_id: str) -> Device | None:
        held = _one(DEVICE, tenant_id, device_id).with_for_update()
        return DEVICE.maybe(self._c.execute(held).first())

    def labelled(self, tenant_id: str, label: str) -> Device | None:
        wanted = DEVICE.select().where(devices.c.tenant_id == tenant_id, devices.c.label == label)
        return DEVICE.maybe(self._c.execute(wanted).first())

    def named(self, tenant_id: str, model: str, serial: str) -> Device | None:
        called = devices.c.model == model, devices.c.serial == serial
        wanted = DEVICE.select().where(devices.c.tenant_id == tenant_id, *called)
        return DEVICE.maybe(self._c.execute(wanted).first())

    def listed(self, tenant_id: str, after: str, limit: int) -> Sequence[Device]:
        wanted = DEVICE.select().where(devices.c.tenant_id == tenant_id, devices.c.id > after)
        rows = self._c.execute(wanted.order_by(devices.c.id).limit(limit))
        return [DEVICE.value(row) for row in rows]

    # -- pairings

    def pair(self, pairing: Pairing, secret: Secret) -> None:
        cells = {**PAIRING.params(pairing), "sequence": 0, "ip": "", **_secret(secret)}
        with taken(self._c, "pairing"):
            self._c.execute(pairings.insert(), cells)

    def save_pairing(self, pairing: Pairing) -> None:
        ends = {"state": str(pairing.state), "ended_at": pairing.ended_at}
        self._change(pairing.tenant_id, pairing.id, **ends)

    def pairing(self, tenant_id: str, pairing_id: str) -> Pairing | None:
        return PAIRING.maybe(self._c.execute(_one(PAIRING, tenant_id, pairing_id)).first())

    def active(self, tenant_id: str, device_ids: Sequence[str]) -> Mapping[str, Pairing]:
        found: dict[str, Pairing] = {}
        for at in range(0, len(device_ids), _AT_ONCE):
            some = pairings.c.device_id.in_(device_ids[at : at + _AT_ONCE])
            wanted = PAIRING.select().where(pairings.c.tenant_id == tenant_id, some, ACTIVE)
            rows = map(PAIRING.value, self._c.execute(wanted))
            found.update((one.device_id, one) for one in rows)
        return found

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Pairing]:
        theirs = pairings.c.tenant_id == tenant_id, pairings.c.user_id == user_id
        rows = self._c.execute(PAIRING.select().where(*theirs).order_by(pairings.c.id.desc()))
        return [PAIRING.value(row) for row in rows]

    def taken_from(self, tenant_id: str, user_id: str) -> Sequence[Pairing]:
        theirs = pairings.c.tenant_id == tenant_id, pairings.c.user_id == user_id
        ended = select(pairings.c.id).where(*theirs)
        others = pairings.c.tenant_id == tenant_id, pairings.c.former.in_(ended), ACTIVE
        rows = self._c.execute(PAIRING.select().where(*others).order_by(pairings.c.id))
        return [PAIRING.value(row) for row in rows]

    def rise(self, tenant_id: str, pairing_id: str, sequence: int, ip: str, now: int) -> bool:
        this = *_is(PAIRING, tenant_id, pairing_id), pairings.c.sequence < sequence
        risen = update(pairings).where(*this).values(sequence=sequence, seen_at=now, ip=ip)
        return self._c.execute(risen).rowcount == 1

    def last(self, tenant_id: str, pairing_id: str) -> Last:
        wanted = select(pairings.c.seen_at, pairings.c.ip)
        row = self._c.execute(wanted.where(*_is(PAIRING, tenant_id, pairing_id))).first()
        return Last(None, "") if row is None else Last(*row)

    def secret(self, tenant_id: str, pairing_id: str) -> Secret | None:
        columns = pairings.c.secret, pairings.c.secret_used, pairings.c.secret_told
        wanted = select(*columns).where(*_is(PAIRING, tenant_id, pairing_id))
        row = self._c.execute(wanted.with_for_update() if self._writing else wanted).first()
        return None if row is None else Secret(*row)

    def keep(self, tenant_id: str, pairing_id: str, secret: Secret) -> None:
        self._change(tenant_id, pairing_id, **_secret(secret))

    def _change(self, tenant_id: str, pairing_id: str, **cells: object) -> None:
        this = _is(PAIRING, tenant_id, pairing_id)
        self._c.execute(update(pairings).where(*this).values(cells))

    # -- setups

    def add_setup(self, setup: Setup) -> None:
        self._c.execute(SETUP.insert, SETUP.params(setup))

    def save_setup(self, setup: Setup) -> None:
        self._c.execute(SETUP.update, SETUP.changes(setup, id=setup.id))

    def setup(self, tenant_id: str, setup_id: str) -> Setup | None:
        return SETUP.maybe(self._c.execute(_one(SETUP, tenant_id, setup_id)).first())

    def setups(self, tenant_id: str, device_id: str) -> Sequence[Setup]:
        these = setups.c.tenant_id == tenant_id, setups.c.device_id == device_id, OPEN
        rows = self._c.execute(SETUP.select().where(*these).order_by(setups.c.id))
        return [SETUP.value(row) for row in rows]

    def setups_of(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Setup]:
        theirs = setups.c.tenant_id == tenant_id, setups.c.user_id == user_id
        wanted = SETUP.select().where(*theirs).order_by(setups.c.id.desc()).limit(limit)
        return [SETUP.value(row) for row in self._c.execute(wanted)]

    # -- presence

    def add_challenge(self, one: Challenge) -> None:
        self._c.execute(CHALLENGE.insert, CHALLENGE.params(one))

    def save_challenge(self, one: Challenge) -> None:
        self._c.execute(CHALLENGE.update, CHALLENGE.changes(one, id=one.id))

    def challenge(self, tenant_id: str, challenge_id: str) -> Challenge | None:
        return CHALLENGE.maybe(self._c.execute(_one(CHALLENGE, tenant_id, challenge_id)).first())

    def challenges_of(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Challenge]:
        theirs = challenges.c.tenant_id == tenant_id, challenges.c.user_id == user_id
        wanted = CHALLENGE.select().where(*theirs).order_by(challenges.c.id.desc()).limit(limit)
        return [CHALLENGE.value(row) for row in self._c.execute(wanted)]

    def asked(self, now: int) -> frozenset[str]:
        button = challenges.c.method == str(Method.BUTTON)
        wanted = select(challenges.c.pairing_id).where(WAITING, button)
        return frozenset(self._c.execute(wanted.where(challenges.c.expires_at > now)).scalars())

    def waiting(self, tenant_id: str, pairing_id: str, now: int) -> Sequence[Challenge]:
        asked = challenges.c.tenant_id == tenant_id, challenges.c.pairing_id == pairing_id, WAITING
        wanted = CHALLENGE.select().where(*asked, challenges.c.expires_at > now)
        rows = self._c.execute(wanted.order_by(challenges.c.id.desc()))
        return [CHALLENGE.value(row) for row in rows]


def _is(shape: Shape[Any], tenant_id: str, row_id: str) -> tuple[Any, ...]:
    return shape.table.c.tenant_id == tenant_id, shape.table.c.id == row_id


def _one(shape: Shape[Any], tenant_id: str, row_id: str) -> Any:
    return shape.select().where(*_is(shape, tenant_id, row_id))


def _secret(secret: Secret) -> dict[str, Any]:
    return {"secret": secret.sealed, "secret_used": secret.used, "secret_told": secret.told}
