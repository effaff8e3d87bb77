"""What the installation itself remembers, e.g. that it is a demo: a name and a text each.

Not a port: the wiring and the commands ask, before there is any flow or event loop.
"""

from __future__ import annotations

from sqlalchemy import Executable, select
from sqlalchemy.engine import CursorResult

from keyturn.adapters.sql.rows import upsert
from keyturn.adapters.sql.schema import facts
from keyturn.adapters.sql.store import SqlStore, engine_of
from keyturn.adapters.sql.tx import SqlTx
from keyturn.ports.store import Tx

#: "1" in a demo's database, which `keyturn serve` refuses to open
DEMO = "demo"
#: when the last backup was made (ms), which `keyturn doctor` asks
BACKUP = "backup.last"
#: counts restores: rises with each, and never falls
GENERATION = "restore.generation"
#: when the last restore was (ms)
RESTORED = "restore.last"


def get_fact(store: SqlStore, name: str) -> str | None:
    """What is remembered under `name`, or None. Raises ports.StoreUnavailable."""
    wanted = select(facts.c.value).where(facts.c.name == name)
    return store.submit_read(lambda tx: _run(tx, wanted).scalar()).result()


def set_fact(store: SqlStore, name: str, value: str) -> None:
    """Remember `value` under `name`, in place of what was. Raises ports.StoreUnavailable."""
    fresh = upsert(engine_of(store).dialect.name)(facts).values(name=name, value=value)
    changed = fresh.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value})
    store.submit_write(lambda tx: _run(tx, changed).close()).result()


def _run(tx: Tx, statement: Executable) -> CursorResult[str]:
    if not isinstance(tx, SqlTx):
        raise TypeError(tx)
    return tx.connection.execute(statement)
