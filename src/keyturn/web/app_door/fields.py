"""Reading the fields of a body: exactly those that an operation takes, each as it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from keyturn.flows.phone_push import Wanted
from keyturn.rules import pushing
from keyturn.rules.phone_checks import seen
from keyturn.rules.phone_checks.seen import Seen
from keyturn.steps.phone_door import Refused, Why

#: longest address of a subscription; those of browsers' makers are under 700 characters
ENDPOINT_MAX: Final = 2048

#: a value as JSON has it to a value that a flow takes; raises ValueError
Read = Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read, and whether it may be left out (then it is None)."""

    read: Read
    needed: bool = True


def read(body: Mapping[str, object], takes: Mapping[str, Field]) -> dict[str, Any] | Refused:
    """What a body says; the first field that is wrong, where one is."""
    for name in sorted(body):
        if name not in takes:
            return Refused(Why.BODY, {"field": name[:40].encode("ascii", "replace").decode()})
    found: dict[str, Any] = {}
    for name, field in takes.items():
        if name not in body and field.needed:
            return Refused(Why.BODY, {"field": name})
        try:
            found[name] = field.read(body[name]) if name in body else None
        except ValueError:
            return Refused(Why.BODY, {"field": name})
    return found


def text(most: int) -> Field:
    """A text of at most `most` characters, none of them a control or half of one."""

    def one(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or any(map(_strange, value)):
            raise ValueError
        return value

    return Field(one)


def _strange(letter: str) -> bool:
    return letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff"


def shaped(pattern: str, *, needed: bool = True) -> Field:
    """A text that is all of this pattern."""
    whole = re.compile(pattern, re.ASCII)

    def one(value: object) -> str:
        if not isinstance(value, str) or not whole.fullmatch(value):
            raise ValueError
        return value

    return Field(one, needed)


def _seen(value: object) -> Seen:
    """What a phone found out about itself."""
    found = seen.read(value) if isinstance(value, dict) else None
    if found is None:
        raise ValueError
    return found


ID: Final = shaped(r"[0-9a-z]{26}")
#: ECDSA P-256 (wire/phones.key_of says whether it is one); was verified by the signature
KEY: Final = shaped(r"[A-Za-z0-9_-]{87}")
#: 16 and 32 bytes
SECRET: Final = shaped(r"[A-Za-z0-9_-]{22}")
#: of a session
HANDLE: Final = shaped(r"[A-Za-z0-9_-]{43}")
CURSOR: Final = shaped(r"[0-9a-z]{26}", needed=False)
SEEN: Final = Field(_seen)
PIN: Final = r"[A-Za-z0-9_-]{43}"


def _subscription(value: object) -> Wanted:
    """PushSubscription.toJSON(); whether its service is an allowed one is seen when it is used."""
    if not isinstance(value, dict) or not set(value) <= {"endpoint", "expirationTime", "keys"}:
        raise ValueError
    keys = value.get("keys")
    if not isinstance(keys, dict) or set(keys) != {"p256dh", "auth"}:
        raise ValueError
    texts = [text(ENDPOINT_MAX).read(one) for one in (value.get("endpoint"), *keys.values())]
    wanted = Wanted(texts[0], keys["p256dh"], keys["auth"])
    if pushing.subscription(wanted.endpoint, wanted.p256dh, wanted.auth) is None:
        raise ValueError
    return wanted


def _proof(value: object) -> str:
    """{"pin": …}: the app lock's secret."""
    if not isinstance(value, dict) or set(value) != {"pin"}:
        raise ValueError
    pin: str = shaped(PIN).read(value["pin"])
    return pin


SUBSCRIPTION: Final = Field(_subscription)
#: may be left out: then the answer says whether a lock is set
PROOF: Final = Field(_proof, needed=False)
