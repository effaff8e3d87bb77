"""What was seen: values that probes bring back and judges look at. None: not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TlsSight:
    """A TLS handshake with a server, and its certificate.

    Attributes:
        version: e.g. "TLSv1.3"; "" if there was no handshake.
        fault: "" or why it is not to be trusted: "expired", "name", "untrusted" (no chain to
            a known authority, self-signed too), "protocol" (no handshake with TLS 1.2 or 1.3).
        names: what the certificate is for; `issuer`: who made it. May be "" when untrusted.
        ends_at: when it ends, ms.
        said: the TLS library's own words for the fault.
    """

    version: str
    fault: str = ""
    names: str = ""
    issuer: str = ""
    ends_at: int | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """The way to a server.

    Attributes:
        name: "found", "absent" (no such name), "silent" (nobody answered that question).
        connection: "open", "refused", "timeout", "unreachable"; "" if it was not tried.
        address: where the connection led; `ours`: the address it came from here.
        said: the operating system's own words where it failed.
    """

    name: str
    connection: str = ""
    address: str = ""
    ours: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class SmtpSight:
    """A conversation with the mail server that sent nothing.

    Attributes:
        greeting: its first line; `greeted`: whether that was a 220.
        offers_tls: whether STARTTLS is offered; None where it was not asked.
        tls: None without TLS.
        login: "none" (not used), "right", "refused", "not-offered"; "" if it did not come so far.
        said: the server's last words.
        size: the largest mail in bytes (SIZE, RFC 1870); 0: no limit told.
        dsn: whether it reports failures as asked (RFC 3461).
    """

    way: Reached
    greeted: bool = False
    greeting: str = ""
    offers_tls: bool | None = None
    tls: TlsSight | None = None
    login: str = ""
    said: str = ""
    size: int | None = None
    dsn: bool = False


@dataclass(frozen=True, slots=True)
class GatewaySight:
    """The SMS gateway, asked without sending.

    Attributes:
        login: "right", "refused", "unclear"; "" if it did not come so far.
    """

    way: Reached
    login: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class WebSight:
    """The address that people type, seen from here."""

    host: str
    way: Reached
    tls: TlsSight | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that data live in, and the disk under it. Octets and inodes; 0 inodes in all:
    the file system has no such limit.
    """

    path: str
    there: bool
    writable: bool = False
    free: int = 0
    size: int = 0
    inodes_free: int = 0
    inodes: int = 0


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with a secret.

    Attributes:
        mode: permission bits; `ours`: it belongs to the user who looks.
        fault: "" or why it cannot be used: "unreadable", "kind", "short", "not-a-ring".
    """

    path: str
    there: bool
    mode: int = 0
    ours: bool = True
    changed_at: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class HostSight:
    """This machine.

    Attributes:
        synchronised: what the kernel says of its clock; None where it does not tell.
        jump_ms: by how much the wall clock moved against a clock that nobody can set, while
            the looking went on.
        time_server: whom else the time was asked, "" for nobody.
        time_server_ms: how far the wall clock is ahead of the time server's; None: no answer.
    """

    places: tuple[Place, ...]
    ring: KeyFile
    mail_keys: tuple[KeyFile, ...]
    synchronised: bool | None = None
    jump_ms: int = 0
    time_server: str = ""
    time_server_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RangesSight:
    """The range file. changed_at: when it was last written; fault: "" or why it is of no use."""

    path: str
    changed_at: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SeenTenant:
    """A tenant, as far as health is concerned. `sms_second`: texts count as second step."""

    id: str
    slug: str
    sender: str
    host: str | None = None
    phone: str = "off"
    lockout_scope: str = "client"
    sms_second: bool = False

    @property
    def domain(self) -> str:
        """The domain of its sender's address."""
        return self.sender.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Outbox:
    """Messages of one tenant and channel ("mail", "sms").

    Attributes:
        late: messages due for more than a minute; `oldest_due`: since when the oldest is.
        lately: how many of the last day's messages are in each state.
    """

    tenant_id: str
    channel: str
    late: int = 0
    oldest_due: int | None = None
    lately: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatabaseSight:
    """The database.

    Attributes:
        reached: "yes", "absent" (SQLite: there is no file yet), "down".
        said: its own words where it could not be reached.
        version: e.g. (16, 3); `revision`: of the tables, None for none; `wanted`: ours.
        newer: the tables are of a release that this one does not know.
        durability: settings by name, as the database writes them.
        ahead_ms: how far its clock is ahead of this host's.
        demo: made by a demo. backup_at: when it was last backed up.
    """

    reached: str
    kind: str
    said: str = ""
    version: tuple[int, ...] = ()
    revision: str | None = None
    wanted: str = ""
    newer: bool = False
    durability: Mapping[str, str] = field(default_factory=dict)
    ahead_ms: int = 0
    tenants: tuple[SeenTenant, ...] = ()
    outbox: tuple[Outbox, ...] = ()
    demo: bool = False
    backup_at: int | None = None


@dataclass(frozen=True, slots=True)
class MailKey:
    """A DKIM key that the settings name. `kind`, `public`: "" where its file is of no use."""

    domain: str
    selector: str
    path: str
    kind: str = ""
    public: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the settings say, as far as health is concerned.

    Attributes:
        listens: the address that is listened on.
        envelope: where bounces go: an address, or None for each tenant's sender.
        reads_bounces: what comes back to `envelope` is read by Keyturn itself.
        addresses: the public ones that mail leaves from, () where they are not known.
        push_hosts, push_networks: push services that are called, and networks that they may be in
            although these are not public. push_port: the first that they may be at.
        hash_work: passes x KiB of argon2id.
    """

    origin: str
    listens: str = "127.0.0.1"
    trusted_proxies: tuple[str, ...] = ()
    mail_host: str = "localhost"
    mail_port: int = 25
    mail_tls: str = "none"
    mail_login: bool = False
    envelope: str | None = None
    reads_bounces: bool = False
    mail_keys: tuple[MailKey, ...] = ()
    addresses: tuple[str, ...] = ()
    sms_driver: str = "none"
    push_hosts: tuple[str, ...] = ()
    push_port: int = 443
    push_networks: tuple[str, ...] = ()
    hash_work: int = 2 * 19456
    network_failures: int = 300
    session_idle_minutes: int = 60
    log_level: str = "info"
    store: str = "sqlite"
    store_place: str = ""
