"""What every store promises of people who are invited together (ports.batches), and to whoever
looks for their accounts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.rules import batches
from keyturn.rules.batches import Batch, BatchState, Row, RowState, Source, Stop
from keyturn.rules.directories.known import Known
from keyturn.rules.messages import Message, MessageState
from tests.unit.adapters.stores import new_id, read, write
from tests.unit.adapters.test_syncing_contract import make_entry


def batch_of(tenant: str) -> Batch:
    return replace(batches.draft(new_id(), tenant, Source.FILE, "a.csv", "", NOW), people=3)


def rows_of(batch: Batch) -> tuple[Row, ...]:
    states = (RowState.WAITING, RowState.LEFT, RowState.WAITING)
    return tuple(
        Row(batch.id, batch.tenant_id, n, f"P{n}", f"p{n}@x.test", means="new", state=state)
        for n, state in enumerate(states, 2)
    )


def test_a_batch_and_its_rows_are_kept_and_go_together(store: SqlStore, here: str) -> None:
    batch = batch_of(here)
    rows = rows_of(batch)
    write(store, lambda tx: tx.batches.add(batch, rows))
    assert read(store, lambda tx: tx.batches.get(here, batch.id)) == batch
    assert write(store, lambda tx: tx.batches.get(here, batch.id)) == batch
    listed: Any = lambda *asked: read(store, lambda tx: tx.batches.rows(here, batch.id, *asked))  # noqa: E731
    assert listed(0, 9) == list(rows)
    assert listed(2, 1) == [rows[1]]
    assert listed(0, 9, {RowState.WAITING}) == [rows[0], rows[2]]
    assert listed(0, 9, {RowState.LEFT, RowState.SENT}) == [rows[1]]
    sent = replace(rows[0], state=RowState.SENT, user_id=new_id(), done_at=NOW)
    write(store, lambda tx: tx.batches.put(sent))
    tally = read(store, lambda tx: tx.batches.tally(here, batch.id))
    assert tally == {(RowState.SENT, "new"): 1, (RowState.LEFT, "new"): 1,
                     (RowState.WAITING, "new"): 1}  # fmt: skip
    user: Any = sent.user_id
    assert read(store, lambda tx: tx.batches.of_user(here, user, 9)) == [sent]
    write(store, lambda tx: tx.batches.drop(here, batch.id))
    assert read(store, lambda tx: tx.batches.get(here, batch.id)) is None
    assert listed(0, 9) == []


def test_what_is_being_sent_is_found_and_the_newest_is_listed_first(
    store: SqlStore, here: str
) -> None:
    one, two = batch_of(here), batch_of(here)
    for batch in (one, two):
        write(store, lambda tx, b=batch: tx.batches.add(b, ()))
    assert read(store, lambda tx: tx.batches.recent(here, 9)) == [two, one]
    begun = batches.begun(one, "me", NOW + 1)
    write(store, lambda tx: tx.batches.save(begun))
    assert (here, one.id) in read(store, lambda tx: tx.batches.sending(1_000))
    over = batches.ended(begun, NOW + 2, Stop.RIGHTS)
    write(store, lambda tx: tx.batches.save(over))
    assert read(store, lambda tx: tx.batches.get(here, one.id)) == over
    assert over.state is BatchState.STOPPED
    assert (here, one.id) not in read(store, lambda tx: tx.batches.sending(1_000))


def test_no_tenant_sees_or_changes_anothers(store: SqlStore, here: str, there: str) -> None:
    batch = batch_of(here)
    rows = rows_of(batch)
    write(store, lambda tx: tx.batches.add(batch, rows))
    mine = replace(rows[0], user_id=new_id())
    write(store, lambda tx: tx.batches.put(mine))

    def foreign(tx: Any) -> None:
        room = tx.batches
        assert room.get(there, batch.id) is None
        assert room.rows(there, batch.id, 0, 9) == []
        assert room.tally(there, batch.id) == {}
        assert room.recent(there, 9) == []
        assert room.of_user(there, mine.user_id, 9) == []
        room.put(replace(mine, tenant_id=there, means="mine"))
        room.save(replace(batch, tenant_id=there, label="mine"))
        room.drop(there, batch.id)

    write(store, foreign)
    assert read(store, lambda tx: tx.batches.get(here, batch.id)) == batch
    assert len(read(store, lambda tx: tx.batches.rows(here, batch.id, 0, 9))) == len(rows)


def test_accounts_are_found_by_name_and_by_address(store: SqlStore, here: str, there: str) -> None:
    directory = new_id()
    entries = (make_entry("0a", name="Ada", mail="ada@x.test"),
               make_entry("0b", name="b" * 70, mail=""), make_entry("0c", name="Cat"))  # fmt: skip
    known = [Known(one, NOW) for one in entries]
    gone = Known(make_entry("0d", name="dan", mail="dan@x.test"), NOW, NOW)
    write(store, lambda tx: tx.syncs.keep(here, directory, [*known, gone]))

    def found(
        tenant: str, *, names: tuple[str, ...] = (), mails: tuple[str, ...] = ()
    ) -> list[str]:
        those = read(store, lambda tx: tx.syncs.among(tenant, directory, names=names, mails=mails))
        return [one.entry.id for one in those]

    assert found(here, names=("aDA", "dan", "b" * 69)) == ["0a"]
    assert found(here, names=("ada", "B" * 70), mails=("ada@x.test", "dan@x.test")) == ["0a", "0b"]
    assert found(here) == []
    assert found(there, names=("ada",)) == []


def message_of(tenant: str, **fields: Any) -> Message:
    plain: dict[str, Any] = {
        "id": new_id(), "tenant_id": tenant, "user_id": None, "channel": "mail", "kind": "x",
        "address": "a@x.test", "sealed": "", "state": MessageState.QUEUED, "attempt": 0,
        "run_at": NOW, "expires_at": NOW + 9, "reference": None, "detail": "", "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    return Message(**{**plain, **fields})


def test_what_waits_to_leave_is_counted_to_a_bound(store: SqlStore, here: str) -> None:
    before = read(store, lambda tx: tx.messages.crowd(NOW + 5, 1_000))
    late = message_of(here, run_at=NOW + 6)
    texts = [message_of(here, run_at=NOW), message_of(here, run_at=NOW + 5)]
    push = message_of(here, run_at=NOW, channel="push")
    sent = message_of(here, run_at=NOW, state=MessageState.SENT)
    for one in (late, *texts, push, sent):
        write(store, lambda tx, m=one: tx.messages.add(m))
    assert read(store, lambda tx: tx.messages.crowd(NOW + 5, 1_000)) == before + 2
    assert read(store, lambda tx: tx.messages.crowd(NOW + 5, 1)) == 1
