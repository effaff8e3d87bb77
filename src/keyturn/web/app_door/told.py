"""Results as JSON; refusals go through as they are."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from keyturn.flows.binding import Bound, Offer
from keyturn.flows.phone_app import Account, JobView, Look, SignedIn, State, Trail
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.directories.things import Directory
from keyturn.rules.events import Entry, by_program
from keyturn.rules.phone_app import Push
from keyturn.rules.recoveries import Recovery
from keyturn.steps.phone_door import Refused
from keyturn.steps.scanned import account_name
from keyturn.web.directory_shown import standing

Told = Mapping[str, Any]


def plain(data: bytes) -> str:
    """Bytes as they travel."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def offer(tenant: Tenant, server_key: bytes, found: Offer | Refused) -> Told | Refused:
    """See the contract."""
    if isinstance(found, Refused):
        return found
    return {
        "code": found.code_id, "ends_at": found.ends_at, "tries": found.left,
        **whose(tenant, found.user), **trusted(server_key, found.directories),
    }  # fmt: skip


def bound(
    tenant: Tenant, server_key: bytes, push_key: str, found: Bound | Refused
) -> Told | Refused:  # fmt: skip
    """See the contract."""
    if isinstance(found, Refused):
        return found
    phone = found.phone
    return {
        "phone": phone.id, "name": phone.name, "bound_at": phone.bound_at, "push": push_key,
        **whose(tenant, found.user), **trusted(server_key, found.directories),
    }  # fmt: skip


def whose(tenant: Tenant, user: User) -> Told:
    """Tenant and account, as people recognise them."""
    return {
        "tenant": {"id": tenant.id, "name": tenant.name, "accent": tenant.accent},
        "account": {"name": user.name, "identifier": account_name(user)},
    }


def trusted(server_key: bytes, directories: Sequence[Directory]) -> Told:
    """What the app pins."""
    return {
        "installation": plain(server_key),
        "directories": [
            {"id": one.id, "name": one.name, "identity": plain(one.identity)}
            for one in directories
            if one.identity is not None
        ],
    }


def count(name: str, found: int | Refused) -> Told | Refused:
    """How many there were."""
    return found if isinstance(found, Refused) else {name: found}


def secret(found: str | Refused) -> Told | Refused:
    """What the app makes its codes of (RFC 6238)."""
    if isinstance(found, Refused):
        return found
    return {"secret": found, "digits": 6, "period": 30}


def state(tenant: Tenant, push_key: str, found: State | Refused, now: int) -> Told | Refused:
    """See the contract."""
    if isinstance(found, Refused):
        return found
    phone = found.phone
    return {
        "phone": {"id": phone.id, "name": phone.name, "bound_at": phone.bound_at},
        **whose(tenant, found.user), "locked_until": found.locked_until,
        "lanes": [asdict(lane) for lane in found.lanes], "frozen_at": found.user.frozen_at,
        "push": _push(phone.push), "push_key": push_key,
        "lock": {"set": found.lock_set, "until": found.lock_until, "key": found.lock_key},
        "offline": found.offline, "lost": _lost(found.lost) if found.lost else None,
        "waiting": found.waiting, "checked_at": found.checked_at,
        "directories": [_account(one, now) for one in found.accounts],
    }  # fmt: skip


def _lost(one: Recovery) -> Told:
    return {"id": one.id, "ref": one.ref, "asked_at": one.made_at, "due_at": one.due_at}


def _account(one: Account, now: int) -> Told:
    there = one.directory
    identity = plain(there.identity) if there.identity else None
    return {
        "id": there.id, "name": there.name, "identity": identity, "kind": str(there.kind),
        "account": one.account.name, "upn": one.account.upn,
        "known": _known(one.known, now) if one.known else None,
        "job": _newest(one.job) if one.job else None,
    }  # fmt: skip


def _known(look: Look, now: int) -> Told:
    state, until = standing(look, now)
    return {"state": state, "until": until, "asked_at": look.asked_at}


def _newest(job: JobView) -> Told:
    return {
        "id": job.id, "kind": str(job.kind), "state": str(job.state), "by": job.starter,
        "until": job.ends_at,
    }  # fmt: skip


def push(found: Push | Refused) -> Told | Refused:
    """How push stands."""
    return found if isinstance(found, Refused) else {"push": _push(found)}


def _push(found: Push) -> Told:
    return {"state": str(found.state), "since": found.since}


def signed_in(found: SignedIn | Refused) -> Told | Refused:
    """See the contract."""
    if isinstance(found, Refused):
        return found
    return {
        "sessions": [
            {
                "id": one.digest, "client": one.client_name, "ip": one.ip,
                "created_at": one.created_at, "seen_at": one.seen_at,
            }
            for one in found.sessions
        ],
        "clients": [
            {
                "id": one.id, "name": one.name, "ip": one.ip, "seen_at": one.seen_at,
                "trusted": one.trusted,
            }
            for one in found.clients
        ],
    }  # fmt: skip


def trail(found: Trail | Refused) -> Told | Refused:
    """See the contract; from where staff did something is theirs."""
    if isinstance(found, Refused):
        return found
    return {"entries": [_entry(one) for one in found.entries], "before": found.before}


def _entry(one: Entry) -> Told:
    staff = one.actor_id is not None or by_program(one)
    return {
        "id": one.id, "at": one.at, "event": str(one.event), "by": "staff" if staff else "you",
        "client": "" if staff else one.client, "ip": "" if staff else one.ip,
    }  # fmt: skip
