"""The pusher that the settings describe."""

from __future__ import annotations

from keyturn.adapters.push.vapid import ring_key
from keyturn.adapters.push.webpush import PushServices, WebPusher
from keyturn.adapters.sealing import KeyRing
from keyturn.ports.system import Clock
from keyturn.settings import Settings


def pusher_of(settings: Settings, ring: KeyRing, clock: Clock) -> WebPusher:
    """Opens nothing until the first message goes."""
    push = settings.push
    services = PushServices(
        hosts=push.hosts,
        ports=push.ports,
        networks=push.networks,
        ca_file=str(push.ca_file) if push.ca_file else None,
    )
    return WebPusher(services, ring_key(ring, contact_of(settings)), clock)


def contact_of(settings: Settings) -> str | None:
    """Whom a push service's operator may turn to; None where nobody could be reached so."""
    if settings.push.contact is not None:
        return settings.push.contact
    origin = settings.server.origin
    return origin if origin.startswith("https://") else None
