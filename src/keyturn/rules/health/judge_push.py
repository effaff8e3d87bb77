"""Judging the services that messages to phones go through."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.rules.health.sights import Setup, WebSight
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.public_addresses import is_public

#: services that are listed as all names under one, and a name at which each is always met
_MET_AT = {"*.push.services.mozilla.com": "updates.push.services.mozilla.com"}


def named(setup: Setup) -> Sequence[str]:
    """Hosts of `push_hosts` that can be looked at."""
    names = [_MET_AT.get(pattern, pattern) for pattern in setup.push_hosts]
    return [name for name in names if not name.startswith("*.")]


def unused(at: int) -> Finding:
    """No service is called."""
    return Finding("push-services.unused", "", at)


def service(setup: Setup, sight: WebSight, port: int, at: int) -> Finding:
    """One service, as it was met."""
    way, tls = sight.way, sight.tls
    said = (tls.said if tls is not None and tls.fault else "") or way.said or way.connection
    facts: dict[str, Value] = {
        "host": sight.host, "port": port, "address": way.address, "said": said,
    }  # fmt: skip
    return Finding(f"push-services.{_word(setup, sight)}", sight.host, at, facts)


def _word(setup: Setup, sight: WebSight) -> str:
    way, tls = sight.way, sight.tls
    if way.name != "found":
        return way.name
    if way.address and not is_public(way.address, setup.push_networks):
        return "private"
    if tls is None:
        return "unreachable"
    return "certificate" if tls.fault else "ok"
