"""POST: one signed request of something that holds a key of its own, one signed answer.

    head --> too much from there? --> body (bounded, strict JSON) --> whose key? --> signature
        --> clock --> the operation's fields --> its flow, which takes the number

Whoever is not known walks the same way: a row is looked for, the signature compared, with a key
that nobody has, and the same answer signed.  Every request that bears a signature gets a signed
answer with status 200, refusals too, so that no proxy in between can put its own in its place.
No cookie is read or set: there is nothing that another site could make a browser send.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from starlette.responses import Response

from keyturn.rules.callers import Caller
from keyturn.rules.clients import client_name
from keyturn.steps.phone_door import Refused, Why
from keyturn.web import parsing, strict_json
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.refusals import Refusal
from keyturn.web.signed import fields
from keyturn.web.signed.fields import Field
from keyturn.web.site import Site
from keyturn.web.strikes import Strikes
from keyturn.wire import door, signatures
from keyturn.wire.door import Scheme, Spoken
from keyturn.wire.signatures import Forged

#: headers that would be ambiguous twice; the signed ones are joined, and so never what was signed
ONCE: Final = frozenset({b"content-type"})

Answer = Mapping[str, Any] | Refused


class Operation(Protocol):
    """One line of a door's table.

    Attributes:
        takes: the fields of its body. timed: refused where `created` is far from now.
    """

    @property
    def takes(self) -> Mapping[str, Field]: ...
    @property
    def timed(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Proved:
    """A request whose signature was right.

    Attributes:
        key: which has signed it. body: its fields, read.
        scope: of the connection (ASGI).
    """

    caller: Caller
    key: str
    spoken: Spoken
    body: Mapping[str, Any]
    scope: Any


O = TypeVar("O", bound=Operation)  # noqa: E741  an operation


class SignedDoor(ABC, Generic[O]):
    """The ASGI application behind every operation of a door."""

    def __init__(
        self, site: Site, notary: SigningNotary, scheme: Scheme, kind: str, nobody: str
    ) -> None:  # fmt: skip
        """Make it.

        Args:
            kind: what digests of its senders begin with. nobody: a key that nobody has.
        """
        self._site = site
        self._notary = notary
        self._scheme = scheme
        self._kind = kind
        self._nobody = nobody
        self._strikes = Strikes(site.parts.clock)

    @abstractmethod
    def operation(self, name: str) -> O | None:
        """The line of the table that has this name."""

    @abstractmethod
    async def key(
        self, caller: Caller, operation: O | None, spoken: Spoken, body: Mapping[str, object]
    ) -> object:
        """The key that must have signed; None where there is none."""

    @abstractmethod
    async def do(self, operation: O, proved: Proved) -> Answer:
        """What was asked for."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request (ASGI). Raises Refusal for what is not signed, and StoreUnavailable."""
        if scope["method"] != door.METHOD:
            raise Refusal(405, "method", headers={"allow": door.METHOD})
        ip = parsing.address(scope, self._site.trusted)
        self._strikes.check(ip)
        strict_json.head(scope, ONCE)
        raw = await parsing.body(scope, receive, door.MOST)
        try:
            spoken = door.read(self._scheme, parsing.headers_of(scope))
        except Forged as error:
            raise Refusal(400, "not-signed") from error
        body = strict_json.read_object(scope, raw)
        answer = await self._answer(scope, ip, spoken, raw, body)
        await self._said(spoken, answer)(scope, receive, send)

    def _said(self, spoken: Spoken, answer: Answer) -> Response:
        """The answer, signed and bound to its request."""
        if isinstance(answer, Refused):
            said: dict[str, Any] = {"error": {"code": str(answer.why), **answer.data}}
        else:
            said = {"result": answer}
        now = self._site.parts.clock.now()
        text = json.dumps({"now": now, **said}, separators=(",", ":"), ensure_ascii=False)
        body = text.encode()
        tag = self._scheme.tag
        head = signatures.sign_answer(self._notary.key, 200, body, spoken.signature, tag)
        return Response(body, headers=head, media_type="application/json")

    async def _answer(
        self, scope: Any, ip: str, spoken: Spoken, raw: bytes, body: Mapping[str, object]
    ) -> Answer:
        operation = self.operation(scope["path_params"]["operation"])
        caller = self._caller(scope, ip, spoken)
        found = await self.key(caller, operation, spoken, body)
        key = found if isinstance(found, str) else self._nobody
        path = scope["keyturn.base"] + scope["path"]
        headers = parsing.headers_of(scope)
        try:
            door.verify(self._scheme, key, self._authority(scope), path, headers, raw)
        except Forged:
            self._strikes.add(ip)
            return Refused(Why.SIGNATURE)
        if operation is None:
            return Refused(Why.OPERATION)
        if operation.timed and door.late(spoken, self._site.parts.clock.now()):
            return Refused(Why.CLOCK, {"created": spoken.created})
        read = fields.read(body, operation.takes)
        if isinstance(read, Refused):
            return read
        return await self.do(operation, Proved(caller, key, spoken, read, scope))

    def _caller(self, scope: Any, ip: str, spoken: Spoken) -> Caller:
        agent = parsing.header(scope, b"user-agent") or ""
        digest = self._site.parts.sealer.digest("browser", f"{self._kind}|{spoken.keyid}")
        return Caller(scope["keyturn.tenant"], digest, (), ip, client_name(agent))

    def _authority(self, scope: Any) -> str:
        """Of the address that was asked for: the gate has made sure that it is one of ours."""
        scheme = "https" if self._site.secure else "http"
        return signatures.authority(f"{scheme}://{parsing.header(scope, b'host') or ''}")
