"""What explains what: one root on top, its consequences beneath.

A rule says that one finding explains another where both name the same thing (the same
controller, agent, machine), or, with nothing to compare, anywhere in the directory.  A finding
has at most one parent: the first rule of the table that holds.  No cause explains, over
however many rules, itself, so what comes out is a forest whatever the findings are.

A rule stands here only if what it explains cannot be otherwise, or could not be known: two
faults at once are two roots.  So a full disk does not explain an agent that fell silent, and
a missing listener nothing but what nobody sees for lack of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.health.report import Report, Root
from keyturn.rules.health.verdicts import Finding, State, Value

Key = tuple[str, str]
#: how roots are ordered: what is wrong, what could not be seen, what could be better
ORDER: Final = (State.FAIL, State.UNKNOWN, State.WARN)


@dataclass(frozen=True, slots=True)
class Explains:
    """One rule.

    Attributes:
        above, beneath: causes.
        same: pairs of names of facts, the upper's and the lower's, whose values must be equal
            (and there); () for anywhere in the directory.
    """

    above: tuple[str, ...]
    beneath: tuple[str, ...]
    same: tuple[tuple[str, str], ...] = ()


def _each(checks: Iterable[str], word: str) -> tuple[str, ...]:
    return tuple(f"{check}.{word}" for check in checks)


_AGENT: Final = (("agent", "agent"),)
_CONTROLLER: Final = (("controller", "controller"),)
_WRITABLE: Final = (("writable", "writable"),)
_AWAY: Final = ("agent.copied", "agent.waiting", "agent.never", "agent.silent")
_LEADERLESS: Final = ("primary.never", "primary.none", "primary.idle")
_DOWN: Final = ("controller.dead", "controller.name", "controller.odd")
_SHUT: Final = ("port.blocked", "port.closed")
_NO_TLS: Final = ("tls.old", "tls.none")
_LEFT: Final = ("left-over.settings", "left-over.computer")
_CERTIFICATE: Final = (
    "chain.untrusted", "name.other", "end.expired", "end.refused",
)  # fmt: skip
_SPOILT: Final = ("replication.stopped", "replication.late")
_OF_TLS: Final = ("tls", "chain", "name", "end")
#: what only an agent says of its own machine
_OF_AGENT: Final = ("services", "disk", "journal", "clock", "version")
#: what only the primary says
_OF_PRIMARY: Final = (
    "controller", "port", "rights", "policy", "fine-policy", "account", "listener", "left-over",
    "resets",
)  # fmt: skip

RULES: Final = (
    # nobody leads
    Explains(("domain-name.short", "domain-name.malformed"), ("primary.never",)),
    Explains(_AWAY, ("primary.none",), (("leads", "leads"),)),
    Explains(_LEADERLESS, ("resets.no-primary", "telling.late", "telling.never")),
    Explains(("disk.full",), ("resets.no-disk",), _AGENT),
    # a machine, and what runs on it
    Explains(("controller.dead",), ("agent.silent",), (("machine", "machine"),)),
    Explains(_AWAY, _each(_OF_AGENT, "unseen"), _AGENT),
    # a controller, its port, its TLS, its certificate: what comes first hides what comes next
    Explains(_DOWN, ("port.unseen", *_SHUT), _CONTROLLER),
    Explains((*_DOWN, *_SHUT), _each(_OF_TLS, "unseen"), _CONTROLLER),
    Explains((*_NO_TLS, *_CERTIFICATE), _each(_OF_TLS, "unseen"), _CONTROLLER),
    Explains(("clock.wrong",), ("end.refused",), _AGENT),
    # clocks
    Explains(
        ("domain-clock.apart",),
        (*_each(("clock", "controller-clock"), "wrong"),
         *_each(("clock", "controller-clock"), "drift")),
    ),
    Explains(("controller-clock.wrong", "controller-clock.drift"),
             ("clock.wrong", "clock.drift"), (("controller", "machine"),)),
    # replication
    Explains(("controller.dead", *_LEFT), _SPOILT, _CONTROLLER),
    Explains(("replication.stopped",), ("account-there.refused",), _CONTROLLER),
    # what nobody sees
    Explains(("controller.dead", *_AWAY, "listener.missing"),
             ("replication.unseen", "controller-clock.unseen"), _CONTROLLER),
    Explains((*_DOWN, *_SHUT, *_NO_TLS, *_CERTIFICATE, "account-there.refused"),
             ("replication.unseen", "controller-clock.unseen"), _CONTROLLER),
    # the bottom line, and what is not looked at when there is no way to any controller
    Explains((*_DOWN, *_SHUT, *_NO_TLS, *_CERTIFICATE, "account.refused"),
             ("resets.no-way",), _WRITABLE),
    Explains(("account.refused", "resets.no-way"),
             _each(("rights", "policy", "fine-policy", "account", "replication"), "unseen")),
    Explains(("telling.late", "telling.never"), _each(_OF_PRIMARY, "unseen")),
    Explains(("controller.unseen",), ("port.unseen",), _CONTROLLER),
    Explains(("port.unseen",), _each(_OF_TLS, "unseen"), _CONTROLLER),
    Explains(("clock.unseen", "replication.unseen", "controller.unseen"),
             ("controller-clock.unseen",), _CONTROLLER),
)  # fmt: skip


def key(finding: Finding) -> Key:
    """What a finding answers: check and place."""
    return finding.check, finding.subject


def arrange(findings: Iterable[Finding], at: int) -> Report:
    """Roots with all that comes of them, whom it hurts most first; and what is well."""
    known = sorted({key(f): f for f in findings if f.cause in CATALOGUE.causes}.values(), key=_rank)
    troubled = [f for f in known if CATALOGUE.state(f) is not State.OK]
    parents = _parents(troubled)
    children: dict[Key, list[Finding]] = {}
    for finding in troubled:
        if (parent := parents.get(key(finding))) is not None:
            children.setdefault(parent, []).append(finding)
    roots = [
        Root(f, tuple(sorted(_beneath(f, children), key=_wrong_first)))
        for f in troubled
        if key(f) not in parents
    ]
    fine = tuple(f for f in known if CATALOGUE.state(f) is State.OK)
    return Report(at, tuple(sorted(roots, key=_gravity)), fine)


_NUMBERS: Final[Mapping[str, int]] = {name: n for n, name in enumerate(CATALOGUE.checks)}


def _rank(finding: Finding) -> tuple[int, str]:
    return _NUMBERS[finding.check], finding.subject


def _gravity(root: Root) -> tuple[int, bool, int, str]:
    """Failures before what is not known, before warnings; first what keeps everybody from a
    new password; then in the order of the catalogue.
    """
    everybody = any(f.check in {"resets", "primary"} for f in (root.finding, *root.consequences))
    return ORDER.index(CATALOGUE.state(root.finding)), not everybody, *_rank(root.finding)


def _parents(troubled: Sequence[Finding]) -> Mapping[Key, Key]:
    """Of each finding that another explains, which does."""
    by_cause: dict[str, list[Finding]] = {}
    for finding in troubled:
        by_cause.setdefault(finding.cause, []).append(finding)
    found: dict[Key, Key] = {}
    for rule in RULES:
        uppers = [f for cause in rule.above for f in by_cause.get(cause, ())]
        first: dict[tuple[Value, ...], Key] = {}
        for upper in uppers:
            first.setdefault(_values(upper, [a for a, _ in rule.same]), key(upper))
        for lower in (f for cause in rule.beneath for f in by_cause.get(cause, ())):
            values = _values(lower, [b for _, b in rule.same])
            if values in first and None not in values:
                found.setdefault(key(lower), first[values])
    return found


def _values(finding: Finding, names: Sequence[str]) -> tuple[Value, ...]:
    return tuple(finding.facts.get(name) for name in names)


def _beneath(finding: Finding, children: Mapping[Key, Sequence[Finding]]) -> Iterable[Finding]:
    """Everything that comes of it, the nearest first of each branch."""
    for child in children.get(key(finding), ()):
        yield child
        yield from _beneath(child, children)


def _wrong_first(finding: Finding) -> bool:
    """What cannot be seen comes after what is wrong."""
    return CATALOGUE.state(finding) is State.UNKNOWN
