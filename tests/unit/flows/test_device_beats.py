"""What a paired device says: heard once, and never from two places."""

from __future__ import annotations

import pytest

from keyturn.flows import device_beats
from keyturn.flows.device_beats import Beat
from keyturn.rules.accounts import User
from keyturn.rules.devices import WAIT_MS, Held, Pairing
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.steps.phone_door import Refused, Said, Why
from tests.unit.flows.cameras import Camera, Shelf
from tests.unit.flows.house import House, run

SEQUENCE = Refused(Why.SEQUENCE)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def camera(house: House, ada: User) -> Camera:
    """Ada's."""
    return Shelf(house).paired(ada)


def test_a_beat_says_from_when_it_proves_anything(house: House, camera: Camera) -> None:
    assert camera.beat() == Beat(None, None, house.clock.now())
    assert house.clock.now() == camera_pairing(house, camera).paired_at + WAIT_MS


def camera_pairing(house: House, camera: Camera) -> Pairing:
    found = house.write(lambda tx: tx.devices.pairing(camera.device.tenant_id, camera.pairing_id))
    assert found is not None
    return found


def test_whose_key_it_is(house: House, camera: Camera) -> None:
    for tenant, key in ((house.tenant.id, "key"), ("other", None)):
        assert run(device_beats.key_of(house.parts, tenant, camera.pairing_id)) == key


def test_a_replayed_beat_is_not_heard(camera: Camera) -> None:
    said = camera.said
    assert isinstance(camera.beat(said), Beat)
    assert camera.beat(said) == SEQUENCE


def test_a_copied_key_shows_and_is_believed_no_more(
    house: House, ada: User, camera: Camera
) -> None:
    """Two that alternate: each is behind the other's numbers in turn."""
    copy = camera.copied()
    answers = [each.beat() for each in (camera, copy, camera, copy, camera, copy)]
    kinds = [type(one) if isinstance(one, Beat) else one for one in answers]
    gone: dict[str, str | int | bool | None] = {
        "why": str(Held.STOPPED), "at": house.clock.now(),
    }  # fmt: skip
    assert kinds == [Beat, SEQUENCE, Beat, SEQUENCE, Beat, Refused(Why.UNBOUND, gone)]
    assert camera.beat() == copy.beat() == Refused(Why.UNBOUND, gone)
    assert camera_pairing(house, camera).state is Held.STOPPED
    assert house.last("device_changed").values["what"] == "stopped"
    assert Event.DEVICE_STOPPED in house.events(ada)


def test_a_copy_with_higher_numbers_stops_both_as_well(house: House, camera: Camera) -> None:
    copy = camera.copied()
    copy.sequence = 10**9
    assert isinstance(copy.beat(), Beat)
    assert [camera.beat(), camera.beat()] == [SEQUENCE, SEQUENCE]
    assert camera.beat().why is Why.UNBOUND
    assert copy.beat().why is Why.UNBOUND


def test_what_is_delivered_late_now_and_then_is_forgiven(house: House, camera: Camera) -> None:
    for _ in range(3):
        said = camera.said
        camera.beat(said)
        assert [camera.beat(said), camera.beat(said)] == [SEQUENCE, SEQUENCE]
        house.clock.move(HOUR)
    assert isinstance(camera.beat(), Beat)


def test_nothing_of_what_was_erased_meanwhile(house: House, ada: User, camera: Camera) -> None:
    forged = Refused(Why.SIGNATURE)
    camera.pairing_id, kept = "0" * 26, camera.pairing_id
    assert camera.beat() == forged
    camera.pairing_id = kept
    house.write(lambda tx: tx.users.delete(ada.tenant_id, ada.id))
    assert camera.beat() == forged


def test_another_tenant_s_door_knows_it_not(house: House, camera: Camera) -> None:
    there = house.add_tenant("contoso")
    said = Said(camera.pairing_id, 99)
    flow = device_beats.beat(house.parts, house.browser(tenant=there).caller, said, has_secret=True)
    assert run(flow) == Refused(Why.SIGNATURE)
