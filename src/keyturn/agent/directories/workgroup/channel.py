"""SMB 3.1.1 with encryption: a pipe to SAMR, and a password tried by a logon.

What protects a call: the dialect is 3.1.1 or nothing, so that the hash of the negotiation is
part of every key (MS-SMB2 3.1.4.4); the session must be encrypted, AES-GCM or -CCM with a key
that only whoever knows the account's password can have.  SMB 1, SMB 2, NTLM without a sealed
session, guests: refused.
"""

from __future__ import annotations

import logging
from datetime import UTC
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from smbprotocol import Dialects
from smbprotocol.connection import Connection
from smbprotocol.exceptions import (
    AccessDenied,
    SMBConnectionClosed,
    SMBException,
    SMBResponseException,
)
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from keyturn.agent.directories.workgroup.line import Broken, Line
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.workgroup import tried

_PIPE = "samr"
_READ_MOST = 8192
#: it tells of every packet, at its own discretion
logging.getLogger("smbprotocol").setLevel(logging.WARNING)
logging.getLogger("spnego").setLevel(logging.WARNING)


class Denied(Exception):
    """The machine does not let this account in.

    Attributes:
        tried: what it said of the password.
    """

    def __init__(self, tried: Tried, status: int) -> None:
        super().__init__(f"{tried.reason} (NTSTATUS 0x{status:08X})")
        self.tried = tried


class Unprotected(Exception):
    """The machine does not speak SMB 3.1.1 with encryption, or not with us."""


class _Strict(Connection):  # type: ignore[misc]  # it carries no types
    """As the library's, but: once a session is encrypted, nothing plain is taken any more, signed
    or not (MS-SMB2 3.2.5.1.1).  The library lets an unsigned plain answer pass.

    Attributes:
        server_ms: the machine's clock when it answered, ms since the epoch.
    """

    server_ms = 0

    def verify_signature(self, header: Any, session_id: int, force: bool = False) -> None:
        if any(session.encrypt_data for session in self.session_table.values()):
            raise SMBException("a plain answer in an encrypted session")
        super().verify_signature(header, session_id, force)

    def _send_smb2_negotiate(self, *words: Any, **named: Any) -> Any:
        """The library drops the machine's clock, which is said nowhere else."""
        answer = super()._send_smb2_negotiate(*words, **named)
        moment = answer["system_time"].get_value()
        self.server_ms = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
        return answer

    def close(self) -> None:
        """Hang up, from any thread."""
        if self.transport is not None:
            self.transport.close()


class Channel:
    """A pipe to SAMR in a session of its own.

    Attributes:
        key: the session's key, as applications get it (Session.ApplicationKey).
        server_ms: the machine's clock when the connection was made, ms since the epoch.
    """

    def __init__(self, line: Line, address: str, port: int, account: str, password: str) -> None:
        """Sign in and open the pipe; blocking.

        Raises OSError (no connection), Denied, Unprotected, Broken.
        """
        self._connection = _connected(line, address, port)
        try:
            session = _signed_in(self._connection, account, password)
            self._pipe = _pipe(session, address)
        except AccessDenied as said:  # this account may not use SAMR
            self._connection.close()
            raise Denied(Tried(Bind.SILENT, "unsaid"), said.status) from None
        except Exception as error:  # noqa: BLE001  whatever its thread ended with is raised here
            self._connection.close()
            raise _understood(error) from None
        self.key: bytes = session.application_key
        self.server_ms = self._connection.server_ms

    def write(self, message: bytes) -> None:
        """Raises Broken."""
        try:
            self._pipe.write(message)
        except Exception as error:  # noqa: BLE001  as above
            raise _understood(error) from None

    def read(self) -> bytes:
        """The next bytes of the pipe. Raises Broken."""
        try:
            data = bytes(self._pipe.read(0, _READ_MOST))
        except Exception as error:  # noqa: BLE001  as above
            raise _understood(error) from None
        if not data:
            raise Broken
        return data

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def attempt(line: Line, address: str, port: int, account: str, password: str) -> Tried:
    """Try a password once; blocking.

    A success counts only when the session was also ended under its key: whoever sits on the wire
    can say "welcome", and so do machines that let anybody in.
    Raises OSError, Unprotected, Broken.
    """
    connection = _connected(line, address, port)
    try:
        _signed_in(connection, account, password).disconnect()
    except Exception as error:  # noqa: BLE001  as above
        understood = _understood(error)
        if isinstance(understood, Denied):
            return understood.tried
        if isinstance(understood, Broken) and not _forged(error):
            raise understood from None
        return Tried(Bind.SILENT, "unsaid")
    finally:
        connection.close()
    return Tried(Bind.RIGHT, "")


def _connected(line: Line, address: str, port: int) -> _Strict:
    """Raises OSError, Unprotected, Broken."""
    connection = _Strict(uuid4(), address, port, require_signing=True)
    line.hold(connection)
    try:
        # its own time-out only ends what ours could not: a TCP connection that is being made
        connection.connect(dialect=Dialects.SMB_3_1_1, timeout=line.seconds + 1)
        line.going()
    except ValueError as error:  # so the library says that there is no connection
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        connection.close()
        raise Broken(str(error)[:200]) from None
    except SMBResponseException as said:
        connection.close()
        raise Unprotected(f"no SMB 3.1.1 (NTSTATUS 0x{said.status:08X})") from None
    except Exception as error:  # noqa: BLE001  as above
        connection.close()
        raise _understood(error) from None
    if not connection.supports_encryption:
        connection.close()
        raise Unprotected("SMB 3.1.1 without encryption")
    return connection


def _signed_in(connection: _Strict, account: str, password: str) -> Session:
    session = Session(connection, account, password, require_encryption=True, auth_protocol="ntlm")
    try:
        session.connect()
    except SMBResponseException as said:
        raise Denied(tried(said.status), said.status) from None
    return session


def _pipe(session: Session, address: str) -> Open:
    tree = TreeConnect(session, rf"\\{address}\IPC$")
    tree.connect()
    pipe = Open(tree, _PIPE)
    pipe.create(
        ImpersonationLevel.Impersonation,
        FilePipePrinterAccessMask.FILE_READ_DATA | FilePipePrinterAccessMask.FILE_WRITE_DATA,
        FileAttributes.FILE_ATTRIBUTE_NORMAL,
        ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE,
        CreateDisposition.FILE_OPEN,
        CreateOptions.FILE_NON_DIRECTORY_FILE,
    )
    return pipe


def _forged(error: Exception) -> bool:
    """What came was not made with the key that the password makes."""
    return isinstance(error, InvalidTag)


def _understood(error: Exception) -> Exception:
    """As this package says it."""
    match error:
        case Denied() | Unprotected() | Broken():
            return error
        case SMBConnectionClosed() | OSError() | InvalidTag() | SMBResponseException():
            return Broken(str(error)[:200] or type(error).__name__)
        case SMBException():  # a guest; an answer in clear; no encryption
            return Unprotected(str(error)[:200])
        case _:
            return Broken(type(error).__name__)
