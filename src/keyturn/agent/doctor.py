"""What is wrong on the agent's side, why, and how to mend it. Nothing is changed.

Verdicts, words and their order are those of rules/health; the catalogue is the agent's own.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx

from keyturn.agent import keys as keyring
from keyturn.agent.config import Config
from keyturn.agent.doctor_words import CATALOGUE
from keyturn.agent.failing import link_down
from keyturn.agent.identity import certificate_end
from keyturn.agent.link import http_client
from keyturn.agent.logons.ports import LogonLog, Unread
from keyturn.agent.ports import Driver, NotFound, Unreachable
from keyturn.agent.state import State, StateUnusable
from keyturn.agent.status import FILE
from keyturn.agent.who import Who, load
from keyturn.agent.wiring import DISK_BYTES, logs
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.things import AgentRole
from keyturn.rules.health.report import Report, arrange, worst
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.verdicts import State as Verdict
from keyturn.rules.lockout import DAY
from keyturn.wire.certificates import LIFE_MS, RENEW_AFTER_MS
from keyturn.wire.paths import MESSAGES

#: certificates and messages do not mind; people who read logs and Kerberos do
CLOCK_MS: Final = 5 * 60_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SERVER_CAUSES = frozenset(
    {"name", "refused", "timeout", "tls_ca", "tls_name", "tls_expired", "tls", "proxy"}
)
_CONTROLLER_CAUSES = frozenset(
    {"name", "refused", "timeout", "tls_old", "tls_ca", "tls_name", "tls_expired", "tls",
     "credentials"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """What the doctor looks with.

    Attributes:
        driver: makes the directory's driver; may raise OSError, ValueError or ImportError.
        client: makes the HTTP client; tests bring their own.
        now: ms since the epoch.
    """

    config: Config
    driver: Callable[[Config], Driver]
    now: Callable[[], int]
    client: Callable[[Config], httpx.AsyncClient] = lambda config: http_client(
        config.server, config.server_ca_file, config.proxy
    )


async def examine(bench: Bench) -> Report:
    """Look at everything."""
    at = bench.now()
    found = [*_folder(bench.config, at), _password_file(bench.config, at)]
    found += [*await _server(bench), *await _directory(bench), *await _logs(bench)]
    return arrange(CATALOGUE, found, bench.now())


def headline(report: Report) -> str:
    """The one sentence that says how things stand."""
    verdict = worst(CATALOGUE, report)
    wrong = [root for root in report.roots if CATALOGUE.state(root.finding) is Verdict.FAIL]
    if verdict is Verdict.FAIL:
        so = CATALOGUE.causes[wrong[0].finding.cause].so
        others = len(wrong) - 1
        more = f" {others} more thing{' is' if others == 1 else 's are'} wrong." if others else ""
        return f"{so}.{more}"
    return {
        Verdict.UNKNOWN: "Nothing is wrong as far as can be seen; not everything could be looked "
        "at.",
        Verdict.WARN: "The agent works; something could be better.",
    }.get(verdict, "Everything that was looked at is in order.")


def _found(cause: str, at: int, **facts: Value) -> Finding:
    return Finding(cause, "", at, facts)


# --- this machine


def _folder(config: Config, at: int) -> list[Finding]:
    path = str(config.state)
    try:
        state = State(config.state)
        who = load(state)
        keys = keyring.load(state)
        last = state.read_json(FILE) or {}
    except StateUnusable as unusable:
        cause = unusable.cause.replace(" ", "-")
        facts: dict[str, Value] = {"path": str(unusable.path), "mode": f"{unusable.mode:04o}"}
        return [_found(f"state.{cause}", at, **facts), _found("disk.unseen", at)]
    found = [_found("state.ok", at, path=path), _disk(config.state, at)]
    if who is None or keys is None:
        return [*found, _found("enrolled.not", at)]
    return [
        *found,
        _found("enrolled.ok", at, name=who.name, directory=who.directory),
        _server_of(who, config, at),
        _certificate(state, who, at),
        _process(state, last, at),
    ]


def _disk(path: Path, at: int) -> Finding:
    free = shutil.disk_usage(path).free
    return _found("disk.ok" if free >= DISK_BYTES else "disk.full", at, free=free, path=str(path))


def _server_of(who: Who, config: Config, at: int) -> Finding:
    same = who.server == config.server
    return _found("origin.ok" if same else "origin.changed", at, was=who.server, now=config.server)


def _certificate(state: State, who: Who, at: int) -> Finding:
    ends_at = certificate_end(state)
    if ends_at is None:
        return _found("certificate.none", at)
    if who.role is AgentRole.LISTENER:
        return _found("certificate.listener", at)
    if at >= ends_at:
        return _found("certificate.expired", at, ends_at=ends_at)
    late = ends_at - at < (LIFE_MS - RENEW_AFTER_MS) // 2
    return _found("certificate.late" if late else "certificate.ok", at, ends_at=ends_at)


def _process(state: State, last: Mapping[str, object], at: int) -> Finding:
    stopped, pid = last.get("stopped"), state.holder()
    if pid is not None:
        return _found("process.ok", at, pid=pid)
    if stopped in {"revoked", "cloned"}:
        return _found(f"process.{stopped}", at)
    return _found("process.not", at)


def _password_file(config: Config, at: int) -> Finding:
    path = str(config.password_file)
    try:
        mode = stat.S_IMODE(config.password_file.stat().st_mode)
        readable = os.access(config.password_file, os.R_OK)
    except OSError:
        return _found("password-file.unreadable", at, path=path)
    if not readable:
        return _found("password-file.unreadable", at, path=path)
    if mode & _OTHERS:
        return _found("password-file.open", at, path=path, mode=f"{mode:04o}")
    return _found("password-file.ok", at, path=path)


# --- the server


async def _server(bench: Bench) -> list[Finding]:
    """An unsigned request is refused by Keyturn itself, with its clock's reading."""
    server = bench.config.server
    try:
        async with bench.client(bench.config) as client:
            answer = await client.post(MESSAGES, content=b"")
    except (httpx.HTTPError, OSError, TimeoutError) as error:
        down = link_down(error)
        cause = down.cause if down.cause in _SERVER_CAUSES else "closed"
        unseen = _found("clock.unseen", bench.now())
        return [_found(f"server.{cause}", bench.now(), server=server, said=down.detail), unseen]
    at = bench.now()
    if answer.status_code not in {httpx.codes.BAD_REQUEST, httpx.codes.TOO_MANY_REQUESTS}:
        found = _found("server.other", at, server=server, status=answer.status_code)
    else:
        found = _found("server.ok", at, server=server)
    return [found, _clock(answer.headers.get("date", ""), at)]


def _clock(date: str, at: int) -> Finding:
    """Against the server's Date header (RFC 9110 §6.6.1), which has whole seconds."""
    try:
        theirs = int(parsedate_to_datetime(date).timestamp() * 1000)
    except ValueError:
        return _found("clock.unseen", at)
    ahead = at - theirs
    cause = "clock.ok" if abs(ahead) <= CLOCK_MS else "clock.wrong"
    return _found(cause, at, ahead_ms=ahead, way="ahead of" if ahead > 0 else "behind")


# --- the directory


async def _directory(bench: Bench) -> list[Finding]:
    config, controller = bench.config, bench.config.controller
    try:
        driver = bench.driver(config)
    except ImportError:
        return _unseen(_of_kind(config, "no-driver"), bench.now())
    except (OSError, ValueError) as error:
        return _unseen("controller.settings", bench.now(), said=str(error))
    try:
        topology = await driver.topology(controller)
    except Unreachable as unreachable:
        cause = unreachable.cause if unreachable.cause in _CONTROLLER_CAUSES else "gone"
        facts: dict[str, Value] = {
            "controller": controller, "said": unreachable.detail, "account": config.account,
        }  # fmt: skip
        return _unseen(_of_kind(config, cause), bench.now(), **facts)
    at = bench.now()
    found = [_found(_of_kind(config, "ok"), at, controller=controller)]
    same = topology.domain.lower() == config.directory
    facts = {"domain": topology.domain, "directory": config.directory}
    found.append(_found("domain.ok" if same else "domain.other", at, **facts))
    return [*found, await _account(driver, config, at)]


async def _logs(bench: Bench) -> list[Finding]:
    """Whether the logs of bad logons that agent.toml names can be read, and tell anything."""
    named = logs(bench.config).of
    if not named and bench.config.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return [_found("logs.none", bench.now())]
    return [await _log(host, log, bench.now()) for host, log in named.items()]


async def _log(host: str, log: LogonLog, at: int) -> Finding:
    try:
        told = await log.bad_logons(at - DAY)
    except Unread as unread:
        return Finding(f"logs.{unread.cause}", host, at, {"controller": host})
    cause = "logs.empty" if told.since is None else "logs.ok"
    return Finding(cause, host, at, {"controller": host, "since": told.since})


def _of_kind(config: Config, cause: str) -> str:
    """The cause as it is told of that kind of directory."""
    special = f"controller.smb-{cause}"
    if config.kind is DirectoryKind.WORKGROUP and special in CATALOGUE.causes:
        return special
    return f"controller.{cause}"


def _unseen(cause: str, at: int, **facts: Value) -> list[Finding]:
    return [_found(cause, at, **facts), _found("domain.unseen", at), _found("account.unseen", at)]


async def _account(driver: Driver, config: Config, at: int) -> Finding:
    """Our own account, as the directory shows it to us: it must be able to read at least that."""
    try:
        view = await driver.find(config.controller, config.account)
    except NotFound:
        return _found("account.absent", at, account=config.account)
    except Unreachable:
        return _found("account.unseen", at)
    facts: dict[str, Value] = {"account": config.account, "ends_at": view.password_expires_at}
    if view.password_expires_at is not None:
        return _found("account.expires", at, **facts)
    return _found("account.ok", at, **facts)
