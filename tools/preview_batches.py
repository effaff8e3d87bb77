"""Made-up pages of people who are invited together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.flows.batching import BadFile, Nobody, Places, Shown
from keyturn.rules import batches
from keyturn.rules.batches import Act, BatchState, Row, RowState, Source, Stop
from keyturn.rules.directories.things import Directory
from keyturn.rules.people_csv import Fault
from keyturn.steps.batch_sources import Place

Context = Callable[..., dict[str, Any]]
Pages = dict[str, tuple[str, dict[str, Any]]]
NOW = 1_767_268_800_000
_BATCH, _DIRECTORY = "01kdvdna00000000000000000b", "01kdvdna00000000000000000d"
_ABOUT = {
    "email": "no-at",
    "name": "link",
    "twice": "3",
    "number-held": "01kdvdna000000000000000001",
}
_MEANS = (
    "new", "first", "again", "phone", "bound", "unverified", "disabled", "frozen", "no-address",
    "rank", "no-role", "name", "email", "number", "twice", "number-held", "address-held",
    "address-other", "no-account", "unclear",
)  # fmt: skip


def _rows(state: RowState) -> tuple[Row, ...]:
    rows = (
        Row(
            _BATCH, "t", n, f"Person {n}", f"p{n}@northwind.example",
            "+447700900123" if n % 3 else "", f"person{n}" if n % 4 else "",
            f"01kdvdna0000000000000000{n:02}", means, _ABOUT.get(means, ""),
        )
        for n, means in enumerate(_MEANS, 2)
    )  # fmt: skip
    sent = {"sent": RowState.SENT, "waiting": RowState.WAITING}.get(state, RowState.LEFT)
    return tuple(
        replace(row, state=sent, done_at=NOW if sent is RowState.SENT else None)
        if row.means in batches.WELCOME else row
        for row in rows
    )  # fmt: skip


def _shown(state: BatchState, rows: tuple[Row, ...], **fields: Any) -> Shown:
    blank = batches.draft(_BATCH, "t", Source.FILE, "staff-2026.csv", "me", NOW)
    batch = replace(blank, people=len(rows), state=state, **fields)
    tally = Counter((row.state, row.means) for row in rows)
    return Shown(batch, tally, rows, 100, {"me": "Grace Hopper"}, batches.fresh(batch, NOW))


def _mixed() -> tuple[Row, ...]:
    sent = _rows(RowState.SENT)
    return (*sent[:2], *_rows(RowState.WAITING)[2:])


_DEED_MEANS = {
    Act.UNLOCK: ("do", "not-locked", "staff", "unclear"),
    Act.SESSIONS: ("do", "disabled", "staff"),
    Act.DISABLE: ("do", "do", "disabled", "staff"),
    Act.ENABLE: ("do", "enabled", "staff"),
    Act.IMPORT: ("new", "changed", "same", "followed", "staff", "username", "username-held",
                 "twice", "email"),
}  # fmt: skip
_DEED_ABOUT = {"changed": "name username", "username": "too-short", "twice": "2", "email": "no-at",
               "username-held": "01kdvdna000000000000000001"}  # fmt: skip


def _deeds() -> dict[str, Shown]:
    """What is done with many: each as a draft, going on, stopped, over."""
    begun = {"begun_by": "me", "begun_at": NOW}
    pages: dict[str, Shown] = {}
    for act, means in _DEED_MEANS.items():
        source = Source.FILE if act is Act.IMPORT else Source.PICKED
        rows = tuple(
            batches.judged(
                Row(_BATCH, "t", n, f"Person {n}", f"p{n}@northwind.example", "",
                    f"person{n}" if act is Act.IMPORT else "", f"01kdvdna0000000000000000{n:02}"),
                one, _DEED_ABOUT.get(one, ""),
            )
            for n, one in enumerate(means, 2)
        )  # fmt: skip
        done = (replace(rows[0], state=RowState.SENT, done_at=NOW), *rows[1:])
        pages[f"{act}"] = _shown(BatchState.DRAFT, rows, act=act, source=source)
        pages[f"{act}-none"] = _shown(BatchState.DRAFT, rows[-1:], act=act, source=source)
        pages[f"{act}-stale"] = replace(pages[f"{act}"], fresh=False)
        pages[f"{act}-going"] = _shown(BatchState.SENDING, done, act=act, source=source, **begun)
        over = {"ended_at": NOW, "act": act, "source": source, **begun}
        pages[f"{act}-over"] = _shown(BatchState.OVER, done, **over)
        pages[f"{act}-stopped"] = _shown(BatchState.STOPPED, done, stop=Stop.STAFF, **over)
    return pages


def batch_pages(always: Context, me: Any) -> Pages:
    """The sources, the preview, the progress, the outcome."""
    here = Directory(_DIRECTORY, "t", "corp.northwind.example", None, "", None, NOW)
    begun = {"begun_by": "me", "begun_at": NOW}
    draft = _shown(BatchState.DRAFT, _rows(RowState.WAITING))
    left = _shown(BatchState.DRAFT, _rows(RowState.WAITING)[4:])
    sending = _shown(BatchState.SENDING, _mixed(), **begun)
    over = _shown(BatchState.OVER, _rows(RowState.SENT), ended_at=NOW, **begun)
    stopped = _shown(BatchState.STOPPED, _mixed(), ended_at=NOW, stop=Stop.STAFF, **begun)
    stale = replace(draft, fresh=False)
    units = (
        Place("OU=Staff,DC=corp,DC=northwind,DC=example", 312),
        Place("OU=Warehouse,OU=Staff,DC=corp,DC=northwind,DC=example", 41),
    )
    groups = (Place("CN=Field,OU=Groups,DC=corp,DC=northwind,DC=example", 25),)
    recent = tuple(page.batch for page in (draft, sending, over, stopped))
    index = {"query": "", "state": None, "bad": None, "recent": recent, "directories": (here,)}
    shows = {"": draft, "-none": left, "-sending": sending, "-over": over, "-stopped": stopped,
             "-stale": stale}  # fmt: skip
    places = {"": (Places(here, True, units, groups), None),
              "-unread": (Places(here, False, (), ()), None),
              "-nobody": (Places(here, True, units, ()), "nobody")}  # fmt: skip
    deeds = _deeds()
    files = {f"-bad-{fault}": BadFile(fault, 7, "email" if fault in {Fault.TWICE, Fault.FORMULA,
             Fault.NO_COLUMN} else "") for fault in Fault}  # fmt: skip
    bad: dict[str, Any] = {**files, "-bad-search": Nobody(), "-bad-many": Nobody(many=True)}
    return {
        "console-batches": ("console/batches.html", always(me, **index)),
        **{f"console-batches{name}": ("console/batches.html", always(me, **{**index, "bad": one}))
           for name, one in bad.items()},
        **{f"console-batch{name}": ("console/batch.html", always(
            me, page=page, only=None,
            watch="/batch/events" if page is sending else "")) for name, page in shows.items()},
        **{f"console-batch-{name}": ("console/batch.html", always(
            me, page=page, only=None, watch="/batch/events" if "going" in name else ""))
           for name, page in deeds.items()},
        "console-import": ("console/import.html", always(me, bad=None)),
        "console-import-bad": ("console/import.html", always(me, bad=files["-bad-formula"])),
        "console-bulk-nobody": ("console/bulk_nobody.html", always(me, many=False, back="")),
        "console-bulk-many": ("console/bulk_nobody.html", always(me, many=True, back="q=a")),
        **{f"console-batch-place{name}": ("console/batch_place.html", always(
            me, page=page, bad=why)) for name, (page, why) in places.items()},
    }  # fmt: skip
