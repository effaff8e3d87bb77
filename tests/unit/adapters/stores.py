"""What the contracts of the store's rooms share; the databases are fixtures of conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.memory_secrets import SeededRandom
from keyturn.adapters.sql import SqlStore

RANDOM = SeededRandom("contracts")


def new_id() -> str:
    """An id that no other test of this process has."""
    return RANDOM.id(NOW)


def write(store: SqlStore, fn: Callable[..., Any]) -> Any:
    """What `fn` answers in a writing transaction."""
    return store.submit_write(fn).result(timeout=30)


def read(store: SqlStore, fn: Callable[..., Any]) -> Any:
    """What `fn` answers in a reading transaction."""
    return store.submit_read(fn).result(timeout=30)
