"""What a restore voids of links, codes to scan, phones and questions, on both engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, phone_restore
from keyturn.adapters.sql.phone_restore import Heard
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.phones import Subscribed
from keyturn.rules.approvals import State
from keyturn.rules.enrolment import CodeState
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState, Push, PushState
from tests.unit.adapters.stores import read, write
from tests.unit.adapters.test_phones_contract import (
    code_of,
    held,
    link_of,
    person,
    phone_of,
    question_of,
    stored,
)

TAKEN, AFTER = NOW + 5, NOW + 1000


def void(store: SqlStore, before: dict[str, Heard]) -> None:
    with engine_of(store).begin() as connection:
        phone_restore.void(connection, TAKEN, AFTER, before)


def test_no_link_code_or_question_of_the_backup_is_good(store: SqlStore, here: str) -> None:
    user = person(here)
    used = replace(link_of(user, 2), used_at=NOW)
    codes = tuple(code_of(user, state=state) for state in CodeState)
    asked = tuple(question_of(user, state=state) for state in State)
    rows = stored(store, user, links=(link_of(user), used), codes=codes, questions=asked)
    void(store, {})
    after = held(store, user)
    assert after is not None
    assert after.links == tuple(replace(link, expires_at=TAKEN) for link in rows.links)
    over: dict[str, Any] = {"ended": Ended.EXPIRED, "ended_at": AFTER}
    for code in codes:
        gone = code.state in {CodeState.WAITING, CodeState.SCANNED}
        wanted = replace(code, state=CodeState.OVER, **over) if gone else code
        assert read(store, lambda tx, code=code: tx.phones.code(here, code.id)) == wanted
    for one in asked:
        gone = one.state in {State.WAITING, State.APPROVED}
        wanted_one = replace(one, state=State.OVER, **over) if gone else one
        assert read(store, lambda tx, one=one: tx.phones.approval(here, one.id)) == wanted_one


def test_phones_stay_and_those_taken_away_since_stay_away(store: SqlStore, here: str) -> None:
    alice, bob, carol = (person(here) for _ in range(3))
    phones = [stored(store, user, phones=(phone_of(user),)).phones[0] for user in (alice, bob)]
    stale = phone_of(carol, state=PhoneState.STALE, ended_at=NOW)
    stored(store, carol, phones=(stale,))
    kept, lost = phones
    works = Push(PushState.WORKS, NOW)
    write(store, lambda tx: tx.phones.subscribe(here, Subscribed(kept.id, "sealed", works)))
    void(store, {
        kept.id: Heard(PhoneState.ACTIVE, 7), lost.id: Heard(PhoneState.REVOKED, 0),
        stale.id: Heard(PhoneState.REVOKED, 0), "gone": Heard(PhoneState.STALE, 1),
    })  # fmt: skip
    found = [read(store, lambda tx, i=i: tx.phones.phone(here, i)) for i in (kept.id, lost.id)]
    assert found[0] == replace(kept, push=works)
    assert found[1] == replace(lost, state=PhoneState.REVOKED, ended_at=AFTER)
    assert read(store, lambda tx: tx.phones.phone(here, stale.id)) == stale


def test_no_request_that_was_heard_since_is_heard_again(store: SqlStore, here: str) -> None:
    alice, bob = person(here), person(here)
    behind, ahead = (stored(store, user, phones=(phone_of(user),)).phones[0]
                     for user in (alice, bob))  # fmt: skip
    write(store, lambda tx: tx.phones.rise(here, ahead.id, 9, NOW))
    with engine_of(store).connect() as connection:
        known = phone_restore.heard(connection)
    assert known[ahead.id] == Heard(PhoneState.ACTIVE, 9)
    void(store, {phone.id: Heard(PhoneState.ACTIVE, 7) for phone in (behind, ahead)})
    assert not write(store, lambda tx: tx.phones.rise(here, behind.id, 7, NOW))
    assert write(store, lambda tx: tx.phones.rise(here, behind.id, 8, NOW))
    assert not write(store, lambda tx: tx.phones.rise(here, ahead.id, 9, NOW))
