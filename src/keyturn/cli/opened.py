"""Opening the installation for a command, and who the command is."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from keyturn import wiring
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.flows import staff, tenants
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import HOST
from keyturn.settings import load
from keyturn.steps.naming import name_of
from keyturn.wiring import CannotOpen, House

T = TypeVar("T")

_WORDS = {
    "newer": ("The database was made by a newer release of Keyturn ({}).",
              "Install that release, or go back to a backup."),
    "not-ours": ("The database holds tables that are not Keyturn's: {}.",
                 "Give Keyturn a database of its own in store.url."),
    "keys": ("The key ring cannot be used: {}.",
             "It must be the file that this database was made with, mode 0600."),
    "folder": ("The data folder cannot be used: {}.",
               "store.data_dir must be a folder that this user may write."),
    "ranges": ("The range file cannot be used: {}.",
               "Each line is a network, a kind (vpn, proxy, hosting, carrier, mobile) and a name."),
    "demo": ("The data in {} belong to a demo, in which time can be moved and codes are shown.",
             "Run it with `keyturn demo --keep`, or choose another store.data_dir."),
}  # fmt: skip


def _open(config: Path | None) -> House:
    return wiring.open_house(load(config))


@dataclass(slots=True)
class Opener:
    """How commands open the installation: `keyturn demo COMMAND` puts in its own way."""

    open: Callable[[Path | None], House] = _open


OPENER = Opener()


@dataclass(frozen=True, slots=True)
class Desk:
    """An open installation, and one tenant of it, for a command."""

    house: House
    tenant: Tenant

    @property
    def caller(self) -> Caller:
        """The command, as the audit trail shows it."""
        return caller(self.tenant)

    @property
    def staff(self) -> Staff:
        """The command, as staff."""
        return staff.on_the_host(self.caller)

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Drive a flow to its end."""
        return asyncio.run(flow)

    def user(self, typed: str) -> User:
        """Whom a name or id belongs to. Raises NotDone."""
        name = name_of(self.house.parts, self.tenant, typed)

        def look(tx: Tx) -> User | None:
            found = tx.users.named(self.tenant.id, name) if name else None
            return found or tx.users.get(self.tenant.id, typed)

        found = self.house.store.submit_read(look).result()
        if found is None or found.id == self.tenant.id:
            remedy = "`keyturn user list WORD` searches names, addresses and numbers."
            raise NotDone(f"Nobody in {self.tenant.name} is called `{typed[:60]}`.", remedy)
        return found


def caller(tenant: Tenant) -> Caller:
    """A command on the host; `ip` is empty because it came over no network."""
    return Caller(tenant=tenant, browser="", offers=(), ip="", client_name=who())


def who() -> str:
    """What the audit trail shows as a command's client."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        name = "?"
    return f"{HOST} ({name})"


def refusal(error: CannotOpen) -> NotDone:
    """Why the installation cannot be opened, in words."""
    what, remedy = _WORDS[error.cause]
    return NotDone(what.format(error.detail), remedy)


@contextmanager
def opened(config: Path | None) -> Iterator[House]:
    """The installation that the settings name. Raises NotDone."""
    try:
        house = OPENER.open(config)
    except CannotOpen as error:
        raise refusal(error) from error
    try:
        yield house
    finally:
        house.close()


@contextmanager
def desk(config: Path | None, slug: str | None) -> Iterator[Desk]:
    """The installation and the tenant `slug`, or its only one. Raises NotDone."""
    with opened(config) as house:
        found = asyncio.run(tenants.everyone(house.parts))
        yield Desk(house, _chosen(found, slug))


def _chosen(found: tuple[Tenant, ...], slug: str | None) -> Tenant:
    names = ", ".join(t.slug for t in found)
    if not found:
        raise NotDone("There is no tenant yet.", "`keyturn tenant add` makes one.")
    if slug is None and len(found) == 1:
        return found[0]
    if slug is None:
        raise WrongUse("There are several tenants.", f"Choose with --tenant: {names}.")
    for tenant in found:
        if tenant.slug == slug:
            return tenant
    raise NotDone(f"There is no tenant `{slug[:40]}`.", f"There is: {names}.")
