"""What devices store: what is registered, whose it is, setups, questions of presence.

Whoever changes what hangs on a device holds first the user's row (`Users.lock`), then the
device's (`lock`), in this order: so of two people with one device, of a press and a release, of a
press and Reset User, one is second and sees the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyturn.rules.devices import Device, Pairing
from keyturn.rules.pairing import Setup
from keyturn.rules.presence import Challenge


@dataclass(frozen=True, slots=True)
class Secret:
    """What a device makes its rotating codes of; it dies with the pairing's row.

    Attributes:
        sealed: under the pairing's id.
        used: the last time step of it that was accepted (RFC 6238).
        told: the device has said that it has it: it is not told again.
    """

    sealed: str = field(repr=False)
    used: int | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Last:
    """When a paired device was last heard, and from where."""

    seen_at: int | None
    ip: str


class Devices(Protocol):
    """Devices, pairings, setups, challenges. Every id is looked for in its tenant alone."""

    # -- registered

    def add(self, device: Device) -> None:
        """Raises Taken("device") where the tenant has its label, or its model and serial."""
        ...

    def get(self, tenant_id: str, device_id: str) -> Device | None: ...
    def lock(self, tenant_id: str, device_id: str) -> Device | None:
        """As get, but nobody else changes what hangs on it until this transaction ends."""
        ...

    def labelled(self, tenant_id: str, label: str) -> Device | None:
        """The device whose label has this digest."""
        ...

    def named(self, tenant_id: str, model: str, serial: str) -> Device | None: ...
    def listed(self, tenant_id: str, after: str, limit: int) -> Sequence[Device]:
        """By id; `after`: the last id of the page before, "" for the first."""
        ...

    # -- pairings

    def pair(self, pairing: Pairing, secret: Secret) -> None:
        """Raises Taken("pairing") while another of this device is active."""
        ...

    def save_pairing(self, pairing: Pairing) -> None:
        """Store state and end."""
        ...

    def pairing(self, tenant_id: str, pairing_id: str) -> Pairing | None: ...
    def active(self, tenant_id: str, device_ids: Sequence[str]) -> Mapping[str, Pairing]:
        """The active pairing of each of these devices that has one."""
        ...

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Pairing]:
        """All of a user's, the newest first, those that are over too."""
        ...

    def taken_from(self, tenant_id: str, user_id: str) -> Sequence[Pairing]:
        """The active pairings of others that have ended one of this user's."""
        ...

    def rise(self, tenant_id: str, pairing_id: str, sequence: int, ip: str, now: int) -> bool:
        """Store the sequence number of a request, when and from where it came, if the number is
        higher than the last one, which begins at 0; whether it was. One statement.
        """
        ...

    def last(self, tenant_id: str, pairing_id: str) -> Last:
        """When it was last heard; of no such pairing: never."""
        ...

    def secret(self, tenant_id: str, pairing_id: str) -> Secret | None:
        """None: no such pairing. Held when writing."""
        ...

    def keep(self, tenant_id: str, pairing_id: str, secret: Secret) -> None: ...

    # -- setups

    def add_setup(self, setup: Setup) -> None: ...
    def save_setup(self, setup: Setup) -> None: ...
    def setup(self, tenant_id: str, setup_id: str) -> Setup | None: ...
    def setups(self, tenant_id: str, device_id: str) -> Sequence[Setup]:
        """Those of a device that are stored as open: rarely more than one."""
        ...

    def setups_of(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Setup]:
        """A user's, the newest first, in any state."""
        ...

    # -- presence

    def add_challenge(self, one: Challenge) -> None: ...
    def save_challenge(self, one: Challenge) -> None: ...
    def challenge(self, tenant_id: str, challenge_id: str) -> Challenge | None: ...
    def challenges_of(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Challenge]:
        """What a user's devices were asked, the newest first."""
        ...

    def asked(self, now: int) -> frozenset[str]:
        """The pairings, of all tenants, of which a press is wanted now: ids alone, for whoever
        wakes devices that wait.
        """
        ...

    def waiting(self, tenant_id: str, pairing_id: str, now: int) -> Sequence[Challenge]:
        """What this device may answer now, the newest first."""
        ...
