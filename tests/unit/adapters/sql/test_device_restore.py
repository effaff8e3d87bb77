"""What a restore voids of devices, on both engines."""

from __future__ import annotations

from dataclasses import replace

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, device_restore
from keyturn.adapters.sql.device_restore import STEP_MS, Spoke
from keyturn.adapters.sql.store import engine_of
from keyturn.rules import pairing, presence
from keyturn.rules.devices import Held
from keyturn.rules.pairing import Ended
from tests.unit.adapters.stores import read, write
from tests.unit.adapters.test_devices_contract import challenge_of, paired, pairing_of, setup_of

AFTER = NOW + 1000


def void(store: SqlStore, before: dict[str, Spoke]) -> None:
    with engine_of(store).begin() as connection:
        device_restore.void(connection, AFTER, before)


def test_no_setup_or_question_of_the_backup_is_good(store: SqlStore, here: str) -> None:
    setups = [setup_of(here, state=state) for state in pairing.State]
    asked = [challenge_of(here, state=state) for state in presence.State]
    for one in setups:
        write(store, lambda tx, one=one: tx.devices.add_setup(one))
    for each in asked:
        write(store, lambda tx, each=each: tx.devices.add_challenge(each))
    void(store, {})
    for one in setups:
        gone = replace(one, state=pairing.State.OVER, ended=Ended.EXPIRED, ended_at=AFTER)
        wanted = gone if one.state in pairing.OPEN else one
        assert read(store, lambda tx, one=one: tx.devices.setup(here, one.id)) == wanted
    for each in asked:
        over = replace(each, state=presence.State.OVER, ended=presence.Ended.EXPIRED)
        kept = each if each.state is presence.State.OVER else over
        assert read(store, lambda tx, each=each: tx.devices.challenge(here, each.id)) == kept


def test_what_was_released_since_stays_so_and_nothing_is_heard_twice(
    store: SqlStore, here: str
) -> None:
    kept, lost, ahead = (paired(store, pairing_of(here)) for _ in range(3))
    write(store, lambda tx: tx.devices.rise(here, ahead.id, 9, "", NOW))
    with engine_of(store).connect() as connection:
        assert device_restore.spoke(connection)[ahead.id] == Spoke(Held.ACTIVE, 9)
    void(store, {
        kept.id: Spoke(Held.ACTIVE, 7), lost.id: Spoke(Held.STOPPED, 0),
        ahead.id: Spoke(Held.ACTIVE, 7), "gone": Spoke(Held.PASSED, 1),
    })  # fmt: skip
    found = [read(store, lambda tx, i=i: tx.devices.pairing(here, i)) for i in (kept.id, lost.id)]
    assert found == [kept, replace(lost, state=Held.STOPPED, ended_at=AFTER)]

    def rise(pairing_id: str, number: int) -> object:
        return write(store, lambda tx: tx.devices.rise(here, pairing_id, number, "", NOW))

    assert [rise(kept.id, 7), rise(kept.id, 8), rise(ahead.id, 9)] == [False, True, False]


def test_no_code_that_was_shown_by_now_is_right(store: SqlStore, here: str) -> None:
    one = paired(store, pairing_of(here))
    void(store, {})
    secret = read(store, lambda tx: tx.devices.secret(here, one.id))
    assert secret is not None
    assert secret.used == AFTER // STEP_MS + 1
