"""Drafts of what is to be done with many users: with those of a list, with some picked from one, or
as a file has them.

The draft is shown, begun, watched, stopped and told of as an invitation of many is
(flows.batching), and done as that is (flows.batch_sending).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import batches, people_csv
from keyturn.rules.access import ALLOWED, Staff, Why
from keyturn.rules.batches import Act as Kind
from keyturn.rules.batches import Batch, Row, Source
from keyturn.rules.people_csv import BadFile
from keyturn.rules.user_lists import Filter
from keyturn.steps import batch_deeds, batch_imports, batch_rows, batch_sources
from keyturn.steps.acts import Act, begin
from keyturn.steps.batch_sources import TooMany

__all__ = ["BadFile", "Drafted", "Nobody", "NotAllowed", "of_file", "of_list", "of_picked"]


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was drafted."""

    why: Why


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is nobody. `many`: more than a batch may have."""

    many: bool = False


@dataclass(frozen=True, slots=True)
class Drafted:
    """What would be done."""

    batch: Batch
    rows: tuple[Row, ...]


Answer = Drafted | Nobody | NotAllowed


async def of_list(
    parts: Parts, staff: Staff, kind: Kind, wanted: Filter, label: str, *, keep: bool = True
) -> Answer:
    """With everybody of a list.

    Args:
        label: what the list is of, for people to read.
        keep: the draft is stored, to be begun; else it is only shown.
    """
    return await _draft(
        parts, staff, kind, (Source.SEARCH, label),
        lambda tx, act, batch: batch_sources.of_list(tx, act, batch, wanted), keep=keep,
    )  # fmt: skip


async def of_picked(parts: Parts, staff: Staff, kind: Kind, user_ids: Sequence[str]) -> Answer:
    """With these users."""
    return await _draft(
        parts, staff, kind, (Source.PICKED, ""),
        lambda tx, act, batch: batch_sources.of_users(
            batch, tx.users.some(act.tenant.id, user_ids)
        ),
    )  # fmt: skip


async def of_file(
    parts: Parts, staff: Staff, name: str, raw: bytes, *, keep: bool = True
) -> Answer | BadFile:
    """Users as a CSV file has them. A file that is refused leaves nothing. `keep`: as `of_list`."""
    lines = people_csv.read(raw)
    if isinstance(lines, BadFile):
        return lines
    return await _draft(
        parts, staff, Kind.IMPORT, (Source.FILE, name),
        lambda _tx, _act, batch: batch_sources.of_lines(batch, lines), keep=keep,
    )  # fmt: skip


async def _draft(
    parts: Parts, staff: Staff, kind: Kind, of: tuple[Source, str],
    find: Callable[[Tx, Act, Batch], Sequence[Row]], *, keep: bool = True,
) -> Answer:  # fmt: skip
    """Whoever has the right to it sees what it would do; beginning it asks for more."""
    if batches.NEEDS[kind] not in ALLOWED[staff.role]:
        return NotAllowed(Why.NO_ROLE)
    act = begin(parts, staff.caller, staff.user)
    blank = batches.draft(
        act.id(), act.tenant.id, *of, staff.user.id if staff.user else "", act.now, kind
    )

    def look(tx: Tx) -> tuple[Row, ...]:
        return _judged(tx, act, staff, kind, find(tx, act, blank))

    try:
        found = tuple(map(batches.kept, await parts.store.read(look)))
    except TooMany:
        return Nobody(many=True)
    if not found:
        return Nobody()
    batch = replace(blank, people=len(found))
    if keep:
        await parts.store.write(lambda tx: tx.batches.add(batch, found))
    return Drafted(batch, found)


def _judged(
    tx: Tx, act: Act, staff: Staff, kind: Kind, rows: Sequence[Row]
) -> tuple[Row, ...]:  # fmt: skip
    match kind:
        case Kind.INVITE:
            return batch_rows.judged(tx, act, staff, rows)
        case Kind.IMPORT:
            return batch_imports.judged(tx, act, rows)
        case _:
            return batch_deeds.judged(tx, act, kind, rows)
