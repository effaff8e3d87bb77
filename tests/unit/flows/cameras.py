"""Devices on shelves and at doors: registered, paired, pressed, without a door in between.

shelf = Shelf(house)
camera = shelf.camera()                    registered; camera.label is on it
camera.hello(), camera.press()             before it is paired
camera = shelf.paired(house.user())        all of it, a day ago
camera.beat(), camera.pressed(challenge)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyotp

from keyturn.flows import device_beats, device_stock, pairing
from keyturn.flows import staff as staffing
from keyturn.flows.device_beats import Beat, Claim, Met, PairedTo
from keyturn.flows.pairing import View
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.callers import Caller
from keyturn.rules.devices import WAIT_MS, Device, label_digest
from keyturn.rules.networks import Range
from keyturn.rules.pairing import Setup
from keyturn.steps.phone_door import Said
from keyturn.steps.stepup import Signed
from tests.unit.flows.handsets import enters
from tests.unit.flows.house import House, run

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


class KnownNetworks:
    """A range file in memory."""

    def __init__(self, found: Mapping[str, Range]) -> None:
        self.found = found

    def find(self, ip: str) -> Range | None:
        """What is known of an address."""
        return self.found.get(ip)


class Camera:
    """One device, in one place."""

    def __init__(self, house: House, device: Device, label: str, key: str = "key") -> None:
        self.house = house
        self.device = device
        self.label = label
        self.key = key
        self.ip = HOME
        self.pairing_id = ""
        self.secret = ""
        self.sequence = 0

    @property
    def caller(self) -> Caller:
        """Where it speaks from."""
        tenant = self.house.write(lambda tx: tx.tenants.get(self.device.tenant_id))
        assert tenant is not None
        return Caller(tenant, "camera", (), self.ip, "camera")

    @property
    def said(self) -> Said:
        """What the signature of its next request says."""
        self.sequence += 1
        return Said(self.pairing_id, self.sequence)

    def hello(self) -> Any:
        """It is there."""
        claim = Claim(self.key, self.label)
        found = run(device_beats.hello(self.house.parts, self.caller, claim))
        self._note(found)
        return found

    def press(self, setup_id: str | None = None, *, long: bool = False) -> Any:
        """Its button, while it is being set up."""
        if setup_id is None:
            met = self.hello()
            assert isinstance(met, Met), met
            setup_id = met.setup_id
        claim = Claim(self.key, self.label)
        flow = device_beats.press(self.house.parts, self.caller, claim, setup_id, long=long)
        found = run(flow)
        self._note(found)
        return found

    def _note(self, found: object) -> None:
        if isinstance(found, PairedTo):
            self.pairing_id = found.pairing_id

    def beat(self, said: Said | None = None) -> Any:
        """What there is."""
        flow = device_beats.beat(
            self.house.parts, self.caller, said or self.said, has_secret=bool(self.secret)
        )
        found = run(flow)
        if isinstance(found, Beat) and found.secret is not None:
            self.secret = found.secret
        return found

    def pressed(self, challenge_id: str, said: Said | None = None) -> Any:
        """Its button, once it is somebody's."""
        flow = device_beats.pressed(self.house.parts, self.caller, said or self.said, challenge_id)
        return run(flow)

    def wanted(self) -> Any:
        """What it hears while it waits."""
        return run(device_beats.wanted(self.house.parts, self.caller, self.pairing_id))

    def code(self) -> str:
        """What it shows."""
        return pyotp.TOTP(self.secret).generate_otp(self.house.clock.now() // 30_000)

    def copied(self) -> Camera:
        """Somebody has read its key out."""
        copy = Camera(self.house, self.device, self.label, self.key)
        copy.pairing_id, copy.secret, copy.sequence = self.pairing_id, self.secret, self.sequence
        return copy


class Owner:
    """Somebody at a browser."""

    def __init__(self, house: House, user: User, ip: str = HOME) -> None:
        self.house = house
        self.user = user
        self.ip = ip
        self.signed: Signed = house.signed(enters(house, user), user)

    @property
    def caller(self) -> Caller:
        """Where they come from."""
        tenant = self.house.write(lambda tx: tx.tenants.get(self.user.tenant_id))
        assert tenant is not None
        return replace(self.house.browser(tenant=tenant).caller, ip=self.ip)

    def start(self, camera: Camera) -> Any:
        """Type the label's code."""
        return run(pairing.start(self.house.parts, self.caller, self.signed, camera.label))

    def again(self) -> Any:
        """Look once more."""
        return run(pairing.again(self.house.parts, self.caller, self.signed))

    def types(self, digits: str) -> Any:
        """What the device shows."""
        return run(pairing.type_digits(self.house.parts, self.caller, self.signed, digits))

    def sees(self) -> Any:
        """The page."""
        return run(pairing.current(self.house.parts, self.caller, self.signed))

    def devices(self) -> Any:
        """What is theirs."""
        return run(pairing.devices(self.house.parts, self.caller, self.signed))

    def releases(self, pairing_id: str) -> Any:
        """Give one back."""
        return run(pairing.release(self.house.parts, self.caller, self.signed, pairing_id))


class Shelf:
    """Devices that a tenant has registered."""

    def __init__(self, house: House, tenant: Tenant | None = None) -> None:
        self.house = house
        self.tenant = tenant or house.tenant
        self._number = 0

    def knows(self, found: Mapping[str, Range]) -> None:
        """The operator's range file, by address."""
        self.house.parts = replace(self.house.parts, networks=KnownNetworks(found))

    def camera(self, label: str = "") -> Camera:
        """One more."""
        self._number += 1
        letters = label or self.house.random.letters(16)
        serial = f"C2-{self._number:04}"
        row = device_stock.Row(1, "Camera C2", serial, label_digest(letters))
        at = staffing.on_the_host(Caller(self.tenant, "", (), "", "command on the host (root)"))
        done = run(device_stock.register(self.house.parts, at, [row]))
        assert isinstance(done, device_stock.Registered), done
        named = self.house.write(lambda tx: tx.devices.named(self.tenant.id, "Camera C2", serial))
        assert named is not None
        return Camera(self.house, named, letters)

    def paired(self, user: User, camera: Camera | None = None, *, old: bool = True) -> Camera:
        """Somebody's; with `old`, for long enough to prove something."""
        camera = camera or self.camera()
        began = Owner(self.house, user).start(camera)
        assert isinstance(began, View), began
        assert isinstance(camera.press(), PairedTo)
        camera.beat()
        if old:
            self.house.clock.move(WAIT_MS)
        return camera


def setup_of(house: House, user: User) -> Setup:
    """The newest of somebody's, as it is stored."""
    found = house.write(lambda tx: tx.devices.setups_of(user.tenant_id, user.id, 1))
    return found[0]
