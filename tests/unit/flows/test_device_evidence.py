"""What diagnosis sees of somebody's devices."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.devices import SILENT_MS
from keyturn.rules.diagnosis import Facts, diagnose
from keyturn.rules.networks import Kind, Range
from keyturn.steps.acts import begin
from keyturn.steps.evidence import Subject, collect
from tests.unit.flows.cameras import ELSEWHERE, HOME, Owner, Shelf
from tests.unit.flows.house import House


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


def seen(house: House, user: User) -> Facts:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: collect(tx, act, Subject(user=user)))


def told(house: House, user: User) -> dict[str, Any]:
    known = asdict(seen(house, user))["known"].items()
    return {n.removeprefix("device."): v for n, v in known if n.startswith("device.")}


def causes(house: House, user: User) -> list[str]:
    return [one.cause for one in diagnose(seen(house, user), house.clock.now()).findings]


def test_of_who_has_none_everything_was_looked_at(house: House, ada: User) -> None:
    found = told(house, ada)
    assert found.pop("silent") == 0
    assert set(found.values()) == {None}


def test_a_vpn_at_set_up(house: House, ada: User) -> None:
    shelf, now = Shelf(house), house.clock.now()
    shelf.knows({ELSEWHERE: Range(Kind.VPN, "Example VPN"), "192.0.2.1": Range(Kind.PROXY, "")})
    camera = shelf.camera()
    Owner(house, ada, "192.0.2.1").start(camera)
    assert told(house, ada)["vpn"] == "a VPN or proxy"
    house.clock.move(1)
    Owner(house, ada, ELSEWHERE).start(camera)
    found = told(house, ada)
    assert (found["vpn"], found["vpn_at"]) == ("Example VPN", now + 1)
    assert "device.vpn" in causes(house, ada)
    house.clock.move(1)
    Owner(house, ada).start(camera)
    assert "device.vpn" not in causes(house, ada)


def test_a_press_that_is_not_seen_and_then_other_networks(house: House, ada: User) -> None:
    camera, owner = Shelf(house).camera(), Owner(house, ada, ELSEWHERE)
    owner.start(camera)
    assert told(house, ada)["missing"] == "hello"
    met = camera.hello()
    assert "device.press" in causes(house, ada)
    camera.press()
    assert told(house, ada)["verdict"] == "different"
    assert "device.networks" in causes(house, ada)
    owner.types(met.digits)
    assert told(house, ada)["missing"] is None


def test_a_silent_device(house: House, ada: User) -> None:
    camera = Shelf(house).paired(ada, old=False)
    camera.ip = HOME
    house.clock.move(SILENT_MS - 1)
    assert told(house, ada)["silent"] == 0
    house.clock.move(1)
    assert told(house, ada)["silent_at"] == house.clock.now() - SILENT_MS
    assert "device.silent" in causes(house, ada)
