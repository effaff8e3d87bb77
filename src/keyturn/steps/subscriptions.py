"""A phone's push subscription as it is stored: sealed, for whoever knows the endpoint can reach
the phone's push service.
"""

from __future__ import annotations

import json

from keyturn.ports.phones import Subscribed
from keyturn.ports.secrets import Sealer, Unsealable
from keyturn.rules import pushing
from keyturn.rules.pushing import Subscription


def seal(sealer: Sealer, phone_id: str, endpoint: str, p256dh: str, auth: str) -> str:
    """A subscription for the database; its parts as the browser gives them."""
    plain = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    return sealer.seal(json.dumps(plain).encode(), _context(phone_id))


def unseal(sealer: Sealer, stored: Subscribed) -> Subscription | None:
    """The reverse; None if it does not open with this key ring."""
    try:
        plain = sealer.open(stored.sealed, _context(stored.phone_id))
    except Unsealable:
        return None
    return pushing.subscription(**json.loads(plain))


def _context(phone_id: str) -> str:
    return f"subscription|{phone_id}"
