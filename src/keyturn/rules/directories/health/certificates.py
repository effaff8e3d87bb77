"""Checks of each controller's TLS: its version, and the certificate's chain, name and end.

The agent's own connection gives one cause, the first thing that failed; the probe sees each
for itself.  Where there is no probe, the cause tells what it can, and the rest is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from keyturn.rules.directories.health.controllers import said
from keyturn.rules.directories.health.facts import Probe, Way
from keyturn.rules.directories.health.view import ANSWERED, View
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import DAY, listed

SOON_MS: Final = 30 * DAY
#: nothing is sent over these (RFC 8996)
OLD: Final = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_NOTHING: Final = Probe("", "", None, None, "", (), None)


def certificates(view: View) -> Iterator[Finding]:
    """Everything about TLS."""
    checks: tuple[tuple[str, Callable[[Way, Probe, int], str]], ...] = (
        ("tls", _version), ("chain", _chain), ("name", _name), ("end", _end),
    )  # fmt: skip
    for controller in view.controllers:
        way = view.ways.get(controller.host)
        for check, judge in checks:
            if way is None or way.cause not in ANSWERED:
                yield said(view, f"{check}.unseen", controller.host, view.seen_at)
                continue
            probe = way.probe or _NOTHING
            word = judge(way, probe, view.now)
            facts = _evidence(view, way, probe)
            yield said(view, f"{check}.{word}", controller.host, view.seen_at, **facts)


def _evidence(view: View, way: Way, probe: Probe) -> dict[str, Value]:
    leader = view.primary
    return {
        "oldest": probe.oldest or None, "newest": probe.newest or None,
        "issuer": probe.issuer or None, "names": listed(probe.names) or None,
        "ends_at": probe.ends_at, "port": probe.port, "said": way.detail or None,
        "agent": leader.name if leader else None,
    }  # fmt: skip


def _version(way: Way, probe: Probe, _now: int) -> str:
    if way.cause == "tls_old" or probe.newest in OLD:
        return "old"
    if way.cause == "tls":
        return "none"
    return "lenient" if probe.oldest in OLD else "ok"


def _chain(way: Way, probe: Probe, _now: int) -> str:
    if way.cause == "tls_ca" or probe.trusted is False:
        return "untrusted"
    return "ok" if _sound(way) or probe.trusted else "unseen"


def _name(way: Way, probe: Probe, _now: int) -> str:
    if way.cause == "tls_name" or probe.named is False:
        return "other"
    return "ok" if _sound(way) or probe.named else "unseen"


def _end(way: Way, probe: Probe, now: int) -> str:
    """By the server's clock: an agent may refuse a certificate only because its own is wrong."""
    ends_at = probe.ends_at
    if ends_at is not None and ends_at <= now:
        return "expired"
    if way.cause == "tls_expired":
        return "expired" if ends_at is None else "refused"
    if ends_at is not None:
        return "soon" if ends_at <= now + SOON_MS else "ok"
    return "ok" if _sound(way) else "unseen"


def _sound(way: Way) -> bool:
    """The agent's own connection verifies all of it, and came through."""
    return way.cause in {"", "credentials"}
