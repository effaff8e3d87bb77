"""What enrolment and approvals store: links, codes to scan, phones, questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import or_, select, update

from keyturn.adapters.sql.accounts import USER
from keyturn.adapters.sql.phone_rows import (
    APPROVAL,
    CODE,
    LINK,
    PHONE,
    keep_rows,
    phone_cells,
    phone_of,
    push_cells,
    user_cells,
)
from keyturn.adapters.sql.phone_tables import ACTIVE, OPEN, WAITING, approvals, codes, links, phones
from keyturn.adapters.sql.rows import Repository, compact
from keyturn.adapters.sql.schema import users
from keyturn.ports.phones import Kept, Subscribed
from keyturn.rules.accounts import User
from keyturn.rules.activation import REMIND_MS, Link
from keyturn.rules.app_lock import LockKey
from keyturn.rules.approvals import HISTORY_MS, LIFE_MS, Approval, State
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import NUMBER_MS, CodeState, ScanCode
from keyturn.rules.phone_app import Phone, Push, PushState

#: ids in one statement
_AT_ONCE = 500
_OPEN = (str(State.WAITING), str(State.APPROVED))
_NEWER = links.alias("newer")


class SqlPhones(Repository):
    """See ports.phones.Phones."""

    # -- all that hangs on one user

    def held(self, tenant_id: str, user_id: str, now: int) -> Rows | None:
        wanted = USER.select().where(users.c.tenant_id == tenant_id, users.c.id == user_id)
        if self._writing:
            wanted = wanted.with_for_update()
        user: User | None = USER.maybe(self._c.execute(wanted).first())
        if user is None:
            return None
        return Rows(
            user=user,
            links=tuple(self.links_of(tenant_id, user_id)),
            codes=tuple(self._codes(tenant_id, user_id)),
            questions=tuple(self._questions(tenant_id, user_id, now)),
            phones=tuple(self.active(tenant_id, [user_id]).values()),
        )

    def _codes(self, tenant_id: str, user_id: str) -> Iterable[ScanCode]:
        theirs = codes.c.tenant_id == tenant_id, codes.c.user_id == user_id
        wanted = CODE.select().where(*theirs, codes.c.state != str(CodeState.OVER))
        return map(CODE.value, self._c.execute(wanted.order_by(codes.c.id)))

    def _questions(self, tenant_id: str, user_id: str, now: int) -> Iterable[Approval]:
        theirs = approvals.c.tenant_id == tenant_id, approvals.c.user_id == user_id
        # asked a little before: its answer is what counts
        recent = approvals.c.made_at > now - HISTORY_MS - LIFE_MS
        wanted = APPROVAL.select().where(*theirs, or_(recent, approvals.c.state.in_(_OPEN)))
        return map(APPROVAL.value, self._c.execute(wanted.order_by(approvals.c.id)))

    def save(self, before: Rows, after: Rows) -> None:
        keep_rows(self._c, users, user_cells, [before.user], [after.user])
        keep_rows(self._c, links, LINK.params, before.links, after.links)
        keep_rows(self._c, codes, CODE.params, before.codes, after.codes)
        keep_rows(self._c, approvals, APPROVAL.params, before.questions, after.questions)
        keep_rows(self._c, phones, phone_cells, before.phones, after.phones)

    # -- links

    def link(self, tenant_id: str, digest: str) -> Link | None:
        wanted = LINK.select().where(links.c.tenant_id == tenant_id, links.c.digest == digest)
        return LINK.maybe(self._c.execute(wanted).first())

    def links_of(self, tenant_id: str, user_id: str) -> Sequence[Link]:
        wanted = LINK.select().where(links.c.tenant_id == tenant_id, links.c.user_id == user_id)
        return [LINK.value(row) for row in self._c.execute(wanted.order_by(links.c.number))]

    def newest(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Link]:
        found: dict[str, Link] = {}
        for some in _portions(user_ids):
            theirs = links.c.tenant_id == tenant_id, links.c.user_id.in_(some)
            rows = self._c.execute(LINK.select().where(*theirs).order_by(links.c.number))
            found.update((link.user_id, link) for link in map(LINK.value, rows))
        return found

    def to_remind(self, now: int, limit: int) -> Sequence[Link]:
        found: list[Link] = []
        alive = links.c.used_at.is_(None), links.c.withdrawn_at.is_(None), links.c.expires_at > now
        newer = _NEWER.c.user_id == links.c.user_id, _NEWER.c.number > links.c.number
        wanted = LINK.select().where(*alive, ~select(_NEWER.c.id).where(*newer).exists())
        for reminded, left in enumerate(REMIND_MS):
            due = links.c.reminded == reminded, links.c.expires_at <= now + left
            some = wanted.where(*due).order_by(links.c.expires_at).limit(limit)
            if self._writing:
                some = some.with_for_update(of=links, skip_locked=True)
            found.extend(map(LINK.value, self._c.execute(some)))
        return sorted(found, key=lambda link: link.expires_at)[:limit]

    def mark(self, link: Link) -> None:
        this = links.c.tenant_id == link.tenant_id, links.c.id == link.id
        self._c.execute(update(links).where(*this).values(reminded=link.reminded))

    # -- codes to scan

    def code(self, tenant_id: str, code_id: str) -> ScanCode | None:
        wanted = CODE.select().where(codes.c.tenant_id == tenant_id, codes.c.id == code_id)
        return CODE.maybe(self._c.execute(wanted).first())

    def code_of_flow(self, tenant_id: str, flow_id: str) -> ScanCode | None:
        wanted = CODE.select().where(codes.c.tenant_id == tenant_id, codes.c.flow_id == flow_id)
        return CODE.maybe(self._c.execute(wanted.order_by(codes.c.id.desc()).limit(1)).first())

    def newest_code(self, tenant_id: str, user_id: str) -> ScanCode | None:
        wanted = CODE.select().where(codes.c.tenant_id == tenant_id, codes.c.user_id == user_id)
        return CODE.maybe(self._c.execute(wanted.order_by(codes.c.id.desc()).limit(1)).first())

    def codes_named(self, tenant_id: str, name: str, now: int) -> Sequence[ScanCode]:
        called = codes.c.tenant_id == tenant_id, codes.c.name == name, OPEN
        recent = codes.c.expires_at > now - NUMBER_MS
        wanted = CODE.select().where(*called, recent).order_by(codes.c.id)
        return [CODE.value(row) for row in self._c.execute(wanted)]

    # -- phones

    def phone(self, tenant_id: str, phone_id: str) -> Phone | None:
        row = self._c.execute(select(*PHONE).where(*_phone(tenant_id, phone_id))).first()
        return None if row is None else phone_of(row)

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Phone]:
        theirs = phones.c.tenant_id == tenant_id, phones.c.user_id == user_id
        wanted = select(*PHONE).where(*theirs).order_by(phones.c.id.desc())
        return [phone_of(row) for row in self._c.execute(wanted)]

    def active(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Phone]:
        found: dict[str, Phone] = {}
        for some in _portions(user_ids):
            theirs = phones.c.tenant_id == tenant_id, phones.c.user_id.in_(some), ACTIVE
            rows = self._c.execute(select(*PHONE).where(*theirs))
            found.update((phone.user_id, phone) for phone in map(phone_of, rows))
        return found

    def rise(self, tenant_id: str, phone_id: str, sequence: int, now: int) -> bool:
        this = *_phone(tenant_id, phone_id), phones.c.sequence < sequence
        risen = update(phones).where(*this).values(sequence=sequence, seen_at=now)
        return self._c.execute(risen).rowcount == 1

    def seen_at(self, tenant_id: str, phone_id: str) -> int | None:
        wanted = select(phones.c.seen_at).where(*_phone(tenant_id, phone_id))
        seen: int | None = self._c.execute(wanted).scalar()
        return seen

    def told(self, tenant_id: str, phone_id: str, checks: Mapping[str, object], now: int) -> None:
        self._change(tenant_id, phone_id, checks=compact(dict(checks)), checks_at=now)

    def checks(self, tenant_id: str, phone_id: str) -> tuple[Mapping[str, object], int] | None:
        wanted = select(phones.c.checks, phones.c.checks_at).where(*_phone(tenant_id, phone_id))
        row = self._c.execute(wanted).first()
        return None if row is None or row[0] is None else (json.loads(row[0]), row[1])

    def _change(self, tenant_id: str, phone_id: str, **cells: object) -> None:
        self._c.execute(update(phones).where(*_phone(tenant_id, phone_id)).values(cells))

    def kept(self, tenant_id: str, phone_id: str) -> Kept | None:
        columns = phones.c.pin, phones.c.offline, phones.c.offline_used, phones.c.lock_key
        wanted = select(*columns).where(*_phone(tenant_id, phone_id))
        if self._writing:
            wanted = wanted.with_for_update()
        row = self._c.execute(wanted).first()
        if row is None:
            return None
        pin, offline, used, key = row
        return Kept(pin, offline, used, LockKey(**json.loads(key)) if key else None)

    def keep(self, tenant_id: str, phone_id: str, kept: Kept) -> None:
        key = compact(asdict(kept.key)) if kept.key else None
        cells = {"pin": kept.pin, "offline": kept.offline, "offline_used": kept.used}
        self._change(tenant_id, phone_id, **cells, lock_key=key)

    # -- push

    def subscribe(self, tenant_id: str, subscribed: Subscribed) -> None:
        self._change(
            tenant_id, subscribed.phone_id, subscription=subscribed.sealed,
            **push_cells(subscribed.push),
        )  # fmt: skip

    def pushed(
        self, tenant_id: str, phone_id: str, push: Push, *, forget: bool, was: str | None = None
    ) -> bool:
        this = _phone(tenant_id, phone_id)
        if was is not None:
            this = (*this, phones.c.subscription == was)
        gone: dict[str, object] = {"subscription": None} if forget else {}
        change = update(phones).where(*this).values({**push_cells(push), **gone})
        return self._c.execute(change).rowcount == 1

    def subscription(self, tenant_id: str, phone_id: str) -> Subscribed | None:
        columns = phones.c.subscription, phones.c.push_state, phones.c.push_since
        row = self._c.execute(select(*columns).where(*_phone(tenant_id, phone_id))).first()
        if row is None or row[0] is None:
            return None
        return Subscribed(phone_id, row[0], Push(PushState(row[1]), row[2]))

    # -- questions

    def approval(self, tenant_id: str, approval_id: str) -> Approval | None:
        this = approvals.c.tenant_id == tenant_id, approvals.c.id == approval_id
        return APPROVAL.maybe(self._c.execute(APPROVAL.select().where(*this)).first())

    def approval_of(self, tenant_id: str, subject: str) -> Approval | None:
        asked = approvals.c.tenant_id == tenant_id, approvals.c.subject == subject
        wanted = APPROVAL.select().where(*asked).order_by(approvals.c.id.desc()).limit(1)
        return APPROVAL.maybe(self._c.execute(wanted).first())

    def history(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Approval]:
        theirs = approvals.c.tenant_id == tenant_id, approvals.c.user_id == user_id
        wanted = APPROVAL.select().where(*theirs).order_by(approvals.c.made_at.desc()).limit(limit)
        return [APPROVAL.value(row) for row in self._c.execute(wanted)]

    def waiting(self, tenant_id: str, phone_id: str, now: int) -> Sequence[Approval]:
        asked = approvals.c.tenant_id == tenant_id, approvals.c.phone_id == phone_id, WAITING
        wanted = APPROVAL.select().where(*asked, approvals.c.expires_at > now)
        return [APPROVAL.value(r) for r in self._c.execute(wanted.order_by(approvals.c.id.desc()))]


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))


def _phone(tenant_id: str, phone_id: str) -> tuple[Any, ...]:
    return phones.c.tenant_id == tenant_id, phones.c.id == phone_id
