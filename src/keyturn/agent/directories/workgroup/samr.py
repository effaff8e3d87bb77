"""MS-SAMR: the calls that are needed, each as the specification numbers it (3.1.5)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Protocol

from keyturn.agent.directories.workgroup import sealing
from keyturn.agent.directories.workgroup.ndr import Malformed, Reader, Target, Writer
from keyturn.agent.directories.workgroup.records import (
    LockoutPolicy,
    PasswordPolicy,
    Setting,
    User,
    all_information,
    entries,
    union,
    user,
)
from keyturn.agent.directories.workgroup.rpc import Fault

OK: Final = 0
MORE_ENTRIES: Final = 0x0000_0105
SOME_NOT_MAPPED: Final = 0x0000_0107
NONE_MAPPED: Final = 0xC000_0073
NO_SUCH_USER: Final = 0xC000_0064
_CONTINUING = {OK, MORE_ENTRIES}

_CLOSE, _LOOKUP_DOMAIN, _DOMAINS, _OPEN_DOMAIN = 1, 5, 6, 7
_USERS, _ALIASES_OF, _LOOKUP_NAMES, _OPEN_USER = 13, 16, 17, 34
_GROUPS_OF, _QUERY_DOMAIN, _QUERY_USER, _SET_USER, _CONNECT = 39, 46, 47, 58, 64

#: SAM_SERVER_CONNECT | ENUMERATE_DOMAINS | LOOKUP_DOMAIN (2.2.1.3)
_SERVER_ACCESS = 0x0031
#: DOMAIN_READ_PASSWORD_PARAMETERS | READ_OTHER_PARAMETERS | GET_ALIAS_MEMBERSHIP |
#: LIST_ACCOUNTS | LOOKUP (2.2.1.4)
_DOMAIN_ACCESS = 0x0385
#: USER_READ_GENERAL | READ_PREFERENCES | READ_LOGON | READ_ACCOUNT | LIST_GROUPS (2.2.1.7)
USER_READ: Final = 0x011B
#: the same, and USER_WRITE_ACCOUNT | FORCE_PASSWORD_CHANGE
USER_SET: Final = USER_READ | 0x00A0

_PASSWORD_POLICY, _LOCKOUT_POLICY = 1, 12
_COMPLEX = 1
_ALL, _ALL_AND_PASSWORD_RC4, _ALL_AND_PASSWORD_AES = 21, 25, 32
_REVISION, _AES = 3, 0x10
_USER = 1  # SidTypeUser
_NO_SUCH_LEVEL: Final = 0xC000_0003  # STATUS_INVALID_INFO_CLASS
#: of a level that is not even read: RPC_X_BAD_STUB_DATA, RPC_S_INVALID_TAG, nca_s_fault_invalid_tag
_NOT_UNDERSTOOD: Final = {0x6F7, 0x6C5, 0x1C00_0006}
#: bytes of one part of a list
_PART = 64 * 1024
_NAMES_MOST = 1000


class Client(Protocol):
    """What carries a call (rpc.Client)."""

    def call(self, operation: int, stub: bytes) -> bytes: ...


class Said(Exception):
    """The machine answered, and it was no.

    Attributes:
        status: NTSTATUS.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"NTSTATUS 0x{status:08X}")
        self.status = status


class Sam:
    """One machine's SAM, as one signed-in account sees it. Every method raises Said and what the
    client raises.
    """

    def __init__(self, client: Client, key: bytes, host: str) -> None:
        """Args:
        key: the SMB session's, as applications get it.
        """
        self._client = client
        self._key = key
        self._server = self._connect(host)

    def _call(self, operation: int, stub: Writer, fine: frozenset[int] = frozenset({OK})) -> Reader:
        answer = self._client.call(operation, stub.done())
        if len(answer) < 4:  # noqa: PLR2004  every answer ends with its status
            raise Malformed
        status = int.from_bytes(answer[-4:], "little")
        if status not in fine:
            raise Said(status)
        return Reader(answer[:-4])

    def _connect(self, host: str) -> bytes:
        """SamrConnect5."""
        stub = Writer().string(f"\\\\{host}").u32(_SERVER_ACCESS, 1, 1, _REVISION, _AES)
        answer = self._call(_CONNECT, stub)
        answer.skip(4 * 4)  # version and features: Samba does not list its AES among them
        return answer.raw(20)

    def close(self, handle: bytes) -> None:
        """SamrCloseHandle."""
        self._call(_CLOSE, Writer().raw(handle))

    # --- domains

    def domains(self) -> list[str]:
        """SamrEnumerateDomainsInSamServer: the machine's own name and Builtin."""
        stub = Writer().raw(self._server).u32(0, _PART)
        answer = self._call(_DOMAINS, stub)
        answer.u32()
        return [name for _rid, name in entries(answer)]

    def lookup_domain(self, name: str) -> bytes:
        """SamrLookupDomainInSamServer: its SID."""
        answer = self._call(_LOOKUP_DOMAIN, Writer().raw(self._server).unicode(name))
        if not answer.u32():
            raise Malformed
        return answer.sid()

    def open_domain(self, sid: bytes) -> bytes:
        """SamrOpenDomain."""
        stub = Writer().raw(self._server).u32(_DOMAIN_ACCESS).sid(sid)
        return self._call(_OPEN_DOMAIN, stub).raw(20)

    def password_policy(self, domain: bytes) -> PasswordPolicy:
        """SamrQueryInformationDomain2, DomainPasswordInformation."""
        answer = self._query_domain(domain, _PASSWORD_POLICY).align(4)
        return PasswordPolicy(
            min_length=answer.u16(),
            history=answer.u16(),
            complexity=bool(answer.u32() & _COMPLEX),
            max_age=answer.i64(),
            min_age=answer.i64(),
        )

    def lockout_policy(self, domain: bytes) -> LockoutPolicy:
        """SamrQueryInformationDomain2, DomainLockoutInformation."""
        answer = self._query_domain(domain, _LOCKOUT_POLICY)
        return LockoutPolicy(answer.i64(8), answer.i64(8), answer.u16())

    def _query_domain(self, domain: bytes, level: int) -> Reader:
        return union(self._call(_QUERY_DOMAIN, Writer().raw(domain).u16(level)), level)

    # --- accounts

    def users(self, domain: bytes, flags: int) -> list[int]:
        """SamrEnumerateUsersInDomain: relative identifiers of those with one of these flags."""
        found: list[int] = []
        resume, more = 0, True
        while more:
            stub = Writer().raw(domain).u32(resume, flags, _PART)
            answer = self._client.call(_USERS, stub.done())
            status = int.from_bytes(answer[-4:], "little")
            if status not in _CONTINUING:
                raise Said(status)
            reader = Reader(answer[:-4])
            resume = reader.u32()
            part = [rid for rid, _name in entries(reader)]
            found += part
            more = status == MORE_ENTRIES and bool(part)
        return found

    def lookup_user(self, domain: bytes, name: str) -> int | None:
        """SamrLookupNamesInDomain: the relative identifier of a user's account."""
        stub = Writer().raw(domain).u32(1, _NAMES_MOST, 0, 1).unicode(name)
        try:
            answer = self._call(_LOOKUP_NAMES, stub, frozenset({OK, SOME_NOT_MAPPED}))
        except Said as said:
            if said.status == NONE_MAPPED:
                return None
            raise
        rids, kinds = answer.longs(), answer.longs()
        return rids[0] if kinds == (_USER,) and len(rids) == 1 else None

    def open_user(self, domain: bytes, rid: int, access: int) -> bytes | None:
        """SamrOpenUser; None if there is none."""
        try:
            return self._call(_OPEN_USER, Writer().raw(domain).u32(access, rid)).raw(20)
        except Said as said:
            if said.status == NO_SUCH_USER:
                return None
            raise

    def user(self, handle: bytes) -> User:
        """SamrQueryInformationUser2, UserAllInformation."""
        answer = self._call(_QUERY_USER, Writer().raw(handle).u16(_ALL))
        return user(union(answer, _ALL).align(4))

    def groups_of(self, handle: bytes) -> list[int]:
        """SamrGetGroupsForUser: groups of the same domain."""
        answer = self._call(_GROUPS_OF, Writer().raw(handle))
        if not answer.u32():
            return []
        count = answer.u32()
        if not answer.u32():
            return []
        answer.u32()
        return [_first(answer.u32(), answer.u32()) for _ in range(count)]

    def aliases_of(self, domain: bytes, members: Sequence[bytes]) -> tuple[int, ...]:
        """SamrGetAliasMembership: aliases of that domain which any of these SIDs is in."""

        def sids(later: Writer) -> None:
            later.u32(len(members))
            for member in members:
                later.pointer(_points_to(member))

        stub = Writer().raw(domain).u32(len(members)).pointer(sids)
        return self._call(_ALIASES_OF, stub).longs()

    # --- setting

    def set_user(self, handle: bytes, setting: Setting) -> None:
        """SamrSetInformationUser2. A machine that does not know the way of sealing says so without
        having done anything, and is told again in an older one.
        """
        if setting.password is None:
            self._set(handle, _ALL, setting, None)
            return
        *newer, oldest = SEALINGS
        for level, seal in newer:
            try:
                self._set(handle, level, setting, seal(setting.password, self._key))
            except Said as said:
                if said.status != _NO_SUCH_LEVEL:
                    raise
            except Fault as fault:
                if fault.status not in _NOT_UNDERSTOOD:
                    raise
            else:
                return
        level, seal = oldest
        self._set(handle, level, setting, seal(setting.password, self._key))

    def _set(self, handle: bytes, level: int, setting: Setting, seal: Target | None) -> None:
        stub = Writer().raw(handle).u16(level).u16(level)
        all_information(stub.align(8), setting)
        if seal is not None:
            seal(stub)
        self._call(_SET_USER, stub)


def _aes(password: str, key: bytes) -> Target:
    """SAMPR_ENCRYPTED_PASSWORD_AES."""
    salt, filling = os.urandom(sealing.SALT), os.urandom(2 * sealing.MOST)
    sealed = sealing.aes(password, key, salt, filling)

    def write(stub: Writer) -> None:
        stub.align(8).raw(sealed.tag).raw(sealed.salt).u32(len(sealed.cipher))
        stub.pointer(lambda later: later.u32(len(sealed.cipher)).raw(sealed.cipher)).u64(0)

    return write


def _rc4(password: str, key: bytes) -> Target:
    """SAMPR_ENCRYPTED_USER_PASSWORD_NEW."""
    salt, filling = os.urandom(sealing.SALT), os.urandom(2 * sealing.MOST)
    sealed = sealing.rc4(password, key, salt, filling)
    return lambda stub: stub.raw(sealed)


#: how a password is sealed, the best way first, and its level of information
SEALINGS = ((_ALL_AND_PASSWORD_AES, _aes), (_ALL_AND_PASSWORD_RC4, _rc4))


def _points_to(member: bytes) -> Target:
    return lambda later: later.sid(member)


def _first(value: int, _ignored: int) -> int:
    return value
