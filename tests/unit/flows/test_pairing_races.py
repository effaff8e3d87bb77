"""Two people and one device at the same moment: one has it, and the other is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from keyturn.flows import device_beats, pairing
from keyturn.flows.device_beats import Claim, PairedTo
from keyturn.flows.pairing import Busy, View
from keyturn.ports.store import Tx
from keyturn.rules.devices import Pairing
from tests.unit.flows.cameras import Camera, Owner, Shelf
from tests.unit.flows.house import House, together

ROUNDS = 20


def active_of(camera: Camera, tx: Tx) -> Mapping[str, Pairing]:
    return tx.devices.active(camera.device.tenant_id, [camera.device.id])


def test_of_two_owners_who_begin_at_once_one_is_busy(house: House) -> None:
    shelf = Shelf(house)
    people = [house.user(f"{name}@northwind.test") for name in ("ada", "eve")]
    for _ in range(ROUNDS):
        camera = shelf.camera()
        owners = [Owner(house, user) for user in people]
        answers = together(
            *(pairing.start(house.parts, one.caller, one.signed, camera.label) for one in owners)
        )
        assert sorted(type(one).__name__ for one in answers) == ["Busy", "View"], answers
        first = next(one for one in answers if isinstance(one, View))
        assert isinstance(camera.press(), PairedTo)
        active = house.write(partial(active_of, camera))
        assert active[camera.device.id].user_id == first.setup.user_id
        assert any(isinstance(one, Busy) for one in answers)
        house.clock.move(60 * 60_000)


def test_presses_at_once_pair_once(house: House) -> None:
    camera, owner = Shelf(house).camera(), Owner(house, house.user())
    owner.start(camera)
    met = camera.hello()
    claim = Claim(camera.key, camera.label)

    async def all_of_them() -> list[Any]:
        press = [
            device_beats.press(house.parts, camera.caller, claim, met.setup_id, long=False)
            for _ in range(ROUNDS)
        ]
        return list(await asyncio.gather(*press))

    answers = asyncio.run(all_of_them())
    assert {type(one) for one in answers} == {PairedTo}
    assert len({one.pairing_id for one in answers}) == 1
    assert len(house.outbox("device_changed")) == 1
