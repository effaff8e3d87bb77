"""What goes to a tenant's own address: alarms, and how verifications of callers ended.

It is queued as mails are, and opened when it goes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from keyturn.ports.secrets import Sealer, Unsealable
from keyturn.ports.store import Tx
from keyturn.ports.webhooks import Call, Webhook
from keyturn.rules import webhooks
from keyturn.rules.messages import NOTICE_LIFE_MS, Message
from keyturn.steps.acts import Act
from keyturn.steps.outbox import enqueue

#: the outbox's name for this way
CHANNEL: Final = "hook"
#: what the type of what is sent begins with; the message's kind follows
TYPE: Final = "keyturn."


@dataclass(frozen=True, slots=True)
class Opened:
    """An address and its secret, in clear."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def seal(sealer: Sealer, tenant_id: str, opened: Opened) -> str:
    """For the database."""
    plain = json.dumps({"url": opened.url, "secret": opened.secret}).encode()
    return sealer.seal(plain, f"webhook|{tenant_id}")


def unseal(sealer: Sealer, tenant_id: str, sealed: str) -> Opened | None:
    """The reverse; None if it does not open with this key ring."""
    try:
        return Opened(**json.loads(sealer.open(sealed, f"webhook|{tenant_id}")))
    except Unsealable:
        return None


def tell(tx: Tx, act: Act, kind: str, facts: Mapping[str, object]) -> None:
    """Queue something for the tenant's address, if it has one.

    Args:
        kind: "alarm" or "verification". facts: its data; `at` is its moment.
    """
    found: Webhook | None = tx.webhooks.of(act.tenant.id)
    if found is not None:
        enqueue(
            tx, act, CHANNEL, kind, user=None, address=found.host, values=facts,
            life_ms=NOTICE_LIFE_MS,
        )  # fmt: skip


def call(opened: Opened, message: Message, slug: str, values: Mapping[str, Any], now: int) -> Call:
    """What is sent at `now`.

    Args:
        slug: the tenant's. values: the message's, opened.
    """
    data = {name: value for name, value in values.items() if name not in {"at", "id"}}
    told = {
        "type": TYPE + message.kind, "timestamp": _iso(values["at"]),
        "data": {"tenant": slug, **data},
    }  # fmt: skip
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    key = webhooks.key_of(opened.secret)
    return Call(opened.url, webhooks.headers(key, message.id, now, body), body)


def _iso(ms: int) -> str:
    """RFC 3339, UTC."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
