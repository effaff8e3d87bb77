"""The door of devices (web/signed/door.py): whose key must have signed, and what is done."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.flows import device_beats
from keyturn.rules.callers import Caller
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.devices.operations import OPERATIONS, Call, Operation
from keyturn.web.devices.waiting import Waiting
from keyturn.web.signed.door import Answer, Proved, SignedDoor
from keyturn.web.site import Site
from keyturn.wire import devices
from keyturn.wire.door import NEW, Spoken


class Door(SignedDoor[Operation]):
    """The ASGI application behind every operation."""

    def __init__(self, site: Site, notary: SigningNotary) -> None:
        nobody = devices.spelled(Ed25519PrivateKey.generate().public_key())
        super().__init__(site, notary, devices.SCHEME, "device", nobody)
        self._waiting = Waiting(site.parts)

    def operation(self, name: str) -> Operation | None:
        """See SignedDoor."""
        return OPERATIONS.get(name)

    async def key(
        self, caller: Caller, operation: Operation | None, spoken: Spoken,
        body: Mapping[str, object],
    ) -> object:  # fmt: skip
        """See SignedDoor."""
        if operation is not None and operation.new:
            return body.get("key") if spoken.keyid == NEW else None
        return await device_beats.key_of(self._site.parts, caller.tenant.id, spoken.keyid)

    async def do(self, operation: Operation, proved: Proved) -> Answer:
        """See SignedDoor."""
        call = Call(self._site.parts, proved, self._notary.server_key, self._waiting)
        return await operation.does(call)
