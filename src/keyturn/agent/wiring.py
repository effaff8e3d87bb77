"""Builds an agent out of its settings: the one file of this side that knows every part."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from keyturn import __version__
from keyturn.agent import keys as keyring
from keyturn.agent import system
from keyturn.agent.bell import Bell, Way
from keyturn.agent.charting import Chart
from keyturn.agent.config import Config
from keyturn.agent.executor import Executor
from keyturn.agent.journal import Journal
from keyturn.agent.keeper import Keeper, Life, Sight, Tools
from keyturn.agent.keys import Keys
from keyturn.agent.link import HttpLink, http_client, tls_context
from keyturn.agent.logons.audit_file import AuditFile
from keyturn.agent.logons.events import EventLog
from keyturn.agent.logons.ports import Logs
from keyturn.agent.numbers import COMMAND_FILE, Numbers
from keyturn.agent.ports import Connected, Inspector
from keyturn.agent.run import Agent
from keyturn.agent.standing import Held, Place, Standing
from keyturn.agent.state import State
from keyturn.agent.status import Seen, Status
from keyturn.agent.surveying import Plain, Surveyor
from keyturn.agent.system import BootClock, WallClock
from keyturn.agent.who import Who
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.wire.messages import COMMAND
from keyturn.wire.session import Speaker
from keyturn.wire.signatures import NEW

JOURNAL = "journal.sqlite"
#: free space below which nothing can be trusted to be journaled
DISK_BYTES = 200 * 10**6


@dataclass(frozen=True, slots=True)
class Built:
    """An agent, and what tells how it stands."""

    agent: Agent
    status: Status


class RealPauses:
    """Waits on the loop's clock."""

    async def pause(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    def jitter(self, ms: int) -> int:
        return system.chance_ms(ms)


def driver(config: Config) -> Connected:
    """The directory, of its kind.

    Raises OSError (password file, CA file), ssl.SSLError (CA file), ValueError (names).
    """
    password = config.password_file.read_text(encoding="utf-8").rstrip("\r\n")
    match config.kind:
        case DirectoryKind.OPENLDAP:
            return _openldap(config, password)
        case DirectoryKind.ACTIVE_DIRECTORY:
            return _active_directory(config, password)
        case DirectoryKind.WORKGROUP:
            return _workgroup(config, password)


def _active_directory(config: Config, password: str) -> Connected:
    from keyturn.agent.directories.active_directory import (  # noqa: PLC0415  python-ldap is not
        ActiveDirectory,  # needed to enrol, approve or print a status
        Settings,
    )

    settings = Settings(config.account, password, config.ca_file, addresses=config.addresses)
    return ActiveDirectory(settings, WallClock().now)


def _openldap(config: Config, password: str) -> Connected:
    from keyturn.agent.directories.openldap import OpenLdap, Settings  # noqa: PLC0415  as above

    settings = Settings(
        config.account, password, config.ca_file, addresses=config.addresses, base=config.base,
        domain=config.directory, servers=(config.controller, *config.servers),
        policy=config.policy, protected=config.protected,
    )  # fmt: skip
    if config.port:
        settings = replace(settings, port=config.port)
    return OpenLdap(settings, WallClock().now)


def _workgroup(config: Config, password: str) -> Connected:
    from keyturn.agent.directories.workgroup import Settings, Workgroup  # noqa: PLC0415  as above

    settings = Settings(config.account, password, addresses=config.addresses)
    if config.port:
        settings = replace(settings, port=config.port)
    return Workgroup(settings, WallClock().now)


def logs(config: Config) -> Logs:
    """Where this agent reads of bad logons."""
    files = {host: AuditFile(host, path) for host, path in config.audit_logs.items()}
    programs = {host: EventLog(host, words) for host, words in config.event_programs.items()}
    return Logs({**files, **programs}, WallClock().now)


def inspector(directory: Connected) -> Inspector:
    """What looks how the directory is: of its kind, or what every kind can tell."""
    found: Inspector = getattr(directory, "inspector", None) or Plain(directory)
    return found


def health(state: State, journal: Journal) -> str:
    """What a beat says of this machine: "" while all is well, else JSON of short facts."""
    facts: dict[str, object] = {}
    free = shutil.disk_usage(state.path).free
    if free < DISK_BYTES:
        facts["disk_free"] = free // 10**7 * 10**7  # roughly: it is stored when it changes
    if not journal.intact:
        facts["journal"] = "lost"  # what it knew is read in the directory instead
    return json.dumps(facts) if facts else ""


def life(config: Config) -> Life:
    """A fresh run on this machine."""
    return Life(
        system.fresh_id(), config.controller, __version__, system.machine(), system.place(),
        system.boot_id(),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def built(
    config: Config, state: State, who: Who, keys: Keys, directory: Connected
) -> AsyncIterator[Built]:
    """An agent ready to live; the directory is closed in the end. The caller holds the state
    folder's lock.

    Raises StateUnusable, journal_file.Locked.
    """
    now, ticks, pauses = life(config), BootClock(), RealPauses()
    speaker = Speaker(
        keys.signing, who.server_key, who.server, who.agent_id, now.run_id, Numbers(state).next
    )
    tls = tls_context(config.server_ca_file) if who.server.startswith("https:") else None
    client = http_client(who.server, config.server_ca_file, config.proxy)
    journal = Journal(state.path / JOURNAL)
    async with HttpLink(speaker, client) as link:
        try:
            bell = Bell(speaker, link, Way(who.server, config.proxy, tls), system.chance_ms)
            tools = Tools(link, bell, state, keys, ticks, WallClock(), pauses)

            def tell(sight: Sight) -> None:
                status.tell(sight)

            keeper = Keeper(tools, who, now, health=lambda: health(state, journal), tell=tell)
            chart = Chart(config.controller, directory, journal)
            surveyor = Surveyor(
                now.run_id, config.controller, who.directory, inspector(directory), link,
                WallClock(), lambda: keeper.held is not None, chart, lambda: executor.scope,
            )  # fmt: skip
            executor = Executor(
                Standing(
                    place=Place(who.agent_id, who.directory_id, now.run_id, config.controller),
                    driver=directory,
                    link=link,
                    journal=journal,
                    ticks=ticks,
                    chart=chart,
                    lease=lambda: _lease(keeper),
                    keys=lambda: (keys.sealing,),
                    wall=WallClock().now,
                    logs=logs(config),
                    source=directory.source,
                ),
                surveyor.survey,
                config.look_s * 1000,
            )
            seen = Seen(
                ticks, WallClock(), lambda: keeper.held, lambda: bell.socket,
                lambda: executor.busy,
            )  # fmt: skip
            status = Status(state, now, seen)
            yield Built(Agent(keeper, bell, link, executor, ticks, pauses, now.run_id), status)
        finally:
            journal.close()
            directory.close()


def _lease(keeper: Keeper) -> Held | None:
    held = keeper.held
    return Held(held.epoch, held.until) if held else None


@contextlib.asynccontextmanager
async def command_link(config: Config, state: State, who: Who) -> AsyncIterator[HttpLink]:
    """A link for one command beside the running agent: a lane and numbers of its own.

    Raises StateUnusable.
    """
    keys = keyring.load_or_make(state)
    with state.lock("command.lock", wait=True):
        numbers = Numbers(state, COMMAND_FILE, block=1)
        speaker = Speaker(
            keys.signing, who.server_key, who.server, who.agent_id, COMMAND, numbers.next
        )
        client = http_client(who.server, config.server_ca_file, config.proxy)
        async with HttpLink(speaker, client) as link:
            yield link


@contextlib.asynccontextmanager
async def enrolling_link(config: Config, keys: Keys) -> AsyncIterator[HttpLink]:
    """A link for an agent that has no id yet."""
    speaker = Speaker(keys.signing, None, config.server, NEW, system.fresh_id(), lambda _lane: 1)
    async with HttpLink(
        speaker, http_client(config.server, config.server_ca_file, config.proxy)
    ) as link:
        yield link
