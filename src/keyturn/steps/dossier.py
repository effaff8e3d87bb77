"""Everything that is stored about one person, for that person (GDPR, articles 15 and 20).

Nothing that is secret is in it (it would open the account), nor anything of others: where
staff acted stands that they did, not who or from where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Case, FactorKind, User
from keyturn.rules.approvals import BY_STAFF, Approval
from keyturn.rules.caselog import Row
from keyturn.rules.devices import Pairing
from keyturn.rules.diagnosis import VOCABULARY, Audience, restored
from keyturn.rules.directories.resets import Job
from keyturn.rules.events import Entry, Event, by_program
from keyturn.rules.phone_app import Phone
from keyturn.steps.acts import Act
from keyturn.steps.evidence.delivery import masked

#: more of one person's rows than anybody has
MOST = 100_000
#: fields whose names end so are moments
_MOMENT = ("_at", "_until", "until", "since", "used")

#: what an event tells of somebody else: who holds a number, for whom it was released, who of staff
#: asked
_OF_OTHERS: Mapping[Event, frozenset[str]] = {
    Event.COUNTERSIGN_AGREED: frozenset({"asked_by"}),
    Event.COUNTERSIGN_DECLINED: frozenset({"asked_by"}),
    Event.PHONE_HELD: frozenset({"holder", "state", "proved"}),
    Event.PHONE_ASKED: frozenset({"for"}),
    Event.PHONE_RELEASED: frozenset({"for"}),
}

#: what the log of a case tells of the person
_OF_CASE = frozenset({"cause", "deed", "method", "outcome", "text", "why"})

#: kinds of lanes but that of one known browser
_WHERE = {"u": "unknown browsers", "2": "second step"}

Document = Mapping[str, object]


def dossier(tx: Tx, act: Act, user: User) -> Document:
    """A document for JSON; moments as RFC 3339 in UTC."""
    return {
        "about": {
            "tenant": act.tenant.name,
            "exported_at": moment(act.now),
            "not_in_it": "passwords, keys, codes and links: they would open the account",
        },
        "account": _account(tx, act, user),
        "second_steps": _second_steps(tx, act, user),
        "browsers": [_told(c, "id", "name", "ip", "created_at", "seen_at", "trusted")
                     for c in tx.clients.of_user(act.tenant.id, user.id)],
        "sessions": [_told(s, "client_name", "ip", "level", "created_at", "seen_at", "expires_at")
                     for s in tx.sessions.of_user(act.tenant.id, user.id)],
        "failed_sign_ins": _lanes(tx, act, user),
        "begun": [_told(f, "kind", "step", "created_at", "expires_at", "closed_at")
                  for f in tx.flows.of_user(act.tenant.id, user.id, MOST)],
        "messages": _messages(tx, act, user),
        "countersigns": [
            _told(one, "action", "state", "made_at", "expires_at", "decided_at")
            for one in tx.countersigns.of_user(act.tenant.id, user.id)],
        "works_at": [
            {"customer": _name_of(tx, one.tenant_id), **_told(one, "role", "made_at", "ended_at")}
            for one in tx.providers.of_user(user.id)],
        "cases": [_case(tx, c) for c in tx.cases.of_user(act.tenant.id, user.id)],
        "lost_phones": [
            _told(one, "ref", "state", "made_at", "due_at", "sent_at", "ended_at", "why")
            for one in tx.recoveries.of_user(act.tenant.id, user.id)],
        "directory_accounts": [_told(a, "name", "upn", "guid", "linked_at")
                               for a in tx.directories.linked(act.tenant.id, user.id)],
        "directory_entries": _entries(tx, act, user),
        "directory_jobs": [_job(j) for j in tx.jobs.of(act.tenant.id, None, user.id, MOST)],
        "activation_links": [
            _told(link, "number", "made_at", "expires_at", "used_at", "withdrawn_at")
            for link in tx.phones.links_of(act.tenant.id, user.id)],
        "invited_with_others": [
            _told(row, "name", "email", "phone", "account", "state", "done_at")
            for row in tx.batches.of_user(act.tenant.id, user.id, MOST)],
        "phones": [_phone(tx, phone) for phone in tx.phones.of_user(act.tenant.id, user.id)],
        "phone_questions": [_question(one)
                            for one in tx.phones.history(act.tenant.id, user.id, MOST)],
        "verifications": [_told(one, "ticket", "outcome", "reason", "made_at", "settled_at")
                          for one in tx.verifications.of_user(act.tenant.id, user.id, MOST)],
        "devices": [_device(tx, one) for one in tx.devices.of_user(act.tenant.id, user.id)],
        "device_setups": [
            _told(one, "state", "owner_ip", "device_ip", "made_at", "pressed_at", "ended",
                  "ended_at") for one in tx.devices.setups_of(act.tenant.id, user.id, MOST)],
        "device_questions": [
            _told(one, "method", "state", "case", "made_at", "answered_at", "ended")
            for one in tx.devices.challenges_of(act.tenant.id, user.id, MOST)],
        "events": [_event(e, user) for e in tx.audit.of_user(act.tenant.id, user.id, MOST)],
    }  # fmt: skip


def moment(ms: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def _told(thing: Any, *names: str) -> dict[str, object]:
    """Some fields of a value type, moments made readable."""
    fields = asdict(thing)
    return {name: _shown(name, fields[name]) for name in names}


def _shown(name: str, value: object) -> object:
    is_moment = name.endswith(_MOMENT) and isinstance(value, int) and not isinstance(value, bool)
    return moment(value) if is_moment and isinstance(value, int) else value


def _account(tx: Tx, act: Act, user: User) -> dict[str, object]:
    told = _told(
        user, "id", "state", "name", "username", "email", "phone", "phone_verified_at", "timezone",
        "language", "password_set_at", "frozen_at", "erase_at", "created_at",
    )  # fmt: skip
    return {**told, "role": tx.roles.of_user(user.id).get(act.tenant.id)}


def _second_steps(tx: Tx, act: Act, user: User) -> Sequence[Document]:
    factors = tx.factors.of_user(act.tenant.id, user.id)
    # `used` of an authenticator is no moment but a step
    enrolled = [
        {**_told(f, "kind", "created_at"),
         **({} if f.kind is FactorKind.TOTP else _told(f, "used"))} for f in factors
    ]  # fmt: skip
    keys = tx.passkeys.of_user(act.tenant.id, user.id)
    return [
        *enrolled,
        *({"kind": "passkey", **_told(k, "name", "synced", "created_at", "used_at", "cloned_at")}
          for k in keys),
    ]  # fmt: skip


def _lanes(tx: Tx, act: Act, user: User) -> Sequence[Document]:
    return [
        {
            "where": _WHERE.get(key[0], f"browser {key[2:]}"),
            "in_a_row": lane.failed, "in_all": lane.total,
            "locked_until": moment(lane.locked_until) if lane.locked_until else None,
        }
        for key, lane in tx.lanes.of_user(act.tenant.id, user.id).items()
    ]  # fmt: skip


def _messages(tx: Tx, act: Act, user: User) -> Sequence[Document]:
    sent = tx.messages.of_user(act.tenant.id, user.id, MOST)
    names = ("channel", "kind", "state", "detail", "created_at", "updated_at")
    return [{"to": masked(m), **_told(m, *names)} for m in sent]


def _entries(tx: Tx, act: Act, user: User) -> Sequence[Document]:
    """What was read of their accounts."""
    names = ("name", "upn", "display", "mail", "phone", "unit", "disabled", "must_change",
             "locked_at", "password_set_at", "password_expires_at", "expires_at",
             "groups")  # fmt: skip
    return [
        {**_told(known.entry, *names), "read_at": moment(known.seen_at)}
        for account in tx.directories.linked(act.tenant.id, user.id)
        for known in tx.syncs.known(act.tenant.id, account.directory_id, [account.guid])
    ]


def _job(job: Job) -> Document:
    names = ("kind", "state", "reason", "must_change", "unlock", "created_at", "finished_at",
             "everywhere_at")  # fmt: skip
    return {**_told(job, *names), "by": "staff" if job.started_by else "you"}


def _phone(tx: Tx, phone: Phone) -> Document:
    seen = tx.phones.seen_at(phone.tenant_id, phone.id)
    checks = tx.phones.checks(phone.tenant_id, phone.id)
    return {
        **_told(phone, "name", "state", "bound_at", "ended_at"),
        "push": str(phone.push.state), "push_since": moment(phone.push.since),
        "seen_at": None if seen is None else moment(seen),
        "checks": None if checks is None else checks[0],
    }  # fmt: skip


def _device(tx: Tx, pairing: Pairing) -> Document:
    device = tx.devices.get(pairing.tenant_id, pairing.device_id)
    last = tx.devices.last(pairing.tenant_id, pairing.id)
    return {
        **({} if device is None else _told(device, "model", "serial")),
        **_told(pairing, "state", "paired_at", "ended_at"),
        "seen_at": None if last.seen_at is None else moment(last.seen_at), "ip": last.ip,
    }  # fmt: skip


def _case(tx: Tx, case: Case) -> Document:
    """Without what the diagnosis knew for staff alone: it may be about somebody else."""
    told = _told(case, "ref", "state", "identifier", "contact", "note", "created_at", "closed_at")
    facts = dict(case.facts)
    if "known" in facts:
        known = restored(case.facts).known.items()
        facts["known"] = {n: v for n, v in known if n in VOCABULARY and _of_person(n)}
    log = [_happened(row) for row in tx.case_log.rows(case.tenant_id, case.id)]
    return {**told, "facts": facts, "log": log}


def _happened(row: Row) -> Document:
    """Without who of staff it was, which is somebody else's."""
    facts = {name: value for name, value in row.facts.items() if name in _OF_CASE}
    by = {"by": "staff"} if row.actor_id else {}
    return {**_told(row, "kind", "at"), **facts, **by}


def _of_person(fact: str) -> bool:
    return VOCABULARY[fact].audience is not Audience.STAFF


def _question(one: Approval) -> Document:
    by_staff = one.kind in BY_STAFF
    asker = {"by": "staff"} if by_staff else _told(one, "asker", "place")
    return {**_told(one, "kind", "state", "made_at", "answered_at", "used_at", "ended"), **asker}


def _event(entry: Entry, user: User) -> Document:
    by_staff = (entry.actor_id is not None and entry.actor_id != user.id) or by_program(entry)
    where = {"by": "staff"} if by_staff else {"ip": entry.ip, "client": entry.client}
    others = _OF_OTHERS.get(entry.event, frozenset())
    facts = {n: _shown(n, value) for n, value in entry.facts.items() if n not in others}
    return {"at": moment(entry.at), "event": str(entry.event), **where, "facts": facts}


def _name_of(tx: Tx, tenant_id: str) -> str:
    found = tx.tenants.get(tenant_id)
    return found.name if found else ""
