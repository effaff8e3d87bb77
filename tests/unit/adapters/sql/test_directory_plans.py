"""SQLite reads few rows of the tables of directories, and of phones, by the indexes that were
made for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from keyturn.adapters.sql import migrate, open_store
from keyturn.adapters.sql.quick import Params, Quick
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.batches import RowState
from keyturn.rules.directories.known import Owing
from keyturn.rules.directories.signins.budget import Streak


def held(tx: Tx) -> None:
    """All that hangs on a user who is there."""
    user = User(
        id="u", tenant_id="t", state=UserState.ACTIVE, name="", username=None, email="", phone=None,
        phone_verified_at=None, password_hash=None, password_set_at=None, epoch=1, frozen_at=None,
        timezone=None, created_at=1,
    )  # fmt: skip
    tx.users.add(user, [])
    assert tx.phones.held("t", "u", 1) is not None


#: what servers ask again and again, and by which index it is found
ASKED: dict[str, Any] = {
    "ix_jobs_open": lambda tx: tx.jobs.open_of("t", "d", "g"),
    "ix_jobs_watched": lambda tx: tx.jobs.watched("t", "d"),
    "ix_jobs_due": lambda tx: tx.jobs.due(1, 9),
    "ix_jobs_directory_id_id": lambda tx: tx.jobs.of("t", "d", None, 9),
    "ix_jobs_user_id_id": lambda tx: tx.jobs.of("t", "d", "u", 9),
    "ix_jobs_tenant_id_id": lambda tx: tx.jobs.of("t", None, None, 9),
    "ix_looks_unanswered": lambda tx: tx.jobs.unanswered("t", "d", 1),
    "ix_looks_directory_id_guid_id": lambda tx: tx.jobs.last_look("t", "d", "g"),
    "ix_agents_waiting": lambda tx: tx.jobs.stirring(1),
    "ix_directory_tries_queued": lambda tx: tx.signins.queued("t", "d", 1, 9),
    "sqlite_autoindex_directory_streaks_1": lambda tx: tx.signins.keep("t", "d", "l", Streak()),
    "ix_agents_revoked": lambda tx: tx.agents.stopped(1),
    "ix_agents_directory_id": lambda tx: tx.agents.of("t", "d"),
    "sqlite_autoindex_agents_1": lambda tx: tx.agents.heard(["a", "b"], 1),
    "sqlite_autoindex_proofs_1": lambda tx: tx.jobs.proofs("t", "j"),
    "sqlite_autoindex_leases_1": lambda tx: tx.directories.lease("t", "d"),
    "ix_entries_remind_at": lambda tx: tx.syncs.to_remind(1, 9),
    "ix_entries_owed": lambda tx: (tx.syncs.owing(9), tx.syncs.to_settle("t", "d", 9)),
    "ix_entries_held": lambda tx: (
        tx.syncs.held("t", "d"),
        tx.syncs.held_of("t", "d", 9),
        tx.syncs.release("t", "d", Owing.SURE),
    ),
    "ix_entries_gone": lambda tx: tx.syncs.hold("t", "d", 1),
    "ix_entries_unclear": lambda tx: (
        tx.syncs.unclear("t", "d", "", 9),
        tx.syncs.count_unclear("t", "d"),
    ),
    "ix_entries_directory_id_mail": lambda tx: (
        tx.syncs.mails("t", "d", ["a", "b"]),
        tx.syncs.with_mail("t", "d", "a", 9),
    ),
    "ix_syncs_due": lambda tx: tx.jobs.stirring(1),
    "sqlite_autoindex_syncs_1": lambda tx: tx.syncs.lock("t", "d"),
    "sqlite_autoindex_entries_1": lambda tx: tx.syncs.between("t", "d", "a", "b"),
    "ix_entries_directory_id_word_id": lambda tx: tx.syncs.listed("t", "d", "a", None, 9),
    "ix_agent_notes_directory_id": lambda tx: tx.health.notes("t", "d"),
    "sqlite_autoindex_agent_notes_1": lambda tx: tx.health.note("t", "d", "a"),
    "sqlite_autoindex_health_books_1": lambda tx: tx.health.book("t", "d"),
    "ix_health_lines_directory_id_id": lambda tx: tx.health.history("t", "d", 9),
    "sqlite_autoindex_webhooks_1": lambda tx: tx.webhooks.of("t"),
    "ix_linked_accounts_user_id": lambda tx: tx.directories.linked("t", "u"),
    "ix_linked_accounts_directory_id_guid": lambda tx: tx.directories.holder("t", "d", "g"),
    "ix_activation_links_user_id_number": lambda tx: tx.phones.newest("t", ["u", "v"]),
    "ix_scan_codes_user_id": held,
    "ix_approvals_user_id_made_at": held,
    "ix_activation_links_tenant_id_digest": lambda tx: tx.phones.link("t", "g"),
    "ix_activation_links_due": lambda tx: tx.phones.to_remind(1, 9),
    "ix_scan_codes_flow_id": lambda tx: tx.phones.code_of_flow("t", "f"),
    "ix_scan_codes_open": lambda tx: tx.phones.codes_named("t", "n", 1),
    "ix_phones_user_id": lambda tx: tx.phones.of_user("t", "u"),
    "uq_phones_active": lambda tx: tx.phones.active("t", ["u", "v"]),
    "sqlite_autoindex_phones_1": lambda tx: tx.phones.rise("t", "p", 1, 1),
    "ix_approvals_tenant_id_subject": lambda tx: tx.phones.approval_of("t", "s"),
    "ix_approvals_waiting": lambda tx: tx.phones.waiting("t", "p", 1),
    "ix_batches_sending": lambda tx: tx.batches.sending(9),
    "ix_batches_tenant_id_id": lambda tx: tx.batches.recent("t", 9),
    "sqlite_autoindex_batches_1": lambda tx: tx.batches.get("t", "b"),
    "ix_batch_rows_waiting": lambda tx: tx.batches.rows("t", "b", 0, 1, {RowState.WAITING}),
    "sqlite_autoindex_batch_rows_1": lambda tx: (
        tx.batches.rows("t", "b", 0, 9),
        tx.batches.tally("t", "b"),
    ),
    "ix_batch_rows_user_id": lambda tx: tx.batches.of_user("t", "u", 9),
    "ix_api_keys_tenant_id_digest": lambda tx: tx.api_keys.find("t", "g"),
    "uq_api_keys_name": lambda tx: tx.api_keys.all("t"),
    "sqlite_autoindex_api_keys_1": lambda tx: tx.api_keys.used("t", "k", 1),
    "sqlite_autoindex_verifications_1": lambda tx: tx.verifications.get("t", "v"),
    "ix_verifications_key_id_request": lambda tx: tx.verifications.requested("t", "k", "r"),
    "ix_verifications_user_id_id": lambda tx: tx.verifications.of_user("t", "u", 9),
    "ix_verifications_unsettled": lambda tx: tx.verifications.due(1, 9),
}


def plans(path: Path, ask: Any, patch: pytest.MonkeyPatch) -> list[str]:
    """The lines of the plans of what `ask` reads or updates."""
    url = f"sqlite:///{path}/keyturn.db"
    migrate.ensure(url)
    store = open_store(url)
    engine, said = engine_of(store), list[tuple[str, Any]]()

    def note(_c: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            said.append((statement, values))

    def bound(quick: Quick, connection: Connection, params: Params) -> tuple[str, Any]:
        """As Quick does; such statements go past SQLAlchemy's events."""
        statement, values = plain(quick, connection, params)
        note(None, None, statement, tuple(values))
        return statement, values

    plain = Quick._bound
    patch.setattr(Quick, "_bound", bound)

    def step(tx: Tx) -> None:
        ask(tx)

    event.listen(engine, "before_cursor_execute", note)
    store.submit_write(step).result(10)
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        found = [
            str(row[3])
            for statement, values in said
            for row in connection.exec_driver_sql(f"explain query plan {statement}", values)
        ]
    store.close()
    return found


@pytest.mark.parametrize(("index", "ask"), ASKED.items(), ids=ASKED)
def test_nothing_is_looked_for_row_by_row(
    tmp_path: Path, index: str, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = plans(tmp_path, ask, monkeypatch)
    assert any(index in line for line in found), found
    # a partial index that is gone through holds only what is asked for
    assert all("USING INDEX" in line for line in found if line.startswith("SCAN")), found
