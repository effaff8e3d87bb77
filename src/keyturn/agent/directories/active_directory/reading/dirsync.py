"""LDAP_SERVER_DIRSYNC (MS-ADTS 3.1.1.3.4.1.3): what was written since a cookie.

    DirSyncRequestValue ::= SEQUENCE { Flags INTEGER, MaxBytes INTEGER, Cookie OCTET STRING }
    DirSyncResponseValue ::= SEQUENCE { MoreResults INTEGER, unused INTEGER, CookieServer … }

A cookie names, for each controller of the domain, up to where its writes are known (an
up-to-dateness vector), so that another controller goes on from it as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from ldap.controls import LDAPControl, RequestControl, ResponseControl
from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import namedtype, univ

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import SUBTREE
from keyturn.agent.directories.ldap.values import Entry

OID: Final = "1.2.840.113556.1.4.841"
#: LDAP_DIRSYNC_OBJECT_SECURITY: whatever the account may read, and nothing that it may not
_OBJECT_SECURITY: Final = 0x1
#: LDAP_DIRSYNC_INCREMENTAL_VALUES: of a link, what came and went; the sign bit of 32
_INCREMENTAL_VALUES: Final = -0x8000_0000
_MOST_BYTES: Final = 0x10_0000
#: LDAP_SERVER_EXTENDED_DN (…529), in text: a link's value begins with <GUID=…>
_EXTENDED: Final = LDAPControl(
    "1.2.840.113556.1.4.529", True, encodedControlValue=b"\x30\x03\x02\x01\x01"
)


class _Value(univ.Sequence):  # type: ignore[misc]  # pyasn1 carries no types
    componentType = namedtype.NamedTypes(  # noqa: N815  pyasn1's name
        namedtype.NamedType("first", univ.Integer()),
        namedtype.NamedType("second", univ.Integer()),
        namedtype.NamedType("cookie", univ.OctetString()),
    )


class _Request(RequestControl):  # type: ignore[misc]  # python-ldap carries no types
    def __init__(self, cookie: bytes) -> None:
        value = _Value()
        value["first"] = _OBJECT_SECURITY | _INCREMENTAL_VALUES
        value["second"] = _MOST_BYTES
        value["cookie"] = cookie
        super().__init__(OID, criticality=True, encodedControlValue=encoder.encode(value))


class _Response(ResponseControl):  # type: ignore[misc]  # as above
    controlType = OID  # noqa: N815  python-ldap's name

    def decodeControlValue(self, encodedControlValue: bytes) -> None:  # noqa: N802, N803  as above
        value, _rest = decoder.decode(encodedControlValue, asn1Spec=_Value())
        self.more = bool(value["first"])
        self.cookie = bytes(value["cookie"])


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what was written.

    Attributes:
        entries: names and values of what was written, and no more; for each the objectGUID.
        cookie: to go on from, with the last part of an answer; else b"".
        more: there is more at once from that cookie.
    """

    entries: list[tuple[str, Entry]]
    cookie: bytes
    more: bool


async def written(
    connection: Connection, cookie: bytes, condition: str, attributes: Sequence[str]
) -> AsyncIterator[Part]:
    """One answer, part by part.

    Args:
        cookie: b"" for all that ever was.
        condition: a filter on what an object is now. attributes: those whose writing counts.

    Raises Said, Broken.
    """
    number = await connection.ask(
        connection.root.base, SUBTREE, condition, attributes, [_Request(cookie), _EXTENDED]
    )
    async for part in connection.answers(number, {OID: _Response}):
        end = next((c for c in part.controls or () if c.controlType == OID), None)
        yield Part(part.entries, end.cookie if end else b"", end.more if end else False)
