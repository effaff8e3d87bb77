"""The door of phone apps (web/signed/door.py): whose key must have signed, and what is done."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.flows import binding, phone_app
from keyturn.ports.pushing import Pusher
from keyturn.rules.callers import Caller
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.app_door.operations import OPERATIONS, Call, Operation, Who
from keyturn.web.signed.door import Answer, Proved, SignedDoor
from keyturn.web.site import Site
from keyturn.wire import phones
from keyturn.wire.door import Spoken


class Door(SignedDoor[Operation]):
    """The ASGI application behind every operation."""

    def __init__(self, site: Site, notary: SigningNotary, pusher: Pusher) -> None:
        nobody = phones.point(ec.generate_private_key(ec.SECP256R1()).public_key())
        super().__init__(site, notary, phones.SCHEME, "phone", nobody)
        self._pusher = pusher

    def operation(self, name: str) -> Operation | None:
        """See SignedDoor."""
        return OPERATIONS.get(name)

    async def key(
        self, caller: Caller, operation: Operation | None, spoken: Spoken,
        body: Mapping[str, object],
    ) -> object:  # fmt: skip
        """See SignedDoor."""
        who = operation.who if operation else Who.PHONE
        if who is Who.NEW:
            return body.get("key") if spoken.keyid == phones.NEW else None
        find = binding.key_of if who is Who.CODE else phone_app.key_of
        return await find(self._site.parts, caller.tenant.id, spoken.keyid)

    async def do(self, operation: Operation, proved: Proved) -> Answer:
        """See SignedDoor."""
        call = Call(
            self._site.parts, proved.caller, proved.key, proved.spoken, proved.body,
            self._notary.server_key, self._pusher,
        )  # fmt: skip
        return await operation.does(call)
