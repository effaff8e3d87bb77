"""LDAP through a channel: bind, search, modify. Each call waits in a thread of a bounded pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import ldap
from ldap.controls import LDAPControl, SimplePagedResultsControl
from ldap.ldapobject import SimpleLDAPObject

from keyturn.agent.directories.active_directory.channel import Channel

T = TypeVar("T")
Entry = Mapping[str, Sequence[bytes]]
Modification = tuple[int, str, list[bytes]]

BASE, ONE, SUBTREE = ldap.SCOPE_BASE, ldap.SCOPE_ONELEVEL, ldap.SCOPE_SUBTREE
_ANY = "(objectClass=*)"
#: Windows answers at most 1000 entries without paging (MaxPageSize); fewer is kinder
_PAGE = 500


class Broken(Exception):
    """The connection is of no use any more. Whether a call arrived is not known."""


class Said(Exception):
    """The controller answered, and it was no.

    Attributes:
        result: LDAP result code (RFC 4511 §4.1.9).
        diagnostic: the message that came with it.
    """

    def __init__(self, result: int, diagnostic: str) -> None:
        super().__init__(result, diagnostic)
        self.result = result
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Root:
    """What the rootDSE says (MS-ADTS 3.1.1.3.2).

    Attributes:
        token: SIDs of whoever is bound here, its own and its groups'.
    """

    base: str
    configuration: str
    controls: frozenset[str]
    vendor: str
    token: frozenset[bytes]


class Connection:
    """One LDAP connection. Not for two calls at the same time.

    Attributes:
        host: DNS name of the controller.
        kept: it was used before, so that it may have died meanwhile.
        root: the rootDSE as seen after the bind; see `service.py`.
    """

    def __init__(self, host: str, channel: Channel, pool: Executor, seconds: float) -> None:
        self.host = host
        self.kept = False
        self.root = Root("", "", frozenset(), "", frozenset())
        self._channel = channel
        self._pool = pool
        # "ldap" because the channel is the protection; the socket leads nowhere else.
        self._ldap = SimpleLDAPObject(f"ldap://{host}", fileno=channel.take())
        self._ldap.set_option(ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3)
        self._ldap.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        self._ldap.set_option(ldap.OPT_RESTART, ldap.OPT_OFF)
        self._ldap.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        self._ldap.timeout = seconds

    @property
    def closed(self) -> bool:
        """The controller has hung up."""
        return self._channel.closed

    def close(self) -> None:
        """At once; a call that still waits ends with Broken. libldap's own memory goes with
        the object, when the thread that used it is done.
        """
        self._channel.close()

    async def bind(self, who: str, password: str) -> None:
        """Simple bind. Raises Said, Broken; never call it with an empty password."""
        await self._call(lambda: self._ldap.simple_bind_s(who, password))

    async def read(
        self, name: str, attributes: Sequence[str], controls: Sequence[LDAPControl] = ()
    ) -> tuple[str, Entry]:
        """One entry, by distinguished name or <GUID=…>. Raises Said (32: there is none), Broken."""
        found = await self._call(
            lambda: self._ldap.search_ext_s(
                name, BASE, _ANY, list(attributes), serverctrls=list(controls)
            )
        )
        entries = _entries(found)
        if not entries:
            raise Said(ldap.NO_SUCH_OBJECT.errnum, "")
        return entries[0]

    async def search(
        self, base: str, scope: int, text: str, attributes: Sequence[str], most: int = 0
    ) -> list[tuple[str, Entry]]:
        """All entries that match, page by page; with `most`, no more than that and no further
        page. Raises Said, Broken.
        """
        pages = SimplePagedResultsControl(criticality=True, size=most or _PAGE, cookie="")
        found: list[tuple[str, Entry]] = []
        while True:
            _kind, data, _id, answers = await self._call(
                lambda: self._ldap.result3(
                    self._ldap.search_ext(base, scope, text, list(attributes), serverctrls=[pages])
                )
            )
            found += _entries(data)
            pages.cookie = _cookie(answers)
            if most or not pages.cookie:
                return found

    async def modify(
        self, name: str, changes: Sequence[Modification], controls: Sequence[LDAPControl]
    ) -> None:
        """One modify. Raises Said; with Broken it may have been made."""
        await self._call(
            lambda: self._ldap.modify_ext_s(name, list(changes), serverctrls=list(controls))
        )

    async def _call(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work)
        except ldap.LDAPError as error:
            raise _understood(error) from None


def _understood(error: ldap.LDAPError) -> Said | Broken:
    """Errors of libldap itself have negative numbers; the controller's are its result codes."""
    details: dict[str, Any] = error.args[0] if error.args else {}
    result = details.get("result", -1)
    if result < 0:
        return Broken(str(details.get("desc", type(error).__name__)))
    return Said(result, str(details.get("info", "")))


def _entries(found: Sequence[tuple[Any, ...]]) -> list[tuple[str, Entry]]:
    """Without the referrals to other domains that come among them."""
    return [(entry[0], entry[1]) for entry in found if entry[0] is not None]


def _cookie(answers: Sequence[LDAPControl]) -> bytes:
    pages = (a for a in answers if a.controlType == SimplePagedResultsControl.controlType)
    return next((page.cookie for page in pages), b"")
