"""Judging the house itself: host, database, outbox, settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from keyturn.rules.health.sights import (
    DatabaseSight,
    HostSight,
    KeyFile,
    Outbox,
    Place,
    SeenTenant,
    Setup,
)
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import DAY, MINUTE, SECOND

#: clocks: beyond the first a warning, beyond the second a failure
DRIFT_MS, WRONG_MS, JUMP_MS = SECOND, 5 * SECOND, 500
#: disks: thousandths and bytes
FULL_SHARE, FULL_BYTES, LOW_SHARE, LOW_BYTES = 20, 200 * 10**6, 50, 2 * 10**9
LEAST_INODES = 10
OTHERS = 0o077
LATE_MS, STUCK_MS = 2 * MINUTE, 10 * MINUTE
#: shares in thousandths that make a warning and a failure, by channel; and below how many
#: messages a share says nothing
RETURNED: Mapping[str, tuple[int, int]] = {"mail": (50, 200), "sms": (200, 500)}
ENOUGH = 20
OLD_MS, STALE_MS = 2 * DAY, 7 * DAY
MAINTAINED = 15
DEFAULT_WORK, MANY_FAILURES, LONG_IDLE = 2 * 19456, 3000, 12 * 60
#: the narrowest prefix of a public network that one may trust as proxies, by version
WIDEST_PUBLIC = {4: 16, 6: 32}


# -- host


def host(sight: HostSight, database: DatabaseSight, setup: Setup, at: int) -> list[Finding]:
    """Clock, disks, files with secrets."""
    keys = {key.path: key for key in setup.mail_keys}
    return [
        _clock(sight, database, at),
        *(_disk(place, at) for place in sight.places),
        _ring(sight.ring, database, at),
        *(
            _mail_key(f, keys[f.path].domain, keys[f.path].selector, at)
            for f in sight.mail_keys
            if f.path in keys
        ),
    ]


def _clock(sight: HostSight, database: DatabaseSight, at: int) -> Finding:
    ahead = database.ahead_ms if database.reached == "yes" else 0
    facts: dict[str, Value] = {
        "synchronised": sight.synchronised, "database_ahead_ms": ahead,
        "time_server_ahead_ms": sight.time_server_ms, "server": sight.time_server,
        "beside": "" if sight.synchronised is None else ", and the kernel says it is kept",
    }  # fmt: skip

    def find(word: str, offset: int = 0) -> Finding:
        return Finding(f"clock.{word}", "", at, {**facts, "offset": abs(offset)})

    if abs(sight.time_server_ms or 0) > WRONG_MS:
        return find("wrong", sight.time_server_ms or 0)
    if abs(ahead) > WRONG_MS:
        return find("database", ahead)
    if abs(sight.jump_ms) > JUMP_MS:
        return find("jumped", sight.jump_ms)
    if abs(ahead) > DRIFT_MS:
        return find("drift", ahead)
    if sight.time_server and sight.time_server_ms is None:
        return find("silent")
    return find("unsynchronised" if sight.synchronised is False else "ok")


def _disk(place: Place, at: int) -> Finding:
    share = place.free * 1000 // place.size if place.size else 0
    facts: dict[str, Value] = {
        "path": place.path, "free": place.free, "size": place.size, "share": share,
        "inodes_free": place.inodes_free,
    }  # fmt: skip
    few = place.inodes and place.inodes_free * 1000 // place.inodes < LEAST_INODES
    for word, true in (
        ("missing", not place.there),
        ("read-only", not place.writable),
        ("full", place.free < FULL_BYTES or (share < FULL_SHARE and place.free < LOW_BYTES)),
        ("inodes", few),
        ("low", place.free < LOW_BYTES or share < LOW_SHARE),
    ):
        if true:
            return Finding(f"disk.{word}", place.path, at, facts)
    return Finding("disk.ok", place.path, at, facts)


def _file(file: KeyFile, at: int) -> dict[str, Value]:
    age = at - file.changed_at if file.there else None
    return {"path": file.path, "mode": f"{file.mode:04o}", "age": age}


FAULTS: Mapping[str, str] = {
    "unreadable": "it cannot be read",
    "not-a-ring": "it is no key ring",
    "kind": "it is neither RSA nor Ed25519",
    "short": "it is an RSA key of less than 2048 bits",
}


def _ring(file: KeyFile, database: DatabaseSight, at: int) -> Finding:
    facts = {**_file(file, at), "fault": FAULTS.get(file.fault, file.fault)}
    if not file.there:
        used = database.reached == "yes" and database.revision is not None
        return Finding("key-ring.lost" if used else "key-ring.missing", "", at, facts)
    if file.mode & OTHERS:
        return Finding("key-ring.open", "", at, facts)
    return Finding("key-ring.unreadable" if file.fault else "key-ring.ok", "", at, facts)


def _mail_key(file: KeyFile, domain: str, selector: str, at: int) -> Finding:
    fault = FAULTS.get(file.fault, file.fault) if file.there else "it is not there"
    facts = {**_file(file, at), "fault": fault, "domain": domain, "selector": selector}
    if not file.there or (file.fault and not file.mode & OTHERS):
        return Finding("mail-keys.unusable", file.path, at, facts)
    return Finding("mail-keys.open" if file.mode & OTHERS else "mail-keys.ok", file.path, at, facts)


# -- database


NAMES: Mapping[str, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def database(sight: DatabaseSight, setup: Setup, at: int) -> list[Finding]:
    """Whether it answers, and if so its tables, durability, backup, and whose it is."""
    version = ".".join(map(str, sight.version))
    facts: dict[str, Value] = {
        "kind": NAMES[sight.kind], "version": version, "said": sight.said,
        "place": setup.store_place,
    }  # fmt: skip
    if sight.reached == "absent":
        return [Finding("database.absent", "", at, facts)]
    if sight.reached != "yes":
        unseen = [Finding(f"{check}.unseen", "", at) for check in _NEED_IT]
        return [Finding("database.down", "", at, facts), *unseen]
    old = sight.kind == "postgresql" and sight.version[:1] < (MAINTAINED,)
    return [
        Finding("database.old" if old else "database.ok", "", at, facts),
        _tables(sight, at),
        _durability(sight, at),
        _backup(sight, at),
        Finding("demo.present" if sight.demo else "demo.ok", "", at),
    ]


_NEED_IT = ("tables", "durability", "backup", "demo")


def _tables(sight: DatabaseSight, at: int) -> Finding:
    facts: dict[str, Value] = {"revision": sight.revision, "wanted": sight.wanted}
    if sight.revision is None:
        return Finding("tables.none", "", at, facts)
    if sight.newer:
        return Finding("tables.newer", "", at, facts)
    same = sight.revision == sight.wanted
    return Finding("tables.ok" if same else "tables.behind", "", at, facts)


#: values under which a commit that was answered is on a disk
SAFE = frozenset({"on", "local", "remote_write", "remote_apply", "full", "extra"})


def _durability(sight: DatabaseSight, at: int) -> Finding:
    for name, value in sight.durability.items():
        if name == "journal_mode":
            if value != "wal":
                return Finding("durability.journal", "", at, {"name": name, "value": value})
        elif value not in SAFE:
            return Finding("durability.unsafe", "", at, {"name": name, "value": value})
    how = ", ".join(f"{name} = {value}" for name, value in sight.durability.items())
    return Finding("durability.ok", "", at, {"how": how})


def _backup(sight: DatabaseSight, at: int) -> Finding:
    if sight.backup_at is None:
        return Finding("backup.never", "", at)
    age = max(at - sight.backup_at, 0)
    facts: dict[str, Value] = {"age": age, "last": sight.backup_at}
    word = "stale" if age > STALE_MS else "old" if age > OLD_MS else "ok"
    return Finding(f"backup.{word}", "", at, facts)


# -- outbox


def outbox(sight: DatabaseSight, rows: Iterable[Outbox], at: int) -> list[Finding]:
    """What waits and what failed, by channel; nothing where there is no database yet."""
    if sight.reached == "absent":
        return []
    checks = [f"{channel}-{what}" for channel in RETURNED for what in ("waiting", "returned")]
    if sight.reached != "yes":
        return [Finding(f"{check}.unseen", "", at) for check in checks]
    kept = list(rows)
    return [
        finding
        for channel in RETURNED
        for finding in _of_channel(channel, [r for r in kept if r.channel == channel], at)
    ]


def _of_channel(channel: str, rows: Sequence[Outbox], at: int) -> list[Finding]:
    due = [row.oldest_due for row in rows if row.oldest_due is not None]
    age = max(at - min(due), 0) if due else 0
    late = sum(row.late for row in rows)
    word = "stuck" if age > STUCK_MS else "late" if age > LATE_MS else "ok"
    waiting = Finding(f"{channel}-waiting.{word}", "", at, {"late": late, "age": age})
    return [waiting, _returned(channel, rows, at)]


def _returned(channel: str, rows: Sequence[Outbox], at: int) -> Finding:
    count: dict[str, int] = {}
    for row in rows:
        for state, number in row.lately.items():
            count[state] = count.get(state, 0) + number
    failed = sum(count.get(state, 0) for state in ("bounced", "rejected", "expired"))
    all_of_them = failed + sum(count.get(s, 0) for s in ("sent", "relayed", "delivered"))
    share = failed * 1000 // all_of_them if all_of_them else 0
    many, most = RETURNED[channel]
    word = "most" if share >= most else "many" if share >= many else "ok"
    facts: dict[str, Value] = {"count": all_of_them, "failed": failed, "share": share}
    return Finding(f"{channel}-returned.{word if all_of_them >= ENOUGH else 'ok'}", "", at, facts)


# -- settings


def settings(setup: Setup, at: int) -> list[Finding]:
    """What the installation's settings cost in safety."""
    found = [*_network(setup, at), *_choices(setup, at)]
    return found or [Finding("settings.ok", "", at)]


def _network(setup: Setup, at: int) -> list[Finding]:
    secure = setup.origin.startswith("https://")
    facts: dict[str, Value] = {"origin": setup.origin, "listens": setup.listens}
    found = [
        Finding("settings.proxies", "server.trusted_proxies", at, {"network": network})
        for network in setup.trusted_proxies
        if _too_wide(network)
    ]
    if secure and not setup.trusted_proxies:
        found.append(Finding("settings.proxy-missing", "server.trusted_proxies", at, facts))
    if not secure and not _is_here(setup.listens):
        found.append(Finding("settings.plain", "server.origin", at, facts))
    return found


def _too_wide(text: str) -> bool:
    network = ipaddress.ip_network(text)
    return not network.is_private and network.prefixlen < WIDEST_PUBLIC[network.version]


def _is_here(listens: str) -> bool:
    return listens == "localhost" or ipaddress.ip_address(listens).is_loopback


def _choices(setup: Setup, at: int) -> list[Finding]:
    rows: tuple[tuple[bool, str, str, dict[str, Value]], ...] = (
        (setup.hash_work < DEFAULT_WORK, "hash", "hash",
         {"work": setup.hash_work, "default": DEFAULT_WORK}),
        (setup.network_failures > MANY_FAILURES, "network-failures", "limits.network_failures",
         {"value": setup.network_failures}),
        (setup.session_idle_minutes > LONG_IDLE, "sessions", "limits.session_idle_minutes",
         {"value": setup.session_idle_minutes}),
        (setup.log_level == "debug", "debug", "log.level", {}),
    )  # fmt: skip
    return [
        Finding(f"settings.{word}", name, at, facts) for true, word, name, facts in rows if true
    ]


def policy(tenants: Iterable[SeenTenant], at: int) -> list[Finding]:
    """What tenants' policies cost in safety."""
    return [
        Finding(f"settings.{word}", f"tenant {tenant.slug}", at, {"tenant": tenant.slug})
        for tenant in tenants
        for word, true in (
            ("lockout-scope", tenant.lockout_scope == "account"),
            ("sms-second", tenant.sms_second),
        )
        if true
    ]
