"""Probes that see an installation in which all is well."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.memory_health import MemoryDns, MemoryWeb, Sees, SeesDatabase
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.ports.health import Probes
from tests.unit.rules.health import scenes


def probes(**changes: Any) -> Probes:
    """An installation in which all is well, but for `changes`."""
    clock = MemoryClock()
    clock.move(scenes.NOW - clock.now())
    well: dict[str, Any] = {
        "setup": scenes.SETUP,
        "clock": clock,
        "dns": MemoryDns(scenes.ZONE),
        "mail_server": Sees(scenes.MAIL),
        "gateway": None,
        "web": MemoryWeb({"id.north.test": scenes.WEB}),
        "host": Sees(scenes.HOST),
        "database": SeesDatabase(scenes.DATABASE),
    }
    return Probes(**{**well, **changes})
