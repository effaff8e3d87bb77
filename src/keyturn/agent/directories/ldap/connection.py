"""LDAP through a channel: bind, search, modify. Each call waits in a thread of a bounded pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import ldap
from ldap.controls import LDAPControl, RequestControl, ResponseControl, SimplePagedResultsControl
from ldap.ldapobject import SimpleLDAPObject

from keyturn.agent.directories.ldap.channel import Channel
from keyturn.agent.directories.ldap.values import Entry

T = TypeVar("T")
Modification = tuple[int, str, list[bytes] | None]

BASE, ONE, SUBTREE = ldap.SCOPE_BASE, ldap.SCOPE_ONELEVEL, ldap.SCOPE_SUBTREE
_ANY = "(objectClass=*)"
#: Windows answers at most 1000 entries without paging (MaxPageSize); fewer is kinder
_PAGE = 500
#: entries of a long answer that are held at a time
_PART = 500
#: the longest wait for the next entry of a long answer
_PART_S = 60.0


class Broken(Exception):
    """The connection is of no use any more. Whether a call arrived is not known."""


class Said(Exception):
    """The server answered, and it was no.

    Attributes:
        result: LDAP result code (RFC 4511 §4.1.9).
        diagnostic: the message that came with it.
        controls: what came with it besides, as (OID, criticality, value).
    """

    def __init__(
        self, result: int, diagnostic: str, controls: Sequence[tuple[str, bool, bytes]] = ()
    ) -> None:
        super().__init__(result, diagnostic)
        self.result = result
        self.diagnostic = diagnostic
        self.controls = controls


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a search.

    Attributes:
        entries: in the order in which they came.
        controls: that came with the search's end; None: it goes on.
    """

    entries: list[tuple[str, Entry]]
    controls: Sequence[ResponseControl] | None


class Connection:
    """One LDAP connection. Not for two calls at the same time.

    Attributes:
        host: DNS name of the server.
        kept: it was used before, so that it may have died meanwhile.
    """

    def __init__(self, host: str, channel: Channel, pool: Executor, seconds: float) -> None:
        self.host = host
        self.kept = False
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
        """The server has hung up."""
        return self._channel.closed

    def close(self) -> None:
        """At once; a call that still waits ends with Broken. libldap's own memory goes with
        the object, when the thread that used it is done.
        """
        self._channel.close()

    async def bind(
        self, who: str, password: str, controls: Sequence[RequestControl] = ()
    ) -> Sequence[ResponseControl]:
        """Simple bind; the controls of its answer. Raises Said, Broken; never call it with an
        empty password.
        """
        answered = await self.call(
            lambda link: link.simple_bind_s(who, password, serverctrls=list(controls))
        )
        return list(answered[3] or ())

    async def read(
        self, name: str, attributes: Sequence[str], controls: Sequence[LDAPControl] = ()
    ) -> tuple[str, Entry]:
        """One entry, by distinguished name or <GUID=…>. Raises Said (32: there is none), Broken."""
        found = await self.call(
            lambda link: link.search_ext_s(
                name,
                BASE,
                _ANY,
                list(attributes),
                serverctrls=list(controls),
                timeout=link.timeout,  # python-ldap's own default here is to wait for ever
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
            _kind, data, _id, answers = await self.call(
                lambda link: link.result3(
                    link.search_ext(base, scope, text, list(attributes), serverctrls=[pages])
                )
            )
            found += _entries(data)
            pages.cookie = _cookie(answers)
            if most or not pages.cookie:
                return found

    async def ask(
        self,
        base: str,
        scope: int,
        text: str,
        attributes: Sequence[str],
        controls: Sequence[RequestControl] = (),
    ) -> int:
        """Send a search; its number, for `answers`. Raises Said, Broken."""
        return await self.call(
            lambda link: link.search_ext(
                base, scope, text, list(attributes), serverctrls=list(controls)
            )
        )

    async def answers(
        self,
        number: int,
        known: Mapping[str, type[ResponseControl]] | None = None,
        *,
        most: int = _PART,
        seconds: float = _PART_S,
    ) -> AsyncIterator[Part]:
        """What comes of a search, as it comes; the last part has controls. No more than `most`
        entries are held at a time. Whoever stops before the last must close the connection.

        Args:
            known: classes of controls in the answer, by OID, besides python-ldap's own; whatever
                else comes is dropped.
            seconds: the longest to wait for the next entry; negative: for ever.

        Raises Said, Broken.
        """
        classes = {**ldap.controls.KNOWN_RESPONSE_CONTROLS, **(known or {})}
        while True:
            part = await self.call(lambda _: self._part(number, most, seconds, classes))
            yield part
            if part.controls is not None:
                return

    def _part(
        self, number: int, most: int, seconds: float, classes: Mapping[str, type[ResponseControl]]
    ) -> Part:
        found: list[tuple[str, Entry]] = []
        while len(found) < most:
            kind, data, _id, controls = self._ldap.result3(
                number, ldap.MSG_ONE, seconds, resp_ctrl_classes=classes
            )
            if kind == ldap.RES_SEARCH_RESULT:
                return Part(found, controls)
            found += _entries(data)
        return Part(found, None)

    async def modify(
        self, name: str, changes: Sequence[Modification], controls: Sequence[LDAPControl]
    ) -> None:
        """One modify. Raises Said; with Broken it may have been made."""
        await self.call(
            lambda link: link.modify_ext_s(name, list(changes), serverctrls=list(controls))
        )

    async def call(self, work: Callable[[SimpleLDAPObject], T]) -> T:
        """Whatever python-ldap can do, in a thread. Raises Said; with Broken it may be done."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work, self._ldap)
        except ldap.LDAPError as error:
            raise _understood(error) from None


def _understood(error: ldap.LDAPError) -> Said | Broken:
    """Errors of libldap itself have negative numbers; the server's are its result codes."""
    details: dict[str, Any] = error.args[0] if error.args else {}
    result = details.get("result", -1)
    if result < 0:
        return Broken(str(details.get("desc", type(error).__name__)))
    return Said(result, str(details.get("info", "")), details.get("ctrls") or ())


def _entries(found: Sequence[tuple[Any, ...]]) -> list[tuple[str, Entry]]:
    """Without the referrals to other domains that come among them."""
    return [(entry[0], entry[1]) for entry in found if entry[0] is not None]


def _cookie(answers: Sequence[LDAPControl]) -> bytes:
    pages = (a for a in answers if a.controlType == SimplePagedResultsControl.controlType)
    return next((page.cookie for page in pages), b"")
