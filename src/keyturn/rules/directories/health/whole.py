"""Checks of the directory as a whole: its name, our account and its rights, policies; and
whether, when all is said, a password can be set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from keyturn.rules.directories import names
from keyturn.rules.directories.health.controllers import said
from keyturn.rules.directories.health.facts import PrimarySight, Rights
from keyturn.rules.directories.health.view import View, found
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import DAY, listed

EXPIRES_MS: Final = 30 * DAY


def whole(view: View) -> Iterator[Finding]:
    """Everything about the directory itself."""
    yield resets(view)
    yield name(view)
    yield telling(view)
    yield from account(view)
    yield from rights(view)
    yield from policies(view)


def resets(view: View) -> Finding:
    """Somebody can set a password somewhere."""
    leader = view.primary
    if leader is None:
        return found("resets.no-primary", "", view.now)
    if view.living(leader) and leader.told.disk_free is not None:
        return found("resets.no-disk", "", view.now, agent=leader.name)
    open_ways = [w.host for w in view.ways.values() if not w.cause and w.host in view.writable]
    if open_ways:
        return found("resets.ok", "", view.seen_at, controllers=listed(sorted(open_ways)))
    if view.seen is None:
        return found("resets.unseen", "", view.now)
    return found("resets.no-way", "", view.seen_at, writable=True)


def name(view: View) -> Finding:
    """It is connected by the domain's full DNS name."""
    given, chart = view.facts.server.name, view.topology
    domain, short = (chart.domain, chart.netbios) if chart else (None, None)
    read = names.domain(given)
    if isinstance(read, names.Unnamed):
        word = "short" if read is names.Unnamed.SHORT else "malformed"
    else:
        word = "ok" if domain is None or read == domain.lower() else "other"
    return found(f"domain-name.{word}", "", view.now, name=given, domain=domain, netbios=short)


def telling(view: View) -> Finding:
    """The primary says how the directory is."""
    at, leader = view.facts.primary_at, view.primary
    agent = leader.name if leader else None
    if at is None:
        return found("telling.never", "", view.now, agent=agent)
    word = "ok" if view.seen else "late"
    return found(f"telling.{word}", "", view.now, agent=agent, told_at=at)


def account(view: View) -> Iterator[Finding]:
    """Our own account is let in, and will be."""
    reached = [w for w in view.ways.values() if w.cause in {"", "credentials"}]
    refusing = [w for w in reached if w.cause]
    known = view.seen.account if view.seen else None
    ends_at = known.expires_at if known else None
    facts: dict[str, Value] = {"account": known.name if known else None, "ends_at": ends_at}
    if refusing and len(refusing) == len(reached):
        hosts = listed([w.host for w in refusing])
        yield found("account.refused", "", view.seen_at, controllers=hosts, writable=True, **facts)
        return
    for each in refusing:
        yield said(view, "account-there.refused", each.host, view.seen_at, **facts)
    soon = ends_at is not None and ends_at <= view.now + EXPIRES_MS
    word = "unseen" if known is None else "expires" if soon else "ok"
    yield found(f"account.{word}", "", view.seen_at, **facts)


def rights(view: View) -> Iterator[Finding]:
    """In each OU in scope it may do what resets need. A primary that looks at policies with the
    account, and says nothing of rights, was not asked for them: no answer then.
    """
    seen = view.seen
    known = seen.rights if seen else None
    if known is None and (seen is None or seen.policy is None):
        yield found("rights.unseen", "", view.seen_at)
    for each in known or ():
        word, missing = _missing(each)
        yield found(f"rights.{word}", each.unit, view.seen_at, unit=each.unit, missing=missing)


_NAMES: Final = {"reset": "Reset Password", "lockout": "lockoutTime", "last_set": "pwdLastSet"}


def _missing(each: Rights) -> tuple[str, str]:
    if not each.there:
        return "absent", ""
    held = {"reset": each.reset, "lockout": each.lockout, "last_set": each.last_set}
    missing = ", ".join(_NAMES[right] for right, has in held.items() if not has)
    return ("missing" if missing else "ok"), missing


def policies(view: View) -> Iterator[Finding]:
    """The domain's policy and every fine-grained one can be read."""
    yield found(f"policy.{_policy(view.seen)}", "", view.seen_at)
    names_of = view.seen.unreadable if view.seen else None
    if names_of is None:
        yield found("fine-policy.unseen", "", view.seen_at)
        return
    for each in names_of:
        yield found("fine-policy.unreadable", each, view.seen_at, policy=each)
    if not names_of:
        yield found("fine-policy.ok", "", view.seen_at)


def _policy(seen: PrimarySight | None) -> str:
    if seen is None or seen.policy is None:
        return "unseen"
    return "ok" if seen.policy else "unreadable"
