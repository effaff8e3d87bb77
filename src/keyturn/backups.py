"""Backups of an installation, put together: database, key ring, file, audit trail.

The key ring is in no backup, on purpose, and none is ever made here: a restore under a new
one would open nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from keyturn import __version__, wiring
from keyturn.adapters import archive
from keyturn.adapters.archive import BadArchive, Head, Manifest, Part, Progress
from keyturn.adapters.new_file import new_file
from keyturn.adapters.sealing import KeyRing, KeyRingUnusable, load_key_ring
from keyturn.adapters.sql import restore as restoring
from keyturn.adapters.sql.backup import snapshot
from keyturn.adapters.sql.facts import BACKUP, set_fact
from keyturn.adapters.sql.migrate import HEAD, Newer, NotOurs, known
from keyturn.adapters.sql.restore import Moment, Restored
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.flows import keeping
from keyturn.ports.system import Clock
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.settings import Settings

__all__ = ["Made", "Manifest", "Progress", "Refused", "Restored", "make", "restore", "verify"]


class Refused(Exception):
    """Nothing was done.

    Attributes:
        cause: "no-keys", "bad-keys" (the key ring), "empty" (database), "newer" (tables of a
            newer release, in the database or the backup), "strangers" (tables that are not
            ours), "taken" (the file is there), "file" (it cannot be read or written), or
            the cause of an archive.BadArchive.
        detail: what exactly, for an administrator.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is on the disk now."""

    path: Path
    manifest: Manifest


def key_file(settings: Settings) -> Path:
    """Where the key ring is."""
    return settings.store.data_dir / "keys.json"


def make(
    settings: Settings,
    target: Path,
    caller: Callable[[Tenant], Caller],
    tell: Progress,
    *,
    seal: bool,
    clock: Clock | None = None,
) -> Made:
    """Put everything into `target`, a new file, or a new one in a folder; remember when, and
    in each tenant's audit trail who. Raises Refused, ports.StoreUnavailable.
    """
    ring = _ring(settings)
    house = wiring.build(settings, clock=clock)
    try:
        made = _make(house.settings, house.parts.clock.now(), ring, target, tell, seal=seal)
        set_fact(house.store, BACKUP, str(made.manifest.head.taken_at))
        facts = {"rows": made.manifest.rows, "sealed": seal}
        asyncio.run(keeping.backed_up(house.parts, caller, facts))
    finally:
        house.close()
    return made


def _ring(settings: Settings) -> KeyRing:
    path = key_file(settings)
    if not path.exists():
        raise Refused("no-keys", str(path))
    try:
        return load_key_ring(path)
    except (KeyRingUnusable, OSError) as error:
        raise Refused("bad-keys", str(error)) from error


def _make(
    settings: Settings, now: int, ring: KeyRing, target: Path, tell: Progress, *, seal: bool
) -> Made:
    path = target / _name(now, seal=seal) if target.is_dir() else target
    with snapshot(settings.store.url) as source:
        if source.revision is None:
            raise Refused("empty")
        if source.revision not in known():
            raise Refused("newer", source.revision)
        head = Head(__version__, source.revision, now, source.engine)
        try:
            with new_file(path) as out:
                return Made(path, archive.write(out, ring, head, source.parts(), tell, seal=seal))
        except FileExistsError as error:
            raise Refused("taken", str(path)) from error
        except OSError as error:
            raise Refused("file", f"{path}: {error.strerror}") from error


def _name(now: int, *, seal: bool) -> str:
    when = datetime.fromtimestamp(now / 1000, UTC)
    return f"keyturn-{when:%Y%m%dT%H%M%SZ}.{'sealed' if seal else 'jsonl.gz'}"


def verify(settings: Settings, path: Path, tell: Progress) -> Manifest:
    """Read a backup to its end and check that it is whole, unaltered, of this key ring, and
    not of a newer release. Raises Refused.
    """
    try:
        manifest = archive.verify(path, _ring(settings), tell)
    except BadArchive as error:
        raise Refused(error.cause, error.detail) from error
    except OSError as error:
        raise Refused("file", f"{path}: {error.strerror}") from error
    if manifest.head.revision not in known():
        raise Refused("newer", manifest.head.revision)
    return manifest


def restore(
    settings: Settings,
    path: Path,
    manifest: Manifest,
    client: str,
    tell: Progress,
    *,
    clock: Clock | None = None,
) -> Restored:
    """Put a backup that was verified in the place of what is in the database.

    Args:
        client: who does it, as audit trails show it.
        clock: another than the system's.

    Raises Refused, ports.StoreUnavailable; then nothing was changed.
    """
    ring = _ring(settings)

    def parts() -> Iterator[Part]:
        with archive.reading(path, ring) as again:
            yield from again.parts(tell)

    now, chance = (clock or SystemClock()).now(), SystemRandom()
    moment = Moment(now=now, new_id=lambda: chance.id(now), client=client)
    try:
        return restoring.restore(settings.store.url, parts, manifest, moment)
    except BadArchive as error:
        raise Refused(error.cause, error.detail) from error
    except Newer as error:
        raise Refused("newer", f"{error.found}, known are those up to {HEAD}") from error
    except NotOurs as error:
        raise Refused("strangers", ", ".join(error.tables)) from error
