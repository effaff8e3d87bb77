"""What every store promises of keys of programs and of verifications (ports.verifications)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, verification_restore
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import User
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.approvals import LIFE_MS, Approval, State
from keyturn.rules.matching import Ended
from keyturn.rules.verifications import Ending, Outcome, Reason, Verification
from tests.unit.adapters.stores import new_id, read, write
from tests.unit.adapters.test_phones_contract import person, question_of, stored


def key_of(tenant_id: str, name: str = "ServiceDesk") -> ApiKey:
    digest = new_id() + "d" * 17
    return ApiKey(new_id(), tenant_id, name, "ktk_abcdef", digest, NOW)


def of(user: User, **fields: object) -> Verification:
    plain = {"id": new_id(), "key_id": None, "request": None, "ticket": "INC-1", "asker": "Tom"}
    plain |= {"tenant_id": user.tenant_id, "user_id": user.id}
    return Verification(**{**plain, "made_at": NOW, **fields})  # type: ignore[arg-type]


def asked(store: SqlStore, user: User, **fields: object) -> tuple[Approval, Verification]:
    """A question, and the verification that it is of."""
    one = question_of(user, made_at=NOW, expires_at=NOW + LIFE_MS, **fields)
    stored(store, user, questions=(one,))
    made = of(user, id=one.id)
    write(store, lambda tx: tx.verifications.add(made))
    return one, made


def test_a_key_is_found_by_its_digest_in_its_tenant_alone(
    store: SqlStore, here: str, there: str
) -> None:
    key = key_of(here)
    write(store, lambda tx: tx.api_keys.add(key))
    assert read(store, lambda tx: tx.api_keys.find(here, key.digest)) == key
    for tenant_id, digest in ((there, key.digest), (here, "nothing")):
        found = read(store, lambda tx, t=tenant_id, d=digest: tx.api_keys.find(t, d))
        assert found is None
    assert read(store, lambda tx: list(tx.api_keys.all(there))) == []


def test_that_a_key_is_used_is_stored(store: SqlStore, here: str, there: str) -> None:
    key = key_of(here)
    write(store, lambda tx: tx.api_keys.add(key))
    assert write(store, lambda tx: tx.api_keys.used(here, key.id, NOW + 7))
    assert not write(store, lambda tx: tx.api_keys.used(there, key.id, NOW + 9))
    found = read(store, lambda tx: tx.api_keys.find(here, key.digest))
    assert found == replace(key, used_at=NOW + 7)


def test_a_key_that_was_revoked_is_as_one_that_never_was(
    store: SqlStore, here: str, there: str
) -> None:
    key = key_of(here)
    write(store, lambda tx: tx.api_keys.add(key))
    assert write(store, lambda tx: tx.api_keys.revoke(there, key.id, NOW)) is None
    gone = write(store, lambda tx: tx.api_keys.revoke(here, key.id, NOW + 1))
    assert gone == replace(key, revoked_at=NOW + 1)
    assert write(store, lambda tx: tx.api_keys.revoke(here, key.id, NOW + 2)) is None
    assert not write(store, lambda tx: tx.api_keys.used(here, key.id, NOW + 2))
    assert read(store, lambda tx: tx.api_keys.find(here, key.digest)) is None
    assert read(store, lambda tx: list(tx.api_keys.all(here))) == []


def test_one_live_key_of_a_tenant_has_a_name(store: SqlStore, here: str, there: str) -> None:
    key = key_of(here)
    write(store, lambda tx: (tx.api_keys.add(key), tx.api_keys.add(key_of(there))))

    def again(tx: Tx) -> None:
        with pytest.raises(Taken):
            tx.api_keys.add(key_of(here))
        tx.api_keys.add(key_of(here, "Another"))

    write(store, again)
    names = [one.name for one in read(store, lambda tx: tx.api_keys.all(here))]
    assert names == ["Another", "ServiceDesk"]
    write(store, lambda tx: tx.api_keys.revoke(here, key.id, NOW))
    write(store, lambda tx: tx.api_keys.add(key_of(here)))


def test_keys_that_were_revoked_since_a_backup_stay_revoked(store: SqlStore, here: str) -> None:
    kept, lost = key_of(here), key_of(here, "Lost")
    write(store, lambda tx: (tx.api_keys.add(kept), tx.api_keys.add(lost)))
    with engine_of(store).begin() as connection:
        verification_restore.void(connection, NOW + 5, [lost.id, "nobody's"])
    assert read(store, lambda tx: list(tx.api_keys.all(here))) == [kept]
    with engine_of(store).connect() as connection:
        assert lost.id in verification_restore.revoked(connection)
        assert kept.id not in verification_restore.revoked(connection)


def test_a_verification_is_found_in_its_tenant_alone(
    store: SqlStore, here: str, there: str
) -> None:
    user = person(here)
    one = of(user, key_id="k" * 26, request="r1")
    write(store, lambda tx: tx.verifications.add(one))
    assert read(store, lambda tx: tx.verifications.get(here, one.id)) == one
    assert read(store, lambda tx: tx.verifications.get(there, one.id)) is None
    asks = (here, "k" * 26, "r1")
    assert read(store, lambda tx: tx.verifications.requested(*asks)) == one
    for other in ((there, *asks[1:]), (here, "l" * 26, "r1"), (here, "k" * 26, "r2")):
        found = read(store, lambda tx, other=other: tx.verifications.requested(*other))
        assert found is None
    assert read(store, lambda tx: list(tx.verifications.of_user(here, user.id, 9))) == [one]
    assert read(store, lambda tx: list(tx.verifications.of_user(there, user.id, 9))) == []


def test_one_verification_ends_once(store: SqlStore, here: str, there: str) -> None:
    one = of(person(here))
    write(store, lambda tx: tx.verifications.add(one))
    end, other = (Ending(Outcome.NOT_POSSIBLE, Reason.RESET, NOW + 3),
                  Ending(Outcome.VERIFIED, None, NOW + 4))  # fmt: skip
    assert write(store, lambda tx: tx.verifications.settle(there, one.id, end)) is None
    after = write(store, lambda tx: tx.verifications.settle(here, one.id, end))
    assert after == replace(one, outcome=end.outcome, reason=end.reason, settled_at=end.at)
    assert write(store, lambda tx: tx.verifications.settle(here, one.id, other)) is None
    assert read(store, lambda tx: tx.verifications.get(here, one.id)) == after


def test_those_are_due_whose_question_or_time_is_over(store: SqlStore, here: str) -> None:
    def due(now: int) -> set[str]:
        found = read(store, lambda tx: tx.verifications.due(now, 100))
        return {one.id for one in found if one.tenant_id == here}

    waiting, made = asked(store, person(here))
    over: dict[str, object] = {"state": State.OVER, "ended": Ended.NEWER, "ended_at": NOW}
    past, _ = asked(store, person(here), **over)
    used, settled = asked(store, person(here), state=State.USED, used_at=NOW)
    assert due(NOW + LIFE_MS - 1) == {past.id, used.id}
    assert due(NOW + LIFE_MS) == {waiting.id, past.id, used.id}
    end = Ending(Outcome.VERIFIED, None, NOW)
    write(store, lambda tx: tx.verifications.settle(here, settled.id, end))
    assert due(NOW + LIFE_MS) == {waiting.id, past.id}
    assert len(read(store, lambda tx: tx.verifications.due(NOW + LIFE_MS, 1))) == 1
    assert made.outcome is None
