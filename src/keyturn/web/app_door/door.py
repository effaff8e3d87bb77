"""POST: one signed request of a phone, one signed answer.

    head --> too much from there? --> body (bounded, strict JSON) --> whose key? --> signature
        --> clock --> the operation's fields --> its flow, which takes the number (phone_door.heard)

Whoever is not known walks the same way: a row is looked for, the signature compared, with a key
that nobody has, and the same answer signed.  Every request that bears a signature gets a signed
answer with status 200, refusals too, so that no proxy in between can put its own in its place.
No cookie is read or set: there is nothing that another site could make a browser send.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from starlette.responses import Response

from keyturn.flows import binding, phone_app
from keyturn.ports.pushing import Pusher
from keyturn.rules.callers import Caller
from keyturn.rules.clients import client_name
from keyturn.steps.phone_door import Refused, Why
from keyturn.web import parsing, strict_json
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.app_door import fields
from keyturn.web.app_door.operations import OPERATIONS, Call, Operation, Who
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.strikes import Strikes
from keyturn.wire import phones, signatures
from keyturn.wire.phones import Spoken
from keyturn.wire.signatures import Forged

#: headers that would be ambiguous twice; the signed ones are joined, and so never what was signed
ONCE: Final = frozenset({b"content-type"})


class Door:
    """The ASGI application behind every operation."""

    def __init__(self, site: Site, notary: SigningNotary, pusher: Pusher) -> None:
        self._site = site
        self._notary = notary
        self._pusher = pusher
        self._strikes = Strikes(site.parts.clock)
        self._nobody = phones.point(ec.generate_private_key(ec.SECP256R1()).public_key())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request (ASGI). Raises Refusal for what is not signed, and StoreUnavailable."""
        if scope["method"] != phones.METHOD:
            raise Refusal(405, "method", headers={"allow": phones.METHOD})
        ip = parsing.address(scope, self._site.trusted)
        self._strikes.check(ip)
        strict_json.head(scope, ONCE)
        raw = await parsing.body(scope, receive, phones.MOST)
        try:
            spoken = phones.read(parsing.headers_of(scope))
        except Forged as error:
            raise Refusal(400, "not-signed") from error
        body = strict_json.read_object(scope, raw)
        answer = await self._answer(scope, ip, spoken, raw, body)
        await self._said(spoken, answer)(scope, receive, send)

    def _said(self, spoken: Spoken, answer: Mapping[str, Any] | Refused) -> Response:
        """The answer, signed and bound to its request."""
        if isinstance(answer, Refused):
            said: dict[str, Any] = {"error": {"code": str(answer.why), **answer.data}}
        else:
            said = {"result": answer}
        now = self._site.parts.clock.now()
        text = json.dumps({"now": now, **said}, separators=(",", ":"), ensure_ascii=False)
        body = text.encode()
        head = signatures.sign_answer(self._notary.key, 200, body, spoken.signature)
        return Response(body, headers=head, media_type="application/json")

    async def _answer(
        self, scope: Any, ip: str, spoken: Spoken, raw: bytes, body: Mapping[str, object]
    ) -> Mapping[str, Any] | Refused:
        name = scope["path_params"]["operation"]
        operation = OPERATIONS.get(name)
        caller = self._caller(scope, ip, spoken)
        key = await self._key(caller, operation, spoken, body)
        path = scope["keyturn.base"] + scope["path"]
        try:
            phones.verify(key, self._authority(scope), path, parsing.headers_of(scope), raw)
        except Forged:
            self._strikes.add(ip)
            return Refused(Why.SIGNATURE)
        if operation is None:
            return Refused(Why.OPERATION)
        if operation.timed and phones.late(spoken, self._site.parts.clock.now()):
            return Refused(Why.CLOCK, {"created": spoken.created})
        read = fields.read(body, operation.takes)
        if isinstance(read, Refused):
            return read
        parts, server_key = self._site.parts, self._notary.server_key
        call = Call(parts, caller, key, spoken, read, server_key, self._pusher)
        return await operation.does(call)

    async def _key(
        self, caller: Caller, operation: Operation | None, spoken: Spoken,
        body: Mapping[str, object],
    ) -> str:  # fmt: skip
        """The key that must have signed; one that nobody has where there is none."""
        who = operation.who if operation else Who.PHONE
        found: object = None
        if who is Who.NEW:
            found = body.get("key") if spoken.keyid == phones.NEW else None
        elif who is Who.CODE:
            found = await binding.key_of(self._site.parts, caller.tenant.id, spoken.keyid)
        else:
            found = await phone_app.key_of(self._site.parts, caller.tenant.id, spoken.keyid)
        return found if isinstance(found, str) else self._nobody

    def _caller(self, scope: Any, ip: str, spoken: Spoken) -> Caller:
        agent = parsing.header(scope, b"user-agent") or ""
        browser = self._site.parts.sealer.digest("browser", f"phone|{spoken.keyid}")
        return Caller(scope["keyturn.tenant"], browser, (), ip, client_name(agent))

    def _authority(self, scope: Any) -> str:
        """Of the address that was asked for: the gate has made sure that it is one of ours."""
        scheme = "https" if self._site.secure else "http"
        return signatures.authority(f"{scheme}://{parsing.header(scope, b'host') or ''}")
