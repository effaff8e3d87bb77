"""The devices that a tenant has registered: what its maker printed, and whose they are.

A device that is not registered cannot be set up.  What is handed in is the digest of its label's
code (rules.devices.label_digest): the code itself stays with the label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User
from keyturn.rules.devices import (
    MODEL_MAX,
    SERIAL_MAX,
    Device,
    Pairing,
    label_digest,
    label_shown,
)
from keyturn.rules.events import Event
from keyturn.steps import device_setups
from keyturn.steps.acts import begin, record

__all__ = [
    "Listed", "New", "NotAllowed", "Registered", "Row", "Stocked", "Wrong", "listed", "new_label",
    "register",
]  # fmt: skip

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: rows of one page
PAGE = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A device as it is handed in. number: of its line, from 1."""

    number: int
    model: str
    serial: str
    digest: str


class Wrong(StrEnum):
    """Why a row is not taken."""

    MODEL = "model"
    SERIAL = "serial"
    DIGEST = "digest"
    TAKEN = "taken"  # the tenant has this device, or this label, otherwise


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of the rows.

    Attributes:
        fresh: registered now. known: were there already, the same.
        wrong: rows that were not taken.
    """

    fresh: int
    known: int
    wrong: Sequence[tuple[Row, Wrong]]


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that."""

    why: Why


@dataclass(frozen=True, slots=True)
class Stocked:
    """A device, and whose it is.

    Attributes:
        pairing, owner: None: nobody's. seen_at: when it was last heard.
    """

    device: Device
    pairing: Pairing | None
    owner: User | None
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of them. after: the cursor of the next, "" at the end."""

    devices: Sequence[Stocked]
    after: str


@dataclass(frozen=True, slots=True)
class New:
    """A label's code, fresh. shown: as it is printed; digest: as it is handed in."""

    shown: str
    digest: str


def new_label(parts: Parts) -> New:
    """A code for a label; nothing is stored."""
    letters = parts.random.letters(16)
    return New(label_shown(letters), label_digest(letters))


async def register(parts: Parts, staff: Staff, rows: Sequence[Row]) -> Registered | NotAllowed:
    """Register what is new; a row that is there already, the same, is no mistake."""
    why = hindrance(staff, Action.REGISTER_DEVICES, None, 0)
    if why is not None:
        return NotAllowed(why)
    fresh, known = 0, 0
    wrong: list[tuple[Row, Wrong]] = []
    for at in range(0, len(rows), PAGE):
        found = await _some(parts, staff, rows[at : at + PAGE])
        fresh, known = fresh + found.fresh, known + found.known
        wrong.extend(found.wrong)
    return Registered(fresh, known, wrong)


async def _some(parts: Parts, staff: Staff, rows: Sequence[Row]) -> Registered:
    def step(tx: Tx) -> Registered:
        counts = {None: 0, "known": 0}
        wrong: list[tuple[Row, Wrong]] = []
        for row in rows:
            found = unfit(row) or _registered(tx, parts, staff, row)
            if isinstance(found, Wrong):
                wrong.append((row, found))
            else:
                counts[found] += 1
        return Registered(counts[None], counts["known"], wrong)

    return await parts.store.write(step)


def unfit(row: Row) -> Wrong | None:
    """What is wrong with a row by itself."""
    if not _plain(row.model, MODEL_MAX):
        return Wrong.MODEL
    if not _plain(row.serial, SERIAL_MAX):
        return Wrong.SERIAL
    return None if _DIGEST.fullmatch(row.digest) else Wrong.DIGEST


def _plain(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text == text.strip() and text.isprintable()


def _registered(tx: Tx, parts: Parts, staff: Staff, row: Row) -> Wrong | str | None:
    """None: it is registered now; "known"."""
    act = begin(parts, staff.caller, staff.user)
    label = device_setups.stored_label(parts, act.tenant.id, row.digest)
    there = tx.devices.named(act.tenant.id, row.model, row.serial)
    if there is not None:
        return "known" if there.label == label else Wrong.TAKEN
    device = Device(act.id(), act.tenant.id, row.model, row.serial, label, act.now)
    try:
        tx.devices.add(device)
    except Taken:
        return Wrong.TAKEN
    name = device_setups.name_of(device)
    record(tx, act, Event.DEVICE_REGISTERED, None, {"device": device.id, "name": name})
    return None


async def listed(parts: Parts, staff: Staff, after: str = "", limit: int = PAGE) -> Listed:
    """The tenant's devices, in the order in which they were registered."""
    tenant_id = staff.caller.tenant.id

    def step(tx: Tx) -> Listed:
        found = tx.devices.listed(tenant_id, after, limit)
        active = tx.devices.active(tenant_id, [one.id for one in found])
        owners = {
            user.id: user
            for user in tx.users.some(tenant_id, [one.user_id for one in active.values()])
        }
        devices = [_stocked(tx, one, active.get(one.id), owners) for one in found]
        return Listed(devices, found[-1].id if len(found) == limit else "")

    return await parts.store.read(step)


def _stocked(
    tx: Tx, device: Device, pairing: Pairing | None, owners: dict[str, User]
) -> Stocked:  # fmt: skip
    if pairing is None:
        return Stocked(device, None, None, None)
    seen_at = tx.devices.last(device.tenant_id, pairing.id).seen_at
    return Stocked(device, pairing, owners.get(pairing.user_id), seen_at)
