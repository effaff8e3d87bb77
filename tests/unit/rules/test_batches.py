"""What a batch becomes, and what the cells of a row say of it."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.rules import batches
from keyturn.rules.batches import BatchState, Means, Row, RowState, Source, Stop

NOW = 1_700_000_000_000
DRAFT = batches.draft("b", "t", Source.FILE, "staff\r\n.csv\0" + "x" * 300, "me", NOW)


def row(**fields: str) -> Row:
    plain: dict[str, Any] = {"name": "Ada", "email": "ada@x.test", **fields}
    return Row("b", "t", 2, **plain)


def test_a_draft_can_be_begun_for_a_day_and_once() -> None:
    assert DRAFT.label.startswith("staff .csv x")
    assert len(DRAFT.label) == batches.LABEL_MOST
    assert batches.fresh(DRAFT, NOW + batches.FRESH_MS - 1)
    assert not batches.fresh(DRAFT, NOW + batches.FRESH_MS)
    begun = batches.begun(DRAFT, "you", NOW + 1)
    assert (begun.state, begun.begun_by, begun.expires_at) == (BatchState.SENDING, "you", None)
    assert not batches.fresh(begun, NOW + 2)
    over, stopped = batches.ended(begun, NOW + 3), batches.ended(begun, NOW + 3, Stop.STAFF)
    assert (over.state, over.stop, over.expires_at) == (BatchState.OVER, None, NOW + 3)
    assert (stopped.state, stopped.stop) == (BatchState.STOPPED, Stop.STAFF)


@pytest.mark.parametrize(
    ("fields", "means", "about"),
    [
        ({"email": "ada"}, Means.EMAIL, "no-at"),
        ({"email": ""}, Means.EMAIL, "empty"),
        ({"name": ""}, Means.NAME, "empty"),
        ({"name": "www.x.test"}, Means.NAME, "link"),
        ({"name": "A\u202eB"}, Means.NAME, "character"),
    ],
)
def test_cells_that_say_enough(fields: dict[str, str], means: Means, about: str) -> None:
    found = batches.unfit(row(**fields))
    assert found is not None
    assert (found.means, found.about, found.state) == (means, about, RowState.LEFT)


def test_a_row_that_is_fit_waits_for_whom_it_means() -> None:
    assert batches.unfit(row()) is None
    assert batches.judged(row(), Means.NEW).state is RowState.WAITING


def test_what_is_stored_can_be_read() -> None:
    found = batches.kept(row(name="A\u202eB\u200bC" + "x" * 200, email="a@x.test\u2066"))
    assert found.name.startswith("A B C")
    assert (len(found.name), found.email) == (100, "a@x.test")
