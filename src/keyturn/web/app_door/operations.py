"""What a phone can say: by whom it is signed, what is in it, and which flow does it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final

from keyturn.flows import binding, lost_phone, phone_app, phone_push
from keyturn.ports.parts import Parts
from keyturn.ports.pushing import Pusher
from keyturn.rules.callers import Caller
from keyturn.steps.phone_door import Refused, Said
from keyturn.web.app_door import asking, fields, locking, resetting, told
from keyturn.web.app_door.fields import Field
from keyturn.wire.phones import Spoken

#: what is typed is folded by the rules; longer than this it is not worth reading
TYPED_MAX: Final = 100
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()+._-]{0,39}", re.ASCII)

Answer = Mapping[str, Any] | Refused


class Who(Enum):
    """Whose key signs."""

    NEW = "new"  # the one that the body brings
    CODE = "code"  # that of the phone which has scanned the code
    PHONE = "phone"  # a bound phone's


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose signature was right.

    Attributes:
        key: which has signed it. body: its fields, read.
        server_key: the installation's, public. pusher: what reaches phones.
    """

    parts: Parts
    caller: Caller
    key: str
    spoken: Spoken
    body: Mapping[str, Any]
    server_key: bytes
    pusher: Pusher

    @property
    def said(self) -> Said:
        """The same for a flow."""
        return Said(self.spoken.keyid, self.spoken.sequence)


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table.

    Attributes:
        timed: it is refused where `created` is far from now.
    """

    does: Callable[[Call], Awaitable[Answer]]
    takes: Mapping[str, Field] = field(default_factory=dict)
    who: Who = Who.PHONE
    timed: bool = True


# -- binding


async def _time(call: Call) -> Answer:
    return {"installation": told.plain(call.server_key), "push": call.pusher.public_key}


async def _scan(call: Call) -> Answer:
    code, secret = call.body["code"], call.body["secret"]
    found = await binding.scan(call.parts, call.caller, call.key, code, secret)
    return told.offer(call.caller.tenant, call.server_key, found)


async def _type(call: Call) -> Answer:
    found = await binding.type_in(call.parts, call.caller, call.key, call.body["letters"])
    return told.offer(call.caller.tenant, call.server_key, found)


async def _number(call: Call) -> Answer:
    code, said = call.spoken.keyid, call.body["said"]
    name = _name(call.caller.client_name, call.body["model"])
    found = await binding.number(call.parts, call.caller, call.key, code, said, name)
    return told.bound(call.caller.tenant, call.server_key, call.pusher.public_key, found)


def _name(browser: str, model: str) -> str:
    """A phone's name: its browser, and its model where that reads like one."""
    return f"{browser} ({model})" if _MODEL.fullmatch(model) else browser


# -- what a bound phone says


async def _state(call: Call) -> Answer:
    found = await phone_app.state(call.parts, call.caller, call.said)
    now = call.parts.clock.now()
    return told.state(call.caller.tenant, call.pusher.public_key, found, now)


async def _sessions(call: Call) -> Answer:
    return told.signed_in(await phone_app.signed_in(call.parts, call.caller, call.said))


async def _happened(call: Call) -> Answer:
    before = call.body["before"]
    return told.trail(await phone_app.happened(call.parts, call.caller, call.said, before))


async def _end_session(call: Call) -> Answer:
    handle = call.body["id"]
    count = await phone_app.end_session(call.parts, call.caller, call.said, handle)
    return told.count("ended", count)


async def _end_sessions(call: Call) -> Answer:
    count = await phone_app.end_sessions(call.parts, call.caller, call.said)
    return told.count("ended", count)


async def _forget_client(call: Call) -> Answer:
    client = call.body["id"]
    count = await phone_app.forget_client(call.parts, call.caller, call.said, client)
    return told.count("ended", count)


async def _checks(call: Call) -> Answer:
    seen = call.body["seen"]
    return await phone_app.checks(call.parts, call.caller, call.said, seen) or {}


async def _subscribe(call: Call) -> Answer:
    wanted = call.body["subscription"]
    return told.push(await phone_push.subscribe(call.parts, call.caller, call.said, wanted))


async def _push(call: Call) -> Answer:
    permission = call.body["permission"]
    return told.push(await phone_push.noted(call.parts, call.caller, call.said, permission))


async def _test_push(call: Call) -> Answer:
    sent = await phone_push.begin_test(call.parts, call.caller, call.said, call.pusher)
    return sent if isinstance(sent, Refused) else {"id": sent.test_id}


async def _arrived(call: Call) -> Answer:
    test = call.body["id"]
    return await phone_push.arrived(call.parts, call.caller, call.said, test) or {}


async def _tested(call: Call) -> Answer:
    test = call.body["id"]
    found = await phone_push.tested(call.parts, call.caller, call.said, test)
    return found if isinstance(found, Refused) else asdict(found)


async def _unlock(call: Call) -> Answer:
    proof = call.body["proof"]
    count = await phone_app.unlock(call.parts, call.caller, call.said, proof)
    return told.count("count", count)


async def _offline(call: Call) -> Answer:
    proof = call.body["proof"]
    return told.secret(await phone_app.offline(call.parts, call.caller, call.said, proof))


async def _pin(call: Call) -> Answer:
    pin, proof = call.body["pin"], call.body["proof"]
    return await phone_app.pin(call.parts, call.caller, call.said, pin, proof) or {}


async def _stop_lost(call: Call) -> Answer:
    one, proof = call.body["id"], call.body["proof"]
    stopped = await lost_phone.stop_held(call.parts, call.caller, call.said, one, proof)
    return stopped if isinstance(stopped, Refused) else {"stopped": stopped}


async def _unbind(call: Call) -> Answer:
    proof = call.body["proof"]
    return await phone_app.unbind(call.parts, call.caller, call.said, proof) or {}


_KEY: Final[Mapping[str, Field]] = {"key": fields.KEY}

_PROOF: Final[Mapping[str, Field]] = {"proof": fields.PROOF}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "time": Operation(_time, _KEY, Who.NEW, timed=False),
    "scan": Operation(_scan, {**_KEY, "code": fields.ID, "secret": fields.SECRET}, Who.NEW),
    "type": Operation(_type, {**_KEY, "letters": fields.text(TYPED_MAX)}, Who.NEW),
    "number": Operation(
        _number, {"said": fields.text(TYPED_MAX), "model": fields.text(TYPED_MAX)}, Who.CODE
    ),
    "state": Operation(_state),
    "sessions": Operation(_sessions),
    "end-session": Operation(_end_session, {"id": fields.HANDLE}),
    "end-sessions": Operation(_end_sessions),
    "forget-client": Operation(_forget_client, {"id": fields.ID}),
    "happened": Operation(_happened, {"before": fields.CURSOR}),
    "checks": Operation(_checks, {"seen": fields.SEEN}),
    "subscribe": Operation(_subscribe, {"subscription": fields.SUBSCRIPTION}),
    "push": Operation(_push, {"permission": fields.shaped("granted|denied|default")}),
    "test-push": Operation(_test_push),
    "arrived": Operation(_arrived, {"id": fields.ID}),
    "tested": Operation(_tested, {"id": fields.ID}),
    "unlock": Operation(_unlock, _PROOF),
    "offline": Operation(_offline, _PROOF),
    "pin": Operation(_pin, {"pin": fields.shaped(fields.PIN), **_PROOF}),
    "unbind": Operation(_unbind, _PROOF),
    "stop-lost": Operation(_stop_lost, {"id": fields.ID, **_PROOF}),
    "lock-ask": Operation(locking.ask, locking.ASK),
    "lock-new": Operation(locking.ask_new),
    "lock-key": Operation(locking.make, locking.MAKE),
    "lock-forget": Operation(locking.forget, locking.FORGET),
    "questions": Operation(asking.questions),
    "answer": Operation(asking.answer, asking.ANSWER),
    "look": Operation(resetting.look, resetting.ACCOUNT),
    "looked": Operation(resetting.looked, resetting.ONE),
    "unlock-account": Operation(resetting.unlock, resetting.PROVED),
    "choose": Operation(resetting.choose, resetting.PROVED),
    "submit": Operation(resetting.submit, resetting.SUBMIT),
    "job": Operation(resetting.job, resetting.ONE),
    "cancel": Operation(resetting.cancel, resetting.ONE),
}
